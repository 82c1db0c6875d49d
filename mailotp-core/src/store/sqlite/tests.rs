use std::os::unix::fs::PermissionsExt;
use std::thread;

use super::*;
use crate::account::Settled;
use crate::budget::{Charge, Charged, Owner};
use crate::clock::Timestamp;
use crate::id::AccountId;
use crate::store::contract::{contract_of, race_settlement};
use crate::store::memory::MemoryStore;
use crate::store::{EventFilter, Inspection, Persistent, Store};
use std::path::PathBuf;

/// A store in a folder that goes with it.
pub(super) struct Temporary {
    store: SqliteStore,
    path: PathBuf,
    /// Goes with it.
    folder: Option<tempfile::TempDir>,
}

const TIMEOUT: Duration = Duration::from_secs(20);

impl Temporary {
    pub(super) fn new() -> Temporary {
        let folder = tempfile::tempdir().unwrap();
        let mut temporary = Temporary::at(&folder.path().join("m.db"));
        temporary.folder = Some(folder);
        temporary
    }

    /// In somebody else's folder.
    pub(super) fn at(path: &Path) -> Temporary {
        std::fs::write(path, "").unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
        Temporary {
            store: SqliteStore::create(path, Tag([0; 16]), TIMEOUT).unwrap(),
            path: path.to_owned(),
            folder: None,
        }
    }

    pub(super) fn store(&mut self) -> &mut dyn Store {
        &mut self.store
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.store.connection
    }

    pub(super) fn path(&self) -> PathBuf {
        self.path.clone()
    }
}

contract_of!(sqlite, super::Temporary::new());
contract_of!(memory, super::MemoryStore::default());

#[test]
fn what_is_no_store_is_named_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.db");
    let open = || SqliteStore::open(&path, TIMEOUT).map(|_| ());
    assert!(matches!(open(), Err(StoreError::Missing(_))));
    for content in [
        &b""[..],
        b"not a database, but long enough to be read as the header of one, or so it seems to be",
    ] {
        std::fs::write(&path, content).unwrap();
        assert!(
            matches!(open(), Err(StoreError::NotAStore(_))),
            "{content:?}"
        );
    }
    std::fs::remove_file(&path).unwrap();
    Connection::open(&path)
        .unwrap()
        .execute_batch("CREATE TABLE other (x)")
        .unwrap();
    assert!(matches!(open(), Err(StoreError::NotAStore(_))));
    assert!(
        matches!(
            SqliteStore::create(&path, Tag([0; 16]), TIMEOUT),
            Err(StoreError::Exists)
        ),
        "filled somebody else's file"
    );
}

#[test]
fn a_library_that_is_too_old_is_named_with_what_is_needed() {
    assert!(is_new_enough(OLDEST_SQLITE).is_ok());
    let error = is_new_enough(3_036_012).unwrap_err();
    let said = "the SQLite library of this system is 3.36.12, and mailotp needs 3.37.0 or later";
    assert_eq!(error.to_string(), said);
    assert!(error.remedy().contains("libsqlite3"));
}

/// CVE-2024-47191 pam_oath: root followed a user's symlink.
#[test]
fn cve_2024_47191_a_link_in_place_of_the_store_is_refused() {
    let temporary = Temporary::new();
    let link = crate::files::folder_of(&temporary.path).join("link.db");
    std::os::unix::fs::symlink(temporary.path(), &link).unwrap();
    assert!(SqliteStore::open(&link, TIMEOUT).is_err());
}

#[test]
fn a_store_that_somebody_holds_costs_the_timeout_and_no_more() {
    let mut holder = Temporary::new();
    let path = holder.path();
    let transaction = holder
        .store
        .connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .unwrap();
    let started = std::time::Instant::now();
    let mut waiting = SqliteStore::open(&path, Duration::from_millis(200)).unwrap();
    let charge = Charge {
        from: vec![(
            Owner::Stranger {
                what: "network",
                slot: 1,
                holder: 7,
            },
            crate::budget::Limit {
                burst: 1,
                refill: Duration::from_secs(1),
            },
        )],
        guess: crate::budget::Guess {
            tag: 1,
            until: Timestamp(1),
        },
        at: Timestamp(1),
    };
    assert!(matches!(waiting.charge(&charge), Err(StoreError::TooSlow)));
    assert!(started.elapsed() < Duration::from_secs(10));
    drop(transaction);
    assert_eq!(waiting.charge(&charge).unwrap(), Charged::Taken);
}

