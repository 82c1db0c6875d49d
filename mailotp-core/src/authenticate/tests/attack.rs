//! Who guesses from everywhere: what of it is compared, and whom it keeps out.

use super::*;
use crate::budget;

/// One day, the time in which a guess of an account comes back.
const DAY: i64 = 86_400;
/// A year of them.
const YEAR: u32 = 366;
/// The addresses of the attacker.
const ADDRESSES: u32 = 10_000;

/// Codes of an authenticator that are right at one moment: one period each way. Of an HOTP token: the next,
/// two ahead, and the one that would resynchronise.
const RIGHT_CODES: u32 = 4;

/// That of so many accounts fewer than one falls: comparisons with codes of so many digits, and with the
/// code of a window that is open all the time.
fn fewer_than_one_in(accounts: u64, digits: u32, compared: Compared) {
    let right = u64::from(compared.codes * RIGHT_CODES + compared.windows);
    assert!(
        right * accounts < 10_u64.pow(digits),
        "{} comparisons with codes, {} with windows",
        compared.codes,
        compared.windows
    );
}

/// The attacker's address of a number.
fn address(number: u32) -> String {
    format!("203.{}.{}.7", number / 200 % 200, number % 200)
}

/// A code of so many digits that is none of alice's now, another for each number.
fn wrong_digits(parameters: &totp::Parameters, now: i64, number: u32) -> String {
    (0..)
        .map(|at| format!("{:06}", (number * 7919 + 13 + at) % 1_000_000))
        .find(|code| parameters.step_of(code, Timestamp(now), 1).is_none())
        .unwrap()
}

/// So many different guesses from there.
fn guess_from(world: &mut World, parameters: &totp::Parameters, from: &str, many: u32) {
    for number in 0..many {
        let guess = wrong_digits(parameters, world.now, number);
        let answer = world.login("alice", from, &guess).0;
        assert!(matches!(answer, Answer::Refuse | Answer::Throttle));
    }
}

/// What could be compared while `attack` went on.
fn compared(world: &mut World, attack: impl FnOnce(&mut World)) -> Compared {
    let before = world.store.compared.get();
    attack(world);
    let after = world.store.compared.get();
    Compared {
        codes: after.codes - before.codes,
        windows: after.windows - before.windows,
    }
}

/// What a stranger may try as a guess comes back: one code and many, twice from one address, from others
/// and from IPv6 networks, alone and behind what may be a password or more digits, the clock turned back.
fn a_day_of_tricks(world: &mut World, parameters: &totp::Parameters, day: u32) {
    let code = wrong_digits(parameters, world.now, day);
    let forms = [
        "424242".to_owned(),
        code.clone(),
        format!("pw{code}"),
        format!("7{code}"),
        format!("78{code}"),
    ];
    let places = [
        address(day),
        address(day),
        address(day + 1),
        format!("2001:db8:{day:x}::1"),
        format!("2001:db8:{day:x}:1::1"),
    ];
    for (from, typed) in places
        .iter()
        .zip(forms.iter().cycle().skip(day as usize % 5))
    {
        let digits = &typed[typed.len() - 6..];
        let now = world.now;
        for at in [now, now - 45] {
            if parameters.step_of(digits, Timestamp(at), 1).is_none() {
                world.now = at;
                let answer = world.login("alice", from, typed).0;
                assert!(matches!(answer, Answer::Refuse | Answer::Throttle));
            }
        }
        world.now = now;
    }
}

#[test]
fn a_year_of_guesses_from_everywhere_breaks_fewer_than_one_account_in_500_and_keeps_no_owner_out() {
    let mut world = World::new("");
    let parameters = world.totp("alice");
    let phone = world.app_password("alice", Scope::default());
    let sheet = world.sheet("alice", 4, Scope::default());
    // The owner's phone is in one of the attacker's networks as well.
    let shared = address(1);
    let from_everywhere = |world: &mut World| {
        let mut guess = String::new();
        for number in 0..ADDRESSES {
            world.now += 2;
            if guess.is_empty() || world.now % 30 < 2 {
                guess = wrong_digits(&parameters, world.now, number);
            }
            let answer = world.login("alice", &address(number), &guess).0;
            assert!(matches!(answer, Answer::Refuse | Answer::Throttle));
        }
    };
    let mut sum = compared(&mut world, from_everywhere);
    for day in 0..YEAR {
        world.now += DAY;
        for from in [HERE, &shared] {
            assert_eq!(world.login("alice", from, &phone).0, Answer::Accept);
        }
        let during = compared(&mut world, |world| {
            guess_from(world, &parameters, &shared, 2);
            a_day_of_tricks(world, &parameters, day);
        });
        sum.codes += during.codes;
        assert_eq!(
            world.login("alice", &shared, &phone).0,
            Answer::Accept,
            "day {day}"
        );
        let code = code_at(&parameters, world.now);
        assert_eq!(world.login("alice", HERE, &code), ACCEPTED, "day {day}");
        if day % 100 == 0 {
            let from = format!("192.0.2.{}", 100 + day / 100);
            let code = &sheet[day as usize / 100];
            assert_eq!(world.login("alice", &from, code), ACCEPTED, "day {day}");
        }
    }
    assert!(sum.codes >= YEAR, "the attacker was asleep");
    fewer_than_one_in(500, 6, sum);
    fewer_than_one_in(50_000, 8, sum);
}

