//! `completions` and `man`: made from the words of the command line themselves.

use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;

use crate::cli::Cli;
use crate::error::{CliError, FAILED};
use crate::output;

/// What completes this command at a shell.
pub fn completions(shell: Shell) -> Result<(), CliError> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "mailotp-cli", &mut script);
    Ok(output::write(&script)?)
}

/// A page for each command. The page of the program itself is written by hand: it says more.
pub fn manual(folder: &Path) -> Result<(), CliError> {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    pages(&command, "mailotp-cli", folder).map_err(|why| {
        CliError::new(
            FAILED,
            format!("{}: {why}", folder.display()),
            "Name a folder that is there and can be written.",
        )
    })
}

fn pages(command: &clap::Command, name: &str, folder: &Path) -> std::io::Result<()> {
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        let name = format!("{name}-{}", sub.get_name());
        let mut page = Vec::new();
        let named: &'static str = Box::leak(name.clone().into_boxed_str());
        Man::new(sub.clone().name(named))
            .title(name.to_uppercase())
            .section("8")
            .manual("mailotp")
            .source(concat!("mailotp ", env!("CARGO_PKG_VERSION")))
            .render(&mut page)?;
        std::fs::write(folder.join(format!("{name}.8")), page)?;
        pages(sub, &name, folder)?;
    }
    Ok(())
}
