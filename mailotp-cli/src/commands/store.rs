//! `store`: what an administrator does with the store as a whole.

use mailotp_core::config::StoreLocation;
use mailotp_core::site::{self, SiteError};
use mailotp_core::store::VERSION;
use mailotp_core::store::sqlite::SqliteStore;
use serde_json::json;

use crate::cli::{Cli, Store};
use crate::error::CliError;
use crate::output::Output;

pub fn run(cli: &Cli, action: &Store) -> Result<(), CliError> {
    match action {
        Store::Migrate => migrate(cli),
    }
}

/// Logins go on while it runs: all of it is one transaction, and a store of another version is refused.
fn migrate(cli: &Cli) -> Result<(), CliError> {
    let config = site::load_config(&cli.config)?;
    // Who may not read the keys may not change the store.
    site::load_keys(&config.key)?;
    let StoreLocation::Sqlite(path) = &config.store;
    site::check_store(path)?;
    let found = SqliteStore::migrate(path, config.timeout).map_err(SiteError::from)?;
    let document = json!({ "from": found, "to": VERSION });
    Ok(Output::new(cli.json).show(&document, || {
        if found == VERSION {
            format!("The store is of version {VERSION} already.\n")
        } else {
            format!("The store was of version {found}, and is of version {VERSION} now.\n")
        }
    })?)
}
