//! The embedded store: one SQLite file.
//!
//! The journal is a write-ahead log. What is used up is synced before the answer
//! (`synchronous = FULL`: with `NORMAL` a spent code can come back after a power cut); a charge and
//! an event need to survive the process only, and go with the next sync.

mod change;
mod copy;
mod events;
mod inspect;
mod maintain;
mod migrate;
mod read;
mod restore;
mod rows;
mod sealed;
mod settle;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

pub use inspect::Inspection;

use super::{
    EventFilter, Identity, Maintained, Part, Place, Resealed, Sealed, Store, StoreError, VERSION,
    fits,
};
use crate::account::{Account, Change, Settled, Settlement, Snapshot};
use crate::audit::Event;
use crate::budget::{Bucket, Charge, Charged, Owner};
use crate::clock::Timestamp;
use crate::crypto::Tag;
use crate::id::AccountId;
use crate::request::AccountName;

/// "motp": says that a SQLite file is ours (sqlite.org/pragma.html#pragma_application_id).
const APPLICATION_ID: u32 = 0x6d6f_7470;

/// The oldest SQLite that does what the store asks of it: of the schema, STRICT tables are of 3.37.0
/// (sqlite.org/stricttables.html); all else, as upserts (3.24), VACUUM INTO (3.27), NOFOLLOW and
/// trusted_schema (3.31) and the name sqlite_schema (3.33), is older.
pub const OLDEST_SQLITE: i32 = 3_037_000;

/// An open store.
pub struct SqliteStore {
    connection: Connection,
    /// When everything must be done.
    deadline: Option<Instant>,
}

impl SqliteStore {
    /// Fills a new, empty file with a store of this key ring. Fails where something is in it already.
    pub fn create(path: &Path, ring: Tag, timeout: Duration) -> Result<SqliteStore, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
        let connection = connect(path, flags, timeout)?;
        let pages: u32 = connection
            .pragma_query_value(None, "page_count", |row| row.get(0))
            .map_err(failed)?;
        if pages != 0 {
            return Err(StoreError::Exists);
        }
        let fill = || -> rusqlite::Result<()> {
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.execute_batch("BEGIN IMMEDIATE")?;
            connection.execute_batch(include_str!("schema.sql"))?;
            connection.execute(
                "INSERT INTO store (ring, generation, newest) VALUES (?1, 0, 0)",
                [ring.0],
            )?;
            connection.pragma_update(None, "application_id", APPLICATION_ID)?;
            connection.pragma_update(None, "user_version", migrate::marked(VERSION))?;
            connection.execute_batch("COMMIT")
        };
        fill().map_err(failed)?;
        Ok(SqliteStore {
            connection,
            deadline: None,
        })
    }

    /// Opens a store of this version, or a newer one that says it works with this build. Never makes one,
    /// never migrates one.
    pub fn open(path: &Path, timeout: Duration) -> Result<SqliteStore, StoreError> {
        if !path.exists() {
            return Err(StoreError::Missing(path.display().to_string()));
        }
        let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE, timeout)?;
        let number =
            |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, u32>(0));
        let not_ours = || StoreError::NotAStore(path.display().to_string());
        let id = number("application_id").map_err(|error| match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => not_ours(),
            _ => failed(error),
        })?;
        if id != APPLICATION_ID {
            return Err(not_ours());
        }
        match migrate::version(&connection).map_err(failed)? {
            (0, _) => Err(not_ours()),
            (found, since) => fits(found, since).map(|()| SqliteStore {
                connection,
                deadline: None,
            }),
        }
    }

    /// An error where the store is a newer one: it may hold what this build does not know.
    pub fn is_own(&self) -> Result<(), StoreError> {
        exactly_own(&self.connection)
    }

    /// The same, with a time by which all that it is asked must be done: what comes later is a
    /// failure, also where it was done.
    pub fn until(mut self, deadline: Instant) -> SqliteStore {
        self.deadline = Some(deadline);
        self
    }

    /// Lets the next transaction wait for others as long as there is time.
    fn in_time(&self) -> Result<(), StoreError> {
        let Some(deadline) = self.deadline else {
            return Ok(());
        };
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(StoreError::TooSlow);
        }
        wait_for(&self.connection, left).map_err(failed)
    }

    /// Runs `work`, a part of a login, as one transaction that writes.
    fn write<T>(
        &mut self,
        durable: bool,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        // The store may have been migrated since it was opened.
        let may = |transaction: &Transaction<'_>| {
            let (found, since) = migrate::version(transaction).map_err(failed)?;
            fits(found, since)
        };
        self.transact(durable, may, work)
    }

    /// The same for what no login does: a newer store may hold more that would have to change.
    fn administer<T>(
        &mut self,
        durable: bool,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        self.transact(durable, |transaction| exactly_own(transaction), work)
    }

    fn transact<T>(
        &mut self,
        durable: bool,
        may: impl FnOnce(&Transaction<'_>) -> Result<(), StoreError>,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        self.in_time()?;
        let level = if durable { "FULL" } else { "NORMAL" };
        self.connection
            .pragma_update(None, "synchronous", level)
            .map_err(failed)?;
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed)?;
        may(&transaction)?;
        let result = work(&transaction).map_err(failed)?;
        transaction.commit().map_err(failed)?;
        self.in_time()?;
        Ok(result)
    }
}

