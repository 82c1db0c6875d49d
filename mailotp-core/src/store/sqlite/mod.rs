//! The embedded store: one SQLite file.
//!
//! The journal is a write-ahead log. What is used up is synced before the answer
//! (`synchronous = FULL`: with `NORMAL` a spent code can come back after a power cut); a charge and
//! an event need to survive the process only, and go with the next sync.

mod copy;
mod migrate;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{
    Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior, params_from_iter,
};

use super::sql::{
    self, Cell, Database, Durability, Moving, Row, Sql, Thoroughness, Value, one, values,
};
use super::{StoreError, VERSION, fits};
use crate::budget::Owner;
use crate::clock::Timestamp;
use crate::crypto::Tag;
use crate::id::AccountId;

/// "motp": says that a SQLite file is ours (sqlite.org/pragma.html#pragma_application_id).
const APPLICATION_ID: u32 = 0x6d6f_7470;

/// SQLite tells of at most so many damages.
const DAMAGES: u32 = 5;

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
        let (found, since) = migrate::version(&self.connection).map_err(failed)?;
        sql::exactly_own(found, since)
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

impl Database for SqliteStore {
    fn look<T>(
        &mut self,
        mut work: impl FnMut(&dyn Sql) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.in_time()?;
        let transaction = self.connection.transaction().map_err(failed)?;
        work(&transaction)
    }

    fn write<T>(
        &mut self,
        durability: Durability,
        mut work: impl FnMut(&dyn Sql) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.in_time()?;
        let level = match durability {
            Durability::Process => "NORMAL",
            Durability::Power | Durability::Spent => "FULL",
        };
        self.connection
            .pragma_update(None, "synchronous", level)
            .map_err(failed)?;
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed)?;
        let result = work(&transaction)?;
        transaction.commit().map_err(failed)?;
        self.in_time()?;
        Ok(result)
    }

    fn tidy(&mut self) -> Result<(), StoreError> {
        // The log of writes goes into the file, and the planner learns what the tables hold now.
        self.connection
            .execute_batch("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA optimize")
            .map_err(failed)
    }

    fn until(&mut self, deadline: Instant) {
        self.deadline = Some(deadline);
    }

    fn damage(&mut self, thoroughness: Thoroughness) -> Result<Vec<String>, StoreError> {
        let check = match thoroughness {
            Thoroughness::Quick => "quick_check",
            Thoroughness::Thorough => "integrity_check",
        };
        let mut damage = Vec::new();
        let line = |row: &rusqlite::Row<'_>| {
            damage.push(row.get::<_, String>(0)?);
            Ok(())
        };
        let looked = self.connection.pragma(None, check, DAMAGES, line);
        looked.map_err(failed)?;
        damage.retain(|line| line != "ok");
        Ok(damage)
    }
}

/// Whoever writes has the whole store: there is nothing to hold.
impl Sql for Transaction<'_> {
    fn execute(&self, statement: &str, values: &[Value<'_>]) -> Result<u64, StoreError> {
        let changed = self
            .prepare_cached(statement)
            .and_then(|mut statement| statement.execute(params_from_iter(values)));
        changed.map(|rows| rows as u64).map_err(failed)
    }

    fn query(&self, statement: &str, values: &[Value<'_>]) -> Result<Vec<Row>, StoreError> {
        let rows = || -> rusqlite::Result<Vec<Row>> {
            let mut statement = self.prepare_cached(statement)?;
            let columns = statement.column_count();
            let rows = statement.query_map(params_from_iter(values), |row| {
                (0..columns).map(|column| row.get(column)).collect()
            })?;
            rows.map(|row| row.map(Row)).collect()
        };
        rows().map_err(failed)
    }

    fn version(&self) -> Result<(u32, Option<u32>), StoreError> {
        let (found, since) = migrate::version(self).map_err(failed)?;
        let select = "SELECT moving FROM store";
        match <dyn Sql>::row(self, select, &[])?.get(0)? {
            Some(moving) => Err(Moving::stored(moving).into()),
            _ => Ok((found, since)),
        }
    }

    fn hold_account(&self, _: AccountId) -> Result<(), StoreError> {
        Ok(())
    }

    fn hold_slot(&self, _: &Owner) -> Result<(), StoreError> {
        Ok(())
    }

    fn advance_clock(&self, now: Timestamp) -> Result<(), StoreError> {
        self.execute(
            "UPDATE store SET newest = ?1 WHERE newest < ?1",
            values![now],
        )
        .map(|_| ())
    }

    fn continue_events(&self) -> Result<(), StoreError> {
        // They do by themselves.
        Ok(())
    }

    fn generation(&self) -> Result<u64, StoreError> {
        let row = <dyn Sql>::row(self, "SELECT generation FROM store", &[])?;
        Ok(row.get::<i64>(0)? as u64)
    }

    fn raise_generation(&self, least: u64) -> Result<(), StoreError> {
        let raise = "UPDATE store SET generation = ?1 WHERE generation < ?1";
        Sql::execute(self, raise, values![least as i64]).map(|_| ())
    }

    fn count_change(&self, _: AccountId) -> Result<(), StoreError> {
        let count = "UPDATE store SET generation = generation + 1";
        one(Sql::execute(self, count, &[])?)
    }

    fn count_spent(&self, account: AccountId) -> Result<(), StoreError> {
        self.count_change(account)
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let value = match self {
            Value::Integer(number) => number.map(ValueRef::Integer),
            Value::Text(text) => text.map(|text| ValueRef::Text(text.as_bytes())),
            Value::Bytes(bytes) => bytes.map(ValueRef::Blob),
        };
        Ok(ToSqlOutput::Borrowed(value.unwrap_or(ValueRef::Null)))
    }
}

impl FromSql for Cell {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Cell> {
        Ok(match value {
            ValueRef::Null => Cell::Null,
            ValueRef::Integer(number) => Cell::Integer(number),
            ValueRef::Text(_) => Cell::Text(value.as_str()?.to_owned()),
            ValueRef::Blob(bytes) => Cell::Bytes(bytes.to_owned()),
            ValueRef::Real(_) => return Err(FromSqlError::InvalidType),
        })
    }
}

#[cfg(test)]
mod tests;
