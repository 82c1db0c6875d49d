//! Listening: on the socket that systemd hands over, or on one of our own.

use std::collections::HashMap;
use std::fs::{DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use listenfd::ListenFd;
use mailotp_core::site::{Site, load_config};
use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
use nix::unistd::Uid;

use super::{Caller, serve};
use crate::cli::Cli;
use crate::error::{CliError, UNUSABLE};

/// How many clients are served at once; of one user but root, a part of them, so that nobody takes all.
const MOST: usize = 64;
const MOST_OF_ONE_USER: usize = 8;

/// Listens until it is ended.
pub fn run(cli: Cli, path: Option<&Path>) -> Result<(), CliError> {
    let config = load_config(&cli.config)?;
    let path = path.unwrap_or(&config.helper.socket).to_owned();
    // Whoever cannot open the site serves nobody: said now, and not to each client.
    Site::of(config).map_err(|failed| failed.1)?.open_store()?;
    let listener = match ListenFd::from_env().take_unix_listener(0) {
        Ok(Some(listener)) => listener,
        Ok(None) => bind(&path).map_err(|why| {
            CliError::new(
                UNUSABLE,
                format!("{} cannot be listened at: {why}", path.display()),
                "End the helper that runs already, or say --listen PATH.",
            )
        })?,
        Err(why) => {
            return Err(CliError::new(
                UNUSABLE,
                format!("the socket that was handed over cannot be used: {why}"),
                "Look at the unit mailotp-helper.socket.",
            ));
        }
    };
    let cli = Arc::new(cli);
    let guests = Arc::new(Guests::default());
    for stream in listener.incoming() {
        // Out of descriptors, or the client is gone: the next one may fare better.
        let Ok(stream) = stream else {
            thread::sleep(std::time::Duration::from_millis(10));
            continue;
        };
        welcome(stream, &cli, &guests);
    }
    Ok(())
}

fn welcome(stream: UnixStream, cli: &Arc<Cli>, guests: &Arc<Guests>) {
    let Ok(peer) = getsockopt(&stream, PeerCredentials) else {
        return;
    };
    let uid = Uid::from_raw(peer.uid());
    let Some(seat) = Guests::seat(guests, uid) else {
        return serve::busy(stream);
    };
    let cli = Arc::clone(cli);
    // Each client has a thread, and with it a terminal, of its own; a bug ends it alone.
    let _ = thread::Builder::new().spawn(move || {
        let _seat = seat;
        serve::connection(stream, &Caller::of(uid), &cli);
    });
}

/// Binds a new socket that everybody may connect to. One that nobody listens at any more is removed.
fn bind(path: &Path) -> io::Result<UnixListener> {
    if let Some(folder) = path.parent().filter(|folder| !folder.exists()) {
        DirBuilder::new()
            .recursive(true)
            .mode(0o755)
            .create(folder)?;
    }
    let is_left_over = std::fs::symlink_metadata(path)
        .is_ok_and(|metadata| metadata.file_type().is_socket())
        && UnixStream::connect(path).is_err();
    if is_left_over {
        std::fs::remove_file(path)?;
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, Permissions::from_mode(0o666))?;
    Ok(listener)
}

/// Who is being served.
#[derive(Default)]
struct Guests(Mutex<HashMap<u32, usize>>);

/// A place among them, until it is dropped.
struct Seat {
    guests: Arc<Guests>,
    uid: u32,
}

impl Guests {
    fn seat(guests: &Arc<Guests>, uid: Uid) -> Option<Seat> {
        let mut taken = guests.taken();
        let all: usize = taken.values().sum();
        let own = taken.entry(uid.as_raw()).or_default();
        if all >= MOST || (!uid.is_root() && *own >= MOST_OF_ONE_USER) {
            return None;
        }
        *own += 1;
        Some(Seat {
            guests: Arc::clone(guests),
            uid: uid.as_raw(),
        })
    }

    fn taken(&self) -> std::sync::MutexGuard<'_, HashMap<u32, usize>> {
        // Whoever panicked here had nothing half done.
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.guests.taken();
        if let Some(own) = taken.get_mut(&self.uid) {
            *own -= 1;
            if *own == 0 {
                taken.remove(&self.uid);
            }
        }
    }
}
