//! Listening: on the socket that systemd hands over, or on one of our own.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use listenfd::ListenFd;
use mailotp_core::config::Config;
use mailotp_core::helper::client;
use mailotp_core::site::{Access, Site, load_config};
use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
use nix::sys::stat::{Mode, umask};
use nix::unistd::Uid;

use super::guests::Guests;
use super::{Caller, keeper, serve};
use crate::cli::Cli;
use crate::error::{CliError, UNUSABLE};

/// Listens until it is ended.
pub fn run(cli: Cli, path: Option<&Path>) -> Result<(), CliError> {
    let listener = match ListenFd::from_env().take_unix_listener(0) {
        Ok(Some(listener)) => {
            // Each client is told. Giving up would end the socket as well, for good.
            if let Err(error) = can_serve(&cli) {
                error.print(cli.json);
            }
            listener
        }
        Ok(None) => {
            let config = can_serve(&cli)?;
            let path = path.unwrap_or(&config.helper.socket);
            bind(path).map_err(|why| {
                CliError::new(
                    UNUSABLE,
                    format!("{} cannot be listened at: {why}", path.display()),
                    "End the helper that runs already, or say --listen PATH.",
                )
            })?
        }
        Err(why) => {
            return Err(CliError::new(
                UNUSABLE,
                format!("the socket that was handed over cannot be used: {why}"),
                "Look at the unit mailotp-helper.socket.",
            ));
        }
    };
    let cli = Arc::new(cli);
    keeper::start(Arc::clone(&cli));
    let guests = Arc::new(Guests::default());
    for stream in listener.incoming() {
        // Out of descriptors, or the client is gone: the next one may fare better.
        let Ok(stream) = stream else {
            thread::sleep(Duration::from_millis(10));
            continue;
        };
        welcome(stream, &cli, &guests);
    }
    Ok(())
}

/// Whoever cannot open the site serves nobody.
fn can_serve(cli: &Cli) -> Result<Config, CliError> {
    let site = Site::of(load_config(&cli.config)?).map_err(|failed| failed.1)?;
    site.open_store(Access::Command)?;
    Ok(site.config)
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
        serve::connection(stream, &Caller::of(uid), seat, &cli);
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
        && client::reach(path, Duration::from_secs(1))
            .is_err_and(|why| why.kind() == io::ErrorKind::ConnectionRefused);
    if is_left_over {
        std::fs::remove_file(path)?;
    }
    // Not by a change of its mode: whatever another has put into its place meanwhile would get that mode.
    let before = umask(Mode::from_bits_truncate(0o111));
    let listener = UnixListener::bind(path);
    umask(before);
    listener
}
