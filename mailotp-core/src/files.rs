//! Whom a file belongs to and who may read it, checked at every open. What others can change is not
//! trusted; what is secret and others can read is secret no more.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::fcntl::{Flock, FlockArg, OFlag};
use nix::unistd::{Uid, geteuid};
use zeroize::Zeroizing;

/// Nobody has a configuration of more than this many bytes.
const MAX_FILE: u64 = 4 << 20;

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrecy {
    /// Everybody.
    Public,
    /// Its owner.
    Private,
}

/// A file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {message}", path.display())]
pub struct FileProblem {
    /// Which.
    pub path: PathBuf,
    /// Why.
    pub message: String,
    /// What mends it.
    pub remedy: String,
    /// What kind of problem it is.
    pub kind: ProblemKind,
}

/// What kind of problem a file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// It is not there.
    Missing,
    /// This process may not open it.
    Forbidden,
    /// It belongs to somebody else, or others can change or read it.
    Untrusted,
    /// Anything else.
    Broken,
}

/// Opens and reads a whole file that must be trusted.
pub fn read(path: &Path, secrecy: Secrecy) -> Result<Zeroizing<Vec<u8>>, FileProblem> {
    // O_NONBLOCK: a FIFO in its place must not hang a login.
    let flags = OFlag::O_NONBLOCK | OFlag::O_CLOEXEC | OFlag::O_NOCTTY;
    let mut file = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits())
        .open(path)
        .map_err(|why| of_io(path, &why))?;
    let metadata = file.metadata().map_err(|why| of_io(path, &why))?;
    if !metadata.is_file() {
        return Err(problem(
            path,
            ProblemKind::Broken,
            "it is not a file",
            "Put a regular file in its place.",
        ));
    }
    check(path, &metadata, secrecy)?;
    if metadata.len() > MAX_FILE {
        return Err(problem(
            path,
            ProblemKind::Broken,
            "it is larger than 4 MiB",
            "Put the right file in its place.",
        ));
    }
    read_to_end(&mut file, metadata.len()).map_err(|why| of_io(path, &why))
}

/// Replaces a private file: a new one is written, synced, and put in its place in one step, so that
/// whoever looks finds the old or the new one whole. Whoever does it holds the lock on the old one.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let new = path.with_file_name(name);
    // One that was killed here has left it behind.
    let _ = std::fs::remove_file(&new);
    put_in_place(path, &new, content, |_| Ok(()))
}

/// Replaces a file as [`replace`] does, by one of the same owner and mode.
pub fn replace_like(path: &Path, content: &[u8]) -> io::Result<()> {
    let metadata = std::fs::metadata(path)?;
    let new = beside(path, "new");
    put_in_place(path, &new, content, |file| {
        std::os::unix::fs::fchown(file, Some(metadata.uid()), Some(metadata.gid()))?;
        file.set_permissions(metadata.permissions())
    })
}

/// Writes a private file, which `finish` may give to others, and puts it in the place of `path`.
fn put_in_place(
    path: &Path,
    new: &Path,
    content: &[u8],
    finish: impl FnOnce(&File) -> io::Result<()>,
) -> io::Result<()> {
    let write = || {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(new)?;
        file.write_all(content)?;
        finish(&file)?;
        file.sync_all()?;
        std::fs::rename(new, path)?;
        File::open(folder_of(path))?.sync_all()
    };
    write().inspect_err(|_| drop(std::fs::remove_file(new)))
}

/// The folder that a file is in.
pub fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// A name beside `path`, for a file that is done with before this process ends.
pub fn beside(path: &Path, what: &str) -> PathBuf {
    with_end(path, &format!(".{}.{what}", std::process::id()))
}

/// The path with something behind its name.
pub fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(end);
    path.with_file_name(name)
}

