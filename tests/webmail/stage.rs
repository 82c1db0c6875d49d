//! A webmail with everything that it needs: Roundcube, Dovecot with mailotp, the helper, and a place where mail goes.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;

use harness::dovecot::{Dovecot, deliver};
use harness::enrol::Sheet;
use harness::helper::Helper;
use harness::sandbox::Sandbox;
use harness::server::Server;
use harness::tool::feed;
use harness::wire::Wire;
use serde_json::Value;

use crate::relay::{WEB, relay};

/// A hotel, a library.
pub const CAFE: Ipv4Addr = Ipv4Addr::new(127, 0, 20, 1);
/// Another one.
pub const LIBRARY: Ipv4Addr = Ipv4Addr::new(127, 0, 21, 1);
/// A proxy that Roundcube is told of.
pub const PROXY: Ipv4Addr = Ipv4Addr::new(127, 0, 5, 1);

/// The site's configuration.
const MAILOTP: &str = r#"mode = "enforce"

[helper]
managers = ["www-data"]

[services]
mail = ["dovecot", "imap", "pop3", "submission", "smtp", "sieve", "webmail", "manage"]

[[rule]]
name     = "filters of the webmail"
services = ["sieve"]
from     = ["127.0.0.1"]
accept   = ["otp"]
grace    = "secret"

[[rule]]
name     = "webmail"
services = ["webmail"]
accept   = ["otp"]

[[rule]]
name   = "everything else"
accept = ["app-password", "otp"]
"#;

/// What Dovecot is told more: who forwards addresses, filters, and where mail to be sent goes.
const FORWARDED: &str = "login_trusted_networks = 127.0.0.1/32\n";
const MORE: &str = "protocols = imap submission sieve\nsubmission_relay_host = 127.0.0.1\n\
    submission_relay_port = 2525\nservice managesieve-login {\n  inet_listener sieve {\n    port = 4190\n  }\n}\n\
    plugin {\n  sieve = file:~/sieve;active=~/.dovecot.sieve\n}\n";

const ROUNDCUBE: &str = r#"<?php
$config['db_dsnw'] = 'sqlite:////run/roundcube/roundcube.db?mode=0640';
$config['imap_host'] = 'localhost:10143';
$config['smtp_host'] = 'localhost:587';
$config['smtp_xclient_addr'] = true;
$config['managesieve_host'] = 'localhost:4190';
$config['proxy_whitelist'] = ['127.0.5.1'];
$config['des_key'] = 'a-key-of-24-characters..';
$config['temp_dir'] = '/run/roundcube/temp';
$config['log_dir'] = '/run/roundcube/logs';
$config['plugins'] = ['mailotp', 'managesieve'];
$config['mailotp_command'] = '/run/sandbox/mailotp-cli';
$config['enable_spellcheck'] = false;
$config['mail_domain'] = 'example.com';
$config['drafts_mbox'] = 'Drafts';
$config['sent_mbox'] = 'Sent';
$config['create_default_folders'] = true;
$config['session_lifetime'] = 30;
"#;

/// What PHP is told, since the machine's own configuration is not there.
const EXTENSIONS: [&str; 13] = [
    "ctype",
    "dom",
    "fileinfo",
    "iconv",
    "intl",
    "mbstring",
    "pdo",
    "pdo_sqlite",
    "phar",
    "simplexml",
    "sockets",
    "tokenizer",
    "xml",
];

/// How a stage differs from the usual one.
#[derive(Clone, Copy)]
pub struct Wish {
    /// What Roundcube is told more.
    pub roundcube: &'static str,
    /// Whether Dovecot believes the webmail about the address of its users.
    pub forwarded: bool,
}

/// The usual one.
pub const USUAL: Wish = Wish {
    roundcube: "",
    forwarded: true,
};

/// What runs, and what has arrived.
pub struct Stage<'a> {
    /// The machine.
    pub sandbox: &'a Sandbox,
    _dovecot: Dovecot,
    _helper: Helper,
    _roundcube: Server,
    sent: Arc<Mutex<Vec<String>>>,
}

