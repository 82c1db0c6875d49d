//! Guesses: what they cost, and that they cost everybody the same.

use super::*;

/// CVE-2026-35597 Vikunja: an attempt is charged before it is judged, and stays charged.
#[test]
fn cve_2026_35597_wrong_codes_are_charged_and_right_ones_are_not() {
    let mut world = World::new("");
    let codes = world.sheet("alice", 30, Scope::default());
    let password = world.app_password("alice", Scope::default());
    for number in 0..10 {
        assert_eq!(
            world.login("alice", HERE, &wrong(number)).0,
            Answer::Refuse,
            "{number}"
        );
    }
    assert_eq!(
        world.login("alice", HERE, &wrong(10)),
        (Answer::Throttle, Reason::Budget)
    );
    assert_eq!(
        world.login("alice", HERE, &codes[0]).0,
        Answer::Throttle,
        "also the right one"
    );
    assert_eq!(
        world.login("alice", HERE, &password),
        (Answer::Accept, Reason::AppPassword)
    );
    for code in &codes[..15] {
        assert_eq!(
            world.login("alice", ELSEWHERE, code),
            ACCEPTED,
            "another network"
        );
    }
    world.now += 60;
    assert_eq!(
        world.login("alice", HERE, &codes[15]),
        ACCEPTED,
        "one came back"
    );
}

/// CVE-2025-6015 Vault: a code used again with a blank in it by-passed the limiter.
#[test]
fn cve_2025_6015_the_same_wrong_secret_is_charged_once_however_it_is_written() {
    let mut world = World::new("");
    let codes = world.sheet("alice", 2, Scope::default());
    for typed in [
        "zzzzz-00000",
        "zzzzz00000",
        "ZZZZZ 00000",
        "zzzzz-ooooo",
        " z z z z z 0 0 0 0 0",
    ] {
        for _ in 0..5 {
            assert_eq!(world.login("alice", HERE, typed).0, Answer::Refuse);
        }
    }
    for number in 1..10 {
        assert_eq!(world.login("alice", HERE, &wrong(number)).0, Answer::Refuse);
    }
    assert_eq!(world.login("alice", HERE, &codes[0]).0, Answer::Throttle);
}

#[test]
fn unknown_accounts_are_throttled_in_the_same_way_and_leave_no_event() {
    let mut world = World::new("");
    for number in 0..10 {
        assert_eq!(
            world.login("nobody", HERE, &wrong(number)),
            (Answer::Refuse, Reason::Wrong)
        );
    }
    assert_eq!(
        world.login("nobody", HERE, &wrong(10)),
        (Answer::Throttle, Reason::Budget)
    );
    assert!(
        world
            .store
            .events(&EventFilter::default())
            .unwrap()
            .is_empty()
    );
}

#[test]
fn digit_codes_have_a_budget_of_eight_from_everywhere_and_the_owner_one_of_his_own() {
    let mut world = World::new("");
    let parameters = world.totp("alice");
    world.now += 60;
    let code = code_at(&parameters, world.now);
    assert_eq!(world.login("alice", HERE, &code), ACCEPTED);
    world.now += 3600;
    let right = code_at(&parameters, world.now);
    let guesses = (0..)
        .map(|number| format!("{number:06}"))
        .filter(|code| *code != right);
    for (at, guess) in (0..8).zip(guesses.clone()) {
        assert_eq!(
            world.login("alice", &format!("198.51.100.{at}"), &guess).0,
            Answer::Refuse
        );
    }
    assert_eq!(
        world.login("alice", "198.51.100.99", &right).0,
        Answer::Throttle
    );
    assert_eq!(
        world.login("alice", HERE, &right),
        ACCEPTED,
        "a network that is known"
    );
}

