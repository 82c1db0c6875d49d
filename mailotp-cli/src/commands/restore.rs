//! `restore`: what `backup` has made comes back. Nothing takes a place before all of it was found whole.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use mailotp_core::admin::{Prepared, Restored, Wanted, event_of_change};
use mailotp_core::audit::Reason;
use mailotp_core::clock::Timestamp;
use mailotp_core::crypto::KeyRing;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::backup::{ABOUT, CONFIG, FORMAT, KEYS, STORE, first_line, read};
use crate::cli::{Cli, Restore};
use crate::context::{actor, host_name};
use crate::error::{CliError, FAILED, UNUSABLE};
use crate::output::Output;
use crate::sealed::{self, Archive, Entry, Identity, PassPhrase, SealedError, Unlock};
use crate::{input, time};

/// Nobody has a configuration or a key ring of more than this many bytes.
const MAX_SMALL: u64 = 4 << 20;

pub fn run(cli: &Cli, wanted: &Restore) -> Result<(), CliError> {
    let now: Timestamp = std::time::SystemTime::now().into();
    let output = Output::new(cli.json);
    let from: Box<dyn BufRead> = if wanted.file == Path::new("-") {
        Box::new(BufReader::new(io::stdin()))
    } else {
        let file = File::open(&wanted.file).map_err(|why| unreadable(&wanted.file, &why))?;
        Box::new(BufReader::new(file))
    };
    let opened = sealed::open(from, |pass_phrase| unlock(wanted, pass_phrase))?;
    let mut archive = Archive::new(opened);
    let about = small(&mut archive, ABOUT)?;
    let about: Value = serde_json::from_slice(&about).map_err(|_| foreign())?;
    if about["format"] != json!(FORMAT) {
        return Err(CliError::new(
            UNUSABLE,
            "a later mailotp has made this backup",
            "Install the version of mailotp that made it, or a later one.",
        ));
    }
    let config = small(&mut archive, CONFIG)?;
    let mut entry = next(&mut archive)?.ok_or_else(foreign)?;
    let mut keys = None;
    if entry.name == KEYS {
        let text = content(&mut archive, &entry)?;
        keys = Some(KeyRing::parse(&text).map_err(|_| foreign())?);
        entry = next(&mut archive)?.ok_or_else(foreign)?;
    }
    if entry.name != STORE {
        return Err(foreign());
    }
    let stamp = time::utc(now).replace(':', "-");
    let prepared = Prepared::new(
        &Wanted {
            config: &cli.config,
            force: wanted.force,
            stamp: &stamp,
        },
        &config,
        keys,
    )?;
    receive(&prepared, &mut archive, &entry, &output)?;
    if next(&mut archive)?.is_some() {
        return Err(foreign());
    }
    // Much may have been let in since the command began: what counts is the time of the change.
    let event = || {
        let now = std::time::SystemTime::now().into();
        event_of_change(Reason::Restored, now, &host_name(), &actor())
    };
    let restored = prepared.finish(&event)?;
    tell(&output, &restored, &about)
}

fn unlock(wanted: &Restore, pass_phrase: bool) -> Result<Unlock, CliError> {
    if let Some(path) = &wanted.identity {
        let keys = Identity::parse_file(&read(path)?);
        let keys = keys.ok_or_else(|| {
            CliError::new(
                FAILED,
                format!("{} holds no secret key of age", path.display()),
                "Name the file that age-keygen has made.",
            )
        })?;
        return Ok(Unlock::Identities(keys));
    }
    if !pass_phrase {
        return Err(CliError::usage(
            "the backup is sealed for a key",
            "Add: --identity FILE",
        ));
    }
    let phrase = match &wanted.secret_file {
        Some(path) => first_line(path)?,
        None if wanted.file == Path::new("-") => {
            return Err(CliError::usage(
                "the backup comes on standard input, and so the pass phrase cannot",
                "Add: --secret-file FILE",
            ));
        }
        None => input::secret("Pass phrase of the backup: ")?,
    };
    Ok(Unlock::PassPhrase(PassPhrase(phrase)))
}

