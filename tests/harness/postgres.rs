//! A real PostgreSQL in a folder of its own, ended with the process that started it.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::unistd::{User, geteuid};

/// The owner of the tables, and as whom logins connect.
pub const OWNER: &str = "mailotp_owner";
/// As whom logins connect.
pub const LOGIN: &str = "mailotp";
/// The password of both, where one is asked for.
pub const PASSWORD: &str = "correct horse";

pub(crate) const PORT: &str = "5432";
/// The name of its socket.
pub const SOCKET: &str = ".s.PGSQL.5432";

/// A server.
pub struct Server {
    folder: tempfile::TempDir,
    running: Option<Child>,
}

impl Server {
    /// A new server that listens at a socket in its folder, with these lines in its configuration.
    ///
    /// # Panics
    /// Where it is not installed, or does not start.
    #[must_use]
    pub fn start(settings: &[&str]) -> Server {
        let mut server = Server::empty();
        server.run(
            "initdb",
            &[
                "--no-sync",
                "--auth=trust",
                "--username=postgres",
                "--encoding=UTF8",
                "-D",
            ],
            Some(&server.data()),
        );
        let mut lines = vec!["listen_addresses = ''", "max_connections = 200"];
        lines.extend(settings);
        server.configure(&lines);
        server.resume();
        for role in [OWNER, LOGIN] {
            server.sql(
                "postgres",
                &format!("CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'"),
            );
        }
        server
    }

    pub(crate) fn empty() -> Server {
        Server {
            folder: folder(),
            running: None,
        }
    }

    /// Its files.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Copies a file into its folder of data, where it alone can read it.
    ///
    /// # Panics
    /// Where it cannot be copied.
    pub fn own_file(&self, from: &Path, name: &str) {
        let to = self.data().join(name);
        fs::copy(from, &to).expect("its folder is ours");
        fs::set_permissions(&to, Permissions::from_mode(0o600)).expect("it is ours");
        if let Some((user, group)) = server_user() {
            chown(&to, Some(user), Some(group)).expect("give it to the server");
        }
    }

    /// Where its socket is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Adds lines to its configuration, which count from the next start or [`Server::reload`].
    ///
    /// # Panics
    /// Where it cannot be written.
    pub fn configure(&self, lines: &[&str]) {
        let path = self.data().join("postgresql.conf");
        let mut text = fs::read_to_string(&path).expect("read the configuration");
        text += &format!(
            "\nunix_socket_directories = '{}'\nport = {PORT}\n",
            self.folder.path().display()
        );
        for line in lines {
            text += &format!("{line}\n");
        }
        fs::write(&path, text).expect("write the configuration");
    }

    /// Starts it again where it was ended.
    ///
    /// # Panics
    /// Where it does not start.
    pub fn resume(&mut self) {
        // Ends with whoever holds the other end of its standard input, however that ends.
        let script = r#"
            "$0" -D "$1" >"$2" 2>&1 & server=$!
            read -r _
            kill -QUIT "$server" 2>/dev/null; wait "$server""#;
        let log = self.folder.path().join("log");
        let mut command = as_server("sh");
        command
            .args(["-c", script])
            .arg(program("postgres"))
            .arg(self.data())
            .arg(&log)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        self.running = Some(command.spawn().expect("start a server"));
        let start = Instant::now();
        while !self.answers() {
            assert!(
                start.elapsed() < Duration::from_secs(60),
                "PostgreSQL does not start: {}\nIf it is not installed: tests/install-dependencies",
                fs::read_to_string(&log).unwrap_or_default()
            );
            sleep(Duration::from_millis(30));
        }
    }

    fn answers(&self) -> bool {
        self.psql("postgres", "SELECT 1").status.success()
    }

    /// Ends it at once, as a power cut does.
    pub fn kill(&mut self) {
        if let Some(mut running) = self.running.take() {
            drop(running.stdin.take());
            let _ = running.wait();
        }
    }

    /// Stops or resumes every process of it.
    ///
    /// # Panics
    /// Where it does not run.
    pub fn signal(&self, signal: &str) {
        let file = fs::read_to_string(self.data().join("postmaster.pid")).expect("it runs");
        let id = file.lines().next().expect("its process id");
        let children = Command::new("pgrep")
            .args(["-P", id])
            .output()
            .expect("run pgrep");
        let children = String::from_utf8_lossy(&children.stdout).into_owned();
        for id in children.split_whitespace().chain([id]) {
            let _ = Command::new("kill").args([signal, id]).status();
        }
    }

    /// Reads its configuration again.
    ///
    /// # Panics
    /// Where it does not run.
    pub fn reload(&self) {
        self.sql("postgres", "SELECT pg_reload_conf()");
        sleep(Duration::from_millis(100));
    }

