//! One file a command.

mod add;
mod challenge;
mod check;
mod clock;
mod compute;
mod confirm;
mod explain;
mod grace;
mod init;
mod log;
mod maintain;
mod pin;
mod rename;
mod replace;
mod revoke;
mod rule;
mod setup;
mod show;
mod store;
mod user;
mod verify;

use crate::cli::{Cli, Command};
use crate::context::{Context, Opened};
use crate::error::CliError;
use crate::helper;

/// Does what the command line says.
pub fn run(cli: &Cli) -> Result<(), CliError> {
    if cli.new && !matches!(cli.command, Command::Add { .. }) {
        return Err(CliError::usage("--new goes with add", "Leave it out."));
    }
    match &cli.command {
        Command::Init => return init::run(cli),
        Command::Setup { server } => return setup::run(cli, server),
        Command::Store { action } => return store::run(cli, action),
        Command::Helper { listen } => {
            return helper::run(cli.clone(), listen.as_deref());
        }
        Command::Compute { challenge, init } => {
            return compute::run(cli, challenge, init.as_deref());
        }
        _ => {}
    }
    match Context::open(cli)? {
        Opened::Here(mut context) => dispatch(&mut context),
        Opened::Helper(config) => helper::ask(cli, &config),
    }
}

/// Does what the command line of an open site says.
pub fn dispatch(context: &mut Context<'_>) -> Result<(), CliError> {
    let cli = context.cli;
    match &cli.command {
        // These open no site, or not like this: see `run`.
        Command::Init
        | Command::Setup { .. }
        | Command::Compute { .. }
        | Command::Store { .. }
        | Command::Helper { .. } => Ok(()),
        Command::Add { kind } => add::run(context, kind),
        Command::Confirm { name } => confirm::run(context, name),
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
        Command::Log(log) => log::run(context, log),
    }
}
