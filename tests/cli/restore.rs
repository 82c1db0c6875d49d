//! `restore`: everything comes back, and nothing that was spent since lets anybody in.

use std::fs;

use harness::host::Request;
use harness::site::Site;
use harness::tool::tool;

use crate::HOME;
use crate::backup::{RESTORE, backup, login, put, restored};

/// How many logins had this reason.
fn count(site: &Site, reason: &str) -> u64 {
    let events = site.events();
    let such = events.iter().filter(|event| event["reason"] == reason);
    such.filter_map(|event| event["count"].as_u64()).sum()
}

#[test]
fn only_authenticators_go_on_until_somebody_has_looked() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    let phone = site.app_password("alice", &["phone"]);
    // Another account, or the step that it spends is spent for both.
    let totp = site.totp("bob");
    let spent = totp.code(0);
    assert_eq!(login(&site, "alice", &sheet.codes[0]), "in");
    let backup = backup(&site);
    assert_eq!(login(&site, "alice", &sheet.codes[1]), "in");
    assert_eq!(login(&site, "bob", &spent), "in");

    let new = restored(&backup);
    assert_eq!(login(&new, "bob", &spent), "refused");
    // The step in which the restore was is over, too.
    let next = (1..4).find(|periods| login(&new, "bob", &totp.code(*periods)) == "in");
    assert!(next.is_some(), "authenticators go on");
    for secret in [&sheet.codes[1], &sheet.codes[2], &phone.secret] {
        assert_eq!(login(&new, "alice", secret), "refused");
    }
    // The third is not the one that is due.
    assert_eq!(count(&new, "suspended"), 2);
    assert_eq!(
        login(&new, "alice", &sheet.codes[0]),
        "refused",
        "no window"
    );

    new.cli(["--user", "alice", "confirm", "phone"]).done();
    assert_eq!(login(&new, "alice", &phone.secret), "in");
    let confirm = ["--user", "alice", "confirm", &sheet.id, "--next", "3"];
    new.cli(confirm).done();
    assert_eq!(login(&new, "alice", &sheet.codes[1]), "refused");
    assert!(count(&new, "spent") > 1, "the authenticator's, and this");
    assert_eq!(login(&new, "alice", &sheet.codes[2]), "in");
    new.cli(confirm).exits(1);
}

#[test]
fn tokens_and_sequences_wait_too_and_go_on_from_what_their_owner_shows() {
    let site = Site::new("");
    let token = site.add("alice", &["hotp", "token", "--no-confirm"]);
    let uri = token["uri"].as_str().expect("a URI").to_owned();
    let (_, rest) = uri.split_once("secret=").expect("a URI holds the seed");
    let seed = rest.split('&').next().expect("a value");
    let code = |counter: u32| {
        let counter = counter.to_string();
        let output = tool("oathtool", "oathtool", &["--base32", "-c", &counter, seed]);
        output.done().stdout.trim().to_owned()
    };
    let phrase = "a pass phrase";
    let words = [
        "--json", "--user", "bob", "--new", "add", "sequence", "--count", "50",
    ];
    let mut due = site.cli_reading(&format!("{phrase}\n"), words).json()["challenge"]
        .as_str()
        .expect("a challenge")
        .to_owned();
    let response = |due: &str| {
        let output = site.cli_reading(&format!("{phrase}\n"), ["--json", "compute", due]);
        output.json()["hex"]
            .as_str()
            .expect("a response")
            .to_owned()
    };
    assert_eq!(login(&site, "alice", &code(0)), "in");
    assert_eq!(login(&site, "bob", &response(&due)), "in");
    let backup = backup(&site);
    due = site.json("bob", &["challenge"])["sequence"]
        .as_str()
        .expect("a challenge")
        .to_owned();
    let last = response(&due);
    assert_eq!(login(&site, "alice", &code(1)), "in");
    assert_eq!(login(&site, "bob", &last), "in");

    let new = restored(&backup);
    for (user, secret) in [("alice", code(1)), ("alice", code(2)), ("bob", last)] {
        assert_eq!(login(&new, user, &secret), "refused");
    }
    assert_eq!(count(&new, "suspended"), 3);
    new.cli_reading("000000\n", ["--user", "alice", "confirm", "token"])
        .exits(1);
    new.cli_reading(&code(2), ["--user", "alice", "confirm", "token"])
        .done();
    for spent in 1..=2 {
        assert_eq!(login(&new, "alice", &code(spent)), "refused");
    }
    assert_eq!(login(&new, "alice", &code(3)), "in");

    // Begun anew, it is its owner's again.
    let init = due.replace("otp-sha1 ", "");
    let (_, old_seed) = init.split_once(' ').expect("a count and a seed");
    assert_ne!(old_seed, "zz99");
    let line = site.cli_reading(
        &format!("{phrase}\n{phrase}\n"),
        ["--json", "compute", &due, "--init", "otp-sha1 40 zz99"],
    );
    let line = line.json()["response"].as_str().expect("a line").to_owned();
    new.cli_reading(&line, ["--user", "bob", "replace", "sequence"])
        .done();
    assert_eq!(login(&new, "bob", &response("otp-sha1 39 zz99")), "in");
}