    /// Makes an empty database that belongs to the owner of the tables, and returns its name.
    ///
    /// # Panics
    /// Where it cannot be made.
    #[must_use]
    pub fn database(&self) -> String {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let name = format!("mailotp{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name} OWNER {OWNER}"));
        name
    }

    /// The URL of a database for `[store] url`.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!(
            "postgresql://{LOGIN}@/{database}?host={}",
            self.folder.path().display()
        )
    }

    /// Runs statements as the superuser, and returns what they print: a row a line.
    ///
    /// # Panics
    /// Where one fails.
    pub fn sql(&self, database: &str, statements: &str) -> String {
        let output = self.psql(database, statements);
        assert!(
            output.status.success(),
            "{statements}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// The same as some role; it may fail.
    #[must_use]
    pub fn sql_as(&self, role: &str, database: &str, statements: &str) -> Output {
        self.run_psql(role, database, statements)
    }

    fn psql(&self, database: &str, statements: &str) -> Output {
        self.run_psql("postgres", database, statements)
    }

    fn run_psql(&self, role: &str, database: &str, statements: &str) -> Output {
        Command::new(program("psql"))
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-p", PORT])
            .args(["-U", role, "-d", database, "-c", statements, "-h"])
            .arg(self.folder.path())
            .stdin(Stdio::null())
            .output()
            .expect("run psql")
    }

    pub(crate) fn run(&self, name: &str, arguments: &[&str], data: Option<&Path>) {
        let mut command = as_server(program(name));
        command
            .args(arguments)
            .args(data)
            .current_dir(self.folder.path());
        let output = command.stdin(Stdio::null()).output();
        let output = output.unwrap_or_else(|why| panic!("{name}: {why}"));
        assert!(
            output.status.success(),
            "{name}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A PgBouncer in front of a server, which keeps connections for those who come and go.
pub struct Pooler {
    folder: tempfile::TempDir,
    running: Child,
}

impl Pooler {
    /// One that gives a connection to each transaction anew.
    ///
    /// # Panics
    /// Where it is not installed, or does not start.
    #[must_use]
    pub fn start(server: &Server) -> Pooler {
        let folder = folder();
        let path = folder.path().display();
        let settings = format!(
            "[databases]\n* = host={}\n[pgbouncer]\nlisten_addr =\nlisten_port = {PORT}\n\
             unix_socket_dir = {path}\nauth_type = trust\nauth_file = {path}/users\n\
             pool_mode = transaction\nmax_client_conn = 1000\ndefault_pool_size = 20\n",
            server.folder.path().display()
        );
        let users = format!("\"{LOGIN}\" \"\"\n\"{OWNER}\" \"\"\n");
        for (name, text) in [("settings", settings), ("users", users)] {
            fs::write(folder.path().join(name), text).expect("the folder is ours");
        }
        let script = r#"pgbouncer -q "$0/settings" >"$0/log" 2>&1 & pooler=$!
            read -r _
            kill -TERM "$pooler" 2>/dev/null; wait "$pooler""#;
        let running = as_server("sh")
            .args(["-c", script])
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("start a pooler");
        let start = Instant::now();
        while !folder.path().join(format!(".s.PGSQL.{PORT}")).exists() {
            assert!(
                start.elapsed() < Duration::from_secs(30),
                "PgBouncer does not start: {}\nIf it is not installed: tests/install-dependencies",
                fs::read_to_string(folder.path().join("log")).unwrap_or_default()
            );
            sleep(Duration::from_millis(20));
        }
        Pooler { folder, running }
    }

    /// The URL of a database of the server, through it.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        let folder = self.folder.path().display();
        format!("postgresql://{LOGIN}@/{database}?host={folder}")
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        drop(self.running.stdin.take());
        let _ = self.running.wait();
    }
}

/// One server for all tests of this process that need nothing but databases of their own.
///
/// # Panics
/// Where it does not start.
pub fn shared() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        let server = Server::start(&[
            "fsync = off",
            "synchronous_commit = off",
            "shared_buffers = 32MB",
        ]);
        // Nothing drops what is static: its folder goes with the last who holds its standard input.
        server.remove_with_the_process();
        server
    })
}

impl Server {
    fn remove_with_the_process(&self) {
        let script =
            r#"read -r _; while [ -e "$0/data/postmaster.pid" ]; do sleep 0.05; done; rm -rf "$0""#;
        let watch = Command::new("sh")
            .args(["-c", script])
            .arg(self.folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("start a shell");
        std::mem::forget(watch);
    }
}

/// A folder of the servers' user, which everybody can enter.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder for a server");
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("open it");
    if let Some((user, group)) = server_user() {
        chown(folder.path(), Some(user), Some(group)).expect("give it to the server");
    }
    folder
}

/// A program of the newest version that is installed.
fn program(name: &str) -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let newest = versions
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .max();
    match newest {
        Some(version) => PathBuf::from(format!("/usr/lib/postgresql/{version}/bin/{name}")),
        None => PathBuf::from(name),
    }
}

/// PostgreSQL refuses to run as root.
fn server_user() -> Option<(u32, u32)> {
    let user = User::from_name("postgres").ok().flatten();
    let user = user.filter(|_| geteuid().is_root())?;
    Some((user.uid.as_raw(), user.gid.as_raw()))
}

fn as_server(program: impl AsRef<std::ffi::OsStr>) -> Command {
    match server_user() {
        None => Command::new(program),
        Some((user, group)) => {
            let mut command = Command::new("setpriv");
            command
                .arg(format!("--reuid={user}"))
                .arg(format!("--regid={group}"))
                .args(["--clear-groups", "--"])
                .arg(program);
            command
        }
    }
}
