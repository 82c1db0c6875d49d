//! The terminal at the other end of the socket.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use jiff::tz::TimeZone;
use mailotp_core::helper::wire::{self, WireError};
use zeroize::Zeroizing;

use super::{Bytes, End, FromUser, Run, ToUser};
use crate::error::CliError;
use crate::terminal::Terminal;

/// How long somebody may think about an answer.
pub const PATIENCE: Duration = Duration::from_secs(300);

/// A user's terminal, as a command of the helper sees it.
pub struct Remote {
    stream: UnixStream,
    can_ask: bool,
    is_read: bool,
    is_coloured: bool,
    zone: TimeZone,
}

impl Remote {
    pub fn new(stream: UnixStream, run: &Run) -> Remote {
        // A name that no zone has is no reason to refuse: times are then UTC.
        let zone = run.zone.as_deref().map(TimeZone::get);
        Remote {
            stream,
            can_ask: run.can_ask,
            is_read: run.is_read,
            is_coloured: run.is_coloured,
            zone: zone.and_then(Result::ok).unwrap_or(TimeZone::UTC),
        }
    }

    fn ask(&mut self, what: &ToUser) -> io::Result<FromUser> {
        let broken = |error: WireError| match error {
            WireError::Io(error) => error,
            other => io::Error::other(other),
        };
        wire::send(&mut self.stream, what).map_err(broken)?;
        wire::receive(&mut self.stream, wire::FROM_CLIENT).map_err(broken)
    }
}

fn unexpected<T>() -> io::Result<T> {
    Err(io::Error::other("the other end answers something else"))
}

fn typed(answer: FromUser) -> io::Result<Zeroizing<String>> {
    match answer {
        FromUser::Typed(bytes) => std::str::from_utf8(&bytes.0)
            .map(|text| Zeroizing::new(text.to_owned()))
            .map_err(io::Error::other),
        FromUser::Failed(why) => Err(io::Error::other(why)),
        _ => unexpected(),
    }
}

fn done(answer: FromUser) -> io::Result<()> {
    match answer {
        FromUser::Done => Ok(()),
        FromUser::Failed(why) => Err(io::Error::other(why)),
        _ => unexpected(),
    }
}

impl Terminal for Remote {
    fn can_ask(&self) -> bool {
        self.can_ask
    }

    fn is_read(&self) -> bool {
        self.is_read
    }

    fn is_coloured(&self) -> bool {
        self.is_coloured
    }

    fn zone(&self) -> TimeZone {
        self.zone.clone()
    }

    fn secret(&mut self, prompt: &str) -> io::Result<Zeroizing<String>> {
        typed(self.ask(&ToUser::Ask(prompt.to_owned()))?)
    }

    fn line(&mut self, prompt: &str) -> io::Result<String> {
        Ok(typed(self.ask(&ToUser::Line(prompt.to_owned()))?)?.to_string())
    }

    fn print(&mut self, bytes: &[u8]) -> io::Result<()> {
        done(self.ask(&ToUser::Print(Bytes::copy(bytes)))?)
    }

    fn note(&mut self, text: &str) {
        // Whether it arrives changes nothing.
        let _ = wire::send(&mut self.stream, &ToUser::Note(text.to_owned()));
    }

    fn write_new(&mut self, path: &Path, content: &[u8]) -> io::Result<()> {
        let path = path.display().to_string();
        done(self.ask(&ToUser::Write(path, Bytes::copy(content)))?)
    }

    fn read(&mut self, path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
        match self.ask(&ToUser::Read(path.display().to_string()))? {
            FromUser::Content(bytes) => Ok(bytes.0),
            FromUser::Failed(why) => Err(io::Error::other(why)),
            _ => unexpected(),
        }
    }
}

/// Tells how it ended.
pub fn end(stream: &mut UnixStream, result: Result<(), CliError>) {
    let end = match result {
        Ok(()) => End {
            exit: 0,
            message: String::new(),
            remedy: String::new(),
        },
        Err(error) => End {
            exit: error.exit,
            message: error.message,
            remedy: error.remedy,
        },
    };
    let _ = wire::send(stream, &ToUser::End(end));
}
