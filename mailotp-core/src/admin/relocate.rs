//! The store goes to another place, and the configuration with it.

use std::path::Path;

use super::AdminError;
use super::init::make_file;
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
    let (mut end, is_new) = match to {
        StoreLocation::Sqlite(path) => {
            let is_new = !path.exists();
            if is_new {
                make_file(path, &site.keys, timeout)?;
            }
            check_store(path)?;
            (End::file(SqliteStore::open(path, timeout)?)?, is_new)
        }
        #[cfg(feature = "postgres")]
        StoreLocation::Postgres(location) => {
            let owner = Owner::connect(location, timeout)?;
            let is_new = owner.ring()?.is_none();
            // Else the first thing that is noticed of it is that no code works any more.
            owner.may_spend()?;
            if is_new {
                owner.create(site.keys.identity())?;
            } else {
                owner.migrate()?;
            }
            (End::Database(Box::new(owner)), is_new)
        }
    };
    if is_new {
        end.to_be_filled()?;
    }
    Ok(end)
}

/// The name that a store keeps the place of a URL by.
pub fn place_name(folder: &Path, url: &str) -> Result<String, (String, &'static str)> {
    Ok(match StoreLocation::parse(folder, url)? {
        StoreLocation::Sqlite(path) => format!("sqlite:{}", path.display()),
        #[cfg(feature = "postgres")]
        StoreLocation::Postgres(_) => url.to_owned(),
    })
}
