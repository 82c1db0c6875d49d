//! Servers that are replaced by their standbys, and what is lost with them.

use std::thread::sleep;
use std::time::{Duration, Instant};

use harness::host::{PamHost, Request};
use harness::postgres::Server;
use harness::shared_site::ALONE;
use harness::site::Site;

use super::accepted;
use crate::{ELSEWHERE, HOME, rounds};

const ANY: &str = "[otp]\nsheet_accept = \"any\"\n";
/// What a server says that waits for its standby, whichever it is.
const IN_STEP: &str = "synchronous_standby_names = 'replica'";

/// A database that may be at any of these servers.
fn url(database: &str, servers: &[&Server]) -> String {
    let folders: Vec<String> = servers
        .iter()
        .map(|server| server.folder().display().to_string())
        .collect();
    let hosts = folders.join(",");
    format!("postgresql://mailotp@/{database}?host={hosts}&target_session_attrs=read-write")
}

fn login(from: &str, code: &str) -> Request {
    Request::new("imap", "alice").from(from).answer(code)
}

#[test]
fn a_synchronous_standby_that_takes_over_has_all_that_was_spent_and_logins_go_on() {
    let mut primary = Server::start(&[]);
    let mut standby = primary.standby("replica");
    for server in [&primary, &standby] {
        server.configure(&[IN_STEP]);
        server.reload();
    }
    let database = primary.database();
    let one = Site::of_database(
        &url(&database, &[&primary, &standby]),
        "timeout = \"10s\"\n",
        ANY,
    );
    let other = one.another_host();
    let rounds = rounds(3);
    let sheet = one.sheet_with("alice", &["--count", &(4 * rounds).to_string()]);
    let device = other.app_password("bob", &[]);
    // The same processes through all of it.
    let (mut first, mut second) = (one.host(), other.host());
    let ask = |site: &Site, host: &mut PamHost, from: String, code: &str| {
        host.ask(&site.here(login(&from, code)));
        host.reply()
    };
    for (round, codes) in sheet.codes.chunks(4).enumerate() {
        let from = |network: &str| format!("{network}.{round}");
        let sure = ask(&one, &mut first, from("192.0.2"), &codes[0]);
        assert_eq!(accepted([&sure]), 1, "round {round}");
        // One is under way when the server dies, each time somewhere else.
        second.ask(&other.here(login(&from("198.51.100"), &codes[1])));
        sleep(Duration::from_millis(7 * (round as u64 % 12)));
        primary.kill();
        let under_way = second.reply();
        let was_let_in = under_way.verdict() == "PAM_SUCCESS";
        assert!(
            was_let_in || under_way.verdict() == "PAM_AUTHINFO_UNAVAIL",
            "{under_way:?}"
        );

        standby.promote();
        primary.follow(&standby, "replica");
        primary.configure(&[IN_STEP]);
        primary.reload();
        (primary, standby) = (standby, primary);

        let replayed = ask(&other, &mut second, from("203.0.113"), &codes[0]);
        assert_eq!(accepted([&replayed]), 0, "round {round}: {replayed:?}");
        let again = ask(&one, &mut first, from("203.0.113"), &codes[1]);
        assert!(
            usize::from(was_let_in) + accepted([&again]) <= 1,
            "round {round}: {again:?}"
        );
        let fresh = ask(&one, &mut first, from("192.0.3"), &codes[2]);
        assert_eq!(accepted([&fresh]), 1, "round {round}: {fresh:?}");
        let fresh = ask(&other, &mut second, from("192.0.4"), &codes[3]);
        assert_eq!(accepted([&fresh]), 1, "round {round}: {fresh:?}");
        assert_eq!(
            other.verdict("imap", "bob", HOME, &device.secret),
            "PAM_SUCCESS"
        );
    }
    let lost = one
        .events()
        .iter()
        .any(|event| event["reason"] == "commits-lost");
    assert!(!lost, "nothing was");
}

