//! Backups of one kind of store, restored into another one.

use std::fs;

use harness::postgres::shared;
use harness::shared_site::ALONE;
use harness::site::Site;
use serde_json::{Value, json};

use crate::backup::{RESTORE, backup, login, put};

/// What `show` says of alice, but for what a restore changes.
fn shown(site: &Site) -> Value {
    let mut shown = site.json("alice", &["show"]);
    for credential in shown["credentials"].as_array_mut().expect("a list") {
        credential["state"] = Value::Null;
        credential["suspended"] = Value::Null;
    }
    shown
}

/// A place for a restore, whose configuration names a database of its own.
fn database() -> Site {
    let site = Site::bare_with_postgres();
    site.configure_database(&shared().url(&shared().database()), ALONE, "");
    site
}

/// The same, whose configuration names a file.
fn file() -> Site {
    let site = Site::bare_with_postgres();
    site.configure("");
    site
}

/// A restore into a place: everything is there, and nothing that may have been spent goes on by itself.
fn comes_back(from: &Site, to: &Site) {
    let sheet = from.sheet("alice");
    let phone = from.app_password("alice", &["phone", "--service", "imap"]);
    let totp = from.totp("bob");
    from.set_pin("bob", "4711");
    assert_eq!(login(from, "alice", &sheet.codes[0]), "in");
    let (before, events) = (shown(from), from.events());
    let sealed = backup(from);
    assert_eq!(login(from, "alice", &sheet.codes[1]), "in");
    put(to, &sealed);
    let told = to.cli(["--json"].into_iter().chain(RESTORE)).json();
    assert_eq!(told["accounts"], json!(2), "{told}");
    assert_eq!(shown(to), before);
    assert_eq!(to.events()[..events.len()], events[..]);
    assert_eq!(login(to, "alice", &sheet.codes[1]), "refused");
    assert_eq!(login(to, "alice", &phone.secret), "refused");
    to.cli(["--user", "alice", "confirm", "--all"]).done();
    assert_eq!(login(to, "alice", &phone.secret), "in");
    assert_eq!(
        login(to, "alice", &sheet.codes[0]),
        "refused",
        "it was spent before"
    );
    let next =
        (1..6).find(|periods| login(to, "bob", &format!("4711{}", totp.code(*periods))) == "in");
    assert!(next.is_some(), "authenticators go on");
    to.cli(["store", "check"]).done();
    // What is there is in the way, unless somebody insists.
    let failed = to.cli(["--json"].into_iter().chain(RESTORE));
    assert_eq!(failed.code, 1, "{failed:?}");
    let force = RESTORE.iter().copied().chain(["--force"]);
    to.cli(force).done();
    assert_eq!(login(to, "alice", &phone.secret), "refused");
    let left = fs::read_dir(to.folder()).expect("it is there").flatten();
    let left: Vec<_> = left
        .filter(|entry| entry.file_name().to_string_lossy().contains(".restore"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_backup_of_a_database_comes_back_in_another_one() {
    comes_back(&Site::of_server(shared(), ""), &database());
}

#[test]
fn a_backup_of_a_database_comes_back_in_a_file() {
    comes_back(&Site::of_server(shared(), ""), &file());
}

#[test]
fn a_backup_of_a_file_comes_back_in_a_database() {
    let site = file();
    site.cli(["init"]).done();
    comes_back(&site, &database());
}
