//! What a command works with: the site, its store, and whose account it is about.

pub use mailotp_core::audit::host_name;

use mailotp_core::account::Credential;
use mailotp_core::admin::{self, Admin, Known};
use mailotp_core::clock::{NoRandomness, Random, Timestamp};
use mailotp_core::config::Config;
use mailotp_core::request::AccountName;
use mailotp_core::site::{Access, Site, SiteError, load_config};
use mailotp_core::store::Persistent;
use nix::unistd::{Uid, User, geteuid};
use zeroize::Zeroizing;

use crate::arena::InTurn;
use crate::cli::Cli;
use crate::error::CliError;
use crate::helper::{Permit, at_is_for_managers};
use crate::output::Output;
use crate::terminal;

/// The kernel's randomness.
pub struct System;

impl Random for System {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        getrandom::fill(bytes).map_err(|_| NoRandomness)
    }
}

/// Where a command can be run.
pub enum Opened<'a> {
    /// In this process.
    Here(Box<Context<'a>>),
    /// By the helper of the site with this configuration.
    Helper(Box<Config>),
}

/// An opened site.
pub struct Context<'a> {
    /// The command line.
    pub cli: &'a Cli,
    /// The site.
    pub site: Site,
    /// Its store.
    pub store: Box<dyn Persistent>,
    /// How to print.
    pub output: Output,
    /// When the command began.
    pub now: Timestamp,
    /// Who has it run.
    pub actor: String,
    /// Whether that is an administrator.
    pub is_administrator: bool,
}

impl<'a> Context<'a> {
    /// Opens the site that the command line names. Whoever can open it is its administrator; for others
    /// the helper does, at this socket.
    pub fn open(cli: &'a Cli) -> Result<Opened<'a>, CliError> {
        let config = load_config(&cli.config)?;
        match Context::of(cli, config, actor(), true) {
            Ok(_) if cli.at.is_some() => Err(at_is_for_managers()),
            Ok(context) => Ok(Opened::Here(Box::new(context))),
            Err(error) if error.is_forbidden() => {
                Ok(Opened::Helper(Box::new(load_config(&cli.config)?)))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The same inside of the helper, for somebody else.
    pub fn serve(cli: &'a Cli, actor: String, permit: Permit) -> Result<Context<'a>, CliError> {
        let config = load_config(&cli.config)?;
        let is_administrator = permit == Permit::Everything;
        Ok(Context::of(cli, config, actor, is_administrator)?)
    }

    fn of(
        cli: &'a Cli,
        config: Config,
        actor: String,
        is_administrator: bool,
    ) -> Result<Context<'a>, SiteError> {
        // A rule that can never match is a slip that somebody relies on: not one step further.
        if let Some(dead) = config.warnings().into_iter().next() {
            return Err(dead.into());
        }
        let site = Site::of(config).map_err(|failed| failed.1)?;
        let store = site.open_store(Access::Command)?;
        Ok(Context {
            cli,
            site,
            store,
            output: Output::new(cli.json),
            now: std::time::SystemTime::now().into(),
            actor,
            is_administrator,
        })
    }

    /// Whose account: an administrator names it.
    pub fn account_name(&self) -> Result<AccountName, CliError> {
        let Some(user) = &self.cli.user else {
            return Err(CliError::usage(
                "whose account is meant?",
                "Say so with: --user NAME",
            ));
        };
        self.name(user)
    }

    /// How the user of this account calls the command: administrators say whose account they mean.
    pub fn called(&self) -> String {
        match self.cli.user.as_deref() {
            Some(user) if user != self.actor => format!("mailotp-cli --user {user}"),
            _ => "mailotp-cli".to_owned(),
        }
    }

    /// The name of an account, normalised.
    pub fn name(&self, user: &str) -> Result<AccountName, CliError> {
        self.site
            .config
            .naming
            .account(user.as_bytes())
            .map_err(|why| {
                CliError::usage(
                    format!("\"{}\": {why}", user.escape_debug()),
                    "Correct --user.",
                )
            })
    }

    /// The account that the command is about.
    pub fn known(&mut self) -> Result<Known, CliError> {
        let name = self.account_name()?;
        Ok(self.admin(|admin| admin.account(&name))?)
    }

    /// The seed of an authenticator or a token, in base32.
    pub fn seed(
        &self,
        account: &AccountName,
        credential: &Credential,
    ) -> Result<Option<Zeroizing<String>>, CliError> {
        let mut store = self.site.open_store(Access::Command)?;
        let known = store.read(account, None).map_err(SiteError::from)?.account;
        let Some(known) = known else {
            return Ok(None);
        };
        Ok(admin::seed(&self.site, &known, credential)?)
    }

    /// Runs something of administration, and notes the store's new generation in the key ring.
    pub fn admin<T, E>(
        &mut self,
        work: impl FnOnce(&mut Admin<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut admin = Admin {
            site: &self.site,
            store: &mut *self.store,
            random: &mut System,
            arena: &mut InTurn,
            now: self.now,
            actor: self.actor.clone(),
            host: host_name(),
            generation: None,
        };
        let result = work(&mut admin);
        if let Some(generation) = admin.generation
            && let Err(error) = self.site.note_generation(generation)
        {
            // The change is made; what is missing is one of the guards around it.
            terminal::note(&format!(
                "mailotp-cli: warning: {error}\n  {}\n",
                error.remedy()
            ));
        }
        result
    }
}

/// The user who runs the command.
pub fn actor() -> String {
    let uid: Uid = geteuid();
    User::from_uid(uid)
        .ok()
        .flatten()
        .map_or_else(|| format!("uid {uid}"), |user| user.name)
}
