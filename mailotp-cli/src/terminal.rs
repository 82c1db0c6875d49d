//! The terminal that a command talks with: the process's own, or one at the other end of the helper's
//! socket. Everything that a command reads, prints or writes into a file of its user goes through it, so
//! that the helper, which is root, never opens a path that somebody else has named.
//!
//! Each thread has one. A command cannot tell which it is.

use std::cell::RefCell;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::Path;

use jiff::tz::TimeZone;
use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use crate::file;

/// What a command needs of its user.
pub trait Terminal {
    /// Whether somebody sits there who can be asked.
    fn can_ask(&self) -> bool;
    /// Whether what is printed is read by somebody, and not by a program or a file.
    fn is_read(&self) -> bool;
    /// Whether whoever reads wants colours (no-color.org).
    fn is_coloured(&self) -> bool;
    /// Whether its user has not gone away, as far as it is known.
    fn is_there(&self) -> bool;
    /// The time zone of whoever reads.
    fn zone(&self) -> TimeZone;
    /// Asks without echo, or reads one line of a pipe; without the end of the line.
    fn secret(&mut self, prompt: &str) -> io::Result<Zeroizing<String>>;
    /// Asks, and shows what is typed; nothing where nobody can be asked.
    fn line(&mut self, prompt: &str) -> io::Result<String>;
    /// Prints a result, and sees to it that it arrived.
    fn print(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Says something beside the result: progress, hints, warnings.
    fn note(&mut self, text: &str);
    /// Writes a new file that only its owner can read. An existing one, or a link, is left alone.
    fn write_new(&mut self, path: &Path, content: &[u8]) -> io::Result<()>;
    /// Reads a file.
    fn read(&mut self, path: &Path) -> io::Result<Zeroizing<Vec<u8>>>;
}

thread_local! {
    static CURRENT: RefCell<Box<dyn Terminal>> = RefCell::new(Box::new(Own));
}

/// Works with the terminal of this thread.
pub fn with<T>(work: impl FnOnce(&mut dyn Terminal) -> T) -> T {
    CURRENT.with_borrow_mut(|terminal| work(&mut **terminal))
}

/// Gives this thread another terminal, until it ends.
pub fn set(terminal: Box<dyn Terminal>) {
    CURRENT.set(terminal);
}

/// Whether somebody can be asked.
pub fn can_ask() -> bool {
    with(|terminal| terminal.can_ask())
}

/// Whether somebody reads what is printed.
pub fn is_read() -> bool {
    with(|terminal| terminal.is_read())
}

/// Whether whoever reads wants colours.
pub fn is_coloured() -> bool {
    with(|terminal| terminal.is_coloured())
}

/// Whether the user is still there.
pub fn is_there() -> bool {
    with(|terminal| terminal.is_there())
}

/// Says something beside the result.
pub fn note(text: &str) {
    with(|terminal| terminal.note(text));
}

/// The process's own.
struct Own;

impl Terminal for Own {
    fn can_ask(&self) -> bool {
        io::stdin().is_terminal()
    }

    fn is_read(&self) -> bool {
        io::stdout().is_terminal()
    }

    fn is_coloured(&self) -> bool {
        let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        self.is_read() && !is_set("NO_COLOR") && !is_dumb
    }

    /// Whoever goes away ends the process.
    fn is_there(&self) -> bool {
        true
    }

    fn zone(&self) -> TimeZone {
        TimeZone::system()
    }

    fn secret(&mut self, prompt: &str) -> io::Result<Zeroizing<String>> {
        let typed = if io::stdin().is_terminal() {
            // What is typed as soon as the prompt stands there is not shown either.
            let _hidden = Hidden::new()?;
            Zeroizing::new(rpassword::prompt_password(prompt)?)
        } else {
            let mut line = Zeroizing::new(String::with_capacity(1024));
            io::stdin().lock().read_line(&mut line)?;
            line
        };
        Ok(Zeroizing::new(
            typed.trim_end_matches(['\r', '\n']).to_owned(),
        ))
    }

    fn line(&mut self, prompt: &str) -> io::Result<String> {
        if !self.can_ask() {
            return Ok(String::new());
        }
        eprint!("{prompt}");
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line)?;
        Ok(line.trim().to_owned())
    }

    fn print(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(bytes)?;
        out.flush()
    }

    fn note(&mut self, text: &str) {
        eprint!("{text}");
    }

    fn write_new(&mut self, path: &Path, content: &[u8]) -> io::Result<()> {
        file::write_new(path, content)
    }

    fn read(&mut self, path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
        std::fs::read(path).map(Zeroizing::new)
    }
}

/// A terminal that shows nothing of what is typed, until this is dropped.
struct Hidden(Termios);

impl Hidden {
    fn new() -> io::Result<Hidden> {
        let was = tcgetattr(io::stdin())?;
        let mut quiet = was.clone();
        quiet.local_flags.remove(LocalFlags::ECHO);
        tcsetattr(io::stdin(), SetArg::TCSADRAIN, &quiet)?;
        Ok(Hidden(was))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), SetArg::TCSADRAIN, &self.0);
    }
}
