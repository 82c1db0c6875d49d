//! Logins with keys, which authenticate nobody through PAM: its account phase is asked all the same.

use std::process::Command;

use harness::sandbox::output;
use harness::sshd::{self, Key, Sshd};

use crate::enrol::sheet;
use crate::ssh::{HERE, accepted, refused, with_sshd, with_sshd_that};
use crate::steps::stage::run;

#[track_caller]
fn key_opens(sshd: &Sshd, key: &Key, account: &str) {
    let login = sshd.key_login(HERE, account, key);
    accepted(&login, account);
    assert!(login.prompts.is_empty(), "a key asks nothing: {login:?}");
}

/// sshd has accepted the key, and ends the connection after it has asked PAM.
#[track_caller]
fn key_is_turned_away(sshd: &Sshd, key: &Key, account: &str) {
    let login = sshd.key_login(HERE, account, key);
    assert_eq!(
        (login.output.code, &*login.output.stdout),
        (255, ""),
        "{login:?}"
    );
    let why = format!("Access denied for user {account} by PAM account configuration");
    assert!(sshd::log().contains(&why), "{why} in {}", sshd::log());
}

#[test]
fn a_key_opens_what_no_rule_denies_and_asks_for_no_code() {
    with_sshd(|sandbox, sshd| {
        let key = Key::of(sandbox, &["alice", "bob", "root"]);
        sheet("alice");
        // mailotp knows alice, not bob, and never judges root.
        for account in ["alice", "bob", "root"] {
            key_opens(sshd, &key, account);
        }
    });
}

#[test]
fn a_key_does_not_open_what_a_rule_denies() {
    with_sshd(|sandbox, sshd| {
        let key = Key::of(sandbox, &["alice", "erin"]);
        key_is_turned_away(sshd, &key, "erin");
        let line = [
            "result=denied",
            "account=erin",
            "service=sshd",
            "remote=127.0.0.2",
        ];
        sandbox.syslog().wait_for(&line);
        key_opens(sshd, &key, "alice");
    });
}

#[test]
fn a_key_does_not_open_a_locked_account_until_it_is_unlocked() {
    with_sshd(|sandbox, sshd| {
        let key = Key::of(sandbox, &["alice", "bob"]);
        let codes = sheet("alice").codes;
        let _ = run(&["user", "lock", "alice"], "").done();
        key_is_turned_away(sshd, &key, "alice");
        refused(&sshd.login(HERE, "alice", &[&codes[0]]));
        key_opens(sshd, &key, "bob");
        let _ = run(&["user", "unlock", "alice"], "").done();
        key_opens(sshd, &key, "alice");
        accepted(&sshd.login(HERE, "alice", &[&codes[0]]), "alice");
    });
}

/// The account phase of pam_unix stands behind mailotp's, and still counts.
#[test]
fn neither_a_key_nor_a_code_opens_an_account_that_the_system_has_let_expire() {
    with_sshd(|sandbox, sshd| {
        let key = Key::of(sandbox, &["alice"]);
        let codes = sheet("alice").codes;
        let expire = "sed -i 's/^\\(alice:.*\\)::$/\\1:1:/' /etc/shadow";
        output(Command::new("sh").args(["-c", expire]));
        key_is_turned_away(sshd, &key, "alice");
        refused(&sshd.login(HERE, "alice", &[&codes[0]]));
    });
}

#[test]
fn a_key_opens_nothing_while_mailotp_is_broken_but_root_stays_exempt_while_its_file_can_be_read() {
    with_sshd(|sandbox, sshd| {
        let key = Key::of(sandbox, &["alice", "root"]);
        sandbox.write("/etc/mailotp/mailotp.key", 0o600, "broken");
        key_is_turned_away(sshd, &key, "alice");
        key_opens(sshd, &key, "root");
        // Who is exempt stands in this file.
        sandbox.write("/etc/mailotp/mailotp.toml", 0o644, "broken");
        key_is_turned_away(sshd, &key, "root");
    });
}

#[test]
fn a_key_and_a_code_are_both_needed_where_sshd_says_so() {
    let both = "AuthenticationMethods publickey,keyboard-interactive\n";
    with_sshd_that(both, |sandbox, sshd| {
        let key = Key::of(sandbox, &["alice"]);
        let codes = sheet("alice").codes;
        refused(&sshd.key_login(HERE, "alice", &key));
        refused(&sshd.login(HERE, "alice", &[&codes[0]]));
        accepted(
            &sshd.ssh(HERE, "alice", &[&codes[0]], &key.option()),
            "alice",
        );
    });
}
