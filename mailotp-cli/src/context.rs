//! What a command works with: the site, its store, and whose account it is about.

use mailotp_core::admin::{Admin, Known};
use mailotp_core::clock::{NoRandomness, Random, Timestamp};
use mailotp_core::crypto::HeapArena;
use mailotp_core::request::AccountName;
use mailotp_core::site::{Site, SiteError, load_config};
use mailotp_core::store::sqlite::SqliteStore;
use nix::unistd::{Uid, User, geteuid};

use crate::cli::Cli;
use crate::error::{CliError, NOT_PERMITTED, UNUSABLE};
use crate::output::Output;

/// The kernel's randomness.
pub struct System;

impl Random for System {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        getrandom::fill(bytes).map_err(|_| NoRandomness)
    }
}

/// An opened site.
pub struct Context<'a> {
    /// The command line.
    pub cli: &'a Cli,
    /// The site.
    pub site: Site,
    /// Its store.
    pub store: SqliteStore,
    /// How to print.
    pub output: Output,
    /// When the command began.
    pub now: Timestamp,
}

impl<'a> Context<'a> {
    /// Opens the site that the command line names. Whoever can open it is its administrator.
    pub fn open(cli: &'a Cli) -> Result<Context<'a>, CliError> {
        let config = load_config(&cli.config)?;
        // A rule that can never match is a slip that somebody relies on: not one step further.
        if let Some(dead) = config.warnings().into_iter().next() {
            return Err(SiteError::from(dead).into());
        }
        let socket = config.helper_socket.clone();
        let site = Site::of(config).map_err(|failed| {
            let error = failed.1;
            if error.is_forbidden() {
                unprivileged(cli, &socket)
            } else {
                error.into()
            }
        })?;
        let store = site.open_store()?;
        let output = Output::new(cli.json);
        Ok(Context {
            cli,
            site,
            store,
            output,
            now: std::time::SystemTime::now().into(),
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

    /// Runs something of administration, and notes the store's new generation in the key ring.
    pub fn admin<T, E>(
        &mut self,
        work: impl FnOnce(&mut Admin<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut admin = Admin {
            site: &self.site,
            store: &mut self.store,
            random: &mut System,
            arena: &mut HeapArena,
            now: self.now,
            actor: actor(),
            host: host_name(),
            generation: None,
        };
        let result = work(&mut admin);
        if let Some(generation) = admin.generation
            && let Err(error) = self.site.note_generation(generation)
        {
            // The change is made; what is missing is one of the guards around it.
            eprintln!("mailotp-cli: warning: {error}\n  {}", error.remedy());
        }
        result
    }
}

/// The site's files belong to somebody else: the helper would have to do it.
fn unprivileged(cli: &Cli, socket: &std::path::Path) -> CliError {
    let me = actor();
    match &cli.user {
        Some(user) if *user != me => CliError::new(
            NOT_PERMITTED,
            format!("{me} may not act for \"{}\"", user.escape_debug()),
            "Ask an administrator, or run the command as root.",
        ),
        _ => CliError::new(
            UNUSABLE,
            format!(
                "the helper at {} does not answer, and the store is not {me}'s",
                socket.display()
            ),
            "Ask an administrator, or run the command as root with --user.",
        ),
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

/// The name of this machine.
pub fn host_name() -> String {
    let name = nix::unistd::gethostname()
        .ok()
        .and_then(|name| name.into_string().ok());
    name.unwrap_or_else(|| "localhost".to_owned())
}
