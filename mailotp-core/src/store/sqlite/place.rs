//! Where a store was opened, and whether that has changed: it may stay open while somebody is asked for a secret.
//!
//! SQLite must not be used across fork(2), and a file must not be replaced under it (sqlite.org/howtocorrupt.html,
//! 2.4 and 2.7): whoever closes a store last brings its log into the file and removes the log by its name, which by
//! then may be the name of another store's. So the log is left alone unless all is as it was.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::fcntl::{AT_FDCWD, AtFlags};
use nix::unistd::{AccessFlags, faccessat};
use rusqlite::Connection;
use rusqlite::config::DbConfig;

use crate::store::StoreError;

/// The process, and the file.
pub(super) struct Place {
    path: PathBuf,
    file: (u64, u64),
    process: u32,
}

impl Place {
    /// Before a store is opened there.
    pub(super) fn of(path: &Path) -> Result<Place, StoreError> {
        let file =
            file(path).map_err(|why| StoreError::Failed(format!("{}: {why}", path.display())))?;
        Ok(Place {
            path: path.to_owned(),
            file,
            process: std::process::id(),
        })
    }

    /// Why nobody can write there, in the words of the system, where that can be said: access(2). SQLite does not say it.
    /// Nothing is opened: closing the file would let go of the locks that other threads hold on it (fcntl(2)).
    pub(super) fn obstacle(&self) -> Option<String> {
        let places = [&*self.path, crate::files::folder_of(&self.path)];
        places.into_iter().find_map(|place| {
            let wanted = AccessFlags::R_OK | AccessFlags::W_OK;
            let why = faccessat(AT_FDCWD, place, wanted, AtFlags::AT_EACCESS).err()?;
            Some(format!("{}: {}", place.display(), why.desc()))
        })
    }

    /// Whether all is as it was.
    pub(super) fn is_unchanged(&self) -> bool {
        self.process == std::process::id() && file(&self.path).is_ok_and(|there| there == self.file)
    }
}

/// Whether whoever closes it last takes care of the log. Statements that are prepared have to be prepared again.
pub(super) fn set_log_care(connection: &Connection, care: bool) -> rusqlite::Result<()> {
    let setting = DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
    connection.set_db_config(setting, !care).map(|_| ())
}

/// Device and inode.
fn file(path: &Path) -> std::io::Result<(u64, u64)> {
    let metadata = std::fs::symlink_metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}
