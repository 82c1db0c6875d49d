//! The words of `store`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// The store.
#[derive(Clone, Debug, Subcommand)]
pub enum Store {
    /// Read all of the store, and open every secret in it; changes nothing
    #[command(after_help = "Example: mailotp-cli store check")]
    Check,
    /// Bring a store of an earlier version to this one
    #[command(after_help = "Example: mailotp-cli store migrate")]
    Migrate,
    /// Move the store to another place: from a file to PostgreSQL, or back
    ///
    /// Nobody is let in while it runs, at either end. What was cut off goes on where it was with the same command; with
    /// --cancel the store stays where it is. At its end the configuration names the new place.
    #[command(
        after_help = "Example: mailotp-cli store move --to 'postgresql://mailotp@/mailotp?host=/var/run/postgresql'"
    )]
    Move(Move),
    /// The mail hosts that use a store that several machines share
    #[command(after_help = "Example: mailotp-cli store hosts --forget mail2")]
    Hosts {
        /// Do not wait any more for the word of this host, which is gone for good
        #[arg(long, value_name = "NAME|ID")]
        forget: Option<String>,
    },
}

/// Where to.
#[derive(Clone, Debug, Args)]
pub struct Move {
    /// As store.url names it
    #[arg(long, value_name = "URL")]
    pub to: String,
    /// For store.password_file: the password of the URL's role
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// For store.owner: the role that owns the tables
    #[arg(long, value_name = "ROLE")]
    pub owner: Option<String>,
    /// For store.owner_password_file: its password
    #[arg(long, value_name = "FILE")]
    pub owner_password_file: Option<PathBuf>,
    /// For store.ca_file: who has signed the certificates of the servers
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    /// For store.accept_loss: it was weighed that a server that takes over may lack what was spent last
    #[arg(long)]
    pub accept_loss: bool,
    /// Let people in at the old place again
    #[arg(long)]
    pub cancel: bool,
}
