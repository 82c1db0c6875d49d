//! What `setup dovecot` prints and writes.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use harness::dovecot::{Dovecot, IMAP};
use harness::imap::Imap;
use harness::sandbox::{Sandbox, output};
use serde_json::Value;

use crate::steps::stage::{CAFE, MAIN_PASSWORD, Stage, run, text};

#[test]
fn setup_writes_what_it_prints() {
    Stage::run(|stage| {
        // The stage has applied it already; to apply it again is harmless.
        stage.command(&["setup", "dovecot", "--apply"], "");
        let printed = stage.command(&["--json", "setup", "dovecot"], "");
        let plan: Value = serde_json::from_str(&printed).expect("one JSON document");
        let files = plan["files"].as_array().expect("a list of files");
        for file in files {
            let path = text(&file["path"]);
            let written =
                fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
            assert_eq!(written, text(&file["content"]), "{path}");
            let mode = fs::metadata(&path)
                .expect("it was read")
                .permissions()
                .mode()
                & 0o777;
            assert_eq!(mode, 0o644, "{path}");
        }
        for service in ["imap", "submission", "webmail"] {
            for pass in ["", "-challenge"] {
                let path = format!("/etc/pam.d/mailotp-{service}{pass}");
                assert!(
                    files.iter().any(|file| file["path"] == path.as_str()),
                    "no {path}: {files:#?}"
                );
            }
        }
    });
}

/// What `setup` tells an administrator to put where Debian's databases were, and a database below it.
const DATABASES: &str = "!include conf.d/auth-mailotp.conf.ext
passdb {
  driver = passwd-file
  mechanisms = plain login
  args = scheme=PLAIN username_format=%u /etc/dovecot/main-passwords
}
";

#[test]
fn a_server_on_which_mailotp_was_just_set_up_goes_on_as_before_and_takes_codes_too() {
    Sandbox::run(|sandbox| {
        for arguments in [&["init"][..], &["setup", "dovecot", "--apply"]] {
            let _ = run(arguments, "").done();
        }
        sandbox.set_system_password("carol", "carols-system-password");
        let _dovecot = Dovecot::start_with(sandbox, DATABASES, &[("alice", MAIN_PASSWORD)]);
        let login = |user, secret: &str| Imap::connect(CAFE, IMAP).login(user, secret);

        let made = run(&["--json", "--user", "alice", "--new", "add", "sheet"], "").json();
        assert!(login("alice", MAIN_PASSWORD).is_ok());
        assert!(login("carol", "carols-system-password").is_ok());
        assert!(login("alice", &text(&made["codes"][0]["code"])).is_ok());
        assert!(login("alice", "wrong").is_no());
        let challenge = login("alice", "?").text;
        let due = format!("[ALERT] Code {} 2:", text(&made["name"]));
        assert!(challenge.starts_with(&due), "{due} in {challenge}");
    });
}

#[test]
fn the_mode_of_what_setup_writes_does_not_depend_on_the_umask() {
    Sandbox::run(|_| {
        let command = Sandbox::command_path();
        let script = "umask 077; exec \"$0\" setup dovecot --apply";
        output(Command::new("sh").args(["-c", script]).arg(command));
        let mode = fs::metadata("/etc/pam.d/mailotp-imap").expect("it was written");
        assert_eq!(mode.permissions().mode() & 0o777, 0o644);
    });
}
