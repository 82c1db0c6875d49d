//! The words of `add app-password`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{QrFormat, Scope};

/// An app password, and how it gets into its device.
#[derive(Clone, Debug, Args)]
pub struct AppPassword {
    /// Your name for it
    pub label: Option<String>,
    /// How to write it
    #[arg(long, value_enum, default_value_t = PasswordFormat::Text)]
    pub format: PasswordFormat,
    /// Draw a QR code that sets Thunderbird up on a phone
    #[arg(long, value_enum)]
    pub qr: Option<QrFormat>,
    /// Into a new file, instead of standard output
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// For the first service that uses it, and no other
    #[arg(long)]
    pub pinned: bool,
    #[command(flatten)]
    pub server: MailServer,
    #[command(flatten)]
    pub scope: Scope,
}

impl AppPassword {
    /// One that is typed, with no other wish.
    pub fn plain() -> AppPassword {
        AppPassword {
            label: None,
            format: PasswordFormat::Text,
            qr: None,
            output: None,
            pinned: false,
            server: MailServer::default(),
            scope: Scope::default(),
        }
    }
}

/// What a device has to know of the mail server.
#[derive(Clone, Debug, Default, Args)]
pub struct MailServer {
    /// The mail server, for --qr and mobileconfig [default: the issuer, or this machine]
    #[arg(long, value_name = "HOST")]
    pub server: Option<String>,
    /// The mail address [default: the account, with the domain of [users]]
    #[arg(long, value_name = "MAIL")]
    pub address: Option<String>,
    /// The port of IMAP; 143 with STARTTLS [default: 993]
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub imap_port: Option<u16>,
    /// The port of submission; 587 with STARTTLS [default: 465]
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub submission_port: Option<u16>,
}

impl MailServer {
    /// Whether anything was said of it.
    pub fn is_named(&self) -> bool {
        self.server.is_some()
            || self.address.is_some()
            || self.imap_port.is_some()
            || self.submission_port.is_some()
    }
}

/// How to write an app password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PasswordFormat {
    /// For people
    Text,
    /// For Apple's devices: a configuration profile with the whole mail account
    Mobileconfig,
}
