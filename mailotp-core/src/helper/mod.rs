//! The helper: how a process that may not open the store reaches one that may.
//!
//! A connection is a dialogue of frames ([`wire`]). The first one says what it is about: [`Hello`]. To
//! judge a login takes one question and one answer ([`judge`]); to run a command, as many as the command
//! has to ask and to print.

pub mod client;
pub mod judge;
pub mod wire;

use serde::{Deserialize, Serialize};

/// What a client wants. `R` says how a command is run; the module has no use for it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Hello<R> {
    /// Run a command.
    Run(R),
    /// Judge a login.
    Judge(judge::Question),
}
