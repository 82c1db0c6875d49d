//! A machine of its own for each test: private `/etc`, `/run`, `/var/lib`, `/dev/log`, PAM folder and network.
//!
//! A thread takes leave of the machine's mounts and network (`unshare` works for one thread, and what the thread
//! starts inherits it), covers what a mail server and mailotp read or write, and ends. Nothing is created on the
//! machine's own file system, ports never meet, and all of it is gone with the thread, also after a panic.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::marker::PhantomData;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::stat::{Mode, umask};

use crate::products::{Build, COMMAND, MODULE, product_of};
use crate::syslog::Syslog;

/// Where a sandbox keeps what is its own: in its private `/run`.
pub const HOME: &str = "/run/sandbox";

/// The system user that owns the mail.
pub const MAIL_USER: (&str, u32) = ("vmail", 5000);

/// The accounts with an entry in the private `/etc/passwd`.
pub const ACCOUNTS: [&str; 5] = ["alice", "bob", "carol", "dora", "erin"];

/// The private machine, as its thread sees it.
pub struct Sandbox {
    syslog: Syslog,
    /// The namespaces belong to one thread.
    _stays_in_its_thread: PhantomData<*const ()>,
}

impl Sandbox {
    /// Runs `work` in a thread with a machine of its own, and takes that machine down again.
    pub fn run<T: Send>(work: impl FnOnce(&Sandbox) -> T + Send) -> T {
        Self::run_on(Build::Plain, work)
    }

    /// The same, on a machine where this build is installed.
    pub fn run_on<T: Send>(build: Build, work: impl FnOnce(&Sandbox) -> T + Send) -> T {
        let done = thread::scope(|scope| scope.spawn(|| work(&Sandbox::enter(build))).join());
        done.unwrap_or_else(|panic| resume_unwind(panic))
    }

    fn enter(build: Build) -> Sandbox {
        // Looked up before leaving, because the running program has no path afterwards; opened before
        // anything is covered, because the build may lie in a folder that will be.
        let built = [MODULE, COMMAND].map(|name| product_of(build, name));
        leave_the_machine();
        let [module, command] = built.map(|path| File::open(path).expect("the build can be read"));

        empty("/run");
        fs::create_dir_all(format!("{HOME}/under")).expect("create a folder in the private /run");
        empty("/etc");
        fill_etc();
        // sshd and sudo write down who has logged in, and who could not.
        empty("/var/log");
        cover(Path::new("/dev"), &["log"]);
        cover(Path::new("/var/lib"), &["mailotp"]);
        let modules = pam_folder();
        cover(&modules, &["pam_mailotp.so"]);
        bind_file(&module, &modules.join("pam_mailotp.so"));
        bind_file(&command, &Self::command_path());

        Self::listening()
    }

    /// What its thread has entered, with an ear at its `/dev/log`.
    pub(crate) fn listening() -> Sandbox {
        Sandbox {
            syslog: Syslog::listen("/dev/log"),
            _stays_in_its_thread: PhantomData,
        }
    }

    /// The `mailotp-cli` of this build, as it is found in the sandbox.
    pub fn command_path() -> PathBuf {
        Path::new(HOME).join(COMMAND)
    }

    /// What was sent to the private `/dev/log`.
    pub fn syslog(&self) -> &Syslog {
        &self.syslog
    }

    /// Writes a file with exactly this mode, owned by root, its folders made where they are missing.
    pub fn write(&self, path: &str, mode: u32, content: &str) {
        write(path, mode, content);
    }

    /// Puts an empty folder over one of the machine's.
    ///
    /// # Panics
    /// Where the machine has none: its package is not installed.
    pub fn empty(&self, path: &str) {
        empty(path);
    }

    /// Gives a system account its main password, in the private `/etc/shadow`.
    pub fn set_system_password(&self, account: &str, password: &str) {
        let hash = output(Command::new("openssl").args(["passwd", "-6", password]));
        let old = fs::read_to_string("/etc/shadow").expect("read the private /etc/shadow");
        let new: String = (old.lines())
            .map(|line| match line.split_once(':') {
                Some((name, _)) if name == account => shadow_line(name, hash.trim()),
                _ => format!("{line}\n"),
            })
            .collect();
        assert_ne!(old, new, "{account} is none of {ACCOUNTS:?}");
        write("/etc/shadow", 0o600, &new);
    }
}

/// Runs `work` in a thread with a network of its own, and nothing else: its ports are all free.
pub fn on_a_network_of_its_own<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let work = || {
        leave(CloneFlags::CLONE_NEWNET);
        output(Command::new("ip").args(["link", "set", "lo", "up"]));
        work()
    };
    let done = thread::scope(|scope| scope.spawn(work).join());
    done.unwrap_or_else(|panic| resume_unwind(panic))
}

fn leave(what: CloneFlags) {
    assert!(
        nix::unistd::geteuid().is_root(),
        "A real server is started in namespaces of its own, which only root may: \
         sudo -E env \"PATH=$PATH\" make test (or: make demo)"
    );
    unshare(what).unwrap_or_else(|error| {
        panic!(
            "No mount and network namespace ({error}): in a container, start it with --privileged"
        )
    });
}

