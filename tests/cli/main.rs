//! The command, as people and programs use it.

#![forbid(unsafe_code)]

mod add;
mod challenge;
mod compute;
mod explain;
mod files;
mod grace;
mod helper;
mod hooks;
mod init;
mod log;
mod maintain;
mod output;
mod phones;
mod profile;
mod qr;
mod revoke;
mod setup;
mod sheet;
mod show;
mod usage;
mod user;

/// Where the account's owner sits.
const HOME: &str = "192.0.2.7";
