//! What every user may do for their own account.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use harness::enrol::{Sheet, Totp};
use serde_json::json;

use super::{labels, served};
use crate::HOME;

#[test]
fn a_user_adds_one_of_each_kind_and_each_lets_in() {
    let (site, _helper) = served("");
    let daemon = site.user("daemon");
    let password = daemon.json(&["add", "app-password", "phone"]);
    let secret = password["secret"].as_str().expect("a secret");
    assert_eq!(site.verdict("imap", "daemon", HOME, secret), "PAM_SUCCESS");

    let sheet = Sheet::of(&daemon.json(&["add", "sheet", "--count", "9"]));
    assert_eq!(
        site.verdict("imap", "daemon", HOME, &sheet.codes[0]),
        "PAM_SUCCESS"
    );
    // From now on each addition needs a code; one of them does for all, while its window is open.
    let code = format!("{}\n", sheet.codes[1]);
    let add = |words: &[&str]| daemon.json_reading(&code, &[&["add"], words].concat());
    let totp = add(&["totp", "--no-confirm"]);
    let uri = totp["uri"].as_str().expect("a URI").to_owned();
    let totp = Totp::new(String::new(), uri);
    assert_eq!(
        site.verdict("imap", "daemon", HOME, totp.code(0)),
        "PAM_SUCCESS"
    );
    add(&["hotp", "--no-confirm"]);
    let words = ["add", "sequence", "--seed", "ma1234", "--count", "10"];
    let made = daemon.json_reading(&format!("{code}a pass phrase of mine\n"), &words);
    assert_eq!(made["challenge"], "otp-sha1 9 ma1234");
    let aliases = add(&["alias", "--count", "3"]);
    assert_eq!(aliases["aliases"].as_array().map(Vec::len), Some(3));
    assert_eq!(
        labels(&daemon),
        ["phone", "sheet", "totp", "hotp", "sequence", "alias"]
    );
}

#[test]
fn all_that_a_user_may_look_at_and_change_is_served() {
    let (site, _helper) = served("");
    let daemon = site.user("daemon");
    daemon.json(&["add", "app-password", "phone"]);
    let sheet = super::sheet(&daemon);
    let code = |number: usize| format!("{}\n", sheet.codes[number]);

    let challenge = daemon.json(&["challenge"]);
    assert_eq!(
        challenge["sheets"],
        json!([{"name": sheet.name, "number": 1}])
    );
    daemon.json(&["rename", "phone", "old phone"]);
    let place = ["--service", "imap", "--from", HOME];
    let explained = daemon.json(&[&["explain"], &place[..]].concat());
    assert_eq!(explained["usable"].as_array().map(Vec::len), Some(2));
    let verified = daemon.json_reading(&code(0), &[&["verify"], &place[..]].concat());
    assert_eq!(verified["result"], "accepted");

    let words = ["rule", "add", "--service", "imap", "--accept", "otp"];
    let rule = daemon.json_reading(&code(0), &words);
    assert_eq!(daemon.json(&["rule", "list"])[0]["id"], rule["id"]);
    let id = rule["id"].as_str().expect("an id");
    // Rules and PINs end all windows, so each wants a code of its own.
    daemon.reading(&code(1), &["rule", "remove", id]).done();
    daemon
        .reading(&format!("{}1234\n", code(2)), &["pin", "set"])
        .done();
    let with_pin = format!("1234{}", code(3));
    daemon.reading(&with_pin, &["pin", "clear"]).done();
    let replaced = daemon.json_reading(&code(4), &["replace", "sheet", "--count", "5"]);
    assert_eq!(replaced["codes"].as_array().map(Vec::len), Some(5));
    assert_eq!(labels(&daemon), ["old phone", "old-sheet", "sheet"]);
    daemon.json(&["revoke", "old phone"]);
    daemon.json(&["revoke", "--all"]);
    assert!(labels(&daemon).is_empty());
    let log = daemon.cli(&["--json", "log"]).json_lines();
    assert!(log.iter().any(|event| event["reason"] == "revoked"));
    assert!(
        log.iter().all(|event| event["account"] == "daemon"),
        "{log:?}"
    );
    assert!(
        log.iter()
            .filter(|event| event["result"] == "changed")
            .all(|event| event["actor"] == "daemon"),
        "{log:?}"
    );
}

