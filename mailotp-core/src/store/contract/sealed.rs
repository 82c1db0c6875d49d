//! What is sealed, and what comes back from a backup.

use super::*;
use crate::store::{Place, Resealed, Sealed};

fn all(store: &mut dyn Store) -> Vec<Sealed> {
    store.sealed(None, 100).unwrap()
}

fn pin(value: u8) -> Option<SealedPin> {
    Some(SealedPin {
        length: 4,
        sealed: vec![value],
    })
}

fn changed(at: i64) -> Event {
    Event {
        result: Verdict::Changed,
        ..event(at, Reason::PinSet)
    }
}

/// Two accounts, each with a PIN, and one of the site.
fn fill_with_pins(store: &mut dyn Store) {
    fill(store);
    let other = AccountId(9);
    let changes = [
        Change::Create(account(other, "bob")),
        Change::Add(Box::new(credential(
            "b",
            Kind::AppPassword {
                selector: "0000".into(),
            },
        ))),
        Change::SetPin(pin(91)),
        Change::SetSitePin(pin(92)),
    ];
    store.change(other, &changes, &changed(1001)).unwrap();
    let own = [Change::SetPin(pin(90))];
    store.change(ID, &own, &changed(1002)).unwrap();
}

pub(crate) fn everything_sealed_is_found_page_by_page(store: &mut dyn Store) {
    assert_eq!(all(store), []);
    fill_with_pins(store);
    let found = all(store);
    let places: Vec<&Place> = found.iter().map(|sealed| &sealed.place).collect();
    let other = AccountId(9);
    assert_eq!(
        places,
        [
            &Place::Credential(ID, id("a")),
            &Place::Credential(ID, id("s")),
            &Place::Credential(ID, id("t")),
            &Place::Credential(other, id("b")),
            &Place::Pin(ID),
            &Place::Pin(other),
            &Place::SitePin
        ]
    );
    assert_eq!(found[0].value, [1, 2, 3]);
    let pins: Vec<&Vec<u8>> = found[4..].iter().map(|sealed| &sealed.value).collect();
    assert_eq!(pins, [&[90], &[91], &[92]]);
    for limit in 1..=8 {
        let mut paged: Vec<Sealed> = Vec::new();
        loop {
            let after = paged.last().map(|sealed| &sealed.place);
            let page = store.sealed(after, limit).unwrap();
            assert!(page.len() <= limit as usize);
            if page.is_empty() {
                break;
            }
            paged.extend(page);
        }
        assert_eq!(paged, found, "{limit} at a time");
    }
}

pub(crate) fn what_is_sealed_is_replaced_where_it_is_still_the_same(store: &mut dyn Store) {
    fill_with_pins(store);
    let before = store.identity().unwrap().generation;
    let again = |was: &Sealed| Resealed {
        was: was.clone(),
        becomes: [&was.value[..], &[0xff]].concat(),
    };
    let found = all(store);
    let mut changes: Vec<Resealed> = found.iter().map(again).collect();
    // Logins have changed these in the meantime, or they are gone.
    changes[1].was.value = vec![7];
    changes[5].was.value = vec![7];
    changes.push(Resealed {
        was: Sealed {
            place: Place::Credential(AccountId(1234), id("none")),
            value: vec![1],
        },
        becomes: vec![2],
    });
    assert_eq!(store.reseal(&changes).unwrap(), 5);
    assert_eq!(store.identity().unwrap().generation, before + 1);
    for (at, sealed) in all(store).iter().enumerate() {
        let same = matches!(at, 1 | 5);
        assert_eq!(sealed.value == found[at].value, same, "{:?}", sealed.place);
    }
    assert_eq!(store.reseal(&changes).unwrap(), 0, "once");
    assert_eq!(store.identity().unwrap().generation, before + 1);
}

