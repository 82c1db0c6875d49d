//! `replace`

use harness::enrol::Sheet;
use harness::site::Site;
use serde_json::{Value, json};

use crate::HOME;

const KINDS: [&str; 5] = ["sheet", "app-password", "totp", "hotp", "alias"];

/// One of each kind but a sequence, with its kind for a label; scoped, as far as it can be.
fn one_of_each(site: &Site) {
    let scope = [
        "--service",
        "imap",
        "--from",
        "192.0.2.0/24",
        "--expires",
        "14d",
    ];
    site.sheet_with("alice", &[&["sheet", "--count", "3"], &scope[..]].concat());
    site.app_password("alice", &[&["app-password"], &scope[..]].concat());
    site.totp_with("alice", &["totp", "--no-confirm", "--period", "60"]);
    site.hotp_with("alice", &["hotp", "--no-confirm"]);
    site.aliases_with("alice", &["alias", "--count", "3"]);
}

/// The credential of this label.
fn labelled(site: &Site, label: &str) -> Value {
    let shown = site.json("alice", &["show"]);
    let mut all = shown["credentials"].as_array().expect("a list").iter();
    let found = all.find(|credential| credential["label"] == label);
    found
        .unwrap_or_else(|| panic!("no {label}: {shown}"))
        .clone()
}

#[test]
fn the_new_one_has_label_and_scope_of_the_old_one_and_a_secret_of_its_own() {
    let site = Site::new("");
    one_of_each(&site);
    for (kind, secret) in KINDS
        .iter()
        .zip(["codes", "secret", "uri", "uri", "aliases"])
    {
        let old = labelled(&site, kind);
        let made = site.json("alice", &["replace", kind]);
        assert_ne!(made["id"], old["id"]);
        assert!(!made[secret].is_null(), "{made}");
        let new = labelled(&site, kind);
        for key in ["kind", "label", "services", "from", "expires"] {
            assert_eq!(made[key], old[key], "{key}: {made}");
            assert_eq!(new[key], old[key], "{key}: {new}");
        }
        let renamed = labelled(&site, &format!("old-{kind}"));
        for key in ["id", "left", "state", "created"] {
            assert_eq!(renamed[key], old[key], "{key}: {renamed}");
        }
        let waits = ["totp", "hotp"].contains(kind);
        assert_eq!(new["state"], if waits { "pending" } else { "live" });
    }
    let uri = site.json("alice", &["replace", "totp", "--no-confirm"])["uri"].clone();
    let uri = uri.as_str().expect("a URI");
    assert!(uri.contains("period=60"), "{uri}");
    let told = site.events();
    let told = told.iter().filter(|event| event["reason"] == "replaced");
    assert_eq!(told.count(), 6);
}

#[test]
fn options_of_another_kind_are_wrong_usage_and_change_nothing() {
    let site = Site::new("");
    one_of_each(&site);
    site.sequence_with("alice", &["sequence"]);
    let before = site.json("alice", &["show"]);
    for (name, options) in [
        ("sheet", &["--qr", "--no-confirm", "--hash", "--seed"][..]),
        ("app-password", &["--count", "--format", "--no-confirm"]),
        ("totp", &["--count", "--format", "--seed"]),
        ("hotp", &["--count", "--format", "--hash"]),
        ("alias", &["--output", "--qr", "--format"]),
        (
            "sequence",
            &["--output", "--qr", "--format", "--no-confirm"],
        ),
    ] {
        for option in options {
            let value = match *option {
                "--no-confirm" => None,
                "--count" => Some("5"),
                "--qr" => Some("svg"),
                "--format" => Some("csv"),
                "--hash" => Some("md5"),
                "--seed" => Some("ke1234"),
                _ => Some("file"),
            };
            let words = ["--json", "--user", "alice", "replace", name, option];
            let failure = site.cli(words.into_iter().chain(value)).error(2);
            assert!(failure.message.contains(option), "{failure:?}");
        }
    }
    assert_eq!(site.json("alice", &["show"]), before);
}

#[test]
fn what_is_not_there_or_has_ended_cannot_be_replaced() {
    let site = Site::new("");
    site.sheet_with("alice", &["gone", "--count", "1"]);
    site.json("alice", &["revoke", "gone"]);
    let phone = site.app_password("alice", &["phone", "--max-logins", "1"]);
    for (user, name) in [
        ("alice", "gone"),
        ("alice", "no such thing"),
        ("bob", "phone"),
    ] {
        site.cli(["--json", "--user", user, "replace", name])
            .error(4);
    }
    assert_eq!(
        site.verdict("imap", "alice", HOME, phone.secret),
        "PAM_SUCCESS"
    );
    let failure = site
        .cli(["--json", "--user", "alice", "replace", "phone"])
        .error(1);
    assert!(failure.remedy.contains("add app-password"), "{failure:?}");
    site.cli(["--json", "--user", "alice", "replace"]).error(2);
}

#[test]
fn a_used_up_sheet_is_replaced_by_a_whole_one_of_any_size_in_any_form() {
    let site = Site::new("");
    let old = site.sheet_with("alice", &["purse", "--count", "1"]);
    assert_eq!(
        site.verdict("imap", "alice", HOME, &old.codes[0]),
        "PAM_SUCCESS"
    );
    let words = [
        "replace", "purse", "--count", "4", "--format", "csv", "--output", "new.csv",
    ];
    let made = site.json("alice", &words);
    assert_eq!(site.mode("new.csv"), 0o600);
    let table = std::fs::read_to_string(site.path("new.csv")).expect("it was written");
    let new = Sheet::of(&made);
    assert_eq!(new.codes.len(), 4);
    assert!(new.codes.iter().all(|code| table.contains(code)), "{table}");
    assert_eq!(
        site.verdict("imap", "alice", HOME, &new.codes[0]),
        "PAM_SUCCESS"
    );
}

#[test]
fn a_sequence_takes_one_line_of_rfc_2243_and_nothing_else() {
    let site = Site::new("");
    let sequence = site.sequence_with("alice", &["purse", "--count", "9"]);
    let replace = ["--json", "--user", "alice", "replace", "purse"];
    let response = site.response(&sequence, 8);
    for line in [
        "",
        "\n",
        &response.hex,
        &response.words,
        "hex:0123456789abcdef",
        "init-hex:1:2:3",
    ] {
        let failure = site.cli_reading(&format!("{line}\n"), replace).error(1);
        assert!(failure.remedy.contains("--init"), "{failure:?}");
    }
    let lines = "a pass phrase of tests\nanother pass phrase\n";
    let due = sequence.challenge(8);
    let init = site.cli_reading(lines, ["compute", &due, "--init", "otp-sha1 300 ke1234"]);
    let made = site.cli_reading(&init.done().stdout, replace).json();
    assert_eq!(
        made,
        json!({
            "id": sequence.id, "kind": "sequence", "label": "purse", "services": [], "from": [],
            "expires": null, "challenge": "otp-sha1 299 ke1234",
        })
    );
    assert_eq!(site.left("alice", &sequence.id), Some(299));
}

#[test]
fn people_are_told_in_words() {
    let site = Site::new("");
    one_of_each(&site);
    for kind in KINDS {
        let said = site.cli(["--user", "alice", "replace", kind]).done().stdout;
        let id = labelled(&site, kind)["id"].clone();
        assert!(
            said.contains(id.as_str().expect("an ID")) || kind == "sheet",
            "{kind}: {said}"
        );
    }
}
