//! What every store promises, as tests that run on each of them: [`contract_of`] makes a module of
//! tests for a way to get an empty store.

mod budgets;
mod kinds;
mod sealed;
mod together;
mod unenrolled;

use std::time::Duration;

pub(crate) use budgets::*;
pub(crate) use kinds::*;
pub(crate) use sealed::*;
pub(crate) use together::*;
pub(crate) use unenrolled::*;

use super::{EventFilter, Store, StoreError};
use crate::account::*;
use crate::audit::{Event, Reason, Verdict};
use crate::budget::{Charge, Charged, Guess, Limit, Owner};
use crate::clock::Timestamp;
use crate::crypto::Tag;
use crate::id::{AccountId, CredentialId};
use crate::request::{AccountName, Naming, Remote};
use crate::rule::{Accept, Means, Own, Place};
use crate::window::{Binding, Limits, WindowKey};

/// Runs every case on stores that `$new` makes. What `$new` gives is kept until the case is over.
macro_rules! contract_of {
    ($name:ident, $new:expr) => {
        mod $name {
            crate::store::contract::contract_of!(@case $new;
                a_code_is_consumed_once,
                the_same_code_from_the_same_place_is_in_its_window,
                a_step_is_consumed_once_and_never_an_older_one,
                logins_are_counted_down_to_none,
                a_counter_is_consumed_once_and_only_grows,
                a_counter_ahead_is_remembered_until_it_is_reached,
                a_response_is_consumed_once_and_takes_the_last_ones_place,
                an_alias_and_its_code_are_consumed_together_or_not_at_all,
                aliases_are_found_by_their_tags_and_none_is_taken_twice,
                a_pinned_credential_belongs_to_the_first_service,
                what_takes_the_place_of_another_revokes_it_when_it_is_used,
                what_takes_a_place_takes_those_that_were_to_take_it_before,
                aliases_take_the_place_of_others_with_the_first_that_is_used,
                a_kill_revokes_and_closes_windows,
                a_sequence_is_renewed_from_where_it_stands_only,
                pins_are_kept_and_end_windows,
                own_rules_are_kept_in_their_order_and_end_windows,
                an_account_expires_and_is_opened_again,
                an_account_is_renamed_with_its_events,
                a_removed_account_leaves_nothing,
                maintenance_forgets_what_is_of_no_use,
                what_was_revoked_in_the_meantime_is_lost,
                a_lost_consumption_changes_nothing,
                postfixadmin_a_change_is_of_one_row_or_an_error,
                a_charge_is_kept_and_given_back,
                the_buckets_of_an_account_are_listed_and_no_others,
                a_login_that_is_decided_at_once_pays_for_what_was_wrong_alone,
                a_decision_that_fails_changes_nothing_but_what_was_charged,
                strangers_leave_no_trace_but_their_slot,
                a_stranger_is_given_back_what_an_account_is,
                equal_events_are_counted,
                the_log_is_filtered,
                a_name_that_would_be_refused_is_kept_once_with_a_count,
                a_name_that_an_account_has_is_told_of_there,
                the_latest_thousand_names_are_kept,
                changes_are_all_or_nothing,
                changes_of_several_accounts_are_all_or_nothing,
                the_generation_grows_with_every_change_and_all_that_is_used_up,
                revoking_closes_windows,
                four_networks_are_known,
                cve_2026_24031_names_cannot_be_sql,
                a_locked_account_says_so,
                forgiving_gives_all_guesses_back,
                an_accepted_clock_is_the_newest_again,
                everything_sealed_is_found_page_by_page,
                what_is_sealed_is_replaced_where_it_is_still_the_same,
                a_login_wins_over_sealing_again,
                all_windows_end_at_once,
                numbers_below_one_are_struck,
                what_is_restored_is_good_for_nothing_old,
            );
        }
    };
    (@case $new:expr; $($case:ident,)*) => {
        $(#[test]
        fn $case() {
            let mut guard = $new;
            crate::store::contract::$case(guard.store());
        })*
    };
}
pub(crate) use contract_of;

const ID: AccountId = AccountId(7);
const LIMITS: Limits = Limits {
    idle: Duration::from_secs(600),
    lifetime: Duration::from_secs(7200),
};

fn name(text: &str) -> AccountName {
    Naming::default().account(text.as_bytes()).unwrap()
}

fn id(text: &str) -> CredentialId {
    CredentialId::stored(text.into())
}

