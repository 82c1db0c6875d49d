//! A real Postfix in a sandbox, started by Debian's own scripts, its smtpd in a chroot as on Debian.

use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::net::UnixDatagram;
use std::process::Command;

use crate::sandbox::{Sandbox, output};
use crate::server::Server;
use crate::tool::tool;
use crate::wire::Wire;

/// Where it takes mail, as its configuration says.
pub const SMTP: u16 = 25;
/// Where it takes logins without TLS, so that a test need not speak it. 587 is Dovecot's.
pub const SUBMISSION: u16 = 2587;
/// Its queue, and the root folder of its smtpd.
pub const QUEUE: &str = "/var/spool/postfix";
const DATA: &str = "/var/lib/postfix";

/// As little as it starts with: nothing is delivered or resolved.
const MAIN: &str = "compatibility_level = 3.6
myhostname = mail.example.com
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_peername_lookup = no
default_privs = vmail
smtpd_tls_security_level = may
smtpd_tls_chain_files = /etc/postfix/tls.pem
";

/// Of Debian's, what a login needs, and one more port.
const MASTER: &str = "smtp inet n - y - - smtpd
2587 inet n - y - - smtpd
  -o smtpd_tls_auth_only=no
anvil unix - - y - 1 anvil
proxymap unix - - n - - proxymap
tlsmgr unix - - y 1000? 1 tlsmgr
rewrite unix - - y - - trivial-rewrite
cleanup unix n - y - 0 cleanup
";

/// The folders that Postfix makes itself where they are missing; Debian's file lies in the hidden `/etc`.
const FILES: &str = "$data_directory:d:$mail_owner:-:700:uc
$queue_directory:d:root:-:755:uc
$queue_directory/active:d:$mail_owner:-:700:ucr
$queue_directory/bounce:d:$mail_owner:-:700:ucr
$queue_directory/corrupt:d:$mail_owner:-:700:ucr
$queue_directory/defer:d:$mail_owner:-:700:ucr
$queue_directory/deferred:d:$mail_owner:-:700:ucr
$queue_directory/flush:d:$mail_owner:-:700:ucr
$queue_directory/hold:d:$mail_owner:-:700:ucr
$queue_directory/incoming:d:$mail_owner:-:700:ucr
$queue_directory/maildrop:d:$mail_owner:$setgid_group:730:uc
$queue_directory/pid:d:root:-:755:uc
$queue_directory/private:d:$mail_owner:-:700:uc
$queue_directory/public:d:$mail_owner:$setgid_group:710:uc
$queue_directory/saved:d:$mail_owner:-:700:ucr
$queue_directory/trace:d:$mail_owner:-:700:ucr
";

/// Makes a key, and a certificate that nobody trusts.
const CERTIFICATE: &str = "cd /etc/postfix && umask 077 &&
openssl req -x509 -config openssl.cnf -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
    -subj /CN=mail.example.com -keyout key.pem -out certificate.pem &&
cat key.pem certificate.pem >tls.pem";

/// Whom it runs as. Not by a number that Debian gives to a package: its programs belong to a group of whichever
/// number was free when it was installed.
const USER: (&str, u32) = ("postfix", 61_106);

/// A running server, ended when this is dropped.
pub struct Postfix<'a> {
    sandbox: &'a Sandbox,
    _server: Server,
}

impl Postfix<'_> {
    /// Makes of the sandbox a machine on which it was installed, and was never started.
    pub fn install(sandbox: &Sandbox) {
        let (user, id) = USER;
        let posts = fs::metadata("/usr/sbin/postdrop");
        let posts = posts.expect("no Postfix: tests/install-dependencies").gid();
        add_line(
            "/etc/passwd",
            &format!("{user}:x:{id}:{id}::{QUEUE}:/bin/false"),
        );
        add_line(
            "/etc/group",
            &format!("{user}:x:{id}:\npostdrop:x:{posts}:"),
        );
        for folder in [QUEUE, DATA] {
            sandbox.empty(folder);
        }
        chown(DATA, Some(id), None).expect("give Postfix its folder");
        sandbox.write("/etc/postfix/main.cf", 0o644, MAIN);
        sandbox.write("/etc/postfix/master.cf", 0o644, MASTER);
        sandbox.write("/etc/postfix/postfix-files", 0o644, FILES);
        sandbox.write("/etc/postfix/dynamicmaps.cf", 0o644, "");
        fs::create_dir("/etc/postfix/sasl").expect("create a folder in the private /etc");
        sandbox.write(
            "/etc/postfix/openssl.cnf",
            0o644,
            "[req]\ndistinguished_name = req\n",
        );
        output(Command::new("sh").args(["-c", CERTIFICATE]));
        let complaints = Self::check(sandbox);
        assert!(complaints.is_empty(), "{complaints:#?}");
    }

    /// What `postfix check` complains of; it says so in syslog alone.
    #[must_use]
    pub fn check(sandbox: &Sandbox) -> Vec<String> {
        const END: &str = "this is all that postfix check has said";
        let before = sandbox.syslog().lines().len();
        let done = tool("postfix", "postfix", &["check"]);
        let log = UnixDatagram::unbound().expect("a socket");
        log.send_to(END.as_bytes(), "/dev/log").expect("a log");
        sandbox.syslog().wait_for(&[END]);
        let mut lines = sandbox.syslog().lines().split_off(before);
        lines.retain(|line| line != END);
        if done.code != 0 {
            lines.push(format!("{done:?}"));
        }
        lines
    }

    /// Starts it, and waits until it takes connections.
    #[must_use]
    pub fn start(sandbox: &Sandbox) -> Postfix<'_> {
        let mut server = Server::start("postfix", &["start-fg"]);
        for port in [SMTP, SUBMISSION] {
            let answers = || Wire::connect(Ipv4Addr::LOCALHOST, port).is_ok();
            server.wait_until(answers, || sandbox.syslog().lines().join("\n"));
        }
        Postfix {
            sandbox,
            _server: server,
        }
    }

    /// What it and others have logged.
    #[must_use]
    pub fn log(&self) -> String {
        self.sandbox.syslog().lines().join("\n")
    }
}

fn add_line(path: &str, line: &str) {
    let there = fs::read_to_string(path).expect("the sandbox has it");
    fs::write(path, format!("{there}{line}\n")).expect("the private /etc can be written");
}
