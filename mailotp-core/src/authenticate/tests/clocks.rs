//! Clocks that jump: no code comes back, no window grows, no guess is won, and nobody stays locked out.

use super::*;

const YEAR: i64 = 365 * 86_400;

/// Where a clock goes, one behind the other, from [`NOW`]: by a second, as in a leap second that is counted twice, by an
/// hour, to the epoch, ahead, and ahead and back.
const JUMPS: [&[i64]; 6] = [
    &[NOW - 1, NOW],
    &[NOW, NOW],
    &[NOW - 3600, NOW],
    &[0, 60, NOW],
    &[NOW + YEAR],
    &[NOW + YEAR, NOW, NOW + 60],
];

impl World {
    fn accept_clock(&mut self) {
        let within = Budgets::full_within(&self.site.config);
        self.admin(|admin| admin.accept_clock(within));
    }
}

/// Accepted: whatever is spent by it.
fn is_in(world: &mut World, from: &str, typed: &str) -> bool {
    world.login("alice", from, typed).0 == Answer::Accept
}

/// A code of each kind that is spent when it is typed.
fn one_of_each(world: &mut World) -> Vec<String> {
    let sheet = world.sheet("alice", 1, Scope::default());
    let sequence = world.sequence("alice", 100);
    world.hotp("alice");
    let parameters = world.totp("alice");
    let once = Scope {
        logins_left: Some(1),
        ..Scope::default()
    };
    let phone = world.app_password("alice", once);
    vec![
        sheet[0].clone(),
        sequence.words(99),
        tokens::CODES[0].to_owned(),
        code_at(&parameters, world.now),
        phone,
    ]
}

#[test]
fn however_a_clock_jumps_no_code_works_twice() {
    for jumps in JUMPS {
        let mut world =
            World::new("[otp]\nsheet_accept = \"any\"\n[limits]\naccount = 1000\nnetwork = 1000");
        for code in one_of_each(&mut world) {
            assert!(is_in(&mut world, HERE, &code), "{code}");
            for &at in jumps {
                world.now = at;
                assert!(!is_in(&mut world, ELSEWHERE, &code), "{code} at {jumps:?}");
            }
            world.now = NOW;
            world.accept_clock();
        }
    }
}

#[test]
fn however_a_clock_jumps_no_window_is_open_for_longer() {
    for (jumps, open) in [
        (&[NOW - 1][..], true),
        (&[NOW - 3600], false),
        (&[0], false),
        (&[NOW + YEAR], false),
        (&[NOW + YEAR, NOW + 1], false),
    ] {
        let mut world = World::new("");
        let codes = world.sheet("alice", 2, Scope::default());
        assert_eq!(world.login("alice", HERE, &codes[0]), ACCEPTED);
        for (turn, &at) in jumps.iter().enumerate() {
            world.now = at;
            let is_last = turn + 1 == jumps.len();
            assert_eq!(
                is_in(&mut world, HERE, &codes[0]),
                open && is_last,
                "{jumps:?}"
            );
        }
    }
}

#[test]
fn a_clock_that_is_set_back_gives_no_guesses() {
    let mut world = World::new("");
    world.hotp("alice");
    let throttled = |world: &mut World, code: u32| {
        let answer = world.login("alice", ELSEWHERE, &wrong(code)).0;
        answer == Answer::Throttle
    };
    let mut guesses = 0;
    while !throttled(&mut world, guesses) {
        guesses += 1;
    }
    for back in [1, 3600, NOW] {
        world.now = NOW - back;
        assert!(throttled(&mut world, 100), "back by {back}");
    }
}

/// A clock that was a year ahead for a moment, while somebody guessed.
#[test]
fn nobody_stays_locked_out_by_a_clock_that_was_ahead() {
    let mut world = World::new("");
    let codes = world.sheet("alice", 3, Scope::default());
    let sequence = world.sequence("alice", 100);
    world.hotp("alice");
    let parameters = world.totp("alice");
    world.now = NOW + YEAR;
    for code in 0..20 {
        let _ = world.login("alice", ELSEWHERE, &wrong(code));
        let _ = world.login("alice", HERE, &wrong(code));
    }
    world.now = NOW;
    // What chance does not find goes on at once.
    assert_eq!(world.login("alice", "203.0.113.1", &codes[0]), ACCEPTED);
    assert_eq!(
        world.login("alice", "203.0.113.1", &sequence.words(99)),
        ACCEPTED
    );
    // The rest, and windows, when somebody has said that the clock is right.
    world.accept_clock();
    let code = code_at(&parameters, world.now);
    for typed in [tokens::CODES[0], &code, &codes[1]] {
        assert_eq!(world.login("alice", HERE, typed), ACCEPTED, "{typed}");
        assert_eq!(world.login("alice", HERE, typed), CONTINUED, "{typed}");
    }
}