/// Removes what processes that were killed a day ago or more have left [`beside`] a path.
pub fn sweep(path: &Path, what: &str) {
    let name = path.file_name().unwrap_or_default();
    let is_left = |entry: &std::fs::DirEntry| {
        let file = entry.file_name();
        let rest = file.to_str().zip(name.to_str());
        let rest = rest.and_then(|(file, name)| file.strip_prefix(name)?.strip_prefix('.'));
        let is_one = rest
            .and_then(|rest| rest.split_once('.'))
            .is_some_and(|(id, end)| {
                id.parse::<u32>().is_ok() && end.split('-').next() == Some(what)
            });
        let old = || entry.metadata().ok()?.modified().ok()?.elapsed().ok();
        is_one && old().is_some_and(|age| age.as_secs() > 86_400)
    };
    for entry in std::fs::read_dir(folder_of(path))
        .into_iter()
        .flatten()
        .flatten()
    {
        if is_left(&entry) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Keeps a private file from being changed by others who ask first, until the value is dropped. The lock is
/// on the file itself, which nobody but its owner can open: a stranger could hold one on its folder.
pub fn lock(path: &Path) -> io::Result<Flock<File>> {
    loop {
        let file = OpenOptions::new()
            .read(true)
            .custom_flags((OFlag::O_NONBLOCK | OFlag::O_CLOEXEC).bits())
            .open(path)?;
        let lock = Flock::lock(file, FlockArg::LockExclusive).map_err(|(_, why)| why)?;
        // While we waited, another one may have been put in its place.
        let (ours, there) = (lock.metadata()?, std::fs::metadata(path)?);
        if (ours.dev(), ours.ino()) == (there.dev(), there.ino()) {
            return Ok(lock);
        }
    }
}

fn read_to_end(file: &mut File, length: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    // Room for all at once: a vector that grows leaves copies of the secret behind.
    let mut bytes = Zeroizing::new(vec![0; length as usize]);
    let mut filled = 0;
    while filled < bytes.len() {
        match file.read(&mut bytes[filled..])? {
            0 => break,
            count => filled += count,
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

/// Checks a store without opening it: SQLite loses its locks when somebody else closes the file.
pub fn check_store(path: &Path) -> Result<(), FileProblem> {
    let metadata = std::fs::symlink_metadata(path).map_err(|why| of_io(path, &why))?;
    if !metadata.is_file() {
        return Err(problem(
            path,
            ProblemKind::Broken,
            "it is not a file",
            "Put a regular file in its place.",
        ));
    }
    check(path, &metadata, Secrecy::Private)?;
    let folder = folder_of(path);
    let metadata = std::fs::metadata(folder).map_err(|why| of_io(folder, &why))?;
    check(folder, &metadata, Secrecy::Public)
}

/// Checks owner and mode.
pub fn check(path: &Path, metadata: &Metadata, secrecy: Secrecy) -> Result<(), FileProblem> {
    judge(metadata.uid(), metadata.mode(), geteuid(), secrecy).map_err(|(message, remedy)| {
        problem(
            path,
            ProblemKind::Untrusted,
            message,
            &format!("Run: {remedy} {}", path.display()),
        )
    })
}

fn judge(
    owner: u32,
    mode: u32,
    me: Uid,
    secrecy: Secrecy,
) -> Result<(), (&'static str, &'static str)> {
    let own = if owner == 0 || owner == me.as_raw() {
        Ok(())
    } else {
        Err(())
    };
    own.map_err(|()| {
        (
            "it belongs neither to root nor to the user of this process",
            "chown root:root",
        )
    })?;
    match secrecy {
        Secrecy::Private if mode & 0o077 != 0 => {
            Err(("others than its owner can read or change it", "chmod 0600"))
        }
        Secrecy::Public if mode & 0o022 != 0 => {
            Err(("others than its owner can change it", "chmod go-w"))
        }
        _ => Ok(()),
    }
}

fn of_io(path: &Path, why: &io::Error) -> FileProblem {
    match why.kind() {
        io::ErrorKind::NotFound => problem(
            path,
            ProblemKind::Missing,
            "it does not exist",
            "Run: mailotp-cli init",
        ),
        io::ErrorKind::PermissionDenied => problem(
            path,
            ProblemKind::Forbidden,
            "this user may not read it",
            "Run the command as root.",
        ),
        _ => problem(
            path,
            ProblemKind::Broken,
            &why.to_string(),
            "Look at the file and its disk.",
        ),
    }
}

fn problem(path: &Path, kind: ProblemKind, message: &str, remedy: &str) -> FileProblem {
    FileProblem {
        path: path.to_owned(),
        message: message.to_owned(),
        remedy: remedy.to_owned(),
        kind,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    /// CVE-2012-6140 google-authenticator: the user's secret could be read by others.
    #[test]
    fn cve_2012_6140_owner_and_mode_are_judged() {
        let me = Uid::from_raw(1000);
        let ok = |owner, mode, secrecy| judge(owner, mode, me, secrecy).is_ok();
        assert!(ok(0, 0o100_600, Secrecy::Private));
        assert!(ok(1000, 0o100_600, Secrecy::Private));
        assert!(!ok(1001, 0o100_600, Secrecy::Private), "somebody else's");
        for mode in [0o640, 0o604, 0o660, 0o602, 0o601, 0o610] {
            assert!(!ok(0, mode, Secrecy::Private), "{mode:o}");
        }
        assert!(ok(0, 0o100_644, Secrecy::Public));
        assert!(!ok(0, 0o664, Secrecy::Public));
        assert!(!ok(0, 0o646, Secrecy::Public));
    }

    #[test]
    fn a_file_that_others_can_read_is_refused_with_the_command_that_mends_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "secret").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let problem = read(&path, Secrecy::Private).unwrap_err();
        assert_eq!(problem.kind, ProblemKind::Untrusted);
        assert_eq!(
            problem.remedy,
            format!("Run: chmod 0600 {}", path.display())
        );
        assert_eq!(read(&path, Secrecy::Public).unwrap().as_slice(), b"secret");
    }

    #[test]
    fn a_file_is_replaced_by_one_at_a_time_and_nothing_stays_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "0").unwrap();
        std::fs::write(folder.path().join("key.new"), "left by one that was killed").unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..25 {
                        let _lock = lock(&path).unwrap();
                        let text = std::fs::read_to_string(&path).unwrap();
                        let next: u32 = text.parse::<u32>().unwrap() + 1;
                        replace(&path, next.to_string().as_bytes()).unwrap();
                    }
                });
            }
        });
        assert_eq!(std::fs::read(&path).unwrap(), b"100");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    }

    #[test]
    fn what_was_left_behind_long_ago_is_swept_up() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db");
        let old = std::time::SystemTime::now() - std::time::Duration::from_secs(100_000);
        let left = ["db.17.backup", "db.17.backup-journal"];
        let stays = [
            "db",
            "db-wal",
            "db.17.restore",
            "db.x.backup",
            "db.2026.old",
        ];
        for name in left.iter().chain(&stays) {
            let file = File::create(folder.path().join(name)).unwrap();
            file.set_modified(old).unwrap();
        }
        File::create(beside(&path, "backup")).unwrap();
        sweep(&path, "backup");
        let found: Vec<_> = std::fs::read_dir(folder.path())
            .unwrap()
            .flatten()
            .collect();
        assert_eq!(found.len(), stays.len() + 1, "{found:?}");
    }

    #[test]
    fn a_fifo_or_a_folder_in_its_place_is_an_error_and_no_hang() {
        let folder = tempfile::tempdir().unwrap();
        let fifo = folder.path().join("fifo");
        nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRUSR).unwrap();
        assert_eq!(
            read(&fifo, Secrecy::Public).unwrap_err().kind,
            ProblemKind::Broken
        );
        assert_eq!(
            read(folder.path(), Secrecy::Public).unwrap_err().kind,
            ProblemKind::Broken
        );
        assert_eq!(
            read(&folder.path().join("none"), Secrecy::Public)
                .unwrap_err()
                .kind,
            ProblemKind::Missing
        );
    }
}
