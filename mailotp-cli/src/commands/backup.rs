//! `backup`: configuration, key ring and store, as they are at one moment, in one sealed file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use mailotp_core::admin::{beside_store, copy_store};
use mailotp_core::crypto::SealError;
use mailotp_core::files::{self, Secrecy};
use mailotp_core::site::{self, SiteError};
use serde_json::json;
use zeroize::Zeroizing;

use crate::cli::Backup;
use crate::context::{Context, System, host_name};
use crate::error::{CliError, FAILED};
use crate::sealed::{self, Lock, PassPhrase, Recipient, tar};
use crate::{input, terminal, time};

/// The files of a backup, in this order. The key ring may be missing.
pub const ABOUT: &str = "mailotp.json";
pub const CONFIG: &str = "mailotp.toml";
pub const KEYS: &str = "mailotp.key";
pub const STORE: &str = "mailotp.db";
/// The version of what is in [`ABOUT`] and of the order.
pub const FORMAT: u64 = 1;

/// The shortest pass phrase, in characters: somebody who has the file can try as often as they like.
const SHORTEST: usize = 8;

pub fn run(context: &mut Context<'_>, wanted: &Backup) -> Result<(), CliError> {
    let to_stdout = wanted.file == Path::new("-");
    if to_stdout && (context.cli.json || terminal::is_read()) {
        return Err(CliError::usage(
            "a backup on standard output goes with no other output, and into no terminal",
            "Name a file.",
        ));
    }
    let lock = lock(wanted)?;
    let taken = Taken::new(context, wanted)?;
    if to_stdout {
        taken.write(context, &lock, io::stdout().lock())?;
    } else {
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&wanted.file)
            .map_err(|why| unwritable(&wanted.file, &why))?;
        let written = taken
            .write(context, &lock, &file)
            .and_then(|()| Ok(file.sync_all()?))
            .and_then(|()| {
                Ok(File::open(files::folder_of(&wanted.file))
                    .and_then(|folder| folder.sync_all())?)
            });
        if let Err(error) = written {
            let _ = fs::remove_file(&wanted.file);
            return Err(error);
        }
    }
    if let Err(error) = context.admin(|admin| admin.backed_up()) {
        terminal::note(&format!("mailotp-cli: warning: not in the log: {error}\n"));
    }
    if to_stdout {
        return Ok(());
    }
    let document = json!({
        "file": wanted.file,
        "sealed_for": match &lock {
            Lock::PassPhrase(_) => "pass-phrase",
            Lock::Recipients(_) => "recipients",
        },
        "key": !wanted.without_key,
    });
    Ok(context.output.show(&document, || {
        let mut text = format!("The backup is in {}.\n", wanted.file.display());
        if wanted.without_key {
            text += "The key ring is not in it: keep a copy of that apart, or nobody opens it.\n";
        }
        text + "To put it back: mailotp-cli restore FILE\n"
    })?)
}

/// What is in a backup.
struct Taken {
    about: Vec<u8>,
    config: Zeroizing<Vec<u8>>,
    keys: Option<Zeroizing<Vec<u8>>>,
    store: PathBuf,
}

impl Taken {
    /// The keys cannot change while the store is copied: they are those of the copy.
    fn new(context: &mut Context<'_>, wanted: &Backup) -> Result<Taken, CliError> {
        let config = &context.site.config;
        let key = config.key.clone();
        let beside = beside_store(config);
        let about = json!({
            "format": FORMAT,
            "mailotp": env!("CARGO_PKG_VERSION"),
            "made": time::utc(context.now),
            "host": host_name(),
        });
        let lock = files::lock(&key).map_err(|why| unwritable(&key, &why))?;
        let keys = files::read(&key, Secrecy::Private).map_err(SiteError::from)?;
        if !wanted.without_key {
            // Another host may have sealed with a key that this one was not given.
            context.site.keys = site::load_keys(&key)?;
            let keys = context.admin(|admin| admin.keys())?;
            if let Some(missing) = keys.iter().find(|key| key.standing.is_none()) {
                return Err(mailotp_core::admin::AdminError::Seal(SealError::UnknownKey(
                    missing.id,
                ))
                .into());
            }
        }
        files::sweep(&beside, "backup");
        let taken = Taken {
            about: about.to_string().into_bytes(),
            config: files::read(&context.cli.config, Secrecy::Public).map_err(SiteError::from)?,
            keys: (!wanted.without_key).then_some(keys),
            store: files::beside(&beside, "backup"),
        };
        copy_store(&context.site, &taken.store).map_err(SiteError::from)?;
        drop(lock);
        Ok(taken)
    }

