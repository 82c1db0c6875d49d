//! What is kept of guesses.

use super::*;

pub(crate) fn the_buckets_of_an_account_are_listed_and_no_others(store: &mut dyn Store) {
    fill(store);
    let limit = Limit {
        burst: 2,
        refill: Duration::from_secs(60),
    };
    let network = Remote::parse("2001:db8::1").unwrap().network();
    let charge = |id| Charge {
        from: vec![
            (Owner::Network(id, network.clone()), limit),
            (Owner::Known(id, network.clone()), limit),
            (Owner::Account(id), limit),
        ],
        guess: Guess {
            tag: 1,
            until: Timestamp(90_000),
        },
        at: Timestamp(2000),
    };
    assert!(store.buckets(ID).unwrap().is_empty());
    for id in [ID, AccountId(70)] {
        assert_eq!(store.charge(&charge(id)).unwrap(), Charged::Taken);
    }
    let mut found = store.buckets(ID).unwrap();
    found.sort_by_key(|(owner, _)| owner.key());
    let expected = charge(ID).from.into_iter().map(|(owner, _)| {
        let bucket = store.bucket(&owner).unwrap();
        assert_eq!(bucket.left(limit, Timestamp(2000)), 1);
        (owner, bucket)
    });
    let mut expected: Vec<_> = expected.collect();
    expected.sort_by_key(|(owner, _)| owner.key());
    assert_eq!(found, expected);
}

/// A guess at Alice's codes.
fn guess(tag: u16) -> Charge {
    let limit = Limit {
        burst: 2,
        refill: Duration::from_secs(60),
    };
    Charge {
        from: vec![(Owner::Account(ID), limit)],
        guess: Guess {
            tag,
            until: Timestamp(90_000),
        },
        at: Timestamp(2000),
    }
}

/// A login that is decided at once: it guesses this, and is right or not.
fn login(store: &mut dyn Store, tag: u16, right: bool) -> Settled {
    let (settlement, settled) = store
        .judge(&mut |ledger| {
            assert_eq!(ledger.charge(&guess(tag))?, Charged::Taken);
            Ok(if right {
                Settlement {
                    refund: vec![guess(tag)],
                    ..settlement(2000, "s", Use::Strike(1))
                }
            } else {
                Settlement::of_event(Some(ID), &event(2000, Reason::Wrong))
            })
        })
        .unwrap();
    assert_eq!(settlement.consume.is_some(), right);
    settled
}

pub(crate) fn a_login_that_is_decided_at_once_pays_for_what_was_wrong_alone(store: &mut dyn Store) {
    fill(store);
    let left = |store: &mut dyn Store| {
        let (owner, limit) = guess(0).from.remove(0);
        store.bucket(&owner).unwrap().left(limit, Timestamp(2000))
    };
    assert_eq!(login(store, 1, true), Settled::Consumed);
    assert_eq!(left(store), 2);
    assert!(store.reached().unwrap() >= store.identity().unwrap().generation);
    assert_eq!(login(store, 1, true), Settled::Lost);
    assert_eq!(left(store), 2, "nobody pays for a race");
    assert_eq!(login(store, 2, false), Settled::Consumed);
    assert_eq!(left(store), 1);
    assert_eq!(store.charge(&guess(2)).unwrap(), Charged::Before);
    assert_eq!(login(store, 3, false), Settled::Consumed);
    assert_eq!(left(store), 0);
    let judged = store.judge(&mut |ledger| {
        assert_eq!(ledger.charge(&guess(4))?, Charged::Exhausted);
        Ok(Settlement::of_event(Some(ID), &event(2000, Reason::Wrong)))
    });
    assert_eq!(judged.unwrap().1, Settled::Consumed);
}

pub(crate) fn a_decision_that_fails_changes_nothing_but_what_was_charged(store: &mut dyn Store) {
    fill(store);
    let told = |store: &mut dyn Store| store.events(&EventFilter::default()).unwrap().len();
    let before = told(store);
    let failed = store.judge(&mut |ledger| {
        assert_eq!(ledger.charge(&guess(1))?, Charged::Taken);
        // Whoever types the same again pays once.
        assert_eq!(ledger.charge(&guess(1))?, Charged::Before);
        Err(StoreError::Full)
    });
    assert!(matches!(failed, Err(StoreError::Full)));
    assert_eq!(told(store), before);
    assert_eq!(login(store, 5, true), Settled::Consumed);
}
