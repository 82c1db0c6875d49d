//! The store as a whole: copied while it is used, and put in the place of another one.
//!
//! A database that is in use is never copied, renamed or overwritten as a file: its log of writes lies
//! beside it, and whoever has it open would go on with half of each. SQLite does all of it.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ToSql, TransactionBehavior};

use super::{SqliteStore, failed, patient_connection};
use crate::store::StoreError;

impl SqliteStore {
    /// Writes a copy, as the store at `from` is at one moment and of whatever version, into a new file that
    /// only its owner can read. Logins go on meanwhile.
    pub fn copy(from: &Path, to: &Path, timeout: Duration) -> Result<(), StoreError> {
        let broken = |why: &dyn std::fmt::Display| {
            StoreError::Failed(format!("{} cannot be made: {why}", to.display()))
        };
        let connection = patient_connection(from, timeout)?;
        let name = to.to_str().ok_or_else(|| broken(&"its name is no text"))?;
        // SQLite would make it with the mode of any new file; an empty one it takes as it is.
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(to)
            .map_err(|why| broken(&why))?;
        let copied = connection.execute("VACUUM INTO ?1", [name]);
        if copied.is_err() {
            let _ = std::fs::remove_file(to);
        }
        copied.map(|_| ()).map_err(failed)
    }

    /// Whether the file is whole, and nothing in it acts by itself. Whoever could write it could have put
    /// triggers there.
    pub fn examine(&mut self) -> Result<(), StoreError> {
        let acting: u32 = self
            .connection
            .query_row(
                "SELECT count(*) FROM sqlite_schema WHERE type NOT IN ('table', 'index')",
                [],
                |row| row.get(0),
            )
            .map_err(failed)?;
        let health: String = self
            .connection
            .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
            .map_err(failed)?;
        match (acting, health.as_str()) {
            (0, "ok") => Ok(()),
            (0, ill) => Err(StoreError::Failed(format!("it is damaged: {ill}"))),
            _ => Err(StoreError::NotAStore("the file".into())),
        }
    }

    /// Makes a store of a copy: one with a log, which lets people in, whatever was to become of the store that it
    /// is a copy of.
    pub fn let_in(&mut self) -> Result<(), StoreError> {
        let set = || -> rusqlite::Result<()> {
            self.connection.pragma_update(None, "journal_mode", "WAL")?;
            self.connection
                .execute("UPDATE store SET moving = NULL", [])?;
            Ok(())
        };
        set().map_err(failed)
    }

    /// Makes a file that no process has open ready to be used as a store: what is in it is on the disk, and
    /// nothing stands beside it.
    pub fn settle_file(path: &Path, timeout: Duration) -> Result<(), StoreError> {
        let connection = patient_connection(path, timeout)?;
        let set = || -> rusqlite::Result<()> {
            connection.pragma_update(None, "synchronous", "FULL")?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
        };
        set().map_err(failed)?;
        connection.close().map_err(|(_, why)| failed(why))
    }

    /// Puts all that is in the store at `from`, which no other process has open, in the place of all that is in
    /// the one at `to`, in one transaction. Whoever has `to` open finds the old content or the new; what was let
    /// in with the old one until then is not let in again. Returns the new generation.
    pub fn take_over(to: &Path, from: &Path, timeout: Duration) -> Result<u64, StoreError> {
        let name = from.to_str();
        let name = name.ok_or_else(|| StoreError::Failed("its name is no text".into()))?;
        let mut connection = patient_connection(to, timeout)?;
        let mut work = || -> rusqlite::Result<i64> {
            connection.execute("ATTACH ?1 AS restored", [name])?;
            connection.pragma_update(None, "synchronous", "FULL")?;
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            transaction.execute_batch(
                "PRAGMA defer_foreign_keys = ON;
                 UPDATE restored.account AS new SET totp_floor = max(totp_floor, coalesce(
                   (SELECT old.totp_floor FROM main.account AS old WHERE old.id = new.id), 0));
                 UPDATE restored.store SET generation =
                   max(generation, (SELECT generation FROM main.store) + 1);",
            )?;
            for table in names(&transaction, TABLES, &[])? {
                // A store that was migrated has its columns in another order than one that was made new.
                let columns = names(&transaction, COLUMNS, &[&table])?.join(", ");
                transaction.execute_batch(&format!(
                    "DELETE FROM main.{table};
                     INSERT INTO main.{table} ({columns}) SELECT {columns} FROM restored.{table};"
                ))?;
            }
            let select = "SELECT generation FROM main.store";
            let generation = transaction.query_row(select, [], |row| row.get(0))?;
            transaction.commit()?;
            Ok(generation)
        };
        let generation = work().map_err(failed)?;
        connection.close().map_err(|(_, why)| failed(why))?;
        Ok(generation as u64)
    }
}