fn exactly_own(connection: &Connection) -> Result<(), StoreError> {
    match migrate::version(connection).map_err(failed)? {
        (found, _) if found > VERSION => Err(StoreError::Newer { found }),
        (found, since) => fits(found, since),
    }
}

fn connect(path: &Path, flags: OpenFlags, timeout: Duration) -> Result<Connection, StoreError> {
    is_new_enough(rusqlite::version_number())?;
    // SQLITE_OPEN_NOFOLLOW refuses a link anywhere in the path. The folder is the administrator's,
    // and may be one; the file may not.
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let real: PathBuf = folder
        .canonicalize()
        .map_err(|error| StoreError::Failed(format!("{}: {error}", folder.display())))?
        .join(path.file_name().unwrap_or_default());
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let connection = Connection::open_with_flags(real, flags).map_err(failed)?;
    let set = || -> rusqlite::Result<()> {
        wait_for(&connection, timeout)?;
        connection.pragma_update(None, "trusted_schema", false)?;
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        connection.pragma_update(None, "cell_size_check", true)
    };
    set().map_err(failed)?;
    Ok(connection)
}

/// Whether this build can work with a library that says it is `found`. Where SQLite is not bundled, it is
/// what the host process has loaded.
fn is_new_enough(found: i32) -> Result<(), StoreError> {
    let name = |number: i32| {
        let (major, minor, patch) = (number / 1_000_000, number / 1000 % 1000, number % 1000);
        format!("{major}.{minor}.{patch}")
    };
    if found >= OLDEST_SQLITE {
        return Ok(());
    }
    Err(StoreError::OldLibrary {
        found: name(found),
        needed: name(OLDEST_SQLITE),
    })
}

/// How long a statement waits for somebody else's. As `Connection::busy_timeout`, which asks for a function
/// that the libraries of some distributions do not have.
fn wait_for(connection: &Connection, time: Duration) -> rusqlite::Result<()> {
    let milliseconds = i32::try_from(time.as_millis()).unwrap_or(i32::MAX);
    connection.pragma_update(None, "busy_timeout", milliseconds)
}

fn failed(error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::TooSlow,
        Some(ErrorCode::DiskFull) => StoreError::Full,
        Some(ErrorCode::ConstraintViolation) => StoreError::Exists,
        Some(ErrorCode::NotADatabase) => StoreError::NotAStore("the file".into()),
        _ if matches!(error, rusqlite::Error::QueryReturnedNoRows) => StoreError::Gone,
        _ => StoreError::Failed(error.to_string()),
    }
}

