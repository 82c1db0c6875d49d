//! The words of `backup`, `restore` and `key`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What of a backup.
#[derive(Clone, Debug, Args)]
pub struct Backup {
    /// A new file; `-`: standard output
    pub file: PathBuf,
    /// Seal it for this public key of age, or those in this file, and not with a pass phrase (may be repeated)
    #[arg(long, value_name = "KEY|FILE")]
    pub recipient: Vec<String>,
    /// Read the pass phrase from the first line of this file
    #[arg(long, value_name = "FILE", conflicts_with = "recipient")]
    pub secret_file: Option<PathBuf>,
    /// Leave the key ring out: what is left opens beside it alone
    #[arg(long)]
    pub without_key: bool,
}

/// How to restore.
#[derive(Clone, Debug, Args)]
pub struct Restore {
    /// What `backup` has made; `-`: standard input
    pub file: PathBuf,
    /// Open it with the secret key of age in this file
    #[arg(long, value_name = "FILE")]
    pub identity: Option<PathBuf>,
    /// Read the pass phrase from the first line of this file
    #[arg(long, value_name = "FILE", conflicts_with = "identity")]
    pub secret_file: Option<PathBuf>,
    /// Move a store and a key ring aside that are there
    #[arg(long)]
    pub force: bool,
}

/// The keys of the ring.
#[derive(Clone, Debug, Subcommand)]
pub enum Key {
    /// The keys, what each is for, and how many secrets are sealed with it
    #[command(after_help = "Example: mailotp-cli key list")]
    List,
    /// Add a new one; nothing is sealed with it before it is used
    #[command(after_help = "Example: mailotp-cli key add   (then copy the key file to every host)")]
    Add,
    /// Seal with another one from now on, and seal the store again with it; ends all windows
    #[command(after_help = "Example: mailotp-cli key use   (once every host has the new key)")]
    Use {
        /// Which; the new one, if not said
        id: Option<String>,
    },
    /// Take one away with which nothing is sealed any more
    #[command(after_help = "Example: mailotp-cli key retire")]
    Retire {
        /// Which; the old one, if not said and there is one alone
        id: Option<String>,
    },
}
