use std::collections::BTreeSet;
use std::thread;

use harness::postgres::{OWNER, Server as RealServer, shared};

use super::*;
use crate::account::{Settled, State};
use crate::audit::Reason;
use crate::crypto::Tag;
use crate::request::Naming;
use crate::store::contract::{contract_of, fill_for_race, race_settlement};
use crate::store::sqlite::SqliteStore;
use crate::store::transfer::{End, Transfer, copied_columns};
use crate::store::{EventFilter, Persistent, Store};

const TIMEOUT: Duration = Duration::from_secs(20);
const RING: Tag = Tag([0; 16]);

/// A host: a folder where it remembers, and a store that it shares with others.
struct MailHost {
    folder: tempfile::TempDir,
    location: Location,
}

impl MailHost {
    /// Of a new store in a database of its own.
    fn of_a_new_store(server: &RealServer) -> MailHost {
        let host = MailHost::at(Location {
            owner: Some(OWNER.into()),
            accept_loss: true,
            ..Location::parse(&server.url(&server.database())).unwrap()
        });
        host.as_owner().create(RING).unwrap();
        host
    }

    fn at(location: Location) -> MailHost {
        MailHost {
            folder: tempfile::tempdir().unwrap(),
            location,
        }
    }

    fn another(&self) -> MailHost {
        MailHost::at(self.location.clone())
    }

    fn try_open(&self, role: Role) -> Result<PostgresStore, StoreError> {
        let trust = Trust {
            ring: RING,
            generation: 0,
            witness: Witness::new("x", &[self.folder.path()]),
        };
        PostgresStore::open(&self.location, role, trust, TIMEOUT, None)
    }

    fn open(&self) -> PostgresStore {
        self.try_open(Role::Login).unwrap()
    }

    fn as_owner(&self) -> Owner {
        Owner::connect(&self.location, TIMEOUT).unwrap()
    }

    fn fill(&self) {
        fill_for_race(&mut self.try_open(Role::Owner).unwrap());
    }

    fn settle(&self, step: u32) -> Result<Settled, StoreError> {
        self.try_open(Role::Login)?.settle(&race_settlement(step))
    }

    fn sql(&self, statements: &str) -> String {
        let statements = format!("SET search_path = mailotp; {statements}");
        shared().sql(&self.location.database, &statements)
    }

    /// What a promotion leaves: the server is on a timeline that nobody has vouched for.
    fn is_promoted(&self) {
        self.sql("UPDATE store SET timeline = 0; UPDATE host SET timeline = 0");
    }

    fn is_suspended(&self) -> bool {
        let name = Naming::default().account(b"alice").unwrap();
        let snapshot = self.open().read(&name, None).unwrap();
        let mut states = snapshot.credentials.iter().map(|one| one.state);
        states.any(|state| state == State::Suspended)
    }
}

/// A store of the shared server.
struct Own {
    store: PostgresStore,
    _host: MailHost,
}

impl Own {
    fn new() -> Own {
        let host = MailHost::of_a_new_store(shared());
        Own {
            store: host.try_open(Role::Owner).unwrap(),
            _host: host,
        }
    }

    fn store(&mut self) -> &mut dyn Store {
        &mut self.store
    }
}

#[test]
fn what_happens_to_several_hosts_is_what_the_model_says() {
    crate::model::tests::histories(2, false, || {
        let host = MailHost::of_a_new_store(shared());
        let owner = host.try_open(Role::Owner).unwrap();
        (owner, Box::new(move || Box::new(host.open())))
    });
}

contract_of!(postgres, super::Own::new());

#[test]
fn of_all_hosts_that_come_with_the_same_code_one_consumes_it() {
    let one = MailHost::of_a_new_store(shared());
    one.fill();
    let two = one.another();
    for step in 1..=3 {
        let settled: Vec<Settled> = thread::scope(|scope| {
            let hosts = [&one, &two].into_iter().cycle().take(8);
            let logins: Vec<_> = hosts
                .map(|host| scope.spawn(move || host.settle(step).unwrap()))
                .collect();
            logins
                .into_iter()
                .map(|login| login.join().unwrap())
                .collect()
        });
        let consumed = settled.iter().filter(|one| **one == Settled::Consumed);
        assert_eq!(consumed.count(), 1, "{settled:?}");
    }
}

#[test]
fn an_old_copy_in_its_place_is_refused() {
    let host = MailHost::of_a_new_store(shared());
    host.fill();
    assert_eq!(host.settle(1).unwrap(), Settled::Consumed);
    host.sql("UPDATE witness SET count = count - 1");
    assert!(matches!(host.settle(2), Err(StoreError::Behind)));
    host.sql("UPDATE witness SET count = count + 1");
    assert_eq!(host.settle(2).unwrap(), Settled::Consumed);
}