/// The worst that rules and an owner can do, so that no attacker has more than this: windows that last a year and bind the secret alone, and a
/// phone that goes round, and makes a network of the attacker known every day.
#[test]
fn a_phone_in_all_of_the_attackers_networks_and_a_window_that_never_closes_change_nothing() {
    let mut world = World::new(
        "[grace]\nidle = \"400d\"\nlifetime = \"400d\"\n[[rule]]\nname = \"r\"\n\
         accept = [\"otp\", \"app-password\"]\ngrace = \"secret\"",
    );
    let parameters = world.totp("alice");
    let phone = world.app_password("alice", Scope::default());
    world.now += DAY;
    let code = code_at(&parameters, world.now);
    assert_eq!(world.login("alice", HERE, &code), ACCEPTED);
    let sum = compared(&mut world, |world| {
        for day in 0..YEAR {
            world.now += DAY;
            let from = address(day);
            assert_eq!(world.login("alice", &from, &phone).0, Answer::Accept);
            guess_from(world, &parameters, &from, 18);
            guess_from(world, &parameters, ELSEWHERE, 2);
        }
    });
    assert!(sum.windows >= YEAR, "no window was open");
    fewer_than_one_in(500, 6, sum);
    fewer_than_one_in(50_000, 8, sum);
}

/// One fixed code, every 30 seconds for a year, from an address after the other: charged anew in every
/// period, since it may be right in each, and compared in none in which it is not charged.
#[test]
fn one_code_every_30_seconds_is_compared_no_more_often_than_many() {
    let limits = parse("").limits;
    let id = crate::id::AccountId(7);
    let (mut networks, mut account) = (vec![Bucket::default(); 10_000], Bucket::default());
    let charges: Vec<Vec<(Owner, budget::Limit)>> = (0..ADDRESSES)
        .map(|number| {
            let network = Remote::parse(&address(number)).unwrap().network();
            vec![
                (Owner::Network(id, network), limits.network),
                (Owner::Account(id), limits.account),
            ]
        })
        .collect();
    let mut charge = Charge {
        from: Vec::new(),
        guess: budget::Guess {
            tag: 42,
            until: Timestamp(0),
        },
        at: Timestamp(0),
    };
    let mut compared = 0;
    for period in 0..i64::from(YEAR) * DAY / 30 {
        let at = period as usize % networks.len();
        charge.at = Timestamp(NOW + period * 30);
        charge.guess.until = charge.at.next_step(30);
        charge.from.clone_from(&charges[at]);
        let mut buckets = [std::mem::take(&mut networks[at]), account];
        compared += u32::from(charge.take(&mut buckets) != Charged::Exhausted);
        [networks[at], account] = buckets;
    }
    assert_eq!(compared, 8 + YEAR - 1);
}

/// The attacker has one of the owner's networks: a carrier's, or a café's.
#[test]
fn who_shares_one_of_the_owners_networks_keeps_nobody_out_of_the_others() {
    let mut world = World::new("");
    let parameters = world.totp("alice");
    let phone = world.app_password("alice", Scope::default());
    for day in 0..60 {
        for from in [ELSEWHERE, HERE] {
            assert_eq!(world.login("alice", from, &phone).0, Answer::Accept);
        }
        for from in [ELSEWHERE, "203.0.113.9"] {
            guess_from(&mut world, &parameters, from, 10);
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
        guess_from(&mut world, &parameters, from, 100);
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
    guess_from(&mut world, &parameters, ELSEWHERE, 100);
    guess_from(&mut world, &parameters, HERE, 12);
    assert_eq!(world.login("alice", HERE, &code), CONTINUED);
    assert_eq!(world.login("alice", HERE, &code), CONTINUED);
}
