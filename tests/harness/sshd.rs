//! A real sshd in a sandbox, as Debian sets it up, and a real ssh that logs in there.

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::output::Output;
use crate::sandbox::{HOME, Sandbox, output};
use crate::server::Server;
use crate::wire::Wire;

/// What Debian's says that matters here. It takes no passwords through PAM, and the first value counts.
const SERVER: &str = "Include /etc/ssh/sshd_config.d/*.conf
ListenAddress 127.0.0.1
KbdInteractiveAuthentication no
UsePAM yes
PrintMotd no
# A home would have to be made for each account.
AuthorizedKeysFile /etc/ssh/keys/%u
";

/// Debian's PAM service, but for the parts of its session that need a whole machine.
const PAM: &str = "@include common-auth
account    required     pam_nologin.so
@include common-account
session    optional     pam_keyinit.so force revoke
@include common-session
session    required     pam_limits.so
";
const COMMON: [(&str, &str); 3] = [
    (
        "common-auth",
        "auth [success=1 default=ignore] pam_unix.so nullok
auth requisite pam_deny.so
auth required pam_permit.so
",
    ),
    (
        "common-account",
        "account [success=1 new_authtok_reqd=done default=ignore] pam_unix.so
account requisite pam_deny.so
account required pam_permit.so
",
    ),
    (
        "common-session",
        "session [default=1] pam_permit.so
session requisite pam_deny.so
session required pam_permit.so
session required pam_unix.so
",
    ),
];

/// Answers what ssh asks, and notes it.
const ASKPASS: &str = r#"#!/bin/sh
printf '%s\n' "$1" >>"$ASKED"
line=$(wc -l <"$ASKED")
printf '%s\n' "$ANSWERS" | sed -n "${line}p"
"#;

const LOG: &str = "/run/sshd.log";
const HOST_KEY: &str = "/etc/ssh/ssh_host_ed25519_key";
const PROGRAM: &str = "/usr/sbin/sshd";
const PORT: u16 = 22;

/// A running server, ended when this is dropped.
pub struct Sshd {
    _server: Server,
}

/// What a login came to.
#[derive(Debug)]
pub struct Login {
    /// What ssh left: 255 where nobody was let in.
    pub output: Output,
    /// Every prompt that it showed, without the account and host that it puts in front.
    pub prompts: Vec<String>,
}

impl Sshd {
    /// Writes what a machine has on which it was just installed.
    pub fn install(sandbox: &Sandbox) {
        for (name, stack) in COMMON {
            sandbox.write(&format!("/etc/pam.d/{name}"), 0o644, stack);
        }
        sandbox.write("/etc/pam.d/sshd", 0o644, PAM);
        sandbox.write("/etc/security/limits.conf", 0o644, "");
        sandbox.write("/etc/ssh/sshd_config", 0o644, SERVER);
        fs::create_dir_all("/etc/ssh/sshd_config.d").expect("create a folder in the private /etc");
        fs::create_dir_all("/run/sshd").expect("create a folder in the private /run");
        make_key(Path::new(HOST_KEY));
        let public = fs::read_to_string(format!("{HOST_KEY}.pub")).expect("it was just made");
        sandbox.write("/etc/ssh/known", 0o644, &format!("127.0.0.1 {public}"));
        sandbox.write(&format!("{HOME}/askpass"), 0o755, ASKPASS);
    }

    /// Starts it, and waits until it answers.
    #[must_use]
    pub fn start() -> Sshd {
        // Its own look at its files says more than its end would.
        output(Command::new(PROGRAM).arg("-t"));
        let mut server = Server::start(PROGRAM, &["-D", "-E", LOG]);
        let answers = || Wire::connect(Ipv4Addr::LOCALHOST, PORT).is_ok();
        server.wait_until(answers, log);
        Sshd { _server: server }
    }

