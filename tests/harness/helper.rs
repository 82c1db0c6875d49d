//! The helper of a site, and the ordinary users who reach their accounts through it.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::chown;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, User};
use serde_json::Value;

use crate::host::PamHost;
use crate::output::Output;
use crate::peer::{Peer, frame, run};
use crate::products::{COMMAND, HOST};
use crate::site::Site;
use crate::terminal::Terminal;

/// What a site says so that its helper listens in its own folder.
pub const SOCKET: &str = "run/helper.sock";

/// A running helper, which ends with the value.
pub struct Helper {
    child: Child,
    socket: PathBuf,
}

impl Helper {
    /// Starts the helper of a site whose configuration says [`SOCKET`].
    ///
    /// # Panics
    /// Where it does not listen within ten seconds.
    #[must_use]
    pub fn start(site: &Site) -> Self {
        Self::start_with(site, &[])
    }

    /// The same, with these arguments.
    ///
    /// # Panics
    /// Where it does not listen within ten seconds.
    #[must_use]
    pub fn start_with(site: &Site, arguments: &[&str]) -> Self {
        let socket = match arguments {
            ["--listen", path] => site.path(path),
            _ => site.path(SOCKET),
        };
        let mut command = site.program(&site.product(COMMAND));
        command.args(site.config()).arg("helper").args(arguments);
        Self::of(command, socket)
    }

    /// A helper that this command starts, and that listens there.
    ///
    /// # Panics
    /// Where it does not listen within ten seconds.
    #[must_use]
    pub fn of(mut command: Command, socket: PathBuf) -> Self {
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} cannot be run: {error}"));
        let mut helper = Self { child, socket };
        let start = Instant::now();
        while UnixStream::connect(&helper.socket).is_err() {
            if helper.child.try_wait().expect("it is a child").is_some() {
                panic!("the helper ended: {}", helper.said());
            }
            assert!(
                start.elapsed() < Duration::from_secs(10),
                "the helper does not listen"
            );
            std::thread::sleep(Duration::from_millis(10));
        }
        helper
    }

    /// Its process.
    ///
    /// # Panics
    /// Where its number is none.
    #[must_use]
    pub fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().try_into().expect("a process number"))
    }

    /// Kills it where it stands.
    ///
    /// # Panics
    /// Where it is gone already.
    pub fn kill(mut self) {
        self.child.kill().expect("the helper is a child");
        self.child.wait().expect("the helper is a child");
    }

    /// Ends it as a service manager does: what it said.
    ///
    /// # Panics
    /// Where it is gone already.
    #[must_use]
    pub fn end(mut self) -> String {
        kill(self.pid(), Signal::SIGTERM).expect("the helper is a child");
        self.child.wait().expect("the helper is a child");
        self.said()
    }

    /// Connects to it as the user of these tests.
    ///
    /// # Panics
    /// Where it does not listen.
    #[must_use]
    pub fn connect(&self) -> Peer {
        Peer::connect(&self.socket)
    }

    fn said(&mut self) -> String {
        let mut said = String::new();
        if let Some(mut stderr) = self.child.stderr.take() {
            let _ = stderr.read_to_string(&mut said);
        }
        said
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An ordinary user of the system, in a folder of their own.
pub struct Caller<'a> {
    site: &'a Site,
    /// The name.
    pub name: String,
    /// The number.
    pub uid: u32,
}

impl Site {
    /// A user of the system that every Debian has, as `daemon`, `mail`, `news` or `www-data`.
    ///
    /// # Panics
    /// Where there is none of this name.
    #[must_use]
    pub fn user(&self, name: &str) -> Caller<'_> {
        let user = User::from_name(name).expect("users can be looked up");
        let user = user.unwrap_or_else(|| panic!("this system has no user \"{name}\""));
        let caller = Caller {
            site: self,
            name: name.to_owned(),
            uid: user.uid.as_raw(),
        };
        let home = caller.path("");
        if !home.exists() {
            fs::create_dir(&home).expect("the folder is ours");
            chown(&home, Some(caller.uid), Some(caller.uid)).expect("root may give it away");
        }
        caller
    }
}