#[test]
fn a_standby_that_lost_the_last_commits_is_taken_for_a_store_that_came_back_from_a_backup() {
    let mut primary = Server::start(&["fsync = off"]);
    let standby = primary.standby("replica");
    let database = primary.database();
    let one = Site::of_database(&url(&database, &[&primary, &standby]), ALONE, ANY);
    let other = one.another_host();
    let sheet = one.sheet("alice");
    let device = one.app_password("bob", &["phone"]);
    let totp = one.totp("carol");
    for (site, code) in [(&one, &sheet.codes[0]), (&other, &sheet.codes[1])] {
        assert_eq!(site.verdict("imap", "alice", HOME, code), "PAM_SUCCESS");
    }
    primary.wait_for(&standby);
    standby.cut_off();
    assert_eq!(
        one.verdict("imap", "alice", HOME, &sheet.codes[2]),
        "PAM_SUCCESS"
    );
    assert_eq!(
        one.verdict("imap", "carol", HOME, totp.code(0)),
        "PAM_SUCCESS"
    );
    primary.kill();
    standby.promote();

    // The other host has seen nothing of it, and waits for the word of the one that has.
    let verdict = other.verdict("imap", "alice", ELSEWHERE, &sheet.codes[2]);
    assert_eq!(verdict, "PAM_AUTHINFO_UNAVAIL");
    assert_eq!(
        other.verdict("imap", "bob", HOME, &device.secret),
        "PAM_SUCCESS"
    );
    for site in [&one, &other] {
        for from in [HOME, ELSEWHERE] {
            let verdict = site.verdict("imap", "alice", from, &sheet.codes[2]);
            assert_eq!(verdict, "PAM_AUTH_ERR", "it was spent");
        }
        assert_eq!(
            site.verdict("imap", "carol", HOME, totp.code(0)),
            "PAM_AUTH_ERR"
        );
        // Windows are closed, and nothing else goes on by itself.
        assert_eq!(
            site.verdict("imap", "alice", HOME, &sheet.codes[0]),
            "PAM_AUTH_ERR"
        );
        assert_eq!(
            site.verdict("imap", "alice", HOME, &sheet.codes[3]),
            "PAM_AUTH_ERR"
        );
        assert_eq!(
            site.verdict("imap", "bob", HOME, &device.secret),
            "PAM_AUTH_ERR"
        );
    }
    let events = other.events();
    let lost = events
        .iter()
        .filter(|event| event["reason"] == "commits-lost");
    assert_eq!(lost.count(), 1, "{events:?}");
    let ahead = "SELECT totp_floor - extract(epoch FROM now()) BETWEEN 0 AND 120
                 FROM mailotp.account WHERE name = 'carol'";
    assert_eq!(
        standby.sql(&database, ahead),
        "t",
        "authenticators go on soon"
    );
    let live = "SELECT kind FROM mailotp.credential WHERE state = 'live'";
    assert_eq!(standby.sql(&database, live), "totp");
    // Somebody has looked.
    one.cli(["--user", "bob", "confirm", "phone"]).done();
    assert_eq!(
        other.verdict("imap", "bob", HOME, &device.secret),
        "PAM_SUCCESS"
    );
}

#[test]
fn without_a_standby_that_is_waited_for_nothing_is_spent_unless_that_was_weighed() {
    let server = Server::start(&["fsync = off"]);
    let database = server.database();
    let weighed = Site::of_database(&server.url(&database), ALONE, ANY);
    let sheet = weighed.sheet("alice");
    let device = weighed.app_password("alice", &[]);
    let counted = weighed.app_password("alice", &["--max-logins", "5"]);
    assert_eq!(
        weighed.verdict("imap", "alice", HOME, &sheet.codes[0]),
        "PAM_SUCCESS"
    );

    let site = weighed.another_host();
    site.configure_database(&server.url(&database), "", ANY);
    for secret in [&sheet.codes[1], &counted.secret] {
        let verdict = site.verdict("imap", "alice", HOME, secret);
        assert_eq!(verdict, "PAM_AUTHINFO_UNAVAIL");
    }
    for secret in [&sheet.codes[0], &device.secret] {
        assert_eq!(
            site.verdict("imap", "alice", HOME, secret),
            "PAM_SUCCESS",
            "as before"
        );
    }
    // It was not spent, and what it would have cost is all there is to see.
    assert_eq!(
        weighed.verdict("imap", "alice", ELSEWHERE, &sheet.codes[1]),
        "PAM_SUCCESS"
    );
    assert_eq!(weighed.left("alice", &counted.id), Some(5));
}

