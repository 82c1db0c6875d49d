//! Forgetting what is of no use any more, a little at a time, so that no login waits for it.

use super::{Database, Durability, values};
use crate::clock::Timestamp;
use crate::store::{Maintained, StoreError};

/// How many rows one transaction deletes.
const AT_A_TIME: u32 = 2000;
/// A window that was opened so long ago has ended under any configuration.
const A_YEAR: i64 = 366 * 86_400;

pub(super) fn forget(
    database: &mut impl Database,
    now: Timestamp,
    keep_since: Timestamp,
) -> Result<Maintained, StoreError> {
    let before = super::administer(database, Durability::Power, |sql| {
        let before = sql.row("SELECT maintained FROM store", &[])?.get(0)?;
        sql.execute("UPDATE store SET maintained = ?1", values![now])?;
        Ok(before)
    })?;
    let events = delete(
        database,
        "DELETE FROM event WHERE id IN (SELECT id FROM event WHERE time < ?1 LIMIT ?2)",
        keep_since,
    )? + delete(
        database,
        "DELETE FROM unenrolled WHERE account IN
         (SELECT account FROM unenrolled WHERE time < ?1 LIMIT ?2)",
        keep_since,
    )?;
    let windows = delete(
        database,
        "DELETE FROM grace WHERE (account, id) IN
         (SELECT account, id FROM grace WHERE opened < ?1 LIMIT ?2)",
        Timestamp(now.0 - A_YEAR),
    )?;
    let buckets = delete(
        database,
        "DELETE FROM bucket WHERE owner IN
         (SELECT owner FROM bucket WHERE forgettable < ?1 LIMIT ?2)",
        now,
    )?;
    Ok(Maintained {
        events,
        rest: windows + buckets,
        before,
    })
}

fn delete(
    database: &mut impl Database,
    statement: &str,
    before: Timestamp,
) -> Result<u64, StoreError> {
    let mut all = 0;
    loop {
        let deleted = super::administer(database, Durability::Process, |sql| {
            sql.execute(statement, values![before, AT_A_TIME])
        })?;
        all += deleted;
        if deleted < u64::from(AT_A_TIME) {
            return Ok(all);
        }
    }
}
