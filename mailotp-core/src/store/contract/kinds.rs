//! What each kind of credential is used up by.

use super::*;
use crate::account::AliasUse;
use crate::rfc2289::{Algorithm, Seed};

fn hotp(text: &str) -> Credential {
    let kind = Kind::Hotp {
        digits: 6,
        counter: 5,
        resync: None,
    };
    credential(text, kind)
}

fn sequence(text: &str) -> Credential {
    credential(text, sequence_of("ma1234", 100))
}

fn sequence_of(seed: &str, count: u32) -> Kind {
    Kind::Sequence {
        algorithm: Algorithm::Md5,
        seed: Seed::new(seed).unwrap(),
        count,
    }
}

fn add(store: &mut dyn Store, credentials: impl IntoIterator<Item = Credential>) {
    let added = event(1000, Reason::Added);
    let changes: Vec<Change> = credentials
        .into_iter()
        .map(|credential| Change::Add(Box::new(credential)))
        .collect();
    store.change(ID, &changes, &added).unwrap();
}

fn found(store: &mut dyn Store, text: &str) -> Credential {
    read(store).credential(&id(text)).unwrap().clone()
}

fn settle(store: &mut dyn Store, at: i64, credential: &str, what: Use) -> Settled {
    store.settle(&settlement(at, credential, what)).unwrap()
}

pub(crate) fn a_counter_is_consumed_once_and_only_grows(store: &mut dyn Store) {
    fill(store);
    add(store, [hotp("h")]);
    assert_eq!(settle(store, 2000, "h", Use::Counter(7)), Settled::Consumed);
    for counter in [7, 6, 5] {
        let again = settle(store, 2001, "h", Use::Counter(counter));
        assert_eq!(again, Settled::Lost, "{counter}");
    }
    assert_eq!(settle(store, 2002, "h", Use::Counter(8)), Settled::Consumed);
    assert!(matches!(
        found(store, "h").kind,
        Kind::Hotp {
            counter: 9,
            resync: None,
            ..
        }
    ));
}

pub(crate) fn a_counter_ahead_is_remembered_until_it_is_reached(store: &mut dyn Store) {
    fill(store);
    add(store, [hotp("h")]);
    let resync = |store: &mut dyn Store| match found(store, "h").kind {
        Kind::Hotp { resync, .. } => resync,
        _ => None,
    };
    let ahead = Settlement {
        ahead: Some((id("h"), 40)),
        ..Settlement::of_event(Some(ID), &event(2000, Reason::Ahead))
    };
    assert_eq!(store.settle(&ahead).unwrap(), Settled::Consumed);
    assert_eq!(resync(store), Some(40));
    assert_eq!(
        settle(store, 2001, "h", Use::Counter(40)),
        Settled::Consumed
    );
    assert_eq!(resync(store), None);
}

pub(crate) fn a_response_is_consumed_once_and_takes_the_last_ones_place(store: &mut dyn Store) {
    fill(store);
    add(store, [sequence("o")]);
    let response = |count: u32, sealed: &[u8]| {
        let mut settlement = settlement(2000, "o", Use::Response(count));
        let consume = settlement.consume.as_mut().unwrap();
        consume.sealed = Some(sealed.to_vec());
        settlement
    };
    for (count, settled) in [
        (98, Settled::Lost),
        (99, Settled::Consumed),
        (99, Settled::Lost),
        (98, Settled::Consumed),
        (99, Settled::Lost),
    ] {
        let sealed = [count as u8; 3];
        assert_eq!(store.settle(&response(count, &sealed)).unwrap(), settled);
    }
    assert_eq!(
        settle(store, 2000, "o", Use::Response(97)),
        Settled::Lost,
        "there must be something to remember"
    );
    let left = found(store, "o");
    assert_eq!(left.kind, sequence_of("ma1234", 98));
    assert_eq!(left.sealed, [98; 3]);
}

pub(crate) fn an_alias_and_its_code_are_consumed_together_or_not_at_all(store: &mut dyn Store) {
    fill(store);
    add(store, [credential("q", Kind::Alias { size: 2 })]);
    let under = |alias: u32, number: u32| Settlement {
        alias: Some(AliasUse {
            credential: id("q"),
            number: alias,
        }),
        ..settlement(2000, "s", Use::Strike(number))
    };
    for (alias, number, settled) in [
        (1, 1, Settled::Consumed),
        (1, 2, Settled::Lost),
        (2, 1, Settled::Lost),
        (2, 2, Settled::Consumed),
    ] {
        let done = store.settle(&under(alias, number)).unwrap();
        assert_eq!(done, settled, "alias {alias}, code {number}");
    }
    assert_eq!(found(store, "q").struck, [1, 2].into());
    assert_eq!(found(store, "s").struck, [1, 2].into());
}

