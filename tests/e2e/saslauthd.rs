//! Codes and app passwords at a real saslauthd, which tells PAM no address and nobody the challenge.

use std::thread;

use harness::sandbox::Sandbox;
use harness::saslauthd::Saslauthd;
use serde_json::Value;

use crate::enrol::{app_password, due, sheet};
use crate::steps::stage::{run, text};

/// Where it judges, and by which rule: services tell the cases apart, as addresses cannot.
const CONFIGURATION: &str = r#"mode = "enforce"

[[rule]]
name   = "networks"
from   = ["0.0.0.0/0", "::/0", "local"]
accept = ["app-password", "otp", "password"]

[[rule]]
name     = "without an address"
services = ["smtp"]
from     = ["unknown"]
accept   = ["app-password", "otp"]

[[rule]]
name     = "app passwords only"
services = ["imap"]
from     = ["unknown"]
accept   = ["app-password"]

[[rule]]
name     = "system passwords"
services = ["sieve"]
from     = ["unknown"]
accept   = ["password"]
"#;

const DEFAULTS: &str = "/etc/default/saslauthd";

/// A machine with saslauthd and what `setup saslauthd` writes.
fn with_saslauthd(play: impl FnOnce(&Sandbox, &Saslauthd) + Send) {
    on_a_machine(|sandbox| play(sandbox, &Saslauthd::start(sandbox)));
}

fn on_a_machine(play: impl FnOnce(&Sandbox) + Send) {
    Sandbox::run(|sandbox| {
        sandbox.write("/etc/mailotp/mailotp.toml", 0o644, CONFIGURATION);
        Saslauthd::install(sandbox);
        for arguments in [&["init"][..], &["setup", "saslauthd", "--apply"]] {
            let _ = run(arguments, "").done();
        }
        play(sandbox);
    });
}

/// Changes what `setup` has written.
fn edit(sandbox: &Sandbox, old: &str, new: &str) {
    let defaults = std::fs::read_to_string(DEFAULTS).expect("setup has written it");
    assert!(defaults.contains(old), "{defaults}");
    sandbox.write(DEFAULTS, 0o644, &defaults.replace(old, new));
}

fn events() -> Vec<Value> {
    run(&["--json", "log"], "").json_lines()
}

fn last_login() -> Value {
    let events = events();
    let last = events
        .into_iter()
        .rfind(|event| event["result"] != "changed");
    last.expect("a login leaves an event")
}

#[test]
fn saslauthd_says_no_address_and_only_a_rule_for_unknown_ones_lets_in() {
    with_saslauthd(|_, saslauthd| {
        let codes = sheet("alice").codes;
        // Every network and every password is accepted, and no network is matched.
        assert!(!saslauthd.accepts("pop", "alice", &codes[0]));
        assert_eq!(last_login()["reason"], "no-rule");
        assert!(saslauthd.accepts("smtp", "alice", &codes[0]));
        let event = last_login();
        assert_eq!(event["rule"], "without an address", "{event}");
        assert_eq!(event["remote"], "unknown", "{event}");
        assert_eq!(event["service"], "smtp", "{event}");
    });
}

#[test]
fn saslauthd_takes_a_code_once_because_no_window_opens_without_an_address() {
    with_saslauthd(|_, saslauthd| {
        let codes = sheet("alice").codes;
        for code in &codes[..2] {
            assert!(saslauthd.accepts("smtp", "alice", code));
            assert!(!saslauthd.accepts("smtp", "alice", code));
        }
        let spent = events()
            .into_iter()
            .find(|event| event["reason"] == "spent");
        let spent = spent.expect("the log says why");
        assert_eq!(spent["count"], 2, "{spent}");
        let windows = run(&["--json", "--user", "alice", "grace", "list"], "").json();
        assert_eq!(windows, Value::Array(Vec::new()));
    });
}

#[test]
fn of_five_who_show_saslauthd_one_code_at_the_same_time_one_gets_in() {
    with_saslauthd(|_, saslauthd| {
        let code = &sheet("alice").codes[0];
        let accepted = thread::scope(|scope| {
            let login = || saslauthd.accepts("smtp", "alice", code);
            let logins: Vec<_> = (0..5).map(|_| scope.spawn(login)).collect();
            let done = logins.into_iter().map(|login| login.join());
            done.filter(|accepted| *accepted.as_ref().expect("it has an answer"))
                .count()
        });
        assert_eq!(accepted, 1);
    });
}

#[test]
fn saslauthd_takes_an_app_password_as_often_as_it_is_used() {
    with_saslauthd(|_, saslauthd| {
        let secret = app_password("alice");
        for service in ["smtp", "imap", "smtp", "imap"] {
            assert!(saslauthd.accepts(service, "alice", &secret), "{service}");
        }
        let _ = run(&["--user", "alice", "revoke", "--all"], "").done();
        assert!(!saslauthd.accepts("smtp", "alice", &secret));
    });
}