    fn write(&self, context: &Context<'_>, lock: &Lock, to: impl Write) -> Result<(), CliError> {
        let time = context.now.unix();
        let mut to = sealed::seal(to, lock, &mut System)?;
        let mut small = |name, content: &[u8]| {
            let size = content.len() as u64;
            tar::add(&mut to, name, size, time, &mut &content[..], &mut |_| {})
        };
        small(ABOUT, &self.about)?;
        small(CONFIG, &self.config)?;
        if let Some(keys) = &self.keys {
            small(KEYS, keys)?;
        }
        // No other process and no SQLite has this file open.
        let mut store = File::open(&self.store)?;
        let size = store.metadata()?.len();
        let blocks = |bytes: u64| (bytes >> 16) as u32;
        let mut progress = |done| {
            let (done, of) = (blocks(done), blocks(size));
            context.output.progress("blocks written:", done, of);
        };
        tar::add(&mut to, STORE, size, time, &mut store, &mut progress)?;
        tar::end(&mut to)?;
        Ok(to.finish()?.flush()?)
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.store);
    }
}

fn lock(wanted: &Backup) -> Result<Lock, CliError> {
    if !wanted.recipient.is_empty() {
        let mut recipients = Vec::new();
        for text in &wanted.recipient {
            recipients.extend(recipients_of(text)?);
        }
        return Ok(Lock::Recipients(recipients));
    }
    let phrase = match &wanted.secret_file {
        Some(path) => first_line(path)?,
        None => input::new_secret("Pass phrase of the backup: ", "Once more: ")?,
    };
    if phrase.chars().count() < SHORTEST {
        return Err(CliError::new(
            FAILED,
            format!("a pass phrase has at least {SHORTEST} characters"),
            "Choose a longer one: whoever finds the file can try as often as they like.",
        ));
    }
    Ok(Lock::PassPhrase(PassPhrase(phrase)))
}

/// A public key, or the keys in a file, a line each.
fn recipients_of(text: &str) -> Result<Vec<Recipient>, CliError> {
    let nonsense = || {
        CliError::usage(
            format!("\"{}\" is no public key of age", text.escape_debug()),
            "Make a pair of keys with age-keygen; the public one begins with age1.",
        )
    };
    if text.starts_with("age1") {
        return Ok(vec![Recipient::parse(text).ok_or_else(nonsense)?]);
    }
    let lines = read(Path::new(text))?;
    let lines = lines.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let found: Option<Vec<Recipient>> = lines.map(Recipient::parse).collect();
    found.filter(|found| !found.is_empty()).ok_or_else(nonsense)
}

/// The first line of a file.
pub fn first_line(path: &Path) -> Result<Zeroizing<String>, CliError> {
    let text = read(path)?;
    Ok(Zeroizing::new(
        text.lines().next().unwrap_or_default().to_owned(),
    ))
}

/// A file of text.
pub fn read(path: &Path) -> Result<Zeroizing<String>, CliError> {
    let bytes = terminal::with(|terminal| terminal.read(path)).map_err(|why| {
        CliError::new(
            FAILED,
            format!("{} cannot be read: {why}", path.display()),
            "Name another file.",
        )
    })?;
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(Zeroizing::new(text.to_owned())),
        Err(_) => Err(CliError::new(
            FAILED,
            format!("{} is no text", path.display()),
            "Name another file.",
        )),
    }
}

fn unwritable(path: &Path, why: &io::Error) -> CliError {
    CliError::new(
        FAILED,
        format!("{} cannot be written: {why}", path.display()),
        "Name a new file, in a folder with room.",
    )
}
