//! An account that has a live code needs one to add or to widen: whoever sits at a forgotten shell has
//! none.

use harness::enrol::{Totp, wrong_codes};

use super::{labels, served, sheet};

/// What gives an account more than it has.
const WIDENING: [&[&str]; 11] = [
    &["add", "app-password"],
    &["add", "sheet", "--count", "1"],
    &["add", "totp"],
    &["add", "hotp"],
    &["add", "sequence"],
    &["add", "alias"],
    &["replace", "sheet"],
    &["pin", "set"],
    &["pin", "clear"],
    &["rule", "add", "--accept", "otp"],
    &["rule", "remove", "x"],
];

#[test]
fn the_first_enrolment_asks_for_nothing_and_an_app_password_is_no_code() {
    let (site, _helper) = served("");
    let daemon = site.user("daemon");
    daemon.cli(&["add", "app-password", "one"]).done();
    daemon.cli(&["add", "app-password", "two"]).done();
    daemon.cli(&["add", "alias"]).done();
    daemon.cli(&["add", "sheet", "--count", "1"]).done();
    assert_eq!(labels(&daemon).len(), 4);
}

#[test]
fn without_a_code_nothing_is_added_where_there_is_one() {
    let (site, _helper) = served("");
    let daemon = site.user("daemon");
    let phone = daemon.json(&["add", "app-password", "phone"]);
    let phone = phone["secret"].as_str().expect("a secret");
    sheet(&daemon);
    let before = daemon.json(&["show"])["credentials"].clone();
    for words in WIDENING {
        for typed in [
            "",
            "?\n",
            "wrzng-00001\n",
            &format!("{phone}\n"),
            "1234\n1234\n",
        ] {
            let failure = daemon
                .reading(typed, &[&["--json"], words].concat())
                .error(3);
            assert!(failure.remedy.contains("challenge"), "{failure:?}");
        }
    }
    assert_eq!(daemon.json(&["show"])["credentials"], before);
}

#[test]
fn one_code_does_for_several_commands_in_a_row_and_is_spent_elsewhere() {
    let (site, _helper) = served("");
    let daemon = site.user("daemon");
    let codes = sheet(&daemon).codes;
    let typed = format!("{}\n", codes[0]);
    for _ in 0..3 {
        daemon.reading(&typed, &["add", "app-password"]).done();
    }
    let elsewhere = site.verdict("imap", "daemon", crate::HOME, &codes[0]);
    assert_eq!(elsewhere, "PAM_AUTH_ERR");
    daemon.cli(&["grace", "end"]).done();
    daemon
        .reading(&typed, &["--json", "add", "app-password"])
        .error(3);
    daemon
        .reading(&format!("{}\n", codes[1]), &["add", "app-password"])
        .done();
}

#[test]
fn a_code_that_a_login_has_spent_proves_nothing() {
    let (site, _helper) = served("");
    let daemon = site.user("daemon");
    let codes = sheet(&daemon).codes;
    let login = site.verdict("imap", "daemon", crate::HOME, &codes[0]);
    assert_eq!(login, "PAM_SUCCESS");
    let typed = format!("{}\n", codes[0]);
    daemon
        .reading(&typed, &["--json", "add", "app-password"])
        .error(3);
}

#[test]
fn wrong_codes_are_charged_and_then_the_right_one_is_refused_as_well() {
    let (site, _helper) = served("");
    let daemon = site.user("daemon");
    let made = daemon.json(&["add", "totp", "--no-confirm"]);
    let totp = Totp::new(
        String::new(),
        made["uri"].as_str().expect("a URI").to_owned(),
    );
    let add = ["--json", "add", "app-password"];
    for code in totp.wrong_codes(8) {
        let failure = daemon.reading(&format!("{code}\n"), &add).error(3);
        assert!(!failure.message.contains("too many"), "{failure:?}");
    }
    let failure = daemon
        .reading(&format!("{}\n", totp.code(0)), &add)
        .error(3);
    assert!(failure.message.contains("too many"), "{failure:?}");
    assert_eq!(labels(&daemon), ["totp"]);
    let _ = wrong_codes(1);
}

/// Neither what rules say of logins nor who is exempt from them leads around it.
#[test]
fn a_code_is_asked_for_whatever_the_rules_say() {
    for rules in [
        "[[rule]]\naccept = [\"password\"]\n",
        "[[rule]]\nmode = \"observe\"\naccept = [\"otp\"]\n",
        "[[rule]]\naccept = []\n",
        "[users]\nexempt = [\"daemon\"]\nenrolment = \"optional\"\n",
    ] {
        let (site, _helper) = served(rules);
        let daemon = site.user("daemon");
        let codes = sheet(&daemon).codes;
        let add = ["--json", "add", "app-password"];
        daemon.reading("a main password\n", &add).error(3);
        daemon.reading(&format!("{}\n", codes[0]), &add).done();
    }
}

#[test]
fn a_locked_account_adds_nothing() {
    let (site, _helper) = served("");
    let daemon = site.user("daemon");
    let codes = sheet(&daemon).codes;
    site.cli(["user", "lock", "daemon"]).done();
    let typed = format!("{}\n", codes[0]);
    daemon
        .reading(&typed, &["--json", "add", "app-password"])
        .error(3);
}

/// A code for the webmail alone administers nothing; that there is another way is said.
#[test]
fn a_code_with_a_scope_is_no_proof() {
    let (site, _helper) = served("");
    let daemon = site.user("daemon");
    let words = ["add", "sheet", "--count", "2", "--service", "webmail"];
    let made = harness::enrol::Sheet::of(&daemon.json(&words));
    let typed = format!("{}\n", made.codes[0]);
    let failure = daemon
        .reading(&typed, &["--json", "add", "app-password"])
        .error(3);
    assert!(failure.remedy.contains("operator"), "{failure:?}");
    let login = site.verdict("webmail", "daemon", crate::HOME, &made.codes[0]);
    assert_eq!(login, "PAM_SUCCESS", "it was not spent in vain");
}
