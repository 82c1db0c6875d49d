//! Who may do what through the helper.
//!
//! | who | what |
//! |---|---|
//! | root, and whoever owns the site's files | everything that opens no files of its own |
//! | every user | what concerns their own account alone, and changes nothing of its being locked |
//! | an operator | for any account: `show`, `revoke`, `forgive`, `confirm`, a sheet that expires soon |
//! | a trusted program | for any account: `check` |
//! | a manager | for an account, with that account's secret: what its user may do |
//!
//! Each command is named in [`effect`] or [`whose`]: a new one does not compile before somebody has
//! thought of whom it is for.

use mailotp_core::clock::Timestamp;
use mailotp_core::config::Config;
use mailotp_core::request::AccountName;
use nix::unistd::{Uid, User};

use crate::cli::{self, Add, Cli, Command, Grace, Pin, Rule};
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

/// Whose a command is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    /// The user's whose account it is about.
    Users,
    /// A program's that lets people in.
    Programs,
    /// An administrator's.
    Administrators,
    /// Nobody's at this end: it opens files that it is told, or needs no helper.
    Nobody,
}

/// What a command does to the account that it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It shows something.
    Looks,
    /// It takes something away, or names it anew.
    Changes,
    /// It may give the account more than it has: for that, one of its codes is asked for.
    Widens,
}

impl Caller {
    /// The user of this number. The helper's own may read the site's files anyway.
    pub fn of(uid: Uid) -> Caller {
        Caller {
            is_administrator: uid.is_root() || uid == nix::unistd::geteuid(),
            ..Caller::ordinary(uid)
        }
    }

    /// The same, with no rights but those that the configuration gives.
    pub fn ordinary(uid: Uid) -> Caller {
        let name = User::from_uid(uid).ok().flatten().map(|user| user.name);
        Caller {
            // With a blank in it, which no account's name has.
            name: name.unwrap_or_else(|| format!("uid {uid}")),
            is_administrator: false,
        }
    }

    /// The account of the same name.
    pub fn account(&self, config: &Config) -> Option<AccountName> {
        config.naming.account(self.name.as_bytes()).ok()
    }

    /// As what `cli` may run, for the account that it names, and for a user who sits where it says.
    pub fn permit(&self, cli: &Cli, config: &Config, now: Timestamp) -> Result<Permit, CliError> {
        let permit = self.permit_anywhere(cli, config, now)?;
        match permit {
            _ if cli.at.is_none() => Ok(permit),
            Permit::Manager if effect(&cli.command) == Effect::Widens => {
                Err(a_window_widens_nothing())
            }
            Permit::Manager => Ok(permit),
            _ => Err(at_is_for_managers()),
        }
    }

    fn permit_anywhere(
        &self,
        cli: &Cli,
        config: &Config,
        now: Timestamp,
    ) -> Result<Permit, CliError> {
        let whose = whose(&cli.command);
        if whose == Whose::Nobody {
            return Err(self.refusal(cli));
        }
        if self.is_administrator {
            return Ok(Permit::Everything);
        }
        let own = self.account(config);
        let named = match &cli.user {
            None => own.clone(),
            Some(user) => config.naming.account(user.as_bytes()).ok(),
        };
        if whose == Whose::Programs && config.helper.trusted.contains(&self.name) {
            return Ok(Permit::Check);
        }
        if whose == Whose::Users && named.is_some() && named == own {
            return Ok(Permit::Own);
        }
        let is_operator = own.is_some_and(|own| config.helper.operators.holds(&own));
        if is_operator && is_for_operators(cli, now) {
            return Ok(Permit::Operator);
        }
        let is_manager = config.helper.managers.contains(&self.name);
        if is_manager && whose == Whose::Users && named.is_some() {
            return Ok(Permit::Manager);
        }
        Err(self.refusal(cli))
    }

    fn refusal(&self, cli: &Cli) -> CliError {
        let name = &self.name;
        CliError::new(
            NOT_PERMITTED,
            match &cli.user {
                Some(user) => format!("{name} may not do this for \"{}\"", user.escape_debug()),
                None => format!("{name} may not do this"),
            },
            "Ask an administrator, or run the command as root.",
        )
    }
}

/// `--at` from anybody else: where somebody is, is seen, and only a webmail has to say it.
pub fn at_is_for_managers() -> CliError {
    CliError::new(
        NOT_PERMITTED,
        "--at is for managers, who act for users that sit elsewhere",
        "Leave --at out, or name the caller in managers of [helper].",
    )
}

/// `--at` for a command that adds or widens.
fn a_window_widens_nothing() -> CliError {
    CliError::new(
        NOT_PERMITTED,
        "to add or widen takes a code of its own, and no window is good for it",
        "Leave --at out, and type the code that is due.",
    )
}

fn whose(command: &Command) -> Whose {
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
        | Command::Log(_) => Whose::Users,
        Command::Pin {
            action: Pin::Set { site } | Pin::Clear { site },
        } => match site {
            true => Whose::Administrators,
            false => Whose::Users,
        },
        Command::Check { .. } => Whose::Programs,
        Command::User { .. } | Command::Clock { .. } | Command::Maintain => Whose::Administrators,
        Command::Init
        | Command::Setup { .. }
        | Command::Compute { .. }
        | Command::Completions { .. }
        | Command::Man { .. }
        | Command::Doctor
        | Command::Import(_)
        | Command::Backup(_)
        | Command::Restore(_)
        | Command::Key { .. }
        | Command::Store { .. }
        | Command::Helper { .. } => Whose::Nobody,
    }
}

/// What a command does to the account.
pub fn effect(command: &Command) -> Effect {
    match command {
        Command::Add { .. }
        | Command::Replace { .. }
        | Command::Pin { .. }
        | Command::Rule {
            action: Rule::Add(_) | Rule::Remove { .. },
        } => Effect::Widens,
        // What is confirmed was added with a code, where one was needed, or was live before a restore.
        Command::Confirm { .. }
        | Command::Revoke { .. }
        | Command::Rename { .. }
        | Command::Grace {
            action: Grace::End { .. },
        } => Effect::Changes,
        Command::Show
        | Command::Status
        | Command::Challenge
        | Command::Grace {
            action: Grace::List,
        }
        | Command::Rule { action: Rule::List }
        | Command::Explain { .. }
        | Command::Verify { .. }
        | Command::Log(_) => Effect::Looks,
        // For others than the account's user.
        Command::Check { .. }
        | Command::User { .. }
        | Command::Clock { .. }
        | Command::Maintain
        | Command::Init
        | Command::Setup { .. }
        | Command::Compute { .. }
        | Command::Completions { .. }
        | Command::Man { .. }
        | Command::Doctor
        | Command::Import(_)
        | Command::Backup(_)
        | Command::Restore(_)
        | Command::Key { .. }
        | Command::Store { .. }
        | Command::Helper { .. } => Effect::Changes,
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

#[cfg(test)]
#[path = "permit_tests.rs"]
mod tests;
