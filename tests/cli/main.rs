//! The command, as people and programs use it.

#![forbid(unsafe_code)]

mod add;
mod alias;
mod backup;
mod challenge;
mod compute;
mod doctor;
mod explain;
mod files;
mod grace;
mod helper;
mod hooks;
mod import;
mod init;
mod keys;
mod log;
mod maintain;
mod oath;
mod output;
mod packages;
mod phones;
mod pin;
mod postgres;
mod profile;
mod qr;
mod replace;
mod restore;
mod revoke;
mod sequence;
mod setup;
mod sheet;
mod show;
mod status;
mod store;
mod usage;
mod user;

/// Where the account's owner sits.
const HOME: &str = "192.0.2.7";
