//! Servers that stay silent, and lines that are cut.

use std::time::{Duration, Instant};

use harness::host::{PamHost, Request};
use harness::postgres::shared;
use harness::proxy::{Fate, Proxy};
use harness::shared_site::ALONE;
use harness::site::Site;

use super::accepted;
use crate::{ELSEWHERE, HOME};

/// A site that reaches its database by this way.
fn site_by(proxy: &Proxy, timeout: &str) -> Site {
    let store = format!("{ALONE}timeout = \"{timeout}\"\n");
    let any = "[otp]\nsheet_accept = \"any\"\n";
    Site::of_database(&proxy.url(&shared().database()), &store, any)
}

/// How long a login takes that is refused because there is no answer.
#[track_caller]
fn unavailable(site: &Site, code: &str) -> Duration {
    let asked = Instant::now();
    let reply = site.login("imap", "alice", HOME, code);
    let took = asked.elapsed();
    assert_eq!(reply.verdict(), "PAM_AUTHINFO_UNAVAIL");
    assert!(reply.left_behind.is_empty(), "{reply:?}");
    took
}

#[test]
fn a_server_that_accepts_and_stays_silent_costs_the_timeout_and_then_a_refusal() {
    let proxy = Proxy::to(shared());
    let site = site_by(&proxy, "2s");
    let sheet = site.sheet("alice");
    proxy.decide(Fate::Silent(0));
    let took = unavailable(&site, &sheet.codes[0]);
    let expected = Duration::from_millis(1900)..Duration::from_millis(4500);
    assert!(expected.contains(&took), "{took:?}");
    proxy.decide(Fate::Served);
    assert_eq!(
        site.verdict("imap", "alice", HOME, &sheet.codes[0]),
        "PAM_SUCCESS"
    );
}

/// What the kernel has accepted, and nobody else.
#[test]
fn a_server_that_is_stopped_costs_no_more() {
    use std::os::unix::net::UnixListener;
    let folder = tempfile::tempdir().expect("a folder");
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(folder.path(), open).expect("it is ours");
    let path = folder.path().join(harness::postgres::SOCKET);
    let _listener = UnixListener::bind(&path).expect("listen");
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    std::fs::set_permissions(&path, open).expect("it is ours");

    let database = shared().database();
    let store = format!("{ALONE}timeout = \"4s\"\n");
    let site = Site::of_database(&shared().url(&database), &store, "");
    let sheet = site.sheet("alice");
    let here = folder.path().display();
    let (silent, sound) = (here.to_string(), shared().folder().display().to_string());
    let list = |hosts: &str| format!("postgresql://mailotp@/{database}?host={hosts}");

    site.configure_database(&list(&silent), &store, "");
    let took = unavailable(&site, &sheet.codes[0]);
    assert!(took < Duration::from_millis(6500), "{took:?}");
    // The first leaves the second its share of the time.
    site.configure_database(&list(&format!("{silent},{sound}")), &store, "");
    let reply = site.login("imap", "alice", HOME, &sheet.codes[0]);
    assert_eq!(reply.verdict(), "PAM_SUCCESS", "{reply:?}");
    assert!(reply.microseconds > 1_000_000, "it was tried: {reply:?}");
}

#[test]
fn whatever_message_is_never_answered_the_login_ends_in_time_and_no_code_works_twice() {
    let proxy = Proxy::to(shared());
    let site = site_by(&proxy, "1s");
    // Each costs the timeout: the first few, and some behind them.
    for after in [1, 2, 3, 5, 8, 12, 17] {
        let sheet = site.sheet_with("alice", &["--count", "1"]);
        proxy.decide(Fate::Silent(after));
        let asked = Instant::now();
        let reply = site.login("imap", "alice", HOME, &sheet.codes[0]);
        let took = asked.elapsed();
        let was_reached = proxy.fate() == Fate::Silent(0);
        proxy.decide(Fate::Served);
        let verdict = reply.verdict();
        assert!(took < Duration::from_millis(3500), "{after}: {took:?}");
        if was_reached && verdict != "PAM_SUCCESS" {
            assert_eq!(verdict, "PAM_AUTHINFO_UNAVAIL", "{after}");
        }
        let again = site.login("imap", "alice", ELSEWHERE, &sheet.codes[0]);
        let both = usize::from(verdict == "PAM_SUCCESS") + accepted([&again]);
        assert!(both <= 1, "{after}");
    }
}

