//! The store goes to another place, and the configuration with it.

use std::path::Path;

use super::AdminError;
use super::init::make_store;
use crate::audit::Event;
use crate::config::StoreLocation;
use crate::site::{Access, Site, SiteError, check_store};
use crate::store::StoreError;
#[cfg(feature = "postgres")]
use crate::store::postgres::Owner;
use crate::store::sqlite::SqliteStore;
use crate::store::transfer::{End, Moved, Progress, Transfer};

/// Moves the store of a site to `to`, which is called `name`, or goes on with it where it was cut off. From the first
/// moment to the last nobody is let in at either end.
pub fn relocate(
    site: &Site,
    to: &StoreLocation,
    name: &str,
    event: &Event,
    progress: &mut dyn FnMut(Progress),
) -> Result<Moved, AdminError> {
    let mut transfer = between(site, to, name, event)?;
    let moved = transfer.run(progress)?;
    drop(transfer);
    site.note_generation(moved.generation)?;
    Ok(moved)
}

/// Takes a move back that has not come to its end.
pub fn stay(site: &Site, to: &StoreLocation, name: &str, event: &Event) -> Result<(), AdminError> {
    Ok(between(site, to, name, event)?.cancel()?)
}

fn between<'a>(
    site: &Site,
    to: &StoreLocation,
    name: &'a str,
    event: &'a Event,
) -> Result<Transfer<'a>, AdminError> {
    if *to == site.config.store {
        return Err(AdminError::MovesNowhere);
    }
    // An old copy does not move: what was spent since would be unspent for good.
    match site.open_store(Access::Command) {
        Ok(_) | Err(SiteError::Store(StoreError::Moving(_))) => {}
        Err(error) => return Err(error.into()),
    }
    let marked = match site.config.store {
        StoreLocation::Sqlite(_) => site.mark().read().map_err(SiteError::from)?,
        #[cfg(feature = "postgres")]
        StoreLocation::Postgres(_) => 0,
    };
    Ok(Transfer {
        from: source(site)?,
        to: destination(site, to)?,
        to_name: name,
        ring: site.keys.identity(),
        noted: site.keys.generation.max(marked),
        event,
    })
}

fn source(site: &Site) -> Result<End, AdminError> {
    let timeout = site.config.timeout;
    match &site.config.store {
        StoreLocation::Sqlite(path) => Ok(End::file(SqliteStore::open(path, timeout)?)?),
        #[cfg(feature = "postgres")]
        StoreLocation::Postgres(location) => {
            Ok(End::Database(Box::new(Owner::connect(location, timeout)?)))
        }
    }
}

/// What is there, or an empty store that is to be filled.
fn destination(site: &Site, to: &StoreLocation) -> Result<End, AdminError> {
    let timeout = site.config.timeout;
    let open = || -> Result<End, AdminError> {
        Ok(match to {
            StoreLocation::Sqlite(path) => {
                check_store(path)?;
                End::file(SqliteStore::open(path, timeout)?)?
            }
            #[cfg(feature = "postgres")]
            StoreLocation::Postgres(location) => {
                let owner = Owner::connect(location, timeout)?;
                owner.migrate()?;
                End::Database(Box::new(owner))
            }
        })
    };
    let exists = match to {
        StoreLocation::Sqlite(path) => path.exists(),
        #[cfg(feature = "postgres")]
        StoreLocation::Postgres(location) => Owner::connect(location, timeout)?.ring()?.is_some(),
    };
    #[cfg(feature = "postgres")]
    if let StoreLocation::Postgres(location) = to {
        // Else the first thing that is noticed of it is that no code works any more.
        Owner::connect(location, timeout)?.may_spend()?;
    }
    if exists {
        return open();
    }
    make_store(to, &site.keys, timeout)?;
    let mut end = open()?;
    end.to_be_filled()?;
    Ok(end)
}

/// The place of a URL, and the name that a store keeps it by.
pub fn place(folder: &Path, url: &str) -> Result<(StoreLocation, String), (String, &'static str)> {
    let location = StoreLocation::parse(folder, url)?;
    let name = match &location {
        StoreLocation::Sqlite(path) => format!("sqlite:{}", path.display()),
        #[cfg(feature = "postgres")]
        StoreLocation::Postgres(_) => url.to_owned(),
    };
    Ok((location, name))
}
