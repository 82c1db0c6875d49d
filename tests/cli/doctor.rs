//! `doctor`, on what belongs to the site. What it says of servers is in the tests with real ones.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use harness::site::Site;
use harness::tool::tool;
use serde_json::Value;

use crate::HOME;

/// What is wrong with something in the site's folder: severity, code and place.
fn findings(site: &Site) -> Vec<(String, String, String)> {
    let said = site.cli(["--json", "doctor"]);
    let report: Value = serde_json::from_str(&said.stdout).expect("one JSON document");
    let folder = format!("{}/", site.folder().display());
    let all = report["findings"].as_array().expect("a list");
    let errors = all.iter().any(|one| one["severity"] == "error");
    assert_eq!(said.code, i32::from(errors), "{said:?}");
    all.iter()
        .filter_map(|one| {
            let part = |name: &str| {
                let part = one[name].as_str().unwrap_or_default();
                assert!(!part.is_empty(), "no {name}: {one}");
                part.to_owned()
            };
            let _ = (part("message"), part("remedy"));
            let place = part("where").strip_prefix(&folder)?.to_owned();
            Some((part("severity"), part("code"), place))
        })
        .collect()
}

/// The only thing that is wrong there.
#[track_caller]
fn assert_finds(site: &Site, severity: &str, code: &str, place: &str) {
    let expected = (severity.to_owned(), code.to_owned(), place.to_owned());
    assert_eq!(findings(site), [expected]);
}

#[test]
fn a_site_that_was_just_made_is_in_order() {
    let site = Site::new("");
    site.sheet("alice");
    assert_eq!(findings(&site), []);
    let said = site.cli(["--json", "doctor"]);
    let report: Value = serde_json::from_str(&said.stdout).expect("one JSON document");
    let checked = report["checked"].as_array().expect("a list");
    let mentions = |what: &str| {
        checked
            .iter()
            .any(|line| line.as_str().is_some_and(|line| line.contains(what)))
    };
    assert!(
        mentions("mailotp.key") && mentions("mailotp.db"),
        "{report}"
    );
}

#[test]
fn people_read_it_with_its_remedies() {
    let site = Site::new("");
    site.chmod("mailotp.key", 0o640);
    let said = site.cli(["doctor"]).exits(1);
    let remedy = format!("→ Run: chmod 0600 {}", site.path("mailotp.key").display());
    assert!(said.stdout.contains("✗ file "), "{said:?}");
    assert!(said.stdout.contains(&remedy), "{said:?}");
    assert!(said.stdout.contains("✓ "), "{said:?}");
    assert_eq!(said.stderr, "");
}

#[test]
fn it_changes_nothing() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    let _ = site.login("imap", "alice", HOME, &sheet.codes[0]);
    let state = || {
        let all = tool(
            "findutils",
            "find",
            &[
                &site.folder().display().to_string(),
                "-printf",
                "%p %m %s %u\\n",
            ],
        );
        let mut lines: Vec<String> = all.stdout.lines().map(str::to_owned).collect();
        lines.sort();
        let files = ["mailotp.toml", "mailotp.key", "store/mailotp.db"];
        (lines, files.map(|name| fs::read(site.path(name)).ok()))
    };
    let before = state();
    let _ = findings(&site);
    assert_eq!(state(), before);
}

#[test]
fn modes_are_looked_at() {
    for (name, mode, severity) in [
        ("mailotp.toml", 0o664, "error"),
        ("mailotp.key", 0o604, "error"),
        ("store/mailotp.db", 0o660, "error"),
        ("store", 0o777, "error"),
        ("store", 0o755, "warning"),
    ] {
        let site = Site::new("");
        site.chmod(name, mode);
        let found = findings(&site);
        let expected = (severity.to_owned(), "file".to_owned(), name.to_owned());
        assert!(found.contains(&expected), "{mode:o} {name}: {found:?}");
    }
}

#[test]
fn a_mark_that_others_can_change_is_named() {
    let site = Site::new("[helper]\nsocket = \"run/helper.sock\"\n");
    let sheet = site.sheet("alice");
    let _ = site.login("imap", "alice", HOME, &sheet.codes[0]);
    let mark = fs::read_dir(site.path("run")).expect("it was made");
    let mark = mark.flatten().next().expect("a mark").file_name();
    let mark = format!("run/{}", mark.to_string_lossy());
    site.chmod(&mark, 0o666);
    let found = findings(&site);
    let expected = ("error".to_owned(), "file".to_owned(), mark);
    assert!(found.contains(&expected), "{found:?}");
}

