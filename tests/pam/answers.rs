//! What `auth` returns, row by row.

use std::thread::sleep;
use std::time::Duration;

use harness::host::{Answer, Request};
use harness::site::Site;

use crate::{ELSEWHERE, HOME, PASSWORD_TOO};

#[test]
fn a_right_code_or_app_password_succeeds() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    let totp = site.totp("alice");
    let app = site.app_password("alice", &[]);
    for secret in [&sheet.codes[0], &totp.code(0), &app.secret] {
        assert_eq!(site.verdict("imap", "alice", HOME, secret), "PAM_SUCCESS");
    }
}

#[test]
fn where_the_rule_accepts_passwords_what_was_typed_goes_on_verbatim() {
    let site = Site::new(PASSWORD_TOO);
    site.sheet("alice");
    for user in ["alice", "nobody-knows-me"] {
        for typed in [
            "correct horse",
            " two blanks ",
            "wrzng-00001",
            "123456",
            "[x] \u{fc}",
        ] {
            let reply = site.login("imap", user, HOME, typed);
            assert_eq!(reply.verdict(), "PAM_IGNORE", "{user}: {typed}");
            assert_eq!(reply.handed_on().as_deref(), Some(typed), "{user}");
        }
    }
}

#[test]
fn a_password_in_latin_1_goes_on_as_it_was_typed() {
    let site = Site::new(PASSWORD_TOO);
    let reply = site.login("imap", "alice", HOME, b"gr\xfcn");
    assert_eq!(reply.verdict(), "PAM_IGNORE");
    assert_eq!(reply.handed_on.as_deref(), Some(&b"gr\xfcn"[..]));
}

#[test]
fn a_code_beside_accepted_passwords_succeeds() {
    let site = Site::new(PASSWORD_TOO);
    let sheet = site.sheet("alice");
    assert_eq!(
        site.verdict("imap", "alice", HOME, &sheet.codes[0]),
        "PAM_SUCCESS"
    );
}

#[test]
fn a_spent_code_goes_on_as_a_password_only_where_passwords_are_accepted() {
    let site = Site::new(PASSWORD_TOO);
    let sheet = site.sheet("alice");
    assert_eq!(
        site.verdict("imap", "alice", HOME, &sheet.codes[0]),
        "PAM_SUCCESS"
    );
    assert_eq!(
        site.verdict("imap", "alice", ELSEWHERE, &sheet.codes[0]),
        "PAM_IGNORE"
    );
}

#[test]
fn an_account_with_nothing_goes_on_where_enrolment_is_optional() {
    let site = Site::new("[users]\nenrolment = \"optional\"\n");
    for user in ["alice", "bob"] {
        let reply = site.login("imap", user, HOME, "correct horse");
        assert_eq!(reply.verdict(), "PAM_IGNORE");
        assert_eq!(reply.handed_on().as_deref(), Some("correct horse"));
    }
    let sheet = site.sheet("alice");
    assert_eq!(
        site.verdict("imap", "alice", HOME, "correct horse"),
        "PAM_AUTH_ERR"
    );
    site.json("alice", &["revoke", &sheet.id]);
    assert_eq!(
        site.verdict("imap", "alice", HOME, "correct horse"),
        "PAM_IGNORE"
    );
}

#[test]
fn an_exempt_account_goes_on() {
    let exempt = Site::new("[users]\nexempt = [\"backup\"]\n");
    let reply = exempt.login("imap", "backup", HOME, "correct horse");
    assert_eq!(reply.verdict(), "PAM_IGNORE");
    assert_eq!(reply.handed_on().as_deref(), Some("correct horse"));
    assert_eq!(exempt.verdict("imap", "root", HOME, "x"), "PAM_AUTH_ERR");
    assert_eq!(
        Site::new("").verdict("imap", "root", HOME, "x"),
        "PAM_IGNORE"
    );
}

#[test]
fn a_wrong_secret_is_refused() {
    let site = Site::new("");
    site.sheet("alice");
    for wrong in ["wrzng-00001", "123456", "correct horse"] {
        assert_eq!(
            site.verdict("imap", "alice", HOME, wrong),
            "PAM_AUTH_ERR",
            "{wrong}"
        );
    }
}

