//! Kill codes: typed anywhere, they revoke a sheet that was lost.

use harness::enrol::{Sheet, wrong_codes};
use harness::host::Request;
use harness::site::Site;

use crate::{ELSEWHERE, HOME, PASSWORD_TOO};

fn sheet(site: &Site, user: &str) -> Sheet {
    site.sheet_with(user, &["--count", "2"])
}

/// Whether the sheet is among what the account has.
fn lives(site: &Site, user: &str, sheet: &Sheet) -> bool {
    let shown = site.json(user, &["show"]);
    let mut all = shown["credentials"].as_array().expect("a list").iter();
    all.any(|credential| credential["id"] == sheet.id.as_str())
}

#[test]
fn in_every_service_it_revokes_its_sheet_and_no_other() {
    let site = Site::new("");
    let kept = sheet(&site, "alice");
    for service in ["imap", "pop3", "submission", "sieve", "webmail"] {
        let lost = sheet(&site, "alice");
        let verdict = site.verdict(service, "alice", ELSEWHERE, &lost.kill);
        assert_eq!(verdict, "PAM_AUTH_ERR", "{service}");
        let event = site.last_login();
        assert_eq!(event["reason"], "killed");
        assert_eq!(event["credential"], lost.id.as_str());
        assert_eq!(event["service"], service);
        assert!(!lives(&site, "alice", &lost), "{service}");
        let dead = site.verdict(service, "alice", HOME, &lost.codes[0]);
        assert_eq!(dead, "PAM_AUTH_ERR", "{service}");
    }
    let verdict = site.verdict("imap", "alice", HOME, &kept.codes[0]);
    assert_eq!(verdict, "PAM_SUCCESS");
}

#[test]
fn the_answer_is_that_of_a_wrong_code_whatever_the_rules_say() {
    let nothing = "[[rule]]\nname = \"nothing\"\naccept = []\n";
    let nowhere = "[[rule]]\nfrom = [\"local\"]\naccept = [\"otp\"]\n";
    let phones = "[[rule]]\naccept = [\"app-password\"]\n";
    for (toml, verdict) in [
        ("mode = \"observe\"\n", "PAM_IGNORE"),
        (nothing, "PAM_PERM_DENIED"),
        (nowhere, "PAM_PERM_DENIED"),
        (phones, "PAM_AUTH_ERR"),
        (PASSWORD_TOO, "PAM_IGNORE"),
    ] {
        let site = Site::new(toml);
        let lost = sheet(&site, "alice");
        let wrong = site.login("imap", "alice", HOME, "wrzng-00001");
        let killed = site.login("imap", "alice", HOME, &lost.kill);
        assert_eq!([wrong.verdict(), killed.verdict()], [verdict; 2], "{toml}");
        assert_eq!(wrong.prompt(), killed.prompt(), "{toml}");
        assert!(!lives(&site, "alice", &lost), "{toml}");
    }
}

#[test]
fn it_is_read_in_any_case_and_spacing() {
    let site = Site::new("");
    for spell in [
        str::to_uppercase,
        |code: &str| code.replace('-', ""),
        |code: &str| format!(" {} ", code.replace('-', "  ")),
        |code: &str| code.replace('0', "O").replace('1', "l"),
    ] {
        let lost = sheet(&site, "alice");
        let typed = spell(&lost.kill);
        let verdict = site.verdict("imap", "alice", HOME, &typed);
        assert_eq!(verdict, "PAM_AUTH_ERR", "{typed}");
        assert!(!lives(&site, "alice", &lost), "{typed}");
    }
}

#[test]
fn it_ends_the_windows_of_its_sheet() {
    let site = Site::new("");
    let (lost, kept) = (sheet(&site, "alice"), sheet(&site, "alice"));
    for code in [&lost.codes[0], &kept.codes[0]] {
        assert_eq!(site.verdict("imap", "alice", HOME, code), "PAM_SUCCESS");
    }
    site.login("imap", "alice", ELSEWHERE, &lost.kill);
    for (code, verdict) in [
        (&lost.codes[0], "PAM_AUTH_ERR"),
        (&kept.codes[0], "PAM_SUCCESS"),
    ] {
        assert_eq!(site.verdict("imap", "alice", HOME, code), verdict);
    }
}

