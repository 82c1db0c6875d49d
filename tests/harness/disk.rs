//! What a process does to the files of a folder, and what a power cut may leave of it.
//!
//! What was written before the last sync of its file is there; of what came later any part may be, in sectors, in
//! any order. A file that is new, or removed, is so for good once its folder was synced: fsync(2), "Notes".

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::trace::Call;

/// What is written in one piece.
const SECTOR: usize = 512;

#[derive(Clone, Debug)]
enum Change {
    Write(usize, Vec<u8>),
    Truncate(usize),
    Remove,
    Sync,
}

/// A choice: whether the disk had it.
pub type Chance<'a> = &'a mut dyn FnMut() -> bool;

/// All that was done in a folder, in its order.
pub struct Disk {
    folder: PathBuf,
    changes: Vec<(PathBuf, Change)>,
}

impl Disk {
    /// Of this folder, and not those in it.
    #[must_use]
    pub fn of(folder: &Path) -> Disk {
        Disk {
            folder: folder.to_owned(),
            changes: Vec::new(),
        }
    }

    /// Takes note of a system call, on its way in.
    pub fn note(&mut self, call: Call) {
        if !call.enters {
            return;
        }
        let size = |argument: usize| usize::try_from(call.arguments[argument]).expect("it fits");
        let change = match call.number {
            libc::SYS_pwrite64 => Change::Write(size(3), call.bytes()),
            libc::SYS_ftruncate => Change::Truncate(size(1)),
            libc::SYS_fsync | libc::SYS_fdatasync => Change::Sync,
            libc::SYS_unlink => Change::Remove,
            _ => return,
        };
        let file = match change {
            Change::Remove => Some(call.path()),
            _ => call.file(),
        };
        let is_here = |file: &PathBuf| {
            *file == self.folder || file.parent() == Some(&self.folder) && !is_memory(file)
        };
        if let Some(file) = file.filter(is_here) {
            self.changes.push((file, change));
        }
    }

    /// How many changes there were.
    #[must_use]
    pub fn changes(&self) -> usize {
        self.changes.len()
    }

    /// Makes of the folder, as it was before, what is left of it where the power goes before the change with this number.
    /// Whatever need not be there is a matter of `chance`.
    ///
    /// # Panics
    /// Where a file cannot be written.
    pub fn cut(&self, before: usize, chance: Chance<'_>) {
        let done = &self.changes[..before];
        let is_synced = |at: usize, path: &Path| {
            let later = done[at..].iter();
            later
                .filter(|(_, change)| matches!(change, Change::Sync))
                .any(|(file, _)| file == path)
        };
        let mut files = BTreeMap::new();
        let changed = done.iter().enumerate();
        for (at, (file, change)) in changed.filter(|(_, (file, _))| *file != self.folder) {
            let (is_kept, is_named) = (is_synced(at, file), is_synced(at, &self.folder));
            let content = files
                .entry(file.clone())
                .or_insert_with(|| match fs::read(file) {
                    Ok(there) => Some(there),
                    Err(_) => (is_named || chance()).then(Vec::new),
                });
            match (change, content.as_mut()) {
                (Change::Remove, _) if is_named || chance() => *content = None,
                (Change::Truncate(length), Some(bytes)) if is_kept || chance() => {
                    bytes.resize(*length, 0);
                }
                (Change::Write(offset, written), Some(bytes)) => {
                    for (part, sector) in written.chunks(SECTOR).enumerate() {
                        if is_kept || chance() {
                            let from = offset + part * SECTOR;
                            bytes.resize(bytes.len().max(from + sector.len()), 0);
                            bytes[from..from + sector.len()].copy_from_slice(sector);
                        }
                    }
                }
                _ => {}
            }
        }
        let there = fs::read_dir(&self.folder).expect("the folder is there");
        let there = there.map(|entry| entry.expect("it can be read").path());
        for memory in there.filter(|file| is_memory(file)) {
            fs::remove_file(memory).expect("it can be removed");
        }
        for (file, content) in files {
            match content {
                Some(bytes) => self.put(&file, &bytes),
                None if file.exists() => fs::remove_file(&file),
                None => Ok(()),
            }
            .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        }
    }
}

impl Disk {
    /// A file that is new belongs to whom the folder does.
    fn put(&self, file: &Path, bytes: &[u8]) -> io::Result<()> {
        let is_new = !file.exists();
        fs::write(file, bytes)?;
        if is_new {
            let owner = fs::metadata(&self.folder)?;
            std::os::unix::fs::chown(file, Some(owner.uid()), Some(owner.gid()))?;
            fs::set_permissions(file, Permissions::from_mode(0o600))?;
        }
        Ok(())
    }
}

/// SQLite's index of the log is memory that is shared: nothing of it outlives a power cut.
fn is_memory(file: &Path) -> bool {
    file.to_string_lossy().ends_with("-shm")
}
