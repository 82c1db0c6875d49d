//! What administrators do.

use harness::postgres::shared;
use harness::shared_site::ALONE;
use harness::site::Site;
use serde_json::json;

use crate::HOME;

fn verdict(site: &Site, user: &str, secret: &str) -> String {
    site.verdict("imap", user, HOME, secret)
}

/// A site, and the name of its database.
fn site() -> (Site, String) {
    let database = shared().database();
    let site = Site::of_database(&shared().url(&database), ALONE, "log.keep = \"30d\"");
    (site, database)
}

#[test]
fn a_second_init_finds_all_and_makes_nothing() {
    let (site, database) = site();
    let told = site.cli(["--json", "init"]).json();
    assert_eq!(told["created"], json!([]));
    assert!(
        told["store"]
            .as_str()
            .is_some_and(|store| store.contains(&database)),
        "{told}"
    );
    // A new key ring beside an old store could open nothing in it.
    site.shell("mv mailotp.key elsewhere").done();
    let failure = site.cli(["--json", "init"]).error(5);
    assert!(failure.message.contains("it is missing"), "{failure:?}");
    assert!(!site.path("mailotp.key").exists());
    // Neither does another site's.
    let (other, _) = self::site();
    let foreign = std::fs::read(other.path("mailotp.key")).expect("it is there");
    site.write("mailotp.key", foreign);
    site.chmod("mailotp.key", 0o600);
    let failure = site.cli(["--json", "user", "list"]).error(5);
    assert!(failure.message.contains("another key ring"), "{failure:?}");
}

#[test]
fn an_empty_database_is_no_store_until_init_has_made_one() {
    let database = shared().database();
    let site = Site::bare_with_postgres();
    site.configure_database(&shared().url(&database), ALONE, "");
    site.write(
        "mailotp.key",
        std::fs::read(self::site().0.path("mailotp.key")).expect("it is there"),
    );
    site.chmod("mailotp.key", 0o600);
    let failure = site.cli(["--json", "user", "list"]).error(5);
    assert!(failure.remedy.contains("init"), "{failure:?}");
    assert_eq!(
        verdict(&site, "alice", "abcde-fghij"),
        "PAM_AUTHINFO_UNAVAIL"
    );
}

#[test]
fn accounts_are_listed_locked_renamed_forgiven_and_removed() {
    let (site, database) = site();
    let phone = site.app_password("alice", &["phone"]);
    let sheet = site.sheet("alice");
    site.sheet("bob");
    let names = site.cli(["--json", "user", "list"]).json();
    assert_eq!(names.as_array().expect("a list").len(), 2, "{names}");
    site.cli(["user", "lock", "alice"]).done();
    assert_eq!(verdict(&site, "alice", &phone.secret), "PAM_AUTH_ERR");
    site.cli(["user", "unlock", "alice"]).done();
    site.cli(["user", "rename", "alice", "alina"]).done();
    assert_eq!(verdict(&site, "alina", &phone.secret), "PAM_SUCCESS");
    assert_eq!(verdict(&site, "alina", &sheet.codes[0]), "PAM_SUCCESS");
    site.cli(["user", "rename", "alina", "bob"]).exits(1);
    site.json("alina", &["rename", "phone", "tablet"]);
    site.json("alina", &["revoke", "tablet"]);
    assert_eq!(verdict(&site, "alina", &phone.secret), "PAM_AUTH_ERR");
    site.cli(["user", "forgive", "alina"]).done();
    site.cli(["user", "remove", "alina"]).done();
    assert_eq!(verdict(&site, "alina", &sheet.codes[1]), "PAM_AUTH_ERR");
    for table in ["credential", "struck", "grace", "known"] {
        let rows = "SELECT count(*) FROM mailotp.";
        let of = if table == "credential" {
            " WHERE account NOT IN (SELECT id FROM mailotp.account)"
        } else {
            ""
        };
        assert_eq!(
            shared().sql(&database, &format!("{rows}{table}{of}")),
            "0",
            "{table}"
        );
    }
    assert!(
        site.events()
            .iter()
            .all(|event| event["account"] != "alina")
    );
}

