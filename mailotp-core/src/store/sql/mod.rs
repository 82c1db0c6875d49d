//! What the stores that speak SQL have in common: every statement, and rows in both directions.
//!
//! The statements are those that SQLite, PostgreSQL and what speaks its protocol understand alike. A
//! parameter is written `?1`, a value is an integer, a text or bytes, and nothing else; what only one of
//! them can do stands in its [`Sql`].

mod change;
mod events;
mod inspect;
mod maintain;
mod moving;
mod read;
mod restore;
mod rows;
mod sealed;
mod settle;
mod tab;
mod value;

use std::time::Instant;

use super::{
    Decision, EventFilter, Identity, Maintained, Part, Persistent, Place, Resealed, Sealed, Store,
    StoreError, VERSION, fits, judge_apart,
};
#[cfg(feature = "postgres")]
use crate::account::Restoration;
use crate::account::{Account, Change, Settled, Settlement, Snapshot};
use crate::audit::Event;
use crate::budget::{Bucket, Charge, Charged, Owner};
use crate::clock::Timestamp;
use crate::crypto::Tag;
use crate::id::AccountId;
use crate::request::AccountName;

use tab::Tab;

pub use inspect::Inspection;
pub(super) use moving::Moving;
pub(super) use read::SITE;
pub(super) use value::{Cell, Row, Value, values};

