//! A store that moves to another place.
//!
//! ```text
//!            source          destination
//!            open            – or gone
//!  begin     to DEST         filling          nobody is let in from here on
//!  copy      to DEST         filling          goes on where it was, when it is begun again
//!  compare   to DEST         filling          row by row
//!  end       gone DEST       filling
//!            gone DEST       open             somebody is
//! ```
//!
//! At no moment are both open: the source is gone before the destination opens, each by a change that holds
//! only if the state before is what it must be.

mod about;
mod snapshot;
mod tables;

#[cfg(feature = "postgres")]
use super::postgres::Owner;
use super::sql::{Database, Durability, Moving, Row, Sql, Thoroughness, tell, values};
use super::sqlite::SqliteStore;
use super::{Persistent, StoreError};
use crate::audit::Event;
use crate::crypto::Tag;
use about::About;
use std::time::Instant;
use tables::{TABLES, Table};

pub use snapshot::snapshot;
#[cfg(feature = "postgres")]
pub use snapshot::take_over;

/// A store, as what moves from it or to it.
pub enum End {
    /// A file.
    File(Box<SqliteStore>),
    /// A database.
    #[cfg(feature = "postgres")]
    Database(Box<Owner>),
}

/// How far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// So many rows of so many are in the other store.
    Copied(u64, u64),
    /// So many are found to be the same in both.
    Compared(u64, u64),
}

/// What has moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Rows of all tables.
    pub rows: u64,
    /// How new the store is in its new place.
    pub generation: u64,
    /// It was there already, and only had to be opened.
    pub was_there: bool,
}

/// Two stores, by the names that they have for each other.
pub struct Transfer<'a> {
    /// The store that is in use.
    pub from: End,
    /// Where it moves to.
    pub to: End,
    /// How the destination is called: by the same name each time.
    pub to_name: &'a str,
    /// Of the key ring that both belong to.
    pub ring: Tag,
    /// The highest generation that was ever noted.
    pub noted: u64,
    /// What the store tells of it, where it is then.
    pub event: &'a Event,
}

impl Transfer<'_> {
    /// Moves the store, or goes on with it.
    pub fn run(&mut self, progress: &mut dyn FnMut(Progress)) -> Result<Moved, StoreError> {
        let here = state(&mut self.from, self.ring)?;
        let there = state(&mut self.to, self.ring)?;
        let destination = Moving::To(self.to_name.to_owned());
        let gone = Moving::Gone(self.to_name.to_owned());
        match here {
            Some(state) if state == gone => return self.open(true),
            // It was begun, and goes on.
            Some(state) if state == destination => {
                if there != Some(Moving::Filling) {
                    return Err(StoreError::Exists);
                }
            }
            Some(state) => return Err(state.into()),
            None => {
                // A store that is in use, or that somebody else fills, is not overwritten.
                match &there {
                    Some(Moving::Filling | Moving::Gone(_)) => {}
                    Some(Moving::To(_)) | None => return Err(StoreError::Exists),
                }
                set(&mut self.to, there.as_ref(), Some(&Moving::Filling))?;
                self.clear()?;
                set(&mut self.from, None, Some(&destination))?;
            }
        }
        self.copy(progress)?;
        if let Err(error) = self.compare(progress) {
            self.clear()?;
            return Err(error);
        }
        set(&mut self.from, Some(&destination), Some(&gone))?;
        self.open(false)
    }

    /// Lets people in at the source again. Says no where the destination may be open.
    pub fn cancel(&mut self) -> Result<(), StoreError> {
        let destination = Moving::To(self.to_name.to_owned());
        match state(&mut self.from, self.ring)? {
            Some(state) if state == destination => set(&mut self.from, Some(&destination), None),
            Some(state) => Err(state.into()),
            None => Err(StoreError::Gone),
        }
    }

    fn copy(&mut self, progress: &mut dyn FnMut(Progress)) -> Result<(), StoreError> {
        let all = self.from.look(rows)?;
        let mut done = 0;
        for table in &TABLES {
            let (mut last, there) = self
                .to
                .look(|sql| Ok((table.last(sql)?, table.count(sql)?)))?;
            done += there;
            loop {
                let rows = self.from.look(|sql| table.page(sql, last.as_ref()))?;
                let Some(newest) = rows.last() else { break };
                self.to
                    .write(Durability::Power, |sql| table.add(sql, &rows))?;
                done += rows.len() as u64;
                progress(Progress::Copied(done, all));
                last = Some(newest.clone());
            }
        }
        Ok(())
    }

    fn compare(&mut self, progress: &mut dyn FnMut(Progress)) -> Result<(), StoreError> {
        let all = self.from.look(rows)?;
        let mut done = 0;
        for table in &TABLES {
            let mut last: Option<Row> = None;
            loop {
                let here = self.from.look(|sql| table.page(sql, last.as_ref()))?;
                let there = self.to.look(|sql| table.page(sql, last.as_ref()))?;
                if here != there {
                    return Err(differ(table, &here, &there));
                }
                let Some(newest) = here.last() else { break };
                done += here.len() as u64;
                progress(Progress::Compared(done, all));
                last = Some(newest.clone());
            }
        }
        Ok(())
    }

    /// What the store says of itself goes last, and it opens with it.
    fn open(&mut self, was_there: bool) -> Result<Moved, StoreError> {
        let (rows, own) = self.from.look(|sql| Ok((rows(sql)?, About::of(sql)?)))?;
        let least = own.generation.max(self.noted) + 1;
        let generation = self.to.write(Durability::Power, |sql| {
            let select = "SELECT ring FROM store WHERE moving = ?1";
            let filling = sql.first(select, values![&Moving::Filling.to_string()])?;
            if filling.is_some() {
                own.write(sql, least)?;
                tell(sql, self.event)?;
            }
            sql.generation()
        })?;
        Ok(Moved {
            rows,
            generation,
            was_there,
        })
    }

    fn clear(&mut self) -> Result<(), StoreError> {
        self.to.write(Durability::Power, clear)
    }
}

