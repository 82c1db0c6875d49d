//! Programs of others that say how they are set up: the only ones that `doctor` starts.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

/// Nobody needs longer to print a configuration.
const LIMIT: Duration = Duration::from_secs(10);
/// Or has a longer one.
const MAX_OUTPUT: u64 = 4 << 20;

/// Where programs are looked for: never by `PATH`, which belongs to whoever calls.
const FOLDERS: [&str; 5] = [
    "/usr/sbin",
    "/usr/bin",
    "/sbin",
    "/usr/local/sbin",
    "/usr/local/bin",
];

/// The program of this name, if it is installed.
pub fn find(name: &str) -> Option<PathBuf> {
    let paths = FOLDERS.iter().map(|folder| Path::new(folder).join(name));
    paths.into_iter().find(|path| path.is_file())
}

/// What a program prints, or what it complains of. It gets nothing of our environment.
pub fn run(program: &Path, arguments: &[&str]) -> Result<String, String> {
    let mut child = Command::new(program)
        .args(arguments)
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|why| why.to_string())?;
    let printed = drain(child.stdout.take());
    let complaint = drain(child.stderr.take());
    let deadline = Instant::now() + LIMIT;
    let status = loop {
        match child.try_wait().map_err(|why| why.to_string())? {
            Some(status) => break status,
            None if Instant::now() >= deadline => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("it did not end within {} seconds", LIMIT.as_secs()));
            }
            None => thread::sleep(Duration::from_millis(10)),
        }
    };
    let text = |from: &Receiver<Vec<u8>>| {
        let bytes = from.recv_timeout(LIMIT).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    if status.success() {
        return Ok(text(&printed));
    }
    let complaint = text(&complaint);
    let line = complaint.lines().find(|line| !line.trim().is_empty());
    Err(line.map_or(status.to_string(), |line| line.trim().to_owned()))
}

/// Reads to the end beside us: a full pipe would hold the program.
fn drain(pipe: Option<impl Read + Send + 'static>) -> Receiver<Vec<u8>> {
    let (to, from) = channel();
    if let Some(pipe) = pipe {
        thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = pipe.take(MAX_OUTPUT).read_to_end(&mut bytes);
            let _ = to.send(bytes);
        });
    }
    from
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_sees_nothing_of_our_environment_and_its_complaint_comes_back() {
        let shell = Path::new("/bin/sh");
        assert_eq!(run(shell, &["-c", "echo \"$HOME\""]), Ok("\n".to_owned()));
        let failed = run(shell, &["-c", "echo; echo no >&2; exit 3"]);
        assert_eq!(failed, Err("no".to_owned()));
        assert!(run(Path::new("/nowhere/x"), &[]).is_err());
    }

    #[test]
    fn much_output_does_not_hold_it() {
        let much = run(
            Path::new("/bin/sh"),
            &["-c", "head -c 300000 /dev/zero | tr '\\0' x"],
        );
        assert_eq!(much.map(|text| text.len()), Ok(300_000));
    }
}
