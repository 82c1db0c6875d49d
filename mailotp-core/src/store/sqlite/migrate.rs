//! Migrations: forward only, one step a version. Logins never migrate; the command does.
//!
//! ```text
//!  user_version   0000 0000 0000 0011   0000 0000 0000 0011
//!                 works since           version                 (nothing in front: its own version alone)
//! ```
//!
//! One number, read and written at once, so that no moment has one of the two without the other.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};

use super::{APPLICATION_ID, SqliteStore, failed, patient_connection};
use crate::store::{StoreError, VERSION, WORKS_SINCE};

/// What leads from each version to the next; the first one from 1 to 2.
const STEPS: [&str; VERSION as usize - 1] = [
    include_str!("migrate_1_to_2.sql"),
    include_str!("migrate_2_to_3.sql"),
];

const HALF: u32 = 16;

/// What a store of this build says of itself.
pub(super) const fn marked(version: u32) -> u32 {
    WORKS_SINCE << HALF | version
}

/// Asks for the number.
pub(super) const MARK: &str = "PRAGMA user_version";

/// The version that the number says, and from which one on builds go on with it.
pub(super) fn of_mark(mark: u32) -> (u32, Option<u32>) {
    let since = mark >> HALF;
    (mark & ((1 << HALF) - 1), (since > 0).then_some(since))
}

/// The version of a store, and from which one on builds go on with it.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<(u32, Option<u32>)> {
    connection
        .query_row(MARK, [], |row| row.get(0))
        .map(of_mark)
}

impl SqliteStore {
    /// Brings the store at `path` to the version of this build, all of it or nothing. Returns the
    /// version that it had.
    pub fn migrate(path: &Path, timeout: Duration) -> Result<u32, StoreError> {
        let mut connection = patient_connection(path, timeout)?;
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed)?;
        let number = |name: &str| {
            transaction
                .pragma_query_value(None, name, |row| row.get::<_, u32>(0))
                .map_err(failed)
        };
        if number("application_id")? != APPLICATION_ID {
            return Err(StoreError::NotAStore(path.display().to_string()));
        }
        let (found, _) = version(&transaction).map_err(failed)?;
        if found > VERSION {
            return Err(StoreError::Newer { found });
        }
        let done = found.saturating_sub(1) as usize;
        for step in STEPS.get(done..).unwrap_or_default() {
            transaction.execute_batch(step).map_err(failed)?;
        }
        transaction
            .pragma_update(None, "user_version", marked(VERSION))
            .map_err(failed)?;
        transaction.commit().map_err(failed)?;
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Temporary;
    use super::*;
    use crate::account::Settled;
    use crate::id::AccountId;
    use crate::store::contract::{fill_for_race, race_settlement};
    use crate::store::{EventFilter, Store};

    const TIMEOUT: Duration = Duration::from_secs(5);

    /// What a later mailotp would make of it.
    fn mark(connection: &Connection, version: u32, since: u32) {
        let mark = since << HALF | version;
        connection
            .execute_batch(
                "ALTER TABLE account ADD COLUMN later TEXT; CREATE TABLE later (x TEXT) STRICT",
            )
            .unwrap();
        connection
            .pragma_update(None, "user_version", mark)
            .unwrap();
    }

    fn is_newer<T>(result: &Result<T, StoreError>) -> bool {
        matches!(result, Err(StoreError::Newer { found }) if *found == VERSION + 1)
    }

    #[test]
    fn a_newer_store_that_works_with_this_build_lets_people_in_and_is_changed_by_no_command() {
        let mut temporary = Temporary::new();
        fill_for_race(temporary.store());
        mark(temporary.connection(), VERSION + 1, VERSION);
        let mut store = SqliteStore::open(&temporary.path(), TIMEOUT).unwrap();
        let settled = store.settle(&race_settlement(1)).unwrap();
        assert_eq!(settled, Settled::Consumed);
        assert_ne!(
            store.settle(&race_settlement(1)).unwrap(),
            Settled::Consumed,
            "once"
        );
        assert!(is_newer(&store.is_own()));
        let event = store.events(&EventFilter::default()).unwrap().remove(0);
        assert!(is_newer(&store.change(AccountId(7), &[], &event)));
        assert!(is_newer(&store.change_all(&[])));
        assert!(is_newer(&store.reseal(&[])));
        assert!(is_newer(&store.sealed(None, 1)));
        assert!(is_newer(&store.maintain(event.time, event.time)));
        assert!(is_newer(&SqliteStore::migrate(&temporary.path(), TIMEOUT)));
    }

    #[test]
    fn a_newer_store_that_does_not_say_so_is_refused() {
        for since in [0, VERSION + 1] {
            let temporary = Temporary::new();
            mark(temporary.connection(), VERSION + 1, since);
            assert!(
                is_newer(&SqliteStore::open(&temporary.path(), TIMEOUT)),
                "{since}"
            );
        }
    }

    #[test]
    fn a_login_is_under_way_when_the_store_is_migrated() {
        for since in [0, VERSION] {
            let mut temporary = Temporary::new();
            fill_for_race(temporary.store());
            let mut store = SqliteStore::open(&temporary.path(), TIMEOUT).unwrap();
            mark(temporary.connection(), VERSION + 1, since);
            let settled = store.settle(&race_settlement(1));
            if since == 0 {
                assert!(is_newer(&settled));
            } else {
                assert_eq!(settled.unwrap(), Settled::Consumed);
            }
        }
    }

    #[test]
    fn every_store_says_from_which_version_on_builds_go_on_with_it() {
        const { assert!(WORKS_SINCE >= 1 && WORKS_SINCE <= VERSION && VERSION < 1 << HALF) };
        let temporary = Temporary::new();
        let said = (VERSION, Some(WORKS_SINCE));
        assert_eq!(version(temporary.connection()).unwrap(), said);
        // As the builds before this one left it.
        temporary
            .connection()
            .pragma_update(None, "user_version", VERSION)
            .unwrap();
        assert!(SqliteStore::open(&temporary.path(), TIMEOUT).is_ok());
        assert_eq!(
            SqliteStore::migrate(&temporary.path(), TIMEOUT).unwrap(),
            VERSION
        );
        assert_eq!(version(temporary.connection()).unwrap(), said);
    }
}
