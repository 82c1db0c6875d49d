//! `challenge`

use harness::site::Site;
use serde_json::{Value, json};

use crate::HOME;

#[test]
fn it_says_what_is_due_as_the_prompt_does() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    for (index, code) in sheet.codes.iter().take(3).enumerate() {
        let due = site.json("alice", &["challenge"]);
        assert_eq!(
            due["sheets"],
            json!([{"name": sheet.name, "number": index + 1}])
        );
        assert_eq!(due["sequence"], Value::Null);
        let login = site.login("imap", "alice", HOME, code);
        assert_eq!(due["prompt"], login.prompt());
    }
    let said = site.cli(["--user", "alice", "challenge"]).done().stdout;
    assert!(said.contains(&sheet.name) && said.contains('4'), "{said}");
}

#[test]
fn it_makes_nothing_up_for_the_owner() {
    let site = Site::new("");
    site.app_password("alice", &[]);
    let due = site.json("alice", &["challenge"]);
    assert_eq!(due["sheets"], json!([]));
}

#[test]
fn there_is_none_for_an_account_that_is_not_there() {
    let site = Site::new("");
    site.cli(["--json", "--user", "alice", "challenge"])
        .error(4);
}
