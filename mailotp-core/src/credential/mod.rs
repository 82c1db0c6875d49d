//! What a credential of each kind does with a code. One file a kind; each is pure: the secret part
//! comes in opened, the expensive hash computed.

pub mod alias;
pub mod app_password;
pub mod hotp;
pub mod oath;
pub mod pin;
pub mod sequence;
pub mod sheet;
pub mod totp;

use crate::account::{Account, Credential, Kind, Use};
use crate::clock::Timestamp;
use crate::crypto::CodeHash;
use crate::request::AppPassword;
pub use crate::rfc2289::Response;

/// A code that was typed, made ready to be compared.
pub enum Code<'a> {
    /// The hash of a sheet code.
    Sheet(&'a CodeHash),
    /// A digit code.
    Digits(&'a str),
    /// An RFC 2289 response.
    Response(&'a Response),
    /// The same in six words of another dictionary.
    Words(&'a [&'a str; 6]),
    /// An app password.
    AppPassword(&'a AppPassword),
}

/// What a credential is judged by, beside itself.
pub struct Circumstances<'a> {
    /// Whose it is.
    pub account: &'a Account,
    /// When.
    pub now: Timestamp,
    /// `[otp]` of the configuration.
    pub otp: &'a OtpSettings,
}

/// `[otp]` as far as codes are judged by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OtpSettings {
    /// Which codes of a sheet are good.
    pub sheet_accept: sheet::Accept,
    /// TOTP steps each way.
    pub window: u32,
    /// HOTP counters ahead of the next one.
    pub look_ahead: u32,
}

/// What a credential says of a code.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub enum Match {
    /// Not mine.
    No,
    /// Mine, and used before.
    Spent,
    /// Mine, and too far ahead: with the code of this counter it would be good.
    Ahead(u64),
    /// Mine, if this can be used up.
    Right {
        /// What is used up.
        what: Use,
        /// The response that becomes the last accepted one; `None`: the secret part stays.
        renewed: Option<Response>,
    },
}

impl Match {
    fn right(what: Use) -> Match {
        Match::Right {
            what,
            renewed: None,
        }
    }
}

/// The secret part does not hold what its kind needs: the store was tampered with, or this is a bug.
#[derive(Debug, thiserror::Error)]
#[error("the secret part of a {0} cannot be read")]
pub struct Malformed(pub &'static str);

/// The one thing that every kind must be able to do.
pub trait Judge {
    /// Judges `code` by the opened secret part of `credential`.
    fn judge(
        &self,
        code: &Code<'_>,
        credential: &Credential,
        opened: &[u8],
        circumstances: &Circumstances<'_>,
    ) -> Result<Match, Malformed>;
}

/// The judge of a kind; aliases are no codes.
pub fn judge_of(kind: &Kind) -> Option<&'static dyn Judge> {
    match kind {
        Kind::Sheet { .. } => Some(&sheet::Sheet),
        Kind::Sequence { .. } => Some(&sequence::Sequence),
        Kind::Totp { .. } => Some(&totp::Totp),
        Kind::Hotp { .. } => Some(&hotp::Hotp),
        Kind::AppPassword { .. } => Some(&app_password::AppPasswords),
        Kind::Alias { .. } => None,
    }
}
