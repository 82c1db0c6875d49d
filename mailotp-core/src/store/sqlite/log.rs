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

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;

use crate::files::with_end;
use crate::store::StoreError;

/// Where the log of a store is.
pub(super) struct Log(PathBuf);

impl Log {
    /// The log of the store at `path` (sqlite.org/walformat.html, 1).
    pub(super) fn of(path: &Path) -> Log {
        Log(with_end(path, "-wal"))
    }

    /// Waits until the disk has all that was committed. The log is there as long as this process has the store
    /// open; SQLite keeps its locks on the other files, so that this one may be opened and closed beside it.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        let synced = OpenOptions::new()
            .read(true)
            .custom_flags((OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC).bits())
            .open(&self.0)
            .and_then(|log| log.sync_data());
        synced.map_err(|why| StoreError::Failed(format!("{}: {why}", self.0.display())))
    }
}
