//! The first steps: configuration, key ring and store, where they are missing.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use super::AdminError;
use crate::clock::Random;
use crate::config::{Config, DEFAULT_PATH, StoreLocation};
use crate::crypto::KeyRing;
use crate::files::{FileProblem, ProblemKind};
use crate::site::{self, Access, Site, SiteError};
#[cfg(feature = "postgres")]
use crate::store::postgres::Owner;
use crate::store::sqlite::SqliteStore;

/// What `init` found and made.
#[derive(Debug)]
pub struct Initialised {
    /// The configuration.
    pub config: Step,
    /// The key ring.
    pub key: Step,
    /// The store.
    pub store: Step,
}

/// One of the things that a site needs.
#[derive(Debug)]
pub struct Step {
    /// Where it is.
    pub place: String,
    /// It was missing.
    pub made: bool,
}

impl Step {
    fn new(place: &impl ToString, made: bool) -> Step {
        Step {
            place: place.to_string(),
            made,
        }
    }
}

/// Makes what is missing. Never makes a new key ring beside an old store: nothing in it could be
/// opened any more.
pub fn initialise(config_path: &Path, source: &mut dyn Random) -> Result<Initialised, AdminError> {
    let config_is_new = !config_path.exists();
    if config_is_new {
        make_folder(config_path, 0o755)?;
        write_new(config_path, first_config(config_path).as_bytes(), 0o644)?;
    }
    let config = site::load_config(config_path)?;
    let key = config.key.clone();
    let key_is_new = !key.exists();
    let store_is_new = !is_there(&config)?;
    if key_is_new {
        if !store_is_new {
            return Err(SiteError::from(FileProblem {
                message: format!("it is missing, and the store {} needs it", config.store),
                path: key,
                remedy: "Put the key file back from a backup; a new key could open nothing in the store.".into(),
                kind: ProblemKind::Broken,
            })
            .into());
        }
        make_folder(&key, 0o755)?;
        write_new(&key, KeyRing::generate(source)?.to_text().as_bytes(), 0o600)?;
    }
    if store_is_new {
        refuse_a_lost_store(&config)?;
        make_store(&config.store, &site::load_keys(&key)?, config.timeout)?;
    }
    // Whatever was there already must be in order too.
    let site = Site::of(config).map_err(|failed| failed.1)?;
    site.open_store(Access::Command)?;
    Ok(Initialised {
        config: Step::new(&config_path.display(), config_is_new),
        key: Step::new(&key.display(), key_is_new),
        store: Step::new(&site.config.store, store_is_new),
    })
}

pub(super) fn is_there(config: &Config) -> Result<bool, AdminError> {
    match &config.store {
        StoreLocation::Sqlite(path) => Ok(path.exists()),
        #[cfg(feature = "postgres")]
        StoreLocation::Postgres(location) => {
            let owner = Owner::connect(location, config.timeout)?;
            Ok(owner.ring()?.is_some())
        }
    }
}

/// Makes an empty store.
fn make_store(place: &StoreLocation, keys: &KeyRing, timeout: Duration) -> Result<(), AdminError> {
    match place {
        StoreLocation::Sqlite(path) => make_file(path, keys, timeout),
        #[cfg(feature = "postgres")]
        StoreLocation::Postgres(location) => {
            Ok(Owner::connect(location, timeout)?.create(keys.identity())?)
        }
    }
}

/// Makes an empty store in a file that is not there yet.
pub(super) fn make_file(path: &Path, keys: &KeyRing, timeout: Duration) -> Result<(), AdminError> {
    make_folder(path, 0o700)?;
    // SQLite makes its files with the mode of the first one, and that with the umask.
    write_new(path, b"", 0o600)?;
    let made = SqliteStore::create(path, keys.identity(), timeout);
    if made.is_err() {
        let _ = std::fs::remove_file(path);
    }
    Ok(made.map(|_| ())?)
}

/// A key ring that has seen a store is not given an empty one: whoever has lost the store must know.
fn refuse_a_lost_store(config: &Config) -> Result<(), SiteError> {
    let generation = site::load_keys(&config.key)?.generation;
    if generation == 0 {
        return Ok(());
    }
    let remedy = "Put the store back. To begin anew without it, move the key file away first: \
                  everybody must then enrol again.";
    Err(SiteError::from(FileProblem {
        path: config.store.to_string().into(),
        message: format!("it is missing, and the key ring has seen its generation {generation}"),
        remedy: remedy.into(),
        kind: ProblemKind::Broken,
    }))
}

/// The first configuration: nobody is locked out before the administrator says so. Away from
/// `/etc`, everything stays in the folder of the configuration.
fn first_config(path: &Path) -> String {
    let places = if path == Path::new(DEFAULT_PATH) {
        ""
    } else {
        "\n[store]\nurl = \"sqlite:store/mailotp.db\"\nkey = \"mailotp.key\"\n\n[helper]\nsocket = \"helper.sock\"\n"
    };
    let users = "\n[users]\nenrolment = \"optional\"       # \"required\": an account with nothing enrolled is refused\n";
    format!(
        "# mailotp. Every key and its value: mailotp.toml(5).\n\n\
         mode = \"observe\"              # log what would be refused; \"enforce\": refuse it\n{users}{places}"
    )
}

pub(super) fn make_folder(file: &Path, mode: u32) -> Result<(), SiteError> {
    let Some(folder) = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty() && !folder.exists())
    else {
        return Ok(());
    };
    DirBuilder::new()
        .recursive(true)
        .mode(mode)
        .create(folder)
        .map_err(|why| broken(folder, &why))?;
    // The umask may have taken something away.
    let permissions = std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(folder, permissions).map_err(|why| broken(folder, &why))
}

pub(super) fn write_new(path: &Path, content: &[u8], mode: u32) -> Result<(), SiteError> {
    let write = || -> io::Result<()> {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode & 0o600)
            .open(path)?;
        file.write_all(content)?;
        file.set_permissions(std::fs::Permissions::from_mode(mode))?;
        file.sync_all()
    };
    write().map_err(|why| broken(path, &why))
}

pub(super) fn broken(path: &Path, why: &io::Error) -> SiteError {
    let forbidden = why.kind() == io::ErrorKind::PermissionDenied;
    FileProblem {
        path: path.to_owned(),
        message: format!("it cannot be made: {why}"),
        remedy: if forbidden {
            "Run the command as root."
        } else {
            "Look at the disk and the folder."
        }
        .into(),
        kind: if forbidden {
            ProblemKind::Forbidden
        } else {
            ProblemKind::Broken
        },
    }
    .into()
}
