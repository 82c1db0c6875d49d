//! One file a command.

mod add;
mod challenge;
mod clock;
mod compute;
mod confirm;
mod doctor;
mod explain;
mod grace;
mod init;
mod log;
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
use crate::context::Context;
use crate::error::CliError;

/// Does what the command line says.
pub fn run(cli: &Cli) -> Result<(), CliError> {
    if cli.new && !matches!(cli.command, Command::Add { .. }) {
        return Err(CliError::usage("--new goes with add", "Leave it out."));
    }
    match &cli.command {
        Command::Init => return init::run(cli),
        Command::Doctor => return doctor::run(cli),
        Command::Setup { server } => return setup::run(cli, server),
        Command::Store { action } => return store::run(cli, action),
        Command::Compute { challenge, init } => {
            return compute::run(cli, challenge, init.as_deref());
        }
        _ => {}
    }
    let mut context = Context::open(cli)?;
    match &cli.command {
        Command::Init
        | Command::Setup { .. }
        | Command::Compute { .. }
        | Command::Store { .. }
        | Command::Doctor => Ok(()),
        Command::Add { kind } => add::run(&mut context, kind),
        Command::Confirm { name } => confirm::run(&mut context, name),
        Command::Show => {
            let account = context.account_name()?;
            show::run(&mut context, &account)
        }
        Command::User { action } => user::run(&mut context, action),
        Command::Clock { action } => clock::run(&mut context, action),
        Command::Challenge => challenge::run(&mut context),
        Command::Revoke { names, all } => revoke::run(&mut context, names, *all),
        Command::Replace { name, with } => replace::run(&mut context, name, with),
        Command::Pin { action } => pin::run(&mut context, action),
        Command::Rename { name, label } => rename::run(&mut context, name, label),
        Command::Grace { action } => grace::run(&mut context, action),
        Command::Explain { service, from } => explain::run(&mut context, service, from),
        Command::Verify { service, from } => verify::run(&mut context, service, from),
        Command::Rule { action } => rule::run(&mut context, action),
        Command::Log(log) => log::run(&mut context, log),
    }
}