fn account(id: AccountId, text: &str) -> Account {
    Account {
        id,
        name: name(text),
        locked: false,
        expires: None,
        salt: [3; 16],
        totp_floor: Timestamp::ZERO,
        created: Timestamp(1000),
        pin: None,
    }
}

fn credential(text: &str, kind: Kind) -> Credential {
    Credential {
        id: id(text),
        kind,
        label: format!("my {text}"),
        state: State::Live,
        scope: Scope {
            services: vec!["imap".into(), "mail".into()],
            from: vec![
                "192.0.2.0/24".parse().unwrap(),
                "2001:db8::/32".parse().unwrap(),
            ],
            expires: Some(Timestamp(1_000_000)),
            logins_left: None,
            pinned: Pinned::No,
        },
        created: Timestamp(1000),
        last_used: None,
        struck: Default::default(),
        fingerprint: None,
        replaces: None,
        sealed: vec![1, 2, 3],
    }
}

fn event(at: i64, reason: Reason) -> Event {
    Event {
        time: Timestamp(at),
        host: "host".into(),
        actor: None,
        account: Some("alice".into()),
        service: Some("imap".into()),
        remote: Some("192.0.2.1".into()),
        result: Verdict::Accepted,
        reason,
        would: None,
        rule: Some("office".into()),
        kind: Some("sheet".into()),
        credential: Some("s".into()),
        count: 1,
    }
}

fn settlement(at: i64, credential: &str, what: Use) -> Settlement {
    Settlement {
        account: Some(ID),
        consume: Some(Consumption {
            credential: id(credential),
            what,
            sealed: None,
            takes_place: true,
        }),
        lost: Some(Event {
            result: Verdict::Refused,
            reason: Reason::Spent,
            ..event(at, Reason::Code)
        }),
        ..Settlement::of_event(Some(ID), &event(at, Reason::Code))
    }
}

fn offer(window: &str, remote: &str) -> Option<WindowOffer> {
    Some(WindowOffer {
        key: WindowKey {
            tag: Tag([5; 16]),
            group: "mail".into(),
            network: Remote::parse(remote).unwrap().network(),
            policy: Tag([6; 16]),
        },
        binding: Binding::Address,
        id: id(window),
        limits: LIMITS,
    })
}

/// An account with a sheet of three codes, a TOTP and an app password.
fn fill(store: &mut dyn Store) {
    let changed = Event {
        result: Verdict::Changed,
        ..event(1000, Reason::Added)
    };
    let changes = [
        Change::Create(account(ID, "alice")),
        Change::Add(Box::new(credential(
            "s",
            Kind::Sheet {
                name: "kd".into(),
                size: 3,
            },
        ))),
        Change::Add(Box::new(Credential {
            fingerprint: Some(Tag([9; 16])),
            ..credential(
                "t",
                Kind::Totp {
                    digits: 6,
                    period: 30,
                },
            )
        })),
        Change::Add(Box::new(credential(
            "a",
            Kind::AppPassword {
                selector: "0000".into(),
            },
        ))),
    ];
    store.change(ID, &changes, &changed).unwrap();
}

fn read(store: &mut dyn Store) -> Snapshot {
    store.read(&name("alice"), None).unwrap()
}

pub(crate) fn a_code_is_consumed_once(store: &mut dyn Store) {
    fill(store);
    assert_eq!(
        store
            .settle(&settlement(2000, "s", Use::Strike(2)))
            .unwrap(),
        Settled::Consumed
    );
    assert_eq!(
        store
            .settle(&settlement(2001, "s", Use::Strike(2)))
            .unwrap(),
        Settled::Lost
    );
    assert_eq!(
        store
            .settle(&settlement(2002, "s", Use::Strike(1)))
            .unwrap(),
        Settled::Consumed
    );
    let snapshot = read(store);
    let sheet = &snapshot
        .credentials
        .iter()
        .find(|credential| credential.id == id("s"))
        .unwrap();
    assert_eq!(sheet.unspent().collect::<Vec<_>>(), [3]);
    assert_eq!(sheet.left(), Some(1));
    let last = sheet.last_used.as_ref().unwrap();
    assert_eq!(
        (last.at, last.service.as_str(), last.remote.as_str()),
        (Timestamp(2002), "imap", "192.0.2.1")
    );
    let events = store.events(&EventFilter::default()).unwrap();
    let results: Vec<Verdict> = events.iter().map(|event| event.result).collect();
    assert_eq!(
        results,
        [
            Verdict::Changed,
            Verdict::Accepted,
            Verdict::Refused,
            Verdict::Accepted
        ]
    );
}