/// The host of these tests has not ignored SIGPIPE, and would end with it.
#[test]
fn wherever_the_line_is_cut_the_host_lives_and_no_code_works_twice() {
    let proxy = Proxy::to(shared());
    let site = site_by(&proxy, "5s");
    let sheet = site.sheet_with("alice", &["--count", "150"]);
    let mut codes = sheet.codes.iter();
    // The one message that matters, the commit, is among all of them.
    type Way = fn(usize) -> Fate;
    let ways = [
        (Fate::Cut as Way, 3),
        (Fate::CutAfter as Way, 1),
        (Fate::Deaf as Way, 3),
    ];
    for (way, step) in ways {
        let mut spent_unseen = 0;
        for after in (0..).step_by(step) {
            let code = codes.next().expect("a login is not longer than that");
            // What a login has cost that was cut off is not given back.
            let login = |network| {
                Request::new("imap", "alice")
                    .from(format!("{network}.{after}"))
                    .answer(code)
            };
            let mut host = site.host();
            proxy.decide(way(after));
            host.ask(&site.here(login("192.0.2")));
            let first = host.reply();
            let was_cut = proxy.fate() == way(0);
            proxy.decide(Fate::Served);
            host.ask(&site.here(login("198.51.100")));
            let second = host.reply();
            drop(host);
            assert!(first.left_behind.is_empty(), "{first:?}");
            let verdict = first.verdict();
            if verdict == "PAM_SUCCESS" {
                assert_eq!(accepted([&second]), 0, "message {after}");
            } else {
                assert!(was_cut, "message {after}: {first:?}");
                assert_eq!(verdict, "PAM_AUTHINFO_UNAVAIL", "message {after}");
                spent_unseen += 1 - accepted([&second]);
            }
            if !was_cut {
                assert!(after > 10, "a login says more than that");
                break;
            }
        }
        // A commit whose answer is lost has spent the code all the same.
        assert_eq!(
            spent_unseen > 0,
            way(0) == Fate::CutAfter(0),
            "{:?}",
            way(0)
        );
    }
}

#[test]
fn no_variable_of_libpq_in_the_environment_of_the_host_changes_anything() {
    let site = Site::of_server(shared(), "");
    let sheet = site.sheet("alice");
    let mut command = site.program(&site.product(harness::products::HOST));
    for (name, value) in [
        ("PGHOST", "/nonexistent"),
        ("PGHOSTADDR", "192.0.2.1"),
        ("PGPORT", "1"),
        ("PGUSER", "nobody"),
        ("PGDATABASE", "nothing"),
        ("PGPASSWORD", "wrong"),
        ("PGPASSFILE", "/nonexistent"),
        ("PGSERVICE", "nowhere"),
        ("PGSSLMODE", "require"),
        (
            "PGOPTIONS",
            "-c search_path=nowhere -c default_transaction_read_only=on",
        ),
        ("PGTARGETSESSIONATTRS", "standby"),
        ("PGCONNECT_TIMEOUT", "1"),
        ("PGAPPNAME", "x"),
        ("SSL_CERT_FILE", "/nonexistent"),
        ("SSLKEYLOGFILE", "keys"),
        ("RUST_LOG", "trace"),
    ] {
        command.env(name, value);
    }
    let mut host = PamHost::start(command);
    host.ask(
        &site.here(
            Request::new("imap", "alice")
                .from(HOME)
                .answer(&sheet.codes[0]),
        ),
    );
    let replies = host.finish();
    assert_eq!(replies[0].verdict(), "PAM_SUCCESS");
    assert!(!site.path("keys").exists());
}

#[test]
fn a_host_that_may_start_no_thread_and_no_process_lets_people_in() {
    let site = Site::of_server(shared(), "");
    let sheet = site.sheet("alice");
    let mut command = site.program("prlimit".as_ref());
    command.args(["--nproc=1", "--"]);
    command.arg(site.product(harness::products::HOST));
    let mut host = PamHost::start(command);
    let login = Request::new("imap", "alice").from(HOME);
    host.ask(&site.here(login.answer(&sheet.codes[0])));
    let reply = host.reply();
    assert_eq!(reply.verdict(), "PAM_SUCCESS", "{reply:?}");
}

#[test]
fn nothing_is_left_in_a_host_or_at_the_server_after_two_hundred_logins() {
    let database = shared().database();
    let site = Site::of_database(&shared().url(&database), ALONE, "");
    let device = site.app_password("alice", &[]);
    let login = || {
        Request::new("imap", "alice")
            .from(HOME)
            .answer(&device.secret)
    };
    let replies = site.ask_in_turn((0..200).map(|_| login()));
    assert_eq!(accepted(&replies), 200);
    for reply in &replies {
        assert!(reply.left_behind.is_empty(), "{reply:?}");
    }
    let count = format!("SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}'");
    // A server ends its part when it has heard of the end.
    let start = Instant::now();
    while shared().sql("postgres", &count) != "0" {
        assert!(start.elapsed() < Duration::from_secs(5), "connections stay");
        std::thread::sleep(Duration::from_millis(20));
    }
}
