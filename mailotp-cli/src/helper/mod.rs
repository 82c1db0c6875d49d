//! `helper`: runs commands for users who may not open the store, and judges logins for processes that may
//! not. It is the same command as at root's shell; only its terminal is at the other end of a socket.

mod client;
mod guests;
mod judge;
mod keeper;
mod listen;
mod permit;
mod proof;
mod remote;
mod serve;

use mailotp_core::helper::wire::Bytes;
use serde::{Deserialize, Serialize};

pub use client::run as ask;
pub use listen::run;
pub use permit::{Caller, Permit, at_is_for_managers};

/// A command to be run, and where its user sits.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// The arguments, without the name of the program.
    pub arguments: Vec<String>,
    /// Whether the user can be asked.
    pub can_ask: bool,
    /// Whether the user reads what is printed.
    pub is_read: bool,
    /// Whether the user wants colours.
    pub is_coloured: bool,
    /// The user's time zone (IANA).
    pub zone: Option<String>,
}

/// What the helper says while a command runs.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ToUser {
    /// Ask for this, without echo.
    Ask(String),
    /// Ask for this, and show what is typed.
    Line(String),
    /// Print this.
    Print(Bytes),
    /// Say this beside the result. Wants no answer.
    Note(String),
    /// Write a new file.
    Write(String, Bytes),
    /// Read a file.
    Read(String),
    /// The command has ended.
    End(End),
}

/// What the user's side answers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum FromUser {
    /// Done.
    Done,
    /// What was typed.
    Typed(Bytes),
    /// What is in the file.
    Content(Bytes),
    /// It could not be done.
    Failed(String),
}

/// How a command ended: as [`crate::error::CliError`] has it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// The exit code.
    pub exit: u8,
    /// One sentence; empty where the result says it, or all went well.
    pub message: String,
    /// The next step.
    pub remedy: String,
}
