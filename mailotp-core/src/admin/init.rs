//! The first steps: configuration, key ring and store, where they are missing.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::AdminError;
use crate::clock::Random;
use crate::config::{DEFAULT_PATH, StoreLocation};
use crate::crypto::KeyRing;
use crate::files::{FileProblem, ProblemKind};
use crate::site::{self, Site, SiteError};
use crate::store::sqlite::SqliteStore;

/// What `init` found and made.
#[derive(Debug)]
pub struct Initialised {
    /// The configuration.
    pub config: PathBuf,
    /// The key ring.
    pub key: PathBuf,
    /// The store.
    pub store: PathBuf,
    /// Those of them that were missing.
    pub created: Vec<PathBuf>,
}

/// Makes what is missing. Never makes a new key ring beside an old store: nothing in it could be
/// opened any more.
pub fn initialise(config_path: &Path, source: &mut dyn Random) -> Result<Initialised, AdminError> {
    let mut created = Vec::new();
    if !config_path.exists() {
        make_folder(config_path, 0o755)?;
        write_new(config_path, first_config(config_path).as_bytes(), 0o644)?;
        created.push(config_path.to_owned());
    }
    let config = site::load_config(config_path)?;
    let StoreLocation::Sqlite(store) = config.store.clone();
    let key = config.key.clone();
    if !key.exists() {
        if store.exists() {
            return Err(SiteError::from(FileProblem {
                message: format!("it is missing, and the store {} needs it", store.display()),
                path: key,
                remedy: "Put the key file back from a backup; a new key could open nothing in the store.".into(),
                kind: ProblemKind::Broken,
            })
            .into());
        }
        make_folder(&key, 0o755)?;
        write_new(&key, KeyRing::generate(source)?.to_text().as_bytes(), 0o600)?;
        created.push(key.clone());
    }
    let timeout = config.timeout;
    if !store.exists() {
        refuse_a_lost_store(&key, &store)?;
        make_folder(&store, 0o700)?;
        // SQLite makes its files with the mode of the first one, and that with the umask.
        write_new(&store, b"", 0o600)?;
        let made = SqliteStore::create(&store, site::load_keys(&key)?.identity(), timeout);
        if made.is_err() {
            let _ = std::fs::remove_file(&store);
        }
        made?;
        created.push(store.clone());
    }
    // Whatever was there already must be in order too.
    let site = Site::of(config).map_err(|failed| failed.1)?;
    site.open_store()?;
    Ok(Initialised {
        config: config_path.to_owned(),
        key,
        store,
        created,
    })
}

/// A key ring that has seen a store is not given an empty one: whoever has lost the store must know.
fn refuse_a_lost_store(key: &Path, store: &Path) -> Result<(), SiteError> {
    let generation = site::load_keys(key)?.generation;
    if generation == 0 {
        return Ok(());
    }
    let remedy = "Put the store back. To begin anew without it, move the key file away first: \
                  everybody must then enrol again.";
    Err(SiteError::from(FileProblem {
        path: store.to_owned(),
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
