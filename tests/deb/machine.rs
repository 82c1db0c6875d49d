//! A Debian of its own for each test: the empty one that `tests/deb/root` has made, under a layer that takes all
//! writes and goes with the test, in mount and network namespaces of the test's thread.

use std::collections::BTreeSet;
use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use harness::host::{PamHost, Request};
use harness::imap::{Imap, Reply};
use harness::output::Output;
use harness::products::{self, product};
use harness::sandbox::{leave_the_machine, output};
use harness::server::Server;
use harness::syslog::Syslog;

/// What `make test-deb` hands over.
fn given(name: &str) -> PathBuf {
    let path =
        std::env::var_os(name).unwrap_or_else(|| panic!("{name} is not set: run `make test-deb`"));
    PathBuf::from(path)
}

fn is_documented(command: &str) {
    let readme = include_str!("../../README.md");
    let line = format!("\n    {command}\n");
    assert!(readme.contains(&line), "the README does not say: {command}");
}

/// The machine, as its thread sees it.
pub struct Machine {
    root: PathBuf,
    syslog: Syslog,
}

impl Machine {
    /// Runs `work` on a new one.
    pub fn run<T: Send>(work: impl FnOnce(&Machine) -> T + Send) -> T {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let done =
            thread::scope(|scope| scope.spawn(|| work(&Machine::enter(folder.path()))).join());
        done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    fn enter(folder: &Path) -> Machine {
        let base = given("MAILOTP_DEB_ROOT");
        let packages = [given("MAILOTP_DEBS"), given("MAILOTP_DEBS_NEXT")];
        let host = product(products::HOST);
        leave_the_machine();
        let script = r#"set -eu
            cd "$1"
            mount -t tmpfs machine .
            cd "$1"
            mkdir upper work root
            mount -t overlay machine -o "lowerdir=$2,upperdir=upper,workdir=work" root
            cd root
            mount -t proc proc proc
            mount -t tmpfs -o mode=0755 dev dev
            mount -t tmpfs -o mode=0755 run run
            mknod -m 0666 dev/null c 1 3
            mknod -m 0666 dev/zero c 1 5
            mknod -m 0666 dev/random c 1 8
            mknod -m 0666 dev/urandom c 1 9
            mknod -m 0666 dev/tty c 5 0
            ln -s /proc/self/fd dev/fd
            mkdir dev/pts
            mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
            ln -s pts/ptmx dev/ptmx
            mkdir dev/shm run/lock packages packages/this packages/next scratch
            chmod 1777 dev/shm scratch
            echo 'APT::Get::Assume-Yes "true";' >etc/apt/apt.conf.d/90yes
            cp "$3"/*.deb packages/this
            cp "$4"/*.deb packages/next
            cp "$5" usr/local/bin/pam-host"#;
        let arguments = [folder, &base, &packages[0], &packages[1], &host];
        output(
            Command::new("sh")
                .args(["-c", script, "sh"])
                .args(arguments),
        );
        let root = folder.join("root");
        let log = root.join("dev/log").display().to_string();
        let machine = Machine {
            root,
            syslog: Syslog::listen(&log),
        };
        machine.sh("useradd -m alice && useradd -m erin && printf 'alice:alices-main\\nerin:erins-main\\n' | chpasswd").done();
        machine
            .sh("apt-get -y --no-install-recommends install dovecot-imapd")
            .done();
        machine
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new("chroot");
        command
            .arg(&self.root)
            .args([
                "/usr/bin/env",
                "-i",
                "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            ])
            .args(["DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8", program]);
        command
    }

    /// Runs a script there, as root.
    pub fn sh(&self, script: &str) -> Output {
        let mut command = self.command("sh");
        let command = command
            .args(["-c", script])
            .stdin(std::process::Stdio::null());
        command.output().expect("chroot runs").into()
    }

    /// A file there, by its path on the machine outside.
    pub fn path(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    /// What a file there says.
    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// What came to its log.
    pub fn log(&self) -> Vec<String> {
        self.syslog.lines()
    }

    /// A command of the README.
    pub fn as_documented(&self, command: &str) -> Output {
        is_documented(command);
        self.sh(command).done()
    }

    /// Installs the packages of this version, or of the next, with apt alone, as the README says.
    pub fn install(&self, which: &str) -> Output {
        let command =
            "apt install ./libpam-mailotp_*.deb ./libpam-mailotp-common_*.deb ./mailotp-cli_*.deb";
        is_documented(command);
        self.sh(&format!("cd /packages/{which} && {command}"))
    }

    /// The packages of mailotp that are there, each with its state and version; not those that others only name.
    pub fn packages(&self) -> BTreeSet<String> {
        let list = "dpkg-query -W -f '${db:Status-Status} ${Package} ${Version}\\n' '*mailotp*'";
        let listed = self.sh(list).stdout;
        let there = listed
            .lines()
            .filter(|line| !line.starts_with("not-installed"));
        there.map(str::to_owned).collect()
    }

    /// Starts the Dovecot that the distribution has packaged, with the configuration that is there.
    pub fn dovecot(&self) -> Server {
        let root = self.root.display().to_string();
        let mut server = Server::start("chroot", &[&root, "/usr/sbin/dovecot", "-F"]);
        let ready = || std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, 143)).is_ok();
        server.wait_until(ready, || self.log().join("\n"));
        server
    }

    /// One login by IMAP from this address.
    pub fn login(from: Ipv4Addr, user: &str, secret: &str) -> Reply {
        Imap::between(from, from, 143).login(user, secret)
    }

    /// What PAM says to a login of a service there, in a process of its own.
    pub fn verdict(&self, service: &str, user: &str, from: &str, secret: &str) -> String {
        let mut host = PamHost::start(self.command("/usr/local/bin/pam-host"));
        let mut request = Request::new(service, user).answer(secret);
        request.confdir = "/etc/pam.d".into();
        request.scratch = "/scratch".into();
        if !from.is_empty() {
            request = request.from(from);
        }
        host.ask(&request);
        host.finish()[0].verdict().to_owned()
    }

    /// PAM works for everybody who has nothing to do with mailotp.
    #[track_caller]
    pub fn others_are_served(&self) {
        for service in ["login", "su", "passwd", "no-such-service"] {
            let verdict = self.verdict(service, "erin", "", "erins-main");
            assert_eq!(verdict, "PAM_SUCCESS", "{service}");
        }
        assert_eq!(self.verdict("login", "erin", "", "wrong"), "PAM_AUTH_ERR");
        let common =
            self.sh("grep -l mailotp /etc/pam.d/common-* /usr/share/pam-configs/* 2>/dev/null");
        assert_eq!(
            common.stdout, "",
            "no login of the machine itself asks mailotp"
        );
    }

    /// Every file, and what is in those of /etc; without what packaging tools and servers write for themselves.
    pub fn files(&self) -> BTreeSet<String> {
        let script = r"find / -xdev \( -path /packages -o -path /scratch -o -path /tmp -o -path /home -o -path /var/cache \
              -o -path /var/log -o -path /var/mail -o -path /var/backups -o -path /var/lib/apt -o -path /var/lib/dpkg \
              -o -path /var/lib/dovecot -o -name '*.pyc' \) -prune -o -print
            find /etc -type f -exec sha256sum {} +
            ls -d /run/mailotp* 2>/dev/null || true";
        self.sh(script)
            .done()
            .stdout
            .lines()
            .map(str::to_owned)
            .collect()
    }
}
