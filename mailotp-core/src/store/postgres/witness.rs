//! What a host remembers of a database, outside of it: how far its counters had come.
//!
//! ```text
//!  0b5e…-…-…\n                  the host's id
//!  00000000000000000017\n       counter 0, and so on
//! ```

use std::fs::{DirBuilder, File, OpenOptions, hard_link, remove_file};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::fcntl::{Flock, FlockArg, OFlag};

use crate::files::{self, FileProblem, ProblemKind, Secrecy};
use crate::id::AccountId;

/// So many counters there are, so that logins do not all wait for one row.
pub(super) const STRIPES: usize = 16;
/// A UUID as text (RFC 9562, section 4).
const ID_LENGTH: usize = 36;
const NUMBER: usize = 20;

const LOCK_TRIES: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(1);

/// Names a host, for as long as it remembers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostId(String);

impl HostId {
    pub(super) fn new(text: &str) -> HostId {
        HostId(text.to_owned())
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The counters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts([u64; STRIPES]);

impl Counts {
    /// Whether one of them is lower than in `other`.
    pub(super) fn is_behind(&self, other: &Counts) -> bool {
        self.0
            .iter()
            .zip(other.0)
            .any(|(here, there)| *here < there)
    }

    pub(super) fn raise(&mut self, stripe: usize, count: u64) {
        if let Some(here) = self.0.get_mut(stripe) {
            *here = count.max(*here);
        }
    }

    pub(super) fn sum(&self) -> u64 {
        self.0.iter().sum()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, u64)> {
        self.0.iter().copied().enumerate()
    }
}

/// The counter of an account.
pub(super) fn stripe_of(account: AccountId) -> usize {
    account.0.rem_euclid(STRIPES as i64) as usize
}

/// The memory of a host: the first of these files that can be made.
pub struct Witness {
    places: Vec<PathBuf>,
}

impl Witness {
    /// The memory of the store with this name, in one of `folders`.
    pub fn new(name: &str, folders: &[&Path]) -> Witness {
        let file = format!("witness-{name}");
        Witness {
            places: folders.iter().map(|folder| folder.join(&file)).collect(),
        }
    }

    /// What the host remembers; `None` where it has no memory yet.
    pub(super) fn recall(&self) -> Result<Option<(HostId, Counts)>, FileProblem> {
        for place in &self.places {
            match files::read(place, Secrecy::Public) {
                Ok(text) => {
                    return parse(&text).map(Some).ok_or_else(|| FileProblem {
                        path: place.clone(),
                        message: "it is damaged".into(),
                        remedy: "Remove it: the next login makes another.".into(),
                        kind: ProblemKind::Broken,
                    });
                }
                Err(problem)
                    if matches!(problem.kind, ProblemKind::Missing | ProblemKind::Forbidden) => {}
                Err(problem) => return Err(problem),
            }
        }
        Ok(None)
    }

    /// Begins a memory under this id, or goes on with the one that somebody else has begun meanwhile.
    pub(super) fn begin(&self, id: &HostId) -> Result<HostId, FileProblem> {
        let mut last = None;
        for place in &self.places {
            match create(place, id) {
                Ok(()) => return Ok(id.clone()),
                Err(why) if why.kind() == io::ErrorKind::AlreadyExists => {
                    let found = self.recall()?;
                    return Ok(found.map_or_else(|| id.clone(), |(id, _)| id));
                }
                Err(why) => last = Some((place, why)),
            }
        }
        let (place, why) = last.expect("there is a place");
        Err(FileProblem {
            path: place.clone(),
            message: format!("it cannot be made: {why}"),
            remedy: "Make one of the folders of the helper's socket and of the key writable: there a host \
                     remembers what it has spent."
                .into(),
            kind: ProblemKind::Broken,
        })
    }

    /// Remembers how far the counters have come. What is remembered never goes back.
    pub(super) fn note_all(&self, counts: &Counts) {
        let is_known = |(_, known): (HostId, Counts)| !known.is_behind(counts);
        if !self.recall().is_ok_and(|found| found.is_some_and(is_known)) {
            let _ = self
                .places
                .iter()
                .find(|place| raise(place, counts).is_ok());
        }
    }
}

/// One at a time. Nobody who is stopped in the middle of it keeps the others waiting.
fn raise(place: &Path, counts: &Counts) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags((OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK).bits())
        .open(place)?;
    for _ in 0..LOCK_TRIES {
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(locked) => return write_higher(&locked, counts),
            Err((unlocked, _)) => file = unlocked,
        }
        std::thread::sleep(LOCK_PAUSE);
    }
    write_higher(&file, counts)
}

