//! `log`

use harness::site::Site;
use serde_json::Value;

use crate::HOME;

/// The events that this command line shows.
fn log(site: &Site, arguments: &[&str]) -> Vec<Value> {
    let words = ["--json", "log"].iter().chain(arguments);
    site.cli(words.copied()).json_lines()
}

fn results(events: &[Value]) -> Vec<&str> {
    events
        .iter()
        .filter_map(|event| event["result"].as_str())
        .collect()
}

#[test]
fn every_answer_leaves_an_event() {
    let site = Site::new(
        "[[rule]]\nservices = [\"imap\"]\naccept = [\"otp\", \"app-password\"]\n\
         [[rule]]\nservices = [\"pop3\"]\naccept = [\"password\"]\n",
    );
    let sheet = site.sheet("alice");
    let code = sheet.codes[0].as_str();
    for (service, typed, result) in [
        ("imap", code, "accepted"),
        ("imap", code, "continued"),
        ("imap", "wrzng-00001", "refused"),
        ("pop3", "correct horse", "passed"),
        ("sieve", code, "denied"),
    ] {
        let _ = site.login(service, "alice", HOME, typed);
        let event = site.last_login();
        assert_eq!(event["result"], result, "{event}");
        assert_eq!(event["service"], service);
        assert_eq!(event["account"], "alice");
        assert_eq!(event["remote"], HOME);
        assert_eq!(event["count"], 1);
        assert!(
            event["time"]
                .as_str()
                .is_some_and(|time| time.ends_with('Z')),
            "{event}"
        );
        for key in ["host", "actor", "reason"] {
            assert!(event.get(key).is_some(), "{key}: {event}");
        }
    }
    for code in harness::enrol::wrong_codes(12) {
        let _ = site.login("imap", "alice", HOME, code);
    }
    assert_eq!(site.last_login()["result"], "throttled");
}

#[test]
fn an_event_names_rule_kind_and_credential() {
    let site = Site::new("[[rule]]\nname = \"everywhere\"\naccept = [\"otp\"]\n");
    let sheet = site.sheet("alice");
    let _ = site.login("imap", "alice", HOME, &sheet.codes[0]);
    let event = site.last_login();
    assert_eq!(event["rule"], "everywhere");
    assert_eq!(event["kind"], "sheet");
    assert_eq!(event["credential"], sheet.id.as_str());
}

#[test]
fn logins_of_one_window_within_a_minute_are_one_event() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    for _ in 0..6 {
        let _ = site.login("imap", "alice", HOME, &sheet.codes[0]);
    }
    let events = log(&site, &["--service", "imap"]);
    assert_eq!(results(&events), ["accepted", "continued"]);
    assert_eq!(events[1]["count"], 5);
}

#[test]
fn administration_leaves_events_too() {
    let site = Site::new("");
    let app = site.app_password("alice", &["phone"]);
    site.json("alice", &["rename", "phone", "tablet"]);
    site.json("alice", &["revoke", "tablet"]);
    let mut events = site.events();
    events.retain(|event| event["credential"] == app.id.as_str());
    assert!(events.len() >= 3, "made, renamed, revoked: {events:?}");
    assert!(
        results(&events).iter().all(|result| *result == "changed"),
        "{events:?}"
    );
    assert!(
        events.iter().all(|event| event["account"] == "alice"),
        "{events:?}"
    );
}

#[test]
fn it_can_be_narrowed() {
    let site = Site::new("");
    let (alice, bob) = (site.sheet("alice"), site.sheet("bob"));
    for (service, user, code) in [
        ("imap", "alice", &alice.codes[0]),
        ("pop3", "alice", &alice.codes[1]),
        ("imap", "bob", &bob.codes[0]),
    ] {
        assert_eq!(site.verdict(service, user, HOME, code), "PAM_SUCCESS");
    }
    let services = log(&site, &["--service", "imap"]);
    assert_eq!(services.len(), 2, "{services:?}");
    let mine = site.cli(["--json", "--user", "alice", "log"]).json_lines();
    assert!(
        mine.iter().all(|event| event["account"] == "alice"),
        "{mine:?}"
    );
    let last = log(&site, &["--limit", "1"]);
    assert_eq!(last, site.events().split_off(site.events().len() - 1));
    assert_eq!(log(&site, &["--since", "1h"]), site.events());
    assert_eq!(log(&site, &["--since", "2999-01-01"]), [] as [Value; 0]);
    assert_eq!(log(&site, &["--would-refuse"]), [] as [Value; 0]);
}

#[test]
fn it_shows_the_oldest_first() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    for code in &sheet.codes[..3] {
        let _ = site.login("imap", "alice", HOME, code);
    }
    let events = site.events();
    assert!(
        events
            .iter()
            .map(|event| event["time"].as_str())
            .is_sorted(),
        "{events:?}"
    );
    assert_eq!(
        events.first().map(|event| &event["result"]),
        Some(&Value::from("changed"))
    );
}

#[test]
fn it_is_readable_for_people() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    let _ = site.login("imap", "alice", HOME, &sheet.codes[0]);
    let said = site.cli(["log"]).done().stdout;
    let line = said.lines().rfind(|line| line.contains("accepted"));
    let line = line.unwrap_or_else(|| panic!("{said}"));
    for part in ["alice", "imap", HOME] {
        assert!(line.contains(part), "{part}: {line}");
    }
}

/// CVE-2008-1218 Dovecot: what a stranger sends never shapes a line of ours.
#[test]
fn cve_2008_1218_it_holds_no_control_characters_whatever_was_sent() {
    let site = Site::new("");
    site.sheet("alice");
    for from in ["\u{1b}[2J", "a\nb", "\u{9b}31m"] {
        let _ = site.login("imap", "alice", from, "wrzng-00001");
    }
    let said = site.cli(["log"]).done().stdout;
    assert!(
        !said.contains(|letter: char| letter.is_control() && letter != '\n'),
        "{said:?}"
    );
}

#[test]
fn strangers_do_not_fill_it() {
    let site = Site::new("");
    site.sheet("alice");
    let before = site.events().len();
    for number in 0..5 {
        let _ = site.login("imap", &format!("stranger{number}"), HOME, "wrzng-00001");
    }
    assert_eq!(site.events().len(), before);
}
