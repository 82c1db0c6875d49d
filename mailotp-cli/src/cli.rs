//! The words of the command line, and nothing else.

mod add;
mod app_password;
mod backup;
mod import;
mod own;
mod replace;
mod setup;
mod store;
mod user;

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use mailotp_core::config::DEFAULT_PATH;

pub use add::{Add, Algorithm, Hotp, Oath, Sequence, SequenceHash, Totp};
pub use app_password::{AppPassword, MailServer, PasswordFormat};
pub use backup::{Backup, Key, Restore};
pub use import::{Import, ImportKind};
pub use own::{Grace, NewRule, Pin, Rule};
pub use replace::Replacement;
pub use setup::{Sasl, Server};
pub use store::{Move, Store};
pub use user::User;

/// App passwords and one-time codes for mail.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "mailotp-cli",
    version,
    override_usage = "mailotp-cli [OPTIONS] [COMMAND]"
)]
#[command(after_help = "Example: mailotp-cli --user alice --new add sheet")]
pub struct Cli {
    /// The configuration
    #[arg(long, global = true, value_name = "FILE", default_value = DEFAULT_PATH)]
    pub config: PathBuf,
    /// Whose account, for administrators
    #[arg(long, global = true, value_name = "NAME")]
    pub user: Option<String>,
    /// For managers: the address where the account's user sits, whose window is good here too
    #[arg(long, global = true, value_name = "ADDRESS", requires = "user")]
    pub at: Option<IpAddr>,
    /// With `add` and `import`: make the account, if it is not there
    #[arg(long, global = true)]
    pub new: bool,
    /// JSON, for programs
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Say where the account stands, and what to do next; the same without any command
    #[command(after_help = "Example: mailotp-cli")]
    Status,
    /// Make configuration, key ring and store, where they are missing
    #[command(after_help = "Example: mailotp-cli init")]
    Init,
    /// Print the files that put mailotp in front of a server
    #[command(after_help = "Example: mailotp-cli setup dovecot --apply")]
    Setup {
        #[command(subcommand)]
        server: Server,
    },
    /// Make an app password, a sheet of codes, an authenticator, a sequence, or one-time user names
    #[command(after_help = "Example: mailotp-cli --user alice add totp phone")]
    Add {
        #[command(subcommand)]
        kind: Option<Add>,
    },
    /// Make what was added live, or what a restore has suspended
    #[command(
        after_help = "Example: mailotp-cli --user alice confirm phone   (asks for the code that the phone shows)"
    )]
    Confirm {
        /// ID or label
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        name: Option<String>,
        /// Of a sheet or aliases that a restore has suspended: the lowest number that is not spent
        #[arg(long, value_name = "N", conflicts_with = "all")]
        next: Option<u32>,
        /// Everything that a restore has suspended and that needs no code; without --user, of everybody
        #[arg(long)]
        all: bool,
        /// With --all: of this kind only
        #[arg(long, requires = "all", value_parser = ["sheet", "sequence", "app-password", "alias"])]
        kind: Option<String>,
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
    /// Make a new one with the same label and scope; the old one goes when the new one is used
    #[command(
        after_help = "Example: mailotp-cli --user alice replace holiday --format pdf --output new.pdf"
    )]
    Replace {
        /// ID or label
        name: String,
        #[command(flatten)]
        with: Replacement,
    },
    /// Give a credential another label
    #[command(after_help = "Example: mailotp-cli --user alice rename phone old-phone")]
    Rename {
        /// ID or label
        name: String,
        /// The new label
        label: String,
    },
    /// A memorised prefix before every typed code
    #[command(after_help = "Example: mailotp-cli --user alice pin set")]
    Pin {
        #[command(subcommand)]
        action: Pin,
    },
    /// The time in which a spent code still opens the same door
    #[command(after_help = "Example: mailotp-cli --user alice grace list")]
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
    /// Try a login out, dry: nothing is spent, but a wrong answer is charged
    #[command(
        after_help = "Example: mailotp-cli --user alice verify --service imap --from 192.0.2.1"
    )]
    Verify {
        /// The service, as imap
        #[arg(long)]
        service: String,
        /// An address, `local` or `unknown`
        #[arg(long)]
        from: String,
    },
    /// Let somebody in or not, for programs without PAM; exits 0 if a code or an app password was right
    #[command(
        after_help = "Example: mailotp-cli --user alice check --service imap --from 192.0.2.1 <secret"
    )]
    Check {
        /// The service, as imap
        #[arg(long)]
        service: String,
        /// An address, `local` or `unknown`
        #[arg(long)]
        from: String,
    },
    /// Print what completes this command at a shell
    #[command(
        after_help = "Example: mailotp-cli completions bash >/etc/bash_completion.d/mailotp-cli"
    )]
    Completions {
        /// bash, zsh or fish
        shell: clap_complete::Shell,
    },
    /// Write a manual page for each command into a folder
    #[command(after_help = "Example: mailotp-cli man /usr/local/share/man/man8")]
    Man {
        /// The folder; it must be there
        folder: PathBuf,
    },
    /// Serve users who may not open the store
    #[command(after_help = "Example: mailotp-cli helper")]
    Helper {
        /// The socket; instead of the one of the configuration, or of systemd
        #[arg(long, value_name = "PATH")]
        listen: Option<PathBuf>,
    },
    /// The account's own rules: they narrow what the administrator's give
    #[command(
        after_help = "Example: mailotp-cli --user alice rule add --service webmail --accept otp"
    )]
    Rule {
        #[command(subcommand)]
        action: Rule,
    },
    /// List, lock and unlock accounts; give guesses back
    #[command(after_help = "Example: mailotp-cli user show alice")]
    User {
        #[command(subcommand)]
        action: User,
    },
    /// Take over what other programs have kept
    #[command(
        after_help = "Example: mailotp-cli --user alice --new import google-authenticator ~alice/.google_authenticator --dry-run"
    )]
    Import(Import),
    /// Write configuration, key ring and store into one sealed file
    #[command(after_help = "Example: mailotp-cli backup /media/usb/mailotp.backup")]
    Backup(Backup),
    /// Put a backup back; what it lets in waits until somebody has looked
    #[command(after_help = "Example: mailotp-cli restore /media/usb/mailotp.backup")]
    Restore(Restore),
    /// The keys that seal what is in the store
    #[command(after_help = "Example: mailotp-cli key add")]
    Key {
        #[command(subcommand)]
        action: Key,
    },
    /// Look after the store
    #[command(after_help = "Example: mailotp-cli store migrate")]
    Store {
        #[command(subcommand)]
        action: Store,
    },
    /// Forget what is old, and tell the hooks what owners should hear; for a timer
    #[command(after_help = "Example: mailotp-cli maintain")]
    Maintain,
    /// Say that the clock is right
    #[command(after_help = "Example: mailotp-cli clock accept")]
    Clock {
        #[command(subcommand)]
        action: Clock,
    },
    /// Look at PAM, servers, files and store, and name each trap with its remedy
    #[command(after_help = "Example: mailotp-cli doctor")]
    Doctor,
    /// Show what happened
    #[command(after_help = "Example: mailotp-cli log --since 1d")]
    Log(Log),
}

/// Where a credential may be used.
#[derive(Clone, Debug, Default, Args)]
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

/// The clock.
#[derive(Clone, Debug, Subcommand)]
pub enum Clock {
    /// It was ahead once, and is right now: windows and TOTP are trusted to it again
    #[command(after_help = "Example: mailotp-cli clock accept")]
    Accept,
}

/// What of the log.
#[derive(Clone, Debug, Args)]
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

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn without_an_example(command: &clap::Command, path: &str, found: &mut Vec<String>) {
        let path = format!("{path} {}", command.get_name());
        let help = command.get_after_help().map(ToString::to_string);
        if !help.is_some_and(|help| help.starts_with("Example: mailotp-cli")) {
            found.push(path.clone());
        }
        for inner in command.get_subcommands() {
            without_an_example(inner, &path, found);
        }
    }

    #[test]
    fn every_command_teaches_with_an_example() {
        let mut found = Vec::new();
        without_an_example(&Cli::command(), "", &mut found);
        assert!(found.is_empty(), "{found:?}");
    }
}