/// A transaction.
pub(super) trait Sql {
    /// Runs a statement, and says how many rows it changed.
    fn execute(&self, statement: &str, values: &[Value<'_>]) -> Result<u64, StoreError>;

    /// The rows that a statement finds, or changes where it is to return them.
    fn query(&self, statement: &str, values: &[Value<'_>]) -> Result<Vec<Row>, StoreError>;

    /// The version of the store, and from which one on builds go on with it.
    fn version(&self) -> Result<(u32, Option<u32>), StoreError>;

    /// Waits until nobody else changes anything of an account, and lets nobody until the end of this
    /// transaction.
    fn hold_account(&self, account: AccountId) -> Result<(), StoreError>;

    /// The same for the buckets of a name that no account has.
    fn hold_slots(&self, owners: &[&Owner]) -> Result<(), StoreError>;

    /// The clock of the store only goes forward: it has come to `now` at least, or somebody else is about to
    /// bring it there.
    fn advance_clock(&self, now: Timestamp) -> Result<(), StoreError>;

    /// New events get numbers behind those that are there.
    fn continue_events(&self) -> Result<(), StoreError>;

    /// The time of the newest event; the site's PIN, its length before it; whether an account has one: [`SITE`].
    fn site(&self) -> Result<Row, StoreError>;

    /// Whose the store is, and how new.
    fn identity(&self) -> Result<Identity, StoreError>;

    /// The generation that the store has come to.
    fn generation(&self) -> Result<u64, StoreError>;

    /// Brings it to this one, if it is not further.
    fn raise_generation(&self, least: u64) -> Result<(), StoreError>;

    /// Counts a change of an account into the generation of the store.
    fn count_change(&self, account: AccountId) -> Result<(), StoreError>;

    /// Counts that something of an account was used up: the store is newer than a copy of it. Comes last in
    /// a transaction, since others wait for what it is counted in.
    fn count_spent(&self, account: AccountId) -> Result<(), StoreError>;
}

impl dyn Sql + '_ {
    /// The first row that a statement finds.
    pub(super) fn first(
        &self,
        statement: &str,
        values: &[Value<'_>],
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.query(statement, values)?.into_iter().next())
    }

    /// The one row that a statement finds.
    pub(super) fn row(&self, statement: &str, values: &[Value<'_>]) -> Result<Row, StoreError> {
        self.first(statement, values)?.ok_or(StoreError::Gone)
    }
}

/// Exactly one row was changed, or nothing is.
pub(super) fn one(changed: u64) -> Result<(), StoreError> {
    if changed == 1 {
        Ok(())
    } else {
        Err(StoreError::Gone)
    }
}

/// Writes an event.
pub(super) fn tell(sql: &dyn Sql, event: &Event) -> Result<(), StoreError> {
    events::insert(sql, event)
}

/// What was committed last is lost: the store is as after a restore, and says so.
#[cfg(feature = "postgres")]
pub(super) fn lost(
    sql: &dyn Sql,
    restoration: &Restoration,
    event: &Event,
) -> Result<(), StoreError> {
    restore::apply(sql, restoration)?;
    events::insert(sql, event)
}

/// What a transaction is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Durability {
    /// It survives the death of this process, and goes with the next one that is durable.
    Process,
    /// It survives a power cut, before it is said to be done.
    Power,
    /// The same, and something that works once only is used up with it.
    Spent,
}

/// How well to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thoroughness {
    /// At every row.
    Quick,
    /// At every index, too.
    Thorough,
}

/// A database that runs transactions. One that did not come to its end for a reason that passes may be
/// run again.
pub(super) trait Database {
    /// Looks, at one moment.
    fn look<T>(
        &mut self,
        work: impl FnMut(&dyn Sql) -> Result<T, StoreError>,
    ) -> Result<T, StoreError>;

    /// Writes: all of it or nothing.
    fn write<T>(
        &mut self,
        durability: Durability,
        work: impl FnMut(&dyn Sql) -> Result<T, StoreError>,
    ) -> Result<T, StoreError>;

    /// What others have committed survives a power cut from now on. Where nobody sees it before it does, there
    /// is nothing to do.
    fn harden(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Whether a transaction may wait for what this process computes: nothing of it goes over a wire.
    fn is_at_hand(&self) -> bool {
        false
    }

    /// The generation that the last transaction that counted it up has brought the store to, where that is known.
    fn reached(&self) -> Option<u64> {
        None
    }

    /// Tidies up, after much was forgotten, where the database does not do that by itself.
    fn tidy(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    /// See [`Store::pause`].
    fn pause(&mut self) -> bool {
        false
    }

    /// See [`Store::resume`].
    fn resume(&mut self, _deadline: Instant) -> bool {
        false
    }

    /// From now on all must be done by then.
    fn until(&mut self, deadline: Instant);

    /// Why nothing that works once only is used up here.
    fn cautions(&mut self) -> Result<Vec<StoreError>, StoreError> {
        Ok(Vec::new())
    }

    /// What the database finds wrong with itself, where it is asked to look.
    fn damage(&mut self, _: Thoroughness) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }
}

/// Whether the store is of the very version of this build: a newer one may hold what it does not know.
pub(super) fn exactly_own(found: u32, since: Option<u32>) -> Result<(), StoreError> {
    if found > VERSION {
        return Err(StoreError::Newer { found });
    }
    fits(found, since)
}

/// A part of a login. The store may have been migrated since it was opened.
fn log_in<T>(
    database: &mut impl Database,
    durability: Durability,
    work: impl FnMut(&dyn Sql) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    write_if(database, durability, fits, work)
}

/// What no login does: a newer store may hold more that would have to change.
fn administer<T>(
    database: &mut impl Database,
    durability: Durability,
    work: impl FnMut(&dyn Sql) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    write_if(database, durability, exactly_own, work)
}

/// Writes to a store of a version with which `may` is content.
fn write_if<T>(
    database: &mut impl Database,
    durability: Durability,
    may: fn(u32, Option<u32>) -> Result<(), StoreError>,
    mut work: impl FnMut(&dyn Sql) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    database.write(durability, |sql| {
        let (found, since) = sql.version()?;
        may(found, since)?;
        work(sql)
    })
}

impl<D: Database> Store for D {
    fn pause(&mut self) -> bool {
        Database::pause(self)
    }

    fn resume(&mut self, deadline: Instant) -> bool {
        Database::resume(self, deadline)
    }

    fn read(&mut self, name: &AccountName, alias: Option<&Tag>) -> Result<Snapshot, StoreError> {
        self.look(|sql| read::snapshot(sql, name, alias))
    }

    fn charge(&mut self, charge: &Charge) -> Result<Charged, StoreError> {
        log_in(self, Durability::Process, |sql| {
            rows::hold(sql, charge)?;
            let mut buckets = rows::buckets(sql, charge)?;
            let charged = charge.take(&mut buckets);
            if charged == Charged::Taken {
                rows::put_buckets(sql, charge, &buckets)?;
            }
            Ok(charged)
        })
    }

    fn settle(&mut self, settlement: &Settlement) -> Result<Settled, StoreError> {
        let durability = if settlement.must_be_durable() {
            Durability::Spent
        } else {
            Durability::Process
        };
        if settlement.leans_on_another {
            self.harden()?;
        }
        log_in(self, durability, |sql| settle::settle(sql, settlement))
    }

    fn is_at_hand(&self) -> bool {
        Database::is_at_hand(self)
    }

    fn judge(&mut self, decision: &mut Decision<'_>) -> Result<(Settlement, Settled), StoreError> {
        if !Database::is_at_hand(self) {
            return judge_apart(self, decision);
        }
        let judged = log_in(self, Durability::Process, |sql| {
            let mut tab = Tab::new(sql);
            let mut settlement = decision(&mut tab)?;
            tab.close(&mut settlement)?;
            let settled = settle::settle(sql, &settlement)?;
            Ok((settlement, settled))
        })?;
        // What it is worth is known only now.
        if judged.0.must_be_durable() || judged.0.leans_on_another {
            self.harden()?;
        }
        Ok(judged)
    }

    fn reached(&mut self) -> Result<u64, StoreError> {
        match Database::reached(self) {
            Some(generation) => Ok(generation),
            None => Ok(Store::identity(self)?.generation),
        }
    }

    fn change(
        &mut self,
        account: AccountId,
        changes: &[Change],
        event: &Event,
    ) -> Result<u64, StoreError> {
        administer(self, Durability::Power, |sql| {
            change::part(sql, account, changes, event)?;
            sql.count_change(account)?;
            sql.generation()
        })
    }

    fn change_all(&mut self, parts: &[Part]) -> Result<u64, StoreError> {
        administer(self, Durability::Power, |sql| {
            for part in parts {
                change::part(sql, part.account, &part.changes, &part.event)?;
            }
            if !parts.is_empty() {
                sql.count_change(AccountId::NOBODY)?;
            }
            sql.generation()
        })
    }

    fn identity(&mut self) -> Result<Identity, StoreError> {
        self.look(|sql| {
            // One that moves has nothing to say.
            sql.version()?;
            sql.identity()
        })
    }

    fn accounts(&mut self) -> Result<Vec<Account>, StoreError> {
        self.look(rows::accounts)
    }

    fn bucket(&mut self, owner: &Owner) -> Result<Bucket, StoreError> {
        self.look(|sql| rows::bucket(sql, owner))
    }

    fn buckets(&mut self, account: AccountId) -> Result<Vec<(Owner, Bucket)>, StoreError> {
        self.look(|sql| rows::buckets_of(sql, account))
    }

    fn tell_of_unenrolled(&mut self, event: &Event) -> Result<(), StoreError> {
        log_in(self, Durability::Process, |sql| {
            events::insert_unenrolled(sql, event)
        })
    }

    fn maintain(
        &mut self,
        now: Timestamp,
        keep_since: Timestamp,
    ) -> Result<Maintained, StoreError> {
        let maintained = maintain::forget(self, now, keep_since)?;
        self.tidy()?;
        Ok(maintained)
    }

    fn used_since(&mut self, since: Timestamp) -> Result<Vec<AccountName>, StoreError> {
        self.look(|sql| rows::used_since(sql, since))
    }

    fn sealed(&mut self, after: Option<&Place>, limit: u32) -> Result<Vec<Sealed>, StoreError> {
        self.look(|sql| {
            // What is not found here would be lost with the key that it is sealed with.
            let (found, since) = sql.version()?;
            exactly_own(found, since)?;
            sealed::select(sql, after, limit)
        })
    }

    fn reseal(&mut self, values: &[Resealed]) -> Result<u64, StoreError> {
        administer(self, Durability::Power, |sql| sealed::replace(sql, values))
    }

    fn events(&mut self, filter: &EventFilter) -> Result<Vec<Event>, StoreError> {
        self.look(|sql| events::select(sql, filter))
    }
}

impl<D: Database> Persistent for D {
    fn until(&mut self, deadline: Instant) {
        Database::until(self, deadline);
    }

    fn damage(&mut self, thoroughness: Thoroughness) -> Result<Vec<String>, StoreError> {
        Database::damage(self, thoroughness)
    }

    fn cautions(&mut self) -> Result<Vec<StoreError>, StoreError> {
        Database::cautions(self)
    }

    fn inspect(&mut self) -> Result<Inspection, StoreError> {
        let damage = Database::damage(self, Thoroughness::Quick)?;
        if !damage.is_empty() {
            return Ok(Inspection {
                damage,
                ..Inspection::default()
            });
        }
        self.look(inspect::look)
    }
}