#[test]
fn a_promoted_database_that_lacks_commits_is_as_after_a_restore_for_all_hosts() {
    let one = MailHost::of_a_new_store(shared());
    one.fill();
    let two = one.another();
    assert_eq!(one.settle(1).unwrap(), Settled::Consumed);
    assert_eq!(two.settle(2).unwrap(), Settled::Consumed);
    // Both have seen all of it. What the first has spent is lost.
    one.sql("DELETE FROM struck WHERE number = 1; UPDATE witness SET count = count - 1");
    one.is_promoted();
    assert_eq!(two.settle(1).unwrap(), Settled::Lost);
    assert!(one.is_suspended() && two.is_suspended());
    assert_eq!(one.settle(1).unwrap(), Settled::Lost);
    let events = one
        .try_open(Role::Owner)
        .unwrap()
        .events(&EventFilter::default());
    let losses = events.unwrap();
    let losses = losses
        .iter()
        .filter(|event| event.reason == Reason::CommitsLost);
    assert_eq!(losses.count(), 1, "once");
}

#[test]
fn a_promoted_database_is_spent_from_when_all_hosts_have_vouched_for_it() {
    let one = MailHost::of_a_new_store(shared());
    one.fill();
    let two = one.another();
    assert_eq!(one.settle(1).unwrap(), Settled::Consumed);
    assert_eq!(two.settle(2).unwrap(), Settled::Consumed);
    one.is_promoted();
    assert!(matches!(one.settle(3), Err(StoreError::Unvouched(_))));
    let mut store = one.open();
    assert!(
        store
            .settle(&crate::store::contract::refusal_from("192.0.2.8"))
            .is_ok()
    );
    assert!(
        matches!(
            store.settle(&race_settlement(3)),
            Err(StoreError::Unvouched(_))
        ),
        "whatever was written before"
    );
    assert!(
        one.open()
            .settle(&crate::store::contract::refusal_from("192.0.2.9"))
            .is_ok()
    );
    // It has only to come.
    drop(two.open());
    assert_eq!(one.settle(3).unwrap(), Settled::Consumed);
    assert!(!one.is_suspended());
}

#[test]
fn a_host_that_is_gone_for_good_is_waited_for_until_it_is_forgotten() {
    let one = MailHost::of_a_new_store(shared());
    one.fill();
    drop(one.open());
    drop(one.another().open());
    one.is_promoted();
    assert!(matches!(one.settle(1), Err(StoreError::Unvouched(_))));
    let hosts = one.as_owner().hosts().unwrap();
    let (gone, _) = hosts.iter().find(|(_, vouches)| !vouches).unwrap();
    assert_eq!(one.as_owner().forget_host(gone.id.as_str()).unwrap(), 1);
    assert_eq!(one.settle(1).unwrap(), Settled::Consumed);
}

#[test]
fn without_a_standby_nothing_is_spent_unless_a_loss_was_weighed() {
    let weighed = MailHost::of_a_new_store(shared());
    weighed.fill();
    let mut careful = weighed.another();
    careful.location.accept_loss = false;
    assert!(matches!(careful.settle(1), Err(StoreError::NoStandby)));
    assert!(
        careful
            .open()
            .settle(&crate::store::contract::refusal_from("192.0.2.9"))
            .is_ok()
    );
    assert_eq!(weighed.settle(1).unwrap(), Settled::Consumed);
}

#[test]
fn another_key_ring_is_told_of() {
    let host = MailHost::of_a_new_store(shared());
    host.sql("UPDATE store SET ring = '\\x01010101010101010101010101010101'");
    assert!(matches!(
        host.try_open(Role::Login),
        Err(StoreError::OtherRing)
    ));
}

#[test]
fn a_database_without_tables_has_no_store() {
    let server = shared();
    let host = MailHost::at(Location::parse(&server.url(&server.database())).unwrap());
    assert!(matches!(
        host.try_open(Role::Login),
        Err(StoreError::Missing(_))
    ));
}

#[test]
fn a_newer_database_lets_people_in_where_it_says_that_this_build_works_with_it() {
    let host = MailHost::of_a_new_store(shared());
    host.fill();
    let newer = VERSION + 1;
    host.sql(&format!(
        "UPDATE store SET version = {newer}; ALTER TABLE account ADD COLUMN later TEXT"
    ));
    assert_eq!(host.settle(1).unwrap(), Settled::Consumed);
    let changed = host.try_open(Role::Owner).unwrap().reseal(&[]);
    assert!(matches!(changed, Err(StoreError::Newer { .. })));
    assert!(matches!(
        host.as_owner().migrate(),
        Err(StoreError::Newer { .. })
    ));
    host.sql(&format!("UPDATE store SET works_since = {newer}"));
    assert!(matches!(host.settle(2), Err(StoreError::Newer { .. })));
}

