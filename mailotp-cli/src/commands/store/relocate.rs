//! `store move`: the store goes to another place, and the configuration with it.

use std::path::Path;

use mailotp_core::admin;
use mailotp_core::audit::Reason;
use mailotp_core::config::StoreLocation;
use mailotp_core::files;
use mailotp_core::site::{self, Site};
use mailotp_core::store::transfer::Progress;
use serde_json::json;
use toml_edit::{DocumentMut, Item, value};

use crate::cli::{Cli, Move};
use crate::context::{actor, host_name};
use crate::error::{CliError, FAILED};
use crate::output::Output;

pub fn run(cli: &Cli, wanted: &Move) -> Result<(), CliError> {
    let site = Site::of(site::load_config(&cli.config)?).map_err(|failed| failed.1)?;
    let output = Output::new(cli.json);
    // Before anything moves: an administrator at the end of it finds the place written down.
    let Destination { to, name, text } = destination(cli, wanted)?;
    let now = std::time::SystemTime::now().into();
    let event = admin::event_of_change(Reason::StoreMoved, now, &host_name(), &actor());
    if wanted.cancel {
        admin::stay(&site, &to, &name, &event)?;
        let document = json!({ "store": site.config.store.to_string() });
        return Ok(output.show(&document, || {
            "The store stays where it is, and people are let in again.\n".to_owned()
        })?);
    }
    let mut progress = |step| match step {
        Progress::Copied(done, all) => output.progress("rows copied:", done as u32, all as u32),
        Progress::Compared(done, all) => output.progress("rows compared:", done as u32, all as u32),
    };
    let moved = admin::relocate(&site, &to, &name, &event, &mut progress)?;
    files::replace_like(&cli.config, text.as_bytes()).map_err(|why| {
        CliError::new(
            FAILED,
            format!(
                "the store has moved to {to}, but {} cannot be written: {why}",
                cli.config.display()
            ),
            format!("Write into [store], on every host: url = \"{name}\""),
        )
    })?;
    let document = json!({
        "from": site.config.store.to_string(),
        "to": to.to_string(),
        "rows": moved.rows,
        "generation": moved.generation,
    });
    Ok(output.show(&document, || {
        format!(
            "The store has moved to {to}, with {} rows, each compared, and {} names it.\n\
             Other hosts need the same [store] and the same key file. What is left at {} lets nobody in.\n",
            moved.rows,
            cli.config.display(),
            site.config.store
        )
    })?)
}

/// Where to.
struct Destination {
    to: StoreLocation,
    /// What it is called.
    name: String,
    /// The configuration that names it.
    text: String,
}

fn destination(cli: &Cli, wanted: &Move) -> Result<Destination, CliError> {
    let absolute = std::path::absolute(files::folder_of(&cli.config));
    let folder = absolute.unwrap_or_else(|_| files::folder_of(&cli.config).to_owned());
    let name = admin::place_name(&folder, &wanted.to)
        .map_err(|(message, remedy)| CliError::usage(message, remedy))?;
    // Read as it will be read from now on.
    let text = edited(&cli.config, wanted, &name)?;
    let to = site::parse_config(&cli.config, text.clone().into_bytes())?.store;
    Ok(Destination { to, name, text })
}

/// The configuration as it is to be: comments and all else stay.
fn edited(path: &Path, wanted: &Move, name: &str) -> Result<String, CliError> {
    let broken = |why: String| {
        CliError::new(
            FAILED,
            format!("{}: {why}", path.display()),
            "Correct the configuration.",
        )
    };
    let text = std::fs::read_to_string(path).map_err(|why| broken(why.to_string()))?;
    let mut document: DocumentMut = text.parse().map_err(|why| broken(format!("{why}")))?;
    let store = document
        .entry("store")
        .or_insert(toml_edit::table())
        .as_table_like_mut()
        .ok_or_else(|| broken("store is no table".into()))?;
    let mut set = |key: &str, mut new: Item| match store.get_mut(key) {
        Some(old) => {
            // What stands behind it on its line stays there.
            if let (Some(old), Some(new)) = (old.as_value(), new.as_value_mut()) {
                *new.decor_mut() = old.decor().clone();
            }
            *old = new;
        }
        None => {
            store.insert(key, new);
        }
    };
    set("url", value(name));
    let files = [
        ("password_file", &wanted.password_file),
        ("owner_password_file", &wanted.owner_password_file),
        ("ca_file", &wanted.ca_file),
    ];
    for (key, path) in files {
        if let Some(path) = path {
            set(key, value(path.display().to_string()));
        }
    }
    if let Some(owner) = &wanted.owner {
        set("owner", value(owner));
    }
    if wanted.accept_loss {
        set("accept_loss", value(true));
    }
    Ok(document.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(to: &str) -> Move {
        Move {
            to: to.into(),
            password_file: None,
            owner: None,
            owner_password_file: None,
            ca_file: None,
            accept_loss: false,
            cancel: false,
        }
    }

    fn edit(text: &str, wanted: &Move) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mailotp.toml");
        std::fs::write(&path, text).unwrap();
        edited(&path, wanted, &wanted.to).unwrap()
    }

    #[test]
    fn the_place_is_written_down_and_all_else_stays() {
        let before = "# ours\nmode = \"enforce\"\n\n[store]\nurl = \"sqlite:m.db\"   # here\nkey = \"m.key\"\n\n[[rule]]\naccept = []\n";
        let there = Move {
            password_file: Some("/etc/mailotp/db.password".into()),
            owner: Some("mailotp_owner".into()),
            accept_loss: true,
            ..wanted("postgresql://m@/db?host=/run/pg")
        };
        let after = edit(before, &there);
        assert_eq!(
            after,
            "# ours\nmode = \"enforce\"\n\n[store]\nurl = \"postgresql://m@/db?host=/run/pg\"   # here\nkey = \"m.key\"\n\
             password_file = \"/etc/mailotp/db.password\"\nowner = \"mailotp_owner\"\naccept_loss = true\n\n[[rule]]\naccept = []\n"
        );
        let back = edit(&after, &wanted("sqlite:m.db"));
        assert!(back.contains("url = \"sqlite:m.db\"   # here\n"));
        assert!(
            back.contains("owner = \"mailotp_owner\""),
            "for the next time"
        );
    }

    #[test]
    fn a_configuration_without_a_store_gets_one() {
        let after = edit("mode = \"enforce\"\n", &wanted("sqlite:/m.db"));
        assert_eq!(
            after,
            "mode = \"enforce\"\n\n[store]\nurl = \"sqlite:/m.db\"\n"
        );
    }
}
