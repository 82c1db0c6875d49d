//! `init`: configuration, key ring and store, where they are missing.

use mailotp_core::admin::{Initialised, Step, initialise};
use serde_json::json;

use crate::cli::Cli;
use crate::context::System;
use crate::error::CliError;
use crate::output::Output;

pub fn run(cli: &Cli) -> Result<(), CliError> {
    let done = initialise(&cli.config, &mut System)?;
    let document = json!({
        "config": done.config.place, "key": done.key.place, "store": done.store.place,
        "created": steps(&done).into_iter().filter(|(_, step)| step.made)
            .map(|(_, step)| &step.place).collect::<Vec<_>>(),
    });
    Output::new(cli.json).show(&document, || {
        let mut text = String::new();
        for (what, step) in steps(&done) {
            let did = if step.made { "made" } else { "found" };
            text += &format!("{did:5}  {what:13}  {}\n", step.place);
        }
        text + "\nKeep a copy of the key ring apart from the store: without it the store opens for nobody.\n\
                Next: mailotp-cli --user NAME --new add sheet\n"
    })?;
    Ok(())
}

fn steps(done: &Initialised) -> [(&'static str, &Step); 3] {
    [
        ("configuration", &done.config),
        ("key ring", &done.key),
        ("store", &done.store),
    ]
}
