//! Whether a file is the store that it should be.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode};

use super::{APPLICATION_ID, failed, migrate};
use crate::clock::Timestamp;
use crate::crypto::Tag;
use crate::store::sql::{Moving, Row, SITE};
use crate::store::{StoreError, fits};

/// What a host knows of its store.
pub struct Expected {
    /// The key ring that it belongs to.
    pub ring: Tag,
    /// The generation that it has reached, as far as was seen.
    pub generation: u64,
}

/// What a store has to be.
pub(super) struct Trust {
    path: PathBuf,
    expected: Option<Expected>,
}

/// What it says of itself.
pub(super) struct Found {
    /// Its version; see [`migrate::of_mark`].
    pub(super) mark: u32,
    /// The key ring that it belongs to.
    pub(super) ring: Tag,
    /// Why nobody is let in.
    pub(super) moving: Option<String>,
    /// The generation that it has come to.
    pub(super) generation: u64,
    /// The time of its newest event.
    pub(super) newest: Timestamp,
    /// See [`Sql::site`](crate::store::sql::Sql::site).
    pub(super) site: Row,
}

impl Trust {
    /// In any store of a version that this build works with.
    pub(super) fn any(path: &Path) -> Trust {
        Trust {
            path: path.to_owned(),
            expected: None,
        }
    }

    /// In this one alone, and where it does not move to another place.
    pub(super) fn in_one(path: &Path, expected: Expected) -> Trust {
        Trust {
            expected: Some(expected),
            ..Trust::any(path)
        }
    }

    /// Looks inside a transaction, which the rest of it may rely on.
    pub(super) fn look(&self, connection: &Connection) -> Result<Found, StoreError> {
        let not_ours = || StoreError::NotAStore(self.path.display().to_string());
        let number = |pragma: &str| -> rusqlite::Result<u32> {
            connection
                .prepare_cached(pragma)?
                .query_row([], |row| row.get(0))
        };
        let id =
            number("PRAGMA application_id").map_err(|error| match error.sqlite_error_code() {
                Some(ErrorCode::NotADatabase) => not_ours(),
                _ => failed(error),
            })?;
        if id != APPLICATION_ID {
            return Err(not_ours());
        }
        let mark = number(migrate::MARK).map_err(failed)?;
        match migrate::of_mark(mark) {
            (0, _) => return Err(not_ours()),
            (found, since) => fits(found, since)?,
        }
        // What the rest of the transaction wants to know of the site comes with it: each statement is prepared anew.
        let said = || {
            let select = format!("SELECT ring, moving, generation, {SITE} FROM store");
            let mut statement = connection.prepare_cached(&select)?;
            let columns = statement.column_count();
            statement.query_row([], |row| {
                let site = (3..columns).map(|column| row.get(column));
                let site = Row(site.collect::<Result<_, _>>()?);
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, site))
            })
        };
        let (ring, moving, generation, site): (_, _, i64, _) = said().map_err(failed)?;
        let found = Found {
            mark,
            ring: Tag(ring),
            moving,
            generation: generation as u64,
            newest: site.get(0)?,
            site,
        };
        self.compare(&found)?;
        Ok(found)
    }

    fn compare(&self, found: &Found) -> Result<(), StoreError> {
        let Some(expected) = &self.expected else {
            return Ok(());
        };
        if let Some(moving) = &found.moving {
            return Err(Moving::stored(moving.clone()).into());
        }
        if found.ring != expected.ring {
            return Err(StoreError::OtherRing);
        }
        if found.generation < expected.generation {
            return Err(StoreError::OldCopy {
                found: found.generation,
                expected: expected.generation,
            });
        }
        Ok(())
    }
}
