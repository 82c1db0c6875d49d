//! Migrations: forward only, one step a version. Logins never migrate; the command does.

use std::path::Path;
use std::time::Duration;

use rusqlite::{OpenFlags, TransactionBehavior};

use super::{APPLICATION_ID, SqliteStore, connect, failed};
use crate::store::{StoreError, VERSION};

/// What leads from each version to the next; the first one from 1 to 2.
const STEPS: [&str; VERSION as usize - 1] = [include_str!("migrate_1_to_2.sql")];

impl SqliteStore {
    /// Brings the store at `path` to the version of this build, all of it or nothing. Returns the
    /// version that it had.
    pub fn migrate(path: &Path, timeout: Duration) -> Result<u32, StoreError> {
        let mut connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE, timeout)?;
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed)?;
        let number = |name: &str| {
            transaction
                .pragma_query_value(None, name, |row| row.get::<_, u32>(0))
                .map_err(failed)
        };
        if number("application_id")? != APPLICATION_ID {
            return Err(StoreError::NotAStore(path.display().to_string()));
        }
        let found = number("user_version")?;
        if found > VERSION {
            return Err(StoreError::Newer { found });
        }
        let done = found.saturating_sub(1) as usize;
        for step in STEPS.get(done..).unwrap_or_default() {
            transaction.execute_batch(step).map_err(failed)?;
        }
        transaction
            .pragma_update(None, "user_version", VERSION)
            .map_err(failed)?;
        transaction.commit().map_err(failed)?;
        Ok(found)
    }
}
