//! What mailotp promises, kept by real servers: the steps of the demonstration with Dovecot, and more.

mod challenge;
mod demonstration;
mod doctor;
mod doctor_postfix;
mod doctor_stacks;
mod enrol;
mod helper;
mod kinds;
mod observe;
mod postfix;
mod postgres;
mod recipes;
mod sandbox;
mod saslauthd;
mod secrecy;
mod setup;
mod ssh;
mod ssh_keys;
mod steps;
mod sudo;
mod system_sqlite;
mod trouble;
mod windows;
