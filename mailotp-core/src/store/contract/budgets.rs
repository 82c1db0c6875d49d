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
