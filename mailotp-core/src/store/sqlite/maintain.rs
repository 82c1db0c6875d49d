//! Forgetting what is of no use any more, a little at a time, so that no login waits for it.

use rusqlite::params;

use super::{SqliteStore, failed};
use crate::clock::Timestamp;
use crate::store::{Maintained, StoreError};

/// How many rows one transaction deletes.
const AT_A_TIME: u32 = 2000;
/// A window that was opened so long ago has ended under any configuration.
const A_YEAR: i64 = 366 * 86_400;

impl SqliteStore {
    pub(super) fn forget(
        &mut self,
        now: Timestamp,
        keep_since: Timestamp,
    ) -> Result<Maintained, StoreError> {
        let before = self.administer(true, |transaction| {
            let before = transaction.query_row("SELECT maintained FROM store", [], |row| {
                row.get(0).map(Timestamp)
            })?;
            transaction.execute("UPDATE store SET maintained = ?1", [now.0])?;
            Ok(before)
        })?;
        let events = self.delete(
            "DELETE FROM event WHERE id IN (SELECT id FROM event WHERE time < ?1 LIMIT ?2)",
            keep_since,
        )? + self.delete(
            "DELETE FROM unenrolled WHERE account IN
             (SELECT account FROM unenrolled WHERE time < ?1 LIMIT ?2)",
            keep_since,
        )?;
        let windows = self.delete(
            "DELETE FROM grace WHERE (account, id) IN
             (SELECT account, id FROM grace WHERE opened < ?1 LIMIT ?2)",
            Timestamp(now.0 - A_YEAR),
        )?;
        let buckets = self.delete(
            "DELETE FROM bucket WHERE owner IN
             (SELECT owner FROM bucket WHERE forgettable < ?1 LIMIT ?2)",
            now,
        )?;
        // The log of writes goes into the file, and the planner learns what the tables hold now.
        self.connection
            .execute_batch("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA optimize")
            .map_err(failed)?;
        Ok(Maintained {
            events,
            rest: windows + buckets,
            before,
        })
    }

    fn delete(&mut self, statement: &str, before: Timestamp) -> Result<u64, StoreError> {
        let mut all = 0;
        loop {
            let deleted = self.administer(false, |transaction| {
                transaction.execute(statement, params![before.0, AT_A_TIME])
            })?;
            all += deleted as u64;
            if deleted < AT_A_TIME as usize {
                return Ok(all);
            }
        }
    }
}
