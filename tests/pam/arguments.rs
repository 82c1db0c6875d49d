//! Arguments of the module.

use harness::host::{Request, Style};
use harness::site::Site;

use crate::{HOME, PASSWORD_TOO};

/// A module before ours that asks for a password, leaves it in `PAM_AUTHTOK` and goes on.
const ASKS: &str = "auth optional pam_exec.so quiet expose_authtok /bin/true";

/// A stack where the module comes second, with these arguments.
fn second(site: &Site, arguments: &str) {
    let ours = format!("auth [success=done ignore=ignore default=die] MODULE {arguments}");
    let next = "auth [success=done default=die] NEXT";
    site.stack("imap", &[ASKS, &ours, next, "auth requisite pam_deny.so"]);
}

#[test]
fn an_unknown_argument_is_refused() {
    for argument in [
        "colour=blue",
        "nullokay",
        "NULLOK",
        "challenge=yes",
        "service=",
    ] {
        let site = Site::new("mode = \"observe\"\n");
        let sheet = site.sheet("alice");
        site.guard("imap", argument);
        let verdict = site.verdict("imap", "alice", HOME, &sheet.codes[0]);
        assert_eq!(verdict, "PAM_AUTHINFO_UNAVAIL", "{argument}");
    }
}

#[test]
fn debug_changes_nothing() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    site.guard("imap", "debug");
    assert_eq!(
        site.verdict("imap", "alice", HOME, &sheet.codes[1]),
        "PAM_AUTH_ERR"
    );
    assert_eq!(
        site.verdict("imap", "alice", HOME, &sheet.codes[0]),
        "PAM_SUCCESS"
    );
}

/// CVE-2019-12209 pam_u2f: a debug file was opened through a symlink.
#[test]
fn cve_2019_12209_debug_names_no_file() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    site.write("theirs", "as it was");
    let link = site.path("debug");
    std::os::unix::fs::symlink(site.path("theirs"), &link).expect("the folder is ours");
    for name in ["debug", "debug_file", "log", "logfile"] {
        site.guard("imap", &format!("{name}={}", link.display()));
        let verdict = site.verdict("imap", "alice", HOME, &sheet.codes[0]);
        assert_eq!(verdict, "PAM_AUTHINFO_UNAVAIL", "{name}");
    }
    let kept = std::fs::read_to_string(site.path("theirs")).expect("it is there");
    assert_eq!(kept, "as it was");
}

#[test]
fn nullok_makes_enrolment_optional() {
    let site = Site::new("");
    site.sheet("alice");
    site.guard("imap", "nullok");
    let reply = site.login("imap", "bob", HOME, "correct horse");
    assert_eq!(reply.verdict(), "PAM_IGNORE");
    assert_eq!(reply.handed_on().as_deref(), Some("correct horse"));
    assert_eq!(
        site.verdict("imap", "alice", HOME, "correct horse"),
        "PAM_AUTH_ERR"
    );
}

#[test]
fn service_replaces_the_name_of_the_pam_service() {
    let site = Site::new("[[rule]]\nservices = [\"webmail\"]\naccept = [\"otp\"]\n");
    let sheet = site.sheet("alice");
    assert_eq!(
        site.verdict("imap", "alice", HOME, &sheet.codes[0]),
        "PAM_PERM_DENIED"
    );
    site.guard("imap", "service=webmail");
    assert_eq!(
        site.verdict("imap", "alice", HOME, &sheet.codes[0]),
        "PAM_SUCCESS"
    );
}

#[test]
fn a_pam_service_of_our_own_is_judged_by_what_follows_our_name() {
    let site = Site::new("[[rule]]\nservices = [\"webmail\"]\naccept = [\"otp\"]\n");
    let sheet = site.sheet("alice");
    site.guard("mailotp-webmail", "");
    assert_eq!(
        site.verdict("mailotp-webmail", "alice", HOME, &sheet.codes[0]),
        "PAM_SUCCESS"
    );
    site.guard("mailotp-imap", "");
    assert_eq!(
        site.verdict("mailotp-imap", "alice", HOME, &sheet.codes[1]),
        "PAM_PERM_DENIED"
    );
}

#[test]
fn use_first_pass_takes_what_was_typed_before_and_never_asks() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    second(&site, "use_first_pass");
    for (typed, verdict) in [
        ("wrzng-00001", "PAM_AUTH_ERR"),
        (&sheet.codes[0], "PAM_SUCCESS"),
    ] {
        let reply = site.login("imap", "alice", HOME, typed);
        assert_eq!(reply.verdict(), verdict);
        assert_eq!(reply.prompt(), "Password: ");
    }
}

#[test]
fn use_first_pass_with_nothing_typed_before_is_refused_without_a_question() {
    let site = Site::new(PASSWORD_TOO);
    let sheet = site.sheet("alice");
    site.guard("imap", "use_first_pass");
    let reply = site.login("imap", "alice", HOME, &sheet.codes[0]);
    assert!(
        !["PAM_SUCCESS", "PAM_IGNORE"].contains(&reply.verdict()),
        "{reply:?}"
    );
    assert_eq!(reply.prompts, []);
}

#[test]
fn try_first_pass_takes_what_was_typed_before() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    second(&site, "try_first_pass");
    let reply = site.login("imap", "alice", HOME, &sheet.codes[0]);
    assert_eq!(reply.verdict(), "PAM_SUCCESS");
    assert_eq!(reply.prompt(), "Password: ");
}

#[test]
fn try_first_pass_asks_where_nothing_was_typed_before() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    site.guard("imap", "try_first_pass");
    let reply = site.login("imap", "alice", HOME, &sheet.codes[0]);
    assert_eq!(reply.verdict(), "PAM_SUCCESS");
    assert_eq!(reply.prompt(), format!("Code {} 1: ", sheet.name));
}

#[test]
fn without_an_argument_the_module_asks_whatever_was_typed_before() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    second(&site, "");
    let request = Request::new("imap", "alice").from(HOME);
    let reply = site.ask(request.answer("correct horse").answer(&sheet.codes[0]));
    assert_eq!(reply.verdict(), "PAM_SUCCESS");
    assert_eq!(reply.prompts.len(), 2);
}

#[test]
fn second_step_asks_for_the_code_alone() {
    let site = Site::new("[[rule]]\naccept = [\"otp\", \"password+otp\"]\n");
    let sheet = site.sheet("alice");
    second(&site, "second_step");
    let request = Request::new("imap", "alice")
        .from(HOME)
        .answer("correct horse");
    let wrong = site.ask(request.clone().answer("wrzng-00001"));
    assert_eq!(wrong.verdict(), "PAM_AUTH_ERR");
    let right = site.ask(request.answer(&sheet.codes[0]));
    assert_eq!(right.verdict(), "PAM_SUCCESS");
    for reply in [wrong, right] {
        let asked = reply.prompts.last().expect("a code is asked for");
        assert_eq!(asked.style, Style::Hidden);
        assert_eq!(asked.text, format!("Code {} 1: ", sheet.name).into_bytes());
    }
}

#[test]
fn second_step_asks_nothing_where_the_rule_accepts_passwords() {
    let site = Site::new(PASSWORD_TOO);
    site.sheet("alice");
    second(&site, "second_step");
    let reply = site.login("imap", "alice", HOME, "correct horse");
    assert_eq!(reply.prompt(), "Password: ");
    assert_eq!(reply.verdict(), "PAM_IGNORE");
}
