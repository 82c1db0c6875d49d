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
use crate::config::{Config, StoreLocation};
use crate::crypto::KeyRing;
use crate::files::{self, with_end};
use crate::id::AccountId;
use crate::site::{self, Access, Site, SiteError};
#[cfg(feature = "postgres")]
use crate::store::postgres::Owner;
use crate::store::sqlite::SqliteStore;
#[cfg(feature = "postgres")]
use crate::store::transfer::{self, End};
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
    store: StoreLocation,
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
    pub store: String,
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
        let has_config = wanted.config.exists();
        let config = if has_config {
            site::load_config(wanted.config)?
        } else {
            site::parse_config(wanted.config, config_text.to_vec())?
        };
        if !wanted.force && is_there(&config)? {
            return Err(AdminError::InTheWay(config.store.to_string().into()));
        }
        let (keys, other_keys) = ring(&config, keys, wanted.force)?;
        let beside = beside(&config);
        let folder = files::folder_of(&beside).to_owned();
        let made_folder = (!folder.exists()).then_some(folder);
        make_folder(&beside, 0o700)?;
        files::sweep(&beside, "restore");
        Ok(Prepared {
            store: config.store.clone(),
            staging: files::beside(&beside, "restore"),
            site: Site { config, keys },
            config_path: wanted.config.to_owned(),
            new_config: (!has_config).then(|| config_text.to_vec()),
            other_keys,
            made_folder,
            stamp: wanted.stamp.to_owned(),
        }
        .with_free_stamp())
    }

    /// What is moved aside takes nobody's place.
    fn with_free_stamp(mut self) -> Prepared {
        let wanted = std::mem::take(&mut self.stamp);
        let taken = |prepared: &Prepared| {
            let config = &prepared.site.config;
            let paths = [&beside(config), &config.key];
            paths.iter().any(|path| prepared.aside(path).exists())
        };
        for number in 1.. {
            self.stamp = match number {
                1 => wanted.clone(),
                _ => format!("{wanted}-{number}"),
            };
            if !taken(&self) {
                break;
            }
        }
        self
    }

    /// A new file for the store, beside its place.
    pub fn receive(&self) -> io::Result<File> {
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&self.staging)
    }

    /// Ends the restore of the store that was received. `event` is asked for when it happens.
    pub fn finish(mut self, event: &dyn Fn() -> Event) -> Result<Restored, AdminError> {
        let timeout = self.site.config.timeout;
        SqliteStore::migrate(&self.staging, timeout)?;
        let mut store = SqliteStore::open(&self.staging, timeout)?;
        store.examine()?;
        store.let_in()?;
        if store.identity()?.ring != self.site.keys.identity() {
            return Err(AdminError::OtherKeyRing);
        }
        let keys = &self.site.keys;
        for_each_sealed(&mut store, |sealed| {
            in_context(sealed, |context| keys.open(context, &sealed.value))?;
            Ok(())
        })?;
        let (accounts, suspended) = to_be_suspended(&mut store)?;
        let (mut aside, stays) = self.clear(timeout)?;
        let old_keys = if self.other_keys {
            self.move_aside(&self.site.config.key)?
        } else {
            None
        };
        let switched = self
            .write_files()
            .and_then(|()| self.switch(store, stays, &event(), timeout));
        if let (Err(_), Some(old)) = (&switched, &old_keys) {
            // The old store is still there, and belongs to the old keys.
            let _ = std::fs::rename(old, &self.site.config.key);
        }
        let generation = switched?;
        aside.extend(old_keys);
        self.site.note_generation(generation)?;
        self.site.keys = site::load_keys(&self.site.config.key)?;
        self.site.open_store(Access::Command)?;
        Ok(Restored {
            config: self.config_path.clone(),
            config_is_new: self.new_config.is_some(),
            key: self.site.config.key.clone(),
            store: self.store.to_string(),
            accounts,
            suspended,
            generation,
            aside,
        })
    }

    /// Makes the store safe, and puts it in its place.
    fn switch(
        &self,
        mut store: SqliteStore,
        stays: bool,
        event: &Event,
        timeout: Duration,
    ) -> Result<u64, AdminError> {
        let marked = self.site.mark().read().map_err(SiteError::from)?;
        let found = store.identity()?.generation;
        let restoration = Restoration {
            now: event.time,
            // Above all that was ever noted: the store before is now the old copy.
            generation: found.max(self.site.keys.generation).max(marked),
        };
        let change = [Change::Restore(restoration)];
        let generation = store.change(AccountId::NOBODY, &change, event)?;
        match &self.store {
            StoreLocation::Sqlite(path) => {
                drop(store);
                if stays {
                    SqliteStore::migrate(path, timeout)?;
                    return Ok(SqliteStore::take_over(path, &self.staging, timeout)?);
                }
                SqliteStore::settle_file(&self.staging, timeout)?;
                self.place(path).map_err(|why| broken(path, &why))?;
                Ok(generation)
            }
            #[cfg(feature = "postgres")]
            StoreLocation::Postgres(location) => {
                let owner = Owner::connect(location, timeout)?;
                if owner.ring()?.is_none() {
                    owner.create(self.site.keys.identity())?;
                }
                owner.migrate()?;
                let mut end = End::Database(Box::new(owner));
                Ok(transfer::take_over(&mut end, &mut store)?)
            }
        }
    }

    /// Whether SQLite can go on with the store that is there.
    fn works(path: &Path, timeout: Duration) -> Result<bool, AdminError> {
        if files::check_store(path).is_err() {
            return Ok(false);
        }
        match SqliteStore::open(path, timeout) {
            // What a newer mailotp has made would go with what takes its place.
            Ok(store) => Ok(store.is_own().map(|()| true)?),
            Err(StoreError::Older { .. }) => Ok(true),
            Err(error @ (StoreError::TooSlow | StoreError::Full | StoreError::Newer { .. })) => {
                Err(error.into())
            }
            Err(_) => Ok(false),
        }
    }

    /// Copies or moves the store aside that is there, and says whether it stays to be overwritten: programs may
    /// have it open, so it stays the file that it is where SQLite can open it.
    fn clear(&self, timeout: Duration) -> Result<(Vec<PathBuf>, bool), AdminError> {
        let copy = self.aside(&beside(&self.site.config));
        #[cfg(feature = "postgres")]
        if let StoreLocation::Postgres(location) = &self.store {
            let owner = Owner::connect(location, timeout)?;
            let Some(ring) = owner.ring()? else {
                return Ok((Vec::new(), true));
            };
            transfer::snapshot(&mut End::Database(Box::new(owner)), ring, &copy, timeout)?;
            return Ok((vec![copy], true));
        }
        let Some(store) = self.store.file() else {
            return Ok((Vec::new(), true));
        };
        if Prepared::works(store, timeout)? && SqliteStore::copy(store, &copy, timeout).is_ok() {
            return Ok((vec![copy], true));
        }
        // What is left of a store that cannot be used. A log of writes must not stay for another one.
        let mut aside = Vec::new();
        for end in ["", "-wal", "-shm", "-journal"] {
            aside.extend(self.move_aside(&with_end(store, end))?);
        }
        Ok((aside, false))
    }

    fn write_files(&self) -> Result<(), AdminError> {
        if let Some(text) = &self.new_config {
            make_folder(&self.config_path, 0o755)?;
            write_new(&self.config_path, text, 0o644)?;
        }
        let key = &self.site.config.key;
        let text = self.site.keys.to_text();
        if key.exists() {
            let _lock = files::lock(key).map_err(|why| broken(key, &why))?;
            files::replace(key, text.as_bytes()).map_err(|why| broken(key, &why))?;
        } else {
            make_folder(key, 0o755)?;
            write_new(key, text.as_bytes(), 0o600)?;
        }
        Ok(())
    }

    fn place(&self, store: &Path) -> io::Result<()> {
        std::fs::rename(&self.staging, store)?;
        File::open(files::folder_of(store))?.sync_all()
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

fn is_there(config: &Config) -> Result<bool, AdminError> {
    match config.store.file() {
        Some(path) => Ok(path.exists() || path.is_symlink()),
        None => super::init::is_there(config),
    }
}

/// Where files lie that belong to the store: where it is, or beside the key ring.
pub fn beside(config: &Config) -> PathBuf {
    let path = config.store.file().map(Path::to_owned);
    path.unwrap_or_else(|| config.key.with_file_name("mailotp.db"))
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
