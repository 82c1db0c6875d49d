//! Many at once with each kind of code, and with what is used up beside it: a code works once.

use std::thread::sleep;
use std::time::Duration;

use harness::host::{Reply, Request};
use harness::sequence::wrong_responses;
use harness::site::Site;

use crate::{BOTH, ELSEWHERE, HOME};

/// Somebody with a code that nobody has typed yet.
struct Ready {
    /// The account.
    user: &'static str,
    /// The name that is typed.
    name: String,
    /// What is typed.
    typed: Vec<String>,
    /// What goes down by one with it, if anything does.
    counted: Option<String>,
}

/// One of each kind, each of an account of its own.
fn one_of_each(site: &Site) -> Vec<Ready> {
    let sequence = site.sequence("alice");
    let response = site.response(&sequence, 99);
    let bobs = site.sheet_with("bob", &["--count", "2"]);
    let carols = site.sheet_with("carol", &["--count", "2"]);
    let aliases = site.aliases("carol");
    site.set_pin("bob", "4711");
    let ready = |user: &'static str, name: &str, typed: &[&str], counted: Option<&str>| Ready {
        user,
        name: name.to_owned(),
        typed: typed.iter().map(ToString::to_string).collect(),
        counted: counted.map(str::to_owned),
    };
    vec![
        ready(
            "alice",
            "alice",
            &[&response.hex, &response.words],
            Some(&sequence.id),
        ),
        ready(
            "bob",
            "bob",
            &[&format!("4711 {}", bobs.codes[0])],
            Some(&bobs.id),
        ),
        ready(
            "carol",
            &aliases.names[0],
            &[&carols.codes[0]],
            Some(&aliases.id),
        ),
        ready("dave", "dave", &[&site.hotp("dave").code(0)], None),
        ready("erin", "erin", &[&site.totp("erin").code(0)], None),
    ]
}

/// The ways in which a site takes them: what it is configured with, and what stands before a code.
const WAYS: [(&str, &str); 2] = [("", ""), (BOTH, "correct horse! ")];

/// How many were let in: those that the next module was given the password of, too.
fn let_in(replies: &[Reply]) -> usize {
    let right = |reply: &&Reply| match reply.verdict() {
        "PAM_SUCCESS" => true,
        "PAM_IGNORE" => reply.handed_on().as_deref() == Some("correct horse!"),
        _ => false,
    };
    let refused = |reply: &&Reply| reply.verdict() == "PAM_AUTH_ERR";
    let count = replies.iter().filter(right).count();
    let others = replies.iter().filter(refused).count();
    assert_eq!(count + others, replies.len(), "{replies:?}");
    count
}

/// How many logins of the account ended like this.
fn events(site: &Site, user: &str, result: &str) -> u64 {
    let events = site.events();
    let of_user = events
        .iter()
        .filter(|event| event["account"] == user && event["result"] == result);
    of_user.filter_map(|event| event["count"].as_u64()).sum()
}

/// What is left of what a login of somebody uses up.
fn left(site: &Site, ready: &Ready) -> Option<u64> {
    let counted = ready.counted.as_ref()?;
    site.left(ready.user, counted)
}

/// CVE-2026-20779 Gitea: one TOTP was accepted twice in parallel.
#[test]
fn cve_2026_20779_of_eight_addresses_with_one_fresh_code_of_any_kind_one_is_let_in() {
    for (toml, before) in WAYS {
        let site = Site::new(toml);
        for ready in one_of_each(&site) {
            let whole = left(&site, &ready);
            let login = |host: usize| {
                let typed = &ready.typed[host % ready.typed.len()];
                Request::new("imap", &ready.name)
                    .from(format!("203.0.113.{host}"))
                    .answer(format!("{}{typed}", before_code(before, typed)))
            };
            let replies = site.ask_at_once((1..=8).map(login));
            assert_eq!(let_in(&replies), 1, "{}: {replies:?}", ready.user);
            assert_eq!(left(&site, &ready), whole.map(|whole| whole - 1));
        }
    }
}

