//! The words of `add`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{AppPassword, QrFormat, Scope, SheetFormat};

/// What to make.
#[derive(Clone, Debug, Subcommand)]
pub enum Add {
    /// A password for one device; shown once
    #[command(
        after_help = "Example: mailotp-cli --user alice add app-password phone --service imap --service submission"
    )]
    AppPassword(AppPassword),
    /// A list of numbered one-time codes
    #[command(
        after_help = "Example: mailotp-cli --user alice add sheet holiday --expires 14d --service mail"
    )]
    Sheet(Sheet),
    /// An authenticator that shows time-based codes
    #[command(after_help = "Example: mailotp-cli --user alice add totp phone")]
    Totp(Totp),
    /// A token that shows a new code at every press of its button
    #[command(after_help = "Example: mailotp-cli --user alice add hotp token --secret-file seed")]
    Hotp(Hotp),
    /// A sequence of RFC 2289 (OTP, S/KEY, OPIE), computed from a pass phrase
    #[command(after_help = "Example: mailotp-cli --user alice add sequence --from-response")]
    Sequence(Sequence),
    /// One-time user names, each of which stands for the account in one login
    #[command(after_help = "Example: mailotp-cli --user alice add alias --count 20")]
    Alias(Aliases),
}

/// A sheet, and how it is written.
#[derive(Clone, Debug, Args)]
pub struct Sheet {
    /// Your name for it
    pub label: Option<String>,
    /// How many codes
    #[arg(long, default_value_t = 50)]
    pub count: u32,
    /// How to write them
    #[arg(long, value_enum, default_value_t = SheetFormat::Text)]
    pub format: SheetFormat,
    /// Into a new file, instead of standard output
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub scope: Scope,
}

/// What authenticators and tokens have in common.
#[derive(Clone, Debug, Args)]
pub struct Oath {
    /// Your name for it
    pub label: Option<String>,
    /// The hash; many authenticators know sha1 only
    #[arg(long, value_enum, default_value_t = Algorithm::Sha1)]
    pub algorithm: Algorithm,
    /// 6 to 8
    #[arg(long)]
    pub digits: Option<u32>,
    /// How to draw the QR code
    #[arg(long, value_enum)]
    pub qr: Option<QrFormat>,
    /// Into a new file, instead of standard output
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Live at once, without a code that confirms it
    #[arg(long)]
    pub no_confirm: bool,
    /// A file with an existing seed in base32
    #[arg(long, value_name = "FILE")]
    pub secret_file: Option<PathBuf>,
}

/// An authenticator.
#[derive(Clone, Debug, Args)]
pub struct Totp {
    #[command(flatten)]
    pub oath: Oath,
    /// Seconds
    #[arg(long, default_value_t = 30)]
    pub period: u32,
}

/// A token.
#[derive(Clone, Debug, Args)]
pub struct Hotp {
    #[command(flatten)]
    pub oath: Oath,
    /// The counter of its next code
    #[arg(long, default_value_t = 0)]
    pub counter: u64,
}

/// A sequence.
#[derive(Clone, Debug, Args)]
pub struct Sequence {
    /// Your name for it
    pub label: Option<String>,
    /// The hash
    #[arg(long, value_enum, default_value_t = SequenceHash::Sha1)]
    pub hash: SequenceHash,
    /// The seed, 1 to 16 letters and digits [default: a new one]
    #[arg(long)]
    pub seed: Option<String>,
    /// The number that it counts down from
    #[arg(long, default_value_t = 500)]
    pub count: u32,
    /// Ask for the response to the first challenge, so that the pass phrase never comes here
    #[arg(long)]
    pub from_response: bool,
}

/// One-time user names.
#[derive(Clone, Debug, Args)]
pub struct Aliases {
    /// Your name for them
    pub label: Option<String>,
    /// How many
    #[arg(long, default_value_t = 10)]
    pub count: u32,
}

/// The hash of TOTP and HOTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "the names say it all")]
pub enum Algorithm {
    Sha1,
    Sha256,
    Sha512,
}

/// The hash of a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "the names say it all")]
pub enum SequenceHash {
    Sha1,
    Md5,
    Md4,
}
