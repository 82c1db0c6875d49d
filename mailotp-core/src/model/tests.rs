//! Random histories: several logins at once, whose calls come in any order, on each store.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::select;

use super::history::{Part, Step, Wish, play};
use super::play::Together;
use super::stage::SHEET;
use super::{Binding, Typed};
use crate::crypto::Tag;
use crate::store::Store;
use crate::store::sqlite::SqliteStore;

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (-2i64..=2).prop_map(Step::Totp),
        3 => (-2i64..=4).prop_map(Step::Hotp),
        1 => (5i64..=52).prop_map(Step::Hotp),
        3 => (-1i64..=1).prop_map(Step::Response),
        1 => Just(Step::This(Typed::Phone)),
        1 => Just(Step::This(Typed::Question)),
        3 => (0u32..12).prop_map(|number| Step::This(Typed::WrongDigits(number))),
        2 => (0u32..12).prop_map(|number| Step::This(Typed::WrongResponse(number))),
        6 => (0usize..5).prop_map(Step::Again),
    ]
}

fn sheet_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..SHEET).prop_map(|at| Step::This(Typed::Sheet(at))),
        1 => (0u32..3).prop_map(|number| Step::This(Typed::WrongSheet(number))),
        3 => (0usize..4).prop_map(Step::Again),
        1 => (0i64..=1).prop_map(Step::Hotp),
    ]
}

fn part(step: impl Strategy<Value = Step>) -> impl Strategy<Value = Part> {
    let wish = (
        step,
        select(vec![0, 0, 0, 1, 1, 2, 3, 4]),
        select(vec![0, 0, 1, 2]),
        prop::bool::weighted(0.93),
    );
    let wish = wish.prop_map(|(typed, place, service, alice)| Wish {
        typed,
        place,
        service,
        alice,
    });
    let after = prop_oneof![
        8 => 0i64..40, 3 => 60i64..300, 2 => 500i64..900, 1 => 7000i64..90_000, 1 => -90i64..0,
    ];
    prop_oneof![
        3 => (wish, after).prop_map(|(wish, after)| Part::Begin(wish, after)),
        8 => (0usize..8).prop_map(Part::GoOn),
    ]
}

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases: std::env::var("MAILOTP_HISTORIES")
            .ok()
            .and_then(|more| more.parse().ok())
            .map_or(cases, |more: u32| more * cases),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

fn binding() -> impl Strategy<Value = Binding> {
    prop_oneof![
        4 => Just(Binding::Address), 2 => Just(Binding::Secret), 1 => Just(Binding::Off)
    ]
}

/// How a store is opened once more.
pub(crate) type Again = Box<dyn Fn() -> Box<dyn Store> + Sync>;

/// So many histories, each on a new store that `fresh` makes.
pub(crate) fn histories<S: Store>(number: u32, with_sheet: bool, fresh: impl Fn() -> (S, Again)) {
    let parts = if with_sheet {
        prop::collection::vec(part(sheet_step()), 20..60).boxed()
    } else {
        prop::collection::vec(part(step()), 40..400).boxed()
    };
    proptest!(cases(number), |(parts in parts, binding in binding(), any_order: bool)| {
        let (mut store, open) = fresh();
        play(&mut store, &*open, with_sheet, (binding, any_order), &parts);
    });
}

fn in_memory() -> (Together, Again) {
    let store = Together::default();
    let other = store.clone();
    (store, Box::new(move || Box::new(other.clone())))
}

fn of_sqlite() -> (SqliteStore, Again) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.db");
    let timeout = Duration::from_secs(20);
    std::fs::write(&path, "").unwrap();
    std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    let store = SqliteStore::create(&path, Tag([0; 16]), timeout).unwrap();
    let again = move || -> Box<dyn Store> {
        let path = folder.path().join("m.db");
        Box::new(SqliteStore::open(&path, timeout).unwrap())
    };
    (store, Box::new(again))
}

#[test]
fn what_happens_to_a_store_in_memory_is_what_the_model_says() {
    histories(60, false, in_memory);
}

#[test]
fn what_happens_to_a_sheet_is_what_the_model_says() {
    histories(3, true, in_memory);
}

#[test]
fn what_happens_to_sqlite_is_what_the_model_says() {
    histories(10, false, of_sqlite);
    histories(1, true, of_sqlite);
}
