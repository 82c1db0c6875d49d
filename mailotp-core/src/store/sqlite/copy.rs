//! The store as a whole: copied while it is used, and put in the place of another one.
//!
//! A database that is in use is never copied, renamed or overwritten as a file: its log of writes lies
//! beside it, and whoever has it open would go on with half of each. SQLite does all of it.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use rusqlite::OpenFlags;
use rusqlite::backup::{Backup, StepResult};

use super::{SqliteStore, connect, failed};
use crate::store::StoreError;

const READ_WRITE: OpenFlags = OpenFlags::SQLITE_OPEN_READ_WRITE;

impl SqliteStore {
    /// Writes a copy, as the store at `from` is at one moment and of whatever version, into a new file that
    /// only its owner can read. Logins go on meanwhile.
    pub fn copy(from: &Path, to: &Path, timeout: Duration) -> Result<(), StoreError> {
        let broken = |why: &dyn std::fmt::Display| {
            StoreError::Failed(format!("{} cannot be made: {why}", to.display()))
        };
        let connection = connect(from, READ_WRITE, timeout)?;
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

    /// Makes a file that no process has open ready to be used as a store: what is in it is on the disk, and
    /// nothing stands beside it.
    pub fn settle_file(path: &Path, timeout: Duration) -> Result<(), StoreError> {
        let connection = connect(path, READ_WRITE, timeout)?;
        let set = || -> rusqlite::Result<()> {
            connection.pragma_update(None, "synchronous", "FULL")?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
        };
        set().map_err(failed)?;
        connection.close().map_err(|(_, why)| failed(why))
    }

    /// Puts all that is in the store at `from` in the place of all that is in the one at `to`, in one
    /// transaction. Whoever has `to` open finds the old content or the new.
    pub fn overwrite(to: &Path, from: &Path, timeout: Duration) -> Result<(), StoreError> {
        let source = connect(from, READ_WRITE, timeout)?;
        let mut target = connect(to, READ_WRITE, timeout)?;
        target
            .pragma_update(None, "synchronous", "FULL")
            .map_err(failed)?;
        let backup = Backup::new(&source, &mut target).map_err(failed)?;
        let done = backup.step(-1).map_err(failed)?;
        drop(backup);
        if done != StepResult::Done {
            return Err(StoreError::TooSlow);
        }
        target.close().map_err(|(_, why)| failed(why))
    }
}
