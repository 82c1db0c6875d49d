//! One file a command.

mod add;
mod backup;
mod challenge;
mod check;
mod clock;
mod compute;
mod confirm;
mod doctor;
pub mod explain;
mod generate;
mod grace;
mod import;
mod init;
mod key;
mod log;
mod maintain;
mod pin;
mod rename;
mod replace;
mod restore;
mod revoke;
mod rule;
mod setup;
mod show;
mod status;
mod store;
mod user;
mod verify;

use crate::cli::{Cli, Command, Store};
use crate::context::{Context, Opened};
use crate::error::{CliError, NOT_PERMITTED};
use crate::helper;

/// Does what the command line says.
pub fn run(cli: &Cli) -> Result<(), CliError> {
    if cli.new && !matches!(cli.command, Command::Add { .. } | Command::Import(_)) {
        return Err(CliError::usage(
            "--new goes with add and import",
            "Leave it out.",
        ));
    }
    match &cli.command {
        Command::Init => return init::run(cli),
        Command::Doctor => return doctor::run(cli),
        Command::Setup { server } => return setup::run(cli, server),
        Command::Store {
            action: Store::Migrate,
        } => return store::migrate(cli),
        Command::Store {
            action: Store::Move(wanted),
        } => return store::relocate(cli, wanted),
        Command::Store {
            action: Store::Hosts { forget },
        } => return store::hosts(cli, forget.as_deref()),
        Command::Restore(wanted) => return restore::run(cli, wanted),
        Command::Helper { listen } => {
            return helper::run(cli.clone(), listen.as_deref());
        }
        Command::Completions { shell } => return generate::completions(*shell),
        Command::Man { folder } => return generate::manual(folder),
        Command::Compute { challenge, init } => {
            return compute::run(cli, challenge, init.as_deref());
        }
        _ => {}
    }
    match Context::open(cli)? {
        Opened::Here(mut context) => match &cli.command {
            Command::Backup(wanted) => backup::run(&mut context, wanted),
            _ => dispatch(&mut context),
        },
        Opened::Helper(config) => helper::ask(cli, &config),
    }
}

/// Does what the command line of an open site says.
pub fn dispatch(context: &mut Context<'_>) -> Result<(), CliError> {
    let cli = context.cli;
    match &cli.command {
        // These open no site, or not like this: see `run`. The helper lets none of them come here.
        Command::Init
        | Command::Setup { .. }
        | Command::Compute { .. }
        | Command::Store {
            action: Store::Migrate | Store::Move(_) | Store::Hosts { .. },
        }
        | Command::Doctor
        | Command::Completions { .. }
        | Command::Man { .. }
        | Command::Helper { .. }
        | Command::Backup(_)
        | Command::Restore(_) => Err(CliError::new(
            NOT_PERMITTED,
            "this is not for the helper",
            "Run it as the user who owns the store.",
        )),
        Command::Store {
            action: Store::Check,
        } => store::check(context),
        Command::Key { action } => key::run(context, action),
        Command::Add { kind } => add::run(context, kind.as_ref()),
        Command::Status => status::run(context),
        Command::Confirm {
            name: Some(name),
            next,
            ..
        } => confirm::run(context, name, *next),
        Command::Confirm { kind, .. } => confirm::all(context, kind.as_deref()),
        Command::Show => {
            let account = context.account_name()?;
            show::run(context, &account)
        }
        Command::User { action } => user::run(context, action),
        Command::Clock { action } => clock::run(context, action),
        Command::Challenge => challenge::run(context),
        Command::Revoke { names, all } => revoke::run(context, names, *all),
        Command::Replace { name, with } => replace::run(context, name, with),
        Command::Pin { action } => pin::run(context, action),
        Command::Rename { name, label } => rename::run(context, name, label),
        Command::Grace { action } => grace::run(context, action),
        Command::Explain { service, from } => explain::run(context, service, from),
        Command::Check { service, from } => check::run(context, service, from),
        Command::Verify { service, from } => verify::run(context, service, from),
        Command::Rule { action } => rule::run(context, action),
        Command::Maintain => maintain::run(context),
        Command::Import(wanted) => import::run(context, wanted),
        Command::Log(log) => log::run(context, log),
    }
}
