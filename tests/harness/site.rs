//! A whole site in a temporary folder: configuration, key, store and PAM services of an ordinary user.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tempfile::TempDir;

use crate::host::{Reply, Request};
use crate::hosts::all_under_memcheck;
use crate::output::Output;
use crate::products::{self, Build, Products};

/// Whom a site belongs to, and what its programs run as, where the tests run as root.
pub(crate) const OWNER: u32 = 65534;

/// What a site says where a test leaves out the section.
const STORE: &str = "\n[store]\nurl = \"sqlite:store/mailotp.db\"\nkey = \"mailotp.key\"\n";

/// A site that lives as long as the value.
pub struct Site {
    folder: TempDir,
    /// Whom it belongs to; 0 or [`OWNER`], or else whoever runs the tests.
    owner: u32,
    products: Arc<Products>,
    pub(crate) accounts: Mutex<BTreeSet<String>>,
}

impl Site {
    /// A site with this configuration, ready for use. Its store lies in its own folder.
    ///
    /// # Panics
    /// Where it cannot be made.
    #[must_use]
    pub fn new(toml: &str) -> Self {
        let site = Self::bare();
        site.configure(toml);
        site.cli(["init"]).done();
        site
    }

    /// A folder with PAM services and nothing else.
    ///
    /// # Panics
    /// Where it cannot be made.
    #[must_use]
    pub fn bare() -> Self {
        Self::bare_of(OWNER, Build::Plain)
    }

    /// A site of root, as on a real machine: other users can enter its folder, and open neither key nor
    /// store.
    ///
    /// # Panics
    /// Where the tests do not run as root, or it cannot be made.
    #[must_use]
    pub fn of_root(toml: &str) -> Self {
        let site = Self::open_to_others(Build::Plain);
        site.configure(toml);
        site.cli(["init"]).done();
        site
    }

    /// A folder of root with PAM services and nothing else, which other users can enter.
    pub(crate) fn open_to_others(build: Build) -> Self {
        assert!(
            nix::unistd::geteuid().is_root(),
            "Several users are needed here, and only root can be them: sudo -E env \"PATH=$PATH\" make test"
        );
        let site = Self::bare_of(0, build);
        let open = fs::Permissions::from_mode(0o755);
        fs::set_permissions(site.folder(), open).expect("the folder is ours");
        site.chmod("scratch", 0o1777);
        site
    }

    /// Whether it belongs to root.
    pub(crate) fn is_of_root(&self) -> bool {
        self.owner == 0
    }