fn write_higher(file: &File, counts: &Counts) -> io::Result<()> {
    let mut text = [0; ID_LENGTH + 1 + STRIPES * (NUMBER + 1)];
    file.read_exact_at(&mut text, 0)?;
    let (_, known) = parse(&text).ok_or(io::ErrorKind::InvalidData)?;
    for (stripe, count) in counts.iter() {
        if count > known.0[stripe] {
            let at = ID_LENGTH + 1 + stripe * (NUMBER + 1);
            file.write_all_at(format!("{count:0NUMBER$}\n").as_bytes(), at as u64)?;
        }
    }
    Ok(())
}

/// Whole or not at all, whoever else does the same.
fn create(place: &Path, id: &HostId) -> io::Result<()> {
    if let Some(folder) = place.parent()
        && !folder.exists()
    {
        DirBuilder::new().mode(0o755).create(folder)?;
    }
    // Others of this very process may do the same, each with an id of their own.
    let new = files::with_end(place, &format!(".{}", id.as_str()));
    let write = || {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&new)?;
        file.write_all(format!("{}\n", id.as_str()).as_bytes())?;
        for _ in 0..STRIPES {
            file.write_all(format!("{:0NUMBER$}\n", 0).as_bytes())?;
        }
        hard_link(&new, place)
    };
    let written = write();
    let _ = remove_file(&new);
    written
}

fn parse(text: &[u8]) -> Option<(HostId, Counts)> {
    let mut lines = std::str::from_utf8(text).ok()?.lines();
    let id = lines.next().filter(|id| id.len() == ID_LENGTH)?;
    let mut counts = Counts::default();
    for count in &mut counts.0 {
        *count = lines.next()?.parse().ok()?;
    }
    Some((HostId::new(id), counts))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0b5e7a52-6f0e-4f5c-8d3e-0123456789ab";

    #[test]
    fn a_host_remembers_the_highest_of_each_counter_under_its_first_id() {
        let folder = tempfile::tempdir().unwrap();
        let (none, run) = (folder.path().join("a/b"), folder.path().join("run"));
        let witness = Witness::new("x", &[&none, &run]);
        assert_eq!(witness.recall().unwrap(), None);
        assert_eq!(witness.begin(&HostId::new(ID)).unwrap().as_str(), ID);
        let other = HostId::new("0b5e7a52-6f0e-4f5c-8d3e-ffffffffffff");
        assert_eq!(witness.begin(&other).unwrap().as_str(), ID, "it goes on");
        for (stripe, count) in [(0, 7), (15, 9), (0, 3)] {
            let mut counts = Counts::default();
            counts.raise(stripe, count);
            witness.note_all(&counts);
        }
        let (id, counts) = witness.recall().unwrap().unwrap();
        assert_eq!(id.as_str(), ID);
        let seen: Vec<_> = counts.iter().filter(|(_, count)| *count > 0).collect();
        assert_eq!(seen, [(0, 7), (15, 9)]);
        let left: Vec<_> = std::fs::read_dir(run).unwrap().collect();
        assert_eq!(left.len(), 1);
    }

    #[test]
    fn a_damaged_memory_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let witness = Witness::new("x", &[folder.path()]);
        witness.begin(&HostId::new(ID)).unwrap();
        std::fs::write(folder.path().join("witness-x"), "nonsense").unwrap();
        assert!(witness.recall().is_err());
    }

    #[test]
    fn accounts_spread_over_the_counters() {
        let stripes: std::collections::BTreeSet<usize> =
            (-40..40).map(|id| stripe_of(AccountId(id))).collect();
        assert_eq!(stripes.len(), STRIPES);
    }
}
