//! The words of `import`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// What to take over.
#[derive(Clone, Debug, Args)]
pub struct Import {
    /// Which program has written it
    #[arg(value_enum, value_name = "KIND")]
    pub kind: ImportKind,
    /// What it has written
    pub file: PathBuf,
    /// Say what would be made, and what cannot be; change nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// A program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ImportKind {
    /// ~/.google_authenticator of libpam-google-authenticator
    GoogleAuthenticator,
    /// The users file of pam_oath
    Oath,
    /// ~/.otpw of OTPW: says what to do instead
    Otpw,
    /// /etc/opiekeys of OPIE, /etc/skeykeys of S/KEY
    Opie,
    /// otpauth and otpauth-migration URIs, one a line; exports of Aegis and FreeOTP+
    Otpauth,
    /// A dump of PostfixAdmin's tables
    Postfixadmin,
}
