//! What mailotp promises, kept by a real Dovecot: the steps of the demonstration, and more.

mod challenge;
mod demonstration;
mod observe;
mod sandbox;
mod secrecy;
mod setup;
mod steps;
mod windows;
