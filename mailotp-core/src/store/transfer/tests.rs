use std::collections::BTreeSet;
use std::time::Duration;

use super::*;
use crate::audit::{Reason, Verdict};
use crate::clock::Timestamp;
use crate::store::Store;
use crate::store::contract::{fill_for_race, race_settlement};

const RING: Tag = Tag([0; 16]);

pub(in crate::store) static EVENT: Event = Event {
    time: Timestamp(3000),
    host: String::new(),
    actor: None,
    account: None,
    service: None,
    remote: None,
    result: Verdict::Changed,
    reason: Reason::StoreMoved,
    would: None,
    rule: None,
    kind: None,
    credential: None,
    count: 1,
};

/// Two stores in a folder that goes with them.
struct Two {
    folder: tempfile::TempDir,
}

impl Two {
    fn new() -> Two {
        let two = Two {
            folder: tempfile::tempdir().unwrap(),
        };
        for name in ["here", "there"] {
            let path = two.folder.path().join(name);
            std::fs::write(&path, "").unwrap();
            SqliteStore::create(&path, RING, Duration::from_secs(5)).unwrap();
        }
        two
    }

    fn store(&self, name: &str) -> SqliteStore {
        SqliteStore::open(&self.folder.path().join(name), Duration::from_secs(5)).unwrap()
    }

    fn transfer<'a>(&self, from: &str, to: &'a str) -> Transfer<'a> {
        Transfer {
            from: End::File(Box::new(self.store(from))),
            to: End::File(Box::new(self.store(to))),
            to_name: to,
            ring: RING,
            noted: 0,
            event: &EVENT,
        }
    }
}

fn is_moving<T>(result: &Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::Moving(_)))
}

#[test]
fn every_column_of_every_table_is_copied() {
    let two = Two::new();
    let mut end = End::File(Box::new(two.store("here")));
    let found = end.look(|sql| {
        sql.query(
            "SELECT m.name, p.name FROM sqlite_schema AS m, pragma_table_info(m.name) AS p
             WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
            &[],
        )
    });
    let found: BTreeSet<(String, String)> = found
        .unwrap()
        .iter()
        .map(|row| (row.get(0).unwrap(), row.get(1).unwrap()))
        .collect();
    let own = [
        "ring",
        "generation",
        "moving",
        "newest",
        "pin_length",
        "pin",
        "maintained",
    ]
    .map(|column| ("store", column));
    let copied = TABLES
        .iter()
        .flat_map(|table| table.columns.iter().map(|column| (table.name, *column)))
        .chain(own)
        .map(|(table, column)| (table.to_owned(), column.to_owned()));
    assert_eq!(found, copied.collect());
}

#[test]
fn a_store_that_moves_lets_nobody_in_and_the_other_goes_on_where_it_was() {
    let two = Two::new();
    fill_for_race(&mut two.store("here"));
    let mut transfer = two.transfer("here", "there");
    transfer.to.to_be_filled().unwrap();
    assert!(is_moving(&two.store("there").settle(&race_settlement(1))));
    let _ = two.store("here").settle(&race_settlement(1)).unwrap();
    let mut steps = Vec::new();
    let moved = transfer.run(&mut |step| {
        steps.push(step);
        for name in ["here", "there"] {
            let settled = two.store(name).settle(&race_settlement(2));
            assert!(is_moving(&settled), "{name} at {step:?}");
        }
    });
    assert!(
        matches!(steps[..], [Progress::Copied(..), .., Progress::Compared(done, all)] if done == all)
    );
    assert!(!moved.unwrap().was_there);
    assert!(is_moving(&two.store("here").settle(&race_settlement(2))));
    let settle = |step| two.store("there").settle(&race_settlement(step)).unwrap();
    assert_eq!(settle(1), crate::account::Settled::Lost, "spent before");
    assert_eq!(settle(2), crate::account::Settled::Consumed);
    // And back, into the store that was left behind.
    let mut back = two.transfer("there", "here");
    let moved = back.run(&mut |_| ()).unwrap();
    assert!(moved.generation > 1);
    let settle = |step| two.store("here").settle(&race_settlement(step)).unwrap();
    assert_eq!(settle(2), crate::account::Settled::Lost);
    assert_eq!(settle(3), crate::account::Settled::Consumed);
    let events = two.store("here").events(&Default::default()).unwrap();
    let moves = events
        .iter()
        .filter(|event| event.reason == Reason::StoreMoved);
    assert_eq!(moves.count(), 2, "the log goes with it");
}

