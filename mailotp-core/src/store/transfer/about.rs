//! What a store says of itself, where another one needs it too.

use crate::store::StoreError;
use crate::store::sql::{Sql, values};

pub(super) struct About {
    pub generation: u64,
    newest: i64,
    pin_length: Option<u32>,
    pin: Option<Vec<u8>>,
    maintained: i64,
}

impl About {
    pub(super) fn of(sql: &dyn Sql) -> Result<About, StoreError> {
        let row = sql.row("SELECT newest, pin_length, pin, maintained FROM store", &[])?;
        Ok(About {
            generation: sql.generation()?,
            newest: row.get(0)?,
            pin_length: row.get(1)?,
            pin: row.get(2)?,
            maintained: row.get(3)?,
        })
    }

    /// Says it of a store that is whole, and from now on open.
    pub(super) fn write(&self, sql: &dyn Sql, generation: u64) -> Result<(), StoreError> {
        sql.execute(
            "UPDATE store SET newest = ?1, pin_length = ?2, pin = ?3, maintained = ?4, moving = NULL",
            values![
                self.newest,
                self.pin_length,
                &self.pin,
                self.maintained
            ],
        )?;
        sql.raise_generation(generation)?;
        sql.continue_events()
    }
}
