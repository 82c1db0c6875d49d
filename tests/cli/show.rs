//! `show` and `rename`

use harness::site::Site;
use serde_json::{Value, json};

use crate::HOME;

/// The credential of this ID.
fn credential(site: &Site, id: &str) -> Value {
    let shown = site.json("alice", &["show"]);
    let all = shown["credentials"].as_array().expect("a list").iter();
    let mut found: Vec<&Value> = all.filter(|credential| credential["id"] == id).collect();
    assert_eq!(found.len(), 1, "{shown}");
    found.remove(0).clone()
}

#[test]
fn the_json_names_the_account_and_everything_it_has() {
    let site = Site::new("");
    let sheet = site.sheet_with("alice", &["purse"]);
    let app = site.app_password(
        "alice",
        &["phone", "--service", "imap", "--from", "2001:db8::/32"],
    );
    let totp = site.totp("alice");
    let shown = site.json("alice", &["show"]);
    assert_eq!(shown["account"], "alice");
    assert_eq!(shown["locked"], false);
    assert!(!shown["budget"].is_null(), "{shown}");
    assert_eq!(shown["credentials"].as_array().map(Vec::len), Some(3));
    let app = credential(&site, &app.id);
    assert_eq!(app["kind"], "app-password");
    assert_eq!(app["label"], "phone");
    assert_eq!(app["services"], json!(["imap"]));
    assert_eq!(app["from"], json!(["2001:db8::/32"]));
    assert_eq!(app["last_used"], Value::Null);
    assert_eq!(credential(&site, &totp.id)["kind"], "totp");
    assert!(
        app["created"]
            .as_str()
            .is_some_and(|when| when.ends_with('Z')),
        "{app}"
    );
    assert_eq!(credential(&site, &sheet.id)["left"], 50);
}

#[test]
fn a_login_shows_in_what_is_left_and_when_it_was() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    let app = site.app_password("alice", &["--max-logins", "5"]);
    for (id, secret, left) in [(&sheet.id, &sheet.codes[0], 9), (&app.id, &app.secret, 4)] {
        assert_eq!(site.verdict("imap", "alice", HOME, secret), "PAM_SUCCESS");
        let shown = credential(&site, id);
        assert_eq!(shown["left"], left, "{shown}");
        assert_eq!(shown["last_used"]["service"], "imap");
        assert_eq!(shown["last_used"]["remote"], HOME);
        assert!(
            shown["last_used"]["at"]
                .as_str()
                .is_some_and(|when| when.ends_with('Z'))
        );
    }
}

#[test]
fn people_see_the_same_and_no_secret() {
    let site = Site::new("");
    let sheet = site.sheet_with("alice", &["purse"]);
    let app = site.app_password("alice", &["phone"]);
    let shown = site.cli(["--user", "alice", "show"]).done().stdout;
    for part in ["purse", "phone", "sheet", "app-password", &sheet.id, "50"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(
        !shown.contains(&sheet.codes[0]) && !shown.contains(&app.secret),
        "{shown}"
    );
}

#[test]
fn names_are_folded_here_too() {
    let site = Site::new("users.domain = \"example.com\"\n");
    site.sheet("alice");
    for name in ["ALICE", "alice@example.com"] {
        assert_eq!(site.json(name, &["show"])["account"], "alice");
    }
}

#[test]
fn rename_changes_the_label_and_nothing_else() {
    let site = Site::new("");
    let app = site.app_password("alice", &["phone"]);
    let renamed = site.json("alice", &["rename", "phone", "old phone"]);
    assert_eq!(renamed, json!({"id": app.id, "label": "old phone"}));
    assert_eq!(credential(&site, &app.id)["label"], "old phone");
    assert_eq!(
        site.verdict("imap", "alice", HOME, &app.secret),
        "PAM_SUCCESS"
    );
    site.json("alice", &["rename", &app.id, "phone"]);
    assert_eq!(credential(&site, &app.id)["label"], "phone");
}

#[test]
fn rename_to_a_label_that_is_taken_or_of_a_thing_that_is_not_there_fails() {
    let site = Site::new("");
    site.app_password("alice", &["phone"]);
    site.app_password("alice", &["tablet"]);
    site.app_password("bob", &["laptop"]);
    site.cli(["--json", "--user", "alice", "rename", "phone", "tablet"])
        .error(1);
    site.cli(["--json", "--user", "alice", "rename", "laptop", "mine"])
        .error(4);
}
