//! Whatever is typed, wherever and whenever: what is used up is used up once and for all, and guesses are
//! counted to the last one.

use std::collections::HashMap;

use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::account::{Account, Kind};
use crate::authenticate::charge::REACH;

const PLACES: [&str; 3] = [HERE, ELSEWHERE, "unknown"];
/// When alice was enrolled.
const BORN: i64 = NOW - 3600;
const LIFETIME: i64 = 7200;
/// The floor of a clock that was set back.
const TOLERANCE: i64 = 60;

/// A one-time code of alice, by its place in what it moves with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Key {
    Sheet(usize),
    Response(u32),
    Hotp(u64),
    /// The second in which the step begins.
    Totp(i64),
}

#[derive(Clone, Copy, Debug)]
enum Typed {
    Sheet(usize),
    Response(u32),
    Hotp(u64),
    /// So many steps from now.
    Totp(i64),
    /// Of a form, and no code of anybody.
    Wrong(&'static str),
    /// What was typed a while ago.
    Again(usize),
}

#[derive(Clone, Debug)]
struct Step {
    typed: Typed,
    from: &'static str,
    /// How much later, or earlier, than the last one.
    after: i64,
}

fn step(typed: impl Strategy<Value = Typed>) -> impl Strategy<Value = Step> {
    let after = prop_oneof![6 => 0i64..40, 2 => 500i64..900, 1 => -90i64..0];
    (typed, select(PLACES.to_vec()), after).prop_map(|(typed, from, after)| Step {
        typed,
        from,
        after,
    })
}

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Digit codes have eight digits here: two of them are never the same by chance.
const DIGITS: u32 = 8;
const SHEET: u32 = 4;
const SEQUENCE: u32 = 12;

/// Alice, what she holds, and what she has typed.
struct History {
    world: World,
    codes: Vec<String>,
    owner: Owner2289,
    typed: Vec<(Option<Key>, String)>,
    /// Where and when each code was accepted.
    spent: HashMap<Key, (&'static str, i64)>,
    newest: i64,
}

/// What of an account and its budgets must only move in one direction.
struct Standing {
    account: Account,
    left: u32,
    sequence: u32,
    counter: u64,
    /// How far each bucket is from full, in guesses.
    missing: Vec<i64>,
}

impl History {
    fn begin(start: &World, codes: &[String], accept: &str) -> History {
        let mut world = World::new(&configuration(accept));
        let store = start.store.store.borrow().clone();
        world.store.store = Rc::new(RefCell::new(store));
        let owner = world.sequence_of("This is a test.", SEQUENCE);
        History {
            world,
            codes: codes.to_vec(),
            owner,
            typed: Vec::new(),
            spent: HashMap::new(),
            newest: BORN,
        }
    }

    fn standing(&mut self) -> Standing {
        let snapshot = self.world.store.read(&name("alice"), None).unwrap();
        let (mut left, mut sequence, mut counter) = (0, 0, 0);
        for credential in &snapshot.credentials {
            match credential.kind {
                Kind::Sheet { .. } => left = credential.left().unwrap(),
                Kind::Sequence { count, .. } => sequence = count,
                Kind::Hotp { counter: next, .. } => counter = next,
                _ => {}
            }
        }
        let account = snapshot.account.unwrap();
        let (now, limits) = (self.world.now, self.world.site.config.limits);
        let owners = PLACES.iter().flat_map(|place| {
            let network = Remote::parse(place).unwrap().network();
            [
                (Owner::Network(account.id, network.clone()), limits.network),
                (Owner::Known(account.id, network), limits.account),
            ]
        });
        let owners = owners.chain([(Owner::Account(account.id), limits.account)]);
        let missing = owners
            .map(|(owner, limit)| {
                // The account's own reaches deeper for whoever is known there: see `authenticate/budgets.rs`.
                let reach = match owner {
                    Owner::Account(_) => i64::from(REACH),
                    _ => 1,
                };
                let full_at = self.world.store.bucket(&owner).unwrap().full_at.0;
                let refill = limit.refill.as_secs() as i64;
                let missing = (full_at - now).max(0);
                // Never more than there were, however often somebody guesses; a clock that was set back
                // makes the way longer by as much.
                let most = reach * i64::from(limit.burst) * refill + (self.newest - now).max(0);
                assert!(missing <= most, "{owner:?}");
                missing
            })
            .collect();
        Standing {
            account,
            left,
            sequence,
            counter,
            missing,
        }
    }

    /// What is typed, and which code it is.
    fn text(&self, typed: Typed) -> (Option<Key>, String) {
        let digits = |seed: &[u8], factor: u64| {
            let totp = totp_rs::Builder::new()
                .with_secret(seed.to_vec())
                .with_digits(DIGITS as u8)
                .with_step_duration(1)
                .build_noncompliant();
            totp.generate(factor).to_string()
        };
        let number = self.typed.len();
        match typed {
            Typed::Sheet(at) => (Some(Key::Sheet(at)), self.codes[at].clone()),
            Typed::Response(count) if count % 2 == 0 => {
                (Some(Key::Response(count)), self.owner.words(count))
            }
            Typed::Response(count) => (Some(Key::Response(count)), self.owner.answer(count)),
            Typed::Hotp(counter) => (
                Some(Key::Hotp(counter)),
                digits(b"12345678901234567890", counter),
            ),
            Typed::Totp(steps) => {
                let step = self.world.now / 30 + steps;
                (Some(Key::Totp(step * 30)), digits(&[1; 20], step as u64))
            }
            Typed::Wrong("sheet") => (None, wrong(number as u32)),
            Typed::Wrong("digits") => (None, format!("1{number:07}")),
            Typed::Wrong(_) => (None, format!("{number:015x}f")),
            Typed::Again(back) if number > 0 => self.typed[number - 1 - back % number].clone(),
            Typed::Again(_) => (None, "nothing yet".to_owned()),
        }
    }