#[test]
fn typed_for_somebody_else_it_does_nothing() {
    let site = Site::new("");
    let (alice, bob) = (sheet(&site, "alice"), sheet(&site, "bob"));
    for user in ["bob", "nobody-knows-me"] {
        let verdict = site.verdict("imap", user, HOME, &alice.kill);
        assert_eq!(verdict, "PAM_AUTH_ERR", "{user}");
    }
    assert!(lives(&site, "alice", &alice) && lives(&site, "bob", &bob));
    let verdict = site.verdict("imap", "alice", HOME, &alice.codes[0]);
    assert_eq!(verdict, "PAM_SUCCESS");
}

#[test]
fn the_gate_does_not_hear_it() {
    for toml in [
        "",
        "mode = \"observe\"\n",
        PASSWORD_TOO,
        "[[rule]]\naccept = []\n",
    ] {
        let site = Site::new(toml);
        let sheet = sheet(&site, "alice");
        site.gate("mailotp-imap-challenge", "");
        let request = Request::new("mailotp-imap-challenge", "alice").from(HOME);
        let reply = site.ask(request.answer(&sheet.kill));
        assert_ne!(reply.verdict(), "PAM_SUCCESS", "{toml}");
        assert!(lives(&site, "alice", &sheet), "{toml}");
    }
}

#[test]
fn one_that_was_mistyped_is_a_wrong_code() {
    let site = Site::new("");
    let sheet = sheet(&site, "alice");
    let swaps = (4..sheet.kill.len()).filter(|index| !sheet.kill[*index..].starts_with('-'));
    for index in swaps {
        let mut typed = sheet.kill.clone();
        let other = if typed[index..].starts_with('7') {
            "8"
        } else {
            "7"
        };
        typed.replace_range(index..=index, other);
        let verdict = site.verdict("imap", "alice", HOME, &typed);
        let charged = ["PAM_AUTH_ERR", "PAM_MAXTRIES"];
        assert!(charged.contains(&&*verdict), "{typed}: {verdict}");
    }
    assert!(lives(&site, "alice", &sheet));
    site.cli(["user", "forgive", "alice"]).done();
    let verdict = site.verdict("imap", "alice", HOME, &sheet.codes[0]);
    assert_eq!(verdict, "PAM_SUCCESS");
}

#[test]
fn nothing_before_or_behind_it_makes_it_one() {
    let site = Site::new("");
    let sheet = sheet(&site, "alice");
    for typed in [
        format!("horse{}", sheet.kill),
        format!("{}0", sheet.kill),
        sheet.kill[1..].to_owned(),
    ] {
        let verdict = site.verdict("imap", "alice", HOME, &typed);
        assert_eq!(verdict, "PAM_AUTH_ERR", "{typed}");
    }
    assert!(lives(&site, "alice", &sheet));
}

/// Whoever has lost a sheet has perhaps lost patience, too.
#[test]
fn it_works_where_no_guesses_are_left_and_on_a_locked_account() {
    let site = Site::new("");
    let (first, second) = (sheet(&site, "alice"), sheet(&site, "alice"));
    for code in wrong_codes(11) {
        site.login("imap", "alice", HOME, code);
    }
    let out = site.verdict("imap", "alice", HOME, &first.codes[0]);
    assert_eq!(out, "PAM_MAXTRIES");
    site.login("imap", "alice", HOME, &first.kill);
    assert!(!lives(&site, "alice", &first));
    site.cli(["user", "lock", "alice"]).done();
    let locked = site.verdict("imap", "alice", ELSEWHERE, &second.kill);
    assert_eq!(locked, "PAM_AUTH_ERR");
    assert!(!lives(&site, "alice", &second));
}

#[test]
fn under_an_alias_it_means_the_account_and_the_alias_is_not_spent() {
    let site = Site::new("");
    let (lost, kept) = (sheet(&site, "alice"), sheet(&site, "alice"));
    let aliases = site.aliases("alice");
    let alias = &aliases.names[0];
    let reply = site.login("imap", alias, ELSEWHERE, &lost.kill);
    assert_eq!(reply.verdict(), "PAM_AUTH_ERR");
    assert_eq!(reply.user.as_deref(), Some(alias.as_bytes()));
    assert!(!lives(&site, "alice", &lost));
    assert_eq!(site.left("alice", &aliases.id), Some(4));
    let verdict = site.verdict("imap", alias, ELSEWHERE, &kept.codes[0]);
    assert_eq!(verdict, "PAM_SUCCESS");
}

#[test]
fn typed_again_it_is_a_wrong_code() {
    let site = Site::new("");
    let lost = sheet(&site, "alice");
    for reason in ["killed", "wrong"] {
        let verdict = site.verdict("imap", "alice", HOME, &lost.kill);
        assert_eq!(verdict, "PAM_AUTH_ERR");
        assert_eq!(site.last_login()["reason"], reason);
    }
}