impl Stage<'_> {
    /// Sets one up, and takes it down when `play` is over.
    pub fn run<T: Send>(wish: Wish, play: impl FnOnce(&Stage) -> T + Send) -> T {
        let defaults = ["defaults.inc.php", "mimetypes.php"].map(|name| {
            let path = Path::new("/etc/roundcube").join(name);
            let text = fs::read_to_string(&path).unwrap_or_else(|error| {
                panic!(
                    "{}: {error}: tests/install-dependencies --webmail",
                    path.display()
                )
            });
            (name, text)
        });
        let plugin = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/roundcube/mailotp");
        // By its own name: what leads there lies in /etc.
        let php = Path::new("/usr/bin/php").canonicalize();
        let php = php.expect("PHP: tests/install-dependencies --webmail");
        Sandbox::run(|sandbox| {
            let users = fs::read_to_string("/etc/passwd").expect("the private /etc/passwd");
            let users = format!("{users}www-data:x:33:33::/nonexistent:/bin/sh\n");
            sandbox.write("/etc/passwd", 0o644, &users);
            sandbox.write("/etc/mailotp/mailotp.toml", 0o644, MAILOTP);
            let fonts = "<fontconfig><dir>/usr/share/fonts</dir><cachedir>/run/fonts</cachedir></fontconfig>";
            sandbox.write("/etc/fonts/fonts.conf", 0o644, fonts);
            let forwarded = if wish.forwarded {
                FORWARDED
            } else {
                "login_trusted_networks =\n"
            };
            let dovecot = Dovecot::start_and(sandbox, &format!("{forwarded}{MORE}"), &[]);
            command(&["init"]);
            command(&["setup", "dovecot", "--apply"]);
            let mut helper = Command::new(Sandbox::command_path());
            helper.arg("helper");
            let helper = Helper::of(helper, Path::new("/run/mailotp/helper.sock").to_owned());
            for (name, text) in &defaults {
                sandbox.write(&format!("/etc/roundcube/{name}"), 0o644, text);
            }
            let config = format!("{ROUNDCUBE}{}", wish.roundcube);
            sandbox.write("/etc/roundcube/config.inc.php", 0o644, &config);
            let sent = Arc::default();
            receive(Arc::clone(&sent));
            play(&Stage {
                sandbox,
                _dovecot: dovecot,
                _helper: helper,
                _roundcube: roundcube(sandbox, &plugin, &php),
                sent,
            })
        })
    }

    /// The address of the webmail for a browser that sits there, with these lines in each request.
    pub fn seen_from(&self, from: Ipv4Addr, header: &'static str) -> String {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("listen");
        let port = listener.local_addr().expect("it listens").port();
        relay(listener, from, header);
        format!("http://127.0.0.1:{port}/")
    }

    /// A sheet for a user with a mailbox.
    pub fn user(&self, name: &str) -> Sheet {
        deliver(name, &format!("Welcome, {name}"));
        let words = [
            "--json", "--user", name, "--new", "add", "sheet", "--count", "10",
        ];
        Sheet::of(&serde_json::from_str(&command(&words)).expect("JSON"))
    }

    /// What the command says of an account.
    pub fn ask(&self, account: &str, words: &[&str]) -> Value {
        let words = [&["--json", "--user", account], words].concat();
        serde_json::from_str(&command(&words)).expect("JSON")
    }

    /// How many credentials an account has.
    pub fn credentials(&self, account: &str) -> usize {
        let shown = self.ask(account, &["show"]);
        shown["credentials"].as_array().map_or(0, Vec::len)
    }

    /// The events of an account: service, remote and result of each.
    pub fn events(&self, account: &str) -> Vec<[String; 3]> {
        let text = command(&["--json", "--user", account, "log"]);
        let lines = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        lines
            .map(|event| {
                ["service", "remote", "result"]
                    .map(|key| event[key].as_str().unwrap_or_default().to_owned())
            })
            .collect()
    }

    /// Ends all windows of an account, as time does.
    pub fn end_windows(&self, account: &str) {
        self.ask(account, &["grace", "end"]);
    }

    /// The messages that were sent.
    pub fn sent(&self) -> Vec<String> {
        self.sent.lock().expect("nobody panics with it").clone()
    }

    /// What Roundcube has logged.
    pub fn log(&self) -> String {
        fs::read_to_string("/run/roundcube/logs/errors.log").unwrap_or_default()
    }
}