pub(crate) fn aliases_are_found_by_their_tags_and_none_is_taken_twice(store: &mut dyn Store) {
    fill(store);
    let added = event(1000, Reason::Added);
    let named = |text: &str, tags: &[u8]| {
        let tags = tags.iter().map(|tag| Tag([*tag; 16])).collect();
        [
            Change::Add(Box::new(credential(text, Kind::Alias { size: 2 }))),
            Change::NameAliases(id(text), tags),
        ]
    };
    store.change(ID, &named("q", &[21, 22]), &added).unwrap();
    assert!(matches!(
        store.change(ID, &named("r", &[23, 22]), &added),
        Err(StoreError::Exists)
    ));
    let mut by = |text: &str, tag: u8| store.read(&name(text), Some(&Tag([tag; 16]))).unwrap();
    let second = AliasUse {
        credential: id("q"),
        number: 2,
    };
    assert_eq!(by("q22222222", 22).alias, Some(second));
    assert_eq!(by("q22222222", 22).account.unwrap().name, name("alice"));
    assert!(by("q22222223", 23).account.is_none());
    assert_eq!(
        by("alice", 22).alias,
        None,
        "an account goes before an alias"
    );
    let revoke = [Change::Revoke(vec![id("q")])];
    store.change(ID, &revoke, &added).unwrap();
    let gone = store
        .read(&name("q22222222"), Some(&Tag([22; 16])))
        .unwrap();
    assert!(gone.account.is_none());
}

pub(crate) fn a_pinned_credential_belongs_to_the_first_service(store: &mut dyn Store) {
    fill(store);
    let mut pinned = credential(
        "p",
        Kind::AppPassword {
            selector: "1111".into(),
        },
    );
    pinned.scope.pinned = Pinned::Open;
    add(store, [pinned]);
    let from = |service: &str| {
        let mut settlement = settlement(2000, "p", Use::Login);
        settlement.event.service = Some(service.into());
        settlement
    };
    for (service, settled) in [
        ("imap", Settled::Consumed),
        ("pop3", Settled::Lost),
        ("imap", Settled::Consumed),
    ] {
        assert_eq!(store.settle(&from(service)).unwrap(), settled, "{service}");
    }
    let owner = Pinned::To("imap".into());
    assert_eq!(found(store, "p").scope.pinned, owner);
}

pub(crate) fn what_takes_the_place_of_another_revokes_it_when_it_is_used(store: &mut dyn Store) {
    fill(store);
    let mut new = credential(
        "n",
        Kind::Sheet {
            name: "mn".into(),
            size: 3,
        },
    );
    new.replaces = Some(id("s"));
    add(store, [new]);
    let opening = Settlement {
        window: offer("w", "192.0.2.1"),
        ..settlement(2000, "s", Use::Strike(1))
    };
    assert_eq!(store.settle(&opening).unwrap(), Settled::Consumed);
    assert_eq!(settle(store, 2000, "n", Use::Strike(1)), Settled::Consumed);
    assert_eq!(found(store, "s").state, State::Revoked);
    assert_eq!(read(store).windows, []);
    assert_eq!(found(store, "n").replaces, None);
    assert_eq!(settle(store, 2000, "s", Use::Strike(2)), Settled::Lost);
    assert_eq!(settle(store, 2000, "n", Use::Strike(2)), Settled::Consumed);
}

fn sheet_for(text: &str, replaces: &str) -> Credential {
    let kind = Kind::Sheet {
        name: text.repeat(2),
        size: 3,
    };
    Credential {
        replaces: Some(id(replaces)),
        ..credential(text, kind)
    }
}

pub(crate) fn what_takes_a_place_takes_those_that_were_to_take_it_before(store: &mut dyn Store) {
    fill(store);
    let mut never_confirmed = sheet_for("m", "s");
    never_confirmed.state = State::Pending;
    add(
        store,
        [never_confirmed, sheet_for("n", "m"), sheet_for("o", "n")],
    );
    let revoke = [Change::Revoke(vec![id("n")])];
    let changed = event(1000, Reason::Revoked);
    store.change(ID, &revoke, &changed).unwrap();
    assert_eq!(settle(store, 2000, "s", Use::Strike(1)), Settled::Consumed);
    assert_eq!(settle(store, 2000, "o", Use::Strike(1)), Settled::Consumed);
    for gone in ["s", "m", "n"] {
        assert_eq!(found(store, gone).state, State::Revoked, "{gone}");
    }
    assert_eq!(settle(store, 2000, "o", Use::Strike(2)), Settled::Consumed);
}

pub(crate) fn aliases_take_the_place_of_others_with_the_first_that_is_used(store: &mut dyn Store) {
    fill(store);
    let new = Credential {
        replaces: Some(id("q")),
        ..credential("r", Kind::Alias { size: 2 })
    };
    add(store, [credential("q", Kind::Alias { size: 2 }), new]);
    let under = |names: &str, number: u32| Settlement {
        alias: Some(AliasUse {
            credential: id(names),
            number,
        }),
        ..settlement(2000, "s", Use::Strike(number))
    };
    assert_eq!(store.settle(&under("q", 1)).unwrap(), Settled::Consumed);
    assert_eq!(store.settle(&under("r", 1)).unwrap(), Settled::Lost);
    assert_eq!(found(store, "q").state, State::Live, "nothing was used");
    assert_eq!(store.settle(&under("r", 2)).unwrap(), Settled::Consumed);
    assert_eq!(found(store, "q").state, State::Revoked);
    assert_eq!(found(store, "r").replaces, None);
}

