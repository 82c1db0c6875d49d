//! A transaction that is under way.

use std::cell::{Cell as Mutable, RefCell};
use std::time::{Duration, Instant};

use tokio_postgres::error::SqlState;
use tokio_postgres::types::{FromSql, ToSql, Type};
use tokio_postgres::{Row as Answer, SimpleQueryMessage};

use super::Purpose;
use super::line::{Kind, Line, Silence};
use super::witness::{Counts, stripe_of};
use crate::budget::Owner;
use crate::clock::Timestamp;
use crate::id::AccountId;
use crate::store::sql::{Cell, Moving, Row, SITE, Sql, Value, values};
use crate::store::{Identity, StoreError};

/// A transaction.
pub(super) struct Running<'a> {
    line: &'a Line,
    purpose: Purpose,
    by: Instant,
    /// It ended because others were in its way.
    again: Mutable<bool>,
    /// The counters that it has counted up.
    counted: RefCell<Counts>,
}

impl<'a> Running<'a> {
    pub(super) fn begin(
        line: &'a Line,
        purpose: Purpose,
        by: Instant,
    ) -> Result<Running<'a>, StoreError> {
        let limit = by.saturating_duration_since(Instant::now());
        let begin = beginning(line.kind, purpose, limit);
        line.ask(by, |client| client.batch_execute(&begin))?;
        Ok(Running {
            line,
            purpose,
            by,
            again: Mutable::new(false),
            counted: RefCell::default(),
        })
    }

    /// Ends it. What is unknown, since the server died over it, counts as not done: it may well be.
    pub(super) fn end(&self) -> Result<(), StoreError> {
        let command = match self.purpose {
            Purpose::Look => "ROLLBACK",
            _ => "COMMIT",
        };
        self.line.was_warned();
        let ended = self
            .line
            .ask(self.by, |client| client.batch_execute(command));
        ended.map_err(|silence| self.note(silence))?;
        // Somebody has ended the wait for the standby: it is committed, and may yet be lost. A transaction
        // that had failed says so, too.
        let kept = matches!(self.purpose, Purpose::Keep | Purpose::Alone);
        if kept && self.line.was_warned() {
            return Err(StoreError::Database(
                "no standby has confirmed what was committed".into(),
            ));
        }
        Ok(())
    }

    /// Leaves everything as it was.
    pub(super) fn abandon(self) {
        let _ = self
            .line
            .ask(self.by, |client| client.batch_execute("ROLLBACK"));
    }

    /// Statements without values.
    pub(super) fn batch(&self, statements: &str) -> Result<(), StoreError> {
        self.line
            .ask(self.by, |client| client.batch_execute(statements))
            .map_err(|silence| self.note(silence))
    }

    pub(super) fn was_in_the_way(&self) -> bool {
        self.again.get()
    }

    /// The counters, and how far they have come.
    pub(super) fn counted(&self) -> Counts {
        self.counted.take()
    }

    /// Whether the server waits for a standby before it says that something is committed.
    pub(super) fn has_standby(&self) -> Result<bool, StoreError> {
        let shown = self
            .line
            .ask(self.by, |client| {
                client.simple_query("SHOW synchronous_standby_names")
            })
            .map_err(|silence| self.note(silence))?;
        let names = shown.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0),
            _ => None,
        });
        Ok(names.is_some_and(|names| !names.trim().is_empty()))
    }

    /// What others were in the way of is run again (PostgreSQL manual, 13.5).
    fn note(&self, silence: Silence) -> StoreError {
        if let Silence::Failed(error) = &silence
            && let Some(state) = error.code()
            && (*state == SqlState::T_R_SERIALIZATION_FAILURE
                || *state == SqlState::T_R_DEADLOCK_DETECTED)
        {
            self.again.set(true);
        }
        silence.into()
    }
}

/// All that is said before the first statement, at once. It holds for the transaction alone, so that a pooler
/// may stand between.
///
/// Whoever writes holds a lock that only those hold together who change nothing of the store as a whole: it
/// is not in the middle of something when the store moves. The number is "motp".
fn beginning(kind: Kind, purpose: Purpose, limit: Duration) -> String {
    let begin = match purpose {
        Purpose::Look => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        Purpose::Note | Purpose::Keep | Purpose::Alone => "BEGIN",
    };
    // Nothing of a schema that others may write to is ever meant. Whoever is cut off in the middle holds nobody
    // up for longer.
    let milliseconds = limit.as_millis().max(1);
    let own = format!(
        "{begin}; SET LOCAL search_path = mailotp; SET LOCAL lock_timeout = {milliseconds}; \
         SET LOCAL idle_in_transaction_session_timeout = {milliseconds}"
    );
    if purpose == Purpose::Look || kind == Kind::Consensus {
        return own;
    }
    // What the server's own configuration says of it is worth less.
    let waits = if purpose == Purpose::Note {
        "off"
    } else {
        "on"
    };
    let shared = if purpose == Purpose::Alone {
        ""
    } else {
        "_shared"
    };
    format!(
        "{own}; SET LOCAL synchronous_commit = {waits}; SELECT pg_advisory_xact_lock{shared}(1836020848)"
    )
}

/// PostgreSQL writes a parameter as `$1`, and has other words for "the same, or both are NULL".
fn in_its_words(statement: &str) -> String {
    statement
        .replace(" IS ?", " IS NOT DISTINCT FROM ?")
        .replace('?', "$")
}

fn typed<'v>(values: &'v [Value<'_>]) -> Vec<(&'v (dyn ToSql + Sync), Type)> {
    let typed = |value: &'v Value<'_>| -> (&'v (dyn ToSql + Sync), Type) {
        match value {
            Value::Integer(number) => (number, Type::INT8),
            Value::Text(text) => (text, Type::TEXT),
            Value::Bytes(bytes) => (bytes, Type::BYTEA),
        }
    };
    values.iter().map(typed).collect()
}

