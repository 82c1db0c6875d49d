//! Keeps a store open, so that logins find it so.
//!
//! Whoever opens a store that nobody has open makes the index of its log, and whoever closes it last brings the log
//! into the file, waits for the disk, and removes both. A login that is alone pays for all of that. While a keeper
//! has the store open it pays for none; the keeper brings the log into the file behind it.
//!
//! ```text
//!            committed since the last look?
//!   tend ──┬── yes ──▶ the log goes into the file as far as nobody reads from it
//!          └── no ───▶ all of it, and the log is emptied: so the file is whole by itself as soon as nothing happens
//! ```

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use super::{Expected, SqliteStore, failed};
use crate::store::StoreError;
use crate::store::sql::Database;

/// A store that is kept open.
pub struct Keeper {
    store: SqliteStore,
    /// Changes with every commit of others (sqlite.org/pragma.html#pragma_data_version).
    seen: i64,
    is_emptied: bool,
}

impl Keeper {
    /// Opens the store of which this is expected.
    pub fn open(path: &Path, timeout: Duration, expected: Expected) -> Result<Keeper, StoreError> {
        let mut store = SqliteStore::open_expected(path, timeout, expected)?;
        store.look(|_| Ok(()))?;
        Ok(Keeper {
            seen: version(&store.connection).map_err(failed)?,
            store,
            is_emptied: false,
        })
    }

    /// Looks after the log, which takes no longer than it takes to write it. Says whether it is still the store that
    /// stands in this place; if not, it is to be let go of.
    pub fn tend(&mut self) -> Result<bool, StoreError> {
        if !self.store.place.is_unchanged() {
            return Ok(false);
        }
        self.look_after_log().map_err(failed)?;
        Ok(true)
    }

    fn look_after_log(&mut self) -> rusqlite::Result<()> {
        let connection = &self.store.connection;
        let now = version(connection)?;
        if now != self.seen {
            self.seen = now;
            self.is_emptied = false;
            checkpoint(connection, "PASSIVE")?;
        } else if !self.is_emptied {
            // Nobody is waited for: next time will do.
            self.is_emptied = checkpoint(connection, "TRUNCATE")?;
        }
        Ok(())
    }
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA data_version", [], |row| row.get(0))
}

/// Says whether nobody was in the way (sqlite.org/pragma.html#pragma_wal_checkpoint).
fn checkpoint(connection: &Connection, how: &str) -> rusqlite::Result<bool> {
    connection
        .query_row(&format!("PRAGMA wal_checkpoint({how})"), [], |row| {
            row.get(0)
        })
        .map(|busy: i64| busy == 0)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::tests::Temporary;
    use super::*;
    use crate::account::Settled;
    use crate::crypto::Tag;
    use crate::store::Store;
    use crate::store::contract::{fill_for_race, race_settlement};

    const TIMEOUT: Duration = Duration::from_secs(5);

    fn keeper(path: &Path) -> Keeper {
        let expected = Expected {
            ring: Tag([0; 16]),
            generation: 0,
        };
        Keeper::open(path, TIMEOUT, expected).unwrap()
    }

    fn log_in(path: &Path, number: u32) {
        let mut store = SqliteStore::open(path, TIMEOUT).unwrap();
        let settled = store.settle(&race_settlement(number)).unwrap();
        assert_eq!(settled, Settled::Consumed);
    }

    fn length(path: &Path, end: &str) -> Option<u64> {
        let file = crate::files::with_end(path, end);
        fs::metadata(file).ok().map(|metadata| metadata.len())
    }

    #[test]
    fn a_kept_store_keeps_its_log_and_as_soon_as_nothing_happens_the_file_is_whole_by_itself() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.db");
        let mut temporary = Temporary::at(&path);
        fill_for_race(temporary.store());
        drop(temporary);
        assert_eq!(length(&path, "-wal"), None, "the last one takes care of it");
        let mut keeper = keeper(&path);
        log_in(&path, 1);
        assert!(length(&path, "-wal").unwrap() > 0, "left to the keeper");
        for _ in 0..2 {
            assert!(keeper.tend().unwrap());
        }
        assert_eq!(length(&path, "-wal"), Some(0));
        // What is copied now is all that there is.
        let copy = folder.path().join("copy.db");
        fs::copy(&path, &copy).unwrap();
        let mut copy = SqliteStore::open(&copy, TIMEOUT).unwrap();
        assert_ne!(copy.settle(&race_settlement(1)).unwrap(), Settled::Consumed);
        log_in(&path, 2);
        drop(keeper);
        assert_eq!(length(&path, "-wal"), None);
    }

    /// sqlite.org/howtocorrupt.html, 2.4: whoever closes a store last removes the log of whichever store has its name.
    #[test]
    fn a_store_that_takes_the_place_of_a_kept_one_keeps_its_log() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.db");
        let mut temporary = Temporary::at(&path);
        fill_for_race(temporary.store());
        drop(temporary);
        let mut keeper = keeper(&path);
        fs::rename(&path, folder.path().join("old.db")).unwrap();
        for end in ["-wal", "-shm"] {
            let _ = fs::remove_file(crate::files::with_end(&path, end));
        }
        let mut next = Temporary::at(&path);
        fill_for_race(next.store());
        assert!(!keeper.tend().unwrap());
        drop(keeper);
        assert!(length(&path, "-wal").unwrap() > 0);
        log_in(&path, 1);
    }
}
