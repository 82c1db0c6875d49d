//! A site that comes back from a backup.
//!
//! ```text
//!  prepare ──▶ the store is written beside its place ──▶ finish: examine ─▶ suspend ─▶ old ones aside ─▶ put in place
//!     │                      │                             │
//!     └──────────────────────┴───────── no ────────────────┴──▶ everything is as it was
//! ```
//!
//! What was spent after the backup was made is unspent in it. So the store is made safe before it is in its
//! place, not after.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::AdminError;
use super::init::{broken, make_folder, write_new};
use super::keys::{for_each_sealed, in_context};
use crate::account::{Change, Kind, Restoration, State};
use crate::audit::Event;
use crate::clock::Timestamp;
use crate::config::{Config, StoreLocation};
use crate::crypto::KeyRing;
use crate::files;
use crate::id::AccountId;
use crate::site::{self, Site, SiteError};
use crate::store::sqlite::SqliteStore;
use crate::store::{Store, StoreError};

/// What somebody wants to restore, and how.
pub struct Wanted<'a> {
    /// Where the configuration is, or is to be.
    pub config: &'a Path,
    /// What is in the way is moved aside.
    pub force: bool,
    /// What is moved aside gets this at the end of its name.
    pub stamp: &'a str,
}

/// A restore of which all is known but the store.
pub struct Prepared {
    site: Site,
    config_path: PathBuf,
    /// The configuration, where there is none.
    new_config: Option<Vec<u8>>,
    /// Another site's key ring is in the way.
    other_keys: bool,
    store: PathBuf,
    staging: PathBuf,
    made_folder: Option<PathBuf>,
    stamp: String,
}

/// What was restored.
#[derive(Debug)]
pub struct Restored {
    /// The configuration.
    pub config: PathBuf,
    /// Whether it is the backup's; else it was there.
    pub config_is_new: bool,
    /// The key ring.
    pub key: PathBuf,
    /// The store.
    pub store: PathBuf,
    /// How many accounts there are.
    pub accounts: u64,
    /// How many credentials wait to be looked at, by kind.
    pub suspended: BTreeMap<&'static str, u64>,
    /// How new the store is.
    pub generation: u64,
    /// What was there before, by its new name.
    pub aside: Vec<PathBuf>,
}

impl Prepared {
    /// Refuses what cannot be restored here, and makes nothing but the folder of the store.
    pub fn new(
        wanted: &Wanted<'_>,
        config_text: &[u8],
        keys: Option<KeyRing>,
    ) -> Result<Prepared, AdminError> {
        let is_there = wanted.config.exists();
        let config = if is_there {
            site::load_config(wanted.config)?
        } else {
            site::parse_config(wanted.config, config_text)?
        };
        let StoreLocation::Sqlite(store) = config.store.clone();
        if !wanted.force && (store.exists() || store.is_symlink()) {
            return Err(AdminError::InTheWay(store));
        }
        let (keys, other_keys) = ring(&config, keys, wanted.force)?;
        let folder = store.parent().unwrap_or(Path::new(".")).to_owned();
        let made_folder = (!folder.exists()).then_some(folder);
        make_folder(&store, 0o700)?;
        let mut name = store.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.restore", std::process::id()));
        Ok(Prepared {
            site: Site { config, keys },
            config_path: wanted.config.to_owned(),
            new_config: (!is_there).then(|| config_text.to_vec()),
            other_keys,
            staging: store.with_file_name(name),
            store,
            made_folder,
            stamp: wanted.stamp.to_owned(),
        })
    }