/// The next file of the backup.
fn next<R: Read>(archive: &mut Archive<R>) -> Result<Option<Entry>, SealedError> {
    Ok(archive.next()?)
}

fn small<R: Read>(archive: &mut Archive<R>, name: &str) -> Result<Zeroizing<Vec<u8>>, CliError> {
    match next(archive)? {
        Some(entry) if entry.name == name => content(archive, &entry),
        _ => Err(foreign()),
    }
}

fn content<R: Read>(
    archive: &mut Archive<R>,
    entry: &Entry,
) -> Result<Zeroizing<Vec<u8>>, CliError> {
    if entry.size > MAX_SMALL {
        return Err(foreign());
    }
    let mut bytes = Zeroizing::new(vec![0; entry.size as usize]);
    archive.read_exact(&mut bytes).map_err(SealedError::from)?;
    Ok(bytes)
}

fn receive<R: Read>(
    prepared: &Prepared,
    archive: &mut Archive<R>,
    entry: &Entry,
    output: &Output,
) -> Result<(), CliError> {
    let mut file = prepared.receive()?;
    let blocks = |bytes: u64| (bytes >> 16) as u32;
    let mut left = entry.size;
    while left > 0 {
        let count =
            io::copy(&mut archive.by_ref().take(1 << 16), &mut file).map_err(SealedError::from)?;
        left -= count;
        output.progress(
            "blocks read:",
            blocks(entry.size - left),
            blocks(entry.size),
        );
    }
    Ok(file.sync_all()?)
}

fn tell(output: &Output, restored: &Restored, about: &Value) -> Result<(), CliError> {
    let word = |key: &str| about[key].as_str().unwrap_or("unknown").to_owned();
    let (made, host) = (word("made"), word("host"));
    let document = json!({
        "config": restored.config,
        "key": restored.key,
        "store": restored.store,
        "made": made,
        "host": host,
        "accounts": restored.accounts,
        "suspended": restored.suspended,
        "generation": restored.generation,
        "aside": restored.aside,
    });
    Ok(output.show(&document, || {
        let mut text = format!(
            "The backup that {} made at {} is in its place.\n",
            host.escape_debug(),
            made.escape_debug()
        );
        let did = if restored.config_is_new {
            "restored"
        } else {
            "kept"
        };
        text += &format!("{did:9} {}\n", restored.config.display());
        text += &format!("restored  {}\n", restored.key.display());
        text += &format!("restored  {}\n", restored.store);
        for path in &restored.aside {
            text += &format!("aside     {}\n", path.display());
        }
        let accounts = match restored.accounts {
            1 => "1 account. ".to_owned(),
            count => format!("{count} accounts. "),
        };
        text += &format!("\n{accounts}");
        if restored.suspended.is_empty() {
            text += "Nothing is suspended.\n";
        } else {
            let kinds: Vec<String> = restored
                .suspended
                .iter()
                .map(|(kind, count)| format!("{count} {kind}"))
                .collect();
            text += &format!(
                "SUSPENDED, until somebody has looked: {}.\n",
                kinds.join(", ")
            );
            text += SUSPENDED;
        }
        text + SINCE
    })?)
}

const SUSPENDED: &str = "
Phones, mail programs and sheets do NOT log in until then. Authenticators go on with their next code.
  mailotp-cli --user NAME show                    what NAME has
  mailotp-cli --user NAME confirm SHEET --next N  it goes on; N is the lowest number not crossed out
  mailotp-cli --user NAME confirm PHONE           it goes on
  mailotp-cli --user NAME replace PHONE           a new one in its place
  mailotp-cli confirm --all --kind app-password   all of a kind, of everybody
";

const SINCE: &str = "
What was revoked, locked or set after the backup was made is as it was before: do it again.
";

fn foreign() -> CliError {
    CliError::new(
        UNUSABLE,
        "it is no backup of mailotp",
        "Name a file that mailotp-cli backup has made.",
    )
}

fn unreadable(path: &Path, why: &io::Error) -> CliError {
    CliError::new(
        FAILED,
        format!("{} cannot be read: {why}", path.display()),
        "Name another file.",
    )
}
