//! The files of the site, as the command keeps them.

use std::fs;

use harness::site::Site;

use crate::HOME;

#[test]
fn nothing_in_the_store_can_be_read_by_others_whatever_the_umask() {
    for umask in ["000", "077"] {
        let site = Site::new("");
        let script = format!("umask {umask}; \"$@\" --user alice --new add sheet");
        site.shell(&script).done();
        let _ = site.login("imap", "alice", HOME, "wrzng-00001");
        assert_eq!(site.mode("store"), 0o700);
        for entry in fs::read_dir(site.path("store")).expect("the store's folder") {
            let name = entry.expect("an entry").file_name();
            let name = format!("store/{}", name.to_string_lossy());
            assert_eq!(site.mode(&name), 0o600, "{name}");
        }
    }
}

#[test]
fn only_init_makes_files() {
    let site = Site::bare();
    site.configure("");
    for words in [&["show"][..], &["--new", "add", "sheet"], &["challenge"]] {
        let words = ["--json", "--user", "alice"].iter().chain(words);
        let failure = site.cli(words.copied()).error(5);
        assert!(failure.remedy.contains("init"), "{failure:?}");
    }
    assert!(!site.path("mailotp.key").exists() && !site.path("store").exists());
}

#[test]
fn a_configuration_that_is_not_there_is_named() {
    let site = Site::bare();
    let failure = site.cli(["--json", "--user", "alice", "show"]).error(5);
    assert!(failure.message.contains("mailotp.toml"), "{failure:?}");
    assert!(failure.remedy.contains("init"), "{failure:?}");
}

#[test]
fn the_key_is_not_in_the_store() {
    let site = Site::new("");
    site.sheet("alice");
    let key = fs::read(site.path("mailotp.key")).expect("the key");
    let store = fs::read(site.path("store/mailotp.db")).expect("the store");
    let key = String::from_utf8_lossy(&key);
    let longest = key
        .split_whitespace()
        .max_by_key(|word| word.len())
        .unwrap_or_default();
    assert!(longest.len() >= 16, "a key is there");
    let found = store
        .windows(16)
        .any(|window| window == &longest.as_bytes()[..16]);
    assert!(!found);
}
