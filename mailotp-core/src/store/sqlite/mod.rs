//! The embedded store: one SQLite file.
//!
//! The journal is a write-ahead log. What is used up is on the disk before the answer (see [`log`]); a charge
//! and an event need to survive the process only, and go with the next sync.

mod copy;
mod keeper;
mod log;
mod migrate;
mod place;
mod queue;
mod transaction;
mod trust;

use std::ffi::CStr;
use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use rusqlite::config::DbConfig;
use rusqlite::ffi::SQLITE_IOERR_SHMSIZE;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use super::sql::{Database, Durability, Sql, Thoroughness};
use super::{StoreError, VERSION};
use crate::crypto::Tag;
use crate::files;
use log::Log;
use place::{Place, set_log_care};
use queue::Waiting;
use transaction::Begun;
use trust::Trust;

pub use keeper::Keeper;
pub use queue::{Bell, wait_by};
pub use trust::Expected;

/// "motp": says that a SQLite file is ours (sqlite.org/pragma.html#pragma_application_id).
const APPLICATION_ID: u32 = 0x6d6f_7470;

/// SQLite tells of at most so many damages.
const DAMAGES: u32 = 5;

/// The oldest SQLite that does what the store asks of it: of the schema, STRICT tables are of 3.37.0
/// (sqlite.org/stricttables.html); all else, as upserts (3.24), VACUUM INTO (3.27), NOFOLLOW and
/// trusted_schema (3.31) and the name sqlite_schema (3.33), is older.
pub const OLDEST_SQLITE: i32 = 3_037_000;

/// So many statements stay compiled while the store is open: a login has fewer.
const STATEMENTS: usize = 64;

/// An open store.
pub struct SqliteStore {
    connection: Connection,
    log: Log,
    place: Place,
    trust: Trust,
    /// How long a transaction waits for others, where there is no deadline.
    timeout: Duration,
    /// When everything must be done.
    deadline: Option<Instant>,
    /// The generation that this process has brought it to.
    reached: Option<u64>,
}

impl SqliteStore {
    /// Fills a new, empty file with a store of this key ring. Fails where something is in it already.
    pub fn create(path: &Path, ring: Tag, timeout: Duration) -> Result<SqliteStore, StoreError> {
        let store = SqliteStore::connected(path, timeout, Trust::any(path))?;
        let connection = &store.connection;
        let pages: u32 = connection
            .pragma_query_value(None, "page_count", |row| row.get(0))
            .map_err(failed)?;
        if pages != 0 {
            return Err(StoreError::Exists);
        }
        let fill = || -> rusqlite::Result<()> {
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.execute_batch("BEGIN IMMEDIATE")?;
            connection.execute_batch(&without_comments(include_str!("schema.sql")))?;
            connection.execute(
                "INSERT INTO store (ring, generation, newest) VALUES (?1, 0, 0)",
                [ring.0],
            )?;
            connection.pragma_update(None, "application_id", APPLICATION_ID)?;
            connection.pragma_update(None, "user_version", migrate::marked(VERSION))?;
            connection.execute_batch("COMMIT")
        };
        fill().map_err(failed)?;
        store.log.sync()?;
        Ok(store)
    }

    /// Opens a store of this version, or a newer one that says it works with this build. Never makes one,
    /// never migrates one.
    pub fn open(path: &Path, timeout: Duration) -> Result<SqliteStore, StoreError> {
        if !path.exists() {
            return Err(StoreError::Missing(path.display().to_string()));
        }
        let mut store = SqliteStore::connected(path, timeout, Trust::any(path))?;
        store.look(|_| Ok(()))?;
        Ok(store)
    }

    /// Opens the store of which this is expected. Each transaction finds out whether it is: before, nothing is
    /// read.
    pub fn open_expected(
        path: &Path,
        timeout: Duration,
        expected: Expected,
    ) -> Result<SqliteStore, StoreError> {
        SqliteStore::connected(path, timeout, Trust::in_one(path, expected))
    }

