//! The mark: the highest generation that a store was seen to have reached, kept outside of it.
//!
//! A copy of the store that is put back brings spent codes back. The key ring notes the generation
//! with every change that the command makes; logins cannot write there (a mail server's `/etc` is
//! read-only), so they keep this mark in the runtime folder. It costs no sync: a power cut empties
//! the runtime folder anyway, and cannot put a copy back.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;

use crate::files::{self, FileProblem, ProblemKind, Secrecy};

/// A mark, and where it may be: in the first of these folders that can be written.
pub struct Mark {
    places: Vec<PathBuf>,
}

impl Mark {
    /// The mark of the store with this name, in one of `folders`.
    pub fn new(name: &str, folders: &[&Path]) -> Mark {
        let file = format!("generation-{name}");
        Mark {
            places: folders.iter().map(|folder| folder.join(&file)).collect(),
        }
    }

    /// The highest generation that any of the places knows; 0 where none does.
    pub fn read(&self) -> Result<u64, FileProblem> {
        let mut highest = 0;
        for place in &self.places {
            match files::read(place, Secrecy::Public) {
                Ok(text) => highest = highest.max(parse(&text)),
                Err(problem)
                    if matches!(problem.kind, ProblemKind::Missing | ProblemKind::Forbidden) => {}
                Err(problem) => return Err(problem),
            }
        }
        Ok(highest)
    }

    /// Notes that the store has reached `generation`. Where no place can be written there is no
    /// mark, and the key ring's generation alone guards the store.
    pub fn note(&self, generation: u64) {
        let _ = self
            .places
            .iter()
            .find(|place| raise(place, generation).is_ok());
    }
}

/// So many bytes: a number of one length, and the end of the line.
const LENGTH: usize = 21;

/// In place, and of one length: whoever reads at the same time finds the old number or the new one.
fn raise(place: &Path, generation: u64) -> io::Result<()> {
    let file = match open(place) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let folder = place.parent().ok_or(error)?;
            DirBuilder::new().mode(0o755).create(folder)?;
            open(place)?
        }
        opened => opened?,
    };
    // Of two logins the later one may be the first here. The mark never goes back but between these two calls, by one
    // login, and the next one mends it.
    let mut there = [0; LENGTH];
    if file.read_exact_at(&mut there, 0).is_ok() && parse(&there) >= generation {
        return Ok(());
    }
    file.write_all_at(format!("{generation:020}\n").as_bytes(), 0)
}

fn open(place: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags((OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK).bits())
        .open(place)
}

fn parse(text: &[u8]) -> u64 {
    std::str::from_utf8(text)
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_mark_counts_and_the_first_place_that_can_be_written_takes_it() {
        let folder = tempfile::tempdir().unwrap();
        let (none, run) = (folder.path().join("a/b"), folder.path().join("run"));
        let mark = Mark::new("x", &[&none, &run, folder.path()]);
        assert_eq!(mark.read().unwrap(), 0);
        for generation in [7, 8, 7] {
            mark.note(generation);
        }
        assert_eq!(mark.read().unwrap(), 8);
        assert!(run.join("generation-x").exists());
        Mark::new("x", &[folder.path()]).note(9);
        assert_eq!(mark.read().unwrap(), 9);
        assert_eq!(
            Mark::new("y", &[&run]).read().unwrap(),
            0,
            "another store's"
        );
    }

    #[test]
    fn a_link_in_its_place_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("target");
        std::fs::write(&target, "precious").unwrap();
        std::os::unix::fs::symlink(&target, folder.path().join("generation-x")).unwrap();
        Mark::new("x", &[folder.path()]).note(7);
        assert_eq!(std::fs::read(&target).unwrap(), b"precious");
    }
}
