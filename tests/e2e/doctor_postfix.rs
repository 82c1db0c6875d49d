//! What `doctor` says of a real Postfix that is connected as `setup postfix` says, and of traps around it.

use std::fs;
use std::process::Command;

use harness::postfix::QUEUE;
use harness::sandbox::{Sandbox, output};
use serde_json::Value;

use crate::postfix::{with_dovecot, with_saslauthd};
use crate::steps::stage::{run, text};

/// Takes logins without TLS, for the other tests.
const OPEN_PORT: (&str, &str) = ("postfix-clear", "postconf -P: 2587/inet");

/// What is found of Postfix: code and place.
fn findings() -> Vec<(String, String)> {
    let said = run(&["--json", "doctor"], "");
    let report: Value = serde_json::from_str(&said.stdout).expect("one JSON document");
    let all = report["findings"].as_array().expect("a list").iter();
    all.map(|one| (text(&one["code"]), text(&one["where"])))
        .filter(|(code, _)| code.starts_with("postfix-"))
        .collect()
}

#[track_caller]
fn assert_finds(expected: &[(&str, &str)]) {
    let found = findings();
    let found: Vec<_> = found.iter().map(|(one, at)| (&**one, &**at)).collect();
    assert_eq!(found, expected);
}

fn postconf(arguments: &[&str]) {
    output(Command::new("postconf").args(arguments));
}

#[test]
fn a_postfix_with_dovecot_is_in_order_but_for_the_port_without_tls_and_traps_are_found() {
    with_dovecot(|_, _| {
        assert_finds(&[OPEN_PORT]);
        postconf(&["-e", "smtpd_sasl_tls_security_options ="]);
        assert_finds(&[
            ("postfix-anonymous", "postconf"),
            ("postfix-anonymous", OPEN_PORT.1),
            OPEN_PORT,
        ]);
        postconf(&[
            "-e",
            "smtpd_sasl_tls_security_options = $smtpd_sasl_security_options",
        ]);
        postconf(&["-P", "2587/inet/smtpd_tls_auth_only=yes"]);
        assert_finds(&[]);
        fs::remove_file(format!("{QUEUE}/private/auth")).expect("Dovecot has made it");
        assert_finds(&[
            ("postfix-socket", "postconf"),
            ("postfix-socket", OPEN_PORT.1),
        ]);
    });
}

#[test]
fn a_postfix_with_saslauthd_is_in_order_and_a_library_that_asks_others_is_found() {
    with_saslauthd(&[], |sandbox: &Sandbox, _| {
        assert_finds(&[OPEN_PORT]);
        let file = "/etc/postfix/sasl/smtpd.conf";
        let others = "pwcheck_method: auxprop saslauthd\nmech_list: PLAIN LOGIN CRAM-MD5\n";
        sandbox.write(file, 0o644, others);
        assert_finds(&[
            ("postfix-library", file),
            ("postfix-mechanisms", file),
            OPEN_PORT,
        ]);
    });
}
