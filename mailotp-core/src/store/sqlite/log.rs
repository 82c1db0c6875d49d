//! The log of writes beside the file, made durable outside of every lock.
//!
//! ```text
//!  a login      lock ── write ── commit ── unlock ── sync the log ── answer
//!  another one             wait ………………… lock ── write ── commit ── unlock ── sync ── answer
//! ```
//!
//! With `synchronous = FULL` SQLite syncs inside the lock, and all others wait for the disk. With `NORMAL` it
//! leaves that out, and a commit is as durable as one of `FULL` once the log is synced behind it
//! (sqlite.org/pragma.html#pragma_synchronous, sqlite.org/wal.html): what stands in the log is in it for good
//! as soon as the disk has it, and whoever moves it into the file syncs the log before, and the file after.
//!
//! So others see a commit before it is durable. Nobody is let in because of one that is not: whoever spends a
//! code syncs behind it, and whoever is let in by a window that another has opened syncs before
//! (`Settlement::leans_on_another`).

use std::cell::Cell;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;

use crate::files::with_end;
use crate::store::StoreError;

/// The log of a store.
pub(super) struct Log {
    path: PathBuf,
    /// Open for the next sync.
    ready: Cell<Option<File>>,
}

impl Log {
    /// The log of the store at `path` (sqlite.org/walformat.html, 1).
    pub(super) fn of(path: &Path) -> Log {
        Log {
            path: with_end(path, "-wal"),
            ready: Cell::new(None),
        }
    }

    /// Opens it. It is there as long as this process has the store open; SQLite keeps its locks on the other files, so
    /// that this one may be opened and closed beside it.
    pub(super) fn open(&self) -> Result<File, StoreError> {
        let file = OpenOptions::new()
            .read(true)
            .custom_flags((OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC).bits())
            .open(&self.path);
        file.map_err(|why| self.failed(&why))
    }

    /// Keeps it open for the next sync. It was opened before the commit that is to be synced: where there is no
    /// descriptor left, nothing must be spent.
    pub(super) fn keep(&self, log: File) {
        self.ready.set(Some(log));
    }

    /// Waits until the disk has all that was committed.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        let log = match self.ready.take() {
            Some(log) => log,
            None => self.open()?,
        };
        log.sync_data().map_err(|why| self.failed(&why))
    }

    fn failed(&self, why: &std::io::Error) -> StoreError {
        StoreError::Failed(format!("{}: {why}", self.path.display()))
    }
}