#[test]
fn saslauthd_refuses_codes_where_the_rule_takes_app_passwords_and_spends_none() {
    with_saslauthd(|_, saslauthd| {
        let codes = sheet("alice").codes;
        assert!(!saslauthd.accepts("imap", "alice", &codes[0]));
        assert_eq!(due("alice"), 1);
        assert!(saslauthd.accepts("smtp", "alice", &codes[0]));
    });
}

#[test]
fn saslauthd_leaves_the_system_password_to_pam_unix_where_a_rule_accepts_it() {
    with_saslauthd(|sandbox, saslauthd| {
        sandbox.set_system_password("bob", "bobs-system-password");
        assert!(saslauthd.accepts("sieve", "bob", "bobs-system-password"));
        assert!(!saslauthd.accepts("sieve", "bob", "wrong"));
        assert!(!saslauthd.accepts("smtp", "bob", "bobs-system-password"));
        assert!(!saslauthd.accepts("smtp", "nobody-here", "wrong"));
    });
}

/// It forks for each login then, and reaps every child.
#[test]
fn saslauthd_judges_the_same_where_it_forks_for_each_login() {
    on_a_machine(|sandbox| {
        edit(sandbox, "THREADS=5", "THREADS=0");
        let saslauthd = Saslauthd::start(sandbox);
        let codes = sheet("alice").codes;
        let secret = app_password("bob");
        for code in &codes[..2] {
            assert!(saslauthd.accepts("smtp", "alice", code));
            assert!(!saslauthd.accepts("smtp", "alice", code));
            assert!(saslauthd.accepts("imap", "bob", &secret));
        }
    });
}

/// It takes 256 bytes at most, and goes on judging after a longer one.
#[test]
fn saslauthd_outlives_secrets_that_are_too_long_or_strange() {
    with_saslauthd(|_, saslauthd| {
        let secret = app_password("alice");
        for strange in [
            "x".repeat(255),
            "x".repeat(256),
            "\u{1}".into(),
            "?".into(),
            "%n%s".into(),
        ] {
            assert!(!saslauthd.accepts("smtp", "alice", &strange), "{strange:?}");
            assert!(
                saslauthd.accepts("smtp", "alice", &secret),
                "after {strange:?}"
            );
        }
    });
}

/// With `-c`, as Debian starts it, the second login with a code never reaches PAM. If this fails
/// one day, saslauthd has become better, and the README says too much.
#[test]
fn saslauthd_accepts_a_spent_code_by_itself_where_its_cache_is_left_on() {
    on_a_machine(|sandbox| {
        edit(sandbox, "OPTIONS=\"", "OPTIONS=\"-c ");
        let saslauthd = Saslauthd::start(sandbox);
        let codes = sheet("alice").codes;
        assert!(saslauthd.accepts("smtp", "alice", &codes[0]));
        let event = last_login();
        assert!(saslauthd.accepts("smtp", "alice", &codes[0]));
        assert_eq!(last_login(), event, "PAM was not asked again");
    });
}

#[test]
fn setup_saslauthd_takes_the_cache_out_of_what_is_there_and_keeps_the_old_file() {
    on_a_machine(|_| {
        let read = |path: &str| std::fs::read_to_string(path).expect("it is there");
        assert!(read("/etc/default/saslauthd.before-mailotp").contains("OPTIONS=\"-c -m "));
        assert!(read(DEFAULTS).contains("OPTIONS=\"-m /var/run/saslauthd\""));
        let before = read(DEFAULTS);
        let again = run(&["--json", "setup", "saslauthd", "--apply"], "").json();
        assert_eq!(read(DEFAULTS), before, "a second time changes nothing");
        for file in again["files"].as_array().expect("a list of files") {
            assert_eq!(read(&text(&file["path"])), text(&file["content"]));
        }
    });
}

#[test]
fn setup_saslauthd_writes_nothing_where_a_pam_service_of_another_origin_is_in_the_way() {
    Sandbox::run(|sandbox| {
        Saslauthd::install(sandbox);
        sandbox.write("/etc/pam.d/sieve", 0o644, "auth required pam_permit.so\n");
        let failure = run(&["--json", "setup", "saslauthd", "--apply"], "").error(1);
        assert!(failure.message.contains("/etc/pam.d/sieve"), "{failure:?}");
        assert!(!std::path::Path::new("/etc/pam.d/smtp").exists());
        let defaults = std::fs::read_to_string(DEFAULTS).expect("it is there");
        assert!(defaults.contains("OPTIONS=\"-c "), "{defaults}");
        let smtp = ["setup", "saslauthd", "--apply", "--service", "smtp"];
        let _ = run(&smtp, "").done();
        assert!(std::path::Path::new("/etc/pam.d/smtp").exists());
    });
}
