//! `grace list` and `grace end`

use harness::site::Site;
use serde_json::json;

use crate::HOME;

const ELSEWHERE: &str = "2001:db8::7";

/// A site with two windows, and the codes that opened them.
fn site() -> (Site, Vec<String>) {
    let site = Site::new("services.mail = [\"imap\", \"pop3\"]\n");
    let codes = site.sheet("alice").codes;
    for (code, from) in codes.iter().zip([HOME, ELSEWHERE]) {
        assert_eq!(site.verdict("imap", "alice", from, code), "PAM_SUCCESS");
    }
    (site, codes)
}

#[test]
fn the_list_says_where_each_window_is_open_and_how_long() {
    let (site, _) = site();
    let list = site.json("alice", &["grace", "list"]);
    let windows = list.as_array().expect("a list");
    assert_eq!(windows.len(), 2, "{list}");
    for remote in [HOME, ELSEWHERE] {
        let window = windows.iter().find(|window| window["remote"] == remote);
        let window = window.expect("a window for each address");
        let service = window["service"].as_str();
        assert!(["imap", "mail"].map(Some).contains(&service), "{window}");
        for key in ["id", "credential", "opened", "idle_until", "until"] {
            assert!(!window[key].is_null(), "{key}: {window}");
        }
        let times = ["opened", "idle_until", "until"].map(|key| window[key].as_str());
        assert!(times.is_sorted(), "{window}");
    }
    let said = site.cli(["--user", "alice", "grace", "list"]).done().stdout;
    assert!(said.contains(HOME) && said.contains(ELSEWHERE), "{said}");
}

#[test]
fn end_shuts_the_one_that_is_named() {
    let (site, codes) = site();
    let list = site.json("alice", &["grace", "list"]);
    let mut windows = list.as_array().expect("a list").iter();
    let window = windows.find(|window| window["remote"] == HOME);
    let id = &window.expect("it is open")["id"];
    let words = ["--json", "--user", "alice", "grace", "end"];
    let id_text = id
        .as_str()
        .map_or_else(|| id.to_string(), ToOwned::to_owned);
    let ended = site.cli(words.into_iter().chain([id_text.as_str()])).json();
    assert_eq!(ended, json!({"ended": [id]}));
    assert_eq!(
        site.verdict("imap", "alice", HOME, &codes[0]),
        "PAM_AUTH_ERR"
    );
    assert_eq!(
        site.verdict("imap", "alice", ELSEWHERE, &codes[1]),
        "PAM_SUCCESS"
    );
}

#[test]
fn end_shuts_all_of_the_account_and_no_other() {
    let (site, codes) = site();
    let bob = site.sheet("bob");
    assert_eq!(
        site.verdict("imap", "bob", HOME, &bob.codes[0]),
        "PAM_SUCCESS"
    );
    let ended = site.json("alice", &["grace", "end"]);
    assert_eq!(ended["ended"].as_array().map(Vec::len), Some(2));
    assert_eq!(site.json("alice", &["grace", "list"]), json!([]));
    for (code, from) in codes.iter().zip([HOME, ELSEWHERE]) {
        assert_eq!(site.verdict("imap", "alice", from, code), "PAM_AUTH_ERR");
    }
    assert_eq!(
        site.verdict("imap", "bob", HOME, &bob.codes[0]),
        "PAM_SUCCESS"
    );
}

#[test]
fn a_window_that_is_not_there_or_somebody_elses_is_no_such_thing() {
    let (site, _) = site();
    site.sheet("bob");
    let list = site.json("alice", &["grace", "list"]);
    let id = list[0]["id"]
        .as_str()
        .map_or_else(|| list[0]["id"].to_string(), ToOwned::to_owned);
    site.cli(["--json", "--user", "bob", "grace", "end", &id])
        .error(4);
    site.cli(["--json", "--user", "alice", "grace", "end", "999999"])
        .error(4);
    assert_eq!(
        site.json("alice", &["grace", "list"])
            .as_array()
            .map(Vec::len),
        Some(2)
    );
}
