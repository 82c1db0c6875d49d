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

use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::terminal;

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
pub fn tell(config: &Path, happened: Happened, mut about: Value) {
    let folder = config.parent().unwrap_or(Path::new(".")).join("hooks.d");
    let hooks = executables(&folder);
    if hooks.is_empty() {
        return;
    }
    about["event"] = json!(happened.as_str());
    let mut line = Zeroizing::new(about.to_string());
    line.push('\n');
    for hook in hooks {
        if let Err(why) = run(&hook, happened, line.as_bytes()) {
            terminal::note(&format!(
                "mailotp-cli: warning: {}: {why}\n",
                hook.display()
            ));
        }
    }
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
    // A line fits the pipe, so a hook that does not read it keeps nobody waiting.
    let pipe = child.stdin.take();
    if let Some(mut pipe) = pipe.filter(|_| line.len() <= 4096) {
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
                let _ = child.kill();
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
