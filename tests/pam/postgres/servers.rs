//! A server that dies, and comes back.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{scope, sleep};
use std::time::Duration;

use harness::host::{Answer, Request};
use harness::postgres::Server;
use harness::shared_site::ALONE;
use harness::site::Site;

use super::accepted;
use crate::{ELSEWHERE, HOME, rounds};

const ANY: &str = "[otp]\nsheet_accept = \"any\"\n";

fn site_of(server: &Server) -> Site {
    let store = format!("{ALONE}timeout = \"3s\"\n");
    Site::of_database(&server.url(&server.database()), &store, ANY)
}

/// A login whose question stands there, and is answered when the file `go` is there.
fn between(site: &Site, code: &str, go: &str) -> Request {
    let [asked, go] = ["asked", go].map(|name| site.path("scratch").join(name));
    let answer = Answer::Between(asked, go, code.as_bytes().to_vec());
    Request::new("imap", "alice").from(HOME).converse(answer)
}

fn wait_for_the_question(site: &Site) {
    let asked = site.path("scratch").join("asked");
    while !asked.exists() {
        sleep(Duration::from_millis(5));
    }
    std::fs::remove_file(asked).expect("it is ours");
}

#[test]
fn a_server_that_dies_between_question_and_answer_costs_a_refusal_or_nothing() {
    let mut server = Server::start(&["fsync = off"]);
    let site = site_of(&server);
    let sheet = site.sheet("alice");
    let go = |name| std::fs::write(site.path("scratch").join(name), "").expect("it is ours");
    let mut host = site.host();

    host.ask(&site.here(between(&site, &sheet.codes[0], "first")));
    wait_for_the_question(&site);
    server.kill();
    go("first");
    assert_eq!(host.reply().verdict(), "PAM_AUTHINFO_UNAVAIL");

    server.resume();
    host.ask(&site.here(between(&site, &sheet.codes[0], "second")));
    wait_for_the_question(&site);
    server.kill();
    server.resume();
    go("second");
    // The same process, as nothing had happened.
    let reply = host.reply();
    assert_eq!(reply.verdict(), "PAM_SUCCESS");
    assert!(reply.left_behind.is_empty(), "{reply:?}");
    assert_eq!(
        site.verdict("imap", "alice", ELSEWHERE, &sheet.codes[0]),
        "PAM_AUTH_ERR"
    );
}

/// `fsync` is on: what is said to be committed survives the kill.
#[test]
fn a_server_that_is_killed_again_and_again_under_logins_lets_no_code_in_twice() {
    let mut server = Server::start(&[]);
    let one = site_of(&server);
    let other = one.another_host();
    let rounds = rounds(4);
    let sheet = one.sheet_with("alice", &["--count", &(30 * rounds).min(200).to_string()]);
    let over = AtomicBool::new(false);
    let run = |site: &Site, network: &str| {
        let mut host = site.host();
        let mut verdicts = Vec::new();
        for (at, code) in sheet.codes.iter().enumerate() {
            let from = format!("{network}.{at}");
            let request = Request::new("imap", "alice").from(from).answer(code);
            host.ask(&site.here(request));
            let reply = host.reply();
            assert!(reply.left_behind.is_empty(), "{reply:?}");
            let verdict = reply.verdict().to_owned();
            if over.load(Ordering::SeqCst) {
                break;
            }
            if verdict == "PAM_AUTHINFO_UNAVAIL" {
                sleep(Duration::from_millis(100));
            }
            verdicts.push(verdict);
        }
        verdicts
    };
    let tried = scope(|scope| {
        let (over, server) = (&over, &mut server);
        let killer = scope.spawn(move || {
            for _ in 0..rounds {
                sleep(Duration::from_millis(300));
                server.kill();
                server.resume();
            }
            over.store(true, Ordering::SeqCst);
        });
        let (one, other, run) = (&one, &other, &run);
        let first = scope.spawn(move || run(one, "192.0.2"));
        let second = scope.spawn(move || run(other, "198.51.100"));
        let tried = [first, second].map(|run| run.join().expect("no login fails the test"));
        killer.join().expect("it is killed and resumed");
        tried
    });
    let mut let_in = 0;
    let mut unavailable = 0;
    let tried_by_both = tried[0].iter().zip(&tried[1]).enumerate();
    for (at, (first, second)) in tried_by_both {
        let (code, verdicts) = (&sheet.codes[at], [first, second]);
        let so_far = verdicts
            .iter()
            .filter(|verdict| **verdict == "PAM_SUCCESS")
            .count();
        unavailable += verdicts
            .iter()
            .filter(|verdict| **verdict == "PAM_AUTHINFO_UNAVAIL")
            .count();
        // Whatever came of it: what was let in once is not let in again.
        let from = format!("203.0.113.{at}");
        let again = accepted([&one.login("imap", "alice", &from, code)]);
        assert!(so_far + again <= 1, "code {at}: {verdicts:?}, then {again}");
        let_in += so_far + again;
    }
    assert!(unavailable > 0, "it was killed in the middle of logins");
    assert!(let_in > 0);
}

#[test]
fn servers_whose_processes_are_stopped_cost_the_timeout_and_go_on_afterwards() {
    let server = Server::start(&["fsync = off"]);
    let site = site_of(&server);
    let sheet = site.sheet("alice");
    let mut host = site.host();
    host.ask(&site.here(between(&site, &sheet.codes[0], "go")));
    wait_for_the_question(&site);
    server.signal("-STOP");
    std::fs::write(site.path("scratch/go"), "").expect("it is ours");
    let reply = host.reply();
    server.signal("-CONT");
    assert_eq!(reply.verdict(), "PAM_AUTHINFO_UNAVAIL");
    let took = Duration::from_micros(reply.microseconds);
    assert!(
        took > Duration::from_millis(2500) && took < Duration::from_secs(7),
        "{took:?}"
    );
    assert_eq!(
        site.verdict("imap", "alice", HOME, &sheet.codes[0]),
        "PAM_SUCCESS"
    );
    assert_eq!(
        site.verdict("imap", "alice", ELSEWHERE, &sheet.codes[0]),
        "PAM_AUTH_ERR"
    );
}
