//! `store`: what an administrator does with the store as a whole.

mod hosts;
mod relocate;

use mailotp_core::admin::Seals;
use mailotp_core::config::StoreLocation;
use mailotp_core::id::AccountId;
use mailotp_core::site::{self, SiteError};
#[cfg(feature = "postgres")]
use mailotp_core::store::postgres::Owner;
use mailotp_core::store::sqlite::SqliteStore;
use mailotp_core::store::{Place, Thoroughness, VERSION};
use serde_json::json;

use crate::cli::Cli;
use crate::context::Context;
use crate::error::{CliError, UNUSABLE};
use crate::output::Output;

pub use hosts::run as hosts;
pub use relocate::run as relocate;

/// SQLite says whether the file is sound, the key ring whether what is sealed in it is.
pub fn check(context: &mut Context<'_>) -> Result<(), CliError> {
    let place = context.site.config.store.to_string();
    let damage = context.store.damage(Thoroughness::Thorough);
    if let Some(first) = damage.map_err(SiteError::from)?.first() {
        return Err(CliError::new(
            UNUSABLE,
            format!("{place} is damaged: {first}"),
            "Stop the mail server, keep the damaged file, and run: mailotp-cli restore FILE --force",
        ));
    }
    let seals = context.admin(|admin| admin.check_seals())?;
    if let Some((_, why)) = seals.broken.first() {
        let remedy = why.remedy();
        let accounts = context.admin(|admin| admin.accounts())?;
        let whose = |id: AccountId| {
            let known = accounts.iter().find(|account| account.id == id);
            known.map_or("nobody".to_owned(), |account| account.name.to_string())
        };
        return Err(CliError::new(UNUSABLE, broken(&seals, whose), remedy));
    }
    let document = json!({ "store": place, "version": VERSION, "secrets": seals.values });
    Ok(context.output.show(&document, || {
        let secrets = seals.values;
        format!("{place} is sound, and each of its {secrets} secrets opens.\n")
    })?)
}

fn broken(seals: &Seals, whose: impl Fn(AccountId) -> String) -> String {
    let line = |(place, why): &(Place, _)| {
        let what = match place {
            Place::Credential(account, credential) => {
                format!("the credential {credential} of {}", whose(*account))
            }
            Place::Pin(account) => format!("the PIN of {}", whose(*account)),
            Place::SitePin => "the site's PIN".to_owned(),
        };
        format!("{what}: {why}")
    };
    let named: Vec<String> = seals.broken.iter().map(line).collect();
    let (broken, all) = (seals.broken_values, seals.values);
    format!(
        "{broken} of {all} secrets do not open: {}",
        named.join("; ")
    )
}

/// Logins go on while it runs: all of it is one transaction, and a store of another version is refused.
pub fn migrate(cli: &Cli) -> Result<(), CliError> {
    let config = site::load_config(&cli.config)?;
    // Who may not read the keys may not change the store.
    site::load_keys(&config.key)?;
    let found = match &config.store {
        StoreLocation::Sqlite(path) => {
            site::check_store(path)?;
            SqliteStore::migrate(path, config.timeout)
        }
        #[cfg(feature = "postgres")]
        StoreLocation::Postgres(location) => {
            Owner::connect(location, config.timeout).and_then(|owner| owner.migrate())
        }
    };
    let found = found.map_err(SiteError::from)?;
    let document = json!({ "from": found, "to": VERSION });
    Ok(Output::new(cli.json).show(&document, || {
        if found == VERSION {
            format!("The store is of version {VERSION} already.\n")
        } else {
            format!("The store was of version {found}, and is of version {VERSION} now.\n")
        }
    })?)
}
