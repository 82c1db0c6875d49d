//! `user` and `clock`: what an administrator does to an account as a whole.

use harness::enrol::wrong_codes;
use harness::site::Site;

use crate::HOME;

#[test]
fn a_locked_account_is_shut_for_every_secret_until_it_is_unlocked() {
    let site =
        Site::new("[[rule]]\nname = \"all\"\naccept = [\"password\", \"app-password\", \"otp\"]\n");
    let password = site.app_password("alice", &[]).secret;
    let sheet = site.sheet("alice");
    site.cli(["user", "lock", "Alice"]).done();
    for secret in [&password, &sheet.codes[0], "main password"] {
        assert_eq!(site.verdict("imap", "alice", HOME, secret), "PAM_AUTH_ERR");
    }
    assert_eq!(site.last_login()["reason"], "closed");
    assert_eq!(site.json("alice", &["show"])["locked"], true);
    site.cli(["user", "unlock", "alice"]).done();
    assert_eq!(
        site.verdict("imap", "alice", HOME, &password),
        "PAM_SUCCESS"
    );
    assert_eq!(
        site.verdict("imap", "alice", HOME, &sheet.codes[0]),
        "PAM_SUCCESS"
    );
}

#[test]
fn accounts_are_listed_by_name() {
    let site = Site::new("");
    assert_eq!(
        site.cli(["--json", "user", "list"]).json(),
        serde_json::json!([])
    );
    for name in ["carol", "alice"] {
        site.app_password(name, &[]);
    }
    site.cli(["user", "lock", "carol"]).done();
    let list = site.cli(["--json", "user", "list"]).json();
    assert_eq!(list[0]["account"], "alice");
    assert_eq!(list[1]["account"], "carol");
    assert_eq!(
        (&list[0]["locked"], &list[1]["locked"]),
        (&false.into(), &true.into())
    );
    let shown = site.cli(["--json", "user", "show", "alice"]).json();
    assert_eq!(shown, site.json("alice", &["show"]));
}

#[test]
fn forgiving_gives_the_guesses_back() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    for code in wrong_codes(10) {
        assert_eq!(site.verdict("imap", "alice", HOME, code), "PAM_AUTH_ERR");
    }
    assert_eq!(
        site.verdict("imap", "alice", HOME, &sheet.codes[0]),
        "PAM_MAXTRIES"
    );
    site.cli(["user", "forgive", "alice"]).done();
    assert_eq!(
        site.verdict("imap", "alice", HOME, &sheet.codes[0]),
        "PAM_SUCCESS"
    );
}

#[test]
fn what_is_done_to_an_account_is_in_its_log_and_a_name_that_is_not_there_is_an_error() {
    let site = Site::new("");
    site.app_password("alice", &[]);
    for action in ["lock", "unlock", "forgive"] {
        site.cli(["user", action, "alice"]).done();
        let failure = site.cli(["--json", "user", action, "alcie"]).error(4);
        assert_eq!(failure.code, "not-found");
    }
    let reasons: Vec<String> = site
        .events()
        .iter()
        .map(|event| event["reason"].as_str().expect("a reason").to_owned())
        .collect();
    assert_eq!(reasons[2..], ["locked", "unlocked", "forgiven"]);
}

/// TOTP is not trusted to a clock that went back, until somebody says that it is right.
#[test]
fn an_accepted_clock_brings_totp_back() {
    let site = Site::new("");
    let totp = site.totp("alice");
    let ahead = "UPDATE store SET newest = newest + 86400";
    site.shell(&format!("sqlite3 store/mailotp.db '{ahead}'"))
        .done();
    assert_eq!(
        site.verdict("imap", "alice", HOME, totp.code(0)),
        "PAM_AUTH_ERR"
    );
    assert_eq!(site.last_login()["reason"], "clock");
    site.cli(["clock", "accept"]).done();
    assert_eq!(
        site.verdict("imap", "alice", HOME, totp.code(0)),
        "PAM_SUCCESS"
    );
}
