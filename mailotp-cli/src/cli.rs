//! The words of the command line, and nothing else.

mod app_password;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use mailotp_core::config::DEFAULT_PATH;

pub use app_password::{AppPassword, MailServer, PasswordFormat};

/// App passwords and one-time codes for mail.
#[derive(Debug, Parser)]
#[command(
    name = "mailotp-cli",
    version,
    arg_required_else_help = true,
    infer_subcommands = false
)]
#[command(after_help = "Example: mailotp-cli --user alice --new add sheet")]
pub struct Cli {
    /// The configuration
    #[arg(long, global = true, value_name = "FILE", default_value = DEFAULT_PATH)]
    pub config: PathBuf,
    /// Whose account, for administrators
    #[arg(long, global = true, value_name = "NAME")]
    pub user: Option<String>,
    /// With `add`: make the account, if it is not there
    #[arg(long, global = true)]
    pub new: bool,
    /// JSON, for programs
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make configuration, key ring and store, where they are missing
    #[command(after_help = "Example: mailotp-cli init")]
    Init,
    /// Print the files that put mailotp in front of a server
    #[command(after_help = "Example: mailotp-cli setup dovecot --apply")]
    Setup {
        #[command(subcommand)]
        server: Server,
    },
    /// Make an app password, a sheet of codes, or an authenticator
    Add {
        #[command(subcommand)]
        kind: Add,
    },
    /// Make what was added live
    #[command(
        after_help = "Example: mailotp-cli --user alice confirm phone   (asks for the code that the phone shows)"
    )]
    Confirm {
        /// ID or label
        name: String,
    },
    /// List credentials, guesses left, and whether the account is locked
    #[command(after_help = "Example: mailotp-cli --user alice show")]
    Show,
    /// Say which code is due now
    #[command(after_help = "Example: mailotp-cli --user alice challenge")]
    Challenge,
    /// Compute the response to a challenge of RFC 2289 (OTP, S/KEY, OPIE) from its pass phrase
    #[command(after_help = "Example: mailotp-cli compute 'otp-sha1 97 ma1234'")]
    Compute {
        /// What the server asks for, in quotes
        challenge: String,
        /// Begin a new sequence with this one; the new pass phrase stays here
        #[arg(long, value_name = "NEW_CHALLENGE")]
        init: Option<String>,
    },
    /// Take credentials away for good
    #[command(after_help = "Example: mailotp-cli --user alice revoke phone")]
    Revoke {
        /// IDs or labels
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        names: Vec<String>,
        /// Everything that the account has
        #[arg(long)]
        all: bool,
    },
    /// Give a credential another label
    #[command(after_help = "Example: mailotp-cli --user alice rename phone old-phone")]
    Rename {
        /// ID or label
        name: String,
        /// The new label
        label: String,
    },
    /// The time in which a spent code still opens the same door
    Grace {
        #[command(subcommand)]
        action: Grace,
    },
    /// Say which rule decides, what it accepts, and what the account could use
    #[command(
        after_help = "Example: mailotp-cli --user alice explain --service imap --from 192.0.2.1"
    )]
    Explain {
        /// The service, as imap
        #[arg(long)]
        service: String,
        /// An address, `local` or `unknown`
        #[arg(long)]
        from: String,
    },
    /// List, lock and unlock accounts; give guesses back
    User {
        #[command(subcommand)]
        action: User,
    },
    /// Say that the clock is right
    Clock {
        #[command(subcommand)]
        action: Clock,
    },
    /// Show what happened
    #[command(after_help = "Example: mailotp-cli log --since 1d")]
    Log(Log),
}

/// A server.
#[derive(Debug, Subcommand)]
pub enum Server {
    /// Dovecot 2.3
    #[command(after_help = "Example: mailotp-cli setup dovecot")]
    Dovecot {
        /// Write the files instead of printing them
        #[arg(long)]
        apply: bool,
        /// The mail users are no system users: there is no main password behind PAM
        #[arg(long)]
        virtual_users: bool,
    },
    /// saslauthd, which judges for Postfix and Cyrus
    #[command(
        after_help = "Example: mailotp-cli setup saslauthd --service smtp   (where only Postfix asks it)"
    )]
    Saslauthd {
        /// Write the files instead of printing them
        #[arg(long)]
        apply: bool,
        /// The mail users are no system users: there is no main password behind PAM
        #[arg(long)]
        virtual_users: bool,
        /// A service that it is asked about; instead of smtp, imap, pop and sieve
        #[arg(long = "service", value_name = "SERVICE")]
        services: Vec<String>,
    },
    /// The sshd of OpenSSH, with codes by keyboard-interactive
    #[command(after_help = "Example: mailotp-cli setup sshd")]
    Sshd {
        /// Write the files instead of printing them
        #[arg(long)]
        apply: bool,
    },
}

