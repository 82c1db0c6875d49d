//! Hooks: programs of the administrator that are told what happened. Command and helper start them; the
//! module never does.
//!
//! They are the executables in `hooks.d` beside the configuration, in the order of their names. Each is
//! called with the name of what happened as its one argument, and gets one line of JSON on standard input:
//! a user name never becomes an argument (CVE-2019-19521), and a secret neither that nor an environment.

use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::terminal;

/// The least that a pipe holds (pipe(7)), where a user has many of them.
const PIPE: usize = 4096;
/// How long a hook may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    /// An authenticator or a token became live; its seed comes along.
    Enrolled,
    /// A credential became live.
    Added,
    /// A credential was taken away.
    Revoked,
    /// A credential runs out.
    Low,
    /// A spent code was tried elsewhere.
    Replay,
}

impl Happened {
    fn as_str(self) -> &'static str {
        match self {
            Happened::Enrolled => "enrolled",
            Happened::Added => "added",
            Happened::Revoked => "revoked",
            Happened::Low => "low",
            Happened::Replay => "replay",
        }
    }
}

/// Tells the hooks of the site whose configuration is at `config`. What goes wrong with one is said, and
/// changes nothing of what has happened.
pub fn tell(config: &Path, happened: Happened, about: Value) {
    tell_secret(config, happened, about, None);
}

/// The same, with the seed of an authenticator or a token in base32.
pub fn tell_secret(config: &Path, happened: Happened, about: Value, seed: Option<&str>) {
    // A hook starts in another folder than the one that a relative path is meant for.
    let Ok(config) = std::path::absolute(config) else {
        return;
    };
    let hooks = executables(&config.with_file_name("hooks.d"));
    if hooks.is_empty() {
        return;
    }
    let line = line(happened, about, seed);
    for hook in hooks {
        if let Err(why) = run(&hook, happened, line.as_bytes()) {
            terminal::note(&format!(
                "mailotp-cli: warning: {}: {why}\n",
                hook.display()
            ));
        }
    }
}

/// What a hook reads. The seed, which needs no escaping, goes straight into the one buffer that is wiped.
fn line(happened: Happened, mut about: Value, seed: Option<&str>) -> Zeroizing<String> {
    about["event"] = json!(happened.as_str());
    let public = about.to_string();
    let mut line = Zeroizing::new(String::with_capacity(public.len() + 512));
    line.push_str(public.trim_end_matches('}'));
    if let Some(seed) = seed {
        line.push_str(",\"secret\":\"");
        line.push_str(seed);
        line.push('"');
    }
    line.push_str("}\n");
    line
}

/// Those that root, or whoever we are, could have put there, and nobody else.
fn executables(folder: &Path) -> Vec<PathBuf> {
    let mine = |metadata: &std::fs::Metadata| {
        let owner = metadata.uid();
        (owner == 0 || owner == nix::unistd::geteuid().as_raw()) && metadata.mode() & 0o022 == 0
    };
    if !std::fs::metadata(folder).is_ok_and(|metadata| mine(&metadata)) {
        return Vec::new();
    }
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries
        .filter(|entry| {
            // As run-parts(8): copies of editors and package managers are not meant.
            let name = entry.file_name();
            let name = name.as_encoded_bytes();
            name.iter()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte))
        })
        .map(|entry| entry.path())
        .filter(|path| {
            std::fs::metadata(path).is_ok_and(|metadata| {
                metadata.is_file() && metadata.mode() & 0o111 != 0 && mine(&metadata)
            })
        })
        .collect();
    found.sort();
    found
}

fn run(hook: &Path, happened: Happened, line: &[u8]) -> Result<(), String> {
    // What fits into the pipe is written at once, even where nobody reads it.
    if line.len() > PIPE {
        return Err("there is too much to tell".to_owned());
    }
    let mut child = Command::new(hook)
        .arg(happened.as_str())
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .current_dir("/")
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|why| format!("it cannot be started: {why}"))?;
    if let Some(mut pipe) = child.stdin.take() {
        // Some hooks have nothing to read.
        let _ = pipe.write_all(line);
    }
    wait(&mut child)
}

fn wait(child: &mut Child) -> Result<(), String> {
    let end = Instant::now() + PATIENCE;
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(format!("it failed: {status}")),
            Ok(None) if Instant::now() < end => thread::sleep(Duration::from_millis(5)),
            Ok(None) => {
                // With all that it has started: a shell does not pass a signal on.
                if let Ok(group) = i32::try_from(child.id()) {
                    let _ = killpg(Pid::from_raw(group), Signal::SIGKILL);
                }
                let _ = child.wait();
                return Err(format!(
                    "it took longer than {} seconds",
                    PATIENCE.as_secs()
                ));
            }
            Err(why) => return Err(why.to_string()),
        }
    }
}
