//! A site with mailotp in front of a real Dovecot, and the words in which a step tells what it does.

use std::cell::{Cell, RefCell};
use std::fmt::Display;
use std::net::Ipv4Addr;
use std::thread;
use std::time::{Duration, Instant};

use harness::dovecot::{self, Dovecot};
use harness::imap::{Imap, Reply};
use harness::output::Output;
use harness::products::Build;
use harness::sandbox::Sandbox;
use harness::tool::feed;
use harness::wire::shortened;
use serde_json::Value;

/// An address that no rule names: a hotel, a library.
pub const CAFE: Ipv4Addr = Ipv4Addr::new(127, 0, 20, 1);
/// Another one.
pub const LIBRARY: Ipv4Addr = Ipv4Addr::new(127, 0, 21, 1);
/// Where the rules accept the host's password.
pub const OFFICE: Ipv4Addr = Ipv4Addr::new(127, 0, 10, 1);
/// Where they accept nothing.
pub const NOWHERE: Ipv4Addr = Ipv4Addr::new(127, 0, 66, 1);

/// Where the key ring is.
pub const KEY: &str = "/etc/mailotp/mailotp.key";

/// alice's main password in the database behind the gate.
pub const MAIN_PASSWORD: &str = "alices-main-password";

/// The site's configuration. Windows are short, so that nobody waits for their end.
pub const CONFIGURATION: &str = r#"mode = "enforce"

[grace]
idle     = "15s"
lifetime = "2m"

[[rule]]
name   = "office"
from   = ["127.0.10.0/24", "198.51.100.0/24"]
accept = ["password"]

[[rule]]
name   = "nowhere"
from   = ["127.0.66.0/24", "192.0.2.66/32"]
accept = []

[[rule]]
name     = "webmail"
services = ["webmail"]
accept   = ["otp", "password+otp"]

[[rule]]
name   = "everywhere else"
accept = ["app-password", "otp"]
"#;

/// What a login must have left in the log.
pub struct Expected {
    /// Who logged in, or tried to.
    pub account: String,
    /// As which service it was judged.
    pub service: String,
    /// By which address it was judged.
    pub remote: String,
    /// `accepted`, `continued`, …
    pub result: &'static str,
}

/// The site, and what happened on it.
pub struct Stage<'a> {
    /// The machine it lives on.
    pub sandbox: &'a Sandbox,
    /// Its server.
    pub dovecot: Dovecot,
    step: Cell<u32>,
    expected: RefCell<Vec<Expected>>,
}

