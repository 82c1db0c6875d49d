//! `setup`: servers.

use clap::{Subcommand, ValueEnum};

/// A server.
#[derive(Clone, Debug, Subcommand)]
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
    /// Postfix, whose logins Dovecot or saslauthd judges
    #[command(after_help = "Example: mailotp-cli setup postfix --sasl dovecot")]
    Postfix {
        /// Write the files instead of printing them; main.cf is never written
        #[arg(long)]
        apply: bool,
        /// The mail users are no system users: there is no main password behind PAM
        #[arg(long)]
        virtual_users: bool,
        /// Whom it asks; Dovecot, unless saslauthd alone is on this machine
        #[arg(long, value_name = "SERVER")]
        sasl: Option<Sasl>,
    },
    /// The sshd of OpenSSH, with codes by keyboard-interactive
    #[command(after_help = "Example: mailotp-cli setup sshd")]
    Sshd {
        /// Write the files instead of printing them
        #[arg(long)]
        apply: bool,
    },
}

/// Who judges the logins to Postfix, which asks no PAM itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Sasl {
    /// Is told the client's address
    Dovecot,
    /// Is told none
    Saslauthd,
}
