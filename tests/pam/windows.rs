//! Windows: where a spent code still opens the same door.

use std::thread::sleep;
use std::time::{Duration, Instant};

use harness::host::Request;
use harness::site::Site;

use crate::{ELSEWHERE, HOME, MAIL};

#[test]
fn the_same_code_from_the_same_address_is_accepted_again() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    let totp = site.totp("alice");
    for code in [&sheet.codes[0], &totp.code(0)] {
        for _ in 0..3 {
            assert_eq!(site.verdict("imap", "alice", HOME, code), "PAM_SUCCESS");
        }
    }
}

#[test]
fn five_connections_at_once_with_one_fresh_code_are_all_accepted() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    let totp = site.totp("alice");
    for code in [&sheet.codes[0], &sheet.codes[1], &totp.code(0)] {
        let login = Request::new("imap", "alice").from(HOME).answer(code);
        for reply in site.ask_at_once(vec![login; 5]) {
            assert_eq!(reply.verdict(), "PAM_SUCCESS");
        }
    }
}

/// CVE-2026-27855 Dovecot: a one-time password was cached and replayed.
#[test]
fn cve_2026_27855_the_same_code_from_another_address_is_refused() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    let code = &sheet.codes[0];
    assert_eq!(site.verdict("imap", "alice", HOME, code), "PAM_SUCCESS");
    for from in [
        ELSEWHERE,
        "192.0.2.8",
        "2001:db8::7",
        "",
        "host.example.com",
    ] {
        assert_eq!(
            site.verdict("imap", "alice", from, code),
            "PAM_AUTH_ERR",
            "{from}"
        );
    }
    assert_eq!(site.verdict("imap", "alice", HOME, code), "PAM_SUCCESS");
}

#[test]
fn a_mapped_address_is_the_address() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    for from in [HOME, "::ffff:192.0.2.7", "::FFFF:c000:0207", HOME] {
        assert_eq!(
            site.verdict("imap", "alice", from, &sheet.codes[0]),
            "PAM_SUCCESS",
            "{from}"
        );
    }
}

#[test]
fn a_window_is_open_for_all_services_of_its_group_and_no_other() {
    let site = Site::new(MAIL);
    let sheet = site.sheet("alice");
    let code = &sheet.codes[0];
    for (service, verdict) in [
        ("imap", "PAM_SUCCESS"),
        ("submission", "PAM_SUCCESS"),
        ("sieve", "PAM_AUTH_ERR"),
        ("webmail", "PAM_AUTH_ERR"),
        ("pop3", "PAM_SUCCESS"),
    ] {
        assert_eq!(
            site.verdict(service, "alice", HOME, code),
            verdict,
            "{service}"
        );
    }
}

#[test]
fn a_service_in_no_group_is_its_own() {
    let site = Site::new("services.mail = []\n");
    let sheet = site.sheet("alice");
    assert_eq!(
        site.verdict("imap", "alice", HOME, &sheet.codes[0]),
        "PAM_SUCCESS"
    );
    assert_eq!(
        site.verdict("submission", "alice", HOME, &sheet.codes[0]),
        "PAM_AUTH_ERR"
    );
}

/// CVE-2007-6598 Dovecot: a shared cache key gave the answer of somebody else.
#[test]
fn cve_2007_6598_a_window_is_open_for_its_account_and_its_code_only() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    site.sheet("bob");
    assert_eq!(
        site.verdict("imap", "alice", HOME, &sheet.codes[0]),
        "PAM_SUCCESS"
    );
    assert_eq!(
        site.verdict("imap", "bob", HOME, &sheet.codes[0]),
        "PAM_AUTH_ERR"
    );
    assert_eq!(
        site.verdict("imap", "alice", HOME, "wrzng-00001"),
        "PAM_AUTH_ERR"
    );
    assert_eq!(
        site.verdict("imap", "alice", HOME, &sheet.codes[5]),
        "PAM_AUTH_ERR"
    );
}

#[test]
fn grace_end_shuts_it() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    assert_eq!(
        site.verdict("imap", "alice", HOME, &sheet.codes[0]),
        "PAM_SUCCESS"
    );
    site.json("alice", &["grace", "end"]);
    assert_eq!(
        site.verdict("imap", "alice", HOME, &sheet.codes[0]),
        "PAM_AUTH_ERR"
    );
    assert_eq!(
        site.verdict("imap", "alice", HOME, &sheet.codes[1]),
        "PAM_SUCCESS"
    );
}

