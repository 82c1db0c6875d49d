//! A transaction: what SQLite understands in a way of its own.

use std::cell::Cell;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, Transaction, TransactionBehavior, params_from_iter};

use super::failed;
use super::migrate;
use super::trust::{Found, Trust};
use crate::budget::Owner;
use crate::clock::Timestamp;
use crate::id::AccountId;
use crate::store::sql::{self, Moving, Row, Sql, Value, one, values};
use crate::store::{Identity, StoreError};

/// One that has begun, in a store that is trusted.
pub(super) struct Begun<'a> {
    transaction: Transaction<'a>,
    found: Found,
    /// The generation that it has counted up to.
    reached: Cell<Option<u64>>,
    /// How far it has brought the clock of the store.
    newest: Cell<Option<Timestamp>>,
}

impl<'a> Begun<'a> {
    /// Begins one. What the store says of itself is looked at in each: it may have been migrated since, or be
    /// on its way to another place.
    pub(super) fn new(
        connection: &'a Connection,
        behavior: TransactionBehavior,
        trust: &Trust,
    ) -> Result<Begun<'a>, StoreError> {
        let transaction = Transaction::new_unchecked(connection, behavior).map_err(failed)?;
        let found = trust.look(&transaction)?;
        Ok(Begun {
            transaction,
            found,
            reached: Cell::new(None),
            newest: Cell::new(None),
        })
    }

    /// The generation that it brings the store to, if it counts it up.
    pub(super) fn reached(&self) -> Option<u64> {
        self.reached.get()
    }

    /// Keeps what it has written; generation and clock are written last, at once.
    pub(super) fn commit(self) -> Result<(), StoreError> {
        let (reached, newest) = (self.reached.get(), self.newest.get());
        if reached.is_some() || newest.is_some() {
            let keep = "UPDATE store SET generation = coalesce(?1, generation), newest = coalesce(?2, newest)";
            let reached = reached.map(|generation| generation as i64);
            one(Sql::execute(&self, keep, values![reached, newest])?)?;
        }
        self.transaction.commit().map_err(failed)
    }
}

/// Whoever writes has the whole store: there is nothing to hold.
impl Sql for Begun<'_> {
    fn execute(&self, statement: &str, values: &[Value<'_>]) -> Result<u64, StoreError> {
        let changed = self
            .transaction
            .prepare_cached(statement)
            .and_then(|mut statement| statement.execute(params_from_iter(values)));
        changed.map(|rows| rows as u64).map_err(failed)
    }

    fn query(&self, statement: &str, values: &[Value<'_>]) -> Result<Vec<Row>, StoreError> {
        let rows = || -> rusqlite::Result<Vec<Row>> {
            let mut statement = self.transaction.prepare_cached(statement)?;
            let columns = statement.column_count();
            let rows = statement.query_map(params_from_iter(values), |row| {
                (0..columns).map(|column| row.get(column)).collect()
            })?;
            rows.map(|row| row.map(Row)).collect()
        };
        rows().map_err(failed)
    }

    fn version(&self) -> Result<(u32, Option<u32>), StoreError> {
        match &self.found.moving {
            Some(moving) => Err(Moving::stored(moving.clone()).into()),
            None => Ok(migrate::of_mark(self.found.mark)),
        }
    }

    fn site(&self) -> Result<Row, StoreError> {
        Ok(self.found.site.clone())
    }

    fn identity(&self) -> Result<Identity, StoreError> {
        Ok(Identity {
            ring: self.found.ring,
            generation: self.generation()?,
        })
    }

    fn hold_account(&self, _: AccountId) -> Result<(), StoreError> {
        Ok(())
    }

    fn hold_slots(&self, _: &[&Owner]) -> Result<(), StoreError> {
        Ok(())
    }

    fn advance_clock(&self, now: Timestamp) -> Result<(), StoreError> {
        if now > self.newest.get().unwrap_or(self.found.newest) {
            self.newest.set(Some(now));
        }
        Ok(())
    }

    fn continue_events(&self) -> Result<(), StoreError> {
        // They do by themselves.
        Ok(())
    }

    fn generation(&self) -> Result<u64, StoreError> {
        Ok(self.reached.get().unwrap_or(self.found.generation))
    }

    fn raise_generation(&self, least: u64) -> Result<(), StoreError> {
        self.reached.set(Some(self.generation()?.max(least)));
        Ok(())
    }

    fn count_change(&self, _: AccountId) -> Result<(), StoreError> {
        self.reached.set(Some(self.generation()? + 1));
        Ok(())
    }

    fn count_spent(&self, account: AccountId) -> Result<(), StoreError> {
        self.count_change(account)
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let value = match self {
            Value::Integer(number) => number.map(ValueRef::Integer),
            Value::Text(text) => text.map(|text| ValueRef::Text(text.as_bytes())),
            Value::Bytes(bytes) => bytes.map(ValueRef::Blob),
        };
        Ok(ToSqlOutput::Borrowed(value.unwrap_or(ValueRef::Null)))
    }
}

impl FromSql for sql::Cell {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<sql::Cell> {
        Ok(match value {
            ValueRef::Null => sql::Cell::Null,
            ValueRef::Integer(number) => sql::Cell::Integer(number),
            ValueRef::Text(_) => sql::Cell::Text(value.as_str()?.to_owned()),
            ValueRef::Blob(bytes) => sql::Cell::Bytes(bytes.to_owned()),
            ValueRef::Real(_) => return Err(FromSqlError::InvalidType),
        })
    }
}