/// What to make.
#[derive(Debug, Subcommand)]
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
    Sheet {
        /// Your name for it
        label: Option<String>,
        /// How many codes
        #[arg(long, default_value_t = 50)]
        count: u32,
        /// How to write them
        #[arg(long, value_enum, default_value_t = SheetFormat::Text)]
        format: SheetFormat,
        /// Into a new file, instead of standard output
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
        #[command(flatten)]
        scope: Scope,
    },
    /// An authenticator that shows time-based codes
    #[command(after_help = "Example: mailotp-cli --user alice add totp phone")]
    Totp {
        /// Your name for it
        label: Option<String>,
        /// The hash; many authenticators know sha1 only
        #[arg(long, value_enum, default_value_t = Algorithm::Sha1)]
        algorithm: Algorithm,
        /// 6 to 8
        #[arg(long)]
        digits: Option<u32>,
        /// Seconds
        #[arg(long, default_value_t = 30)]
        period: u32,
        /// How to draw the QR code
        #[arg(long, value_enum)]
        qr: Option<QrFormat>,
        /// Into a new file, instead of standard output
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Live at once, without a code that confirms it
        #[arg(long)]
        no_confirm: bool,
        /// A file with an existing seed in base32
        #[arg(long, value_name = "FILE")]
        secret_file: Option<PathBuf>,
    },
}

/// Where a credential may be used.
#[derive(Debug, Args)]
pub struct Scope {
    /// For this service or group only (may be repeated)
    #[arg(long, value_name = "SERVICE")]
    pub service: Vec<String>,
    /// From this network only (may be repeated)
    #[arg(long, value_name = "NETWORK")]
    pub from: Vec<String>,
    /// Until then: 14d, 2027-01-31, 2027-01-31T12:00:00Z
    #[arg(long, value_name = "WHEN")]
    pub expires: Option<String>,
    /// For so many logins
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_logins: Option<u32>,
}

/// How to write a sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SheetFormat {
    /// For people
    Text,
    /// For programs: number,code
    Csv,
    /// For browsers: cards to print, cut out and fold
    Html,
    /// The same, for printers
    Pdf,
    /// The same, as a drawing
    Svg,
}

/// How to draw a QR code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum QrFormat {
    /// With block characters
    Terminal,
    /// As a picture of pixels
    Png,
    /// As a picture of lines
    Svg,
}

/// The hash of TOTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "the names say it all")]
pub enum Algorithm {
    Sha1,
    Sha256,
    Sha512,
}

/// Windows.
#[derive(Debug, Subcommand)]
pub enum Grace {
    /// The open ones
    #[command(after_help = "Example: mailotp-cli --user alice grace list")]
    List,
    /// Close some, or all
    #[command(after_help = "Example: mailotp-cli --user alice grace end")]
    End {
        /// Which; without any: all
        ids: Vec<String>,
    },
}

/// Accounts.
#[derive(Debug, Subcommand)]
pub enum User {
    /// All of them
    #[command(after_help = "Example: mailotp-cli user list")]
    List,
    /// What one has
    #[command(after_help = "Example: mailotp-cli user show alice")]
    Show {
        /// Which
        name: String,
    },
    /// Let nobody in, by whatever means
    #[command(after_help = "Example: mailotp-cli user lock alice")]
    Lock {
        /// Which
        name: String,
    },
    /// Let somebody in again
    #[command(after_help = "Example: mailotp-cli user unlock alice")]
    Unlock {
        /// Which
        name: String,
    },
    /// Give back the guesses that wrong codes have cost
    #[command(after_help = "Example: mailotp-cli user forgive alice")]
    Forgive {
        /// Which
        name: String,
    },
}

/// The clock.
#[derive(Debug, Subcommand)]
pub enum Clock {
    /// It was ahead once, and is right now: windows and TOTP are trusted to it again
    #[command(after_help = "Example: mailotp-cli clock accept")]
    Accept,
}

/// What of the log.
#[derive(Debug, Args)]
pub struct Log {
    /// Not older than this: 1d, 2027-01-31, 2027-01-31T12:00:00Z
    #[arg(long, value_name = "WHEN")]
    pub since: Option<String>,
    /// The newest so many
    #[arg(long, value_name = "N")]
    pub limit: Option<u32>,
    /// Go on with what happens next
    #[arg(long)]
    pub follow: bool,
    /// Of this service only
    #[arg(long, value_name = "SERVICE")]
    pub service: Option<String>,
    /// Only what observe mode let pass, counted by account
    #[arg(long)]
    pub would_refuse: bool,
}