    pub(crate) fn bare_of(owner: u32, build: Build) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("mailotp-site-")
            .tempdir()
            .expect("a temporary folder");
        let site = Self {
            folder,
            owner,
            products: Products::shared(build),
            accounts: Mutex::default(),
        };
        site.own(site.folder());
        for name in ["pam.d", "scratch"] {
            let path = site.path(name);
            fs::create_dir(&path).expect("the folder is ours");
            site.own(&path);
        }
        for service in ["imap", "pop3", "submission", "sieve", "webmail"] {
            site.guard(service, "");
        }
        // Linux-PAM asks this one where a service has no file.
        site.stack(
            "other",
            &["auth required pam_deny.so", "account required pam_deny.so"],
        );
        site
    }

    /// Replaces the configuration.
    ///
    /// # Panics
    /// Where it cannot be written.
    pub fn configure(&self, toml: &str) {
        let store = if toml.contains("[store]") { "" } else { STORE };
        let time = if store == STORE && all_under_memcheck() {
            "timeout = \"60s\"\n"
        } else {
            ""
        };
        self.write("mailotp.toml", format!("{toml}{store}{time}"));
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A path in the folder.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    /// Writes a file of the site's owner, which others may read.
    ///
    /// # Panics
    /// Where it cannot be written.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::write(&path, text).expect("the folder is ours");
        self.own(&path);
        self.chmod(name, 0o644);
    }

    /// Changes the mode of a file.
    ///
    /// # Panics
    /// Where it is not there.
    pub fn chmod(&self, name: &str, mode: u32) {
        let mode = fs::Permissions::from_mode(mode);
        fs::set_permissions(self.path(name), mode).expect("the file is ours");
    }

    /// The mode of a file.
    ///
    /// # Panics
    /// Where it is not there.
    #[must_use]
    pub fn mode(&self, name: &str) -> u32 {
        let metadata =
            fs::metadata(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        metadata.permissions().mode() & 0o7777
    }

    pub(crate) fn own(&self, path: &Path) {
        if nix::unistd::geteuid().is_root() {
            chown(path, Some(self.owner), Some(self.owner)).expect("root may give files away");
        }
    }

    /// A program that runs as the site's owner, with no environment to read.
    #[must_use]
    pub fn program(&self, path: &Path) -> Command {
        self.program_of(self.owner, path)
    }

    /// The same, as the user of this number.
    pub(crate) fn program_of(&self, uid: u32, path: &Path) -> Command {
        let mut command = Command::new(path);
        command
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .current_dir(self.folder());
        // Of builds that count which lines are run (tests/coverage), or look at every access (`make sanitize`).
        for name in ["LLVM_PROFILE_FILE", "ASAN_OPTIONS"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        if uid != 0 && nix::unistd::geteuid().is_root() {
            // The standard library gives up the supplementary groups then.
            command.uid(uid).gid(uid);
        }
        command
    }

    /// The same, with a minute to live.
    fn mortal(&self, path: &Path) -> Command {
        self.mortal_of(self.owner, path)
    }

    /// The same, as the user of this number.
    pub(crate) fn mortal_of(&self, uid: u32, path: &Path) -> Command {
        let mut command = self.program_of(uid, "timeout".as_ref());
        command.args(["--foreground", "60"]).arg(path);
        command
    }

    /// The path of a build product that the site's owner can reach.
    #[must_use]
    pub fn product(&self, name: &str) -> PathBuf {
        self.products.path(name)
    }

    /// The arguments that let the command find this site.
    #[must_use]
    pub fn config(&self) -> [String; 2] {
        let path = self.path("mailotp.toml").display().to_string();
        ["--config".to_owned(), path]
    }

    /// Runs the command on this site, with nothing to read.
    pub fn cli<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Output {
        self.cli_reading("", arguments)
    }

    /// Runs the command on this site, with this text to read.
    ///
    /// # Panics
    /// Where it cannot be run.
    pub fn cli_reading<'a>(
        &self,
        stdin: &str,
        arguments: impl IntoIterator<Item = &'a str>,
    ) -> Output {
        self.cli_of(self.owner, stdin, arguments)
    }

    /// The same, as the user of this number.
    pub(crate) fn cli_of<'a>(
        &self,
        uid: u32,
        stdin: &str,
        arguments: impl IntoIterator<Item = &'a str>,
    ) -> Output {
        use std::io::Write as _;
        let mut command = self.mortal_of(uid, &self.product(products::COMMAND));
        let mut child = command
            .args(self.config())
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} cannot be run: {error}"));
        let mut pipe = child.stdin.take().expect("it was asked for");
        // A command that refuses its arguments reads nothing: that is no failure of ours.
        let _ = pipe.write_all(stdin.as_bytes());
        drop(pipe);
        child.wait_with_output().expect("it is a child").into()
    }

    /// Runs a shell script in the site's folder, as its owner, with `"$@"` being the command on this site.
    ///
    /// # Panics
    /// Where it cannot be run.
    pub fn shell(&self, script: &str) -> Output {
        let mut shell = self.mortal("/bin/sh".as_ref());
        shell
            .args(["-c", script, "sh"])
            .arg(self.product(products::COMMAND))
            .args(self.config())
            .stdin(Stdio::null());
        shell.output().expect("there is a shell").into()
    }

    /// The JSON that the command prints for an account.
    #[track_caller]
    pub fn json(&self, user: &str, arguments: &[&str]) -> Value {
        let who = ["--json", "--user", user];
        self.cli(who.iter().chain(arguments).copied()).json()
    }

    /// All events, oldest first.
    #[track_caller]
    #[must_use]
    pub fn events(&self) -> Vec<Value> {
        self.cli(["--json", "log"]).json_lines()
    }

    /// Those of an account.
    #[track_caller]
    #[must_use]
    pub fn events_of(&self, user: &str) -> Vec<Value> {
        self.cli(["--json", "--user", user, "log"]).json_lines()
    }

    /// The last event of a login, as `result`.
    ///
    /// # Panics
    /// Where there is none.
    #[track_caller]
    #[must_use]
    pub fn last_login(&self) -> Value {
        let events = self.events();
        let last = events.iter().rfind(|event| event["result"] != "changed");
        last.expect("a login leaves an event").clone()
    }

    /// Writes a PAM service of these lines. `MODULE` in them is the module under test, with its
    /// configuration; `NEXT` a module that notes what it finds in `PAM_AUTHTOK` and succeeds.
    ///
    /// # Panics
    /// Where it cannot be written.
    pub fn stack(&self, service: &str, lines: &[&str]) {
        let module = format!(
            "{} config={}",
            self.product(products::MODULE).display(),
            self.path("mailotp.toml").display()
        );
        let next = "pam_exec.so quiet expose_authtok /bin/sh -c [/bin/cat > $HANDED_ON]";
        let text = lines.join("\n") + "\n";
        let text = text.replace("MODULE", &module).replace("NEXT", next);
        self.write(&format!("pam.d/{service}"), text);
    }

    /// Writes the closed stack of the manual with these arguments of the module, and [`Site::stack`]'s
    /// `NEXT` for the password module.
    pub fn guard(&self, service: &str, arguments: &str) {
        let auth = format!("auth [success=done ignore=ignore default=die] MODULE {arguments}");
        let account = format!("account required MODULE {arguments}");
        self.stack(
            service,
            &[
                &auth,
                "auth [success=done default=die] NEXT",
                "auth requisite pam_deny.so",
                &account,
                "account required pam_permit.so",
                "session required MODULE",
                "session required pam_permit.so",
            ],
        );
    }

    /// Writes a gate for a service.
    pub fn gate(&self, service: &str, arguments: &str) {
        let auth = format!("auth required MODULE challenge {arguments}");
        self.stack(service, &[&auth]);
    }

    /// The request, for the services of this site.
    #[must_use]
    pub fn here(&self, request: Request) -> Request {
        Request {
            confdir: self.path("pam.d"),
            scratch: self.path("scratch"),
            ..request
        }
    }

    /// A login as mail servers do it.
    #[track_caller]
    pub fn login(&self, service: &str, user: &str, from: &str, secret: impl AsRef<[u8]>) -> Reply {
        self.ask(Request::new(service, user).from(from).answer(secret))
    }

    /// What the module returned for such a login.
    #[track_caller]
    #[must_use]
    pub fn verdict(
        &self,
        service: &str,
        user: &str,
        from: &str,
        secret: impl AsRef<[u8]>,
    ) -> String {
        self.login(service, user, from, secret).verdict().to_owned()
    }
}
