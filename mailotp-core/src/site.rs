//! A site: configuration, key ring and store, opened with every check that they need.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::config::{Config, ConfigError, StoreLocation};
use crate::crypto::{KeyRing, KeyRingError};
use crate::files::{self, FileProblem, ProblemKind, Secrecy};
use crate::mark::Mark;
use crate::store::sqlite::SqliteStore;
use crate::store::{Identity, Store, StoreError};

const SYSTEM_GROUPS: &str = "/etc/group";

/// What every login and every command works with.
pub struct Site {
    /// The configuration.
    pub config: Config,
    /// The key ring.
    pub keys: KeyRing,
}

/// Why a site cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// The configuration says nonsense.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A file cannot be trusted or read.
    #[error(transparent)]
    File(#[from] FileProblem),
    /// The key ring is damaged.
    #[error("{}: {why}", path.display())]
    KeyRing {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        why: KeyRingError,
    },
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SiteError {
    /// What mends it.
    pub fn remedy(&self) -> &str {
        match self {
            SiteError::Config(error) => &error.remedy,
            SiteError::File(problem) => &problem.remedy,
            SiteError::KeyRing { .. } => {
                "Put the key file back from a copy, or: mailotp-cli restore. Without it the store cannot be read."
            }
            SiteError::Store(error) => error.remedy(),
        }
    }

    /// Whether the reason is that this process may not open the site's files.
    pub fn is_forbidden(&self) -> bool {
        matches!(self, SiteError::File(problem) if problem.kind == ProblemKind::Forbidden)
    }
}

/// Reads the configuration at `path`.
pub fn load_config(path: &Path) -> Result<Config, SiteError> {
    parse_text(path, config_text(path)?)
}

/// The text of the configuration at `path`.
pub fn config_text(path: &Path) -> Result<String, SiteError> {
    // Taken, not copied and wiped: it is no secret, and it may be long.
    let text = std::mem::take(&mut *files::read(path, Secrecy::Public)?);
    text_of(path, text)
}

/// Reads a configuration that is to stand at `path`.
pub fn parse_config(path: &Path, text: Vec<u8>) -> Result<Config, SiteError> {
    parse_text(path, text_of(path, text)?)
}

fn text_of(path: &Path, text: Vec<u8>) -> Result<String, SiteError> {
    let text = String::from_utf8(text).map_err(|_| ConfigError {
        file: path.to_owned(),
        line: None,
        message: "it is not UTF-8".into(),
        remedy: "Save the file as UTF-8.".into(),
    })?;
    Ok(text)
}

fn parse_text(path: &Path, text: String) -> Result<Config, SiteError> {
    Ok(Config::parse(path, text, &|| {
        fs::read_to_string(SYSTEM_GROUPS)
    })?)
}

/// Reads the key ring at `path`.
pub fn load_keys(path: &Path) -> Result<KeyRing, SiteError> {
    let text = files::read(path, Secrecy::Private)?;
    KeyRing::parse(&text).map_err(|why| SiteError::KeyRing {
        path: path.to_owned(),
        why,
    })
}

/// Changes the key ring at `path`. It is read again first, and nobody else changes it meanwhile. Where
/// `change` says no, it stays as it was.
pub fn change_keys<T, E: From<SiteError>>(
    path: &Path,
    change: impl FnOnce(&mut KeyRing) -> Result<T, E>,
) -> Result<T, E> {
    let broken = |why: io::Error| {
        SiteError::File(FileProblem {
            path: path.to_owned(),
            message: format!("it cannot be changed: {why}"),
            remedy: "Make its folder writable for this user, and make room on its disk.".into(),
            kind: ProblemKind::Broken,
        })
    };
    let _lock = files::lock(path).map_err(broken)?;
    let mut keys = load_keys(path)?;
    let result = change(&mut keys)?;
    files::replace(path, keys.to_text().as_bytes()).map_err(broken)?;
    Ok(result)
}

/// Whether the file of a store is there, and nobody else's.
pub fn check_store(path: &Path) -> Result<(), SiteError> {
    files::check_store(path).map_err(|problem| match problem.kind {
        ProblemKind::Missing => StoreError::Missing(path.display().to_string()).into(),
        _ => SiteError::File(problem),
    })
}

impl Site {
    /// The site of a configuration; where its key ring cannot be used, the configuration comes back.
    pub fn of(config: Config) -> Result<Site, Box<(Config, SiteError)>> {
        match load_keys(&config.key) {
            Ok(keys) => Ok(Site { config, keys }),
            Err(error) => Err(Box::new((config, error))),
        }
    }

    /// Notes in the key ring that the store has reached `generation`. It is read again first: other
    /// commands note theirs, and the highest must stay.
    pub fn note_generation(&self, generation: u64) -> Result<(), SiteError> {
        self.mark().note(generation);
        // Nothing is written where others have noted as much.
        if load_keys(&self.config.key)?.generation >= generation {
            return Ok(());
        }
        let noted = change_keys(&self.config.key, |keys| {
            keys.generation = keys.generation.max(generation);
            Ok(())
        });
        noted.map_err(|error| match error {
            SiteError::File(problem) => SiteError::File(FileProblem {
                message: format!("the store's generation is not noted: {}", problem.message),
                remedy: format!(
                    "{} Until then an old copy of the store is not noticed.",
                    problem.remedy
                ),
                ..problem
            }),
            other => other,
        })
    }

    /// Opens the store, and refuses one that is older than the key ring has seen: an old copy, in
    /// which codes are unspent that were spent since.
    pub fn open_store(&self) -> Result<SqliteStore, SiteError> {
        let StoreLocation::Sqlite(path) = &self.config.store;
        check_store(path)?;
        // The mark first: a login writes it after its commit, so that a store that is read later is
        // never older.
        let expected = self.keys.generation.max(self.mark().read()?);
        let mut store = SqliteStore::open(path, self.config.timeout)?;
        let Identity { ring, generation } = store.identity()?;
        if ring != self.keys.identity() {
            return Err(SiteError::File(FileProblem {
                path: self.config.key.clone(),
                message: format!("it is not the key ring of {}", path.display()),
                remedy: "Put the key file back that the store was made with, or correct store.key."
                    .into(),
                kind: ProblemKind::Broken,
            }));
        }
        if generation < expected {
            return Err(StoreError::OldCopy {
                found: generation,
                expected,
            }
            .into());
        }
        Ok(store)
    }

    /// The mark of how new the store is: beside the helper's socket, or else beside the key.
    pub fn mark(&self) -> Mark {
        let tag = self.keys.identity().0;
        let name: String = tag[..4].iter().map(|byte| format!("{byte:02x}")).collect();
        let folder = |path: &Path| path.parent().unwrap_or(Path::new(".")).to_owned();
        let folders = [folder(&self.config.helper.socket), folder(&self.config.key)];
        Mark::new(&name, &[&folders[0], &folders[1]])
    }
}