    fn take(&mut self, step: &Step) -> Result<(), TestCaseError> {
        self.world.now += step.after;
        let now = self.world.now;
        let (key, text) = self.text(step.typed);
        self.typed.push((key, text.clone()));
        let before = self.standing();
        let (answer, reason) = self.world.login("alice", step.from, &text);
        let behind = now + TOLERANCE < self.newest;
        self.newest = self.newest.max(now);
        let after = self.standing();

        let accepted = (answer == Answer::Accept).then_some(reason);
        match accepted {
            None => {}
            Some(Reason::Code) => {
                let key = key.expect("a wrong code was right");
                let earlier = self.spent.insert(key, (step.from, now));
                prop_assert!(earlier.is_none(), "{:?} twice: {:?}", key, earlier);
                prop_assert!(!(behind && matches!(key, Key::Totp(_))));
            }
            Some(Reason::Window) => {
                let (place, at) = self.spent[&key.expect("a wrong code had a window")];
                prop_assert!(place == step.from && place != "unknown");
                prop_assert!(now < at + LIFETIME && !behind);
            }
            Some(other) => panic!("{other:?}"),
        }

        // Exactly what was typed is used up, and nothing comes back.
        let used = key.filter(|_| accepted == Some(Reason::Code));
        let strike = u32::from(matches!(used, Some(Key::Sheet(_))));
        prop_assert_eq!(after.left, before.left - strike);
        prop_assert_eq!(
            after.sequence,
            match used {
                Some(Key::Response(count)) => {
                    prop_assert_eq!(count, before.sequence - 1);
                    count
                }
                _ => before.sequence,
            }
        );
        prop_assert_eq!(
            after.counter,
            match used {
                Some(Key::Hotp(counter)) => {
                    prop_assert!(counter >= before.counter);
                    counter + 1
                }
                _ => before.counter,
            }
        );
        prop_assert_eq!(
            after.account.totp_floor.0,
            match used {
                Some(Key::Totp(start)) => {
                    prop_assert!(start > before.account.totp_floor.0);
                    start
                }
                _ => before.account.totp_floor.0,
            }
        );

        self.count_guesses(step, &answer, &before, &after)
    }

    /// A guess costs one of the network and, of digits, one of the account, and of a network that it knows
    /// one of that as well; what was right, and what is not judged, costs nothing.
    fn count_guesses(
        &self,
        step: &Step,
        answer: &Answer,
        before: &Standing,
        after: &Standing,
    ) -> Result<(), TestCaseError> {
        let taken = before.missing.iter().zip(&after.missing);
        let taken: Vec<i64> = taken.map(|(before, after)| after - before).collect();
        let limits = self.world.site.config.limits;
        let [network, account] = [limits.network, limits.account].map(|limit| {
            let refill = limit.refill.as_secs() as i64;
            taken.iter().filter(|taken| **taken == refill).count()
        });
        prop_assert_eq!(
            taken.iter().filter(|taken| **taken != 0).count(),
            network + account
        );
        if *answer != Answer::Refuse {
            prop_assert_eq!((network, account), (0, 0), "{:?}", answer);
        }
        // The same secret is charged once.
        if let Typed::Wrong(form) = step.typed {
            let is_digits = usize::from(form == "digits");
            prop_assert!((network..=2 * network).contains(&account) || is_digits == 0);
            prop_assert!(account == 0 || is_digits == 1);
        }
        prop_assert!(account <= 2 * network && network <= 1);
        Ok(())
    }
}

fn configuration(accept: &str) -> String {
    format!("[otp]\nsheet_accept = \"{accept}\"\ndigits = {DIGITS}")
}

/// Alice with one of each kind, and the codes of her sheet.
fn alice() -> (World, Vec<String>) {
    let mut world = World::new(&configuration("next"));
    world.now = BORN;
    let codes = world.sheet("alice", SHEET, Scope::default());
    world.sequence("alice", SEQUENCE);
    world.hotp("alice");
    world.totp("alice");
    (world, codes)
}

#[test]
fn a_response_or_a_digit_code_is_accepted_once_whatever_is_typed_and_every_guess_is_counted() {
    let (start, codes) = alice();
    let typed = prop_oneof![
        3 => (1u32..SEQUENCE).prop_map(Typed::Response),
        // The next one, mostly.
        3 => (SEQUENCE - 4..SEQUENCE).prop_map(Typed::Response),
        3 => (0u64..12).prop_map(Typed::Hotp),
        3 => (-3i64..=3).prop_map(Typed::Totp),
        1 => select(vec!["digits", "response"]).prop_map(Typed::Wrong),
        4 => (0usize..6).prop_map(Typed::Again),
    ];
    let steps = prop::collection::vec(step(typed), 1..40);
    proptest!(cases(48), |(steps in steps)| {
        let mut history = History::begin(&start, &codes, "next");
        for step in &steps {
            history.take(step)?;
        }
    });
}

#[test]
fn a_sheet_code_is_accepted_once_whatever_is_typed_and_every_guess_is_counted() {
    let (start, codes) = alice();
    let typed = prop_oneof![
        5 => (0..SHEET as usize).prop_map(Typed::Sheet),
        1 => Just(Typed::Wrong("sheet")),
        2 => (0usize..4).prop_map(Typed::Again),
        1 => (0u64..3).prop_map(Typed::Hotp),
    ];
    let steps = prop::collection::vec(step(typed), 8..16);
    proptest!(cases(8), |(steps in steps, any: bool)| {
        let mut history = History::begin(&start, &codes, if any { "any" } else { "next" });
        for step in &steps {
            history.take(step)?;
        }
    });
}