/// The password before a code; before six words one blank of it is taken for the one between two words.
fn before_code<'a>(before: &'a str, typed: &str) -> &'a str {
    let in_words = typed.starts_with(|first: char| first.is_ascii_uppercase());
    if in_words { before } else { before.trim_end() }
}

#[test]
fn six_connections_of_one_place_with_one_fresh_code_of_any_kind_are_all_let_in_and_charged_nothing()
{
    for (toml, before) in WAYS {
        let site = Site::new(toml);
        for ready in one_of_each(&site) {
            let whole = left(&site, &ready);
            let login = |turn: usize| {
                let typed = &ready.typed[turn % ready.typed.len()];
                Request::new("imap", &ready.name)
                    .from(HOME)
                    .answer(format!("{}{typed}", before_code(before, typed)))
            };
            let replies = site.ask_at_once((0..6).map(login));
            let user = ready.user;
            assert_eq!(let_in(&replies), 6, "{user}: {replies:?}");
            let told = ["accepted", "continued"].map(|result| events(&site, user, result));
            assert_eq!(told, [1, 5], "{user}: one consumption");
            assert_eq!(left(&site, &ready), whole.map(|whole| whole - 1));
            assert_eq!(site.guesses_left(user), 8, "{user}");
            // Nor has the place lost one of its ten.
            let wrong = wrong_responses(11);
            let guess = |code| {
                let typed = format!("{}{code}", before.trim_end());
                Request::new("imap", user).from(HOME).answer(typed)
            };
            let verdicts: Vec<String> = (site.ask_in_turn(wrong.iter().map(guess)).iter())
                .map(|reply| reply.verdict().to_owned())
                .collect();
            assert_eq!(verdicts[..10], ["PAM_AUTH_ERR"; 10], "{user}");
            assert_eq!(verdicts[10], "PAM_MAXTRIES", "{user}");
        }
    }
}

/// Four logins with each of two, at once.
fn two_by_four(
    site: &Site,
    logins: [(&str, &str); 2],
    from: impl Fn(usize) -> String,
) -> Vec<Reply> {
    let login = |turn: usize| {
        let (name, typed) = logins[turn % 2];
        Request::new("imap", name).from(from(turn)).answer(typed)
    };
    site.ask_at_once((0..8).map(login))
}

/// Whom the host goes on with, by what it was told.
fn names_are_right(replies: &[Reply]) {
    for reply in replies {
        let is_alice = reply.user.as_deref() == Some(b"alice");
        assert_eq!(is_alice, reply.verdict() == "PAM_SUCCESS", "{reply:?}");
    }
}

#[test]
fn of_two_aliases_with_one_code_one_is_spent() {
    for here in [true, false] {
        let site = Site::new("");
        let sheet = site.sheet("alice");
        let aliases = site.aliases("alice");
        let (one, other) = (aliases.names[0].as_str(), aliases.names[1].as_str());
        let code = sheet.codes[0].as_str();
        let replies = two_by_four(&site, [(one, code), (other, code)], |turn| {
            if here {
                HOME.to_owned()
            } else {
                format!("203.0.113.{turn}")
            }
        });
        // In one place the window of the alias that was first takes its four in.
        assert_eq!(let_in(&replies), if here { 4 } else { 1 }, "{replies:?}");
        names_are_right(&replies);
        assert_eq!(site.left("alice", &aliases.id), Some(3));
        assert_eq!(site.left("alice", &sheet.id), Some(9));
        let again = [one, other].map(|name| site.verdict("imap", name, ELSEWHERE, &sheet.codes[1]));
        let accepted = again.iter().filter(|verdict| *verdict == "PAM_SUCCESS");
        assert_eq!(accepted.count(), 1, "the other one is fresh: {again:?}");
    }
}