pub(crate) fn the_same_code_from_the_same_place_is_in_its_window(store: &mut dyn Store) {
    fill(store);
    let login = |at, window: &str, remote: &str| Settlement {
        window: offer(window, remote),
        ..settlement(at, "s", Use::Strike(1))
    };
    assert_eq!(
        store.settle(&login(2000, "w1", "192.0.2.1")).unwrap(),
        Settled::Consumed
    );
    assert_eq!(
        store.settle(&login(2001, "w2", "192.0.2.1")).unwrap(),
        Settled::InWindow
    );
    assert_eq!(
        store.settle(&login(2001, "w3", "192.0.2.2")).unwrap(),
        Settled::Lost
    );
    assert_eq!(
        store.settle(&login(2600, "w4", "192.0.2.1")).unwrap(),
        Settled::Lost,
        "idle for too long"
    );
    let windows = read(store).windows;
    assert_eq!(windows.len(), 1);
    assert_eq!(
        (windows[0].id.as_str(), windows[0].opened),
        ("w1", Timestamp(2000))
    );
    let touch = Settlement {
        consume: None,
        touch: Some(id("w1")),
        ..settlement(2060, "s", Use::Login)
    };
    assert_eq!(store.settle(&touch).unwrap(), Settled::Consumed);
    assert_eq!(read(store).windows[0].used, Timestamp(2060));
}

/// CVE-2026-20779 Gitea: one TOTP accepted twice in parallel.
pub(crate) fn a_step_is_consumed_once_and_never_an_older_one(store: &mut dyn Store) {
    fill(store);
    let step = |at| Use::Step(Timestamp(at));
    assert_eq!(
        store.settle(&settlement(2000, "t", step(1980))).unwrap(),
        Settled::Consumed
    );
    assert_eq!(
        store.settle(&settlement(2000, "t", step(1980))).unwrap(),
        Settled::Lost
    );
    assert_eq!(
        store.settle(&settlement(2000, "t", step(1950))).unwrap(),
        Settled::Lost
    );
    assert_eq!(
        store.settle(&settlement(2001, "t", step(2010))).unwrap(),
        Settled::Consumed
    );
    assert_eq!(read(store).account.unwrap().totp_floor, Timestamp(2010));
}

pub(crate) fn logins_are_counted_down_to_none(store: &mut dyn Store) {
    fill(store);
    let changed = Event {
        result: Verdict::Changed,
        ..event(1000, Reason::Added)
    };
    let mut twice = credential(
        "n",
        Kind::AppPassword {
            selector: "1111".into(),
        },
    );
    twice.scope.logins_left = Some(2);
    store
        .change(ID, &[Change::Add(Box::new(twice))], &changed)
        .unwrap();
    let login = Settlement {
        counted: true,
        ..settlement(2000, "n", Use::Login)
    };
    assert_eq!(store.settle(&login).unwrap(), Settled::Consumed);
    assert_eq!(store.settle(&login).unwrap(), Settled::Consumed);
    assert_eq!(store.settle(&login).unwrap(), Settled::Lost);
    for _ in 0..3 {
        assert_eq!(
            store.settle(&settlement(2000, "a", Use::Login)).unwrap(),
            Settled::Consumed
        );
    }
}

pub(crate) fn what_was_revoked_in_the_meantime_is_lost(store: &mut dyn Store) {
    fill(store);
    let changed = Event {
        result: Verdict::Changed,
        ..event(1500, Reason::Revoked)
    };
    store
        .change(ID, &[Change::Revoke(vec![id("s"), id("a")])], &changed)
        .unwrap();
    assert_eq!(
        store
            .settle(&settlement(2000, "s", Use::Strike(1)))
            .unwrap(),
        Settled::Lost
    );
    assert_eq!(
        store.settle(&settlement(2000, "a", Use::Login)).unwrap(),
        Settled::Lost
    );
    assert_eq!(
        store
            .settle(&settlement(2_000_000, "t", Use::Step(Timestamp(1))))
            .unwrap(),
        Settled::Lost,
        "expired"
    );
    assert_eq!(
        store.settle(&settlement(2000, "none", Use::Login)).unwrap(),
        Settled::Lost
    );
}

