//! What is shipped beside the programs: each file read by the program that it is for.

#![forbid(unsafe_code)]

mod apparmor;
mod fail2ban;
mod inventory;
mod packages;
mod roundcube;
mod selinux;