#[test]
fn what_is_replaced_after_a_restore_is_gone_at_once() {
    let site = Site::new("");
    let phone = site.app_password("alice", &["phone"]);
    let new = restored(&backup(&site));
    let made = new.json("alice", &["replace", "phone"]);
    let secret = made["secret"].as_str().expect("a password");
    assert_eq!(login(&new, "alice", &phone.secret), "refused");
    assert!(count(&new, "revoked") > 0);
    assert_eq!(login(&new, "alice", secret), "in");
    let shown = new.json("alice", &["show"]);
    let labels: Vec<_> = shown["credentials"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| &one["label"])
        .collect();
    assert_eq!(labels, ["phone"]);
}

#[test]
fn all_that_is_suspended_goes_on_with_one_word_of_an_administrator() {
    let site = Site::new("");
    let phones = ["alice", "bob"].map(|user| site.app_password(user, &["phone"]));
    let sheet = site.sheet("alice");
    let backup = backup(&site);
    let new = restored(&backup);
    let count = |arguments: &[&str]| {
        let confirmed = new.cli(arguments.iter().copied()).json();
        confirmed["confirmed"].as_array().expect("a list").len()
    };
    let kind = ["--json", "confirm", "--all", "--kind", "app-password"];
    assert_eq!(count(&kind), 2);
    assert_eq!(count(&kind), 0);
    for (user, phone) in ["alice", "bob"].iter().zip(&phones) {
        assert_eq!(login(&new, user, &phone.secret), "in");
    }
    assert_eq!(login(&new, "alice", &sheet.codes[0]), "refused");
    assert_eq!(count(&["--json", "--user", "bob", "confirm", "--all"]), 0);
    assert_eq!(count(&["--json", "--user", "alice", "confirm", "--all"]), 1);
    assert_eq!(login(&new, "alice", &sheet.codes[0]), "in");
    for wrong in [
        &["confirm"][..],
        &["confirm", "x", "--all"],
        &["confirm", "x", "--kind", "sheet"],
    ] {
        new.cli(wrong.iter().copied()).exits(2);
    }
}

#[test]
fn a_store_that_is_there_is_moved_aside_on_demand_and_refused_afterwards() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    let totp = site.totp("bob");
    let backup = backup(&site);
    site.cli(["--user", "alice", "rename", "sheet", "later"])
        .done();
    assert_eq!(login(&site, "alice", &sheet.codes[0]), "in");
    // A step ahead, as the window allows.
    let ahead = totp.code(1);
    assert_eq!(login(&site, "bob", &ahead), "in");
    put(&site, &backup);
    let refused = site.cli(["--json"].into_iter().chain(RESTORE)).error(1);
    assert!(refused.remedy.contains("--force"), "{refused:?}");
    assert_eq!(
        login(&site, "alice", &sheet.codes[0]),
        "in",
        "all is as it was"
    );

    let words = ["--json"].into_iter().chain(RESTORE).chain(["--force"]);
    let document = site.cli(words).json();
    let aside = document["aside"][0].as_str().expect("a path").to_owned();
    assert_eq!(
        fs::metadata(&aside).map(|file| file.len() > 0).ok(),
        Some(true)
    );
    assert_eq!(
        login(&site, "alice", &sheet.codes[0]),
        "refused",
        "the window is closed"
    );
    assert_eq!(
        login(&site, "bob", &ahead),
        "refused",
        "once, over a restore too"
    );
    // The store that was there is the old copy now.
    site.shell(&format!("mkdir new && for end in '' -wal -shm; do mv store/mailotp.db$end new/ || true; done; cp -p '{aside}' store/mailotp.db"))
        .done();
    let old = site.cli(["--json", "--user", "alice", "show"]).error(5);
    assert!(old.message.contains("older"), "{old:?}");
    assert_eq!(
        site.verdict("imap", "alice", HOME, &sheet.codes[1]),
        "PAM_AUTHINFO_UNAVAIL"
    );
    site.shell("rm store/mailotp.db* && mv new/* store/").done();
    site.cli(["--user", "alice", "show"]).done();
}

