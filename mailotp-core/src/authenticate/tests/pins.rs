//! PINs: a memorised prefix before any typed code.

use super::*;

const WRONG: (Answer, Reason) = (Answer::Refuse, Reason::Wrong);

/// CVE-2021-31924 pam_u2f: the PIN could be left out.
#[test]
fn cve_2021_31924_with_a_pin_set_a_code_without_it_is_wrong_and_spends_nothing() {
    let mut world = World::new("");
    let codes = world.sheet("alice", 2, Scope::default());
    world.pin("alice", "1234");
    for typed in [
        codes[0].clone(),
        format!("12345{}", codes[0]),
        format!("123{}", codes[0]),
        format!("1243{}", codes[0]),
    ] {
        assert_ne!(
            world.login("alice", HERE, &typed).0,
            Answer::Accept,
            "{typed}"
        );
    }
    assert_eq!(
        world.login("alice", HERE, &format!("1234 {}", codes[0])),
        ACCEPTED
    );
    assert_eq!(
        world.login("alice", HERE, &codes[0]),
        WRONG,
        "not in its window either"
    );
    assert_eq!(
        world.login("alice", HERE, &format!("1234{}", codes[0])),
        CONTINUED
    );
}

#[test]
fn a_pin_stands_before_codes_of_every_kind_and_not_before_app_passwords() {
    let mut world = World::new("");
    let owner = world.sequence("alice", 100);
    let phone = world.totp("alice");
    let device = world.app_password("alice", Scope::default());
    world.pin("alice", "gehe1m");
    world.now += 60;
    for code in [
        owner.answer(99),
        owner.words(98),
        code_at(&phone, world.now),
    ] {
        assert_eq!(world.login("alice", HERE, &code), WRONG, "{code}");
        let typed = format!("gehe1m {code}");
        assert_eq!(world.login("alice", HERE, &typed), ACCEPTED, "{typed}");
    }
    assert_eq!(world.login("alice", HERE, &device).0, Answer::Accept);
}

#[test]
fn the_sites_pin_is_everybodys_until_they_have_one_of_their_own() {
    let mut world = World::new("");
    let alice = world.sheet("alice", 2, Scope::default());
    let bob = world.sheet("bob", 2, Scope::default());
    world.site_pin("site1");
    world.pin("bob", "own-one");
    assert_eq!(
        world.login("alice", HERE, &format!("site1{}", alice[0])),
        ACCEPTED
    );
    assert_eq!(world.login("bob", HERE, &format!("site1{}", bob[0])), WRONG);
    assert_eq!(
        world.login("bob", HERE, &format!("own-one{}", bob[0])),
        ACCEPTED
    );
}

#[test]
fn password_pin_and_code_are_split_from_the_right_in_and_out_of_a_window() {
    let mut world = World::new("[[rule]]\nname = \"r\"\naccept = [\"password+otp\"]");
    let codes = world.sheet("alice", 2, Scope::default());
    let owner = world.sequence("alice", 100);
    world.pin("alice", "1234");
    let whole = |password: &str| {
        Answer::PassOn(Handover::Prefix(Zeroizing::new(
            password.as_bytes().to_vec(),
        )))
    };
    for (password, typed, reason) in [
        (
            "secret",
            format!("secret1234{}", codes[0]),
            Reason::CodeAndPassword,
        ),
        ("secret", format!("secret1234 {}", codes[0]), Reason::Window),
        (
            "other 99 ",
            format!("other 99 1234{}", codes[0]),
            Reason::Window,
        ),
        (
            "se cret",
            format!("se cret1234 {}", owner.words(99)),
            Reason::CodeAndPassword,
        ),
        (
            "se cret",
            format!("se cret1234{}", owner.words(99)),
            Reason::Window,
        ),
        (
            "x",
            format!("x1234{}", owner.answer(98)),
            Reason::CodeAndPassword,
        ),
    ] {
        assert_eq!(
            world.login("alice", HERE, &typed),
            (whole(password), reason),
            "{typed}"
        );
    }
    let alone = format!("1234{}", codes[1]);
    assert_eq!(
        world.login("alice", HERE, &alone).0,
        Answer::Refuse,
        "no password"
    );
}

#[test]
fn nobody_can_tell_which_part_was_wrong_and_only_a_right_code_makes_it_a_guess_at_the_pin() {
    let mut world = World::new("");
    let codes = world.sheet("alice", 2, Scope::default());
    world.pin("alice", "1234");
    world.arena.hashes = 0;
    let mut answers = Vec::new();
    for (at, typed) in [
        format!("9999{}", wrong(1)),
        format!("1234{}", wrong(2)),
        format!("9999{}", codes[0]),
    ]
    .iter()
    .enumerate()
    {
        let report = world.report("alice", "imap", &format!("198.51.100.{at}"), typed);
        answers.push((report.answer, report.event.reason, report.event.credential));
        assert_eq!(
            world.arena.hashes,
            2 * (at as u32 + 1),
            "one for the code, one for the PIN"
        );
    }
    assert!(
        answers.iter().all(|answer| *answer == answers[0]),
        "{answers:?}"
    );
    assert_eq!(world.guesses_left("alice"), 7, "one guess at the PIN");
    let report = world.report("nobody", "imap", ELSEWHERE, &format!("9999{}", wrong(1)));
    assert_eq!((report.answer, report.event.reason), WRONG);
    assert_eq!(world.arena.hashes, 8, "a stranger costs the same");
}

