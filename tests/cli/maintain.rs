//! `maintain`: what a timer runs; and accounts that get another name, or go.

use std::thread::sleep;
use std::time::Duration;

use harness::site::Site;
use serde_json::{Value, json};

use crate::HOME;

const ELSEWHERE: &str = "198.51.100.9";
/// Longer than a second, which is as exact as the store's times are.
const A_MOMENT: Duration = Duration::from_millis(1100);

fn maintain(site: &Site) -> Value {
    site.cli(["--json", "maintain"]).json()
}

fn sql(site: &Site, statement: &str) {
    site.shell(&format!("sqlite3 store/mailotp.db \"{statement}\""))
        .done();
}

#[test]
fn events_are_kept_as_long_as_the_configuration_says() {
    let site = Site::new("log.keep = \"30d\"\n");
    let sheet = site.sheet("alice");
    let login = site.verdict("imap", "alice", HOME, &sheet.codes[0]);
    assert_eq!(login, "PAM_SUCCESS");
    sql(&site, "UPDATE event SET time = time - 29 * 86400");
    assert_eq!(maintain(&site)["events"], 0);
    let events = site.events().len();
    sql(
        &site,
        "UPDATE event SET time = time - 2 * 86400 WHERE id = (SELECT min(id) FROM event)",
    );
    assert_eq!(maintain(&site)["events"], 1);
    assert_eq!(site.events().len(), events - 1);
    let again = site.verdict("imap", "alice", HOME, &sheet.codes[1]);
    assert_eq!(again, "PAM_SUCCESS", "nothing else was forgotten");
    assert_eq!(
        site.verdict("imap", "alice", ELSEWHERE, &sheet.codes[0]),
        "PAM_AUTH_ERR"
    );
}

#[test]
fn what_runs_low_is_told_when_it_was_used_and_not_again() {
    let site = Site::new("");
    let sheet = site.sheet_with("alice", &["--count", "4"]);
    site.sheet_with("bob", &["--count", "4"]);
    assert_eq!(maintain(&site)["low"], 0);
    sleep(A_MOMENT);
    for code in &sheet.codes[..2] {
        assert_eq!(site.verdict("imap", "alice", HOME, code), "PAM_SUCCESS");
    }
    sleep(A_MOMENT);
    assert_eq!(maintain(&site)["low"], 1);
    sleep(A_MOMENT);
    assert_eq!(maintain(&site)["low"], 0);
}

#[test]
fn replays_of_a_code_are_told_once_with_their_number() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    let login = |from: &str| site.verdict("imap", "alice", from, &sheet.codes[0]);
    assert_eq!(login(HOME), "PAM_SUCCESS");
    for last in 1..=5 {
        assert_eq!(login(&format!("198.51.100.{last}")), "PAM_AUTH_ERR");
    }
    sleep(A_MOMENT);
    assert_eq!(maintain(&site)["replays"], 1);
    sleep(A_MOMENT);
    assert_eq!(maintain(&site)["replays"], 0);
}

#[test]
fn logins_go_on_while_it_runs_and_people_are_told_in_words() {
    let site = Site::new("");
    let phone = site.app_password("alice", &[]);
    let said = site.cli(["maintain"]).done();
    assert!(said.stdout.contains("forgotten"), "{said:?}");
    let login = site.verdict("imap", "alice", HOME, &phone.secret);
    assert_eq!(login, "PAM_SUCCESS");
}

#[test]
fn a_renamed_account_keeps_what_it_has_and_its_log() {
    let site = Site::new("");
    let (phone, sheet) = (site.app_password("alice", &["phone"]), site.sheet("alice"));
    site.app_password("bob", &[]);
    site.cli(["--json", "user", "rename", "alice", "bob"])
        .error(1);
    site.cli(["--json", "user", "rename", "alcie", "x"])
        .error(4);
    site.cli(["--json", "user", "rename", "alice", "a/b"])
        .error(2);
    let renamed = site
        .cli(["--json", "user", "rename", "Alice", "Alice.Miller"])
        .json();
    assert_eq!(renamed, json!({"account": "alice.miller", "was": "alice"}));
    for (secret, code) in [
        (&phone.secret, "PAM_SUCCESS"),
        (&sheet.codes[0], "PAM_SUCCESS"),
    ] {
        assert_eq!(site.verdict("imap", "alice.miller", HOME, secret), code);
    }
    assert_eq!(
        site.verdict("imap", "alice", HOME, &phone.secret),
        "PAM_AUTH_ERR"
    );
    let log = site
        .cli(["--json", "--user", "alice.miller", "log"])
        .json_lines();
    let reasons: Vec<&str> = log
        .iter()
        .filter_map(|event| event["reason"].as_str())
        .collect();
    assert!(
        reasons.contains(&"added") && reasons.contains(&"account-renamed"),
        "{reasons:?}"
    );
    site.cli(["--json", "--user", "alice", "show"]).error(4);
}

#[test]
fn a_removed_account_is_gone_with_its_log_and_its_name_is_free() {
    let site = Site::new("");
    let (phone, sheet) = (site.app_password("alice", &[]), site.sheet("alice"));
    let other = site.app_password("bob", &[]);
    let login = |user: &str, secret: &str| site.verdict("imap", user, HOME, secret);
    assert_eq!(login("alice", &sheet.codes[0]), "PAM_SUCCESS");
    site.cli(["--json", "user", "remove", "alcie"]).error(4);
    let removed = site.cli(["--json", "user", "remove", "alice"]).json();
    assert_eq!(removed, json!({"removed": "alice"}));
    for secret in [&phone.secret, &sheet.codes[0], &sheet.codes[1]] {
        assert_eq!(login("alice", secret), "PAM_AUTH_ERR");
    }
    assert_eq!(login("bob", &other.secret), "PAM_SUCCESS");
    site.cli(["--json", "--user", "alice", "show"]).error(4);
    let about = site
        .events()
        .into_iter()
        .filter(|event| event["account"] == "alice");
    let left: Vec<Value> = about.filter(|event| event["result"] != "changed").collect();
    assert!(left.is_empty(), "{left:?}");
    site.cli(["--user", "alice", "--new", "add", "sheet", "--count", "1"])
        .done();
    assert_eq!(login("alice", &phone.secret), "PAM_AUTH_ERR");
}
