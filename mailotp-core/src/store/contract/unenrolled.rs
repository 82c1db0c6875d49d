//! Names that no account has, and that would be refused.

use super::*;
use crate::store::UNENROLLED;

fn would_refuse(at: i64, account: &str) -> Event {
    Event {
        account: Some(account.into()),
        result: Verdict::Passed,
        would: Some(Verdict::Refused),
        kind: None,
        credential: None,
        ..event(at, Reason::NotEnrolled)
    }
}

fn names(store: &mut dyn Store) -> Vec<(String, i64, u32)> {
    let filter = EventFilter {
        would_refuse: true,
        ..EventFilter::default()
    };
    let events = store.events(&filter).unwrap();
    let row = |event: Event| (event.account.unwrap(), event.time.0, event.count);
    events.into_iter().map(row).collect()
}

pub(crate) fn a_name_that_would_be_refused_is_kept_once_with_a_count(store: &mut dyn Store) {
    fill(store);
    for (at, name) in [(2000, "carol"), (2500, "bob"), (9000, "carol")] {
        store.tell_of_unenrolled(&would_refuse(at, name)).unwrap();
    }
    assert_eq!(
        names(store),
        [("bob".into(), 2500, 1), ("carol".into(), 9000, 2)]
    );
    let last = EventFilter {
        would_refuse: true,
        account: Some("carol".into()),
        since: Some(Timestamp(3000)),
        ..EventFilter::default()
    };
    let expected = Event {
        count: 2,
        ..would_refuse(9000, "carol")
    };
    assert_eq!(store.events(&last).unwrap(), [expected]);
    assert_eq!(
        store.events(&EventFilter::default()).unwrap().len(),
        1,
        "no event of the log"
    );
    assert_eq!(read(store).newest, Timestamp(9000));
}

pub(crate) fn a_name_that_an_account_has_is_told_of_there(store: &mut dyn Store) {
    fill(store);
    for name in ["alice", "bob"] {
        store.tell_of_unenrolled(&would_refuse(2000, name)).unwrap();
    }
    assert_eq!(names(store), [("bob".into(), 2000, 1)]);
    let changed = Event {
        result: Verdict::Changed,
        ..event(2001, Reason::Added)
    };
    let bob = AccountId(70);
    let create = [Change::Create(account(bob, "bob"))];
    store.change(bob, &create, &changed).unwrap();
    assert_eq!(names(store), []);
}

/// Whatever lets so many names in: they do not fill the store.
pub(crate) fn the_latest_thousand_names_are_kept(store: &mut dyn Store) {
    fill(store);
    let many = UNENROLLED as i64;
    for number in 0..many + 5 {
        let event = would_refuse(2000 + number, &format!("user{number}"));
        store.tell_of_unenrolled(&event).unwrap();
    }
    let kept = names(store);
    assert_eq!(kept.len(), UNENROLLED);
    assert_eq!(kept[0].0, "user5");
    assert_eq!(kept[UNENROLLED - 1].0, format!("user{}", many + 4));
}
