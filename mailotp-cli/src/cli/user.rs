//! `user`: accounts, as administrators see them.

use clap::Subcommand;

/// Accounts.
#[derive(Clone, Debug, Subcommand)]
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
    #[command(
        after_help = "Example: mailotp-cli user lock alice --at 2027-01-31   (when her contract ends)"
    )]
    Lock {
        /// Which
        name: String,
        /// Not now, but from then on: 14d, 2027-01-31, 2027-01-31T12:00:00Z
        #[arg(long, value_name = "WHEN")]
        at: Option<String>,
    },
    /// Let somebody in again
    #[command(after_help = "Example: mailotp-cli user unlock alice")]
    Unlock {
        /// Which
        name: String,
    },
    /// Give an account another name; what it has and its log go with it
    #[command(after_help = "Example: mailotp-cli user rename alice alice.miller")]
    Rename {
        /// Which
        name: String,
        /// The new name
        new_name: String,
    },
    /// Take an account away, with all that it has and with its log
    #[command(after_help = "Example: mailotp-cli user remove alice")]
    Remove {
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