#[test]
fn what_is_late_is_a_failure_and_leaves_no_lock_behind() {
    let host = MailHost::of_a_new_store(shared());
    host.fill();
    let mut holder = host.try_open(Role::Owner).unwrap();
    let held = holder.write(Durability::Power, |sql| {
        sql.hold_account(crate::id::AccountId(7))?;
        let start = Instant::now();
        let mut late = host.open();
        Persistent::until(&mut late, start + Duration::from_millis(300));
        let settled = late.settle(&race_settlement(1));
        assert!(matches!(settled, Err(StoreError::TooSlow)), "{settled:?}");
        assert!(start.elapsed() < Duration::from_secs(2));
        Ok(())
    });
    held.unwrap();
    assert_eq!(host.settle(1).unwrap(), Settled::Consumed);
}

#[test]
fn a_store_moves_into_a_database_and_back_with_all_that_was_spent() {
    let host = MailHost::of_a_new_store(shared());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.db");
    std::fs::write(&path, "").unwrap();
    let mut file = SqliteStore::create(&path, RING, TIMEOUT).unwrap();
    fill_for_race(&mut file);
    assert_eq!(file.settle(&race_settlement(1)).unwrap(), Settled::Consumed);
    let open = || SqliteStore::open(&path, TIMEOUT).unwrap();
    let there = "postgresql:";
    let mut to = End::Database(Box::new(host.as_owner()));
    to.to_be_filled().unwrap();
    assert!(matches!(
        host.try_open(Role::Login),
        Err(StoreError::Moving(_))
    ));
    let transfer = |from, to, name| {
        let mut transfer = Transfer {
            from,
            to,
            to_name: name,
            ring: RING,
            noted: 7,
            event: &crate::store::transfer::tests::EVENT,
        };
        transfer.run(&mut |_| ()).unwrap()
    };
    let moved = transfer(End::File(Box::new(open())), to, there);
    assert!(moved.rows > 5);
    assert!(matches!(
        open().settle(&race_settlement(2)),
        Err(StoreError::Moving(_))
    ));
    assert_eq!(host.settle(1).unwrap(), Settled::Lost);
    assert_eq!(host.settle(2).unwrap(), Settled::Consumed);
    let database = End::Database(Box::new(host.as_owner()));
    transfer(database, End::File(Box::new(open())), "sqlite:");
    assert!(matches!(host.settle(3), Err(StoreError::Moving(_))));
    for (step, settled) in [(2, Settled::Lost), (3, Settled::Consumed)] {
        assert_eq!(open().settle(&race_settlement(step)).unwrap(), settled);
    }
}

#[test]
fn the_tables_are_those_of_the_file_and_what_only_several_machines_need() {
    let host = MailHost::of_a_new_store(shared());
    let columns = host.sql(
        "SELECT table_name || '.' || column_name FROM information_schema.columns
         WHERE table_schema = 'mailotp'",
    );
    let found: BTreeSet<&str> = columns.lines().collect();
    let own = "host.id host.name host.timeline host.seen witness.stripe witness.count store.sole \
               store.version store.works_since store.ring store.generation store.newest \
               store.pin_length store.pin store.maintained store.timeline store.moving";
    let copied = copied_columns();
    let expected: BTreeSet<&str> = own
        .split_whitespace()
        .chain(copied.iter().map(String::as_str))
        .collect();
    assert_eq!(found, expected);
}

/// The author of a migration says which builds go on with it; those that are at work meanwhile do.
#[test]
fn logins_of_this_version_go_on_while_a_newer_one_migrates() {
    let host = MailHost::of_a_new_store(shared());
    host.fill();
    let newer = VERSION + 1;
    let migration = format!(
        "BEGIN; ALTER TABLE credential ADD COLUMN later TEXT; CREATE INDEX later ON credential (later);
         UPDATE store SET version = {newer}; COMMIT"
    );
    let consumed = thread::scope(|scope| {
        let logins: Vec<_> = (0..4)
            .map(|first| {
                let host = &host;
                scope.spawn(move || {
                    let steps = (100..140).map(|step| step - first % 2);
                    let settled = steps.map(|step| host.settle(step).unwrap());
                    settled.filter(|one| *one == Settled::Consumed).count()
                })
            })
            .collect();
        host.sql(&migration);
        logins
            .into_iter()
            .map(|login| login.join().unwrap())
            .sum::<usize>()
    });
    assert_eq!(consumed, 41, "each code once: 99 to 139");
    assert_eq!(host.sql("SELECT count(*) FROM struck"), "41");
}
