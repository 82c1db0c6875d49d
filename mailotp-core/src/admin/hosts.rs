//! The mail hosts that use a store together.

use super::AdminError;
use crate::clock::Timestamp;
use crate::config::StoreLocation;
use crate::site::Site;
#[cfg(feature = "postgres")]
use crate::store::postgres::{Host, Owner};

/// A host that uses the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailHost {
    /// What it remembers itself by.
    pub id: String,
    /// How it calls itself.
    pub name: String,
    /// When it came last, to the day.
    pub seen: Timestamp,
    /// Whether it has said that the database has all that it has spent.
    pub vouches: bool,
}

/// All of them, by name.
pub fn hosts(site: &Site) -> Result<Vec<MailHost>, AdminError> {
    match &site.config.store {
        StoreLocation::Sqlite(_) => Err(AdminError::OneMachine(site.config.store.to_string())),
        #[cfg(feature = "postgres")]
        StoreLocation::Postgres(location) => {
            let hosts = Owner::connect(location, site.config.timeout)?.hosts()?;
            let host = |(host, vouches): (Host, bool)| MailHost {
                id: host.id.as_str().to_owned(),
                name: host.name,
                seen: host.seen,
                vouches,
            };
            Ok(hosts.into_iter().map(host).collect())
        }
    }
}

/// Waits no more for the word of a host, by its name or id. It is known again as soon as it comes.
pub fn forget_host(site: &Site, host: &str) -> Result<(), AdminError> {
    let forgotten = match &site.config.store {
        StoreLocation::Sqlite(_) => 0,
        #[cfg(feature = "postgres")]
        StoreLocation::Postgres(location) => {
            Owner::connect(location, site.config.timeout)?.forget_host(host)?
        }
    };
    match forgotten {
        0 => Err(AdminError::NoHost(host.to_owned())),
        _ => Ok(()),
    }
}
