//! A password and a code in one string, taken apart from the right.

use harness::site::Site;

use crate::{BOTH, ELSEWHERE, HOME};

/// Each of these may stand before a code, and goes on as it is.
const BEFORE: [&str; 8] = [
    "correct horse",
    "trailing blanks  ",
    "digits123456",
    "dash-",
    " leading",
    "7",
    "wrzng-00001",
    "\u{fc}\u{df}\u{20ac}",
];

/// A login that must go on with this password.
fn goes_on(site: &Site, from: &str, typed: &str, before: &str) {
    let reply = site.login("imap", "alice", from, typed);
    assert_eq!(reply.verdict(), "PAM_IGNORE", "{typed:?}");
    assert_eq!(reply.handed_on().as_deref(), Some(before), "{typed:?}");
}

#[test]
fn the_part_before_a_sheet_code_goes_on_verbatim() {
    let site = Site::new(BOTH);
    let sheet = site.sheet("alice");
    for (before, code) in BEFORE.iter().zip(&sheet.codes) {
        goes_on(&site, HOME, &format!("{before}{code}"), before);
    }
}

#[test]
fn the_part_before_a_digit_code_goes_on_verbatim() {
    for before in BEFORE {
        let site = Site::new(BOTH);
        let code = site.totp("alice").code(0);
        goes_on(&site, HOME, &format!("{before}{code}"), before);
    }
}

#[test]
fn a_code_in_another_spelling_takes_nothing_from_the_password() {
    let site = Site::new(BOTH);
    let sheet = site.sheet("alice");
    let spaced = sheet.codes[0].replace('-', " ").to_uppercase();
    goes_on(&site, HOME, &format!("horse{spaced}"), "horse");
    let bare = sheet.codes[1].replace('-', "");
    goes_on(&site, HOME, &format!("horse1{bare}"), "horse1");
}

/// google-authenticator-libpam #181: inside the grace period the password that was handed on was wrong.
#[test]
fn google_authenticator_181_it_is_taken_apart_in_the_same_way_inside_a_window() {
    let site = Site::new(BOTH);
    let sheet = site.sheet("alice");
    let totp = site.totp("alice").code(0);
    for code in [&sheet.codes[0], &totp] {
        // A slip in the password does not cost a code.
        for before in ["misspelt1 ", "correct horse1 ", "correct horse1 "] {
            goes_on(&site, HOME, &format!("{before}{code}"), before);
        }
        let typed = format!("correct horse{code}");
        assert_eq!(
            site.verdict("imap", "alice", ELSEWHERE, typed),
            "PAM_AUTH_ERR"
        );
    }
}

#[test]
fn a_code_alone_is_refused_where_the_password_belongs_to_it() {
    let site = Site::new(BOTH);
    let sheet = site.sheet("alice");
    let code = &sheet.codes[0];
    assert_eq!(site.verdict("imap", "alice", HOME, code), "PAM_AUTH_ERR");
    goes_on(&site, HOME, &format!("horse{code}"), "horse");
    // Nor does the window let the code in alone.
    assert_eq!(site.verdict("imap", "alice", HOME, code), "PAM_AUTH_ERR");
}

#[test]
fn a_password_alone_and_a_wrong_code_are_refused() {
    let site = Site::new(BOTH);
    site.sheet("alice");
    for typed in ["correct horse", "horsewrzng-00001", "horse123456"] {
        for user in ["alice", "bob"] {
            assert_eq!(
                site.verdict("imap", user, HOME, typed),
                "PAM_AUTH_ERR",
                "{typed}"
            );
        }
    }
}

#[test]
fn a_password_before_the_code_is_refused_where_codes_stand_alone() {
    let site = Site::new("[[rule]]\naccept = [\"otp\"]\n");
    let sheet = site.sheet("alice");
    let typed = format!("horse{}", sheet.codes[0]);
    assert_eq!(site.verdict("imap", "alice", HOME, typed), "PAM_AUTH_ERR");
    assert_eq!(
        site.verdict("imap", "alice", HOME, &sheet.codes[0]),
        "PAM_SUCCESS"
    );
}

#[test]
fn a_rule_may_take_both_forms() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    assert_eq!(
        site.verdict("imap", "alice", HOME, &sheet.codes[0]),
        "PAM_SUCCESS"
    );
    goes_on(&site, HOME, &format!("horse{}", sheet.codes[1]), "horse");
    let totp = site.totp("alice").code(0);
    goes_on(&site, HOME, &format!("horse{totp}"), "horse");
}

#[test]
fn beside_an_app_password_nothing_is_taken_apart() {
    let site = Site::new("");
    let app = site.app_password("alice", &[]);
    let typed = format!("horse{}", app.secret);
    assert_eq!(site.verdict("imap", "alice", HOME, typed), "PAM_AUTH_ERR");
}