    /// The settings that it goes by, a line each.
    #[must_use]
    pub fn settings(&self) -> String {
        output(Command::new(PROGRAM).arg("-T"))
    }

    /// Logs in from an address of the loopback, with an answer to each question, and asks for the name
    /// of the account there.
    #[track_caller]
    #[must_use]
    pub fn login(&self, from: Ipv4Addr, account: &str, answers: &[&str]) -> Login {
        let methods = "PreferredAuthentications=keyboard-interactive";
        self.ssh(from, account, answers, &["-o", methods])
    }

    /// Logs in with a key, and with nothing else.
    #[track_caller]
    #[must_use]
    pub fn key_login(&self, from: Ipv4Addr, account: &str, key: &Key) -> Login {
        let methods = ["-o", "PreferredAuthentications=publickey"];
        self.ssh(from, account, &[], &[methods, key.option()].concat())
    }

    /// Logs in with these options of ssh.
    ///
    /// # Panics
    /// Where ssh cannot be run.
    #[track_caller]
    #[must_use]
    pub fn ssh(&self, from: Ipv4Addr, account: &str, answers: &[&str], options: &[&str]) -> Login {
        let folder = TempDir::new_in(HOME).expect("a folder in the private /run");
        let asked = folder.path().join("asked");
        let mut ssh = Command::new("timeout");
        // No file of the machine's decides what it does, and of two values the first counts.
        ssh.args(["60", "ssh", "-F", "none", "-T"])
            .args(options)
            .args(["-b", &from.to_string()])
            .args(["-l", account])
            .args(["-o", "UserKnownHostsFile=/etc/ssh/known"])
            .args(["-o", "IdentitiesOnly=yes"])
            .args(["-o", "LogLevel=ERROR"])
            .args(["-o", "NumberOfPasswordPrompts=1"])
            .args(["127.0.0.1", "id", "-un"])
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("SSH_ASKPASS", format!("{HOME}/askpass"))
            .env("SSH_ASKPASS_REQUIRE", "force")
            .env("ASKED", &asked)
            .env("ANSWERS", answers.join("\n"))
            .stdin(Stdio::null());
        let output = ssh.output().expect("timeout can be run").into();
        let host = format!("({account}@127.0.0.1) ");
        let prompts = fs::read_to_string(&asked).unwrap_or_default();
        let prompts = prompts
            .lines()
            .map(|line| line.strip_prefix(&host).unwrap_or(line).to_owned())
            .collect();
        Login { output, prompts }
    }
}

impl Login {
    /// Whether a command was run for this account, and for nobody else.
    #[must_use]
    pub fn is_in(&self, account: &str) -> bool {
        self.output.code == 0 && self.output.stdout == format!("{account}\n")
    }

    /// Whether nobody was let in, and nothing was run.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.output.code == 255
            && self.output.stdout.is_empty()
            && self.output.stderr.contains("Permission denied")
    }
}

/// What sshd has logged.
#[must_use]
pub fn log() -> String {
    fs::read_to_string(LOG).unwrap_or_default()
}

/// A key of a user.
pub struct Key {
    file: PathBuf,
}

impl Key {
    /// A new one, which lets in these accounts.
    #[must_use]
    pub fn of(sandbox: &Sandbox, accounts: &[&str]) -> Key {
        let file = Path::new(HOME).join("key");
        make_key(&file);
        let public = fs::read_to_string(file.with_extension("pub")).expect("it was just made");
        for account in accounts {
            sandbox.write(&format!("/etc/ssh/keys/{account}"), 0o644, &public);
        }
        Key { file }
    }

    /// What has ssh use it.
    ///
    /// # Panics
    /// Never in a sandbox, whose paths are plain.
    #[must_use]
    pub fn option(&self) -> [&str; 2] {
        ["-i", self.file.to_str().expect("a plain path")]
    }
}

fn make_key(file: &Path) {
    output(
        Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-f"])
            .arg(file),
    );
}
