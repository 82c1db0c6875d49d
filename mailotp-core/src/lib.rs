//! The heart of mailotp: what a login asks, what the rules say, what a credential proves, and what
//! a store must remember of it.
//!
//! Nothing here links libpam, reads a clock, draws a random number or writes a log by itself: time
//! and randomness are handed in, events are handed out. [`authenticate`] is the one way in for a
//! login, [`admin`] the one for the command; both end in decisions that are pure functions of
//! [`account::Snapshot`], [`config::Config`] and the time.
#![forbid(unsafe_code)]

pub mod account;
pub mod admin;
pub mod audit;
pub mod authenticate;
pub mod budget;
pub mod clock;
pub mod config;
pub mod credential;
pub mod crypto;
pub mod decide;
pub mod files;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
pub mod helper;
pub mod id;
pub mod import;
#[cfg(feature = "postgres")]
pub mod location;
pub mod mark;
#[cfg(any(test, fuzzing))]
mod model;
pub mod prompt;
pub mod request;
pub mod rfc2289;
pub mod rule;
pub mod site;
pub mod store;
pub mod window;