/// Somebody's store, and their keys: both stay, by another name.
#[test]
fn another_sites_files_in_the_way_are_moved_aside_together() {
    let site = Site::new("");
    let phone = site.app_password("alice", &[]);
    let backup = backup(&site);
    let other = Site::new("");
    other.sheet("bob");
    let key = fs::read(other.path("mailotp.key")).expect("it is there");
    put(&other, &backup);
    other.cli(RESTORE).exits(1);
    let words = ["--json"].into_iter().chain(RESTORE).chain(["--force"]);
    let aside = other.cli(words).json()["aside"].clone();
    let aside: Vec<&str> = aside
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|path| path.as_str())
        .collect();
    assert_eq!(aside.len(), 2, "{aside:?}");
    assert_eq!(fs::read(aside[1]).expect("it is there"), key);
    assert_eq!(other.mode("mailotp.key"), 0o600);
    other.cli(["confirm", "--all"]).done();
    assert_eq!(login(&other, "alice", &phone.secret), "in");
}

#[test]
fn a_store_that_is_no_store_any_more_is_moved_aside_as_it_is() {
    let site = Site::new("");
    let phone = site.app_password("alice", &[]);
    let backup = backup(&site);
    for damage in [
        "echo rubbish >store/mailotp.db",
        "rm store/mailotp.db",
        "rm mailotp.key",
    ] {
        site.shell(damage).done();
        put(&site, &backup);
        if damage.contains("mailotp.db") {
            // What is left of a store must not be taken for the new one's.
            site.shell(
                "head -c 40000 /dev/urandom >store/mailotp.db-wal; chmod 600 store/mailotp.db-wal",
            )
            .done();
        }
        let words = RESTORE.into_iter().chain(["--force"]);
        site.cli(words).done();
        site.cli(["confirm", "--all"]).done();
        assert_eq!(login(&site, "alice", &phone.secret), "in", "{damage}");
    }
}

/// Programs have the store open whose content is replaced.
#[test]
fn logins_go_on_through_a_restore_until_they_are_refused() {
    let site = Site::new("");
    let phone = site.app_password("alice", &["--max-logins", "1000"]);
    let backup = backup(&site);
    put(&site, &backup);
    let mut hosts: Vec<_> = (0..3).map(|_| site.host()).collect();
    for host in &mut hosts {
        for _ in 0..60 {
            let login = Request::new("imap", "alice").from(HOME);
            host.ask(&site.here(login.answer(&phone.secret)));
        }
    }
    site.cli(RESTORE.into_iter().chain(["--force"])).done();
    assert_eq!(login(&site, "alice", &phone.secret), "refused");
    for host in hosts {
        let replies = host.finish();
        let verdicts: Vec<&str> = replies.iter().map(|reply| reply.verdict()).collect();
        let let_in = verdicts
            .iter()
            .take_while(|verdict| **verdict == "PAM_SUCCESS");
        let (_, rest) = verdicts.split_at(let_in.count());
        let refused = rest.iter().all(|verdict| *verdict == "PAM_AUTH_ERR");
        assert!(refused, "{verdicts:?}");
    }
    site.cli(["--user", "alice", "confirm", &phone.id]).done();
    assert_eq!(login(&site, "alice", &phone.secret), "in");
}