/// A response that was accepted while a sequence was sealed again counts.
pub(crate) fn a_login_wins_over_sealing_again(store: &mut dyn Store) {
    fill(store);
    let sequence = Kind::Sequence {
        algorithm: crate::rfc2289::Algorithm::Sha1,
        seed: crate::rfc2289::Seed::new("ma1234").unwrap(),
        count: 100,
    };
    let add = [Change::Add(Box::new(credential("q", sequence)))];
    store.change(ID, &add, &changed(1001)).unwrap();
    let place = Place::Credential(ID, id("q"));
    let was = all(store).into_iter().find(|one| one.place == place);
    let was = was.unwrap();
    let mut login = settlement(2000, "q", Use::Response(99));
    login.consume.as_mut().unwrap().sealed = Some(vec![9, 9]);
    assert_eq!(store.settle(&login).unwrap(), Settled::Consumed);
    let late = Resealed {
        was,
        becomes: vec![4],
    };
    assert_eq!(store.reseal(&[late]).unwrap(), 0);
    let now = all(store).into_iter().find(|one| one.place == place);
    assert_eq!(now.unwrap().value, [9, 9]);
}

pub(crate) fn all_windows_end_at_once(store: &mut dyn Store) {
    fill(store);
    let login = Settlement {
        window: offer("w1", "192.0.2.1"),
        ..settlement(2000, "s", Use::Strike(1))
    };
    assert_eq!(store.settle(&login).unwrap(), Settled::Consumed);
    assert_eq!(read(store).windows.len(), 1);
    let end = [Change::EndAllWindows];
    store
        .change(AccountId::NOBODY, &end, &changed(2001))
        .unwrap();
    assert_eq!(read(store).windows.len(), 0);
}

pub(crate) fn numbers_below_one_are_struck(store: &mut dyn Store) {
    fill(store);
    let first = settlement(2000, "s", Use::Strike(1));
    assert_eq!(store.settle(&first).unwrap(), Settled::Consumed);
    let strike = [Change::Strike(id("s"), 3)];
    store.change(ID, &strike, &changed(2001)).unwrap();
    let snapshot = read(store);
    let sheet = snapshot.credential(&id("s")).unwrap();
    assert_eq!(sheet.unspent().collect::<Vec<_>>(), [3]);
    let second = settlement(2002, "s", Use::Strike(2));
    assert_eq!(store.settle(&second).unwrap(), Settled::Lost);
}

pub(crate) fn what_is_restored_is_good_for_nothing_old(store: &mut dyn Store) {
    fill_with_pins(store);
    let pending = Credential {
        state: State::Pending,
        ..credential(
            "p",
            Kind::AppPassword {
                selector: "2222".into(),
            },
        )
    };
    let changes = [
        Change::Add(Box::new(pending)),
        Change::Revoke(vec![id("a")]),
    ];
    store.change(ID, &changes, &changed(1003)).unwrap();
    let login = Settlement {
        window: offer("w1", "192.0.2.1"),
        ..settlement(2000, "s", Use::Strike(1))
    };
    assert_eq!(store.settle(&login).unwrap(), Settled::Consumed);
    let restore = |generation| {
        [Change::Restore(Restoration {
            now: Timestamp(3000),
            generation,
        })]
    };
    let event = changed(3000);
    let nobody = AccountId::NOBODY;
    let before = store.identity().unwrap().generation;
    let after = store.change(nobody, &restore(before + 70), &event);
    assert_eq!(after.unwrap(), before + 71);
    let snapshot = read(store);
    assert_eq!(snapshot.windows.len(), 0);
    assert_eq!(snapshot.account.as_ref().unwrap().totp_floor.0, 3000);
    let state = |name: &str| snapshot.credential(&id(name)).unwrap().state;
    assert_eq!(state("s"), State::Suspended);
    assert_eq!(state("t"), State::Live, "TOTP goes on from now");
    assert_eq!(state("a"), State::Revoked);
    assert_eq!(state("p"), State::Pending);
    let bob = store.read(&name("bob"), None).unwrap();
    assert_eq!(bob.account.as_ref().unwrap().totp_floor.0, 3000);
    assert_eq!(bob.credential(&id("b")).unwrap().state, State::Suspended);
    // Never back.
    assert_eq!(
        store.change(nobody, &restore(5), &event).unwrap(),
        before + 72
    );
    let lost = settlement(3001, "s", Use::Strike(2));
    assert_eq!(store.settle(&lost).unwrap(), Settled::Lost);
    let step = settlement(3001, "t", Use::Step(Timestamp(3000)));
    assert_eq!(store.settle(&step).unwrap(), Settled::Lost);
    let confirm = [Change::Confirm(id("s"), None)];
    store.change(ID, &confirm, &changed(3002)).unwrap();
    let good = settlement(3003, "s", Use::Strike(2));
    assert_eq!(store.settle(&good).unwrap(), Settled::Consumed);
}