#[test]
fn revoking_the_credential_shuts_it() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    assert_eq!(
        site.verdict("imap", "alice", HOME, &sheet.codes[0]),
        "PAM_SUCCESS"
    );
    site.json("alice", &["revoke", &sheet.id]);
    assert_eq!(
        site.verdict("imap", "alice", HOME, &sheet.codes[0]),
        "PAM_AUTH_ERR"
    );
}

#[test]
fn it_shuts_when_it_was_idle_for_too_long() {
    let site = Site::new("[grace]\nidle = \"1s\"\nlifetime = \"1h\"\n");
    let sheet = site.sheet("alice");
    assert_eq!(
        site.verdict("imap", "alice", HOME, &sheet.codes[0]),
        "PAM_SUCCESS"
    );
    sleep(Duration::from_millis(2100));
    assert_eq!(
        site.verdict("imap", "alice", HOME, &sheet.codes[0]),
        "PAM_AUTH_ERR"
    );
}

#[test]
fn it_shuts_at_the_end_of_its_life_however_busy_it_is() {
    let lifetime = Duration::from_secs(4);
    let site = Site::new("[grace]\nidle = \"3s\"\nlifetime = \"4s\"\n");
    let sheet = site.sheet("alice");
    let opened = Instant::now();
    let mut used = opened;
    while site.verdict("imap", "alice", HOME, &sheet.codes[0]) == "PAM_SUCCESS" {
        used = Instant::now();
        assert!(used < opened + 3 * lifetime, "it is still open");
        sleep(Duration::from_millis(100));
    }
    // Seconds are the grain of a window.
    assert!(used.elapsed() < Duration::from_secs(2), "it was not idle");
    assert!(
        opened.elapsed() > lifetime - Duration::from_secs(1),
        "it lived to its end"
    );
}

#[test]
fn a_rule_may_do_without() {
    let site = Site::new("[[rule]]\naccept = [\"otp\"]\ngrace = \"off\"\n");
    let sheet = site.sheet("alice");
    assert_eq!(
        site.verdict("imap", "alice", HOME, &sheet.codes[0]),
        "PAM_SUCCESS"
    );
    assert_eq!(
        site.verdict("imap", "alice", HOME, &sheet.codes[0]),
        "PAM_AUTH_ERR"
    );
    let login = Request::new("imap", "alice")
        .from(HOME)
        .answer(&sheet.codes[1]);
    let replies = site.ask_at_once(vec![login; 5]);
    let accepted = replies
        .iter()
        .filter(|reply| reply.verdict() == "PAM_SUCCESS");
    assert_eq!(accepted.count(), 1);
}

#[test]
fn a_rule_may_bind_it_to_the_code_alone() {
    let site = Site::new(
        "[[rule]]\nfrom = [\"203.0.113.0/24\"]\naccept = [\"otp\"]\ngrace = \"secret\"\n\
         [[rule]]\naccept = [\"otp\"]\n",
    );
    let sheet = site.sheet("alice");
    let (one, two) = ("203.0.113.10", "203.0.113.11");
    for (from, verdict) in [
        (one, "PAM_SUCCESS"),
        (two, "PAM_SUCCESS"),
        (HOME, "PAM_AUTH_ERR"),
    ] {
        assert_eq!(
            site.verdict("imap", "alice", from, &sheet.codes[0]),
            verdict,
            "{from}"
        );
    }
    // A window that was opened elsewhere counts where the code alone binds.
    for (from, verdict) in [
        (HOME, "PAM_SUCCESS"),
        (one, "PAM_SUCCESS"),
        (ELSEWHERE, "PAM_AUTH_ERR"),
    ] {
        assert_eq!(
            site.verdict("imap", "alice", from, &sheet.codes[1]),
            verdict,
            "{from}"
        );
    }
}

#[test]
fn an_app_password_opens_none() {
    let site = Site::new("");
    let app = site.app_password("alice", &[]);
    assert_eq!(
        site.verdict("imap", "alice", HOME, &app.secret),
        "PAM_SUCCESS"
    );
    let windows = site.json("alice", &["grace", "list"]);
    assert_eq!(windows.as_array().map(Vec::len), Some(0));
}
