//! RFC 2289 sequences.

use super::*;

#[test]
fn a_sequence_goes_down_by_one_with_every_login_in_hexadecimal_digits_or_in_words() {
    let mut world = World::new("[otp]\nchallenge = [\"sequence\"]");
    let owner = world.sequence("alice", 100);
    assert_eq!(world.prompt("alice"), "Code otp-sha1 99 ma1234 : ");
    assert_eq!(world.login("alice", HERE, &owner.answer(99)), ACCEPTED);
    assert_eq!(world.prompt("alice"), "Code otp-sha1 98 ma1234 : ");
    let shouted = owner.answer(98).to_uppercase().replace(' ', "");
    assert_eq!(world.login("alice", HERE, &shouted), ACCEPTED);
    let words = owner.words(97).to_lowercase();
    assert_eq!(world.login("alice", HERE, &words), ACCEPTED);
    assert_eq!(world.arena.hashes, 0, "no expensive hash");
}

#[test]
fn a_response_works_once_and_its_window_takes_it_in_either_form() {
    let mut world = World::new("");
    let owner = world.sequence("alice", 100);
    assert_eq!(world.login("alice", HERE, &owner.answer(99)), ACCEPTED);
    assert_eq!(world.login("alice", HERE, &owner.words(99)), CONTINUED);
    assert_eq!(
        world.login("alice", ELSEWHERE, &owner.answer(99)),
        (Answer::Refuse, Reason::Replay)
    );
    assert_eq!(
        world.login("alice", ELSEWHERE, &owner.answer(100)),
        (Answer::Refuse, Reason::Wrong)
    );
    // Whoever skips one would make the one before it worth something to whoever has seen it.
    assert_eq!(
        world.login("alice", HERE, &owner.answer(97)),
        (Answer::Refuse, Reason::Wrong)
    );
}

#[test]
fn a_sequence_warns_at_ten_and_ends_at_one() {
    let mut world = World::new("[otp]\nchallenge = [\"sequence\"]");
    let owner = world.sequence("alice", 13);
    for count in (1..=12).rev() {
        let report = world.report("alice", "imap", HERE, &owner.answer(count));
        assert_eq!(report.answer, Answer::Accept, "{count}");
        let left = count - 1;
        let low = report.low.map(|low| low.left);
        assert_eq!(low, (left <= 10).then_some(left));
    }
    let last = world.report("alice", "imap", HERE, &owner.answer(0));
    assert_eq!((last.answer, last.low), (Answer::Refuse, None));
    let made_up = world.prompt("alice");
    assert!(made_up.starts_with("Code otp-sha1 "), "{made_up}");
}

#[test]
fn words_of_another_dictionary_are_read_by_the_algorithm_of_the_sequence() {
    let mut world = World::new("");
    let owner = world.sequence_of("This is a test.", 2);
    let account = name("alice");
    let wish = Wish {
        new_account: true,
        live: true,
        ..Wish::new(&account)
    };
    // A response of RFC 2289, appendix C, and words that were searched for it: see `rfc2289::words`.
    let due = rfc2289::Response::from_hex("bb9e6ae1979d8ff4").unwrap();
    let last = due.step(owner.begin.algorithm);
    world.admin(|admin| admin.add_sequence(&wish, &owner.begin, &last));
    let words = "bepge bösso Dakpi Dugmö Fabva fossö";
    assert_eq!(world.login("alice", HERE, words), ACCEPTED);
    assert_eq!(world.login("alice", HERE, words), CONTINUED);
}

#[test]
fn a_sequence_begins_anew_with_the_response_that_is_due_and_never_with_a_seed_that_it_has_had() {
    let mut world = World::new("");
    let owner = world.sequence("alice", 100);
    let renewed = |world: &mut World, current: u32, seed: &str| {
        let next = rfc2289::Challenge {
            count: 50,
            seed: rfc2289::Seed::new(seed).unwrap(),
            ..owner.begin.clone()
        };
        let new = rfc2289::Reinitialisation {
            current: owner.response(current),
            new: next.compute(&owner.pass_phrase),
            next,
        };
        let (site, mut store, random) = (&world.site, world.store.clone(), &mut world.random);
        let mut admin = Admin {
            site,
            store: &mut store,
            random,
            arena: &mut HeapArena,
            now: Timestamp(world.now),
            actor: "root".into(),
            host: "host".into(),
            generation: None,
        };
        let known = admin.account(&name("alice")).unwrap();
        let credential = known.credential("sequence").unwrap();
        let due = admin.renew_sequence(&known, credential, &new);
        due.map(|due| due.to_string())
    };
    for (current, seed) in [(98, "ma1235"), (100, "ma1235"), (99, "MA1234")] {
        assert!(
            renewed(&mut world, current, seed).is_err(),
            "{current} {seed}"
        );
    }
    let due = renewed(&mut world, 99, "ma1235");
    assert_eq!(due.unwrap(), "otp-sha1 49 ma1235");
    assert_eq!(
        world.login("alice", HERE, &owner.answer(99)),
        (Answer::Refuse, Reason::Wrong),
        "it was spent"
    );
    assert!(renewed(&mut world, 99, "ma1236").is_err(), "twice");
}
