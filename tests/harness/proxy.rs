//! Somebody between mailotp and a database server, who ends or holds up what they say to each other.

use std::fs::{self, Permissions};
use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use crate::postgres::{LOGIN, SOCKET, Server};

/// What happens to those who come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// They are put through.
    Served,
    /// After so many messages to the server nothing is put through any more, and nobody hangs up.
    Silent(usize),
    /// After so many messages to the server the line is cut, and so is every one that comes later.
    Cut(usize),
    /// The same, and the server gets the next message, whose answer nobody gets.
    CutAfter(usize),
    /// The same, and its answer comes through; but nobody takes what is said then, which the kernel tells
    /// by SIGPIPE (signal(7)).
    Deaf(usize),
}

/// The way to a server.
pub struct Proxy {
    folder: TempDir,
    fate: Arc<Mutex<Fate>>,
}

impl Proxy {
    /// A way to this server, at a socket of its own.
    ///
    /// # Panics
    /// Where it cannot listen.
    #[must_use]
    pub fn to(server: &Server) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("it is ours");
        let path = folder.path().join(SOCKET);
        let listener = UnixListener::bind(&path).expect("listen at a socket");
        fs::set_permissions(&path, Permissions::from_mode(0o777)).expect("it is ours");
        let fate = Arc::new(Mutex::new(Fate::Served));
        let (there, decided) = (server.folder().join(SOCKET), Arc::clone(&fate));
        thread::spawn(move || accept(&listener, &path, &there, &decided));
        Self { folder, fate }
    }

    /// Decides what happens from now on.
    ///
    /// # Panics
    /// Where a test has panicked with it.
    pub fn decide(&self, fate: Fate) {
        *self.fate.lock().expect("nobody panics with it") = fate;
    }

    /// What would happen to the next message.
    ///
    /// # Panics
    /// Where a test has panicked with it.
    #[must_use]
    pub fn fate(&self) -> Fate {
        *self.fate.lock().expect("nobody panics with it")
    }

    /// Where its socket is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The URL of a database for `[store] url`, by this way.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        let folder = self.folder.path().display();
        format!("postgresql://{LOGIN}@/{database}?host={folder}")
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // Whoever waits for somebody to come sees that its socket is gone.
        let path = self.folder.path().join(SOCKET);
        let last = UnixStream::connect(&path);
        let _ = fs::remove_file(&path);
        drop(last);
    }
}

fn accept(listener: &UnixListener, path: &Path, there: &Path, fate: &Arc<Mutex<Fate>>) {
    for client in listener.incoming() {
        let Ok(client) = client else { return };
        if !path.exists() {
            return;
        }
        let Ok(server) = UnixStream::connect(there) else {
            continue;
        };
        let (Ok(mine), Ok(theirs)) = (client.try_clone(), server.try_clone()) else {
            continue;
        };
        let (fate, mute) = (Arc::clone(fate), Arc::new(AtomicBool::new(false)));
        let same = Arc::clone(&mute);
        thread::spawn(move || put_back(theirs, mine, &same));
        thread::spawn(move || put_through(client, server, &fate, &mute));
    }
}

/// What the server says; once it is mute, nobody hears it.
fn put_back(mut from: UnixStream, mut to: UnixStream, mute: &AtomicBool) {
    let mut buffer = [0; 65536];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        if mute.load(Ordering::SeqCst) {
            continue;
        }
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

/// What is said to the server.
fn put_through(mut from: UnixStream, mut to: UnixStream, fate: &Mutex<Fate>, mute: &AtomicBool) {
    let mut buffer = [0; 65536];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        let message = &buffer[..length];
        let fate = next(fate);
        if matches!(fate, Fate::Silent(0) | Fate::Cut(0) | Fate::CutAfter(0)) {
            mute.store(true, Ordering::SeqCst);
        }
        match fate {
            Fate::Silent(0) => {}
            Fate::Cut(0) => break,
            Fate::CutAfter(0) => {
                let _ = to.write_all(message);
                // Time for the server to do it.
                thread::sleep(Duration::from_millis(30));
                break;
            }
            Fate::Deaf(0) => {
                let _ = from.shutdown(Shutdown::Read);
                let _ = to.write_all(message);
                // Time for the answer, and for what is said to it.
                thread::sleep(Duration::from_millis(40));
                break;
            }
            _ => {
                if to.write_all(message).is_err() {
                    break;
                }
            }
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}

/// What happens to this message; the next one is the next.
fn next(fate: &Mutex<Fate>) -> Fate {
    let mut fate = fate.lock().expect("nobody panics with it");
    let now = *fate;
    *fate = match now {
        Fate::Silent(left) => Fate::Silent(left.saturating_sub(1)),
        Fate::Cut(left) => Fate::Cut(left.saturating_sub(1)),
        Fate::CutAfter(left) => Fate::CutAfter(left.saturating_sub(1)),
        Fate::Deaf(left) => Fate::Deaf(left.saturating_sub(1)),
        Fate::Served => Fate::Served,
    };
    now
}