/// A server that waits for a standby which does not come, and a site.
fn waiting(timeout: &str) -> (Server, Site, String) {
    let server = Server::start(&["fsync = off"]);
    let database = server.database();
    let store = format!("timeout = \"{timeout}\"\n");
    let site = Site::of_database(&server.url(&database), &store, ANY);
    (server, site, database)
}

fn wait_forever(server: &Server) {
    server.configure(&[IN_STEP]);
    server.reload();
}

/// Waits until a login waits for the standby.
fn wait_for_the_wait(server: &Server) {
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
    let start = Instant::now();
    while server.sql("postgres", waits) == "0" {
        assert!(start.elapsed() < Duration::from_secs(10), "nobody waits");
        sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_wait_for_the_standby_that_somebody_ends_is_no_success() {
    for end in ["pg_cancel_backend", "pg_terminate_backend"] {
        let (server, site, _) = waiting("20s");
        let sheet = site.sheet("alice");
        wait_forever(&server);
        let mut host = site.host();
        host.ask(&site.here(login(HOME, &sheet.codes[0])));
        wait_for_the_wait(&server);
        let ended = format!("SELECT {end}(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
        server.sql("postgres", &ended);
        let reply = host.reply();
        assert_eq!(reply.verdict(), "PAM_AUTHINFO_UNAVAIL", "{end}");
        assert!(reply.microseconds < 15_000_000, "{reply:?}");
        // It is committed here, and spent.
        let verdict = site.verdict("imap", "alice", ELSEWHERE, &sheet.codes[0]);
        assert_eq!(verdict, "PAM_AUTH_ERR", "{end}");
    }
}

#[test]
fn while_the_standby_is_away_phones_and_open_windows_go_on() {
    let (server, site, database) = waiting("3s");
    let sheet = site.sheet("alice");
    let (device, open) = (site.app_password("bob", &[]), site.sheet("carol"));
    // While there is one, of a kind.
    site.configure_database(
        &server.url(&database),
        &format!("{ALONE}timeout = \"3s\"\n"),
        ANY,
    );
    assert_eq!(
        site.verdict("imap", "carol", HOME, &open.codes[0]),
        "PAM_SUCCESS"
    );
    wait_forever(&server);
    let mut host = site.host();
    host.ask(&site.here(login(HOME, &sheet.codes[0])));
    wait_for_the_wait(&server);
    // The clock of the store goes on, and so must they.
    sleep(Duration::from_millis(1100));
    for (user, secret) in [("bob", &device.secret), ("carol", &open.codes[0])] {
        let reply = site.login("imap", user, HOME, secret);
        assert_eq!(reply.verdict(), "PAM_SUCCESS", "{user}: {reply:?}");
    }
    assert_eq!(host.reply().verdict(), "PAM_AUTHINFO_UNAVAIL");
    let verdict = site.verdict("imap", "bob", HOME, &device.secret);
    assert_eq!(verdict, "PAM_SUCCESS", "though the server still waits");
}

#[test]
fn a_standby_that_takes_over_alone_lets_phones_in_and_codes_once_it_has_one_itself() {
    let mut primary = Server::start(&["fsync = off"]);
    let standby = primary.standby("replica");
    for server in [&primary, &standby] {
        server.configure(&[IN_STEP]);
        server.reload();
    }
    let places = url(&primary.database(), &[&primary, &standby]);
    let one = Site::of_database(&places, "timeout = \"3s\"\n", ANY);
    let other = one.another_host();
    let (sheet, device) = (one.sheet("alice"), one.app_password("bob", &[]));
    for site in [&one, &other] {
        let verdict = site.verdict("imap", "bob", HOME, &device.secret);
        assert_eq!(verdict, "PAM_SUCCESS");
    }
    primary.kill();
    standby.promote();
    for site in [&one, &other, &one] {
        let verdict = site.verdict("imap", "bob", HOME, &device.secret);
        assert_eq!(verdict, "PAM_SUCCESS");
        // Each waits until its time is up.
        let verdict = site.verdict("imap", "alice", HOME, &sheet.codes[0]);
        assert_eq!(verdict, "PAM_AUTHINFO_UNAVAIL");
    }
    primary.follow(&standby, "replica");
    let verdict = other.verdict("imap", "alice", HOME, &sheet.codes[1]);
    assert_eq!(verdict, "PAM_SUCCESS");
}