/// CVE-2026-22751 Spring: a token consumed in two steps. A race of many has one winner.
#[test]
fn cve_2026_22751_a_race_of_many_connections_has_one_winner() {
    use crate::store::contract::{fill_for_race, race_settlement};
    let mut temporary = Temporary::new();
    fill_for_race(temporary.store());
    for number in 1..=3 {
        let path = temporary.path();
        let runners: Vec<_> = (0..8)
            .map(|_| {
                let path = path.clone();
                thread::spawn(move || {
                    SqliteStore::open(&path, TIMEOUT)
                        .unwrap()
                        .settle(&race_settlement(number))
                        .unwrap()
                })
            })
            .collect();
        let settled: Vec<Settled> = runners
            .into_iter()
            .map(|runner| runner.join().unwrap())
            .collect();
        assert_eq!(
            settled
                .iter()
                .filter(|one| **one == Settled::Consumed)
                .count(),
            1,
            "{settled:?}"
        );
        assert!(
            settled
                .iter()
                .all(|one| matches!(one, Settled::Consumed | Settled::Lost))
        );
    }
}

#[test]
fn the_journal_is_a_log_and_its_files_are_private() {
    let mut temporary = Temporary::new();
    let mode: String = temporary
        .store
        .connection
        .pragma_query_value(None, "journal_mode", |row| row.get(0))
        .unwrap();
    assert_eq!(mode, "wal");
    crate::store::contract::fill_for_race(temporary.store());
    for file in std::fs::read_dir(crate::files::folder_of(&temporary.path)).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", file.path());
    }
}

/// An answer later than the deadline is a failure, also where the waits add up.
#[test]
fn a_store_that_is_late_is_too_slow_however_the_time_was_spent() {
    let temporary = Temporary::new();
    let deadline = Instant::now() + Duration::from_millis(50);
    let mut store = SqliteStore::open(&temporary.path(), TIMEOUT).unwrap();
    Persistent::until(&mut store, deadline);
    let name = crate::request::Naming::default().account(b"alice").unwrap();
    assert!(store.read(&name, None).is_ok());
    thread::sleep(Duration::from_millis(60));
    assert!(matches!(store.read(&name, None), Err(StoreError::TooSlow)));
}

#[test]
fn a_flood_of_refusals_from_everywhere_becomes_one_event() {
    use crate::store::contract::{fill_for_race, refusal_from};
    let mut temporary = Temporary::new();
    fill_for_race(temporary.store());
    for at in 0..600 {
        let refusal = refusal_from(&format!("2001:db8::{at:x}"));
        assert_eq!(
            temporary.store().settle(&refusal).unwrap(),
            Settled::Consumed
        );
    }
    let events = temporary.store().events(&EventFilter::default()).unwrap();
    assert!(events.len() <= 501, "{} rows", events.len());
    let told: u32 = events.iter().map(|event| event.count).sum();
    assert_eq!(told, 601, "none is lost");
    for remote in ["192.0.2.1", "192.0.2.2"] {
        let mut inside = refusal_from(remote);
        inside.event.result = crate::audit::Verdict::Continued;
        assert_eq!(
            temporary.store().settle(&inside).unwrap(),
            Settled::Consumed
        );
    }
    let after = temporary.store().events(&EventFilter::default()).unwrap();
    assert_eq!(
        after.len(),
        events.len() + 2,
        "the owner's logins keep their places"
    );
}

/// With an authenticator and a sheet.
fn make_version_1(path: &Path) {
    let old = rusqlite::Connection::open(path).unwrap();
    old.pragma_update(None, "journal_mode", "WAL").unwrap();
    old.execute_batch(include_str!("schema_1.sql")).unwrap();
    old.execute_batch(
        "INSERT INTO store (ring, generation, newest) VALUES (zeroblob(16), 3, 1000);
         INSERT INTO account VALUES (7, 'alice', 0, NULL, zeroblob(16), 0, 900);
         INSERT INTO credential VALUES (7, 't', 0, 'totp', NULL, 6, 'phone', 'live', '', '', NULL, NULL,
                                        900, NULL, NULL, NULL, NULL, x'00');
         INSERT INTO credential VALUES (7, 's', 1, 'sheet', 'kd', 99, 'sheet', 'live', '', '', NULL, NULL,
                                        900, NULL, NULL, NULL, NULL, x'00');",
    )
    .unwrap();
    old.pragma_update(None, "application_id", APPLICATION_ID)
        .unwrap();
    old.pragma_update(None, "user_version", 1).unwrap();
}