#[test]
fn the_own_account_may_be_named_in_each_of_its_forms() {
    let (site, _helper) = served("[users]\ndomain = \"example.com\"\n");
    let daemon = site.user("daemon");
    let first = ["--user", "daemon", "add", "app-password", "phone"];
    daemon.cli(&first).done();
    for name in ["daemon", "Daemon", "DAEMON@Example.Com"] {
        let shown = daemon.json(&["--user", name, "show"]);
        assert_eq!(shown["account"], "daemon");
        assert_eq!(shown["credentials"][0]["label"], "phone");
    }
}

#[test]
fn an_output_is_written_by_the_user_and_belongs_to_them() {
    let (site, _helper) = served("");
    let daemon = site.user("daemon");
    let words = ["add", "sheet", "--count", "2", "--output", "sheet.txt"];
    daemon.cli(&words).done();
    let metadata = fs::metadata(daemon.path("sheet.txt")).expect("it was written");
    assert_eq!(metadata.mode() & 0o7777, 0o600);
    assert_eq!(metadata.uid(), daemon.uid);
    assert!(metadata.len() > 50);
}

#[test]
fn a_seed_is_read_by_the_user() {
    let (site, _helper) = served("");
    let daemon = site.user("daemon");
    daemon.write("seed", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP\n");
    let words = ["add", "totp", "--no-confirm", "--secret-file", "seed"];
    let made = daemon.json(&words);
    let uri = made["uri"].as_str().expect("a URI");
    assert!(uri.contains("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"), "{uri}");
}

#[test]
fn the_configuration_is_the_helpers_whatever_the_user_names() {
    let (site, _helper) = served("");
    let daemon = site.user("daemon");
    let socket = site.path("run/helper.sock");
    let toml = format!(
        "[store]\nurl = \"sqlite:{0}/mine.db\"\nkey = \"{1}\"\n[helper]\nsocket = \"{2}\"\ntrusted = [\"daemon\"]\noperators = [\"daemon\"]\n",
        daemon.path("").display(),
        site.path("mailotp.key").display(),
        socket.display()
    );
    daemon.write("mine.toml", &toml);
    site.app_password("mail", &[]);
    let mine = daemon.path("mine.toml").display().to_string();
    let run = |words: &[&str]| {
        let mut command = daemon.program(&site.product("mailotp-cli"));
        let output = command
            .args(["--config", &mine, "--json"])
            .args(words)
            .output();
        harness::output::Output::from(output.expect("it can be run"))
    };
    run(&["add", "app-password", "phone"]).json();
    assert!(!daemon.path("mine.db").exists());
    assert_eq!(labels(&daemon), ["phone"]);
    run(&["--user", "mail", "show"]).error(3);
    run(&[
        "--user",
        "mail",
        "check",
        "--service",
        "imap",
        "--from",
        HOME,
    ])
    .error(3);
}

#[test]
fn times_are_those_of_the_user() {
    let (site, _helper) = served("");
    let daemon = site.user("daemon");
    daemon.cli(&["add", "app-password", "phone"]).done();
    let log = |zone: &str| {
        let mut command = daemon.program(&site.product("mailotp-cli"));
        command.args(site.config()).arg("log").env("TZ", zone);
        let output = harness::output::Output::from(command.output().expect("it can be run"));
        output.done().stdout
    };
    let zones = [
        "UTC",
        "Asia/Kolkata",
        "../../../etc/shadow",
        "Nowhere/At_All",
    ]
    .map(log);
    assert_ne!(zones[0], zones[1], "half past something else");
    assert_eq!(zones[0], zones[2], "no zone of this name");
}
