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

/// Why alice in that café is refused, since when and until when.
#[test]
fn show_says_which_guesses_are_left_and_where_codes_are_refused_until_they_are_forgiven() {
    let site = Site::new("");
    let totp = site.totp("alice");
    let cafe = "203.0.113.9";
    for code in wrong_codes(10) {
        assert_eq!(site.verdict("imap", "alice", cafe, code), "PAM_AUTH_ERR");
    }
    for code in totp.wrong_codes(3) {
        assert_eq!(site.verdict("imap", "alice", HOME, code), "PAM_AUTH_ERR");
    }
    let budget = &site.json("alice", &["show"])["budget"];
    assert_eq!((&budget["left"], &budget["of"]), (&5.into(), &8.into()));
    for (budget, empty) in [(budget, false), (&budget["pin"], true)] {
        for key in ["next_at", "full_at"] {
            let time = budget[key].as_str();
            assert_eq!(time.is_none(), empty, "{key}: {budget}");
            assert!(time.is_none_or(|time| time.ends_with('Z')), "{budget}");
        }
    }
    assert_eq!(budget["networks"].as_array().map(Vec::len), Some(1));
    let network = &budget["networks"][0];
    assert_eq!(network["network"], cafe);
    assert_eq!(network["refused"], "codes");
    assert!(network["next_at"].is_string(), "{network}");

    let said = site.cli(["user", "show", "alice"]).done().stdout;
    let line = |part: &str| said.lines().find(|line| line.contains(part));
    assert!(
        line("Guesses of digit codes left: 5 of 8").is_some_and(|line| line.contains("one more")),
        "{said}"
    );
    assert!(
        line(cafe).is_some_and(|line| line.contains("all codes")),
        "{said}"
    );
    assert!(line("mailotp-cli user forgive alice").is_some(), "{said}");

    site.cli(["user", "forgive", "alice"]).done();
    let budget = &site.json("alice", &["show"])["budget"];
    assert_eq!((&budget["left"], &budget["of"]), (&8.into(), &8.into()));
    assert_eq!(budget["next_at"], serde_json::Value::Null);
    assert_eq!(budget["networks"], serde_json::json!([]));
    assert_eq!(
        site.verdict("imap", "alice", cafe, totp.code(0)),
        "PAM_SUCCESS"
    );
    let said = site.cli(["user", "show", "alice"]).done().stdout;
    assert!(!said.contains("uesses"), "{said}");
}