pub(crate) fn a_kill_revokes_and_closes_windows(store: &mut dyn Store) {
    fill(store);
    let opening = Settlement {
        window: offer("w", "192.0.2.1"),
        ..settlement(2000, "s", Use::Strike(1))
    };
    assert_eq!(store.settle(&opening).unwrap(), Settled::Consumed);
    let before = store.identity().unwrap().generation;
    let kill = Settlement {
        kill: Some(id("s")),
        ..Settlement::of_event(Some(ID), &event(2001, Reason::Killed))
    };
    assert_eq!(store.settle(&kill).unwrap(), Settled::Consumed);
    assert_eq!(found(store, "s").state, State::Revoked);
    assert_eq!(read(store).windows, []);
    assert!(store.identity().unwrap().generation > before, "durable");
}

pub(crate) fn a_sequence_is_renewed_from_where_it_stands_only(store: &mut dyn Store) {
    fill(store);
    add(store, [sequence("o")]);
    let changed = event(1000, Reason::Replaced);
    let renew = |was: u32| Change::Renew {
        credential: id("o"),
        was,
        kind: sequence_of("ma1235", 500),
        sealed: vec![7],
    };
    for was in [99, 101] {
        let refused = store.change(ID, &[renew(was)], &changed);
        assert!(matches!(refused, Err(StoreError::Gone)), "{was}");
    }
    store.change(ID, &[renew(100)], &changed).unwrap();
    let renewed = found(store, "o");
    assert_eq!(renewed.kind, sequence_of("ma1235", 500));
    assert_eq!(renewed.sealed, [7]);
}

pub(crate) fn pins_are_kept_and_end_windows(store: &mut dyn Store) {
    fill(store);
    let changed = event(1000, Reason::PinSet);
    let pin = |length: u32| {
        Some(SealedPin {
            length,
            sealed: vec![length as u8],
        })
    };
    assert!(!read(store).pins_in_use);
    for (at, change) in [(1, Change::SetPin(pin(4))), (2, Change::SetSitePin(pin(5)))] {
        let opening = Settlement {
            window: offer(&format!("w{at}"), "192.0.2.1"),
            ..settlement(2000, "s", Use::Strike(at))
        };
        assert_eq!(store.settle(&opening).unwrap(), Settled::Consumed);
        store.change(ID, &[change], &changed).unwrap();
        assert_eq!(read(store).windows, []);
    }
    let stranger = store.read(&name("nobody"), None).unwrap();
    assert_eq!((stranger.site_pin, stranger.pins_in_use), (pin(5), true));
    assert_eq!(read(store).account.unwrap().pin, pin(4));
    store
        .change(ID, &[Change::SetSitePin(None)], &changed)
        .unwrap();
    assert!(
        store.read(&name("nobody"), None).unwrap().pins_in_use,
        "alice's"
    );
    store.change(ID, &[Change::SetPin(None)], &changed).unwrap();
    assert!(!read(store).pins_in_use);
}

/// Where a wrong code that chance does not find gave the guess at the PIN back to accounts alone, a
/// throttle told who has one.
pub(crate) fn a_stranger_is_given_back_what_an_account_is(store: &mut dyn Store) {
    let limit = Limit {
        burst: 2,
        refill: Duration::from_secs(60),
    };
    let owner = |holder| Owner::Stranger {
        what: crate::budget::ACCOUNT,
        slot: 7,
        holder,
    };
    let charge = |holder, tag| Charge {
        from: vec![(owner(holder), limit)],
        guess: Guess {
            tag,
            until: Timestamp(90_000),
        },
        at: Timestamp(2000),
    };
    let give_back = |charge| Settlement {
        account: None,
        consume: None,
        refund: vec![charge],
        ..settlement(2000, "s", Use::Login)
    };
    let left = |store: &mut dyn Store| {
        let bucket = store.bucket(&owner(1)).unwrap();
        bucket.left(limit, Timestamp(2000))
    };
    assert_eq!(store.charge(&charge(1, 1)).unwrap(), Charged::Taken);
    let _ = store.settle(&give_back(charge(1, 1))).unwrap();
    assert_eq!(left(store), 2);

    // Somebody else has come to the slot in between: it is his, and so is what he has used up.
    assert_eq!(store.charge(&charge(1, 2)).unwrap(), Charged::Taken);
    assert_eq!(store.charge(&charge(2, 3)).unwrap(), Charged::Taken);
    let _ = store.settle(&give_back(charge(1, 2))).unwrap();
    assert_eq!(left(store), 1);
}
