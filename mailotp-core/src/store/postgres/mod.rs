//! The store of several machines: a database of PostgreSQL, or of what speaks its protocol.
//!
//! Each call of a host opens a connection and closes it again. What concerns one account is done by one at a
//! time, behind a lock on its row; what is used up is committed, and has waited for the standbys that the
//! server waits for, before the answer.

mod line;
mod lineage;
mod migrate;
mod stream;
mod transaction;
mod trust;
mod witness;

use std::time::{Duration, Instant};

use tokio_postgres::error::SqlState;

pub use crate::location::{Location, Role, Server};
pub use lineage::Host;
pub use migrate::{GRANTS, Owner, SCHEMA};
pub use trust::Trust;
pub use witness::{HostId, Witness};

use super::StoreError;
#[cfg(test)]
use super::VERSION;
use super::sql::{Database, Durability, Sql};
use line::{Kind, Line, Silence};
use transaction::Running;
use witness::Counts;

/// An open store.
pub struct PostgresStore {
    desk: Desk,
    trust: Trust,
    /// Hosts that have not vouched for the server that was promoted: until they have, nothing that works once
    /// only is used up.
    silent: Vec<String>,
    accept_loss: bool,
}

impl PostgresStore {
    fn unvouched(&self) -> Option<StoreError> {
        let silent = !self.silent.is_empty();
        silent.then(|| StoreError::Unvouched(self.silent.join(", ")))
    }
}

/// Where transactions are run, one after the other.
struct Desk {
    line: Line,
    timeout: Duration,
    /// When everything must be done.
    deadline: Option<Instant>,
}

impl Desk {
    /// When what begins now must be done.
    fn by(&self) -> Result<Instant, StoreError> {
        let now = Instant::now();
        match self.deadline {
            Some(deadline) if deadline <= now => Err(StoreError::TooSlow),
            Some(deadline) => Ok(deadline),
            None => Ok(now + self.timeout),
        }
    }

    /// Whether what is committed cannot be lost with the server.
    fn has_standby(&self) -> Result<bool, StoreError> {
        if self.line.kind == Kind::Consensus {
            return Ok(true);
        }
        self.run(Purpose::Look, |running| running.has_standby())
    }

    /// Runs `work` as one transaction, again where others were in its way.
    fn run<T>(
        &self,
        purpose: Purpose,
        work: impl FnMut(&Running<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.run_and_count(purpose, work).map(|(value, _)| value)
    }

    /// The same; with what it comes to come the counters that it has counted up.
    fn run_and_count<T>(
        &self,
        purpose: Purpose,
        mut work: impl FnMut(&Running<'_>) -> Result<T, StoreError>,
    ) -> Result<(T, Counts), StoreError> {
        let by = self.by()?;
        for attempt in 1.. {
            let running = Running::begin(&self.line, purpose, by)?;
            let done = work(&running).and_then(|value| running.end().map(|()| value));
            match done {
                Ok(value) => {
                    self.by()?;
                    return Ok((value, running.counted()));
                }
                Err(error) => {
                    let again = running.was_in_the_way();
                    running.abandon();
                    if !again {
                        return Err(error);
                    }
                    // Longer each time, so that one of those who collide is through before the next tries.
                    let pause = Duration::from_millis(attempt).min(LONGEST_PAUSE);
                    std::thread::sleep(pause);
                    if Instant::now() >= by {
                        return Err(StoreError::TooSlow);
                    }
                }
            }
        }
        Err(StoreError::TooSlow)
    }
}

const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// What a transaction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// To look, at one moment for all that is read.
    Look,
    /// To write what goes with the next that is durable.
    Note,
    /// To write what every standby that the server waits for has before it is said to be done.
    Keep,
    /// The same, while nobody else writes anything.
    Alone,
}

impl From<Durability> for Purpose {
    fn from(durability: Durability) -> Purpose {
        match durability {
            Durability::Process => Purpose::Note,
            Durability::Power | Durability::Spent => Purpose::Keep,
        }
    }
}

/// The server tidies up by itself, with its autovacuum, and looks after its files, with data_checksums and
/// pg_amcheck.
impl Database for PostgresStore {
    fn look<T>(
        &mut self,
        mut work: impl FnMut(&dyn Sql) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.desk.run(Purpose::Look, |running| work(running))
    }

    fn write<T>(
        &mut self,
        durability: Durability,
        mut work: impl FnMut(&dyn Sql) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let spends = durability == Durability::Spent;
        if spends && let Some(unvouched) = self.unvouched() {
            return Err(unvouched);
        }
        let alone = self.desk.line.kind == Kind::Postgres && spends && !self.accept_loss;
        let (value, counts) = self.desk.run_and_count(durability.into(), |running| {
            if alone && !running.has_standby()? {
                return Err(StoreError::NoStandby);
            }
            work(running)
        })?;
        self.trust.witness.note_all(&counts);
        Ok(value)
    }

    fn until(&mut self, deadline: Instant) {
        self.desk.deadline = Some(deadline);
    }

    fn cautions(&mut self) -> Result<Vec<StoreError>, StoreError> {
        let mut cautions: Vec<StoreError> = self.unvouched().into_iter().collect();
        if !self.accept_loss && !self.desk.has_standby()? {
            cautions.push(StoreError::NoStandby);
        }
        Ok(cautions)
    }
}

#[cfg(test)]
mod tests;

/// What the server says of a statement.
fn failed(error: &tokio_postgres::Error) -> StoreError {
    let Some(state) = error.code() else {
        return StoreError::Database(said(error));
    };
    match *state {
        SqlState::UNIQUE_VIOLATION => StoreError::Exists,
        SqlState::DISK_FULL => StoreError::Full,
        SqlState::LOCK_NOT_AVAILABLE
        | SqlState::QUERY_CANCELED
        | SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT => StoreError::TooSlow,
        SqlState::UNDEFINED_TABLE | SqlState::INVALID_SCHEMA_NAME => {
            StoreError::Missing("there: the database has no tables of mailotp".into())
        }
        _ => StoreError::Database(said(error)),
    }
}

/// What the server said, without what was asked: no value of ours stands in a log.
fn said(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(error) => format!("{} ({})", error.message(), error.code().code()),
        None => {
            let cause = std::error::Error::source(error);
            cause.map_or_else(|| error.to_string(), ToString::to_string)
        }
    }
}

impl From<Silence> for StoreError {
    fn from(silence: Silence) -> StoreError {
        match silence {
            Silence::Late => StoreError::TooSlow,
            Silence::Failed(error) => failed(&error),
        }
    }
}