#[test]
fn a_stolen_sheet_buys_eight_guesses_at_the_pin_and_the_owner_goes_on_from_home() {
    let mut world = World::new("");
    let codes = world.sheet("alice", 10, Scope::default());
    world.pin("alice", "1234");
    let home = format!("1234{}", codes[0]);
    assert_eq!(world.login("alice", HERE, &home), ACCEPTED);
    for guess in 0..20 {
        let from = format!("198.51.100.{guess}");
        let typed = format!("{}{}", 5000 + guess, codes[1]);
        assert_eq!(world.login("alice", &from, &typed).0, Answer::Refuse);
    }
    assert_eq!(world.guesses_left("alice"), 0);
    let right = format!("1234{}", codes[1]);
    assert_eq!(
        world.login("alice", "198.51.100.99", &right),
        (Answer::Refuse, Reason::Budget),
        "the right one is as good as a wrong one"
    );
    assert_eq!(world.login("alice", HERE, &right), ACCEPTED);
}

#[test]
fn where_nobody_has_a_pin_what_stands_before_a_code_costs_no_hash() {
    let mut world = World::new("");
    let codes = world.sheet("alice", 2, Scope::default());
    world.arena.hashes = 0;
    let answer = world.login("alice", HERE, &format!("secret{}", codes[0]));
    assert!(matches!(answer.0, Answer::PassOn(Handover::Prefix(_))));
    assert_eq!(world.arena.hashes, 1);
}

#[test]
fn another_pin_ends_the_windows_of_the_old_one() {
    let mut world = World::new("");
    let codes = world.sheet("alice", 2, Scope::default());
    world.pin("alice", "1234");
    let typed = format!("1234{}", codes[0]);
    assert_eq!(world.login("alice", HERE, &typed), ACCEPTED);
    world.pin("alice", "4321");
    assert_eq!(world.login("alice", HERE, &typed), WRONG);
}

/// A code that is not due yet makes no guess at the PIN of it. The same text must not be one for nothing
/// later, when the code is due.
#[test]
fn guesses_at_a_pin_that_were_typed_before_their_code_was_due_are_charged_when_it_is() {
    let mut world = World::new("");
    let codes = world.sheet("alice", 3, Scope::default());
    world.pin("alice", "5019");
    assert_eq!(
        world.login("alice", HERE, &format!("5019{}", codes[0])),
        ACCEPTED
    );
    let guesses: Vec<(String, String)> = (0..20)
        .map(|at| {
            (
                format!("198.51.100.{at}"),
                format!("{}{}", 5000 + at, codes[2]),
            )
        })
        .collect();
    for (from, typed) in &guesses {
        assert_eq!(world.login("alice", from, typed).0, Answer::Refuse);
    }
    assert_eq!(world.guesses_left("alice"), 8, "none of them told anything");
    assert_eq!(
        world.login("alice", HERE, &format!("5019{}", codes[1])),
        ACCEPTED
    );
    for (from, typed) in &guesses {
        assert_eq!(world.login("alice", from, typed).0, Answer::Refuse);
    }
    assert_eq!(world.guesses_left("alice"), 0);
}

/// Promise 7: a stranger keeps no owner out.
#[test]
fn digits_that_strangers_have_guessed_keep_nobody_from_a_sheet_with_a_pin() {
    let mut world = World::new("");
    let codes = world.sheet("alice", 1, Scope::default());
    world.pin("alice", "1234");
    for at in 0..20 {
        let from = format!("198.51.100.{at}");
        let _ = world.login("alice", &from, &format!("1234{}", 100_000 + at));
    }
    assert_eq!(world.guesses_left("alice"), 0);
    assert_eq!(
        world.login("alice", HERE, &format!("1234{}", codes[0])),
        ACCEPTED
    );
}

/// What is right and yet refused is told with the credential that it is of, for the administrator alone.
#[test]
fn a_code_that_is_spent_or_whose_pin_is_closed_is_refused_with_the_name_of_its_sheet_in_the_log() {
    let mut world = World::new("");
    let codes = world.sheet("alice", 4, Scope::default());
    world.pin("alice", "1234");
    let first = format!("1234{}", codes[0]);
    let accepted = world.report("alice", "imap", HERE, &first);
    let sheet = accepted.event.credential.clone();
    assert!(accepted.answer == Answer::Accept && sheet.is_some());
    let mut told = |from: &str, typed: &str| {
        let event = world.report("alice", "imap", from, typed).event;
        (event.reason, event.credential)
    };
    assert_eq!(
        told("198.51.100.1", &first),
        (Reason::Replay, sheet.clone())
    );
    for at in 2..12 {
        let guess = format!("{}{}", 5000 + at, codes[1]);
        told(&format!("198.51.100.{at}"), &guess);
    }
    let right = format!("1234{}", codes[1]);
    assert_eq!(told("198.51.100.99", &right), (Reason::Budget, sheet));
}
