//! Reaching the helper. Secrets travel, so whoever listens must be root, or the owner of the site.

use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::socket::sockopt::PeerCredentials;
use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, UnixAddr, connect as connect_to, getsockopt, socket,
};

use super::Hello;
use super::judge::{Judged, Question};
use super::wire::{self, Wire, WireError};

/// Why the helper was not asked.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens.
    #[error("nobody listens at the helper's socket: {0}")]
    Away(io::Error),
    /// Somebody does, who is not to be believed.
    #[error("who listens at the helper's socket is user {0}, and not root")]
    Impostor(u32),
    /// It did not answer, or not in words that are known.
    #[error(transparent)]
    Wire(#[from] WireError),
}

/// How long a command waits for a helper that has too much to do.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Connects to the helper at `socket`, if it is run by root or by whoever owns `config`. Takes no longer
/// than `timeout`.
pub fn connect(socket: &Path, config: &Path, timeout: Duration) -> Result<Wire, ClientError> {
    let stream = reach(socket, timeout).map_err(ClientError::Away)?;
    let peer = getsockopt(&stream, PeerCredentials)
        .map_err(|why| ClientError::Away(why.into()))?
        .uid();
    let owner = std::fs::metadata(config).map(|metadata| metadata.uid());
    if peer != 0 && owner.ok() != Some(peer) {
        return Err(ClientError::Impostor(peer));
    }
    Ok(Wire::new(stream))
}

/// Connects to whoever listens there. The standard library does so without a limit, and a listener
/// whose queue is full lets it wait.
pub fn reach(path: &Path, timeout: Duration) -> io::Result<UnixStream> {
    let descriptor = socket(
        AddressFamily::Unix,
        SockType::Stream,
        SockFlag::SOCK_CLOEXEC,
        None,
    )?;
    let stream = UnixStream::from(descriptor);
    stream.set_write_timeout(Some(timeout))?;
    connect_to(stream.as_raw_fd(), &UnixAddr::new(path)?)?;
    Ok(stream)
}

/// Has a login judged, until `deadline`.
pub fn judge(
    socket: &Path,
    config: &Path,
    question: Question,
    deadline: Instant,
) -> Result<Judged, ClientError> {
    let left = || {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(WireError::Io(io::ErrorKind::TimedOut.into()));
        }
        Ok(left)
    };
    let wire = connect(socket, config, left()?)?;
    wire.send(&Hello::<()>::Judge(question), left()?)?;
    Ok(wire.receive(wire::HELLO, Some(left()?))?)
}