/// CVE-2013-7322 pam_oath: the wrong line was marked as used.
pub(crate) fn a_lost_consumption_changes_nothing(store: &mut dyn Store) {
    fill(store);
    assert_eq!(
        store
            .settle(&settlement(2000, "s", Use::Strike(1)))
            .unwrap(),
        Settled::Consumed
    );
    let before = read(store);
    assert_eq!(
        store
            .settle(&settlement(2001, "s", Use::Strike(1)))
            .unwrap(),
        Settled::Lost
    );
    let after = read(store);
    assert_eq!(
        format!("{:?}", before.credentials),
        format!("{:?}", after.credentials)
    );
    assert_eq!(before.windows, after.windows);
}

/// PostfixAdmin `sync-roundcubemail-totp`: an UPDATE without WHERE.
pub(crate) fn postfixadmin_a_change_is_of_one_row_or_an_error(store: &mut dyn Store) {
    fill(store);
    let bob = AccountId(8);
    let changed = Event {
        result: Verdict::Changed,
        ..event(1500, Reason::Renamed)
    };
    let sheet = Kind::Sheet {
        name: "mn".into(),
        size: 3,
    };
    let changes = [
        Change::Create(account(bob, "bob")),
        Change::Add(Box::new(credential("b", sheet.clone()))),
    ];
    store.change(bob, &changes, &changed).unwrap();
    let others = |store: &mut dyn Store| {
        let bob = store.read(&name("bob"), None).unwrap();
        let alice = read(store);
        let rest: Vec<&Credential> = alice
            .credentials
            .iter()
            .filter(|credential| credential.id != id("s"))
            .collect();
        format!("{:?} {:?} {rest:?}", bob.account, bob.credentials)
    };
    let before = others(store);
    for change in [
        Change::Rename(id("s"), "new".into()),
        Change::Strike(id("s"), 2),
        Change::Revoke(vec![id("s")]),
    ] {
        store.change(ID, &[change], &changed).unwrap();
        assert_eq!(others(store), before);
    }
    for change in [
        Change::Rename(id("b"), "new".into()),
        Change::Revoke(vec![id("b")]),
        Change::Confirm(id("b"), None),
        Change::Rename(id("none"), "new".into()),
    ] {
        let done = store.change(ID, std::slice::from_ref(&change), &changed);
        assert!(
            matches!(done, Err(StoreError::Gone)),
            "{change:?}: {done:?}"
        );
        assert_eq!(others(store), before);
    }
    let theirs = settlement(2000, "b", Use::Strike(1));
    assert_eq!(store.settle(&theirs).unwrap(), Settled::Lost);
    assert_eq!(others(store), before);
}

pub(crate) fn a_charge_is_kept_and_given_back(store: &mut dyn Store) {
    fill(store);
    let network = Remote::parse("192.0.2.1").unwrap().network();
    let limit = Limit {
        burst: 2,
        refill: Duration::from_secs(60),
    };
    let charge = |tag| Charge {
        from: vec![
            (Owner::Network(ID, network.clone()), limit),
            (Owner::Account(ID), limit),
        ],
        guess: Guess {
            tag,
            until: Timestamp(90_000),
        },
        at: Timestamp(2000),
    };
    assert_eq!(store.charge(&charge(1)).unwrap(), Charged::Taken);
    assert_eq!(store.charge(&charge(1)).unwrap(), Charged::Before);
    assert_eq!(store.charge(&charge(2)).unwrap(), Charged::Taken);
    assert_eq!(store.charge(&charge(3)).unwrap(), Charged::Exhausted);
    assert_eq!(
        store
            .bucket(&Owner::Account(ID))
            .unwrap()
            .left(limit, Timestamp(2000)),
        0
    );
    let right = Settlement {
        refund: vec![charge(2)],
        ..settlement(2001, "s", Use::Strike(1))
    };
    assert_eq!(store.settle(&right).unwrap(), Settled::Consumed);
    assert_eq!(
        store
            .bucket(&Owner::Account(ID))
            .unwrap()
            .left(limit, Timestamp(2001)),
        1
    );
    assert_eq!(store.charge(&charge(3)).unwrap(), Charged::Taken);
}

