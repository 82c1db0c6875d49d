//! The gate: a pass that only ever denies, and shows what is due.

use harness::host::{Answer, Request};
use harness::site::Site;

use crate::{ELSEWHERE, HOME, PASSWORD_TOO};

/// The module as the gate of `imap`: what it returned, and its question.
fn gate(site: &Site, user: &str, typed: &str) -> (String, String) {
    site.gate("mailotp-imap-challenge", "");
    let request = Request::new("mailotp-imap-challenge", user).from(HOME);
    let reply = site.ask(request.answer(typed));
    (reply.verdict().to_owned(), reply.prompt())
}

const WRONG: [&str; 4] = ["correct horse", "wrzng-00001", "123456", " "];
const QUESTIONS: [&str; 2] = ["?", ""];

#[test]
fn it_ends_every_login_where_codes_are_needed() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    for typed in WRONG.iter().chain(&QUESTIONS) {
        let (code, prompt) = gate(&site, "alice", typed);
        assert_eq!(code, "PAM_AUTH_ERR", "{typed:?}");
        assert_eq!(prompt, format!("Code {} 1: ", sheet.name));
        assert_eq!(gate(&site, "bob", typed).0, "PAM_AUTH_ERR", "{typed:?}");
    }
}

#[test]
fn it_lets_passwords_go_on_where_the_rule_accepts_them() {
    let site = Site::new(PASSWORD_TOO);
    let sheet = site.sheet("alice");
    for user in ["alice", "bob"] {
        for typed in WRONG {
            assert_eq!(
                gate(&site, user, typed).0,
                "PAM_USER_UNKNOWN",
                "{user} {typed:?}"
            );
        }
        for typed in QUESTIONS {
            assert_eq!(
                gate(&site, user, typed).0,
                "PAM_AUTH_ERR",
                "{user} {typed:?}"
            );
        }
    }
    let due = format!("Password or code {} 1: ", sheet.name);
    assert_eq!(gate(&site, "alice", "?").1, due);
}

#[test]
fn it_lets_accounts_with_nothing_go_on_where_enrolment_is_optional() {
    let site = Site::new("users.enrolment = \"optional\"\n");
    site.sheet("alice");
    assert_eq!(gate(&site, "alice", "correct horse").0, "PAM_AUTH_ERR");
    assert_eq!(gate(&site, "bob", "correct horse").0, "PAM_USER_UNKNOWN");
    for typed in QUESTIONS {
        assert_eq!(gate(&site, "bob", typed).0, "PAM_AUTH_ERR", "{typed:?}");
    }
}

#[test]
fn it_lets_everybody_go_on_in_observe_mode_but_those_who_ask() {
    let site = Site::new("mode = \"observe\"\n");
    site.sheet("alice");
    for user in ["alice", "bob"] {
        assert_eq!(gate(&site, user, "correct horse").0, "PAM_USER_UNKNOWN");
        for typed in QUESTIONS {
            assert_eq!(gate(&site, user, typed).0, "PAM_AUTH_ERR", "{typed:?}");
        }
    }
}

#[test]
fn it_ends_logins_that_the_rules_deny() {
    for toml in [
        "[[rule]]\naccept = []\n",
        "[[rule]]\nfrom = [\"local\"]\naccept = [\"password\"]\n",
    ] {
        let site = Site::new(toml);
        site.sheet("alice");
        assert_eq!(gate(&site, "alice", "correct horse").0, "PAM_AUTH_ERR");
    }
}

#[test]
fn it_never_succeeds_and_spends_nothing() {
    for toml in [
        "",
        PASSWORD_TOO,
        "mode = \"observe\"\n",
        "users.enrolment = \"optional\"\n",
    ] {
        let site = Site::new(toml);
        let sheet = site.sheet("alice");
        let app = site.app_password("alice", &["--max-logins", "1"]);
        let totp = site.totp("alice");
        for secret in [&sheet.codes[0], &app.secret, &totp.code(0)] {
            assert_ne!(gate(&site, "alice", secret).0, "PAM_SUCCESS", "{toml}");
            assert_eq!(
                site.verdict("imap", "alice", ELSEWHERE, secret),
                "PAM_SUCCESS",
                "{toml}"
            );
        }
    }
}

#[test]
fn it_charges_nothing() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    for code in harness::enrol::wrong_codes(15) {
        assert_eq!(gate(&site, "alice", &code).0, "PAM_AUTH_ERR");
    }
    assert_eq!(
        site.verdict("imap", "alice", HOME, &sheet.codes[0]),
        "PAM_SUCCESS"
    );
}

#[test]
fn its_question_is_the_one_of_the_ordinary_pass() {
    for toml in ["", PASSWORD_TOO] {
        let site = Site::new(toml);
        site.sheet("alice");
        for user in ["alice", "bob"] {
            let ordinary = site.login("imap", user, HOME, "?").prompt();
            assert_eq!(gate(&site, user, "?").1, ordinary);
        }
    }
}

#[test]
fn it_is_judged_as_the_service_that_it_stands_behind() {
    let site = Site::new("[[rule]]\nservices = [\"imap\"]\naccept = [\"password\"]\n");
    assert_eq!(gate(&site, "alice", "correct horse").0, "PAM_USER_UNKNOWN");
    site.gate("mailotp-pop3-challenge", "");
    let verdict = site.verdict("mailotp-pop3-challenge", "alice", HOME, "correct horse");
    assert_eq!(verdict, "PAM_AUTH_ERR");
}

#[test]
fn it_stays_shut_where_the_site_is_broken() {
    let site = Site::new(PASSWORD_TOO);
    site.chmod("mailotp.key", 0o644);
    site.gate("mailotp-imap-challenge", "");
    let request = Request::new("mailotp-imap-challenge", "alice").from(HOME);
    let reply = site.ask(request.clone().answer("correct horse"));
    assert!(
        !["PAM_SUCCESS", "PAM_USER_UNKNOWN"].contains(&reply.verdict()),
        "{reply:?}"
    );
    site.chmod("mailotp.key", 0o600);
    let reply = site.ask(request.converse(Answer::Fails));
    assert!(
        !["PAM_SUCCESS", "PAM_USER_UNKNOWN"].contains(&reply.verdict()),
        "{reply:?}"
    );
}