/// Runs the command, as root does.
pub fn command(words: &[&str]) -> String {
    let path = Sandbox::command_path();
    feed("mailotp", path.to_str().expect("UTF-8"), words, "")
        .done()
        .stdout
}

/// Roundcube where Debian has it, with the plugin as it is here, under a web server of its own.
fn roundcube(sandbox: &Sandbox, plugin: &Path, php: &Path) -> Server {
    const HOME: &str = "/var/lib/roundcube";
    const SHARE: &str = "/usr/share/roundcube";
    sandbox.empty(HOME);
    for name in ["SQL", "index.php", "program", "skins"] {
        symlink(Path::new(SHARE).join(name), Path::new(HOME).join(name)).expect("a link");
    }
    symlink("/etc/roundcube", Path::new(HOME).join("config")).expect("a link");
    let plugins = Path::new(HOME).join("plugins");
    fs::create_dir(&plugins).expect("a folder");
    for name in ["filesystem_attachments", "jqueryui", "managesieve"] {
        symlink(
            Path::new(SHARE).join("plugins").join(name),
            plugins.join(name),
        )
        .expect("a link");
    }
    let plugin = plugin.canonicalize().expect("the plugin is there");
    // The checkout may lie where only its owner can enter.
    let copied = Command::new("cp")
        .args(["-r", "--"])
        .arg(plugin)
        .arg(&plugins)
        .status();
    assert!(copied.expect("cp").success(), "the plugin cannot be copied");
    for folder in [
        "/run/roundcube",
        "/run/roundcube/temp",
        "/run/roundcube/logs",
    ] {
        fs::create_dir(folder).expect("a folder");
        std::os::unix::fs::chown(folder, Some(33), Some(33)).expect("it is ours");
    }
    let mut words = vec!["PHP_CLI_SERVER_WORKERS=6".to_owned()];
    let as_www_data = "setpriv --reuid 33 --regid 33 --clear-groups --pdeathsig KILL";
    words.extend(as_www_data.split(' ').map(str::to_owned));
    words.extend(
        [
            &php.to_string_lossy(),
            "-n",
            "-d",
            "error_log=/run/roundcube/logs/errors.log",
            "-d",
            "session.gc_probability=0",
            // An answer goes out when the session is kept: what comes next comes faster than from any hand.
            "-d",
            "output_buffering=16777216",
        ]
        .map(|word| word.to_string()),
    );
    for extension in EXTENSIONS {
        words.extend(["-d".to_owned(), format!("extension={extension}")]);
    }
    words.extend(["-S", &format!("127.0.0.1:{WEB}"), "-t", HOME].map(str::to_owned));
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut server = Server::start("env", &words);
    server.wait_until(
        || Wire::connect(Ipv4Addr::LOCALHOST, WEB).is_ok(),
        String::new,
    );
    server
}

/// As much of an SMTP server (RFC 5321) as takes what Dovecot relays.
fn receive(sent: Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 2525)).expect("listen");
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let sent = Arc::clone(&sent);
            thread::spawn(move || {
                let mut to = client.try_clone().expect("it is open");
                let mut lines = BufReader::new(client).lines();
                let mut say = |text: &str| to.write_all(format!("{text}\r\n").as_bytes());
                let _ = say("220 ready");
                while let Some(Ok(line)) = lines.next() {
                    let verb = line
                        .split(' ')
                        .next()
                        .unwrap_or_default()
                        .to_ascii_uppercase();
                    let _ = match verb.as_str() {
                        "EHLO" => say("250-here\r\n250 8BITMIME"),
                        "DATA" => {
                            let _ = say("354 go on");
                            let body = lines
                                .by_ref()
                                .map_while(Result::ok)
                                .take_while(|line| line != ".");
                            let message = body.collect::<Vec<_>>().join("\n");
                            sent.lock().expect("nobody panics with it").push(message);
                            say("250 taken")
                        }
                        "QUIT" => say("221 bye"),
                        _ => say("250 fine"),
                    };
                }
            });
        }
    });
}
