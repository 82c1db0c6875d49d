//! `mailotp-cli`: app passwords, sheets and authenticators, at the shell.

mod arena;
mod cli;
mod commands;
mod context;
mod doctor;
mod door;
mod error;
mod file;
mod helper;
mod hooks;
mod input;
mod output;
mod phone;
mod qr;
mod sealed;
mod sheet;
mod terminal;
mod time;

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use cli::Cli;
use error::CliError;

fn main() -> ExitCode {
    // Files are made with a mode of their own, and never with more than the umask of a private
    // command would leave.
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o022));
    let json = std::env::args_os().any(|arg| arg == "--json");
    let result = match parse() {
        Ok(cli) => commands::run(&cli),
        // Help and version are what was asked for, not errors.
        Err(help) if !help.use_stderr() => {
            let _ = help.print();
            return ExitCode::SUCCESS;
        }
        Err(wrong) if json => Err(usage(&wrong)),
        Err(usage) => {
            let _ = usage.print();
            return ExitCode::from(error::USAGE);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error.print(json);
            ExitCode::from(error.exit)
        }
    }
}

/// Reads the command line. Without a command it asks where one stands.
fn parse() -> Result<Cli, clap::Error> {
    let words = || std::env::args_os();
    Cli::try_parse().or_else(|wrong| match wrong.kind() {
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            Cli::try_parse_from(words().chain(["status".into()])).map_err(|_| wrong)
        }
        _ => Err(wrong),
    })
}

/// Wrong usage, in one sentence. What follows its first line repeats the usage; that is for people.
fn usage(wrong: &clap::Error) -> CliError {
    let text = wrong.render().to_string();
    let message = text
        .lines()
        .next()
        .unwrap_or_default()
        .trim_start_matches("error: ");
    CliError::usage(message, "Run: mailotp-cli --help")
}
