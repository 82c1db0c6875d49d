//! Two mail hosts, each with its own configuration, memory and processes, and one database.

use harness::host::Request;
use harness::postgres::shared;
use harness::site::Site;
use harness::tool::tool;

use super::{accepted, at_both};
use crate::{ELSEWHERE, HOME, rounds};

/// Two mail hosts.
fn two(toml: &str) -> [Site; 2] {
    let one = Site::of_server(shared(), toml);
    let other = one.another_host();
    [one, other]
}

#[test]
fn of_two_hosts_with_one_code_one_lets_it_in_every_time() {
    // A thousand times with `make ha`.
    let count = 20 * rounds(10);
    let database = shared().database();
    let one = Site::of_database(&shared().url(&database), harness::shared_site::ALONE, "");
    let other = one.another_host();
    let token = one.hotp_with("alice", &["--no-confirm", "--digits", "8"]);
    let seed = token.parameter("secret").expect("a URI holds the seed");
    let last = (count + 9).to_string();
    let options = ["--base32", "--digits", "8", "-w", &last, seed];
    let codes = tool("oathtool", "oathtool", &options).done();
    // One that comes again finds the window of the first time.
    let mut seen = std::collections::HashSet::new();
    let codes = codes.stdout.split_whitespace();
    let codes: Vec<&str> = codes
        .filter(|code| seen.insert(*code))
        .take(count)
        .collect();
    assert_eq!(codes.len(), count);
    let (mut first, mut second) = (one.host(), other.host());
    for (round, code) in codes.iter().enumerate() {
        // What the loser has guessed would lock the account after some rounds.
        if round % 7 == 0 {
            shared().sql(&database, "DELETE FROM mailotp.bucket");
        }
        let login = |from| Request::new("imap", "alice").from(from).answer(code);
        let replies = at_both(
            [(&one, &mut first), (&other, &mut second)],
            [login(HOME), login(ELSEWHERE)],
        );
        assert_eq!(accepted(&replies), 1, "round {round}: {replies:?}");
    }
}

#[test]
fn of_two_hosts_with_the_next_code_of_a_sheet_one_lets_it_in() {
    let [one, other] = two("");
    let sheet = one.sheet_with("alice", &["--count", "40"]);
    let (mut first, mut second) = (one.host(), other.host());
    for (round, code) in sheet.codes.iter().enumerate() {
        let login = |network| {
            let from = format!("{network}.{round}");
            Request::new("imap", "alice").from(from).answer(code)
        };
        let replies = at_both(
            [(&one, &mut first), (&other, &mut second)],
            [login("192.0.2"), login("198.51.100")],
        );
        assert_eq!(accepted(&replies), 1, "round {round}: {replies:?}");
    }
}

#[test]
fn a_window_that_one_host_opens_lets_the_same_place_in_at_the_other_and_nobody_else() {
    let [one, other] = two("");
    let sheet = one.sheet("alice");
    assert_eq!(
        one.verdict("imap", "alice", HOME, &sheet.codes[0]),
        "PAM_SUCCESS"
    );
    for service in ["imap", "submission"] {
        let verdict = other.verdict(service, "alice", HOME, &sheet.codes[0]);
        assert_eq!(verdict, "PAM_SUCCESS", "{service}");
    }
    let verdict = other.verdict("imap", "alice", ELSEWHERE, &sheet.codes[0]);
    assert_eq!(verdict, "PAM_AUTH_ERR");
    // Ended there, it is ended here.
    other.json("alice", &["grace", "end"]);
    assert_eq!(
        one.verdict("imap", "alice", HOME, &sheet.codes[0]),
        "PAM_AUTH_ERR"
    );
    let both = || {
        let login = Request::new("imap", "alice")
            .from(HOME)
            .answer(&sheet.codes[1]);
        let (mut first, mut second) = (one.host(), other.host());
        at_both(
            [(&one, &mut first), (&other, &mut second)],
            [login.clone(), login],
        )
    };
    assert_eq!(accepted(&both()), 2, "two connections of one browser");
}

#[test]
fn what_is_guessed_at_one_host_is_not_left_at_the_other() {
    let [one, other] = two("");
    let phone = one.totp("alice");
    let wrong = phone.wrong_codes(8);
    for (at, code) in wrong.iter().enumerate() {
        let site = if at % 2 == 0 { &one } else { &other };
        let from = format!("198.51.100.{at}");
        assert_eq!(
            site.verdict("imap", "alice", &from, code),
            "PAM_AUTH_ERR",
            "guess {at}"
        );
    }
    for site in [&one, &other] {
        assert_eq!(site.guesses_left("alice"), 0);
        let verdict = site.verdict("imap", "alice", "198.51.100.99", phone.code(0));
        assert_eq!(verdict, "PAM_MAXTRIES");
    }
    other.cli(["user", "forgive", "alice"]).done();
    let verdict = one.verdict("imap", "alice", "198.51.100.99", phone.code(0));
    assert_eq!(verdict, "PAM_SUCCESS");
}

#[test]
fn what_is_revoked_or_locked_at_one_host_is_so_at_the_other_at_once() {
    let [one, other] = two("");
    let device = one.app_password("alice", &["phone"]);
    let (mut first, mut second) = (one.host(), other.host());
    let login = || {
        Request::new("imap", "alice")
            .from(HOME)
            .answer(&device.secret)
    };
    let mut both = || {
        let replies = at_both(
            [(&one, &mut first), (&other, &mut second)],
            [login(), login()],
        );
        replies.map(|reply| reply.verdict().to_owned())
    };
    assert_eq!(both(), ["PAM_SUCCESS"; 2]);
    one.cli(["user", "lock", "alice"]).done();
    assert_eq!(both(), ["PAM_AUTH_ERR"; 2]);
    other.cli(["user", "unlock", "alice"]).done();
    assert_eq!(both(), ["PAM_SUCCESS"; 2]);
    one.json("alice", &["revoke", "phone"]);
    assert_eq!(both(), ["PAM_AUTH_ERR"; 2]);
}

#[test]
fn an_app_password_for_three_logins_lets_three_in_at_two_hosts_together() {
    let [one, other] = two("");
    let device = one.app_password("alice", &["--max-logins", "3"]);
    let login = Request::new("imap", "alice")
        .from(HOME)
        .answer(&device.secret);
    let mut started: Vec<_> = [&one, &other, &one, &other, &one, &other]
        .map(|site| (site.host(), site.here(login.clone())))
        .into();
    for (host, request) in &mut started {
        host.ask(request);
    }
    let replies: Vec<_> = started
        .into_iter()
        .flat_map(|(host, _)| host.finish())
        .collect();
    assert_eq!(accepted(&replies), 3);
}
