//! The terminal at the other end of the socket.

use std::io;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use jiff::tz::TimeZone;
use mailotp_core::helper::wire::{self, Bytes, Wire, WireError};
use zeroize::Zeroizing;

use super::{End, FromUser, Run, ToUser};
use crate::error::CliError;
use crate::terminal::Terminal;

/// How long somebody may think about an answer.
const PATIENCE: Duration = Duration::from_secs(300);
/// How long the other end may take to take what it is told.
const TAKING: Duration = Duration::from_secs(10);

/// A user's terminal, as a command of the helper sees it.
pub struct Remote {
    wire: Rc<Wire>,
    /// A message has not arrived: what follows it could not be told from its rest.
    is_broken: bool,
    can_ask: bool,
    is_read: bool,
    is_coloured: bool,
    zone: TimeZone,
}

impl Remote {
    pub fn new(wire: Rc<Wire>, run: &Run) -> Remote {
        // A name that no zone has is no reason to refuse: times are then UTC.
        let zone = run.zone.as_deref().map(TimeZone::get);
        Remote {
            wire,
            is_broken: false,
            can_ask: run.can_ask,
            is_read: run.is_read,
            is_coloured: run.is_coloured,
            zone: zone.and_then(Result::ok).unwrap_or(TimeZone::UTC),
        }
    }

    fn ask(&mut self, what: &ToUser) -> io::Result<FromUser> {
        self.say(what)?;
        let answer = self.wire.receive(wire::FROM_CLIENT, Some(PATIENCE));
        answer.map_err(|error| self.breaks(error))
    }

    fn say(&mut self, what: &ToUser) -> io::Result<()> {
        if self.is_broken {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let sent = self.wire.send(what, TAKING);
        sent.map_err(|error| self.breaks(error))
    }

    fn breaks(&mut self, error: WireError) -> io::Error {
        self.is_broken = true;
        match error {
            WireError::Io(error) => error,
            other => io::Error::other(other),
        }
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

    fn is_there(&self) -> bool {
        !self.is_broken && self.wire.is_open()
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
        let _ = self.say(&ToUser::Note(text.to_owned()));
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
pub fn end(wire: &Wire, result: Result<(), CliError>) {
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
    let _ = wire.send(&ToUser::End(end), TAKING);
}