/// What is computed depends on the form alone.
#[test]
fn one_hash_for_a_sheet_code_whoever_asks_and_none_for_anything_else() {
    let mut world = World::new("");
    world.sheet("alice", 2, Scope::default());
    for _ in 0..3 {
        world.sheet("bob", 2, Scope::default());
    }
    world.app_password("carol", Scope::default());
    for user in ["alice", "bob", "carol", "nobody"] {
        let before = world.arena.hashes;
        assert_eq!(world.login(user, HERE, &wrong(1)).0, Answer::Refuse);
        assert_eq!(world.arena.hashes - before, 1, "{user}, a sheet code");
        for typed in ["123456", "short", "?", "appy-z5fb-trk1-sbz6-6sxh-tsxn-5bn0"] {
            assert_eq!(world.login(user, HERE, typed).0, Answer::Refuse);
        }
        assert_eq!(world.arena.hashes - before, 1, "{user}, other forms");
    }
}

#[test]
fn questions_and_typing_errors_cost_nothing() {
    let mut world = World::new("");
    let codes = world.sheet("alice", 2, Scope::default());
    let password = world.app_password("alice", Scope::default());
    let last = password.chars().last().unwrap();
    let typo = format!(
        "{}{}",
        &password[..password.len() - 1],
        if last == 'x' { 'y' } else { 'x' }
    );
    for _ in 0..20 {
        assert_eq!(
            world.login("alice", HERE, "?"),
            (Answer::Refuse, Reason::Question)
        );
        assert_eq!(
            world.login("alice", HERE, ""),
            (Answer::Refuse, Reason::Question)
        );
        assert_eq!(
            world.login("alice", HERE, &typo),
            (Answer::Refuse, Reason::Mistyped)
        );
    }
    assert_eq!(world.login("alice", HERE, &codes[0]), ACCEPTED);
}

/// A text that can be no digit code was charged for less: it must not pay for one that can.
#[test]
fn a_cheap_guess_does_not_pay_for_a_dear_one_that_folds_to_the_same() {
    let mut world = World::new("");
    let parameters = world.totp("alice");
    world.sheet("alice", 1, Scope::default());
    world.now += 3600;
    let right = code_at(&parameters, world.now);
    let wrong_digits = (0..)
        .map(|number| format!("{number:06}"))
        .filter(|code| *code != right);
    for (at, digits) in (0..8).zip(wrong_digits) {
        let from = format!("198.51.100.{at}");
        assert_eq!(
            world.login("alice", &from, &format!("Secret99{digits}")).0,
            Answer::Refuse
        );
    }
    let look_alike = right.replace('0', "o").replace('1', "l");
    let primed = format!("Secret99{look_alike}");
    assert!(world.login("alice", ELSEWHERE, &primed).0 != Answer::Accept);
    let answer = world
        .login("alice", ELSEWHERE, &format!("Secret99{right}"))
        .0;
    assert!(
        !matches!(answer, Answer::PassOn(_)),
        "a free comparison: {answer:?}"
    );
}

#[test]
fn a_budget_for_digits_that_strangers_have_used_up_keeps_nobody_from_a_sheet_or_a_sequence() {
    let mut world = World::new("");
    world.app_password("alice", Scope::default());
    let sheet = world.sheet("alice", 1, Scope::default());
    // A response that ends in six digits could be a password with a digit code behind it.
    let owner = (0..)
        .map(|number| world.sequence_of(&format!("pass phrase {number}"), 50))
        .find(|owner| {
            owner.answer(49).replace(' ', "")[10..]
                .bytes()
                .all(|b| b.is_ascii_digit())
        })
        .unwrap();
    world.enrol_sequence("alice", &owner);
    for at in 0..9 {
        let guess = format!("pw!99999{at}");
        let _ = world.login("alice", &format!("198.51.100.{at}"), &guess);
    }
    assert_eq!(
        world.login("alice", "198.51.100.9", "pw!999998").0,
        Answer::Throttle
    );
    assert_eq!(world.login("alice", HERE, &sheet[0]), ACCEPTED);
    assert_eq!(
        world.login("alice", "192.0.2.99", &owner.answer(49)),
        ACCEPTED
    );
}