impl Caller<'_> {
    /// A path in the user's folder.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.site.path(&format!("home-{}/{name}", self.name))
    }

    /// A file of the user.
    ///
    /// # Panics
    /// Where it cannot be written.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::write(&path, text).expect("the folder is ours");
        chown(&path, Some(self.uid), Some(self.uid)).expect("root may give it away");
    }

    /// Runs the command in the user's folder, with nothing to read.
    pub fn cli(&self, words: &[&str]) -> Output {
        self.reading("", words)
    }

    /// The same, with this text to read.
    ///
    /// # Panics
    /// Where it cannot be run.
    pub fn reading(&self, stdin: &str, words: &[&str]) -> Output {
        let mut child = self.start_in(self.program(&self.site.product(COMMAND)), words);
        let mut pipe = child.stdin.take().expect("it was asked for");
        // A command that is refused reads nothing: that is no failure of ours.
        let _ = pipe.write_all(stdin.as_bytes());
        drop(pipe);
        child.wait_with_output().expect("it is a child").into()
    }

    /// Starts the command, with pipes.
    ///
    /// # Panics
    /// Where it cannot be run.
    #[must_use]
    pub fn start(&self, words: &[&str]) -> Child {
        self.start_in(self.child(&self.site.product(COMMAND)), words)
    }

    fn start_in(&self, mut command: Command, words: &[&str]) -> Child {
        command
            .args(self.site.config())
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} cannot be run: {error}"))
    }

    /// The JSON that the command prints.
    #[track_caller]
    pub fn json(&self, words: &[&str]) -> Value {
        self.json_reading("", words)
    }

    /// The same, with this text to read.
    #[track_caller]
    pub fn json_reading(&self, stdin: &str, words: &[&str]) -> Value {
        self.reading(stdin, &[&["--json"], words].concat()).json()
    }

    /// Runs the command at a terminal.
    #[must_use]
    pub fn at_a_terminal(&self, words: &[&str]) -> Terminal {
        let mut all = vec![self.site.product(COMMAND).display().to_string()];
        all.extend(self.site.config());
        all.extend(words.iter().map(|word| (*word).to_owned()));
        Terminal::start(self.program("script".as_ref()), &all)
    }

    /// A program in the user's folder, with a minute to live and no environment to read.
    #[must_use]
    pub fn program(&self, path: &Path) -> Command {
        let mut command = self.site.mortal_of(self.uid, path);
        command.current_dir(self.path(""));
        command
    }

    /// Says the arguments of a command to the helper, whatever the own command makes of them: the last
    /// that the helper says.
    ///
    /// # Panics
    /// Where it says nothing.
    #[track_caller]
    #[must_use]
    pub fn says(&self, helper: &Helper, words: &[&str]) -> Value {
        let hello = run(words).to_string();
        let said = self.talks(helper, &[frame(hello.as_bytes())]);
        said.last().cloned().expect("the helper answers")
    }

    /// Sends these bytes to the helper one after the other: the frames that come back until it hangs up.
    ///
    /// # Panics
    /// Where what comes back are no frames.
    #[track_caller]
    #[must_use]
    pub fn talks(&self, helper: &Helper, pieces: &[Vec<u8>]) -> Vec<Value> {
        let peer = self.tells(helper, pieces);
        let output = peer.wait_with_output().expect("it is a child");
        let mut rest = &output.stdout[..];
        let mut said = Vec::new();
        while let Some((length, tail)) = rest.split_first_chunk::<4>() {
            let (text, tail) = tail.split_at(u32::from_be_bytes(*length) as usize);
            said.push(serde_json::from_slice(text).expect("JSON"));
            rest = tail;
        }
        said
    }

    /// Sends these bytes to the helper, and goes away a moment later, whatever it says.
    ///
    /// # Panics
    /// Where it does not listen.
    pub fn vanishes(&self, helper: &Helper, pieces: &[Vec<u8>]) {
        let mut peer = self.tells(helper, pieces);
        std::thread::sleep(Duration::from_millis(300));
        peer.kill().expect("it is a child");
        peer.wait().expect("it is a child");
    }

    fn tells(&self, helper: &Helper, pieces: &[Vec<u8>]) -> Child {
        let mut peer = self.peer(&helper.socket, &[]);
        let mut pipe = peer.stdin.take().expect("it was asked for");
        for piece in pieces {
            pipe.write_all(piece).expect("it reads");
        }
        peer
    }

    /// Opens so many connections to the helper, which say nothing until the value is dropped.
    ///
    /// # Panics
    /// Where they cannot be opened.
    #[must_use]
    pub fn holds(&self, helper: &Helper, count: usize) -> Silence {
        self.holds_after(helper, count, b"")
    }

    /// The same, once each has said this.
    ///
    /// # Panics
    /// Where they cannot be opened.
    #[must_use]
    pub fn holds_after(&self, helper: &Helper, count: usize, hello: &[u8]) -> Silence {
        let hello: String = hello.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut child = self.peer(&helper.socket, &[&count.to_string(), &hello]);
        let mut line = String::new();
        let stdout = child.stdout.as_mut().expect("it was asked for");
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("it says so");
        assert_eq!(line, "holding\n");
        Silence(child)
    }

    /// A program that is not ours, and speaks for the user.
    fn peer(&self, socket: &Path, more: &[&str]) -> Child {
        let mut command = self.child("/usr/bin/python3".as_ref());
        command
            .args(["-c", include_str!("peer.py")])
            .arg(socket)
            .args(more)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("python3 is needed here: tests/install-dependencies")
    }

    /// The same without the minute: killing the child kills the program, and not `timeout` alone.
    #[must_use]
    pub fn child(&self, path: &Path) -> Command {
        let mut command = self.site.program_of(self.uid, path);
        command.current_dir(self.path(""));
        command
    }

    /// A PAM application of the user.
    #[must_use]
    pub fn host(&self) -> PamHost {
        PamHost::start(self.program(&self.site.product(HOST)))
    }
}

/// Connections that are held open.
pub struct Silence(Child);

impl Drop for Silence {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