pub(crate) fn strangers_leave_no_trace_but_their_slot(store: &mut dyn Store) {
    let stranger = Settlement {
        account: None,
        consume: None,
        event: Event {
            account: Some("nobody".into()),
            ..event(2000, Reason::Wrong)
        },
        ..settlement(2000, "s", Use::Login)
    };
    assert_eq!(store.settle(&stranger).unwrap(), Settled::Consumed);
    assert!(store.events(&EventFilter::default()).unwrap().is_empty());
    let snapshot = store.read(&name("nobody"), None).unwrap();
    assert!(snapshot.account.is_none() && snapshot.credentials.is_empty());
    assert_eq!(snapshot.newest, Timestamp(2000));
}

pub(crate) fn equal_events_are_counted(store: &mut dyn Store) {
    fill(store);
    let refusal = |at, remote: &str| Settlement {
        consume: None,
        event: Event {
            result: Verdict::Refused,
            remote: Some(remote.into()),
            ..event(at, Reason::Wrong)
        },
        ..settlement(at, "s", Use::Login)
    };
    for (at, remote) in [
        (2000, "192.0.2.1"),
        (2001, "192.0.2.9"),
        (2002, "192.0.2.1"),
        (2061, "192.0.2.1"),
        (2200, "192.0.2.1"),
    ] {
        assert_eq!(
            store.settle(&refusal(at, remote)).unwrap(),
            Settled::Consumed
        );
    }
    let events = store
        .events(&EventFilter {
            since: Some(Timestamp(1500)),
            ..EventFilter::default()
        })
        .unwrap();
    let counts: Vec<(i64, u32)> = events
        .iter()
        .map(|event| (event.time.0, event.count))
        .collect();
    assert_eq!(counts, [(2001, 1), (2061, 3), (2200, 1)]);
}

pub(crate) fn the_log_is_filtered(store: &mut dyn Store) {
    fill(store);
    for (at, number) in [(2000, 1), (3000, 2)] {
        assert_eq!(
            store
                .settle(&settlement(at, "s", Use::Strike(number)))
                .unwrap(),
            Settled::Consumed
        );
    }
    let observed = Settlement {
        consume: None,
        event: Event {
            would: Some(Verdict::Denied),
            result: Verdict::Passed,
            ..event(4000, Reason::Rule)
        },
        ..settlement(4000, "s", Use::Login)
    };
    assert_eq!(store.settle(&observed).unwrap(), Settled::Consumed);
    let mut times = |filter: EventFilter| -> Vec<i64> {
        store
            .events(&filter)
            .unwrap()
            .iter()
            .map(|event| event.time.0)
            .collect()
    };
    let all = EventFilter::default;
    assert_eq!(times(all()), [1000, 2000, 3000, 4000]);
    assert_eq!(
        times(EventFilter {
            limit: Some(2),
            ..all()
        }),
        [3000, 4000]
    );
    assert_eq!(
        times(EventFilter {
            since: Some(Timestamp(2500)),
            ..all()
        }),
        [3000, 4000]
    );
    assert_eq!(
        times(EventFilter {
            would_refuse: true,
            ..all()
        }),
        [4000]
    );
    assert_eq!(
        times(EventFilter {
            service: Some("imap".into()),
            limit: Some(1),
            ..all()
        }),
        [4000]
    );
    assert_eq!(
        times(EventFilter {
            service: Some("pop3".into()),
            ..all()
        }),
        [0; 0]
    );
    assert_eq!(
        times(EventFilter {
            account: Some("bob".into()),
            ..all()
        }),
        [0; 0]
    );
}

pub(crate) fn changes_are_all_or_nothing(store: &mut dyn Store) {
    fill(store);
    let changed = Event {
        result: Verdict::Changed,
        ..event(2000, Reason::Added)
    };
    let other = AccountId(8);
    let again = store.change(other, &[Change::Create(account(other, "alice"))], &changed);
    assert!(matches!(again, Err(StoreError::Exists)));
    let same_seed = Credential {
        fingerprint: Some(Tag([9; 16])),
        ..credential(
            "u",
            Kind::Totp {
                digits: 6,
                period: 30,
            },
        )
    };
    let both = [
        Change::Create(account(other, "bob")),
        Change::Add(Box::new(same_seed)),
    ];
    assert!(matches!(
        store.change(other, &both, &changed),
        Err(StoreError::Exists)
    ));
    assert!(
        store.read(&name("bob"), None).unwrap().account.is_none(),
        "half of it was done"
    );
    let gone = [
        Change::Rename(id("s"), "other".into()),
        Change::Rename(id("none"), "x".into()),
    ];
    assert!(matches!(
        store.change(ID, &gone, &changed),
        Err(StoreError::Gone)
    ));
    assert_eq!(
        read(store)
            .credentials
            .iter()
            .filter(|credential| credential.label == "other")
            .count(),
        0
    );
    assert!(matches!(
        store.change(ID, &[Change::Confirm(id("s"), None)], &changed),
        Err(StoreError::Gone)
    ));
    assert_eq!(store.accounts().unwrap().len(), 1);
}

