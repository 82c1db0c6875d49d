//! Many at once, and processes that die: a code works once.

use std::thread::sleep;
use std::time::Duration;

use harness::host::{Answer, Reply, Request};
use harness::site::Site;

use crate::HOME;

fn accepted(replies: &[Reply]) -> usize {
    let accepted = |reply: &&Reply| reply.verdict() == "PAM_SUCCESS";
    let refused = |reply: &&Reply| reply.verdict() == "PAM_AUTH_ERR";
    let count = replies.iter().filter(accepted).count();
    let others = replies.iter().filter(refused).count();
    assert_eq!(count + others, replies.len(), "{replies:?}");
    count
}

/// CVE-2026-20779 Gitea: one TOTP was accepted twice in parallel.
#[test]
fn cve_2026_20779_of_eight_addresses_with_one_fresh_code_one_is_let_in() {
    for toml in ["", "[otp]\nsheet_accept = \"any\"\n"] {
        let site = Site::new(toml);
        let sheet = site.sheet("alice");
        let totp = site.totp("alice");
        for code in [&sheet.codes[0], &sheet.codes[1], &totp.code(0)] {
            let login = |host| {
                Request::new("imap", "alice")
                    .from(format!("203.0.113.{host}"))
                    .answer(code)
            };
            assert_eq!(accepted(&site.ask_at_once((1..=8).map(login))), 1);
        }
    }
}

/// Logins that are counted note how new the store is, each at its own pace: none may take the store
/// of another for an old copy.
#[test]
fn many_right_logins_at_once_are_all_let_in() {
    let site = Site::new("");
    let phone = site.app_password("alice", &["--max-logins", "1000"]);
    let mut hosts: Vec<_> = (0..8).map(|_| site.host()).collect();
    for host in &mut hosts {
        for _ in 0..25 {
            let login = Request::new("imap", "alice").from(HOME);
            host.ask(&site.here(login.answer(&phone.secret)));
        }
    }
    let replies: Vec<Reply> = hosts.into_iter().flat_map(|host| host.finish()).collect();
    assert_eq!((accepted(&replies), replies.len()), (200, 200));
}

/// OTPW: one login in progress locked the others out.
#[test]
fn otpw_a_login_that_waits_for_its_user_keeps_nobody_out() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    let (asked, by_now) = (site.path("scratch/asked"), site.path("scratch/by-now"));
    let mut waiting = site.host();
    let text = sheet.codes[1].clone().into_bytes();
    let late = Answer::Between(asked.clone(), by_now.clone(), text);
    let login = Request::new("imap", "alice").from(HOME);
    waiting.ask(&site.here(login.clone().converse(late)));
    while !asked.exists() {
        sleep(Duration::from_millis(5));
    }
    let other = Request::new("imap", "alice").from("203.0.113.1");
    let reply = site.ask(other.answer(&sheet.codes[0]));
    assert_eq!(reply.verdict(), "PAM_SUCCESS");
    std::fs::write(by_now, "").expect("the folder is ours");
    assert_eq!(waiting.finish()[0].verdict(), "PAM_SUCCESS");
}

#[test]
fn of_eight_service_groups_with_one_fresh_code_one_is_let_in() {
    let site = Site::new("services.mail = []\n");
    let sheet = site.sheet("alice");
    let services = [
        "imap",
        "pop3",
        "submission",
        "sieve",
        "webmail",
        "a",
        "b",
        "c",
    ];
    for service in ["a", "b", "c"] {
        site.guard(service, "");
    }
    let login = |service| {
        Request::new(service, "alice")
            .from(HOME)
            .answer(&sheet.codes[0])
    };
    assert_eq!(accepted(&site.ask_at_once(services.map(login))), 1);
}

#[test]
fn two_authenticators_in_one_period_let_one_in() {
    let site = Site::new("");
    let codes = [site.totp("alice").code(0), site.totp("alice").code(0)];
    let login = |code| Request::new("imap", "alice").from(HOME).answer(code);
    assert_eq!(accepted(&site.ask_at_once(codes.map(login))), 1);
}

#[test]
fn an_app_password_for_three_logins_lets_three_in() {
    let site = Site::new("");
    let app = site.app_password("alice", &["--max-logins", "3"]);
    let login = Request::new("imap", "alice").from(HOME).answer(&app.secret);
    assert_eq!(accepted(&site.ask_at_once(vec![login; 8])), 3);
}

#[test]
fn different_accounts_do_not_get_in_each_others_way() {
    let site = Site::new("");
    let users = [
        "alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi",
    ];
    let sheets = users.map(|user| site.sheet(user));
    let logins = users.iter().zip(&sheets);
    let logins = logins.map(|(user, sheet)| {
        Request::new("imap", user)
            .from(HOME)
            .answer(&sheet.codes[0])
    });
    assert_eq!(accepted(&site.ask_at_once(logins)), users.len());
}

#[test]
fn a_code_works_once_also_where_processes_are_killed() {
    let site = Site::new("[otp]\nsheet_accept = \"any\"\n");
    let sheet = site.sheet_with("alice", &["--count", "20"]);
    for (index, code) in sheet.codes.iter().enumerate() {
        // Other addresses each time: what a killed process was charged, and a spent code, stay charged.
        let login = |network: &str| {
            let from = format!("{network}.{index}");
            Request::new("imap", "alice").from(from).answer(code)
        };
        let mut host = site.host();
        host.ask(&site.here(login("192.0.2")));
        sleep(Duration::from_millis(4 * index as u64));
        let mut replies = host.kill();
        replies.extend(["203.0.113", "198.51.100"].map(|network| site.ask(login(network))));
        let accepted = accepted(&replies);
        assert!(accepted <= 1, "{replies:?}");
    }
}

#[test]
fn one_process_serves_many_logins_of_many_users() {
    let site = Site::new("");
    let (alice, bob) = (site.sheet("alice"), site.sheet("bob"));
    let logins = alice
        .codes
        .iter()
        .zip(&bob.codes)
        .flat_map(|(first, second)| {
            [("alice", first), ("bob", second), ("alice", second)]
                .map(|(user, code)| Request::new("imap", user).from(HOME).answer(code))
        });
    let verdicts: Vec<String> = (site.ask_in_turn(logins).iter())
        .map(|reply| reply.verdict().to_owned())
        .collect();
    for three in verdicts.chunks(3) {
        assert_eq!(three[..2], ["PAM_SUCCESS", "PAM_SUCCESS"]);
        assert_ne!(three[2], "PAM_SUCCESS");
    }
}
