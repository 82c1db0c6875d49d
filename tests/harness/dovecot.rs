//! A real Dovecot in a sandbox.

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::sandbox::{Sandbox, mail_folder};
use crate::server::Server;
use crate::wire::Wire;

/// Its configuration, but for the databases of passwords.
const SERVER: &str = include_str!("dovecot.conf");
/// mailotp's two, with a listener for webmail, and one of main passwords.
const DATABASES: &str = include_str!("dovecot-databases.conf");
/// Where it takes IMAP connections.
pub const IMAP: u16 = 143;
/// Where it takes those of the webmail host.
pub const WEBMAIL: u16 = 10143;
/// Where it takes mail to be sent.
pub const SUBMISSION: u16 = 587;
/// The address that may forward others'.
pub const WEBMAIL_HOST: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// A running server, ended when this is dropped.
pub struct Dovecot {
    server: Server,
}

impl Dovecot {
    /// Starts it with these main passwords behind the gate, and waits until it answers.
    pub fn start(sandbox: &Sandbox, main_passwords: &[(&str, &str)]) -> Dovecot {
        Self::start_with(sandbox, DATABASES, main_passwords)
    }

    /// The same, with these lines more in its configuration.
    pub fn start_and(sandbox: &Sandbox, more: &str, main_passwords: &[(&str, &str)]) -> Dovecot {
        Self::start_with(sandbox, &format!("{DATABASES}\n{more}"), main_passwords)
    }

    /// The same, with these databases of passwords.
    pub fn start_with(
        sandbox: &Sandbox,
        databases: &str,
        main_passwords: &[(&str, &str)],
    ) -> Dovecot {
        let configuration = format!("{SERVER}\n{databases}");
        sandbox.write("/etc/dovecot/dovecot.conf", 0o644, &configuration);
        let passwords: String = main_passwords
            .iter()
            .map(|(user, password)| format!("{user}:{password}\n"))
            .collect();
        // World-readable, in a sandbox: Dovecot reads it as its own user.
        sandbox.write("/etc/dovecot/main-passwords", 0o644, &passwords);
        mail_folder(Path::new("/run/mail"));

        let mut server = Server::start("dovecot", &["-F", "-c", "/etc/dovecot/dovecot.conf"]);
        for port in [IMAP, WEBMAIL, SUBMISSION] {
            let answers = || Wire::connect(Ipv4Addr::LOCALHOST, port).is_ok();
            server.wait_until(answers, log);
        }
        Dovecot { server }
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        log()
    }

    /// Waits for a line of its log that contains all of `parts`: it comes through another process.
    ///
    /// # Panics
    /// Where none comes within ten seconds.
    #[track_caller]
    pub fn wait_for(&self, parts: &[&str]) {
        let start = Instant::now();
        loop {
            let log = log();
            let mut lines = log.lines();
            if lines.any(|line| parts.iter().all(|part| line.contains(part))) {
                return;
            }
            let patient = start.elapsed() < Duration::from_secs(10);
            assert!(patient, "no line with {parts:?} in the log: {log}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// The process that all of it hangs from.
    pub fn process_id(&self) -> u32 {
        self.server.process_id()
    }
}

fn log() -> String {
    fs::read_to_string("/run/dovecot.log").unwrap_or_default()
}

/// Puts a message into an account's mailbox.
pub fn deliver(account: &str, subject: &str) {
    let mut folder = Path::new("/run/mail").join(account);
    mail_folder(&folder);
    folder.push("Maildir");
    mail_folder(&folder);
    for part in ["tmp", "new", "cur"] {
        mail_folder(&folder.join(part));
    }
    let file = folder.join("new/1.message.sandbox");
    let message = format!(
        "From: Postmaster <postmaster@example.com>\r\nTo: {account}@example.com\r\n\
         Subject: {subject}\r\nDate: Mon, 1 Jan 2024 00:00:00 +0000\r\n\r\nHello.\r\n"
    );
    fs::write(&file, message).expect("write a message");
}