/// CVE-2020-27780 pam_unix: an unknown user was let in.
#[test]
fn cve_2020_27780_an_unknown_account_is_refused_like_a_wrong_code() {
    let site = Site::new("");
    for typed in ["wrzng-00001", "123456", "correct horse"] {
        assert_eq!(
            site.verdict("imap", "alice", HOME, typed),
            "PAM_AUTH_ERR",
            "{typed}"
        );
    }
}

#[test]
fn a_spent_code_is_refused() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    assert_eq!(
        site.verdict("imap", "alice", HOME, &sheet.codes[0]),
        "PAM_SUCCESS"
    );
    assert_eq!(
        site.verdict("imap", "alice", ELSEWHERE, &sheet.codes[0]),
        "PAM_AUTH_ERR"
    );
}

#[test]
fn an_expired_credential_is_refused() {
    let site = Site::new("");
    let app = site.app_password("alice", &["--expires", "1s"]);
    let sheet = site.sheet_with("alice", &["--expires", "1s"]);
    sleep(Duration::from_millis(2100));
    for secret in [&app.secret, &sheet.codes[0]] {
        assert_eq!(site.verdict("imap", "alice", HOME, secret), "PAM_AUTH_ERR");
    }
}

#[test]
fn a_revoked_credential_is_refused() {
    let site = Site::new("");
    let app = site.app_password("alice", &[]);
    let sheet = site.sheet("alice");
    let totp = site.totp("alice");
    site.json("alice", &["revoke", &app.id, &sheet.id, &totp.id]);
    for secret in [&app.secret, &sheet.codes[0], &totp.code(0)] {
        assert_eq!(site.verdict("imap", "alice", HOME, secret), "PAM_AUTH_ERR");
    }
}

#[test]
fn a_credential_out_of_scope_is_refused_and_not_spent() {
    let site = Site::new("");
    let sheet = site.sheet_with("alice", &["--service", "webmail", "--from", "192.0.2.0/24"]);
    let code = &sheet.codes[0];
    assert_eq!(site.verdict("imap", "alice", HOME, code), "PAM_AUTH_ERR");
    assert_eq!(
        site.verdict("webmail", "alice", ELSEWHERE, code),
        "PAM_AUTH_ERR"
    );
    assert_eq!(site.verdict("webmail", "alice", HOME, code), "PAM_SUCCESS");
}

#[test]
fn a_rule_that_accepts_nothing_denies_everybody() {
    let site = Site::new("users.enrolment = \"optional\"\n[[rule]]\naccept = []\n");
    let sheet = site.sheet("alice");
    for (user, secret) in [("alice", sheet.codes[0].as_str()), ("bob", "x")] {
        assert_eq!(site.verdict("imap", user, HOME, secret), "PAM_PERM_DENIED");
    }
}

#[test]
fn where_no_rule_matches_the_login_is_denied() {
    let site = Site::new("[[rule]]\nfrom = [\"192.0.2.0/24\"]\naccept = [\"otp\"]\n");
    let sheet = site.sheet("alice");
    assert_eq!(
        site.verdict("imap", "alice", ELSEWHERE, &sheet.codes[0]),
        "PAM_PERM_DENIED"
    );
    assert_eq!(
        site.verdict("imap", "alice", HOME, &sheet.codes[0]),
        "PAM_SUCCESS"
    );
}

#[test]
fn a_failed_conversation_is_a_conversation_error() {
    for toml in ["", PASSWORD_TOO, "users.enrolment = \"optional\"\n"] {
        let site = Site::new(toml);
        let request = Request::new("imap", "alice")
            .from(HOME)
            .converse(Answer::Fails);
        assert_eq!(site.ask(request).verdict(), "PAM_CONV_ERR", "{toml}");
    }
}

/// CVE-2011-4120 yubico-pam: a NULL password was accepted.
#[test]
fn cve_2011_4120_an_answer_that_is_missing_is_refused() {
    for answer in [Answer::NoResponse, Answer::NullText] {
        let site = Site::new(PASSWORD_TOO);
        let request = Request::new("imap", "alice").from(HOME).converse(answer);
        let verdict = site.ask(request).verdict().to_owned();
        assert!(
            ["PAM_CONV_ERR", "PAM_AUTH_ERR"].contains(&&*verdict),
            "{verdict}"
        );
    }
}