#[test]
fn what_was_cut_off_goes_on_and_only_its_own_way() {
    let two = Two::new();
    fill_for_race(&mut two.store("here"));
    let mut transfer = two.transfer("here", "there");
    transfer.to.to_be_filled().unwrap();
    // It dies after the first rows.
    let cut = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        transfer.run(&mut |_| panic!("killed"))
    }));
    assert!(cut.is_err());
    let other = Transfer {
        to_name: "elsewhere",
        ..two.transfer("here", "there")
    }
    .run(&mut |_| ());
    assert!(is_moving(&other), "it moves to another place");
    let moved = two.transfer("here", "there").run(&mut |_| ()).unwrap();
    assert!(moved.rows > 0);
    let again = two.transfer("here", "there").run(&mut |_| ()).unwrap();
    assert!(again.was_there);
    assert_eq!(
        again.generation, moved.generation,
        "it is not newer by that"
    );
    assert!(
        matches!(
            two.transfer("here", "there").cancel(),
            Err(StoreError::Moving(_))
        ),
        "the other one is open"
    );
}

#[test]
fn a_move_is_taken_back_until_the_other_store_is_open() {
    let two = Two::new();
    fill_for_race(&mut two.store("here"));
    let mut transfer = two.transfer("here", "there");
    transfer.to.to_be_filled().unwrap();
    let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        transfer.run(&mut |_| panic!("killed"))
    }));
    two.transfer("here", "there").cancel().unwrap();
    let settled = two.store("here").settle(&race_settlement(1)).unwrap();
    assert_eq!(settled, crate::account::Settled::Consumed);
    assert!(is_moving(&two.store("there").settle(&race_settlement(1))));
    // Begun anew, it copies what has changed since.
    two.transfer("here", "there").run(&mut |_| ()).unwrap();
    let settled = two.store("there").settle(&race_settlement(1)).unwrap();
    assert_eq!(settled, crate::account::Settled::Lost);
}

#[test]
fn a_store_that_is_in_use_is_not_overwritten() {
    let two = Two::new();
    fill_for_race(&mut two.store("there"));
    let moved = two.transfer("here", "there").run(&mut |_| ());
    assert!(matches!(moved, Err(StoreError::Exists)));
    assert_eq!(two.store("there").accounts().unwrap().len(), 1);
}

#[test]
fn a_row_that_differs_ends_it_and_opens_nothing() {
    let two = Two::new();
    fill_for_race(&mut two.store("here"));
    let mut transfer = two.transfer("here", "there");
    transfer.to.to_be_filled().unwrap();
    let mut spoil = two.transfer("here", "there").to;
    let mut spoilt = false;
    let moved = transfer.run(&mut |step| {
        if matches!(step, Progress::Compared(..)) && !spoilt {
            spoilt = true;
            let spoil = spoil.write(Durability::Power, |sql| {
                sql.execute("UPDATE event SET host = 'other'", &[])
            });
            assert!(spoil.unwrap() > 0);
        }
    });
    assert!(moved.unwrap_err().to_string().contains("table event"));
    assert!(is_moving(&two.store("there").settle(&race_settlement(1))));
    assert!(
        two.transfer("here", "there").run(&mut |_| ()).is_ok(),
        "again"
    );
}
