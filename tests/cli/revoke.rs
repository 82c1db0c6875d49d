//! `revoke`

use harness::site::Site;
use serde_json::json;

use crate::HOME;

#[test]
fn it_takes_ids_and_labels() {
    let site = Site::new("");
    let app = site.app_password("alice", &["phone"]);
    let sheet = site.sheet_with("alice", &["purse"]);
    let kept = site.app_password("alice", &["laptop"]);
    let revoked = site.json("alice", &["revoke", "phone", &sheet.id]);
    assert_eq!(revoked, json!({"revoked": [app.id, sheet.id]}));
    for secret in [&app.secret, &sheet.codes[0]] {
        assert_eq!(site.verdict("imap", "alice", HOME, secret), "PAM_AUTH_ERR");
    }
    assert_eq!(
        site.verdict("imap", "alice", HOME, &kept.secret),
        "PAM_SUCCESS"
    );
}

#[test]
fn all_means_all_of_this_account() {
    let site = Site::new("");
    let mine = [
        site.app_password("alice", &[]),
        site.app_password("alice", &[]),
    ];
    let other = site.app_password("bob", &[]);
    let revoked = site.json("alice", &["revoke", "--all"]);
    assert_eq!(revoked["revoked"].as_array().map(Vec::len), Some(2));
    for app in mine {
        assert_eq!(
            site.verdict("imap", "alice", HOME, &app.secret),
            "PAM_AUTH_ERR"
        );
    }
    assert_eq!(
        site.verdict("imap", "bob", HOME, &other.secret),
        "PAM_SUCCESS"
    );
}

#[test]
fn one_that_is_not_there_leaves_the_others_untouched() {
    let site = Site::new("");
    let app = site.app_password("alice", &["phone"]);
    let other = site.app_password("bob", &["laptop"]);
    for name in ["laptop", &other.id, "no such thing"] {
        site.cli(["--json", "--user", "alice", "revoke", "phone", name])
            .error(4);
    }
    assert_eq!(
        site.verdict("imap", "alice", HOME, &app.secret),
        "PAM_SUCCESS"
    );
    assert_eq!(
        site.verdict("imap", "bob", HOME, &other.secret),
        "PAM_SUCCESS"
    );
}

#[test]
fn nothing_named_is_wrong_usage() {
    let site = Site::new("");
    site.sheet("alice");
    site.cli(["--json", "--user", "alice", "revoke"]).error(2);
}

#[test]
fn its_label_is_free_again() {
    let site = Site::new("");
    site.app_password("alice", &["phone"]);
    site.json("alice", &["revoke", "phone"]);
    let new = site.app_password("alice", &["phone"]);
    assert_eq!(
        site.verdict("imap", "alice", HOME, &new.secret),
        "PAM_SUCCESS"
    );
}
