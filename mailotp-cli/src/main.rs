//! `mailotp-cli`: app passwords, sheets and authenticators, at the shell.

mod cli;
mod commands;
mod context;
mod doctor;
mod error;
mod input;
mod output;
mod phone;
mod qr;
mod sheet;
mod time;

use std::process::ExitCode;

use clap::Parser;

use cli::Cli;
use error::CliError;

fn main() -> ExitCode {
    // Files are made with a mode of their own, and never with more than the umask of a private
    // command would leave.
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o022));
    let json = std::env::args_os().any(|arg| arg == "--json");
    let result = match Cli::try_parse() {
        Ok(cli) => commands::run(&cli),
        // Help and version are what was asked for, not errors.
        Err(help) if !help.use_stderr() => {
            let _ = help.print();
            return ExitCode::SUCCESS;
        }
        Err(usage) if json => {
            // What follows the first line repeats the usage; that is for people.
            let text = usage.render().to_string();
            let message = text
                .lines()
                .next()
                .unwrap_or_default()
                .trim_start_matches("error: ");
            Err(CliError::usage(message, "Run: mailotp-cli --help"))
        }
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
