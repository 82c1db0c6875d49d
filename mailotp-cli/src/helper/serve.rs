//! One connection, from the first frame to the last.

use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime};

use clap::Parser;
use mailotp_core::helper::Hello;
use mailotp_core::helper::wire::{self, Wire};
use mailotp_core::site::load_config;

use super::guests::Seat;
use super::permit::{self, Effect, Permit};
use super::remote::{self, Remote};
use super::{Caller, Run, judge, proof};
use crate::cli::{Cli, Command};
use crate::commands;
use crate::context::Context;
use crate::error::{CliError, FAILED, UNUSABLE};
use crate::{terminal, usage};

/// How long a client may take to say what it wants, and to take the answer.
const PROMPTNESS: Duration = Duration::from_secs(5);

/// Serves a client. `own` is the command line of the helper.
pub fn connection(stream: UnixStream, caller: &Caller, seat: Seat, own: &Cli) {
    let wire = Rc::new(Wire::new(stream));
    match wire.receive(wire::HELLO, Some(PROMPTNESS)) {
        Ok(Hello::Judge(question)) => {
            let answer = judge::answer(own, caller, &seat, question);
            // Before it is known, or the next question of a module is one too many.
            drop(seat);
            let _ = wire.send(&answer, PROMPTNESS);
        }
        Ok(Hello::Run(run)) => {
            let Some(_table) = seat.table() else {
                return remote::end(&wire, Err(too_much()));
            };
            terminal::set(Box::new(Remote::new(Rc::clone(&wire), &run)));
            remote::end(&wire, command(run, caller, &seat, own));
        }
        // Whoever speaks nonsense is told nothing.
        Err(_) => {}
    }
}

/// Says that there is no room.
pub fn busy(stream: UnixStream) {
    remote::end(&Wire::new(stream), Err(too_much()));
}

fn too_much() -> CliError {
    CliError::new(
        UNUSABLE,
        "the helper has too much to do",
        "Try again in a moment.",
    )
}

fn command(run: Run, caller: &Caller, seat: &Seat, own: &Cli) -> Result<(), CliError> {
    let words = std::iter::once("mailotp-cli".to_owned()).chain(run.arguments);
    let mut cli = match Cli::try_parse_from(words) {
        Ok(cli) => cli,
        Err(wrong) => return Err(usage(&wrong)),
    };
    // The site is the helper's, whatever the client says.
    cli.config.clone_from(&own.config);
    let config = load_config(&cli.config)?;
    let now = SystemTime::now().into();
    let permit = caller.permit(&cli, &config, now)?;
    if permit == Permit::Own {
        cli.user = Some(caller.name.clone());
        // Nobody mistypes their own name.
        cli.new = matches!(cli.command, Command::Add { .. });
    }
    let mut context = Context::serve(&cli, caller.name.clone(), permit)?;
    let effect = permit::effect(&cli.command);
    match permit {
        Permit::Own => {
            let account = context.account_name()?;
            if effect == Effect::Widens {
                proof::of_a_code(&context.site, &account, now)?;
            }
            // Every change is an event that is kept: a loop of them would fill the store.
            if effect != Effect::Looks && !seat.may_change(Instant::now()) {
                return Err(CliError::new(
                    FAILED,
                    format!("{} has changed too much of late", caller.name),
                    "Wait a minute.",
                ));
            }
        }
        Permit::Manager => {
            let account = context.account_name()?;
            let widens = effect == Effect::Widens;
            proof::of_a_secret(&context.site, &account, cli.at, widens, now)?;
        }
        Permit::Everything | Permit::Operator | Permit::Check => {}
    }
    // Whoever was asked may have thought for minutes.
    context.now = SystemTime::now().into();
    commands::dispatch(&mut context)
}
