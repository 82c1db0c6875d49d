//! Who guesses from everywhere: what of it is compared, and whom it keeps out.

use super::*;

/// One day, the time in which a guess of an account comes back.
const DAY: i64 = 86_400;

/// A digit code that is wrong for as long as the tests run, another for each number.
fn wrong_digits(right: &str, number: u32) -> String {
    let guess = format!("{:06}", (number * 7919 + 13) % 1_000_000);
    if guess == right {
        "999999".to_owned()
    } else {
        guess
    }
}

/// So many guesses at alice's authenticator from there: how many were compared.
fn guess_from(world: &mut World, parameters: &totp::Parameters, from: &str, many: u32) -> u32 {
    let right = code_at(parameters, world.now);
    let compared = |number: &u32| {
        let guess = wrong_digits(&right, *number);
        world.login("alice", from, &guess).0 == Answer::Refuse
    };
    (0..many).filter(compared).count() as u32
}

/// A phone goes round, and logs in from networks that are the attacker's as well: each becomes a known
/// one. All of them together are one attacker.
#[test]
fn a_phone_that_visits_the_attackers_networks_does_not_bring_eight_guesses_to_each() {
    let mut world = World::new("");
    let parameters = world.totp("alice");
    let phone = world.app_password("alice", Scope::default());
    let (mut compared, days) = (0, 40);
    for day in 0..days {
        let from = format!("198.51.100.{day}");
        assert_eq!(world.login("alice", &from, &phone).0, Answer::Accept);
        compared += guess_from(&mut world, &parameters, &from, 10);
        world.now += DAY;
    }
    assert!(compared <= 32 + days, "{compared} in {days} days");
}

/// The attacker knows one of the owner's networks: a carrier's, or a café's.
#[test]
fn who_shares_one_of_the_owners_networks_keeps_nobody_out_of_the_others() {
    let mut world = World::new("");
    let parameters = world.totp("alice");
    let phone = world.app_password("alice", Scope::default());
    for day in 0..60 {
        for from in ["198.51.100.1", HERE] {
            assert_eq!(world.login("alice", from, &phone).0, Answer::Accept);
        }
        for from in ["198.51.100.1", "203.0.113.9"] {
            let _ = guess_from(&mut world, &parameters, from, 10);
        }
        world.now += DAY;
        let code = code_at(&parameters, world.now);
        assert_eq!(world.login("alice", HERE, &code), ACCEPTED, "day {day}");
    }
}

/// An open window answers for its code alone. Who shares its place, or any place where the rule binds it
/// to the code, must not look for that code as often as they like.
#[test]
fn the_code_of_an_open_window_cannot_be_searched_for() {
    for (rule, from) in [("address", HERE), ("secret", ELSEWHERE)] {
        let mut world = World::new(&format!(
            "[[rule]]\nname = \"r\"\naccept = [\"otp\"]\ngrace = \"{rule}\""
        ));
        let parameters = world.totp("alice");
        world.now += 60;
        let code = code_at(&parameters, world.now);
        assert_eq!(world.login("alice", HERE, &code), ACCEPTED);
        world.now += 300;
        let _ = guess_from(&mut world, &parameters, from, 100);
        assert_ne!(
            world.login("alice", from, &code).0,
            Answer::Accept,
            "{rule}: the 101st guess"
        );
    }
}

#[test]
fn a_window_stays_open_for_its_owner_through_the_guesses_of_others() {
    let mut world = World::new("");
    let parameters = world.totp("alice");
    world.now += 60;
    let code = code_at(&parameters, world.now);
    assert_eq!(world.login("alice", HERE, &code), ACCEPTED);
    for _ in 0..40 {
        assert_eq!(world.login("alice", HERE, &code), CONTINUED);
    }
    let _ = guess_from(&mut world, &parameters, ELSEWHERE, 100);
    let _ = guess_from(&mut world, &parameters, HERE, 12);
    assert_eq!(world.login("alice", HERE, &code), CONTINUED);
    assert_eq!(world.login("alice", HERE, &code), CONTINUED);
}
