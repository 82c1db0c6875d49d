//! A crowd with one fresh code, in many threads of many processes: it is used up once, whoever sits where the first one
//! does goes on in its window, everybody else is refused, and of the place that was first nobody pays.

use std::collections::BTreeSet;
use std::thread;

use harness::host::{Reply, Request, Threads};
use harness::site::Site;

use crate::crashes::thorough;
use crate::unavailable::toml;
use crate::{BOTH, HOME, rounds};

/// What is typed by the crowd.
struct Fresh {
    user: String,
    /// The name that is typed.
    name: String,
    typed: String,
    /// Whether it opens a window.
    opens: bool,
}

/// More than anybody guesses here.
const LIMITS: &str = "[limits]\nnetwork = 1000\naccount = 1000\n";

fn fresh(site: &Site, kind: &str, round: usize) -> Fresh {
    let user = format!("{kind}-{round}").replace('+', "-");
    let user = user.as_str();
    let mut name = user.to_owned();
    let typed = match kind {
        "sheet" => site.sheet(user).codes.remove(0),
        "sequence" => {
            let sequence = site.sequence(user);
            // In words: hexadecimal digits may be digits of another code.
            site.response(&sequence, 99).words
        }
        "totp" => site.totp(user).code(0),
        "hotp" => site.hotp(user).code(0),
        "alias" => {
            let code = site.sheet(user).codes.remove(0);
            name = site.aliases(user).names.remove(0);
            code
        }
        "app-password" => site.app_password(user, &["--max-logins", "1"]).secret,
        _ => format!("correct horse!{}", site.hotp(user).code(0)),
    };
    Fresh {
        user: user.to_owned(),
        name,
        typed,
        opens: kind != "app-password",
    }
}

/// All of them at once; every other one from one place.
fn crowd(site: &Site, fresh: &Fresh, processes: usize, threads: usize) -> Vec<(String, Reply)> {
    let place = |number: usize| match number % 2 {
        0 => HOME.to_owned(),
        _ => format!("203.0.113.{number}"),
    };
    let of_process = |process: usize| {
        let places = (0..threads).map(|thread| place(process * threads + thread));
        let places: Vec<String> = places.collect();
        let login = |from: &String| {
            let login = Request::new("imap", &fresh.name).from(from);
            login.answer(&fresh.typed)
        };
        let requests = places.iter().map(login).collect();
        let replies = site.ask_threads(requests, Threads::End);
        places.into_iter().zip(replies).collect::<Vec<_>>()
    };
    thread::scope(|scope| {
        let running: Vec<_> = (0..processes)
            .map(|process| scope.spawn(move || of_process(process)))
            .collect();
        let ended = running.into_iter();
        ended
            .flat_map(|one| one.join().expect("it has not failed"))
            .collect()
    })
}

fn is_in(reply: &Reply) -> bool {
    match reply.verdict() {
        "PAM_SUCCESS" | "PAM_IGNORE" => true,
        "PAM_AUTH_ERR" => false,
        other => panic!("{other}: {reply:?}"),
    }
}

/// A crowd with one fresh code of this kind, each time of somebody new.
fn one_uses_it_up(kind: &str) {
    let (processes, threads) = if thorough() { (8, 32) } else { (4, 12) };
    let store = toml("60s");
    let both = if kind == "password+otp" { BOTH } else { "" };
    let site = Site::new(&format!("{store}{LIMITS}{both}"));
    for round in 0..rounds(1) {
        let fresh = fresh(&site, kind, round);
        let whole = site.guesses_left(&fresh.user);
        let replies = crowd(&site, &fresh, processes, threads);
        assert_eq!(replies.len(), processes * threads);
        let told = site.events_of(&fresh.user);
        let count = |result: &str| -> u64 {
            let of_result = told.iter().filter(|event| event["result"] == result);
            of_result.filter_map(|event| event["count"].as_u64()).sum()
        };
        assert_eq!(count("accepted"), 1, "{kind}: one consumption");
        let first = told.iter().find(|event| event["result"] == "accepted");
        let first = first.map(|event| event["remote"].as_str().unwrap_or_default().to_owned());
        let first = first.expect("there is one");
        for (place, reply) in &replies {
            if fresh.opens {
                assert_eq!(
                    is_in(reply),
                    *place == first,
                    "{kind}: {place}, {first} was first"
                );
            }
        }
        let let_in = replies.iter().filter(|(_, reply)| is_in(reply)).count();
        assert!(fresh.opens || let_in == 1, "{kind}: {let_in} were let in");
        // Who was second by a moment pays nothing. Who came when it was used up has typed a wrong code, and has paid for
        // it once, where it may be digits.
        let others: BTreeSet<_> = replies.iter().map(|(place, _)| place).collect();
        let paid = whole - site.guesses_left(&fresh.user);
        let digits = ["totp", "hotp", "password+otp"].contains(&kind);
        let most = if digits { others.len() as u64 - 1 } else { 0 };
        assert!(paid <= most, "{kind}: {paid} guesses were paid");
    }
}

#[test]
fn of_a_crowd_with_one_fresh_code_of_a_sheet_one_uses_it_up() {
    one_uses_it_up("sheet");
}

#[test]
fn of_a_crowd_with_one_fresh_code_of_a_sequence_one_uses_it_up() {
    one_uses_it_up("sequence");
}

#[test]
fn of_a_crowd_with_one_fresh_code_of_an_authenticator_one_uses_it_up() {
    one_uses_it_up("totp");
}

#[test]
fn of_a_crowd_with_one_fresh_code_of_a_counter_one_uses_it_up() {
    one_uses_it_up("hotp");
}

#[test]
fn of_a_crowd_with_one_fresh_code_behind_an_alias_one_uses_it_up() {
    one_uses_it_up("alias");
}

#[test]
fn of_a_crowd_with_an_app_password_for_one_login_one_uses_it_up() {
    one_uses_it_up("app-password");
}

#[test]
fn of_a_crowd_with_one_fresh_code_behind_a_password_one_uses_it_up() {
    one_uses_it_up("password+otp");
}