/// Exactly one row was changed, or nothing is.
fn one(changed: usize) -> rusqlite::Result<()> {
    if changed == 1 {
        Ok(())
    } else {
        Err(rusqlite::Error::QueryReturnedNoRows)
    }
}

impl Store for SqliteStore {
    fn read(&mut self, name: &AccountName, alias: Option<&Tag>) -> Result<Snapshot, StoreError> {
        self.in_time()?;
        let transaction = self.connection.transaction().map_err(failed)?;
        read::snapshot(&transaction, name, alias).map_err(failed)
    }

    fn charge(&mut self, charge: &Charge) -> Result<Charged, StoreError> {
        self.write(false, |transaction| {
            let mut buckets = rows::buckets(transaction, charge)?;
            let charged = charge.take(&mut buckets);
            if charged == Charged::Taken {
                rows::put_buckets(transaction, charge, &buckets)?;
            }
            Ok(charged)
        })
    }

    fn settle(&mut self, settlement: &Settlement) -> Result<Settled, StoreError> {
        self.write(settlement.must_be_durable(), |transaction| {
            settle::settle(transaction, settlement)
        })
    }

    fn change(
        &mut self,
        account: AccountId,
        changes: &[Change],
        event: &Event,
    ) -> Result<u64, StoreError> {
        self.administer(true, |transaction| {
            change::part(transaction, account, changes, event)
        })
    }

    fn change_all(&mut self, parts: &[Part]) -> Result<u64, StoreError> {
        self.administer(true, |transaction| {
            for part in parts {
                change::part(transaction, part.account, &part.changes, &part.event)?;
            }
            change::generation(transaction)
        })
    }

    fn identity(&mut self) -> Result<Identity, StoreError> {
        let identity = |row: &rusqlite::Row<'_>| {
            let generation: i64 = row.get(1)?;
            Ok(Identity {
                ring: Tag(row.get(0)?),
                generation: generation as u64,
            })
        };
        self.connection
            .query_row("SELECT ring, generation FROM store", [], identity)
            .map_err(failed)
    }

    fn accounts(&mut self) -> Result<Vec<Account>, StoreError> {
        rows::accounts(&self.connection).map_err(failed)
    }

    fn bucket(&mut self, owner: &Owner) -> Result<Bucket, StoreError> {
        rows::bucket(&self.connection, owner).map_err(failed)
    }

    fn buckets(&mut self, account: AccountId) -> Result<Vec<(Owner, Bucket)>, StoreError> {
        rows::buckets_of(&self.connection, account).map_err(failed)
    }

    fn tell_of_unenrolled(&mut self, event: &Event) -> Result<(), StoreError> {
        self.write(false, |transaction| {
            events::insert_unenrolled(transaction, event)
        })
    }

    fn maintain(
        &mut self,
        now: Timestamp,
        keep_since: Timestamp,
    ) -> Result<Maintained, StoreError> {
        self.forget(now, keep_since)
    }

    fn used_since(&mut self, since: Timestamp) -> Result<Vec<AccountName>, StoreError> {
        rows::used_since(&self.connection, since).map_err(failed)
    }

    fn sealed(&mut self, after: Option<&Place>, limit: u32) -> Result<Vec<Sealed>, StoreError> {
        self.in_time()?;
        let transaction = self.connection.transaction().map_err(failed)?;
        // What is not found here would be lost with the key that it is sealed with.
        exactly_own(&transaction)?;
        sealed::select(&transaction, after, limit).map_err(failed)
    }

    fn reseal(&mut self, values: &[Resealed]) -> Result<u64, StoreError> {
        self.administer(true, |transaction| sealed::replace(transaction, values))
    }

    fn events(&mut self, filter: &EventFilter) -> Result<Vec<Event>, StoreError> {
        events::select(&self.connection, filter).map_err(failed)
    }
}

#[cfg(test)]
mod tests;