pub(crate) fn the_generation_grows_with_every_change_and_all_that_is_used_up(
    store: &mut dyn Store,
) {
    fill(store);
    let before = store.identity().unwrap().generation;
    let changed = Event {
        result: Verdict::Changed,
        ..event(2000, Reason::Renamed)
    };
    let after = store
        .change(ID, &[Change::Rename(id("s"), "x".into())], &changed)
        .unwrap();
    assert!(after > before);
    assert_eq!(store.identity().unwrap().generation, after);
    for (what, grows) in [
        (Use::Strike(1), true),
        (Use::Strike(1), false),
        (Use::Login, false),
    ] {
        let before = store.identity().unwrap().generation;
        let _ = store.settle(&settlement(2001, "s", what)).unwrap();
        assert_eq!(
            store.identity().unwrap().generation > before,
            grows,
            "{what:?}"
        );
    }
}

pub(crate) fn revoking_closes_windows(store: &mut dyn Store) {
    fill(store);
    let login = Settlement {
        window: offer("w1", "192.0.2.1"),
        ..settlement(2000, "s", Use::Strike(1))
    };
    assert_eq!(store.settle(&login).unwrap(), Settled::Consumed);
    let changed = |reason| Event {
        result: Verdict::Changed,
        ..event(2001, reason)
    };
    store
        .change(
            ID,
            &[Change::Revoke(vec![id("s")])],
            &changed(Reason::Revoked),
        )
        .unwrap();
    let snapshot = read(store);
    assert!(snapshot.windows.is_empty());
    assert_eq!(
        snapshot
            .credentials
            .iter()
            .filter(|credential| credential.state == State::Revoked)
            .count(),
        1
    );
    let step = Use::Step(Timestamp(1980));
    let login = Settlement {
        window: offer("w2", "192.0.2.1"),
        ..settlement(2002, "t", step)
    };
    assert_eq!(store.settle(&login).unwrap(), Settled::Consumed);
    store
        .change(
            ID,
            &[Change::EndWindows(None)],
            &changed(Reason::GraceEnded),
        )
        .unwrap();
    assert!(read(store).windows.is_empty());
}

pub(crate) fn four_networks_are_known(store: &mut dyn Store) {
    fill(store);
    for (at, last) in (2000..).zip([1, 2, 3, 4, 5, 1]) {
        let network = Remote::parse(&format!("192.0.2.{last}")).unwrap().network();
        let login = Settlement {
            seen: Some(network),
            ..settlement(at, "a", Use::Login)
        };
        assert_eq!(store.settle(&login).unwrap(), Settled::Consumed);
    }
    let known: Vec<String> = read(store)
        .known
        .iter()
        .map(|network| network.as_str().to_owned())
        .collect();
    assert_eq!(known, ["192.0.2.1", "192.0.2.5", "192.0.2.4", "192.0.2.3"]);
}

/// CVE-2026-24031, CVE-2026-27860 Dovecot: SQL or LDAP through the user name.
pub(crate) fn cve_2026_24031_names_cannot_be_sql(store: &mut dyn Store) {
    fill(store);
    for hostile in ["alice'--", "'or'1'='1", "alice\";drop", "%", "*", "al_ce"] {
        assert!(
            store.read(&name(hostile), None).unwrap().account.is_none(),
            "{hostile}"
        );
    }
}

pub(crate) fn a_locked_account_says_so(store: &mut dyn Store) {
    fill(store);
    let changed = Event {
        result: Verdict::Changed,
        ..event(1500, Reason::Locked)
    };
    for locked in [true, false] {
        store.change(ID, &[Change::Lock(locked)], &changed).unwrap();
        assert_eq!(read(store).account.unwrap().locked, locked);
    }
    assert!(
        store
            .change(AccountId(99), &[Change::Lock(true)], &changed)
            .is_err()
    );
}

