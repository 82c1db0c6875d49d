//! A real Dovecot in a sandbox.

use std::fs::{self, File};
use std::io::Read;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sched::{CloneFlags, setns, unshare};

use crate::sandbox::{Sandbox, mail_folder};
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
    process: Child,
}

impl Dovecot {
    /// Starts it with these main passwords behind the gate, and waits until it answers.
    pub fn start(sandbox: &Sandbox, main_passwords: &[(&str, &str)]) -> Dovecot {
        Self::start_with(sandbox, DATABASES, main_passwords)
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

        let mut dovecot = Command::new("setpriv");
        // It ends with the thread that started it, even where that has no time to say so.
        dovecot.args(["--pdeathsig", "KILL", "dovecot", "-F"]);
        dovecot.args(["-c", "/etc/dovecot/dovecot.conf"]);
        dovecot
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let process = first_of_a_namespace(&mut dovecot);
        let mut it = Dovecot { process };
        for port in [IMAP, WEBMAIL, SUBMISSION] {
            it.wait_for(port);
        }
        it
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        fs::read_to_string("/run/dovecot.log").unwrap_or_default()
    }

    /// The process that all of it hangs from.
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    fn wait_for(&mut self, port: u16) {
        let start = Instant::now();
        while Wire::connect(Ipv4Addr::LOCALHOST, port).is_err() {
            let ended = self
                .process
                .try_wait()
                .expect("ask after a child")
                .is_some();
            if ended || start.elapsed() > Duration::from_secs(30) {
                let complaint = self.end();
                let log = self.log();
                panic!(
                    "Dovecot does not answer at port {port}: {complaint}{log}\n\
                     If it is not installed: tests/install-dependencies"
                );
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends it, and returns what it complained of.
    fn end(&mut self) -> String {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let mut complaint = String::new();
        if let Some(mut stderr) = self.process.stderr.take() {
            let _ = stderr.read_to_string(&mut complaint);
        }
        complaint
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        self.end();
    }
}

/// Starts the first process of a process namespace: when it ends, the kernel ends all others in it, and
/// whoever waits for it has waited for them.
fn first_of_a_namespace(command: &mut Command) -> Child {
    let mine = File::open("/proc/thread-self/ns/pid").expect("there is a /proc");
    unshare(CloneFlags::CLONE_NEWPID).expect("a process namespace");
    let child = command.spawn();
    // Else this thread could start no others: they would belong to another namespace than it does.
    setns(mine, CloneFlags::CLONE_NEWPID).expect("back to the process namespace of before");
    child.unwrap_or_else(|error| panic!("{command:?}: {error}: tests/install-dependencies"))
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
