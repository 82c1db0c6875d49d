//! As whom logins connect, and what that role may do: no more than logins need.

use harness::postgres::shared;
use harness::shared_site::ALONE;
use harness::site::Site;

use crate::{ELSEWHERE, HOME};

/// A site, and the name of its database.
fn site() -> (Site, String) {
    let database = shared().database();
    let site = Site::of_database(&shared().url(&database), ALONE, "");
    (site, database)
}

#[test]
fn the_role_of_the_logins_lets_people_in_with_everything_that_they_hold() {
    let (site, database) = site();
    let sheet = site.sheet("alice");
    let (totp, hotp) = (site.totp("bob"), site.hotp("carol"));
    let sequence = site.sequence("dora");
    let phone = site.app_password("erin", &["--max-logins", "2"]);
    let pinned = site.app_password("erin", &["--service", "imap"]);
    let aliases = site.aliases("alice");
    let words = site.response(&sequence, 99).words;
    let guarded = site.sheet("frank");
    site.set_pin("frank", "4711");
    let before = shared().sql(
        &database,
        "SELECT count(*) FROM pg_stat_activity WHERE usename = 'mailotp_owner' AND datname = current_database()",
    );
    assert_eq!(before, "0");
    let with_pin = format!("4711 {}", guarded.codes[0]);
    for (user, secret) in [
        ("alice", &sheet.codes[0]),
        ("alice", &sheet.codes[0]),
        (&aliases.names[0], &sheet.codes[1]),
        ("bob", &totp.code(0)),
        ("carol", &hotp.code(1)),
        ("dora", &words),
        ("erin", &phone.secret),
        ("erin", &pinned.secret),
        ("frank", &with_pin),
    ] {
        assert_eq!(
            site.verdict("imap", user, HOME, secret),
            "PAM_SUCCESS",
            "{user}"
        );
    }
    for (user, secret) in [
        ("alice", &sheet.codes[0]),
        (&aliases.names[0], &sheet.codes[2]),
        ("bob", &totp.code(0)),
        ("carol", &hotp.code(1)),
        ("dora", &words),
        ("frank", &guarded.codes[1]),
        ("nobody", &sheet.codes[3]),
    ] {
        assert_eq!(
            site.verdict("imap", user, ELSEWHERE, secret),
            "PAM_AUTH_ERR",
            "{user}"
        );
    }
    // The code that revokes a sheet, and what is let in on trial alone.
    assert_eq!(
        site.verdict("imap", "alice", HOME, &sheet.kill),
        "PAM_AUTH_ERR"
    );
    assert_eq!(
        site.verdict("imap", "alice", ELSEWHERE, &sheet.codes[2]),
        "PAM_AUTH_ERR"
    );
    let reasons: Vec<_> = site
        .events()
        .iter()
        .map(|event| event["reason"].clone())
        .collect();
    assert!(
        reasons.iter().any(|reason| reason == "killed"),
        "{reasons:?}"
    );
}

#[test]
fn what_takes_the_place_of_another_one_does_so_at_its_first_login() {
    let (site, _) = site();
    let old = site.app_password("alice", &["phone"]);
    let made = site.json("alice", &["replace", "phone"]);
    let new = made["secret"].as_str().expect("a password");
    assert_eq!(site.verdict("imap", "alice", HOME, new), "PAM_SUCCESS");
    assert_eq!(
        site.verdict("imap", "alice", HOME, &old.secret),
        "PAM_AUTH_ERR"
    );
}

#[test]
fn the_role_of_the_logins_makes_widens_and_removes_nothing() {
    let (site, database) = site();
    site.sheet("alice");
    site.app_password("alice", &["phone"]);
    for statement in [
        "INSERT INTO account SELECT 1, 'mallory', locked, expires, salt, totp_floor, created, pin_length, pin FROM account",
        "INSERT INTO credential SELECT * FROM credential",
        "INSERT INTO alias VALUES ('x', 1, 'x', 1)",
        "INSERT INTO own_rule VALUES (1, 1, 'x', NULL, NULL, 'password')",
        "UPDATE account SET name = 'mallory'",
        "UPDATE account SET salt = ''",
        "UPDATE account SET pin = NULL",
        "UPDATE account SET pin_length = NULL",
        "UPDATE account SET locked = 0",
        "UPDATE account SET expires = NULL",
        "UPDATE credential SET account = 1",
        "UPDATE credential SET label = 'x'",
        "UPDATE credential SET services = ''",
        "UPDATE credential SET networks = ''",
        "UPDATE credential SET expires = NULL",
        "UPDATE credential SET kind = 'x'",
        "UPDATE credential SET handle = 'x'",
        "UPDATE store SET ring = ''",
        "UPDATE store SET version = 1",
        "UPDATE store SET pin = NULL",
        "UPDATE store SET moving = NULL",
        "UPDATE event SET reason = 'x'",
        "UPDATE own_rule SET accept = 'password'",
        "DELETE FROM account",
        "DELETE FROM credential",
        "DELETE FROM struck",
        "DELETE FROM witness",
        "DELETE FROM host",
        "DELETE FROM store",
        "TRUNCATE struck",
        "SELECT would FROM event; SELECT * FROM event; SELECT changed FROM event",
        "DROP TABLE struck",
        "DROP SCHEMA mailotp CASCADE",
        "ALTER TABLE credential ADD COLUMN x BIGINT",
        "CREATE TABLE mailotp.x (x BIGINT)",
        "CREATE FUNCTION mailotp.x() RETURNS BIGINT LANGUAGE SQL AS 'SELECT 1'",
        "CREATE TRIGGER x AFTER UPDATE ON credential EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "SET ROLE mailotp_owner",
    ] {
        let refused = shared().as_login(&database, statement);
        let why = refused.expect_err(statement);
        let expected = ["permission denied", "must be owner", "does not exist"];
        assert!(
            expected.iter().any(|part| why.contains(part)),
            "{statement}: {why}"
        );
    }
    // It may look, so that it can compare; all that is secret is sealed.
    shared()
        .as_login(&database, "SELECT sealed FROM credential")
        .expect("it may look");
}

#[test]
fn a_stranger_to_the_database_reads_nothing() {
    let (site, database) = site();
    site.sheet("alice");
    shared().sql(
        "postgres",
        "DO $$ BEGIN CREATE ROLE stranger LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
    );
    for table in ["account", "credential", "event", "store"] {
        let output = shared().sql_as(
            "stranger",
            &database,
            &format!("SELECT * FROM mailotp.{table}"),
        );
        assert!(!output.status.success(), "{table}");
    }
}
