//! A whole store in a file of its own, and back.

use std::fs::{OpenOptions, remove_file};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use super::about::About;
use super::tables::TABLES;
#[cfg(feature = "postgres")]
use super::{End, clear};
use crate::crypto::Tag;
use crate::store::StoreError;
#[cfg(feature = "postgres")]
use crate::store::sql::values;
use crate::store::sql::{Database, Durability, Row, Sql};
use crate::store::sqlite::SqliteStore;

/// Writes a copy of a store, as it is at one moment, into a new file that only its owner can read. Logins go on
/// meanwhile.
pub fn snapshot(
    from: &mut super::End,
    ring: Tag,
    to: &Path,
    timeout: Duration,
) -> Result<(), StoreError> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(to)
        .map_err(|why| StoreError::Failed(format!("{}: {why}", to.display())))?;
    let mut copy_all = || {
        let mut file = SqliteStore::create(to, ring, timeout)?;
        from.look(|source| {
            file.write(Durability::Power, |sql| {
                copy(source, sql)?;
                let about = About::of(source)?;
                about.write(sql, about.generation)
            })
        })
    };
    let copied = copy_all().and_then(|()| SqliteStore::settle_file(to, timeout));
    if copied.is_err() {
        let _ = remove_file(to);
    }
    copied
}

/// Puts all that is in a file in the place of all that is in a database, in one transaction. Whoever has it open
/// finds the old content or the new; what was let in with the old one until then is not let in again. Returns the
/// new generation.
#[cfg(feature = "postgres")]
pub fn take_over(to: &mut End, from: &mut SqliteStore) -> Result<u64, StoreError> {
    to.write(Durability::Power, |sql| {
        let floors = sql.query("SELECT id, totp_floor FROM account", &[])?;
        from.write(Durability::Process, |restored| {
            for row in &floors {
                let (account, floor): (i64, i64) = (row.get(0)?, row.get(1)?);
                let raise = "UPDATE account SET totp_floor = ?2 WHERE id = ?1 AND totp_floor < ?2";
                restored.execute(raise, values![account, floor])?;
            }
            Ok(())
        })?;
        let before = About::of(sql)?.generation;
        clear(sql)?;
        from.look(|restored| {
            copy(restored, sql)?;
            let about = About::of(restored)?;
            let generation = about.generation.max(before + 1);
            about.write(sql, generation)?;
            Ok(generation)
        })
    })
}

/// All rows of all tables.
fn copy(from: &dyn Sql, to: &dyn Sql) -> Result<(), StoreError> {
    for table in &TABLES {
        let mut last: Option<Row> = None;
        loop {
            let rows = table.page(from, last.as_ref())?;
            let Some(newest) = rows.last() else { break };
            table.add(to, &rows)?;
            last = Some(newest.clone());
        }
    }
    Ok(())
}