/// As the builds of version 2 have left it.
fn make_version_2(path: &Path) {
    make_version_1(path);
    SqliteStore::migrate(path, TIMEOUT).unwrap();
    let old = rusqlite::Connection::open(path).unwrap();
    old.execute_batch("ALTER TABLE store DROP COLUMN moving")
        .unwrap();
    old.pragma_update(None, "user_version", 2 << 16 | 2)
        .unwrap();
}

#[test]
fn from_every_earlier_version_logins_go_on_as_soon_as_it_is_migrated_and_no_code_works_twice() {
    for (version, make) in [(1, make_version_1 as fn(&Path)), (2, make_version_2)] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("old.db");
        make(&path);
        let log_in = |number: u32| loop {
            match SqliteStore::open(&path, TIMEOUT)
                .and_then(|mut store| store.settle(&race_settlement(number)))
            {
                Ok(settled) => break settled,
                Err(StoreError::Older { found }) => assert_eq!(found, version),
                Err(error) => panic!("{error}"),
            }
            thread::sleep(Duration::from_millis(1));
        };
        let settled: Vec<Settled> = thread::scope(|scope| {
            let logins: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| (1..=10).map(log_in).collect::<Vec<_>>()))
                .collect();
            thread::sleep(Duration::from_millis(20));
            assert_eq!(SqliteStore::migrate(&path, TIMEOUT).unwrap(), version);
            let settled = logins.into_iter().map(|login| login.join().unwrap());
            settled.flatten().collect()
        });
        let consumed = settled.iter().filter(|one| **one == Settled::Consumed);
        assert_eq!(consumed.count(), 10, "from version {version}");
    }
}

#[test]
fn a_store_of_version_1_is_refused_until_it_is_migrated_and_then_like_a_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old.db");
    make_version_1(&path);
    let timeout = Duration::from_secs(5);
    let refused = SqliteStore::open(&path, timeout).err();
    assert!(matches!(refused, Some(StoreError::Older { found: 1 })));

    assert_eq!(SqliteStore::migrate(&path, timeout).unwrap(), 1);
    assert_eq!(
        SqliteStore::migrate(&path, timeout).unwrap(),
        VERSION,
        "twice is harmless"
    );
    let mut store = SqliteStore::open(&path, timeout).unwrap();
    let name = crate::request::Naming::default().account(b"alice").unwrap();
    let snapshot = store.read(&name, None).unwrap();
    let period = crate::account::DEFAULT_PERIOD;
    let kind = crate::account::Kind::Totp { digits: 6, period };
    assert_eq!(snapshot.credentials[0].kind, kind);

    let new = folder.path().join("new.db");
    std::fs::write(&new, b"").unwrap();
    let new = SqliteStore::create(&new, Tag([0; 16]), timeout).unwrap();
    assert_eq!(shape(&store.connection), shape(&new.connection));
}

