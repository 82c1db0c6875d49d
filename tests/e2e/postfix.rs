//! Logins at a real Postfix, connected as `setup postfix` says, to a Dovecot and to a saslauthd.

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;

use harness::dovecot::Dovecot;
use harness::postfix::{Postfix, QUEUE, SMTP, SUBMISSION};
use harness::sandbox::{Sandbox, output};
use harness::saslauthd::Saslauthd;
use harness::submission::{Reply, Submission};
use harness::tool::feed;
use serde_json::Value;

use crate::enrol::{app_password, due, sheet};
use crate::steps::stage::{CAFE, LIBRARY, run, text};

/// Which rule decides says whether the address has come through.
const CONFIGURATION: &str = r#"mode = "enforce"

[[rule]]
name     = "by network"
services = ["smtp"]
from     = ["127.0.0.0/8"]
accept   = ["app-password", "otp"]

[[rule]]
name     = "without an address"
services = ["smtp"]
from     = ["unknown"]
accept   = ["app-password"]
"#;

/// As on Debian, where all of the folder's `*.conf` are included, and with a database that mailotp is
/// not asked about: one that knows a mechanism which needs the password in clear.
const DATABASES: &str = "!include conf.d/auth-mailotp.conf.ext
!include_try conf.d/*.conf
auth_mechanisms = plain login cram-md5
passdb {
  driver = passwd-file
  mechanisms = cram-md5
  args = scheme=PLAIN username_format=%u /etc/dovecot/main-passwords
}
";

fn on_a_machine(play: impl FnOnce(&Sandbox) + Send) {
    Sandbox::run(|sandbox| {
        sandbox.write("/etc/mailotp/mailotp.toml", 0o644, CONFIGURATION);
        Postfix::install(sandbox);
        let _ = run(&["init"], "").done();
        play(sandbox);
    });
}

/// A machine on which everything was done that `setup` says, in its order.
pub fn with_dovecot(play: impl FnOnce(&Sandbox, &Postfix) + Send) {
    on_a_machine(|sandbox| {
        let _ = run(&["setup", "dovecot", "--apply"], "").done();
        let plan = apply("dovecot");
        let _dovecot = Dovecot::start_with(sandbox, DATABASES, &[]);
        tell_postfix(&plan);
        play(sandbox, &Postfix::start(sandbox));
    });
}

pub fn with_saslauthd(options: &[&str], play: impl FnOnce(&Sandbox, &Postfix) + Send) {
    on_a_machine(|sandbox| {
        Saslauthd::install(sandbox);
        let setup = [
            "--json",
            "setup",
            "postfix",
            "--sasl",
            "saslauthd",
            "--apply",
        ];
        let plan = run(&[&setup[..], options].concat(), "").json();
        follow(&plan, "usermod ", ". ");
        let socket = format!("{QUEUE}/var/run/saslauthd/mux");
        let _saslauthd = Saslauthd::start_one(sandbox, "/etc/default/saslauthd-postfix", &socket);
        tell_postfix(&plan);
        play(sandbox, &Postfix::start(sandbox));
    });
}

fn apply(sasl: &str) -> Value {
    let plan = ["--json", "setup", "postfix", "--sasl", sasl, "--apply"];
    run(&plan, "").json()
}

/// Runs what a step says, from the beginning of a command to its end.
fn follow(plan: &Value, from: &str, to: &str) {
    let steps = plan["next"].as_array().expect("a list of steps");
    let steps: Vec<String> = steps.iter().map(text).collect();
    let command = steps
        .iter()
        .find_map(|step| step.split_once(&format!(": {from}")))
        .unwrap_or_else(|| panic!("no {from} in {steps:#?}"));
    let command = command.1.split(to).next().unwrap_or_default();
    output(Command::new("sh").args(["-c", &format!("{from}{command}")]));
}

fn tell_postfix(plan: &Value) {
    follow(plan, "cp ", "\n");
    follow(plan, "postconf -e '", "\n");
}

fn login(from: Ipv4Addr, secret: &str) -> Reply {
    login_of("alice", from, secret)
}

fn login_of(account: &str, from: Ipv4Addr, secret: &str) -> Reply {
    Submission::connect(from, SUBMISSION).login(account, secret)
}

/// What Postfix says to these lines, and to QUIT, at the port where it takes mail.
fn over_tls(lines: &[&str]) -> String {
    let server = format!("127.0.0.1:{SMTP}");
    let client = [
        "60",
        "openssl",
        "s_client",
        "-quiet",
        "-crlf",
        "-starttls",
        "smtp",
    ];
    let arguments = [&client[..], &["-connect", &server]].concat();
    let lines = format!("{}\nQUIT\n", lines.join("\n"));
    feed("openssl", "timeout", &arguments, &lines).stdout
}

fn last_login() -> Value {
    let events = run(&["--json", "log"], "").json_lines();
    let last = (events.into_iter()).rfind(|event| event["result"] != "changed");
    last.expect("a login leaves an event")
}

#[track_caller]
fn expect(code: u16, reply: &Reply, postfix: &Postfix) {
    assert_eq!(reply.code, code, "{reply:?}\n{}", postfix.log());
}

#[test]
fn postfix_with_dovecot_takes_app_passwords_and_refuses_what_is_wrong() {
    with_dovecot(|sandbox, postfix| {
        let secret = app_password("alice");
        sandbox.set_system_password("alice", "alices-system-password");
        for from in [CAFE, LIBRARY, CAFE] {
            expect(235, &login(from, &secret), postfix);
            let event = last_login();
            assert_eq!(event["remote"], from.to_string(), "{event}");
            assert_eq!(event["service"], "smtp", "{event}");
            assert_eq!(event["rule"], "by network", "{event}");
        }
        for wrong in ["wrong", "alices-system-password"] {
            expect(535, &login(CAFE, wrong), postfix);
        }
    });
}

#[test]
fn postfix_with_dovecot_takes_a_code_once_and_then_from_the_same_address_alone() {
    with_dovecot(|_, postfix| {
        let codes = sheet("alice").codes;
        expect(235, &login(CAFE, &codes[0]), postfix);
        expect(535, &login(LIBRARY, &codes[0]), postfix);
        expect(235, &login(CAFE, &codes[0]), postfix);
        expect(235, &login(LIBRARY, &codes[1]), postfix);
    });
}

#[test]
fn postfix_with_dovecot_says_which_code_is_due() {
    with_dovecot(|_, postfix| {
        let name = sheet("alice").name;
        let reply = login(CAFE, "?");
        expect(535, &reply, postfix);
        assert!(reply.text.contains(&format!("Code {name} 1:")), "{reply:?}");
    });
}

/// If this fails one day, Postfix has become better, and `setup` says too much about Dovecot's mechanisms.
#[test]
fn postfix_with_dovecot_hides_a_mechanism_that_passes_mailotp_by_and_takes_it_all_the_same() {
    with_dovecot(|_, postfix| {
        let mut client = Submission::connect(CAFE, SUBMISSION);
        let offers = client.offers().join("\n");
        assert!(offers.contains("AUTH PLAIN LOGIN"), "{offers}");
        assert!(!offers.contains("CRAM"), "{offers}");
        expect(334, &client.say("AUTH CRAM-MD5"), postfix);
    });
}

#[test]
fn postfix_takes_logins_at_its_own_port_over_tls_alone() {
    with_dovecot(|_, postfix| {
        let secret = app_password("alice");
        let mut client = Submission::connect(CAFE, SMTP);
        let offers = client.offers().join("\n");
        assert!(!offers.contains("AUTH"), "{offers}");
        let reply = client.login("alice", &secret);
        assert!(reply.code >= 500 && reply.code != 535, "{reply:?}");

        let login = format!("AUTH PLAIN {}", Submission::plain("alice", &secret));
        let said = over_tls(&["EHLO client.example", &login]);
        assert!(said.contains("AUTH PLAIN LOGIN"), "{said}");
        assert!(said.contains("\n235 "), "{said}\n{}", postfix.log());
    });
}

/// Why main.cf is not among the files that `--apply` writes.
#[test]
fn postfix_that_is_told_of_a_socket_which_is_not_there_takes_no_mail_over_tls() {
    on_a_machine(|sandbox| {
        let postfix = Postfix::start(sandbox);
        let bring = ["EHLO client.example", "NOOP"];
        assert!(
            over_tls(&bring).contains("250 2.0.0 Ok"),
            "{}",
            postfix.log()
        );
        drop(postfix);
        tell_postfix(&apply("dovecot"));
        let _postfix = Postfix::start(sandbox);
        let said = over_tls(&bring);
        assert!(!said.contains("250 2.0.0 Ok"), "{said}");
        let fatal = ["smtpd", "fatal: no SASL authentication mechanisms"];
        sandbox.syslog().wait_for(&fatal);
    });
}

#[test]
fn postfix_in_its_chroot_reaches_a_saslauthd_of_its_own_which_says_no_address() {
    with_saslauthd(&[], |_, postfix| {
        let secret = app_password("alice");
        let codes = sheet("alice").codes;
        for from in [CAFE, LIBRARY] {
            expect(235, &login(from, &secret), postfix);
            let event = last_login();
            assert_eq!(event["remote"], "unknown", "{event}");
            assert_eq!(event["rule"], "without an address", "{event}");
        }
        expect(535, &login(CAFE, "wrong"), postfix);
        expect(535, &login(CAFE, &codes[0]), postfix);
        assert_eq!(due("alice"), 1, "a code that no rule accepts is not spent");
        let mut client = Submission::connect(CAFE, SUBMISSION);
        let offers = client.offers().join("\n");
        let offer = offers.lines().find(|line| line.starts_with("AUTH "));
        let mut offer: Vec<&str> = offer.expect("a login").split(' ').collect();
        offer.sort_unstable();
        assert_eq!(offer, ["AUTH", "LOGIN", "PLAIN"]);
        expect(535, &client.say("AUTH CRAM-MD5"), postfix);
    });
}

#[test]
fn postfix_with_saslauthd_keeps_the_domain_of_users_who_are_no_system_users() {
    with_saslauthd(&["--virtual-users"], |_, postfix| {
        for account in ["dave@example.com", "dave"] {
            let secret = app_password(account);
            expect(235, &login_of(account, CAFE, &secret), postfix);
            assert_eq!(last_login()["account"], account);
        }
    });
}

#[test]
fn postfix_finds_nothing_wrong_with_what_setup_says_and_has_all_of_it() {
    for sasl in ["dovecot", "saslauthd"] {
        on_a_machine(|sandbox| {
            Saslauthd::install(sandbox);
            let before = fs::read_to_string("/etc/postfix/main.cf").expect("it is there");
            let plan = apply(sasl);
            let now = fs::read_to_string("/etc/postfix/main.cf").expect("it is there");
            assert_eq!(now, before, "--apply leaves main.cf alone");
            for file in plan["files"].as_array().expect("a list of files") {
                let path = text(&file["path"]);
                let there = fs::read_to_string(&path).expect("it was written");
                assert_eq!(there, text(&file["content"]), "{path}");
            }
            assert_eq!(plan, apply(sasl), "a second time changes nothing");

            tell_postfix(&plan);
            let kept = fs::read_to_string("/etc/postfix/main.cf.before-mailotp");
            assert_eq!(kept.expect("the old one is kept"), before);
            let look =
                output(Command::new("sh").args(["-c", "postfix check 2>&1; postconf -n 2>&1"]));
            assert!(
                !look.contains("warning") && !look.contains("fatal"),
                "{look}"
            );
            let own = if sasl == "dovecot" {
                "smtpd_sasl_path = private/auth"
            } else {
                "smtpd_sasl_type = cyrus"
            };
            for line in [
                own,
                "smtpd_sasl_auth_enable = yes",
                "smtpd_tls_auth_only = yes",
            ] {
                assert!(look.lines().any(|there| there == line), "{line}: {look}");
            }
        });
    }
}

#[test]
fn setup_postfix_asks_dovecot_unless_saslauthd_alone_is_there() {
    on_a_machine(|sandbox| {
        let default = || run(&["--json", "setup", "postfix"], "").json()["files"].to_string();
        assert!(default().contains("90-mailotp-postfix.conf"));
        Saslauthd::install(sandbox);
        assert!(default().contains("90-mailotp-postfix.conf"));
        fs::remove_dir_all("/etc/dovecot").expect("Dovecot is gone");
        assert!(default().contains("saslauthd-postfix"));
    });
}

#[test]
fn setup_postfix_leaves_a_saslauthd_alone_that_is_in_the_chroot_already() {
    on_a_machine(|sandbox| {
        let defaults = format!("START=yes\nOPTIONS=\"-c -m {QUEUE}/var/run/saslauthd\"\n");
        sandbox.write("/etc/default/saslauthd", 0o644, &defaults);
        let plan = apply("saslauthd");
        assert!(!Path::new("/etc/default/saslauthd-postfix").exists());
        let next = plan["next"].to_string();
        assert!(
            next.contains("setup saslauthd --service smtp --apply"),
            "{next}"
        );
    });
}

#[test]
fn setup_postfix_writes_nothing_where_postfix_is_not_installed_or_a_file_is_another_s() {
    Sandbox::run(|sandbox| {
        let dovecot = ["--json", "setup", "postfix", "--sasl", "dovecot", "--apply"];
        sandbox.empty(QUEUE);
        let failure = run(&dovecot, "").error(1);
        assert!(failure.message.contains(QUEUE), "{failure:?}");
        assert!(!Path::new("/etc/dovecot/conf.d/90-mailotp-postfix.conf").exists());

        let saslauthd = [
            "--json",
            "setup",
            "postfix",
            "--sasl",
            "saslauthd",
            "--apply",
        ];
        Saslauthd::install(sandbox);
        sandbox.write(
            "/etc/postfix/sasl/smtpd.conf",
            0o644,
            "pwcheck_method: auxprop\n",
        );
        let failure = run(&saslauthd, "").error(1);
        assert!(failure.message.contains("smtpd.conf"), "{failure:?}");
        assert!(!Path::new("/etc/pam.d/smtp").exists());
    });
}
