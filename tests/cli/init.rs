//! `init`

use std::fs;

use harness::site::Site;
use serde_json::{Value, json};

use crate::HOME;

/// What `init --json` says, with the paths of the files that it made as names in the site's folder.
fn init(site: &Site) -> (Value, Vec<String>) {
    let said = site.cli(["--json", "init"]).json();
    let folder = format!("{}/", site.folder().display());
    let created = said["created"].as_array().expect("a list").iter();
    let mut created: Vec<String> = created
        .map(|path| path.as_str().expect("a path").replace(&folder, ""))
        .filter(|name| site.path(name).is_file())
        .collect();
    created.sort();
    (said, created)
}

const ALL: [&str; 3] = ["mailotp.key", "mailotp.toml", "store/mailotp.db"];

#[test]
fn on_an_empty_machine_it_makes_everything() {
    let site = Site::bare();
    let (said, created) = init(&site);
    assert_eq!(created, ALL);
    assert_eq!(
        said["config"],
        site.path("mailotp.toml").display().to_string()
    );
    assert_eq!(said["key"], site.path("mailotp.key").display().to_string());
    let toml = fs::read_to_string(site.path("mailotp.toml")).expect("it was made");
    assert!(
        toml.contains("mode") && toml.contains("\"observe\""),
        "{toml}"
    );
    assert!(
        toml.contains("enrolment") && toml.contains("\"optional\""),
        "{toml}"
    );
}

#[test]
fn what_it_makes_has_proper_modes_whatever_the_umask() {
    for umask in ["000", "022", "077", "777"] {
        let site = Site::bare();
        site.shell(&format!("umask {umask}; exec \"$@\" init"))
            .done();
        assert_eq!(site.mode("mailotp.toml"), 0o644, "umask {umask}");
        assert_eq!(site.mode("mailotp.key"), 0o600, "umask {umask}");
        assert_eq!(site.mode("store"), 0o700, "umask {umask}");
        assert_eq!(site.mode("store/mailotp.db"), 0o600, "umask {umask}");
    }
}

#[test]
fn twice_is_harmless() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    let before = ["mailotp.toml", "mailotp.key"].map(|name| fs::read(site.path(name)).ok());
    let (_, created) = init(&site);
    assert_eq!(created, [] as [&str; 0]);
    let after = ["mailotp.toml", "mailotp.key"].map(|name| fs::read(site.path(name)).ok());
    assert_eq!(before, after);
    assert_eq!(
        site.verdict("imap", "alice", HOME, &sheet.codes[0]),
        "PAM_SUCCESS"
    );
}

#[test]
fn it_uses_a_configuration_that_is_there() {
    let site = Site::bare();
    let toml = "[store]\nurl = \"sqlite:elsewhere/otp.db\"\nkey = \"ring\"\n";
    site.configure(toml);
    let (_, created) = init(&site);
    assert_eq!(created, ["elsewhere/otp.db", "ring"]);
    let after = fs::read_to_string(site.path("mailotp.toml")).expect("it is there");
    assert_eq!(after, toml);
}

#[test]
fn it_never_makes_a_key_beside_an_old_store() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    let (key, aside) = (site.path("mailotp.key"), site.path("aside"));
    fs::rename(&key, &aside).expect("the key is there");
    let failure = site.cli(["--json", "init"]).error(5);
    assert!(failure.message.contains("mailotp.key"), "{failure:?}");
    assert!(!key.exists());
    fs::rename(&aside, &key).expect("the key is there");
    assert_eq!(
        site.verdict("imap", "alice", HOME, &sheet.codes[0]),
        "PAM_SUCCESS"
    );
}

#[test]
fn it_makes_nothing_where_the_configuration_is_wrong() {
    let site = Site::bare();
    site.configure("colour = \"blue\"\n");
    site.cli(["--json", "init"]).error(5);
    assert!(!site.path("mailotp.key").exists() && !site.path("store").exists());
}

#[test]
fn it_says_for_people_what_it_did() {
    let site = Site::bare();
    let first = site.cli(["init"]).done();
    for name in ["mailotp.toml", "mailotp.key", "mailotp.db"] {
        assert!(first.stdout.contains(name), "{first:?}");
    }
    let second = site.cli(["init"]).done();
    assert!(
        !second.stdout.is_empty() && second.stdout != first.stdout,
        "{second:?}"
    );
}

#[test]
fn the_folder_may_be_named_from_elsewhere() {
    let site = Site::bare();
    let init = "cd pam.d && exec \"$1\" --config ../mailotp.toml --json init";
    site.shell(init).json();
    assert!(site.path("store/mailotp.db").exists());
    let shown = site
        .cli(["--json", "--user", "alice", "--new", "add", "sheet"])
        .json();
    assert_ne!(shown["codes"], json!([]));
}
