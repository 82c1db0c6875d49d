//! Observe mode: everything is judged, and nobody is kept out.

use std::fs;

use harness::enrol::wrong_codes;
use harness::host::{Answer, Phase, Request};
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

/// Users whom mailotp does not know are those whom `enforce` locks out. A stranger's name is none of them:
/// only who was let in by the whole stack comes to the account phase.
#[test]
fn who_is_let_in_and_not_known_is_counted_and_a_stranger_is_not() {
    let site = Site::new("mode = \"observe\"\n");
    site.sheet("alice");
    let login = |user: &str, phases: &[Phase]| {
        let request = Request::new("imap", user)
            .from(HOME)
            .answer("correct horse")
            .phases(phases);
        for (phase, code) in site.ask(request).phases {
            assert_eq!(code, "PAM_SUCCESS", "{user}: {phase:?}");
        }
    };
    let whole = [Phase::Authenticate, Phase::Account];
    login("carol", &whole);
    login("Carol", &whole);
    login("bob", &whole);
    login("root", &whole);
    login("stranger", &[Phase::Authenticate]);
    login("cron", &[Phase::Account]);
    let would = || site.cli(["--json", "log", "--would-refuse"]).json_lines();
    let names = || -> Vec<(String, u64)> {
        let row = |line: &serde_json::Value| {
            let name = line["account"].as_str().expect("a name").to_owned();
            (name, line["count"].as_u64().expect("a count"))
        };
        would().iter().map(row).collect()
    };
    assert_eq!(names(), [("bob".to_owned(), 1), ("carol".to_owned(), 2)]);
    let last = &would()[1]["last"];
    assert_eq!(last["would"], "refused");
    assert_eq!(last["reason"], "not-enrolled");
    assert_eq!(last["service"], "imap");
    assert_eq!(last["remote"], HOME);
    assert_eq!(
        site.cli(["--json", "--user", "carol", "log", "--would-refuse"])
            .json_lines()
            .len(),
        1
    );
    let said = site.cli(["log", "--would-refuse"]).done().stdout;
    assert!(
        said.contains("carol") && said.contains("not-enrolled"),
        "{said}"
    );

    // Once enrolled, it is the account's own events that count.
    site.sheet("carol");
    assert_eq!(names(), [("bob".to_owned(), 1)]);
}

#[test]
fn nobody_is_counted_whom_enforce_mode_would_let_in() {
    for toml in [
        "[users]\nenrolment = \"optional\"\n",
        "[[rule]]\naccept = [\"password\", \"otp\"]\n",
    ] {
        let site = Site::new(&format!("mode = \"observe\"\n{toml}"));
        let request = Request::new("imap", "carol")
            .from(HOME)
            .answer("correct horse")
            .phases(&[Phase::Authenticate, Phase::Account]);
        assert_eq!(site.ask(request).of(Phase::Account), "PAM_SUCCESS");
        let would = site.cli(["--json", "log", "--would-refuse"]).json_lines();
        assert!(would.is_empty(), "{would:?}");
    }
}

#[test]
fn a_rule_that_denies_is_the_reason_that_is_counted() {
    let site = Site::new("[[rule]]\nname = \"shut\"\nmode = \"observe\"\naccept = []\n");
    let request = Request::new("imap", "carol")
        .from(HOME)
        .answer("correct horse")
        .phases(&[Phase::Authenticate, Phase::Account]);
    assert_eq!(site.ask(request).of(Phase::Account), "PAM_SUCCESS");
    let would = site.cli(["--json", "log", "--would-refuse"]).json_lines();
    assert_eq!(would.len(), 1, "{would:?}");
    assert_eq!(would[0]["last"]["would"], "denied");
    assert_eq!(would[0]["last"]["rule"], "shut");
}

#[test]
fn use_first_pass_goes_on_where_no_module_before_has_asked() {
    let site = Site::new("mode = \"observe\"\n");
    site.guard("imap", "use_first_pass");
    let reply = site.login("imap", "alice", HOME, "correct horse");
    assert_eq!(
        reply.of(Phase::Authenticate),
        "PAM_SUCCESS",
        "the next module"
    );
}
