//! One connection, from the first frame to the last.

use std::os::unix::net::UnixStream;
use std::time::Duration;

use clap::Parser;
use mailotp_core::helper::{Hello, wire};
use mailotp_core::site::load_config;

use super::permit::{self, Permit};
use super::remote::{self, PATIENCE, Remote};
use super::{Caller, Run, judge, proof};
use crate::cli::{Cli, Command};
use crate::commands;
use crate::context::Context;
use crate::error::CliError;
use crate::{terminal, usage};

/// How long a client may take to say what it wants, and to take what it is given.
const PROMPTNESS: Duration = Duration::from_secs(5);

/// Serves a client. `own` is the command line of the helper.
pub fn connection(mut stream: UnixStream, caller: &Caller, own: &Cli) {
    let prompt = stream
        .set_read_timeout(Some(PROMPTNESS))
        .and_then(|()| stream.set_write_timeout(Some(PROMPTNESS)));
    if prompt.is_err() {
        return;
    }
    match wire::receive(&mut stream, wire::FROM_CLIENT) {
        Ok(Hello::Judge(question)) => {
            let _ = wire::send(&mut stream, &judge::answer(own, caller, question));
        }
        Ok(Hello::Run(run)) => {
            let Ok(other_end) = stream.try_clone() else {
                return;
            };
            if stream.set_read_timeout(Some(PATIENCE)).is_err() {
                return;
            }
            terminal::set(Box::new(Remote::new(other_end, &run)));
            remote::end(&mut stream, command(run, caller, own));
        }
        // Whoever speaks nonsense is told nothing.
        Err(_) => {}
    }
}

/// Says that there is no room.
pub fn busy(mut stream: UnixStream) {
    let _ = stream.set_write_timeout(Some(Duration::from_millis(100)));
    let error = CliError::new(
        crate::error::UNUSABLE,
        "the helper has too much to do",
        "Try again in a moment.",
    );
    remote::end(&mut stream, Err(error));
}

fn command(run: Run, caller: &Caller, own: &Cli) -> Result<(), CliError> {
    let words = std::iter::once("mailotp-cli".to_owned()).chain(run.arguments);
    let mut cli = match Cli::try_parse_from(words) {
        Ok(cli) => cli,
        Err(wrong) => return Err(usage(&wrong)),
    };
    // The site is the helper's, whatever the client says.
    cli.config.clone_from(&own.config);
    let config = load_config(&cli.config)?;
    let now = std::time::SystemTime::now().into();
    let permit = caller.permit(&cli, &config, now)?;
    if cli.user.is_none() && permit == Permit::Own {
        cli.user = Some(caller.name.clone());
        // Nobody mistypes their own name.
        cli.new = matches!(cli.command, Command::Add { .. });
    }
    let mut context = Context::serve(&cli, caller.name.clone(), permit)?;
    if let Some(user) = cli.user.as_deref().filter(|_| permit != Permit::Everything) {
        let account = context.name(user)?;
        match permit {
            Permit::Own if permit::widens(&cli.command) => {
                proof::of_a_code(&context.site, &account, now)?;
            }
            Permit::Manager => proof::of_a_secret(&context.site, &account)?,
            _ => {}
        }
    }
    commands::dispatch(&mut context)
}
