//! The line to a server.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, RawFd};
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use nix::sys::socket::{MsgFlags, send};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

/// A socket that raises no SIGPIPE where the server is gone: the host of the module may die of one
/// (signal(7)), and what the runtime writes with is write(2).
pub(super) struct Stream {
    socket: Socket,
    question: Question,
}

enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Stream {
    pub(super) async fn tcp(address: SocketAddr) -> io::Result<Stream> {
        let stream = TcpStream::connect(address).await?;
        // Each statement waits for the answer to the one before.
        stream.set_nodelay(true)?;
        Ok(Stream::of(Socket::Tcp(stream)))
    }

    pub(super) async fn unix(path: &Path) -> io::Result<Stream> {
        let stream = UnixStream::connect(path).await?;
        Ok(Stream::of(Socket::Unix(stream)))
    }

    fn of(socket: Socket) -> Stream {
        Stream {
            socket,
            question: Question::default(),
        }
    }

    fn fd(&self) -> RawFd {
        match &self.socket {
            Socket::Tcp(stream) => stream.as_raw_fd(),
            Socket::Unix(stream) => stream.as_raw_fd(),
        }
    }

    fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &self.socket {
            Socket::Tcp(stream) => stream.poll_write_ready(cx),
            Socket::Unix(stream) => stream.poll_write_ready(cx),
        }
    }

    fn try_send(&self, bytes: &[u8]) -> io::Result<usize> {
        let fd = self.fd();
        let send = || send(fd, bytes, MsgFlags::MSG_NOSIGNAL).map_err(io::Error::from);
        match &self.socket {
            Socket::Tcp(stream) => stream.try_io(Interest::WRITABLE, send),
            Socket::Unix(stream) => stream.try_io(Interest::WRITABLE, send),
        }
    }
}

/// What a server says first, where it speaks no TLS: how it wants to be shown the password (PostgreSQL
/// manual, 55.7: `R`, a length, and 3 for the password itself, 5 for its MD5). Who asks like that may be
/// anybody who listens in the server's place, and could use what it got.
#[derive(Default)]
struct Question {
    bytes: [u8; 9],
    known: usize,
}

impl Question {
    fn hear(&mut self, said: &[u8]) -> io::Result<()> {
        let room = &mut self.bytes[self.known..];
        let count = room.len().min(said.len());
        room[..count].copy_from_slice(&said[..count]);
        self.known += count;
        match self.bytes {
            [b'R', _, _, _, _, 0, 0, 0, 3 | 5] => Err(io::Error::other(
                "the server asks for the password otherwise than by SCRAM",
            )),
            _ => Ok(()),
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let stream = self.get_mut();
        ready!(match &mut stream.socket {
            Socket::Tcp(socket) => Pin::new(socket).poll_read(cx, buffer),
            Socket::Unix(socket) => Pin::new(socket).poll_read(cx, buffer),
        })?;
        Poll::Ready(stream.question.hear(&buffer.filled()[before..]))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.poll_write_ready(cx))?;
            match self.try_send(bytes) {
                Err(why) if why.kind() == io::ErrorKind::WouldBlock => {}
                sent => return Poll::Ready(sent),
            }
        }
    }

    /// Every write is sent when it is made.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().socket {
            Socket::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Socket::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_asks_for_the_password_itself_is_heard_however_it_says_it() {
        for (said, is_heard) in [
            (&b"R\0\0\0\x08\0\0\0\x03"[..], true),
            (b"R\0\0\0\x0c\0\0\0\x05salt", true),
            (b"R\0\0\0\x08\0\0\0\0S\0\0\0\x05", false),
            (b"R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0", false),
            (b"SR\0\0\0\x08\0\0\0\x03", false),
        ] {
            for size in 1..said.len() {
                let mut question = Question::default();
                let heard = said.chunks(size).try_for_each(|part| question.hear(part));
                assert_eq!(heard.is_err(), is_heard, "{said:?} by {size}");
            }
        }
    }
}
