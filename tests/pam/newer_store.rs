//! A module that a server has loaded, and the store that the next package has migrated.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use harness::host::{Errand, Request};
use harness::products;
use harness::site::Site;
use harness::tool::tool;

use crate::{ELSEWHERE, HOME};

/// What a later version may do to the tables that a login uses, and what it says of the versions before.
fn migrate(site: &Site, works_since: u32) {
    let path = site.path("store/mailotp.db").display().to_string();
    let sql = |text: &str| tool("sqlite3", "sqlite3", &[&path, text]).done().stdout;
    let mark: u32 = sql("PRAGMA user_version").trim().parse().expect("a number");
    let version = (mark & 0xffff) + 1;
    let _ = sql(&format!(
        "BEGIN IMMEDIATE;
         ALTER TABLE account ADD COLUMN nickname TEXT;
         ALTER TABLE credential ADD COLUMN colour INTEGER NOT NULL DEFAULT 3;
         ALTER TABLE grace ADD COLUMN browser TEXT;
         ALTER TABLE event ADD COLUMN country TEXT;
         CREATE TABLE invitation (id TEXT PRIMARY KEY) STRICT;
         PRAGMA user_version = {};
         COMMIT",
        works_since << 16 | version
    ));
}

#[test]
fn a_mapped_module_goes_on_with_a_store_that_is_one_version_newer() {
    let site = Site::new("");
    site.guard("imap", "");
    let codes = site.sheet("alice").codes;
    let phone = site.app_password("alice", &[]).secret;
    let mut child = site
        .program(&site.product(products::HOST))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the host runs");
    let mut requests = child.stdin.take().expect("it reads");
    let mut replies = BufReader::new(child.stdout.take().expect("it writes"));
    let mut login = |from: &str, secret: &str| {
        let request = Request::new("imap", "alice").from(from).answer(secret);
        let errand = Errand::One(site.here(request));
        serde_json::to_writer(&mut requests, &errand).expect("it reads");
        std::io::Write::write_all(&mut requests, b"\n").expect("it reads");
        let mut line = String::new();
        let _ = replies.read_line(&mut line).expect("it writes");
        let reply: harness::host::Reply = serde_json::from_str(&line).expect("a reply");
        reply.verdict().to_owned()
    };
    assert_eq!(login(HOME, &codes[0]), "PAM_SUCCESS");
    migrate(&site, 2);
    for (from, secret, verdict) in [
        (HOME, &codes[0], "PAM_SUCCESS"),
        (ELSEWHERE, &codes[0], "PAM_AUTH_ERR"),
        (ELSEWHERE, &codes[1], "PAM_SUCCESS"),
        (HOME, &codes[1], "PAM_AUTH_ERR"),
        (HOME, &phone, "PAM_SUCCESS"),
        (HOME, &codes[2], "PAM_SUCCESS"),
    ] {
        assert_eq!(login(from, secret), verdict, "{from} {secret}");
    }
    drop(requests);
    assert!(child.wait().expect("it ends").success());
}

#[test]
fn a_command_looks_into_a_newer_store_and_changes_nothing_in_it() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    let key = site.cli(["--json", "key", "add"]).json()["id"]
        .as_str()
        .map(str::to_owned);
    let key = key.expect("a key has an id");
    migrate(&site, 2);
    assert_eq!(site.json("alice", &["show"])["account"], "alice");
    let path = site.path("store/mailotp.db").display().to_string();
    let ring = std::fs::read(site.path("mailotp.key")).expect("it is there");
    let dump = || tool("sqlite3", "sqlite3", &[&path, ".dump"]).done().stdout;
    let before = dump();
    for command in [
        &["--user", "alice", "add", "sheet"][..],
        &["--user", "alice", "revoke", &sheet.id],
        &["user", "remove", "alice"],
        &["key", "use"],
        &["key", "retire", &key],
        &["store", "check"],
        &["store", "migrate"],
        &["maintain"],
    ] {
        let arguments = ["--json"].iter().chain(command).copied();
        let failure = site.cli(arguments).error(5);
        assert!(
            failure.remedy.contains("later one"),
            "{command:?}: {failure:?}"
        );
    }
    assert_eq!(dump(), before);
    let now = std::fs::read(site.path("mailotp.key")).expect("it is there");
    assert_eq!(now, ring, "the keys");
}
