//! The closed stack of the manual, with pam_permit and pam_deny for the password module.

use std::fs;

use harness::host::Phase::{Account, Authenticate};
use harness::host::Request;
use harness::site::Site;

use crate::{BOTH, HOME, PASSWORD_TOO};

/// The stack of the manual, with this password module.
fn closed(site: &Site, password: &str) {
    let second = format!("auth [success=done default=die] {password}");
    site.stack(
        "imap",
        &[
            "auth [success=done ignore=ignore default=die] MODULE",
            &second,
            "auth requisite pam_deny.so",
            "account required MODULE",
            "account required pam_permit.so",
        ],
    );
}

/// What authentication and account came to.
fn outcome(site: &Site, typed: &str) -> [bool; 2] {
    let request = Request::new("imap", "alice").from(HOME).answer(typed);
    let reply = site.ask(request.phases(&[Authenticate, Account]));
    [Authenticate, Account].map(|phase| reply.of(phase) == "PAM_SUCCESS")
}

#[test]
fn a_password_module_that_says_yes_to_everything_opens_only_what_was_left_to_it() {
    for (toml, open) in [
        ("", false),
        (PASSWORD_TOO, true),
        ("mode = \"observe\"\n", true),
    ] {
        let site = Site::new(toml);
        site.sheet("alice");
        closed(&site, "pam_permit.so");
        assert_eq!(outcome(&site, "correct horse"), [open; 2], "{toml}");
    }
}

#[test]
fn a_password_module_that_says_no_shuts_what_was_left_to_it_and_not_more() {
    for toml in ["", PASSWORD_TOO, "mode = \"observe\"\n"] {
        let site = Site::new(toml);
        let sheet = site.sheet("alice");
        closed(&site, "pam_deny.so");
        assert!(!outcome(&site, "correct horse")[0], "{toml}");
        assert_eq!(outcome(&site, &sheet.codes[0]), [true, true], "{toml}");
    }
}

#[test]
fn a_password_with_a_code_needs_both() {
    for (password, open) in [("pam_permit.so", true), ("pam_deny.so", false)] {
        let site = Site::new(BOTH);
        let sheet = site.sheet("alice");
        closed(&site, password);
        assert!(!outcome(&site, "horsewrzng-00001")[0]);
        assert_eq!(outcome(&site, &format!("horse{}", sheet.codes[0]))[0], open);
    }
}

#[test]
fn without_a_password_module_what_was_left_to_it_is_refused() {
    let site = Site::new(PASSWORD_TOO);
    let sheet = site.sheet("alice");
    site.stack(
        "imap",
        &[
            "auth [success=done ignore=ignore default=die] MODULE",
            "auth requisite pam_deny.so",
            "account required MODULE",
        ],
    );
    assert!(!outcome(&site, "correct horse")[0]);
    assert_eq!(outcome(&site, &sheet.codes[0]), [true, true]);
}

/// CVE-2025-23013 pam_u2f: `PAM_IGNORE` on an error let everybody pass.
#[test]
fn cve_2025_23013_no_breakage_of_the_site_opens_it() {
    for name in ["mailotp.toml", "mailotp.key", "store/mailotp.db"] {
        for toml in ["", PASSWORD_TOO, "users.enrolment = \"optional\"\n"] {
            let site = Site::new(toml);
            site.sheet("alice");
            closed(&site, "pam_permit.so");
            fs::remove_file(site.path(name)).expect("the file is there");
            assert!(!outcome(&site, "correct horse")[0], "{toml} without {name}");
        }
    }
}

#[test]
fn a_service_without_its_file_is_denied() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    let reply = site.login("gopher", "alice", HOME, &sheet.codes[0]);
    assert_eq!(reply.verdict(), "PAM_AUTH_ERR");
}