impl Stage<'_> {
    /// Sets one up in a sandbox, and takes it down when `play` is over.
    pub fn run<T: Send>(play: impl FnOnce(&Stage) -> T + Send) -> T {
        Self::run_with("", play)
    }

    /// The same, with these lines more in Dovecot's configuration.
    pub fn run_with<T: Send>(more: &str, play: impl FnOnce(&Stage) -> T + Send) -> T {
        Self::run_on(Build::Plain, CONFIGURATION, None, more, play)
    }

    /// The same, with this build and configuration, and with the key ring of another host of the same store.
    pub fn run_on<T: Send>(
        build: Build,
        configuration: &str,
        key: Option<&[u8]>,
        more: &str,
        play: impl FnOnce(&Stage) -> T + Send,
    ) -> T {
        Sandbox::run_on(build, |sandbox| {
            println!(
                "A site: mailotp in front of a real Dovecot, in namespaces of its own, with these rules:\n"
            );
            configuration
                .lines()
                .for_each(|line| println!("    {line}"));
            sandbox.write("/etc/mailotp/mailotp.toml", 0o644, configuration);
            if let Some(key) = key {
                let key = String::from_utf8_lossy(key);
                sandbox.write(KEY, 0o600, &key);
            }
            let stage = Stage {
                sandbox,
                dovecot: Dovecot::start_and(sandbox, more, &[("alice", MAIN_PASSWORD)]),
                step: Cell::new(0),
                expected: RefCell::default(),
            };
            stage.command(&["init"], "");
            stage.command(&["setup", "dovecot", "--apply"], "");
            play(&stage)
        })
    }

    /// Begins a step.
    pub fn step(&self, number: u32, what: &str) {
        self.step.set(number);
        println!("\nStep {number}: {what}");
    }

    /// Says what the answers have shown.
    pub fn shows(&self, what: &str) {
        println!("  => {what}");
    }

    /// Ends the step, loudly, where what came is not what had to come.
    pub fn expect(&self, right: bool, expected: &str, got: impl Display) {
        if !right {
            let (step, log) = (self.step.get(), self.dovecot.log());
            let lines: Vec<_> = log.lines().collect();
            let last = lines[lines.len().saturating_sub(8)..].join("\n  ");
            panic!(
                "step {step}\n  expected: {expected}\n  got:      {got}\n\nDovecot's log ends:\n  {last}"
            );
        }
    }

    /// Logs in at a new connection that must succeed, and keeps it.
    pub fn accepted(&self, from: Ipv4Addr, account: &str, secret: &str) -> Imap {
        let mut imap = Imap::connect(from, dovecot::IMAP);
        let reply = imap.login(account, secret);
        self.expect(reply.is_ok(), "OK: the login is accepted", Shown(&reply));
        imap
    }

    /// Logs in at a new connection that must be refused, and returns the answer.
    pub fn refused(&self, from: Ipv4Addr, account: &str, secret: &str) -> Reply {
        let reply = Imap::connect(from, dovecot::IMAP).login(account, secret);
        self.expect(reply.is_no(), "NO: the login is refused", Shown(&reply));
        reply
    }

    /// Remembers what a login must have left in the log.
    pub fn remember(
        &self,
        account: &str,
        service: &str,
        remote: impl Display,
        result: &'static str,
    ) {
        let (account, service) = (account.to_owned(), service.to_owned());
        let remote = remote.to_string();
        self.expected.borrow_mut().push(Expected {
            account,
            service,
            remote,
            result,
        });
    }

    /// What the logins so far must have left in the log.
    pub fn remembered(&self) -> std::cell::Ref<'_, Vec<Expected>> {
        self.expected.borrow()
    }

    /// Has the command do something for an account, with `--json`; its failure is the step's.
    pub fn ask(&self, account: &str, arguments: &[&str]) -> Value {
        self.ask_with(account, arguments, "")
    }

    /// The same, with something to read.
    pub fn ask_with(&self, account: &str, arguments: &[&str], input: &str) -> Value {
        let arguments = [&["--json", "--user", account], arguments].concat();
        let text = self.command(&arguments, input);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("no JSON ({error}): {text}"))
    }

    /// Has the command do something, and returns what it printed.
    pub fn command(&self, arguments: &[&str], input: &str) -> String {
        println!("    $ mailotp-cli {}", arguments.join(" "));
        let done = run(arguments, input);
        for line in done.stdout.lines() {
            println!("      {line}");
        }
        let failure = format_args!("exit {} and {:?}", done.code, done.stderr);
        self.expect(done.code == 0, "the command succeeds", failure);
        done.stdout
    }

    /// Waits, without a try that would prolong it, until the account has no open window.
    pub fn wait_for_the_window_to_end(&self, account: &str) {
        println!("    (waiting for the window of {account} to end)");
        let start = Instant::now();
        loop {
            let windows = run(&["--json", "--user", account, "grace", "list"], "").json();
            if windows.as_array().is_some_and(Vec::is_empty) {
                return;
            }
            let patient = start.elapsed() < Duration::from_secs(60);
            self.expect(patient, "the window ends after 15 idle seconds", windows);
            thread::sleep(Duration::from_millis(500));
        }
    }
}

/// Has the command do something, unseen.
pub fn run(arguments: &[&str], input: &str) -> Output {
    let command = Sandbox::command_path();
    let command = command.to_str().expect("the sandbox has a plain path");
    let arguments = [&["60", command], arguments].concat();
    feed("coreutils", "timeout", &arguments, input)
}

/// A text in JSON.
pub fn text(value: &Value) -> String {
    let text = value.as_str();
    text.unwrap_or_else(|| panic!("a text was expected: {value}"))
        .to_owned()
}

/// A reply as a line of text.
pub struct Shown<'a>(pub &'a Reply);

impl Display for Shown<'_> {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(to, "{} {}", self.0.status, shortened(&self.0.text))
    }
}
