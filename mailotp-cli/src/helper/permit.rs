//! Who may do what through the helper.
//!
//! | who | what |
//! |---|---|
//! | root, and whoever owns the site's files | everything |
//! | every user | what concerns their own account alone, and changes nothing of its being locked |
//! | an operator | for any account: `show`, `revoke`, `forgive`, `confirm`, a sheet that expires soon |
//! | a trusted program | for any account: `check` |
//! | a manager | for an account, with that account's secret: what its user may do |

use mailotp_core::clock::Timestamp;
use mailotp_core::config::Config;
use mailotp_core::request::AccountName;
use nix::unistd::{Uid, User};

use crate::cli::{self, Add, Cli, Command, Pin};
use crate::error::{CliError, NOT_PERMITTED};
use crate::time::{self, Day};

/// The longest life of a sheet that an operator makes, in seconds.
const SHEET_OF_AN_OPERATOR: i64 = 7 * 86_400;

/// Who is at the other end.
pub struct Caller {
    /// The user's name.
    pub name: String,
    /// Root, or the owner of the site's files.
    pub is_administrator: bool,
}

/// As whom a command may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permit {
    /// As an administrator.
    Everything,
    /// As the account's own user. Where it widens what the account can do, a code is asked for.
    Own,
    /// As a helper of others.
    Operator,
    /// As a program that asks for a login to be judged.
    Check,
    /// As the account's user, once the account's secret is given.
    Manager,
}

impl Caller {
    /// The user of this number.
    pub fn of(uid: Uid) -> Caller {
        let name = User::from_uid(uid).ok().flatten().map(|user| user.name);
        Caller {
            name: name.unwrap_or_else(|| format!("uid {uid}")),
            is_administrator: uid.is_root() || uid == nix::unistd::geteuid(),
        }
    }

    /// The account of the same name.
    pub fn account(&self, config: &Config) -> Option<AccountName> {
        config.naming.account(self.name.as_bytes()).ok()
    }

    /// As what `cli` may run, for the account that it names.
    pub fn permit(&self, cli: &Cli, config: &Config, now: Timestamp) -> Result<Permit, CliError> {
        if self.is_administrator {
            return Ok(Permit::Everything);
        }
        let own = self.account(config);
        let named = match &cli.user {
            None => own.clone(),
            Some(user) => config.naming.account(user.as_bytes()).ok(),
        };
        if matches!(cli.command, Command::Check { .. })
            && config.helper.trusted.contains(&self.name)
        {
            return Ok(Permit::Check);
        }
        if is_for_users(&cli.command) && named.is_some() {
            if named == own {
                return Ok(Permit::Own);
            }
            if config.helper.managers.contains(&self.name) {
                return Ok(Permit::Manager);
            }
        }
        let is_operator = own.is_some_and(|own| config.helper.operators.hold(&own));
        if is_operator && is_for_operators(cli, now) {
            return Ok(Permit::Operator);
        }
        Err(CliError::new(
            NOT_PERMITTED,
            match &cli.user {
                Some(user) => format!(
                    "{} may not do this for \"{}\"",
                    self.name,
                    user.escape_debug()
                ),
                None => format!("{} may not do this", self.name),
            },
            "Ask an administrator, or run the command as root.",
        ))
    }
}

/// What a user may do for themselves.
fn is_for_users(command: &Command) -> bool {
    match command {
        Command::Add { .. }
        | Command::Confirm { .. }
        | Command::Show
        | Command::Status
        | Command::Challenge
        | Command::Revoke { .. }
        | Command::Rename { .. }
        | Command::Replace { .. }
        | Command::Grace { .. }
        | Command::Rule { .. }
        | Command::Explain { .. }
        | Command::Verify { .. }
        | Command::Log(_) => true,
        Command::Pin { action } => match action {
            Pin::Set { site } | Pin::Clear { site } => !site,
        },
        _ => false,
    }
}

/// Whether it gives the account more than it has: for that, one of its codes is asked for.
pub fn widens(command: &Command) -> bool {
    match command {
        Command::Add { .. } | Command::Replace { .. } | Command::Pin { .. } => true,
        Command::Rule { action } => !matches!(action, cli::Rule::List),
        _ => false,
    }
}

fn is_for_operators(cli: &Cli, now: Timestamp) -> bool {
    match &cli.command {
        // To confirm lets go on what a restore has suspended; for anything else it takes a code.
        Command::Show | Command::Revoke { .. } | Command::Confirm { .. } => cli.user.is_some(),
        Command::User { action } => {
            matches!(action, cli::User::Show { .. } | cli::User::Forgive { .. })
        }
        Command::Add {
            kind: Some(Add::Sheet(sheet)),
        } => {
            let expires = sheet.scope.expires.as_deref();
            let end = expires.and_then(|text| time::when(text, now, 1, Day::Last).ok());
            let is_short = end.is_some_and(|end| end.0 <= now.0 + SHEET_OF_AN_OPERATOR);
            cli.user.is_some() && !cli.new && is_short
        }
        _ => false,
    }
}
