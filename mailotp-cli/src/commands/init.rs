//! `init`: configuration, key ring and store, where they are missing.

use mailotp_core::admin::initialise;
use serde_json::json;

use crate::cli::Cli;
use crate::context::System;
use crate::error::CliError;
use crate::output::Output;

pub fn run(cli: &Cli) -> Result<(), CliError> {
    let done = initialise(&cli.config, &mut System)?;
    let document = json!({
        "config": done.config, "key": done.key, "store": done.store, "created": done.created,
    });
    Output::new(cli.json).show(&document, || {
        let mut text = String::new();
        for (what, path) in [("configuration", &done.config), ("key ring", &done.key), ("store", &done.store)] {
            let did = if done.created.contains(path) { "made" } else { "found" };
            text += &format!("{did:5}  {what:13}  {}\n", path.display());
        }
        text + "\nKeep a copy of the key ring apart from the store: without it the store opens for nobody.\n\
                Next: mailotp-cli --user NAME --new add sheet\n"
    })?;
    Ok(())
}