#[test]
fn the_key_is_changed_and_no_credential_is_lost() {
    let (site, _) = site();
    let (sheet, phone, totp) = (
        site.sheet("alice"),
        site.app_password("alice", &[]),
        site.totp("bob"),
    );
    site.set_pin("alice", "4711");
    let other = site.another_host();
    let old = site.cli(["--json", "key", "list"]).json()[0]["id"].clone();
    site.cli(["key", "add"]).done();
    other.write(
        "mailotp.key",
        std::fs::read(site.path("mailotp.key")).expect("it is there"),
    );
    other.chmod("mailotp.key", 0o600);
    let used = site.cli(["--json", "key", "use"]).json();
    assert_eq!(used["sealed"], json!(4), "{used}");
    other.cli(["key", "use"]).done();
    site.cli(["key", "retire", old.as_str().expect("an id")])
        .done();
    let code = format!("4711 {}", sheet.codes[0]);
    for (user, secret) in [
        ("alice", &code),
        ("alice", &phone.secret),
        ("bob", &totp.code(0)),
    ] {
        assert_eq!(verdict(&site, user, secret), "PAM_SUCCESS", "{user}");
    }
    site.cli(["store", "check"]).done();
}

#[test]
fn the_store_is_checked_migrated_and_looked_after() {
    let (site, database) = site();
    let sheet = site.sheet("alice");
    site.app_password("bob", &[]);
    assert_eq!(verdict(&site, "alice", &sheet.codes[0]), "PAM_SUCCESS");
    let said = site.cli(["--json", "store", "check"]).json();
    assert_eq!(said["secrets"], json!(2), "{said}");
    let version = &said["version"];
    let migrated = site.cli(["--json", "store", "migrate"]).json();
    assert_eq!(migrated, json!({"from": version, "to": version}));
    let swap = "UPDATE mailotp.credential SET sealed = (SELECT sealed FROM mailotp.credential
                WHERE kind = 'app-password') WHERE kind = 'sheet'";
    shared().sql(
        &database,
        "CREATE TABLE kept AS SELECT id, sealed FROM mailotp.credential",
    );
    shared().sql(&database, swap);
    let failure = site.cli(["--json", "store", "check"]).error(5);
    assert!(
        failure
            .message
            .contains(&format!("the credential {} of alice", sheet.id)),
        "{failure:?}"
    );
    shared().sql(
        &database,
        "UPDATE mailotp.credential c SET sealed = k.sealed FROM kept k WHERE k.id = c.id",
    );

    let events = site.events().len();
    shared().sql(&database, "UPDATE mailotp.event SET time = time - 31 * 86400 WHERE id = (SELECT min(id) FROM mailotp.event)");
    assert_eq!(site.cli(["--json", "maintain"]).json()["events"], json!(1));
    assert_eq!(site.events().len(), events - 1);
    let findings = site.cli(["--json", "doctor"]);
    assert!(
        !findings.stdout.contains("panicked") && !findings.stdout.is_empty(),
        "{findings:?}"
    );
}

#[test]
fn a_clock_that_was_set_back_is_noticed_and_accepted() {
    let (site, database) = site();
    let (totp, phone) = (site.totp("alice"), site.app_password("alice", &[]));
    shared().sql(&database, "UPDATE mailotp.store SET newest = newest + 3600");
    assert_ne!(verdict(&site, "alice", &totp.code(0)), "PAM_SUCCESS");
    assert_eq!(verdict(&site, "alice", &phone.secret), "PAM_SUCCESS");
    site.cli(["clock", "accept"]).done();
    assert_eq!(verdict(&site, "alice", &totp.code(0)), "PAM_SUCCESS");
}

#[test]
fn a_store_that_a_newer_version_has_migrated_is_refused_or_gone_on_with_as_it_says() {
    let (site, database) = site();
    let phone = site.app_password("alice", &[]);
    let was = shared().sql(&database, "SELECT works_since FROM mailotp.store");
    for (version, since, expected) in [
        (9, 9, "PAM_AUTHINFO_UNAVAIL"),
        (9, 1, "PAM_SUCCESS"),
        (1, 1, "PAM_AUTHINFO_UNAVAIL"),
    ] {
        shared().sql(
            &database,
            &format!("UPDATE mailotp.store SET version = {version}, works_since = {since}"),
        );
        assert_eq!(
            verdict(&site, "alice", &phone.secret),
            expected,
            "{version} {since}"
        );
        if version == 9 {
            site.cli(["--json", "user", "lock", "alice"]).error(5);
        }
    }
    shared().sql(
        &database,
        &format!("UPDATE mailotp.store SET version = {was}, works_since = {was}"),
    );
    assert_eq!(verdict(&site, "alice", &phone.secret), "PAM_SUCCESS");
}
