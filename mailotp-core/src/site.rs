//! A site: configuration, key ring and store, opened with every check that they need.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::config::{Config, ConfigError, StoreLocation};
use crate::crypto::{KeyRing, KeyRingError};
use crate::files::{self, FileProblem, ProblemKind, Secrecy};
use crate::mark::Mark;
#[cfg(feature = "postgres")]
use crate::store::postgres::{Location, PostgresStore, Role, Trust, Witness};
use crate::store::sqlite::{Expected, Keeper, SqliteStore};
use crate::store::{Persistent, Store, StoreError};

const SYSTEM_GROUPS: &str = "/etc/group";
/// Where a machine keeps what it must not forget.
#[cfg(feature = "postgres")]
const STATE: &str = "/var/lib/mailotp";

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
        if let Some(mut mark) = self.marker() {
            mark(generation);
        }
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

    /// Opens the store, and refuses one that is older than was seen: an old copy, in which codes are unspent
    /// that were spent since.
    pub fn open_store(&self, access: Access) -> Result<Box<dyn Persistent>, SiteError> {
        match &self.config.store {
            StoreLocation::Sqlite(path) => self.open_file(path, access),
            #[cfg(feature = "postgres")]
            StoreLocation::Postgres(location) => self.open_database(location, access),
        }
    }

    fn open_file(&self, path: &Path, access: Access) -> Result<Box<dyn Persistent>, SiteError> {
        let expected = self.expected(path)?;
        let mut store = SqliteStore::open_expected(path, self.config.timeout, expected)?;
        match access {
            Access::Login(by) => Persistent::until(&mut store, by),
            // A command says at once what is wrong; a login finds out as it reads.
            Access::Command => {
                store.identity().map_err(|why| self.of_ring(path, why))?;
            }
        }
        Ok(Box::new(store))
    }

    /// Names both files, where one does not belong to the other.
    fn of_ring(&self, store: &Path, why: StoreError) -> SiteError {
        let StoreError::OtherRing = why else {
            return why.into();
        };
        SiteError::File(FileProblem {
            path: self.config.key.clone(),
            message: format!("it is not the key ring of {}", store.display()),
            remedy: why.remedy().to_owned(),
            kind: ProblemKind::Broken,
        })
    }

    /// What the file of the store has to be, once it is clear that it is nobody else's.
    fn expected(&self, path: &Path) -> Result<Expected, SiteError> {
        check_store(path)?;
        // The mark first: a login writes it after its commit, so that a store that is read later is
        // never older.
        Ok(Expected {
            ring: self.keys.identity(),
            generation: self.keys.generation.max(self.mark().read()?),
        })
    }

    /// Keeps the store open, where that helps: a database does not need it.
    pub fn keep_store(&self) -> Result<Option<Keeper>, SiteError> {
        let Some(path) = self.config.store.file() else {
            return Ok(None);
        };
        let expected = self.expected(path)?;
        Ok(Some(Keeper::open(path, self.config.timeout, expected)?))
    }

    #[cfg(feature = "postgres")]
    fn open_database(
        &self,
        location: &Location,
        access: Access,
    ) -> Result<Box<dyn Persistent>, SiteError> {
        let memory = self.memory();
        // A machine that starts again has forgotten what it had in /run.
        let lasting = self.config.is_of_the_machine().then_some(Path::new(STATE));
        let places: Vec<&Path> = lasting
            .into_iter()
            .chain(memory.iter().map(PathBuf::as_path))
            .collect();
        let trust = Trust {
            ring: self.keys.identity(),
            generation: self.keys.generation,
            witness: Witness::new(&self.name(), &places),
        };
        let timeout = self.config.timeout;
        let (role, deadline) = match access {
            Access::Login(by) => (Role::Login, Some(by)),
            Access::Command => (Role::Owner, None),
        };
        Ok(Box::new(PostgresStore::open(
            location, role, trust, timeout, deadline,
        )?))
    }

    /// What a login calls with the generation that it has brought the store to; a database remembers by other
    /// means.
    pub fn marker(&self) -> Option<impl FnMut(u64)> {
        let mark = self.mark();
        let note = move |generation| mark.note(generation);
        self.config.store.file().map(|_| note)
    }

    /// The mark of how new the store is: beside the helper's socket, or else beside the key.
    pub fn mark(&self) -> Mark {
        Mark::new(
            &self.name(),
            &self.memory().each_ref().map(PathBuf::as_path),
        )
    }

    /// Names the key ring in the names of files.
    fn name(&self) -> String {
        let tag = self.keys.identity().0;
        tag[..4].iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Where a host remembers what it has seen of its store: the first of these folders that it can write to.
    fn memory(&self) -> [PathBuf; 2] {
        let config = &self.config;
        [&config.helper.socket, &config.key].map(|path| files::folder_of(path).to_owned())
    }
}

/// Who opens a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// A login: by then all must be done.
    Login(Instant),
    /// A command: it may do what no login does, and takes the time that it needs.
    Command,
}