    /// A new file for the store, beside its place.
    pub fn receive(&self) -> io::Result<File> {
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&self.staging)
    }

    /// Ends the restore of the store that was received. The time of `event` is now.
    pub fn finish(mut self, event: &Event) -> Result<Restored, AdminError> {
        let timeout = self.site.config.timeout;
        SqliteStore::migrate(&self.staging, timeout)?;
        let mut store = SqliteStore::open(&self.staging, timeout)?;
        store.examine()?;
        let found = store.identity()?;
        if found.ring != self.site.keys.identity() {
            return Err(AdminError::OtherKeyRing);
        }
        let keys = &self.site.keys;
        for_each_sealed(&mut store, |sealed| {
            in_context(sealed, |context| keys.open(context, &sealed.value))?;
            Ok(())
        })?;
        let (accounts, suspended) = to_be_suspended(&mut store)?;
        let old = self.old(timeout)?;
        let marked = self.site.mark().read().map_err(SiteError::from)?;
        let known = [found.generation, self.site.keys.generation, marked];
        let restoration = Restoration {
            now: event.time,
            floors: old.floors.clone(),
            // Above all that was ever noted: the store before is now the old copy.
            generation: known.into_iter().fold(old.generation, u64::max),
        };
        let change = [Change::Restore(restoration)];
        let generation = store.change(AccountId::NOBODY, &change, event)?;
        drop(store);
        SqliteStore::settle_file(&self.staging, timeout)?;
        let aside = self.put_in_place(&old, timeout)?;
        self.site.note_generation(generation)?;
        self.site.keys = site::load_keys(&self.site.config.key)?;
        self.site.open_store()?;
        Ok(Restored {
            config: self.config_path.clone(),
            config_is_new: self.new_config.is_some(),
            key: self.site.config.key.clone(),
            store: self.store.clone(),
            accounts,
            suspended,
            generation,
            aside,
        })
    }

    /// The store that is there.
    fn old(&self, timeout: Duration) -> Result<Old, AdminError> {
        if files::check_store(&self.store).is_err() {
            return Ok(Old::default());
        }
        match SqliteStore::open(&self.store, timeout) {
            Ok(mut store) => {
                let accounts = store.accounts()?;
                let floors = accounts
                    .iter()
                    .map(|account| (account.id, account.totp_floor));
                Ok(Old {
                    works: true,
                    generation: store.identity()?.generation,
                    floors: floors.collect(),
                })
            }
            Err(StoreError::Older { .. } | StoreError::Newer { .. }) => Ok(Old {
                works: true,
                ..Old::default()
            }),
            Err(busy @ (StoreError::TooSlow | StoreError::Full)) => Err(busy.into()),
            Err(_) => Ok(Old::default()),
        }
    }

    /// Each step leaves something that can be used, or a restore that can be run again.
    fn put_in_place(&self, old: &Old, timeout: Duration) -> Result<Vec<PathBuf>, AdminError> {
        let mut aside = Vec::new();
        let copy = self.aside(&self.store);
        // Programs may have it open, so it stays the file that it is: its content is copied, and then replaced.
        let replace = old.works && SqliteStore::copy(&self.store, &copy, timeout).is_ok();
        if replace {
            aside.push(copy);
        } else {
            // What is left of a store that cannot be used. A log of writes must not stay for another one.
            for end in ["", "-wal", "-shm", "-journal"] {
                aside.extend(self.move_aside(&with_end(&self.store, end))?);
            }
        }
        if let Some(text) = &self.new_config {
            make_folder(&self.config_path, 0o755)?;
            write_new(&self.config_path, text, 0o644)?;
        }
        let key = &self.site.config.key;
        if self.other_keys {
            aside.extend(self.move_aside(key)?);
        }
        let text = self.site.keys.to_text();
        if key.exists() {
            let _lock = files::lock(key).map_err(|why| broken(key, &why))?;
            files::replace(key, text.as_bytes()).map_err(|why| broken(key, &why))?;
        } else {
            make_folder(key, 0o755)?;
            write_new(key, text.as_bytes(), 0o600)?;
        }
        let placed = if replace {
            SqliteStore::overwrite(&self.store, &self.staging, timeout).map_err(AdminError::from)
        } else {
            self.place().map_err(|why| broken(&self.store, &why).into())
        };
        if placed.is_err() && self.other_keys {
            // The old store is still there, and belongs to the old keys.
            let _ = std::fs::rename(self.aside(key), key);
        }
        placed.map(|()| aside)
    }

    fn place(&self) -> io::Result<()> {
        std::fs::rename(&self.staging, &self.store)?;
        File::open(self.store.parent().unwrap_or(Path::new(".")))?.sync_all()
    }

    fn aside(&self, path: &Path) -> PathBuf {
        with_end(path, &format!(".{}", self.stamp))
    }

    fn move_aside(&self, path: &Path) -> Result<Option<PathBuf>, AdminError> {
        let aside = self.aside(path);
        match std::fs::rename(path, &aside) {
            Ok(()) => Ok(Some(aside)),
            Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(why) => Err(broken(path, &why).into()),
        }
    }
}

impl Drop for Prepared {
    fn drop(&mut self) {
        for end in ["", "-wal", "-shm", "-journal"] {
            let _ = std::fs::remove_file(with_end(&self.staging, end));
        }
        // It stays where something is in it.
        if let Some(folder) = &self.made_folder {
            let _ = std::fs::remove_dir(folder);
        }
    }
}

/// What is known of the store that is there.
#[derive(Default)]
struct Old {
    /// SQLite can open it.
    works: bool,
    generation: u64,
    floors: Vec<(AccountId, Timestamp)>,
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(end);
    path.with_file_name(name)
}

/// The key ring of the restored site, and whether another site's is in the way.
fn ring(
    config: &Config,
    from_backup: Option<KeyRing>,
    force: bool,
) -> Result<(KeyRing, bool), AdminError> {
    let path = &config.key;
    if !path.exists() {
        let none = || AdminError::NoKeyRing(path.clone());
        return Ok((from_backup.ok_or_else(none)?, false));
    }
    match (site::load_keys(path), from_backup) {
        (Ok(here), None) => Ok((here, false)),
        (Ok(here), Some(other)) if here.identity() == other.identity() => {
            Ok((here.join(other), false))
        }
        (_, Some(other)) if force => Ok((other, true)),
        (Ok(_), Some(_)) => Err(AdminError::InTheWay(path.clone())),
        (Err(error), _) => Err(error.into()),
    }
}

/// How many accounts there are, and what of them is live and does not go on by itself.
fn to_be_suspended(
    store: &mut dyn Store,
) -> Result<(u64, BTreeMap<&'static str, u64>), AdminError> {
    let accounts = store.accounts()?;
    let mut suspended = BTreeMap::new();
    for account in &accounts {
        for credential in store.read(&account.name, None)?.credentials {
            let is_totp = matches!(credential.kind, Kind::Totp { .. });
            if credential.state == State::Live && !is_totp {
                *suspended.entry(credential.kind.as_str()).or_default() += 1;
            }
        }
    }
    Ok((accounts.len() as u64, suspended))
}