/// Tables, indices and columns, in whatever order and words they were made.
fn shape(connection: &rusqlite::Connection) -> Vec<String> {
    let mut statement = connection
        .prepare(
            "SELECT m.type || ' ' || m.name || ' ' || coalesce(c.name || ' ' || c.type || c.\"notnull\", '')
             FROM sqlite_schema m LEFT JOIN pragma_table_xinfo(m.name) c ORDER BY 1",
        )
        .unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

/// The second of two logins in one second wrote nothing where nobody has the name: a row that stays as it
/// was is not written. It took half the time.
#[test]
fn a_login_of_nobody_writes_as_much_as_one_of_an_account() {
    let mut temporary = Temporary::new();
    crate::store::contract::fill_for_race(temporary.store());
    let log = crate::files::with_end(&temporary.path, "-wal");
    let mut written = |account: Option<AccountId>, name: &str| {
        let mut settlement = crate::store::contract::refusal_from("192.0.2.1");
        settlement.account = account;
        settlement.event.account = Some(name.to_owned());
        let before = std::fs::metadata(&log).unwrap().len();
        let _ = temporary.store.settle(&settlement).unwrap();
        std::fs::metadata(&log).unwrap().len() - before
    };
    let account = AccountId(7);
    assert!(written(None, "nobody") > 0, "the first one");
    assert_eq!(written(None, "nobody"), written(Some(account), "alice"));
    assert_eq!(written(None, "nobody"), written(None, "somebody"));
}

fn store_in(folder: &Path) -> SqliteStore {
    let path = folder.join("m.db");
    std::fs::write(&path, "").unwrap();
    SqliteStore::create(&path, Tag([0; 16]), Duration::from_secs(5)).unwrap()
}

#[test]
fn a_new_store_is_sound_and_empty() {
    let folder = tempfile::tempdir().unwrap();
    let found = Persistent::inspect(&mut store_in(folder.path())).unwrap();
    assert_eq!(found, Inspection::default());
}

#[test]
fn it_tells_of_events_and_of_how_long_nothing_was_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store_in(folder.path());
    let event = |time: i64, result: &str, would: Option<&str>| {
        store
            .connection
            .execute(
                "INSERT INTO event (time, host, result, reason, would, count)
                 VALUES (?1, 'h', ?2, 'wrong', ?3, 1)",
                (time, result, would),
            )
            .unwrap();
    };
    event(100, "passed", Some("refused"));
    event(200, "refused", None);
    event(300, "passed", Some("denied"));
    event(400, "passed", Some("refused"));
    event(500, "accepted", None);
    let sql = "UPDATE store SET newest = 500";
    store.connection.execute_batch(sql).unwrap();
    let found = Persistent::inspect(&mut store).unwrap();
    assert_eq!(found.events, 5);
    assert_eq!(found.oldest, Some(Timestamp(100)));
    assert_eq!(found.newest, Some(Timestamp(500)));
    assert_eq!(found.observed_since, Some(Timestamp(300)));
}

#[test]
fn damage_is_found_and_nothing_else_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store_in(folder.path());
    // An index that no longer fits its table.
    let sql = "INSERT INTO event (time, host, result, reason, count) VALUES (1, 'h', 'r', 'w', 1);
               PRAGMA writable_schema = ON;
               UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema
                 WHERE name = 'bucket_of_account') WHERE name = 'event_of_account';
               PRAGMA writable_schema = RESET;";
    store.connection.execute_batch(sql).unwrap();
    assert!(!Persistent::inspect(&mut store).unwrap().damage.is_empty());
    assert!(
        !Persistent::damage(&mut store, Thoroughness::Thorough)
            .unwrap()
            .is_empty()
    );
}

/// A store that tells in which order it was asked for what.
struct Told {
    store: SqliteStore,
    asked: Vec<String>,
}

impl Database for Told {
    fn look<T>(
        &mut self,
        work: impl FnMut(&dyn Sql) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.store.look(work)
    }

    fn write<T>(
        &mut self,
        durability: Durability,
        work: impl FnMut(&dyn Sql) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.asked.push(format!("{durability:?}"));
        self.store.write(durability, work)
    }

    fn harden(&mut self) -> Result<(), StoreError> {
        self.asked.push("harden".to_owned());
        self.store.harden()
    }

    fn until(&mut self, deadline: Instant) {
        Database::until(&mut self.store, deadline);
    }
}

/// Another login's consumption is seen before it is durable: a power cut would have brought the code back after
/// somebody was let in by its window.
#[test]
fn whoever_leans_on_another_login_waits_for_the_disk_first_and_nobody_else_does() {
    let mut temporary = Temporary::new();
    crate::store::contract::fill_for_race(temporary.store());
    let mut told = Told {
        store: SqliteStore::open(&temporary.path(), TIMEOUT).unwrap(),
        asked: Vec::new(),
    };
    for leans_on_another in [true, false] {
        let settlement = crate::account::Settlement {
            leans_on_another,
            ..crate::store::contract::refusal_from("192.0.2.1")
        };
        let _ = told.settle(&settlement).unwrap();
    }
    let _ = told.settle(&race_settlement(1)).unwrap();
    assert_eq!(told.asked, ["harden", "Process", "Process", "Spent"]);
}

#[test]
fn a_store_that_was_paused_goes_on_unless_another_stands_in_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.db");
    drop(Temporary::at(&path));
    let mut store = SqliteStore::open(&path, TIMEOUT).unwrap();
    let soon = Instant::now() + TIMEOUT;
    assert!(Store::pause(&mut store) && Store::resume(&mut store, soon));
    std::fs::rename(&path, folder.path().join("old.db")).unwrap();
    assert!(!Store::resume(&mut store, soon), "nothing is there");
    drop(Temporary::at(&path));
    assert!(!Store::resume(&mut store, soon), "another one is there");
}
