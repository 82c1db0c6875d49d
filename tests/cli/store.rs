//! `store check` and `store migrate`

use harness::enrol::Totp;
use harness::site::Site;
use harness::tool::tool;
use serde_json::json;

use crate::HOME;

/// What alice of the old store holds.
const CODES: [&str; 3] = ["sjyjb-jwt8h", "147dz-ga60h", "afc45-zb8d7"];
const PHONE: &str = "appd-0shx-edf6-yjd4-grkf-phm2-xz8w";
const SEED: &str = "DTC23IUVWXAMSNR7VKHD55E3KQ47BFJ7";

/// A site that an earlier version has left behind.
fn old_site() -> Site {
    let site = Site::bare();
    site.configure("");
    site.write("mailotp.key", include_str!("version_1/mailotp.key"));
    site.chmod("mailotp.key", 0o600);
    site.write("mailotp.sql", include_str!("version_1/mailotp.sql"));
    let restore = "umask 077; mkdir store; sqlite3 store/mailotp.db < mailotp.sql";
    site.shell(restore).done();
    site
}

fn is_refused(site: &Site) {
    let failure = site.cli(["--json", "--user", "alice", "show"]).error(5);
    assert!(failure.remedy.contains("store migrate"), "{failure:?}");
    for (user, typed) in [("alice", CODES[0]), ("alice", PHONE), ("bob", CODES[0])] {
        let verdict = site.verdict("imap", user, HOME, typed);
        assert_eq!(verdict, "PAM_AUTHINFO_UNAVAIL", "{user}");
    }
}

#[test]
fn a_store_of_an_earlier_version_is_refused_until_it_is_brought_here() {
    let site = old_site();
    is_refused(&site);
    let said = site.cli(["--json", "store", "migrate"]).json();
    assert_eq!(said, json!({"from": 1, "to": 3}));
    for typed in [CODES[0], PHONE, CODES[1], CODES[0]] {
        let verdict = site.verdict("imap", "alice", HOME, typed);
        assert_eq!(verdict, "PAM_SUCCESS", "{typed}");
    }
    let elsewhere = site.verdict("imap", "alice", "198.51.100.9", CODES[0]);
    assert_eq!(elsewhere, "PAM_AUTH_ERR", "what is spent stays spent");
    let uri = format!("otpauth://totp/alice?secret={SEED}&digits=6&period=30");
    let tablet = Totp::new(String::new(), uri);
    let verdict = site.verdict("imap", "alice", HOME, tablet.code(0));
    assert_eq!(verdict, "PAM_SUCCESS");
}

#[test]
fn what_it_holds_is_as_it_was() {
    let site = old_site();
    site.cli(["store", "migrate"]).done();
    let shown = site.json("alice", &["show"]);
    let all = shown["credentials"].as_array().expect("a list");
    let told: Vec<_> = all
        .iter()
        .map(|one| {
            json!([
                one["id"],
                one["kind"],
                one["label"],
                one["services"],
                one["left"]
            ])
        })
        .collect();
    let expected = [
        json!(["jt4z6yyb", "sheet", "purse", [], 3]),
        json!(["8204vqrm", "app-password", "phone", ["imap"], null]),
        json!(["jvheqmfa", "totp", "tablet", [], null]),
    ];
    assert_eq!(told, expected);
    assert_eq!(
        (&shown["pin"], &shown["locked"]),
        (&json!(null), &json!(false))
    );
    assert_eq!(all[0]["created"], "2025-01-01T00:00:00Z");
    let added = site.events();
    let added = added.iter().filter(|event| event["reason"] == "added");
    assert_eq!(added.count(), 3);
}

#[test]
fn the_new_kinds_find_their_place_in_it() {
    let site = old_site();
    site.cli(["store", "migrate"]).done();
    let sequence = site.sequence("alice");
    let aliases = site.aliases("alice");
    let token = site.hotp("alice");
    site.set_pin("alice", "4711");
    site.json("alice", &["replace", "purse"]);
    let words = site.response(&sequence, 99).words;
    for (name, typed) in [
        ("alice", format!("4711 {}", CODES[0])),
        (&aliases.names[0], format!("4711 {words}")),
        ("alice", format!("4711{}", token.code(0))),
    ] {
        let verdict = site.verdict("imap", name, HOME, &typed);
        assert_eq!(verdict, "PAM_SUCCESS", "{typed}");
    }
}

