//! A look at a store as a whole: how sound, how large, how old. Changes nothing in it.

use super::{Row, Sql};
use crate::clock::Timestamp;
use crate::store::StoreError;

/// What a look at a store has shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inspection {
    /// What the store finds wrong with itself; empty: nothing.
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

/// Counts and times, of a store that is sound.
pub(super) fn look(sql: &dyn Sql) -> Result<Inspection, StoreError> {
    let number = |statement: &str| -> Result<Option<i64>, StoreError> {
        sql.row(statement, &[]).and_then(|row: Row| row.get(0))
    };
    let count = |statement: &str| number(statement).map(|count| count.unwrap_or(0).unsigned_abs());
    let time =
        |statement: &str| number(statement).map(|time| time.filter(|at| *at > 0).map(Timestamp));
    Ok(Inspection {
        damage: Vec::new(),
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