    fn connected(path: &Path, timeout: Duration, trust: Trust) -> Result<SqliteStore, StoreError> {
        let place = Place::of(path)?;
        let connection = connect(path)?;
        set_log_care(&connection, false).map_err(failed)?;
        // Others are waited for in `patiently`.
        wait_for(&connection, Duration::ZERO).map_err(failed)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        let store = SqliteStore {
            connection,
            log: Log::of(path),
            place,
            trust,
            timeout,
            deadline: None,
            reached: None,
        };
        // The one that is built in does so by itself (.cargo/config.toml): to say so costs it a look at the file.
        if !cfg!(feature = "bundled-sqlite") {
            store.patiently(|connection| {
                let set = connection
                    .execute_batch("PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY");
                set.map_err(failed)
            })?;
        }
        Ok(store)
    }

    /// An error where the store is a newer one: it may hold what this build does not know.
    pub fn is_own(&self) -> Result<(), StoreError> {
        let (found, since) = migrate::version(&self.connection).map_err(failed)?;
        super::sql::exactly_own(found, since)
    }

    /// An error where there is no time left.
    fn in_time(&self) -> Result<(), StoreError> {
        match self.deadline {
            Some(deadline) if deadline <= Instant::now() => Err(StoreError::TooSlow),
            _ => Ok(()),
        }
    }

    /// Does a transaction, from its beginning again as long as somebody else is in the way and there is time.
    fn patiently<T>(
        &self,
        mut transaction: impl FnMut(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.in_time()?;
        let deadline = self
            .deadline
            .unwrap_or_else(|| Instant::now() + self.timeout);
        let mut waiting = Waiting::new();
        loop {
            match transaction(&self.connection) {
                Err(StoreError::TooSlow) if Instant::now() < deadline => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    waiting.wait(self.log.open().ok().as_ref(), left);
                }
                Err(StoreError::Failed(why)) => {
                    return Err(StoreError::Failed(self.place.obstacle().unwrap_or(why)));
                }
                result => return result,
            }
        }
    }
}

/// SQLite keeps the text of a table as it was said, and whoever opens the store reads it again: comments and margins are a
/// tenth of that.
fn without_comments(schema: &str) -> String {
    let words = schema.lines().flat_map(|line| {
        let (line, _) = line.split_once("--").unwrap_or((line, ""));
        line.split_whitespace()
    });
    words.collect::<Vec<_>>().join(" ")
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        if self.place.is_unchanged() {
            let _ = set_log_care(&self.connection, true);
        }
    }
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    is_new_enough(rusqlite::version_number())?;
    let connection = match open(path) {
        // SQLITE_OPEN_NOFOLLOW refuses a link anywhere in the path. The folder is the administrator's,
        // and may be one; the file may not.
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::CannotOpen) => {
            let folder = files::folder_of(path);
            let real = folder
                .canonicalize()
                .map_err(|error| StoreError::Failed(format!("{}: {error}", folder.display())))?;
            open(&real.join(path.file_name().unwrap_or_default()))
        }
        opened => opened,
    };
    let connection = connection.map_err(failed)?;
    let set = || -> rusqlite::Result<()> {
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        // Else each statement with an order is prepared anew for each value that is bound to it
        // (sqlite.org/queryplanner-ng.html#qpstab).
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        connection.pragma_update(None, "cell_size_check", true)
    };
    set().map_err(failed)?;
    Ok(connection)
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    match VFS.get() {
        Some(vfs) => Connection::open_with_flags_and_vfs(path, flags, vfs.name),
        None => Connection::open_with_flags(path, flags),
    }
}

/// A VFS of SQLite (sqlite.org/vfs.html).
pub struct Vfs {
    /// The name by which it is registered.
    pub name: &'static CStr,
    /// What the system said to this thread when SQLite asked why something had failed, if it has asked since this was
    /// called last.
    pub last_error: fn() -> Option<Errno>,
}