pub(crate) fn forgiving_gives_all_guesses_back(store: &mut dyn Store) {
    fill(store);
    let limit = Limit {
        burst: 1,
        refill: Duration::from_secs(60),
    };
    let charge = |owner: Owner, tag| Charge {
        from: vec![(owner, limit)],
        guess: Guess {
            tag,
            until: Timestamp(90_000),
        },
        at: Timestamp(2000),
    };
    let other = Owner::Account(AccountId(70));
    for owner in [Owner::Account(ID), other.clone()] {
        assert_eq!(
            store.charge(&charge(owner.clone(), 1)).unwrap(),
            Charged::Taken
        );
        assert_eq!(store.charge(&charge(owner, 2)).unwrap(), Charged::Exhausted);
    }
    let changed = Event {
        result: Verdict::Changed,
        ..event(2000, Reason::Forgiven)
    };
    store.change(ID, &[Change::Forgive], &changed).unwrap();
    assert_eq!(
        store.charge(&charge(Owner::Account(ID), 3)).unwrap(),
        Charged::Taken
    );
    assert_eq!(
        store.charge(&charge(other, 3)).unwrap(),
        Charged::Exhausted,
        "another account's"
    );
}

pub(crate) fn an_accepted_clock_is_the_newest_again(store: &mut dyn Store) {
    fill(store);
    let ahead = Settlement {
        window: offer("w1", "192.0.2.1"),
        ..settlement(900_000, "s", Use::Strike(1))
    };
    assert_eq!(store.settle(&ahead).unwrap(), Settled::Consumed);
    assert_eq!(read(store).newest, Timestamp(900_000));
    let limit = Limit {
        burst: 1,
        refill: Duration::from_secs(60),
    };
    let (then, now) = (Owner::Account(ID), Owner::Pin(ID));
    for (owner, at) in [(&then, 900_000), (&now, 2000)] {
        let charge = Charge {
            from: vec![(owner.clone(), limit)],
            guess: Guess {
                tag: 1,
                until: Timestamp(at + 1),
            },
            at: Timestamp(at),
        };
        assert_eq!(store.charge(&charge).unwrap(), Charged::Taken);
    }
    let changed = Event {
        result: Verdict::Changed,
        ..event(2000, Reason::ClockAccepted)
    };
    let accept = Change::AcceptClock {
        now: Timestamp(2000),
        full_by: Timestamp(2060),
    };
    store.change(ID, &[accept], &changed).unwrap();
    let mut left = |owner| {
        let bucket = store.bucket(owner).unwrap();
        bucket.left(limit, Timestamp(2000))
    };
    assert_eq!((left(&then), left(&now)), (1, 0));
    let snapshot = read(store);
    assert_eq!(snapshot.newest, Timestamp(2000));
    assert!(snapshot.windows.is_empty(), "a window of the future");
}

/// For races between connections: an account with a sheet.
pub(crate) fn fill_for_race(store: &mut dyn Store) {
    fill(store);
}

/// For races: the login that wants this number.
pub(crate) fn race_settlement(number: u32) -> Settlement {
    settlement(2000, "s", Use::Strike(number))
}

/// For floods: a refusal from somewhere.
pub(crate) fn refusal_from(remote: &str) -> Settlement {
    let event = Event {
        result: Verdict::Refused,
        remote: Some(remote.into()),
        ..event(2000, Reason::Wrong)
    };
    Settlement::of_event(Some(ID), &event)
}

pub(crate) fn own_rules_are_kept_in_their_order_and_end_windows(store: &mut dyn Store) {
    fill(store);
    let changed = event(1000, Reason::RuleAdded);
    let own = |text: &str, services: Option<&str>, from: Option<Place>| OwnRule {
        id: id(text),
        rule: Own {
            services: services.map(|name| [name.to_owned()].into()),
            from: from.map(|place| vec![place, Place::Unknown, Place::Local]),
            accept: Accept([Means::Otp, Means::PasswordOtp].into()),
        },
    };
    let network = Place::Net("2001:db8::/32".parse().unwrap());
    let opening = Settlement {
        window: offer("w", "192.0.2.1"),
        ..settlement(2000, "s", Use::Strike(1))
    };
    for (text, services, from) in [("r2", Some("webmail"), Some(network)), ("r1", None, None)] {
        let _ = store.settle(&opening).unwrap();
        let add = Change::AddRule(Box::new(own(text, services, from)));
        store.change(ID, &[add], &changed).unwrap();
        assert_eq!(read(store).windows, []);
    }
    let rules = read(store).rules;
    let [first, second] = &rules[..] else {
        panic!("{rules:?}")
    };
    assert_eq!(
        (&first.id, &second.id),
        (&id("r2"), &id("r1")),
        "in their order"
    );
    assert_eq!(first.rule.services, Some(["webmail".to_owned()].into()));
    let places = vec![network, Place::Unknown, Place::Local];
    assert_eq!(first.rule.from, Some(places));
    assert_eq!((&second.rule.services, &second.rule.from), (&None, &None));
    assert!(first.rule.accept.has(Means::PasswordOtp) && !first.rule.accept.has(Means::Password));
    let remove = |text: &str| Change::RemoveRules(vec![id(text)]);
    store.change(ID, &[remove("r2")], &changed).unwrap();
    assert_eq!(read(store).rules.len(), 1);
    assert!(matches!(
        store.change(ID, &[remove("r2")], &changed),
        Err(StoreError::Gone)
    ));
}