/// How many rows there are to copy.
fn rows(sql: &dyn Sql) -> Result<u64, StoreError> {
    TABLES.iter().map(|table| table.count(sql)).sum()
}

fn clear(sql: &dyn Sql) -> Result<(), StoreError> {
    TABLES.iter().rev().try_for_each(|table| table.clear(sql))
}

fn differ(table: &Table, here: &[Row], there: &[Row]) -> StoreError {
    let differing = here.iter().zip(there).filter(|(one, other)| one != other);
    let missing = here.len().abs_diff(there.len());
    StoreError::Failed(format!(
        "the copy of the table {} is not the same in {} rows: run it again",
        table.name,
        differing.count() + missing
    ))
}

/// What a store says of its moving.
fn state(end: &mut End, ring: Tag) -> Result<Option<Moving>, StoreError> {
    let found = end.look(|sql| sql.row("SELECT ring, moving FROM store", &[]))?;
    if found.get::<Tag>(0)? != ring {
        return Err(StoreError::OtherRing);
    }
    Ok(found.get::<Option<String>>(1)?.map(Moving::stored))
}

/// Changes it, if it is still the same.
fn set(end: &mut End, was: Option<&Moving>, becomes: Option<&Moving>) -> Result<(), StoreError> {
    let (was, becomes) = (was.map(Moving::to_string), becomes.map(Moving::to_string));
    end.write(Durability::Power, |sql| {
        super::sql::one(sql.execute(
            "UPDATE store SET moving = ?2 WHERE moving IS ?1",
            values![&was, &becomes],
        )?)
    })
}

impl End {
    /// A file that is a store of this version.
    pub fn file(mut store: SqliteStore) -> Result<End, StoreError> {
        store.is_own()?;
        let damage = Persistent::damage(&mut store, Thoroughness::Quick)?;
        match damage.into_iter().next() {
            None => Ok(End::File(Box::new(store))),
            Some(first) => Err(StoreError::Failed(format!("it is damaged: {first}"))),
        }
    }

    /// Marks a store that was just made: it is to be filled.
    pub fn to_be_filled(&mut self) -> Result<(), StoreError> {
        set(self, None, Some(&Moving::Filling))
    }
}

macro_rules! either {
    ($end:expr, $store:ident => $work:expr) => {
        match $end {
            End::File($store) => $work,
            #[cfg(feature = "postgres")]
            End::Database($store) => $work,
        }
    };
}

impl Database for End {
    fn look<T>(
        &mut self,
        work: impl FnMut(&dyn Sql) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        either!(self, store => store.look(work))
    }

    fn write<T>(
        &mut self,
        durability: Durability,
        work: impl FnMut(&dyn Sql) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        either!(self, store => store.write(durability, work))
    }

    fn tidy(&mut self) -> Result<(), StoreError> {
        either!(self, store => store.tidy())
    }

    fn until(&mut self, deadline: Instant) {
        either!(self, store => Database::until(&mut **store, deadline));
    }

    fn damage(&mut self, thoroughness: Thoroughness) -> Result<Vec<String>, StoreError> {
        either!(self, store => Database::damage(&mut **store, thoroughness))
    }
}

/// Every column that is copied, with its table.
#[cfg(all(test, feature = "postgres"))]
pub(in crate::store) fn copied_columns() -> Vec<String> {
    let named = TABLES
        .iter()
        .flat_map(|table| table.columns.iter().map(|one| (table.name, one)));
    named
        .map(|(table, column)| format!("{table}.{column}"))
        .collect()
}

#[cfg(test)]
pub(super) mod tests;