#[test]
fn what_is_missing_is_named() {
    let site = Site::bare();
    assert_finds(&site, "error", "file", "mailotp.toml");
    site.configure("");
    assert_finds(&site, "error", "file", "mailotp.key");
    let site = Site::new("");
    fs::remove_file(site.path("store/mailotp.db")).expect("it is there");
    assert_finds(&site, "error", "store-unusable", "store/mailotp.db");
}

#[test]
fn copies_that_others_can_read_are_named() {
    let site = Site::new("");
    fs::set_permissions(site.folder(), fs::Permissions::from_mode(0o755)).expect("it is ours");
    for (from, to) in [
        ("store/mailotp.db", "store/mailotp.db.bak"),
        ("mailotp.key", "saved"),
    ] {
        let copy = fs::read(site.path(from)).expect("it is there");
        site.write(to, copy);
    }
    let mut found = findings(&site);
    found.sort();
    // The folder of the store is closed to others, that of the site is not.
    let copy = |severity: &str, place: &str| {
        (
            severity.to_owned(),
            "backup-readable".to_owned(),
            place.to_owned(),
        )
    };
    let expected = [
        copy("error", "saved"),
        copy("warning", "store/mailotp.db.bak"),
    ];
    assert_eq!(found, expected);
    site.chmod("saved", 0o600);
    site.chmod("store/mailotp.db.bak", 0o600);
    assert_eq!(findings(&site), []);
}

#[test]
fn what_the_configuration_says_is_looked_at() {
    for (toml, severity, code, line) in [
        ("colour = \"blue\"\n", "error", "configuration", ":1"),
        ("mode = \"observe\"\n", "info", "observe", ""),
        (
            "users.enrolment = \"optional\"\n",
            "info",
            "enrolment-optional",
            "",
        ),
        (
            "[[rule]]\naccept = [\"otp\"]\n[[rule]]\naccept = []\n",
            "error",
            "rule-dead",
            ":3",
        ),
    ] {
        let site = Site::new("");
        site.configure(toml);
        assert_finds(&site, severity, code, &format!("mailotp.toml{line}"));
    }
}

#[test]
fn observing_for_more_than_a_month_is_a_warning() {
    let site = Site::new("mode = \"observe\"\n");
    let path = site.path("mailotp.toml").display().to_string();
    let _ = tool("coreutils", "touch", &["-d", "31 days ago", &path]).done();
    assert_finds(&site, "warning", "observe", "mailotp.toml");
}

#[test]
fn an_old_copy_of_the_store_is_named() {
    let site = Site::new("");
    site.sheet("alice");
    let old = fs::read(site.path("store/mailotp.db")).expect("it is there");
    site.sheet("bob");
    site.write("store/mailotp.db", old);
    site.chmod("store/mailotp.db", 0o600);
    assert_finds(&site, "error", "store-old", "store/mailotp.db");
}

#[test]
fn a_store_of_another_version_is_named() {
    for version in ["1", "99"] {
        let site = Site::new("");
        let path = site.path("store/mailotp.db").display().to_string();
        let sql = format!("PRAGMA user_version = {version};");
        let _ = tool("sqlite3", "sqlite3", &[&path, &sql]).done();
        assert_finds(&site, "error", "store-version", "store/mailotp.db");
    }
}

#[test]
fn a_damaged_store_is_named() {
    let site = Site::new("");
    site.sheet("alice");
    let path = site.path("store/mailotp.db");
    let mut bytes = fs::read(&path).expect("it is there");
    // The first page says what it is and stays; of the others some say nothing any more.
    let from = bytes.len() / 2;
    bytes[from..].fill(0xff);
    fs::write(&path, bytes).expect("the file is ours");
    assert_finds(&site, "error", "store-damaged", "store/mailotp.db");
}

#[test]
fn a_key_that_is_not_the_stores_is_named() {
    let (site, other) = (Site::new(""), Site::new(""));
    let key = fs::read(other.path("mailotp.key")).expect("it is there");
    site.write("mailotp.key", key);
    site.chmod("mailotp.key", 0o600);
    assert_finds(&site, "error", "store-unusable", "store/mailotp.db");
}