impl Sql for Running<'_> {
    fn execute(&self, statement: &str, values: &[Value<'_>]) -> Result<u64, StoreError> {
        let (statement, values) = (in_its_words(statement), typed(values));
        self.line
            .ask(self.by, |client| client.execute_typed(&statement, &values))
            .map_err(|silence| self.note(silence))
    }

    fn query(&self, statement: &str, values: &[Value<'_>]) -> Result<Vec<Row>, StoreError> {
        let (statement, values) = (in_its_words(statement), typed(values));
        let found = self
            .line
            .ask(self.by, |client| client.query_typed(&statement, &values))
            .map_err(|silence| self.note(silence))?;
        found.iter().map(row).collect()
    }

    fn version(&self) -> Result<(u32, Option<u32>), StoreError> {
        let lock = match (self.line.kind, self.purpose) {
            // They have no locks but those of rows.
            (Kind::Consensus, Purpose::Note | Purpose::Keep) => " FOR KEY SHARE",
            _ => "",
        };
        let select = format!("SELECT version, works_since, moving FROM store{lock}");
        let row = <dyn Sql>::row(self, &select, &[])?;
        match row.get(2)? {
            Some(moving) => Err(Moving::stored(moving).into()),
            None => Ok((row.get(0)?, row.get(1)?)),
        }
    }

    fn hold_account(&self, account: AccountId) -> Result<(), StoreError> {
        let lock = "SELECT id FROM account WHERE id = ?1 FOR UPDATE";
        self.query(lock, values![account]).map(|_| ())
    }

    fn hold_slots(&self, owners: &[&Owner]) -> Result<(), StoreError> {
        // One that is not there cannot be locked.
        let keys: Vec<String> = owners.iter().map(|owner| owner.key()).collect();
        let rows: Vec<String> = (1..=keys.len())
            .map(|number| format!("(?{number}, 0, '', 0, 0)"))
            .collect();
        let insert = format!(
            "INSERT INTO bucket (owner, full_at, charged, forgettable, holder)
             VALUES {}
             ON CONFLICT (owner) DO UPDATE SET holder = bucket.holder",
            rows.join(", ")
        );
        let keys: Vec<Value<'_>> = keys.iter().map(Value::from).collect();
        self.execute(&insert, &keys).map(|_| ())
    }

    /// Somebody who waits for a standby holds the row meanwhile. Nobody who need not waits for that.
    fn advance_clock(&self, now: Timestamp) -> Result<(), StoreError> {
        self.execute(
            "UPDATE store SET newest = ?1 WHERE sole IN
             (SELECT sole FROM store WHERE newest < ?1 FOR UPDATE SKIP LOCKED)",
            values![now],
        )
        .map(|_| ())
    }

    fn continue_events(&self) -> Result<(), StoreError> {
        self.query(
            "SELECT setval(pg_get_serial_sequence('event', 'id'),
                           (SELECT coalesce(max(id), 0) + 1 FROM event), false)",
            &[],
        )
        .map(|_| ())
    }

    fn site(&self) -> Result<Row, StoreError> {
        <dyn Sql>::row(self, &format!("SELECT {SITE} FROM store"), &[])
    }

    /// What was used up is counted in rows of its own.
    fn identity(&self) -> Result<Identity, StoreError> {
        Ok(Identity {
            ring: <dyn Sql>::row(self, "SELECT ring FROM store", &[])?.get(0)?,
            generation: self.generation()?,
        })
    }

    fn generation(&self) -> Result<u64, StoreError> {
        let select =
            "SELECT generation + (SELECT CAST(sum(count) AS BIGINT) FROM witness) FROM store";
        <dyn Sql>::row(self, select, &[])?.get(0)
    }

    fn raise_generation(&self, least: u64) -> Result<(), StoreError> {
        let missing = least.saturating_sub(self.generation()?);
        self.execute(
            "UPDATE store SET generation = generation + ?1",
            values![missing as i64],
        )
        .map(|_| ())
    }

    fn count_change(&self, account: AccountId) -> Result<(), StoreError> {
        self.count_spent(account)
    }

    fn count_spent(&self, account: AccountId) -> Result<(), StoreError> {
        let stripe = stripe_of(account);
        let row = <dyn Sql>::row(
            self,
            "UPDATE witness SET count = count + 1 WHERE stripe = ?1 RETURNING count",
            values![stripe as i64],
        )?;
        self.counted.borrow_mut().raise(stripe, row.get(0)?);
        Ok(())
    }
}

fn row(answer: &Answer) -> Result<Row, StoreError> {
    let cells = answer.columns().iter().enumerate().map(|(at, column)| {
        Ok(match *column.type_() {
            Type::INT8 => cell(answer, at, Cell::Integer)?,
            Type::INT4 => cell(answer, at, |number: i32| Cell::Integer(number.into()))?,
            Type::TEXT => cell(answer, at, Cell::Text)?,
            Type::BYTEA => cell(answer, at, Cell::Bytes)?,
            ref other => {
                return Err(StoreError::Database(format!(
                    "a column is of the type {other}"
                )));
            }
        })
    });
    cells.collect::<Result<_, _>>().map(Row)
}

fn cell<'a, T: FromSql<'a>>(
    answer: &'a Answer,
    at: usize,
    of: impl FnOnce(T) -> Cell,
) -> Result<Cell, StoreError> {
    let value: Option<T> = answer
        .try_get(at)
        .map_err(|why| StoreError::Database(why.to_string()))?;
    Ok(value.map_or(Cell::Null, of))
}
