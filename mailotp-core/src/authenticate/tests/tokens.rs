//! HOTP tokens, and TOTP of any period.

use super::*;

/// RFC 4226, appendix D.
pub(super) const CODES: [&str; 10] = [
    "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871",
    "520489",
];

#[test]
fn a_token_is_accepted_once_within_its_look_ahead_and_never_backwards() {
    let mut world = World::new("");
    world.hotp("alice");
    assert_eq!(world.login("alice", HERE, CODES[0]), ACCEPTED);
    assert_eq!(world.login("alice", HERE, CODES[0]), CONTINUED);
    assert_eq!(
        world.login("alice", ELSEWHERE, CODES[0]),
        (Answer::Refuse, Reason::Replay)
    );
    assert_eq!(world.login("alice", ELSEWHERE, CODES[3]), ACCEPTED);
    for earlier in [1, 2] {
        assert_eq!(
            world.login("alice", ELSEWHERE, CODES[earlier]),
            (Answer::Refuse, Reason::Wrong)
        );
    }
}

#[test]
fn a_token_that_ran_away_finds_back_with_two_codes_in_a_row() {
    let mut world = World::new("");
    world.hotp("alice");
    assert_eq!(
        world.login("alice", HERE, CODES[7]),
        (Answer::Refuse, Reason::Ahead)
    );
    assert_eq!(
        world.login("alice", HERE, CODES[9]),
        (Answer::Refuse, Reason::Ahead),
        "not in a row"
    );
    assert_eq!(
        world.login("alice", HERE, CODES[8]),
        (Answer::Refuse, Reason::Ahead)
    );
    assert_eq!(world.login("alice", HERE, CODES[9]), ACCEPTED);
    assert_eq!(
        world.guesses_left("alice"),
        8 - 3,
        "wrong ones were charged"
    );
}

/// CVE-2019-12887 LinOTP: replay through automatic resynchronisation.
#[test]
fn cve_2019_12887_resynchronisation_never_goes_back() {
    let mut world = World::new("");
    world.hotp("alice");
    assert_eq!(
        world.login("alice", HERE, CODES[5]),
        (Answer::Refuse, Reason::Ahead)
    );
    assert_eq!(world.login("alice", HERE, CODES[6]), ACCEPTED);
    for earlier in [4, 5] {
        assert_eq!(
            world.login("alice", ELSEWHERE, CODES[earlier]),
            (Answer::Refuse, Reason::Wrong)
        );
    }
    assert_eq!(
        world.login("alice", ELSEWHERE, CODES[6]),
        (Answer::Refuse, Reason::Replay)
    );
}

#[test]
fn a_wrong_digit_code_is_charged_once_in_the_shortest_period_of_the_account() {
    let mut world = World::new("");
    let account = name("alice");
    let wish = Wish {
        new_account: true,
        live: true,
        ..Wish::new(&account)
    };
    let new = NewOath {
        algorithm: oath::Algorithm::Sha512,
        digits: Some(8),
        moving: Moving::Period(10),
        seed: Some(Zeroizing::new(vec![7; 64])),
        issuer: String::new(),
    };
    world.admin(|admin| admin.add_oath(&wish, new));
    world.now = NOW / 30 * 30;
    for (after, left) in [(0, 7), (9, 7), (10, 6), (19, 6), (20, 5)] {
        world.now = NOW / 30 * 30 + after;
        let _ = world.login("alice", ELSEWHERE, "00000000");
        assert_eq!(world.guesses_left("alice"), left, "after {after} seconds");
    }
}
