//! The site: its files, what they say, and its store.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use mailotp_core::clock::Timestamp;
use mailotp_core::config::{Config, StoreLocation};
use mailotp_core::files::{ProblemKind, with_end};
use mailotp_core::site::{self, Access, Site, SiteError};
use mailotp_core::store::Inspection;
use nix::unistd::{Uid, User, geteuid};

use crate::doctor::files::{self, Entry, What};
use crate::doctor::finding::{Code, Report};
use crate::doctor::{rules, store};

/// What was found, as far as it could be read.
#[derive(Default)]
pub struct Found {
    pub config: Option<Config>,
    pub store: Option<Inspection>,
    /// The name of the key's owner.
    pub key_owner: Option<String>,
}

/// Looks at all of it.
pub fn look(path: &Path, now: Timestamp, report: &mut Report) -> Found {
    entry(path, What::Public, report);
    entry(folder(path), What::Folder, report);
    let config = match site::load_config(path) {
        Ok(config) => config,
        Err(error) => {
            tell(&error, report);
            return Found::default();
        }
    };
    files_of(&config, path, report);
    let key_owner = fs::metadata(&config.key)
        .ok()
        .and_then(|metadata| User::from_uid(Uid::from_raw(metadata.uid())).ok()?)
        .map(|user| user.name);
    let (config, inspection) = match Site::of(config) {
        Ok(site) => {
            let inspection = opened(&site, report);
            (site.config, inspection)
        }
        Err(failed) => {
            let (config, error) = *failed;
            tell(&error, report);
            (config, None)
        }
    };
    let changed = path.metadata().and_then(|metadata| metadata.modified());
    let observed = inspection.as_ref().and_then(|store| store.observed_since);
    let since = changed
        .ok()
        .map(Timestamp::from)
        .into_iter()
        .chain(observed);
    let place = path.display().to_string();
    rules::check(&config, &place, now, since.min(), report);
    Found {
        config: Some(config),
        store: inspection,
        key_owner,
    }
}

fn folder(path: &Path) -> &Path {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

/// Owners and modes of what the configuration names, and of what lies beside it.
fn files_of(config: &Config, path: &Path, report: &mut Report) {
    entry(&config.key, What::Secret, report);
    entry(folder(&config.key), What::Folder, report);
    let mut own = vec![path.to_owned(), config.key.clone()];
    match &config.store {
        StoreLocation::Sqlite(store) => store_files(store, &mut own, report),
        #[cfg(feature = "postgres")]
        StoreLocation::Postgres(location) => {
            let secrets = [&location.password_file, &location.owner_password_file];
            for secret in secrets.into_iter().flatten() {
                entry(secret, What::Secret, report);
                own.push(secret.clone());
            }
            if let Some(authority) = &location.ca_file {
                entry(authority, What::Public, report);
                own.push(authority.clone());
            }
        }
    }
    // What the host remembers: how new the store was at the last login.
    for place in [folder(&config.helper.socket), folder(&config.key)] {
        for memory in listed(place) {
            let name = memory.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with("generation-") || name.starts_with("witness-") {
                entry(&memory, What::Public, report);
                entry(place, What::Folder, report);
            }
        }
    }
    copies(&own, report);
}

fn store_files(store: &Path, own: &mut Vec<PathBuf>, report: &mut Report) {
    entry(folder(store), What::SecretFolder, report);
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let mut name = store.as_os_str().to_owned();
        name.push(suffix);
        own.push(PathBuf::from(name));
        if suffix.is_empty() || own[own.len() - 1].exists() {
            entry(&own[own.len() - 1], What::Secret, report);
        }
    }
}

