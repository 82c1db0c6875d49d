//! A look at a store as a file: how sound, how large, how old. Changes nothing in it.

use rusqlite::Connection;

use super::{SqliteStore, failed};
use crate::clock::Timestamp;
use crate::store::StoreError;

/// SQLite tells of at most so many damages.
const DAMAGES: u32 = 5;

/// What a look at a store has shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inspection {
    /// What SQLite finds wrong with it; empty: nothing.
    pub damage: Vec<String>,
    /// How many events there are.
    pub events: u64,
    /// When the first of them was.
    pub oldest: Option<Timestamp>,
    /// When the newest event was, also of those that are gone.
    pub newest: Option<Timestamp>,
    /// From when on observe mode has let pass what it would refuse, and nothing was refused.
    pub observed_since: Option<Timestamp>,
    /// One-time user names that are not spent.
    pub aliases: u64,
}

impl SqliteStore {
    /// Looks at all of it, which takes a while where it is large.
    pub fn inspect(&self) -> Result<Inspection, StoreError> {
        look(&self.connection).map_err(failed)
    }

    /// What SQLite finds wrong with the file when it reads every row and every index; empty: nothing.
    pub fn damage(&self) -> Result<Vec<String>, StoreError> {
        damage(&self.connection, "integrity_check").map_err(failed)
    }
}

fn damage(connection: &Connection, check: &str) -> rusqlite::Result<Vec<String>> {
    let mut damage = Vec::new();
    connection.pragma(None, check, DAMAGES, |row| {
        damage.push(row.get::<_, String>(0)?);
        Ok(())
    })?;
    damage.retain(|line| line != "ok");
    Ok(damage)
}

fn look(connection: &Connection) -> rusqlite::Result<Inspection> {
    connection.pragma_update(None, "query_only", true)?;
    let damage = damage(connection, "quick_check")?;
    if !damage.is_empty() {
        return Ok(Inspection {
            damage,
            ..Inspection::default()
        });
    }
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, Option<i64>>(0));
    let count = |sql: &str| number(sql).map(|count| count.unwrap_or(0).unsigned_abs());
    let time = |sql: &str| number(sql).map(|time| time.filter(|at| *at > 0).map(Timestamp));
    Ok(Inspection {
        damage,
        events: count("SELECT count(*) FROM event")?,
        oldest: time("SELECT min(time) FROM event")?,
        newest: time("SELECT newest FROM store")?,
        observed_since: time(
            "SELECT min(time) FROM event WHERE would IS NOT NULL AND time > coalesce(
               (SELECT max(time) FROM event
                WHERE would IS NULL AND result IN ('refused', 'denied', 'throttled')), 0)",
        )?,
        aliases: count(
            "SELECT count(*) FROM alias JOIN credential AS c
               ON c.account = alias.account AND c.id = alias.credential
             WHERE c.state = 'live' AND NOT EXISTS
               (SELECT 1 FROM struck WHERE struck.account = alias.account
                  AND struck.credential = alias.credential AND struck.number = alias.number)",
        )?,
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use super::*;
    use crate::crypto::Tag;

    fn store(folder: &Path) -> SqliteStore {
        let path = folder.join("m.db");
        std::fs::write(&path, "").unwrap();
        SqliteStore::create(&path, Tag([0; 16]), Duration::from_secs(5)).unwrap()
    }

    #[test]
    fn a_new_store_is_sound_and_empty() {
        let folder = tempfile::tempdir().unwrap();
        let found = store(folder.path()).inspect().unwrap();
        assert_eq!(found, Inspection::default());
    }

    #[test]
    fn it_tells_of_events_and_of_how_long_nothing_was_refused() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
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
        let found = store.inspect().unwrap();
        assert_eq!(found.events, 5);
        assert_eq!(found.oldest, Some(Timestamp(100)));
        assert_eq!(found.newest, Some(Timestamp(500)));
        assert_eq!(found.observed_since, Some(Timestamp(300)));
    }

    #[test]
    fn damage_is_found_and_nothing_else_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        // An index that no longer fits its table.
        let sql =
            "INSERT INTO event (time, host, result, reason, count) VALUES (1, 'h', 'r', 'w', 1);
                   PRAGMA writable_schema = ON;
                   UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema
                     WHERE name = 'bucket_of_account') WHERE name = 'event_of_account';
                   PRAGMA writable_schema = RESET;";
        store.connection.execute_batch(sql).unwrap();
        assert!(!store.inspect().unwrap().damage.is_empty());
        assert!(!store.damage().unwrap().is_empty());
    }
}
