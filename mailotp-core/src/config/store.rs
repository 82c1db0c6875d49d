//! `[store]`: where everything is kept.

use std::fmt;
use std::path::{Path, PathBuf};

use super::ConfigError;
use super::file::Reader;
use super::tables::Store;
#[cfg(feature = "postgres")]
use crate::location::Location;

/// What `[store] url` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreLocation {
    /// A file.
    Sqlite(PathBuf),
    /// A database that several machines share.
    #[cfg(feature = "postgres")]
    Postgres(Box<Location>),
}

impl StoreLocation {
    /// The file, where it is one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            StoreLocation::Sqlite(path) => Some(path),
            #[cfg(feature = "postgres")]
            StoreLocation::Postgres(_) => None,
        }
    }

    /// Reads a URL as `[store] url` has it, without what else stands there; a relative path is relative to
    /// `folder`. The error says what is wrong, and what to write.
    pub fn parse(folder: &Path, url: &str) -> Result<StoreLocation, (String, &'static str)> {
        match url.split_once(':') {
            Some(("sqlite", "")) => Err(("store.url names no file".into(), FILE)),
            Some(("sqlite", file)) => Ok(StoreLocation::Sqlite(folder.join(file))),
            Some(("postgresql" | "postgres", _)) => postgres(url),
            _ => Err((format!("store.url is \"{url}\", which is no store"), FILE)),
        }
    }
}

impl fmt::Display for StoreLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreLocation::Sqlite(path) => path.display().fmt(f),
            #[cfg(feature = "postgres")]
            StoreLocation::Postgres(location) => location.fmt(f),
        }
    }
}

const FILE: &str = "Write url = \"sqlite:/var/lib/mailotp/mailotp.db\".";

#[cfg(feature = "postgres")]
fn postgres(url: &str) -> Result<StoreLocation, (String, &'static str)> {
    let remedy = "Write url = \"postgresql://mailotp@/mailotp?host=/var/run/postgresql\": see mailotp.toml(5).";
    Location::parse(url)
        .map(|location| StoreLocation::Postgres(Box::new(location)))
        .map_err(|why| (format!("store.url: {why}"), remedy))
}

#[cfg(not(feature = "postgres"))]
fn postgres(_: &str) -> Result<StoreLocation, (String, &'static str)> {
    let message = "this build of mailotp does not speak PostgreSQL";
    Err((
        message.into(),
        "Install the packages for PostgreSQL, or build with --features postgres.",
    ))
}

impl Reader<'_> {
    /// What `[store]` says of the place.
    pub(super) fn store(&self, folder: &Path, table: &Store) -> Result<StoreLocation, ConfigError> {
        let location = StoreLocation::parse(folder, table.url.get_ref())
            .map_err(|(message, remedy)| self.wrong(&table.url, message, remedy))?;
        match location {
            // What else stands there waits until the store moves.
            StoreLocation::Sqlite(_) => Ok(location),
            #[cfg(feature = "postgres")]
            StoreLocation::Postgres(location) => self.of_a_database(folder, table, *location),
        }
    }

    #[cfg(feature = "postgres")]
    fn of_a_database(
        &self,
        folder: &Path,
        table: &Store,
        mut location: Location,
    ) -> Result<StoreLocation, ConfigError> {
        let file = |path: &Option<PathBuf>| path.as_ref().map(|path| folder.join(path));
        location.password_file = file(&table.password_file);
        location.owner = table.owner.clone();
        location.owner_password_file = file(&table.owner_password_file);
        location.ca_file = file(&table.ca_file);
        location.accept_loss = table.accept_loss;
        if let (Some(exposed), None) = (location.exposed(), &location.ca_file) {
            return Err(self.wrong(
                &table.url,
                format!("{exposed} is not on this machine, and without TLS anybody between could say that a code is unspent"),
                "Write ca_file = \"…\": who has signed the server's certificate.",
            ));
        }
        Ok(StoreLocation::Postgres(Box::new(location)))
    }
}