/// Our own tables: their names, and those of their columns, stand in no file of anybody else.
const TABLES: &str = "SELECT name FROM main.sqlite_schema
     WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name";
const COLUMNS: &str = "SELECT name FROM pragma_table_info(?1, 'main') ORDER BY cid";

fn names(
    connection: &Connection,
    select: &str,
    values: &[&dyn ToSql],
) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(select)?;
    statement.query_map(values, |row| row.get(0))?.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Change;
    use crate::audit::{Event, Reason, Verdict};
    use crate::clock::Timestamp;
    use crate::crypto::Tag;
    use crate::id::AccountId;
    use crate::store::Store;

    const TIMEOUT: Duration = Duration::from_secs(5);

    fn store(path: &Path) -> SqliteStore {
        std::fs::write(path, b"").unwrap();
        SqliteStore::create(path, Tag([0; 16]), TIMEOUT).unwrap()
    }

    fn change(store: &mut SqliteStore) -> u64 {
        let event = Event {
            time: Timestamp(1000),
            host: "host".into(),
            actor: None,
            account: None,
            service: None,
            remote: None,
            result: Verdict::Changed,
            reason: Reason::GraceEnded,
            would: None,
            rule: None,
            kind: None,
            credential: None,
            count: 1,
        };
        let changes = [Change::EndAllWindows];
        store.change(AccountId::NOBODY, &changes, &event).unwrap()
    }

    fn generation(store: &mut SqliteStore) -> u64 {
        store.identity().unwrap().generation
    }

    #[test]
    fn a_copy_is_whole_private_and_made_while_the_store_is_open() {
        let folder = tempfile::tempdir().unwrap();
        let (path, copy) = (folder.path().join("m.db"), folder.path().join("copy"));
        let mut live = store(&path);
        change(&mut live);
        SqliteStore::copy(&path, &copy, TIMEOUT).unwrap();
        assert!(
            SqliteStore::copy(&path, &copy, TIMEOUT).is_err(),
            "it is there"
        );
        change(&mut live);
        let mut copied = SqliteStore::open(&copy, TIMEOUT).unwrap();
        copied.examine().unwrap();
        assert_eq!((generation(&mut live), generation(&mut copied)), (2, 1));
        let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(&copy).unwrap());
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_store_is_replaced_under_those_who_have_it_open() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("m.db"), folder.path().join("other"));
        let mut live = store(&path);
        let mut new = store(&other);
        for _ in 0..9 {
            change(&mut new);
        }
        drop(new);
        assert_eq!(generation(&mut live), 0);
        let take_over = || SqliteStore::take_over(&path, &other, TIMEOUT).unwrap();
        assert_eq!(take_over(), 9);
        assert_eq!(generation(&mut live), 9);
        assert_eq!(change(&mut live), 10, "it goes on");
        // What was read before is older than what is let in until it takes over.
        assert_eq!(take_over(), 11);
        let mut again = SqliteStore::open(&path, TIMEOUT).unwrap();
        again.examine().unwrap();
        assert_eq!(generation(&mut again), 11);
        let events = again.events(&crate::store::EventFilter::default());
        assert_eq!(events.unwrap().len(), 9, "those of the other one");
        let mode: String = again
            .connection
            .pragma_query_value(None, "journal_mode", |row| row.get(0))
            .unwrap();
        assert_eq!(mode, "wal");
    }

    #[test]
    fn what_acts_by_itself_is_no_store() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = store(&folder.path().join("m.db"));
        store.examine().unwrap();
        for act in [
            "CREATE VIEW v AS SELECT 1",
            "DROP VIEW v; CREATE TRIGGER t AFTER UPDATE ON store BEGIN DELETE FROM event; END",
        ] {
            store.connection.execute_batch(act).unwrap();
            assert!(store.examine().is_err(), "{act}");
        }
    }
}