#[test]
fn twice_is_harmless_and_people_are_told_what_was_done() {
    let site = old_site();
    let first = site.cli(["store", "migrate"]).done().stdout;
    assert!(first.contains('1') && first.contains('3'), "{first}");
    let second = site.cli(["store", "migrate"]).done().stdout;
    assert!(second.contains("already"), "{second}");
    let said = site.cli(["--json", "store", "migrate"]).json();
    assert_eq!(said, json!({"from": 3, "to": 3}));
    let new = Site::new("").cli(["--json", "store", "migrate"]).json();
    assert_eq!(new, said);
}

#[test]
fn four_at_once_bring_it_here_once() {
    let site = old_site();
    let migrate = "\"$@\" --json store migrate >";
    let script = format!("{migrate} 1 & {migrate} 2 & {migrate} 3 & {migrate} 4 & wait");
    site.shell(&script).done();
    let from = ["1", "2", "3", "4"].map(|name| {
        let said = std::fs::read_to_string(site.path(name)).expect("it was written");
        let said: serde_json::Value = serde_json::from_str(&said).expect("JSON");
        said["from"].as_u64().expect("a version")
    });
    assert_eq!(
        from.iter().filter(|version| **version == 1).count(),
        1,
        "{from:?}"
    );
    assert_eq!(site.verdict("imap", "alice", HOME, CODES[0]), "PAM_SUCCESS");
}

#[test]
fn what_is_no_store_of_this_site_or_a_newer_one_stays_as_it_is() {
    let site = old_site();
    let path = site.path("store/mailotp.db").display().to_string();
    let sql = |text: &str| tool("sqlite3", "sqlite3", &[&path, text]).done();
    for (broken, whole) in [
        ("PRAGMA user_version = 9999", "PRAGMA user_version = 1"),
        (
            "PRAGMA application_id = 1",
            "PRAGMA application_id = 1836020848",
        ),
    ] {
        let _ = sql(broken);
        site.cli(["--json", "store", "migrate"]).error(5);
        let _ = sql(whole);
    }
    for (name, mode) in [("mailotp.key", 0o644), ("store/mailotp.db", 0o644)] {
        site.chmod(name, mode);
        site.cli(["--json", "store", "migrate"]).error(5);
        site.chmod(name, 0o600);
    }
    is_refused(&site);
    let nowhere = Site::bare();
    nowhere.configure("");
    nowhere.cli(["--json", "store", "migrate"]).error(5);
    site.cli(["--json", "store"]).error(2);
    site.cli(["--json", "store", "migrate", "now"]).error(2);
    site.cli(["store", "migrate"]).done();
}

#[test]
fn a_sound_store_is_said_to_be_one_with_all_that_is_sealed_in_it() {
    let site = Site::new("");
    site.sheet("alice");
    site.app_password("alice", &[]);
    site.set_pin("alice", "4711");
    let said = site.cli(["--json", "store", "check"]).json();
    assert_eq!((&said["secrets"], &said["version"]), (&json!(3), &json!(3)));
    let said = site.cli(["store", "check"]).done().stdout;
    assert!(said.contains("each of its 3 secrets opens"), "{said}");
}

#[test]
fn what_does_not_open_is_named_with_whose_it_is() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    site.app_password("bob", &[]);
    let alter = "sqlite3 store/mailotp.db \"UPDATE credential SET sealed = \
                 (SELECT sealed FROM credential WHERE kind = 'app-password') WHERE kind = 'sheet'\"";
    site.shell(alter).done();
    let failure = site.cli(["--json", "store", "check"]).error(5);
    let named = format!("the credential {} of alice", sheet.id);
    assert!(failure.message.starts_with("1 of 2 "), "{failure:?}");
    assert!(failure.message.contains(&named), "{failure:?}");
    assert!(failure.remedy.contains("restore"), "{failure:?}");
}

#[test]
fn damage_in_the_file_is_said_before_anything_else() {
    let site = Site::new("");
    site.sheet("alice");
    let alter = "sqlite3 store/mailotp.db \"PRAGMA writable_schema = ON; \
                 UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema \
                 WHERE name = 'bucket_of_account') WHERE name = 'event_of_account'\"";
    site.shell(alter).done();
    let failure = site.cli(["--json", "store", "check"]).error(5);
    assert!(failure.message.contains("damaged"), "{failure:?}");
}
