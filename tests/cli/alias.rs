//! `add alias`, and what the commands say of it and of the other new kinds.

use harness::enrol::Aliases;
use harness::site::Site;
use serde_json::{Value, json};

use crate::HOME;

#[test]
fn the_json_says_what_was_made() {
    let site = Site::new("");
    let made = site.add("alice", &["alias", "travel"]);
    let (id, names) = (made["id"].clone(), Aliases::of(&made).names);
    assert_eq!(
        made,
        json!({
            "id": id, "kind": "alias", "label": "travel", "services": [], "from": [],
            "expires": null, "aliases": names,
        })
    );
    assert_eq!(names.len(), 10);
    let different: std::collections::BTreeSet<&String> = names.iter().collect();
    assert_eq!(different.len(), 10);
    for name in &names {
        let plain = name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        assert!(plain && name.len() < 16, "any server takes it: {name}");
    }
    let shown = &site.json("alice", &["show"])["credentials"][0];
    assert_eq!(
        (&shown["kind"], &shown["left"]),
        (&json!("alias"), &json!(10))
    );
}

#[test]
fn people_read_them_once() {
    let site = Site::new("");
    let words = ["--user", "alice", "--new", "add", "alias", "--count", "3"];
    let said = site.cli(words).done().stdout;
    let names: Vec<&str> = said
        .lines()
        .filter_map(|line| line.strip_prefix("    "))
        .collect();
    assert_eq!(names.len(), 3, "{said}");
    let sheet = site.sheet_with("alice", &["--count", "1"]);
    let verdict = site.verdict("imap", names[2], HOME, &sheet.codes[0]);
    assert_eq!(verdict, "PAM_SUCCESS");
    for command in [&["show"][..], &["--json", "show"], &["--json", "log"]] {
        let words = ["--user", "alice"].iter().chain(command).copied();
        let said = site.cli(words).done().stdout;
        assert!(names.iter().all(|name| !said.contains(name)), "{said}");
    }
}

#[test]
fn there_are_one_to_500() {
    let site = Site::new("");
    for count in ["1", "500"] {
        let made = site.aliases_with("alice", &["--count", count]);
        assert_eq!(made.names.len().to_string(), count);
    }
    for count in ["0", "501", "-1", "many"] {
        let words = [
            "--json", "--user", "alice", "add", "alias", "--count", count,
        ];
        site.cli(words).error(2);
    }
}

#[test]
fn those_that_nobody_has_seen_stand_for_nobody() {
    let site = Site::new("");
    site.app_password("alice", &[]);
    for json in ["", "--json"] {
        let add = format!("\"$@\" {json} --user alice add alias > /dev/full");
        let refused = site.shell(&add).exits(1);
        assert!(!refused.stderr.contains("panicked"), "{refused:?}");
        let shown = site.json("alice", &["show"]);
        assert_eq!(shown["credentials"].as_array().map(Vec::len), Some(1));
    }
}

#[test]
fn an_account_that_is_new_needs_the_word_for_every_kind() {
    let site = Site::new("");
    for kind in ["sequence", "hotp", "alias"] {
        let words = ["--json", "--user", "alcie", "add", kind];
        let failure = site.cli_reading("a pass phrase\n", words).error(4);
        let said = failure.message + &failure.remedy;
        assert!(said.contains("--new") && said.contains("alcie"), "{said}");
        site.cli(["--user", "alcie", "show"]).exits(4);
    }
    for kind in ["sequence", "hotp", "alias"] {
        let words = ["--json", "--user", kind, "--new", "add", kind];
        site.cli_reading("a pass phrase\n", words).json();
    }
}

#[test]
fn labels_are_made_from_the_kind_and_free_otherwise() {
    let site = Site::new("");
    for kind in ["sequence", "hotp", "alias"] {
        for label in [None, Some("mine")] {
            let who = format!("owner-of-{kind}");
            let words = [kind].into_iter().chain(label).collect::<Vec<_>>();
            let made = site.add_reading("a pass phrase\n", &who, &words);
            assert_eq!(made["label"], label.unwrap_or(kind));
            let taken = ["--json", "--user", &who, "add", kind, label.unwrap_or(kind)];
            site.cli_reading("a pass phrase\n", taken).error(1);
        }
    }
}

#[test]
fn explain_lists_what_can_be_typed_there() {
    let site = Site::new(
        "[[rule]]\nservices = [\"imap\"]\naccept = [\"app-password\"]\n\
         [[rule]]\nservices = [\"sieve\"]\naccept = [\"password+otp\"]\n\
         [[rule]]\naccept = [\"otp\"]\n",
    );
    let sequence = site.sequence("alice");
    let token = site.hotp("alice");
    let aliases = site.aliases("alice");
    let usable = |service: &str| -> Vec<Value> {
        let words = ["explain", "--service", service, "--from", HOME];
        let said = site.json("alice", &words);
        let usable = said["usable"].as_array().expect("a list").iter();
        usable.map(|one| json!([one["kind"], one["id"]])).collect()
    };
    let all = [
        json!(["sequence", sequence.id]),
        json!(["hotp", token.id]),
        json!(["alias", aliases.id]),
    ];
    assert_eq!(usable("pop3"), all);
    assert_eq!(usable("sieve"), all);
    assert_eq!(usable("imap"), Vec::<Value>::new());
    let before = site.json("alice", &["show"]);
    site.cli(["user", "lock", "alice"]).done();
    assert_eq!(usable("pop3"), Vec::<Value>::new());
    site.cli(["user", "unlock", "alice"]).done();
    assert_eq!(site.json("alice", &["show"]), before);
}

#[test]
fn the_log_names_the_kind_and_the_account_and_no_alias() {
    let site = Site::new("");
    let sequence = site.sequence("alice");
    let aliases = site.aliases("alice");
    let hex = site.response(&sequence, 99).hex;
    let verdict = site.verdict("imap", &aliases.names[0], HOME, hex);
    assert_eq!(verdict, "PAM_SUCCESS");
    let login = site.last_login();
    assert_eq!(login["account"], "alice");
    assert_eq!(
        (&login["kind"], &login["result"]),
        (&json!("sequence"), &json!("accepted"))
    );
    assert_eq!(login["credential"], sequence.id.as_str());
    let kinds: Vec<Value> = (site.events().iter())
        .filter(|event| event["reason"] == "added")
        .map(|event| event["kind"].clone())
        .collect();
    assert_eq!(kinds, ["sequence", "alias"]);
    let used = &site.json("alice", &["show"])["credentials"][1];
    assert_eq!(
        (&used["left"], &used["last_used"]["remote"]),
        (&json!(3), &json!(HOME))
    );
}
