//! `helper`: runs commands for users who may not open the store, and judges logins for processes that may
//! not. It is the same command as at root's shell; only its terminal is at the other end of a socket.

mod client;
mod judge;
mod listen;
mod permit;
mod proof;
mod remote;
mod serve;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

pub use client::run as ask;
pub use listen::run;
pub use permit::{Caller, Permit};

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

/// Bytes that may be a secret, in hexadecimal digits: not everything is UTF-8.
pub struct Bytes(pub Zeroizing<Vec<u8>>);

impl std::fmt::Debug for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

impl Bytes {
    /// A copy that wipes itself.
    pub fn copy(bytes: &[u8]) -> Bytes {
        Bytes(Zeroizing::new(bytes.to_vec()))
    }
}

impl Serialize for Bytes {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = Zeroizing::new(String::with_capacity(self.0.len() * 2));
        for byte in self.0.iter() {
            text.push(char::from(DIGITS[usize::from(byte >> 4)]));
            text.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
        to.serialize_str(&text)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Bytes, D::Error> {
        let text = Zeroizing::new(String::deserialize(from)?);
        let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        let bytes: Option<Vec<u8>> = pairs
            .iter()
            .map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?))
            .collect();
        bytes
            .filter(|_| rest.is_empty())
            .map(|bytes| Bytes(Zeroizing::new(bytes)))
            .ok_or_else(|| serde::de::Error::custom("no hexadecimal digits"))
    }
}