/// Copies of key and store beside them. The store itself is not opened: SQLite would lose its locks.
fn copies(own: &[PathBuf], report: &mut Report) {
    let mut folders: Vec<&Path> = own.iter().map(|path| folder(path)).collect();
    folders.sort();
    folders.dedup();
    for place in folders {
        let Ok(folder) = place.metadata() else {
            continue;
        };
        for path in listed(place).into_iter().filter(|path| !own.contains(path)) {
            // A link leads to something that is elsewhere, maybe to the store itself.
            let Ok(metadata) = path.symlink_metadata() else {
                continue;
            };
            let mut beginning = Vec::new();
            let read = || File::open(&path)?.take(64).read_to_end(&mut beginning);
            if metadata.is_file()
                && !is_one_of(&metadata, own)
                && { read }().is_ok()
                && files::is_a_copy(&beginning)
            {
                let copy = files::Copy {
                    path: path.display().to_string(),
                    mode: metadata.mode(),
                    folder_mode: folder.mode(),
                };
                files::copy(&copy, report);
            }
        }
    }
}

/// Whether it is one of these files under another name.
fn is_one_of(metadata: &fs::Metadata, own: &[PathBuf]) -> bool {
    own.iter()
        .filter_map(|path| path.metadata().ok())
        .any(|one| (one.dev(), one.ino()) == (metadata.dev(), metadata.ino()))
}

fn listed(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

/// Looks at owner and mode of a file that is there.
fn entry(path: &Path, what: What, report: &mut Report) {
    let Ok(metadata) = path.metadata() else {
        return;
    };
    let entry = Entry {
        path: path.display().to_string(),
        what,
        mode: metadata.mode(),
        owner: metadata.uid(),
    };
    files::check(&entry, geteuid().as_raw(), report);
}

/// Opens the store as a login does, and looks at it.
fn opened(site: &Site, report: &mut Report) -> Option<Inspection> {
    let place = site.config.store.to_string();
    let mut opened = match site.open_store(Access::Command) {
        Ok(opened) => opened,
        // It is there, and whose it is or who may read it is in the way.
        Err(error) if is_about_rights(&error) => {
            tell(&error, report);
            return None;
        }
        Err(error) => {
            store::unusable(&place, &error, report);
            return None;
        }
    };
    let length = |end: &str| {
        let path = site.config.store.file().map(|path| with_end(path, end));
        let metadata = path.and_then(|path| path.metadata().ok());
        metadata.map_or(0, |metadata| metadata.len())
    };
    let facts = store::Facts {
        path: place,
        size: length(""),
        wal: length("-wal"),
        keep: site.config.log_keep,
    };
    for caution in opened.cautions().into_iter().flatten() {
        store::unspendable(&facts.path, &caution, report);
    }
    match opened.inspect() {
        Ok(found) => {
            store::check(&facts, &found, report);
            Some(found)
        }
        Err(error) => {
            store::unusable(&facts.path, &error.into(), report);
            None
        }
    }
}

fn is_about_rights(error: &SiteError) -> bool {
    let rights = [ProblemKind::Forbidden, ProblemKind::Untrusted];
    matches!(error, SiteError::File(problem) if rights.contains(&problem.kind))
}

/// A file of the site that cannot be used. What this user may not read is no fault of the site.
fn tell(error: &SiteError, report: &mut Report) {
    match error {
        // Its owner or mode was told of.
        SiteError::File(problem) if report.has(Code::File, &problem.path.display().to_string()) => {
        }
        SiteError::Config(error) => {
            let line = error.line.map_or(String::new(), |line| format!(":{line}"));
            report.error(
                Code::Configuration,
                format!("{}{line}", error.file.display()),
                format!("{}: every login is refused", error.message),
                error.remedy.clone(),
            );
        }
        SiteError::File(problem) if problem.kind == ProblemKind::Forbidden => report.warning(
            Code::File,
            problem.path.display(),
            "this user may not read it, and it was not looked at",
            "Run as root: mailotp-cli doctor",
        ),
        SiteError::File(problem) => report.error(
            Code::File,
            problem.path.display(),
            format!("{}: every login that needs it is refused", problem.message),
            problem.remedy.clone(),
        ),
        SiteError::KeyRing { path, why } => report.error(
            Code::File,
            path.display(),
            format!("{why}: every login that needs it is refused"),
            error.remedy(),
        ),
        SiteError::Store(_) => report.error(
            Code::StoreUnusable,
            "the store",
            error.to_string(),
            error.remedy(),
        ),
    }
}
