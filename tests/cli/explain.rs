//! `explain`

use harness::site::Site;
use serde_json::{Value, json};

const RULES: &str = "[services]\nmail = [\"imap\", \"pop3\"]\n\
    [[rule]]\nname = \"office\"\nservices = [\"mail\"]\nfrom = [\"192.0.2.0/24\"]\naccept = [\"password\"]\n\
    [[rule]]\nname = \"here\"\nfrom = [\"local\"]\naccept = [\"password+otp\"]\n\
    [[rule]]\nname = \"nowhere\"\nfrom = [\"unknown\"]\naccept = []\n\
    [[rule]]\nname = \"webmail\"\nservices = [\"webmail\"]\naccept = [\"otp\", \"app-password\"]\n";

fn explain(site: &Site, service: &str, from: &str) -> Value {
    site.json("alice", &["explain", "--service", service, "--from", from])
}

/// The texts of a list, in an order of their own.
fn sorted(list: &Value) -> Vec<&str> {
    let list = list.as_array().expect("a list").iter();
    let mut texts: Vec<&str> = list.filter_map(Value::as_str).collect();
    texts.sort_unstable();
    texts
}

#[test]
fn it_names_the_rule_that_decides_and_what_it_accepts() {
    let site = Site::new(RULES);
    site.sheet("alice");
    for (service, from, rule, accept) in [
        ("imap", "192.0.2.9", "office", json!(["password"])),
        ("imap", "::ffff:192.0.2.9", "office", json!(["password"])),
        ("imap", "local", "here", json!(["password+otp"])),
        ("imap", "unknown", "nowhere", json!([])),
        (
            "webmail",
            "198.51.100.1",
            "webmail",
            json!(["otp", "app-password"]),
        ),
    ] {
        let said = explain(&site, service, from);
        assert_eq!(said["rule"], rule, "{said}");
        assert_eq!(sorted(&said["accept"]), sorted(&accept), "{said}");
    }
}

#[test]
fn where_no_rule_matches_it_names_none() {
    let site = Site::new(RULES);
    site.sheet("alice");
    let said = explain(&site, "imap", "198.51.100.1");
    assert_eq!(said["rule"], Value::Null);
    assert_eq!(said["accept"], json!([]));
    assert_eq!(said["usable"], json!([]));
}

#[test]
fn without_rules_it_says_what_holds_then() {
    let site = Site::new("");
    site.sheet("alice");
    let said = explain(&site, "imap", "198.51.100.1");
    assert_eq!(said["rule"], Value::Null);
    assert_eq!(
        sorted(&said["accept"]),
        ["app-password", "otp", "password+otp"]
    );
}

#[test]
fn it_lists_what_the_account_could_use_there() {
    let site = Site::new(RULES);
    let sheet = site.sheet_with("alice", &["purse"]);
    let app = site.app_password("alice", &["phone", "--service", "webmail"]);
    site.app_password("alice", &["tablet", "--service", "imap"]);
    let said = explain(&site, "webmail", "198.51.100.1");
    let mut usable = said["usable"].as_array().expect("a list").clone();
    usable.sort_by_key(|credential| credential["kind"].to_string());
    let phone = json!({"id": app.id, "kind": "app-password", "label": "phone"});
    let purse = json!({"id": sheet.id, "kind": "sheet", "label": "purse"});
    assert_eq!(usable, [phone, purse]);
    assert_eq!(explain(&site, "imap", "192.0.2.9")["usable"], json!([]));
    let human = [
        "--user",
        "alice",
        "explain",
        "--service",
        "webmail",
        "--from",
        "198.51.100.1",
    ];
    let human = site.cli(human).done().stdout;
    for part in ["webmail", "otp", "app-password", "purse", "phone"] {
        assert!(human.contains(part), "{part}: {human}");
    }
    assert!(!human.contains("tablet"), "{human}");
}

#[test]
fn it_changes_nothing() {
    let site = Site::new(RULES);
    site.sheet("alice");
    let events = site.events().len();
    let before = site.json("alice", &["show"]);
    explain(&site, "webmail", "198.51.100.1");
    assert_eq!(site.json("alice", &["show"]), before);
    assert_eq!(site.events().len(), events);
}

#[test]
fn a_place_that_is_none_is_wrong_usage() {
    let site = Site::new(RULES);
    site.sheet("alice");
    for from in ["mail.example.com", "192.0.2.0/24", ""] {
        let words = [
            "--json",
            "--user",
            "alice",
            "explain",
            "--service",
            "imap",
            "--from",
            from,
        ];
        site.cli(words).error(2);
    }
    site.cli(["--json", "--user", "alice", "explain", "--service", "imap"])
        .error(2);
}
