//! `pin`, `grace` and `rule`: what an account decides for itself.

use clap::{Args, Subcommand};

/// An account's own rules.
#[derive(Clone, Debug, Subcommand)]
pub enum Rule {
    /// Those that it has; the first that matches counts
    #[command(after_help = "Example: mailotp-cli --user alice rule list")]
    List,
    /// One more, behind the others
    #[command(
        after_help = "Example: mailotp-cli --user alice rule add --service webmail --accept otp"
    )]
    Add(NewRule),
    /// Without these
    #[command(after_help = "Example: mailotp-cli --user alice rule remove k7d2m9qx")]
    Remove {
        /// IDs, as `rule list` has them
        #[arg(required = true)]
        ids: Vec<String>,
    },
}

/// A rule.
#[derive(Clone, Debug, Args)]
pub struct NewRule {
    /// For this service or group only (may be repeated)
    #[arg(long, value_name = "SERVICE")]
    pub service: Vec<String>,
    /// From this network, `local` or `unknown` only (may be repeated)
    #[arg(long, value_name = "NETWORK")]
    pub from: Vec<String>,
    /// What it accepts: password, app-password, otp, password+otp (may be repeated)
    #[arg(long, value_name = "KIND", required_unless_present = "deny")]
    pub accept: Vec<String>,
    /// Accept nothing
    #[arg(long, conflicts_with = "accept")]
    pub deny: bool,
}

/// PINs.
#[derive(Clone, Debug, Subcommand)]
pub enum Pin {
    /// Choose one; it is asked for
    #[command(after_help = "Example: mailotp-cli --user alice pin set")]
    Set {
        /// For everybody who has none of their own
        #[arg(long)]
        site: bool,
    },
    /// Do without one
    #[command(after_help = "Example: mailotp-cli --user alice pin clear")]
    Clear {
        /// The one for everybody who has none of their own
        #[arg(long)]
        site: bool,
    },
}

/// Windows.
#[derive(Clone, Debug, Subcommand)]
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
