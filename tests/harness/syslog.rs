//! A `/dev/log` of one's own, read all the time: an unread one fills up and holds its writers.

use std::fs;
use std::net::Shutdown;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// The receiving end of a log socket, and what has come.
pub struct Syslog {
    socket: UnixDatagram,
    lines: Arc<Mutex<Vec<String>>>,
    reader: Option<JoinHandle<()>>,
}

impl Syslog {
    /// Listens at `path`, which anybody may write to.
    pub fn listen(path: &str) -> Syslog {
        let socket = UnixDatagram::bind(path).unwrap_or_else(|error| panic!("{path}: {error}"));
        fs::set_permissions(path, fs::Permissions::from_mode(0o666)).expect("open it for all");
        let lines = Arc::new(Mutex::new(Vec::new()));
        let reader = {
            let socket = socket.try_clone().expect("a second handle on the socket");
            let lines = Arc::clone(&lines);
            thread::spawn(move || {
                let mut buffer = [0; 65536];
                while let Ok(length @ 1..) = socket.recv(&mut buffer) {
                    let line = String::from_utf8_lossy(&buffer[..length]).into_owned();
                    lines.lock().expect("no reader panics").push(line);
                }
            })
        };
        Syslog {
            socket,
            lines,
            reader: Some(reader),
        }
    }

    /// Every line that has come so far.
    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().expect("no reader panics").clone()
    }

    /// Waits for a line that contains all of `parts`; none within ten seconds is the test's failure.
    pub fn wait_for(&self, parts: &[&str]) -> String {
        let start = Instant::now();
        loop {
            let lines = self.lines();
            let found = lines
                .iter()
                .find(|line| parts.iter().all(|part| line.contains(part)));
            if let Some(line) = found {
                return line.clone();
            }
            let patient = start.elapsed() < Duration::from_secs(10);
            assert!(
                patient,
                "no line with {parts:?} in the system log: {lines:#?}"
            );
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Syslog {
    fn drop(&mut self) {
        // Wakes the reader, which must not outlive the sandbox that it holds open.
        let _ = self.socket.shutdown(Shutdown::Both);
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}