pub(crate) fn an_account_expires_and_is_opened_again(store: &mut dyn Store) {
    fill(store);
    let changed = event(1000, Reason::Locked);
    for at in [Some(Timestamp(5000)), None] {
        store.change(ID, &[Change::Expire(at)], &changed).unwrap();
        assert_eq!(read(store).account.unwrap().expires, at);
    }
}

pub(crate) fn an_account_is_renamed_with_its_events(store: &mut dyn Store) {
    fill(store);
    let changed = event(1000, Reason::AccountRenamed);
    let bob = [Change::Create(account(AccountId(8), "bob"))];
    store
        .change(AccountId(8), &bob, &event(1000, Reason::Added))
        .unwrap();
    let rename = |text: &str| [Change::RenameAccount(name(text))];
    assert!(matches!(
        store.change(ID, &rename("bob"), &changed),
        Err(StoreError::Exists)
    ));
    let told = Event {
        account: Some("carol".into()),
        ..changed
    };
    store.change(ID, &rename("carol"), &told).unwrap();
    assert!(read(store).account.is_none());
    let carol = store.read(&name("carol"), None).unwrap();
    assert_eq!(
        (carol.account.unwrap().id, carol.credentials.len()),
        (ID, 3)
    );
    let of = |text: &str| EventFilter {
        account: Some(text.into()),
        ..EventFilter::default()
    };
    // The first change was told of alice, and so was the creation of bob.
    assert_eq!(store.events(&of("alice")).unwrap(), []);
    assert_eq!(store.events(&of("carol")).unwrap().len(), 3);
}

pub(crate) fn a_removed_account_leaves_nothing(store: &mut dyn Store) {
    fill(store);
    let opening = Settlement {
        window: offer("w", "192.0.2.1"),
        seen: Some(Remote::parse("192.0.2.1").unwrap().network()),
        ..settlement(2000, "s", Use::Strike(1))
    };
    assert_eq!(store.settle(&opening).unwrap(), Settled::Consumed);
    let removed = Event {
        account: None,
        ..event(3000, Reason::AccountRemoved)
    };
    store.change(ID, &[Change::Remove], &removed).unwrap();
    assert!(read(store).account.is_none());
    let events = store.events(&EventFilter::default()).unwrap();
    assert_eq!(events, [removed]);
    // The seed and the id may come again.
    fill(store);
    let again = read(store);
    assert_eq!((again.windows, again.known), (vec![], vec![]));
    assert!(again.credentials.iter().all(|one| one.struck.is_empty()));
}

pub(crate) fn maintenance_forgets_what_is_of_no_use(store: &mut dyn Store) {
    fill(store);
    assert_eq!(
        store
            .settle(&settlement(5000, "s", Use::Strike(1)))
            .unwrap(),
        Settled::Consumed
    );
    let first = store.maintain(Timestamp(6000), Timestamp(2000)).unwrap();
    assert_eq!((first.events, first.before), (1, Timestamp::ZERO));
    let times: Vec<i64> = store
        .events(&EventFilter::default())
        .unwrap()
        .iter()
        .map(|event| event.time.0)
        .collect();
    assert_eq!(times, [5000]);
    let second = store.maintain(Timestamp(7000), Timestamp(2000)).unwrap();
    assert_eq!((second.events, second.before), (0, Timestamp(6000)));
    assert_eq!(store.used_since(Timestamp(5000)).unwrap(), [name("alice")]);
    assert_eq!(store.used_since(Timestamp(5001)).unwrap(), []);
}
