//! The store as one file, whatever it is kept in.

use std::path::Path;

use crate::config::StoreLocation;
use crate::site::Site;
use crate::store::StoreError;
#[cfg(feature = "postgres")]
use crate::store::postgres::Owner;
use crate::store::sqlite::SqliteStore;
#[cfg(feature = "postgres")]
use crate::store::transfer::{End, snapshot};

/// Writes a copy, as the store is at one moment, into a new file that only its owner can read. Logins go on
/// meanwhile.
pub fn copy_store(site: &Site, to: &Path) -> Result<(), StoreError> {
    let timeout = site.config.timeout;
    match &site.config.store {
        StoreLocation::Sqlite(path) => SqliteStore::copy(path, to, timeout),
        #[cfg(feature = "postgres")]
        StoreLocation::Postgres(location) => {
            let owner = Owner::connect(location, timeout)?;
            let mut end = End::Database(Box::new(owner));
            snapshot(&mut end, site.keys.identity(), to, timeout)
        }
    }
}
