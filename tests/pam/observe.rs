//! Observe mode: everything is judged, and nobody is kept out.

use std::fs;

use harness::enrol::wrong_codes;
use harness::host::{Answer, Request};
use harness::site::Site;

use crate::{ELSEWHERE, HOME};

fn goes_on(site: &Site, typed: &str) {
    let reply = site.login("imap", "alice", HOME, typed);
    assert_eq!(reply.verdict(), "PAM_IGNORE", "{typed:?}");
    assert_eq!(reply.handed_on().as_deref(), Some(typed));
}

#[test]
fn a_refusal_goes_on_and_the_event_says_what_it_would_have_been() {
    let site = Site::new("mode = \"observe\"\n");
    site.sheet("alice");
    goes_on(&site, "correct horse");
    let event = site.last_login();
    assert_eq!(event["result"], "passed");
    assert!(
        event["reason"]
            .as_str()
            .is_some_and(|reason| !reason.is_empty()),
        "{event}"
    );
    let would = site.cli(["--json", "log", "--would-refuse"]).json_lines();
    assert_eq!(would.len(), 1, "{would:?}");
}

#[test]
fn what_is_right_succeeds_and_spent_codes_stay_spent() {
    let site = Site::new("mode = \"observe\"\n");
    let sheet = site.sheet("alice");
    assert_eq!(
        site.verdict("imap", "alice", HOME, &sheet.codes[0]),
        "PAM_SUCCESS"
    );
    assert_eq!(
        site.verdict("imap", "alice", ELSEWHERE, &sheet.codes[0]),
        "PAM_IGNORE"
    );
    let would = site.cli(["--json", "log", "--would-refuse"]).json_lines();
    assert_eq!(would.len(), 1, "{would:?}");
}

#[test]
fn a_rule_that_denies_goes_on() {
    for toml in [
        "[[rule]]\naccept = []\n",
        "[[rule]]\nfrom = [\"local\"]\naccept = [\"otp\"]\n",
    ] {
        let site = Site::new(&format!("mode = \"observe\"\n{toml}"));
        goes_on(&site, "correct horse");
    }
}

#[test]
fn a_used_up_budget_goes_on() {
    let site = Site::new("mode = \"observe\"\n");
    site.sheet("alice");
    for code in wrong_codes(12) {
        goes_on(&site, &code);
    }
}

#[test]
fn a_broken_store_or_key_goes_on() {
    let site = Site::new("mode = \"observe\"\n");
    site.chmod("mailotp.key", 0o644);
    goes_on(&site, "correct horse");
    site.chmod("mailotp.key", 0o600);
    let store = site.path("store/mailotp.db");
    fs::rename(&store, site.path("aside")).expect("the store is there");
    goes_on(&site, "correct horse");
}

#[test]
fn a_broken_configuration_does_not() {
    let site = Site::new("mode = \"observe\"\n");
    site.configure("mode = \"observe\"\ncolour = \"blue\"\n");
    let verdict = site.verdict("imap", "alice", HOME, "correct horse");
    assert_eq!(verdict, "PAM_AUTHINFO_UNAVAIL");
}

#[test]
fn a_failed_conversation_hands_nothing_on() {
    let site = Site::new("mode = \"observe\"\n");
    let request = Request::new("imap", "alice")
        .from(HOME)
        .converse(Answer::Fails);
    let reply = site.ask(request);
    assert!(
        reply.handed_on.is_none_or(|typed| typed.is_empty()),
        "nothing was typed"
    );
}

#[test]
fn init_on_an_empty_machine_locks_nobody_out() {
    let site = Site::bare();
    site.cli(["init"]).done();
    goes_on(&site, "correct horse");
    site.sheet("alice");
    goes_on(&site, "correct horse");
}
