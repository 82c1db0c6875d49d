//! The files of the site: whose they are, and who can read and change them.

use super::finding::{Area, Code, Report};

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Everybody may read it.
    Public,
    /// Only its owner may.
    Secret,
    /// A folder that others may enter.
    Folder,
    /// A folder that others may not.
    SecretFolder,
}

/// A file or folder, as it was found.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its path.
    pub path: String,
    /// What it is.
    pub what: What,
    /// Its mode.
    pub mode: u32,
    /// The number of its owner.
    pub owner: u32,
}

/// A copy of key or store that lies beside them.
#[derive(Clone, Debug)]
pub struct Copy {
    /// Its path.
    pub path: String,
    /// Its mode.
    pub mode: u32,
    /// The mode of its folder.
    pub folder_mode: u32,
}

/// Looks at a file. `me` is the number of the user who asks.
pub fn check(entry: &Entry, me: u32, report: &mut Report) {
    let (others, command) = match entry.what {
        What::Public | What::Folder => (0o022, "chmod go-w"),
        What::Secret => (0o077, "chmod 0600"),
        What::SecretFolder => (0o077, "chmod 0700"),
    };
    // In a folder like /tmp others can add names, and not take these away.
    let sticky = matches!(entry.what, What::Folder) && entry.mode & 0o1000 != 0;
    if entry.owner != 0 && entry.owner != me {
        report.error(
            Code::File,
            &entry.path,
            "it belongs neither to root nor to the user of the site, and is not trusted",
            format!("Run: chown root:root {}", entry.path),
        );
    } else if entry.mode & others != 0 && !sticky {
        let can = match entry.what {
            What::Public | What::Folder => "change",
            What::Secret | What::SecretFolder => "read or change",
        };
        let message = format!(
            "its mode is {:04o}: others than its owner can {can} it",
            entry.mode & 0o7777
        );
        let remedy = format!("Run: {command} {}", entry.path);
        // The files in it are private by themselves: the folder is the second lock.
        if entry.what == What::SecretFolder && entry.mode & 0o022 == 0 {
            report.warning(Code::File, &entry.path, message, remedy);
        } else {
            report.error(Code::File, &entry.path, message, remedy);
        }
    } else {
        report.checked(
            Area::Files,
            format!("{} has its owner and mode", entry.path),
        );
    }
}

/// Looks at a copy: codes and keys in it are as good as in the original.
pub fn copy(copy: &Copy, report: &mut Report) {
    if copy.mode & 0o077 == 0 {
        return;
    }
    // Who may enter the folder may try names, also without reading it.
    let reaches = |who: u32| copy.mode & (0o6 * who) != 0 && copy.folder_mode & who != 0;
    let remedy = format!("Run: chmod 0600 {0}, or move it to a safe place", copy.path);
    if reaches(0o1) || reaches(0o10) {
        report.error(
            Code::BackupReadable,
            &copy.path,
            "it holds a key or a store, and others than its owner can read it",
            remedy,
        );
    } else {
        report.warning(
            Code::BackupReadable,
            &copy.path,
            "it holds a key or a store, and its mode lets others read it: its folder \
             alone keeps them out",
            remedy,
        );
    }
}

/// Whether the beginning of a file is that of a store or of a key ring.
pub fn is_a_copy(beginning: &[u8]) -> bool {
    beginning.starts_with(b"SQLite format 3\0") || beginning.starts_with(b"mailotp key ring ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Severity;

    fn look(what: What, mode: u32, owner: u32) -> Option<(&'static str, Severity, String)> {
        let mut report = Report::default();
        let entry = Entry {
            path: "/etc/mailotp/x".into(),
            what,
            mode,
            owner,
        };
        check(&entry, 1000, &mut report);
        let found = report.findings.pop();
        found.map(|one| (one.code.as_str(), one.severity, one.remedy))
    }

    #[test]
    fn proper_modes_and_owners_are_in_order() {
        for (what, mode) in [
            (What::Public, 0o644),
            (What::Secret, 0o600),
            (What::Folder, 0o755),
            (What::Folder, 0o1777),
            (What::SecretFolder, 0o700),
        ] {
            for owner in [0, 1000] {
                assert_eq!(look(what, mode, owner), None, "{what:?}");
            }
        }
    }

    #[test]
    fn what_others_can_read_or_change_is_named_with_the_command_that_mends_it() {
        for (what, mode, command) in [
            (What::Public, 0o664, "chmod go-w"),
            (What::Secret, 0o640, "chmod 0600"),
            (What::Folder, 0o777, "chmod go-w"),
            (What::SecretFolder, 0o770, "chmod 0700"),
        ] {
            let remedy = format!("Run: {command} /etc/mailotp/x");
            assert_eq!(look(what, mode, 0), Some(("file", Severity::Error, remedy)));
        }
        let readable = look(What::SecretFolder, 0o755, 0);
        assert!(matches!(readable, Some((_, Severity::Warning, _))));
    }

    #[test]
    fn what_belongs_to_somebody_else_is_an_error() {
        let remedy = "Run: chown root:root /etc/mailotp/x".to_owned();
        assert_eq!(
            look(What::Secret, 0o600, 33),
            Some(("file", Severity::Error, remedy))
        );
    }

    #[test]
    fn a_copy_that_others_can_read_is_an_error_and_behind_a_closed_folder_a_warning() {
        let look = |mode, folder_mode| {
            let mut report = Report::default();
            let path = "/var/lib/mailotp/mailotp.db.bak".into();
            copy(
                &Copy {
                    path,
                    mode,
                    folder_mode,
                },
                &mut report,
            );
            report.findings.pop().map(|one| one.severity)
        };
        assert_eq!(look(0o600, 0o755), None);
        assert_eq!(look(0o644, 0o755), Some(Severity::Error));
        assert_eq!(look(0o640, 0o750), Some(Severity::Error));
        assert_eq!(look(0o644, 0o700), Some(Severity::Warning));
        assert_eq!(look(0o640, 0o701), Some(Severity::Warning));
    }

    #[test]
    fn copies_are_known_by_their_beginning() {
        assert!(is_a_copy(b"SQLite format 3\0..."));
        assert!(is_a_copy(b"mailotp key ring 1\n"));
        assert!(!is_a_copy(b"mode = \"enforce\"\n"));
    }
}