#[test]
fn guesses_of_digits_cost_the_same_whatever_length_the_accounts_own_have() {
    let mut world = World::new("[[rule]]\nname = \"r\"\naccept = [\"otp\"]");
    let account = name("bob");
    let wish = Wish {
        new_account: true,
        live: true,
        ..Wish::new(&account)
    };
    let new = NewOath {
        algorithm: oath::Algorithm::Sha1,
        digits: Some(8),
        moving: Moving::Period(30),
        seed: None,
        issuer: String::new(),
    };
    world.admin(|admin| admin.add_oath(&wish, new));
    for user in ["bob", "nobody"] {
        let answers: Vec<Answer> = (0..10)
            .map(|at| world.login(user, ELSEWHERE, &format!("99999{at}")).0)
            .collect();
        assert!(
            answers[..8].iter().all(|answer| *answer == Answer::Refuse),
            "{user}"
        );
        assert!(
            answers[8..]
                .iter()
                .all(|answer| *answer == Answer::Throttle),
            "{user}"
        );
    }
    // And the same guess is the same for all of them, however it is written.
    world.now += 30 * 86_400;
    let written = |user: &str, world: &mut World| -> Vec<Answer> {
        let blanks = (0..7).map(|at| {
            let mut digits = "1234567".to_owned();
            digits.insert(at, ' ');
            digits
        });
        let dashes = (0..7).map(|at| format!("{}-{}", &"1234567"[..at], &"1234567"[at..]));
        let all: Vec<String> = blanks.chain(dashes).collect();
        all.iter()
            .map(|typed| world.login(user, ELSEWHERE, typed).0)
            .collect()
    };
    let bob = written("bob", &mut world);
    assert_eq!(bob, written("nobody", &mut world));
    assert!(
        bob.iter().all(|answer| *answer == Answer::Refuse),
        "{bob:?}"
    );
}

/// Strangers cannot use up each other's budgets: the first guess of a fresh name is judged, as the
/// first of an account is.
#[test]
fn unknown_names_do_not_throttle_each_other() {
    let mut world = World::new("[[rule]]\nname = \"r\"\naccept = [\"otp\"]");
    for at in 0..3000 {
        let digits = format!("{:06}", 100_000 + at);
        assert_eq!(
            world.login(&format!("x{at}"), HERE, &digits).0,
            Answer::Refuse,
            "x{at}"
        );
    }
}

#[test]
fn a_closed_account_costs_as_much_as_an_unknown_one() {
    let mut world = World::new("");
    world.sheet("alice", 1, Scope::default());
    world.admin(|admin| {
        let known = admin.account(&name("alice"))?;
        admin.lock(&known, true)
    });
    for number in 0..10 {
        assert_eq!(
            world.login("alice", HERE, &wrong(number)),
            (Answer::Refuse, Reason::Closed)
        );
    }
    assert_eq!(world.arena.hashes, 10);
    assert_eq!(world.login("alice", HERE, &wrong(10)).0, Answer::Throttle);
}

#[test]
fn whoever_looks_after_an_account_sees_what_is_left_and_where_it_is_refused() {
    let mut world = World::new("");
    let parameters = world.totp("alice");
    world.now += 3600;
    let code = code_at(&parameters, world.now);
    assert_eq!(world.login("alice", HERE, &code), ACCEPTED);
    let budgets = |world: &mut World| {
        let known = world.store.read(&name("alice"), None).unwrap();
        let buckets = world.store.buckets(known.account.unwrap().id).unwrap();
        Budgets::of(&world.site.config, &buckets, Timestamp(world.now))
    };
    let full = Left {
        left: 8,
        of: 8,
        next_at: None,
        full_at: None,
    };
    let before = budgets(&mut world);
    assert_eq!((before.digits, before.pin), (full, full));
    assert_eq!(before.networks, []);

    for number in 0..10 {
        let _ = world.login("alice", ELSEWHERE, &wrong(number));
        let _ = world.login("alice", HERE, &format!("99{number:04}"));
    }
    let after = budgets(&mut world);
    let now = world.now;
    assert_eq!(after.digits.left, 0);
    assert_eq!(after.digits.next_at, Some(Timestamp(now + 86_400)));
    assert_eq!(after.digits.full_at, Some(Timestamp(now + 8 * 86_400)));
    assert_eq!(after.pin, full, "digits are none");
    let network = |text: &str| Remote::parse(text).unwrap().network();
    assert_eq!(
        after.networks,
        [
            (network(HERE), Refused::Digits, Timestamp(now + 86_400)),
            (network(ELSEWHERE), Refused::Codes, Timestamp(now + 60)),
        ]
    );
}