/// Makes mounts and network of this thread private, and brings its loopback up.
/// Makes mounts and network of this thread private, and brings its loopback up.
pub fn leave_the_machine() {
    leave(CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWNET);
    // Since `unshare` the umask, like the mounts, is this thread's alone.
    umask(Mode::from_bits_truncate(0o022));
    let all = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(None::<&str>, "/", None::<&str>, all, None::<&str>).expect("make the mounts private");
    output(Command::new("ip").args(["link", "set", "lo", "up"]));
}

/// An `/etc` from nothing, so that no setting of the machine decides a test.
fn fill_etc() {
    let (mail, mail_id) = MAIL_USER;
    let mut users = vec![
        ("root", 0),
        ("dovecot", 102),
        ("dovenull", 103),
        ("sshd", 104),
        ("sasl", 105),
        (mail, mail_id),
    ];
    users.extend(ACCOUNTS.into_iter().zip(mail_id + 1..));
    let lines = |line: &dyn Fn(&str, u32) -> String| -> String {
        users.iter().map(|(name, id)| line(name, *id)).collect()
    };
    let passwd = |name: &str, id: u32| format!("{name}:x:{id}:{id}::/nonexistent:/bin/sh\n");
    write("/etc/passwd", 0o644, &lines(&passwd));
    let group = |name: &str, id: u32| format!("{name}:x:{id}:\n");
    write("/etc/group", 0o644, &lines(&group));
    let shadow = |name: &str, _| shadow_line(name, "*");
    write("/etc/shadow", 0o600, &lines(&shadow));

    let nsswitch = "passwd: files\ngroup: files\nshadow: files\nhosts: files\n";
    write("/etc/nsswitch.conf", 0o644, nsswitch);
    write("/etc/hosts", 0o644, "127.0.0.1 localhost\n");
    // Debian's dovecot-core brings it.
    fs::create_dir_all("/etc/dovecot/conf.d").expect("create a folder in the private /etc");
    // A PAM service without a file of its own falls to this one.
    let deny = "auth required pam_deny.so\naccount required pam_deny.so\n";
    write("/etc/pam.d/other", 0o644, deny);
}

fn shadow_line(name: &str, hash: &str) -> String {
    format!("{name}:{hash}:19000:0:99999:7:::\n")
}

/// Puts an empty folder over `path`.
fn empty(path: &str) {
    mount(
        Some("sandbox"),
        path,
        Some("tmpfs"),
        MsFlags::empty(),
        Some("mode=0755"),
    )
    .unwrap_or_else(|error| panic!("cover {path}: {error}: tests/install-dependencies"));
}

/// Puts a writable folder over `path` that shows what was there, except the names in `hidden`.
fn cover(path: &Path, hidden: &[&str]) {
    let name = path.to_string_lossy();
    let under = Path::new(HOME).join("under").join(name.replace('/', "_"));
    fs::create_dir(&under).expect("create the place of a covered folder");
    let all = MsFlags::MS_BIND | MsFlags::MS_REC;
    mount(Some(path), &under, None::<&str>, all, None::<&str>)
        .unwrap_or_else(|error| panic!("bind {name}: {error}"));
    empty(&name);
    for entry in fs::read_dir(&under).expect("read a covered folder") {
        let entry = entry.expect("read a covered folder");
        if hidden.iter().all(|hidden| entry.file_name() != *hidden) {
            symlink(entry.path(), path.join(entry.file_name())).expect("link to what is covered");
        }
    }
}

/// Shows an open file at `path`; by its descriptor, because its own path may be covered.
fn bind_file(file: &File, path: &Path) {
    File::create(path).expect("create a mount point in the sandbox");
    let source = format!("/proc/self/fd/{}", file.as_raw_fd());
    mount(
        Some(source.as_str()),
        path,
        None::<&str>,
        MsFlags::MS_BIND,
        None::<&str>,
    )
    .unwrap_or_else(|error| panic!("bind {}: {error}", path.display()));
}

/// The folder of the distribution's PAM modules.
pub(crate) fn pam_folder() -> PathBuf {
    let multiarch = fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    multiarch
        .map(|entry| entry.path())
        .chain(["/usr/lib64", "/usr/lib", "/lib64", "/lib"].map(PathBuf::from))
        .map(|folder| folder.join("security"))
        .find(|folder| folder.join("pam_unix.so").exists())
        .expect("no folder with pam_unix.so: tests/install-dependencies")
}

fn write(path: &str, mode: u32, content: &str) {
    let path = Path::new(path);
    let folder = path.parent().expect("a file lies in a folder");
    fs::create_dir_all(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    fs::write(path, content).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("set the mode of a file");
}

/// Makes a folder that belongs to the owner of the mail.
pub fn mail_folder(path: &Path) {
    fs::create_dir_all(path).expect("create a mail folder");
    let id = Some(MAIL_USER.1);
    chown(path, id, id).expect("give the mail to its owner");
}

/// Runs a program to its end and returns its output; its failure is the test's.
pub fn output(command: &mut Command) -> String {
    let program = command.get_program().to_string_lossy().into_owned();
    let done = command.output().unwrap_or_else(|error| match error.kind() {
        ErrorKind::NotFound => panic!("{program} is not installed: tests/install-dependencies"),
        _ => panic!("{program}: {error}"),
    });
    let complaint = String::from_utf8_lossy(&done.stderr);
    assert!(
        done.status.success(),
        "{program}: {}: {complaint}",
        done.status
    );
    String::from_utf8(done.stdout).expect("the output is text")
}