#[test]
fn of_two_codes_under_one_alias_one_is_spent() {
    for here in [true, false] {
        let site = Site::new("");
        let (first, second) = (site.sheet("alice"), site.sheet("alice"));
        let aliases = site.aliases("alice");
        let alias = aliases.names[0].as_str();
        let logins = [(alias, &*first.codes[0]), (alias, &*second.codes[0])];
        let replies = two_by_four(&site, logins, |turn| {
            if here {
                HOME.to_owned()
            } else {
                format!("203.0.113.{turn}")
            }
        });
        assert_eq!(let_in(&replies), if here { 4 } else { 1 }, "{replies:?}");
        names_are_right(&replies);
        assert_eq!(site.left("alice", &aliases.id), Some(3));
        let codes = [&first, &second].map(|sheet| site.left("alice", &sheet.id));
        assert!(
            codes == [Some(9), Some(10)] || codes == [Some(10), Some(9)],
            "{codes:?}"
        );
    }
}

#[test]
fn two_responses_in_a_row_never_leave_a_gap() {
    let site = Site::new("");
    let sequence = site.sequence("alice");
    let [first, second] = [99, 98].map(|count| site.response(&sequence, count).hex);
    let replies = two_by_four(&site, [("alice", &first), ("alice", &second)], |turn| {
        format!("203.0.113.{turn}")
    });
    let accepted = let_in(&replies) as u64;
    assert!((1..=2).contains(&accepted), "{replies:?}");
    assert_eq!(site.left("alice", &sequence.id), Some(99 - accepted));
}

#[test]
fn a_response_works_once_also_where_processes_are_killed_and_the_sequence_goes_on() {
    let site = Site::new("");
    let sequence = site.sequence("alice");
    for turn in 0..12_u32 {
        let hex = site.response(&sequence, 99 - turn).hex;
        let login = |network: &str| {
            let from = format!("{network}.{turn}");
            Request::new("imap", "alice").from(from).answer(&hex)
        };
        let mut host = site.host();
        host.ask(&site.here(login("192.0.2")));
        sleep(Duration::from_millis(2 * u64::from(turn)));
        let mut replies = host.kill();
        replies.extend(["203.0.113", "198.51.100"].map(|network| site.ask(login(network))));
        assert!(let_in(&replies) <= 1, "{replies:?}");
        let due = &site.json("alice", &["challenge"])["sequence"];
        assert_eq!(
            *due,
            sequence.challenge(98 - turn),
            "spent by whoever was first"
        );
    }
}

#[test]
fn a_pinned_app_password_goes_to_one_service() {
    let site = Site::new("");
    let phone = site.app_password("alice", &["--pinned"]).secret;
    let login = |turn: usize| {
        let service = ["imap", "submission"][turn % 2];
        Request::new(service, "alice").from(HOME).answer(&phone)
    };
    assert_eq!(let_in(&site.ask_at_once((0..8).map(login))), 4);
}

#[test]
fn a_kill_code_beside_logins_with_its_sheet_has_the_last_word() {
    let site = Site::new("");
    let lost = site.sheet_with("alice", &["--count", "2"]);
    let login = |typed: &String| Request::new("imap", "alice").from(HOME).answer(typed);
    let typed = [
        &lost.codes[0],
        &lost.kill,
        &lost.codes[0],
        &lost.kill,
        &lost.codes[0],
    ];
    let replies = site.ask_at_once(typed.map(login));
    for reply in [&replies[1], &replies[3]] {
        assert_eq!(reply.verdict(), "PAM_AUTH_ERR");
    }
    for code in &lost.codes {
        assert_eq!(site.verdict("imap", "alice", HOME, code), "PAM_AUTH_ERR");
    }
}

#[test]
fn a_replacement_that_is_used_beside_the_old_one_has_the_last_word() {
    let site = Site::new("");
    let old = site.app_password("alice", &["phone"]).secret;
    let made = site.json("alice", &["replace", "phone"]);
    let new = made["secret"].as_str().expect("a secret");
    let replies = two_by_four(&site, [("alice", new), ("alice", &old)], |_| {
        HOME.to_owned()
    });
    for reply in replies.iter().step_by(2) {
        assert_eq!(reply.verdict(), "PAM_SUCCESS");
    }
    assert_eq!(site.verdict("imap", "alice", HOME, old), "PAM_AUTH_ERR");
}