/// The one by which stores are opened.
static VFS: OnceLock<Vfs> = OnceLock::new();

/// From now on this process opens stores through this VFS, and not through SQLite's own.
pub fn open_through(vfs: Vfs) {
    let _ = VFS.set(vfs);
}

/// A connection for what is done with the file as a whole, which waits for others for so long.
fn patient_connection(path: &Path, timeout: Duration) -> Result<Connection, StoreError> {
    let connection = connect(path)?;
    wait_for(&connection, timeout).map_err(failed)?;
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
    let extended = error.sqlite_error().map(|error| error.extended_code);
    let system = VFS.get().and_then(|vfs| (vfs.last_error)());
    let is_full = system.is_none_or(|system| system == Errno::ENOSPC);
    match error.sqlite_error_code() {
        // The index of the log does not grow where there is no room.
        _ if extended == Some(SQLITE_IOERR_SHMSIZE) && is_full => StoreError::Full,
        // The last one: a lock could not be had, however often it was tried (sqlite.org/rescode.html#protocol).
        Some(
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::FileLockingProtocolFailed,
        ) => StoreError::TooSlow,
        Some(ErrorCode::DiskFull) => StoreError::Full,
        Some(ErrorCode::ConstraintViolation) => StoreError::Exists,
        Some(ErrorCode::NotADatabase) => StoreError::NotAStore("the file".into()),
        _ if matches!(error, rusqlite::Error::QueryReturnedNoRows) => StoreError::Gone,
        _ => StoreError::Failed(match extended {
            // SQLite itself tells no two errors of the system apart.
            Some(code) => match system {
                Some(system) => format!("{error}: {} (SQLite says {code})", system.desc()),
                None => format!("{error} (SQLite says {code})"),
            },
            None => error.to_string(),
        }),
    }
}

impl Database for SqliteStore {
    fn look<T>(
        &mut self,
        mut work: impl FnMut(&dyn Sql) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.patiently(|connection| {
            work(&Begun::new(
                connection,
                TransactionBehavior::Deferred,
                &self.trust,
            )?)
        })
    }

    fn write<T>(
        &mut self,
        durability: Durability,
        mut work: impl FnMut(&dyn Sql) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let (result, reached) = self.patiently(|connection| {
            let begun = Begun::new(connection, TransactionBehavior::Immediate, &self.trust)?;
            let log = self.log.open()?;
            let in_turn = || {
                let result = work(&begun)?;
                let reached = begun.reached();
                begun.commit()?;
                Ok((result, reached))
            };
            let done = in_turn();
            queue::ring(&log);
            if let Ok((_, reached)) = &done
                && (reached.is_some() || durability != Durability::Process)
            {
                self.log.keep(log);
            }
            done
        })?;
        self.reached = reached.or(self.reached);
        if durability != Durability::Process {
            self.log.sync()?;
        }
        self.in_time()?;
        Ok(result)
    }

    fn harden(&mut self) -> Result<(), StoreError> {
        self.log.sync()?;
        self.in_time()
    }

    fn is_at_hand(&self) -> bool {
        true
    }

    fn reached(&self) -> Option<u64> {
        self.reached
    }

    fn tidy(&mut self) -> Result<(), StoreError> {
        // The log of writes goes into the file, and the planner learns what the tables hold now.
        let tidy = |connection: &Connection| {
            wait_for(connection, self.timeout)?;
            connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA optimize")?;
            wait_for(connection, Duration::ZERO)
        };
        tidy(&self.connection).map_err(failed)
    }

    fn pause(&mut self) -> bool {
        true
    }

    fn resume(&mut self, deadline: Instant) -> bool {
        self.deadline = Some(deadline);
        self.place.is_unchanged()
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

#[cfg(test)]
mod tests;
