//! Opening a store, and whether it is the one that was written to last.

use std::time::{Duration, Instant};

use super::line::{Kind, Line};
use super::lineage::{self, Found, Host, Known, Lineage};
use super::transaction::Running;
use super::witness::{Counts, HostId, Witness};
use super::{Desk, Location, PostgresStore, Purpose, Role};
use crate::account::Restoration;
use crate::audit::{Event, Reason, host_name};
use crate::clock::Timestamp;
use crate::crypto::Tag;
use crate::store::sql::{Moving, Row, Sql, lost, values};
use crate::store::{DAY, StoreError, fits};

/// What a host knows of its store.
pub struct Trust {
    /// The key ring that it belongs to.
    pub ring: Tag,
    /// The generation that the key ring has noted.
    pub generation: u64,
    /// What the host remembers itself.
    pub witness: Witness,
}

/// After a loss all counters go so far ahead that no host can have seen more.
const AHEAD: u64 = 1_000_000;

/// What is spent in the second in which commits are lost may be a code of the next period.
const NEXT_PERIODS: Duration = Duration::from_secs(90);

/// A store is looked at as a whole with one question. `%TIMELINE%` is what only PostgreSQL can say.
const STOCK: &str = "SELECT s.version, s.works_since, s.ring, s.generation, s.timeline, s.moving,
         h.timeline, h.seen, CAST(extract(epoch FROM now()) AS BIGINT), %TIMELINE%, w.stripe, w.count
       FROM store s CROSS JOIN witness w LEFT JOIN host h ON h.id = ?1 ORDER BY w.stripe";

/// The first eight digits of the name of a file of its log (PostgreSQL manual, 9.28.3).
const TIMELINE: &str = "CASE WHEN pg_is_in_recovery() THEN ''
         ELSE substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END";

/// What [`STOCK`] has told.
struct Stock {
    found: Found,
    /// The timeline that this host has vouched for, and the day on which it came last.
    mine: Option<(i64, Timestamp)>,
}

impl PostgresStore {
    /// Opens the store, as what a host knows of it. Never makes one, never migrates one.
    pub fn open(
        location: &Location,
        role: Role,
        trust: Trust,
        timeout: Duration,
        deadline: Option<Instant>,
    ) -> Result<PostgresStore, StoreError> {
        let by = deadline.unwrap_or_else(|| Instant::now() + timeout);
        let mut store = PostgresStore {
            desk: Desk {
                line: Line::open(location, role, by)?,
                timeout,
                deadline,
            },
            trust,
            silent: Vec::new(),
            accept_loss: location.accept_loss,
        };
        store.take_stock()?;
        Ok(store)
    }

    /// Compares what the database says with what this host knows.
    fn take_stock(&mut self) -> Result<(), StoreError> {
        let memory = self.recall()?;
        let me = memory.as_ref().map(|(me, _)| me.clone());
        let (kind, ring) = (self.desk.line.kind, self.trust.ring);
        let look = |sql: &Running<'_>| stock(sql, kind, me.as_ref(), ring);
        let stock = self.desk.run(Purpose::Look, look)?;
        let (me, counts) = match memory {
            Some(memory) => memory,
            None => (self.begin_memory()?, Counts::default()),
        };
        let known = Known {
            me,
            counts,
            generation: self.trust.generation,
            in_step: !self.accept_loss,
            vouched: stock.mine.map(|(timeline, _)| timeline),
        };
        let lineage = lineage::judge(&stock.found, &known);
        match &lineage {
            Lineage::OldCopy => {
                return Err(StoreError::Behind);
            }
            Lineage::Lost => self.as_after_a_restore(&stock.found, &known)?,
            Lineage::Sound | Lineage::Promoted => {
                let today = stock.mine.is_some_and(|(timeline, seen)| {
                    timeline == stock.found.timeline && stock.found.now.0 - seen.0 < DAY
                });
                if !today {
                    self.vouch(&stock.found, &known)?;
                }
            }
        }
        if lineage == Lineage::Promoted {
            // Whoever loses this finds the same again: no login waits for a standby that is not there yet.
            self.silent = self.desk.run(Purpose::Note, |sql| {
                let silent = lineage::silent(&hosts(sql)?, &stock.found, &known);
                if silent.is_empty() {
                    sql.execute(
                        "UPDATE store SET timeline = ?1 WHERE timeline = ?2",
                        values![stock.found.timeline, stock.found.vouched],
                    )?;
                }
                Ok(silent)
            })?;
        }
        self.trust.witness.note_all(&stock.found.counts);
        Ok(())
    }

    fn recall(&self) -> Result<Option<(HostId, Counts)>, StoreError> {
        self.trust.witness.recall().map_err(unremembered)
    }

    fn begin_memory(&self) -> Result<HostId, StoreError> {
        let row = self.desk.run(Purpose::Look, |sql| {
            <dyn Sql>::row(sql, "SELECT CAST(gen_random_uuid() AS TEXT)", &[])
        })?;
        let id = HostId::new(&row.get::<String>(0)?);
        self.trust.witness.begin(&id).map_err(unremembered)
    }

    /// Says that the database has all that this host has seen.
    fn vouch(&self, found: &Found, known: &Known) -> Result<(), StoreError> {
        let vouched = self.desk.run(Purpose::Note, |sql| {
            sql.execute(
                "INSERT INTO host (id, name, timeline, seen) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (id) DO UPDATE SET timeline = excluded.timeline, seen = excluded.seen",
                values![known.me.as_str(), &host_name(), found.timeline, found.now],
            )
        });
        vouched.map(|_| ())
    }

    /// Commits are lost: what was spent with them is unspent. Nothing that may have been is accepted again
    /// until somebody has looked at it.
    fn as_after_a_restore(&self, found: &Found, known: &Known) -> Result<(), StoreError> {
        let restoration = Restoration {
            now: found.now.plus(NEXT_PERIODS),
            generation: found.generation.max(known.generation) + AHEAD,
        };
        let event = Event::of_change(Reason::CommitsLost, found.now, &host_name(), None);
        self.desk.run(Purpose::Alone, |sql| {
            let lock = "SELECT timeline FROM store WHERE timeline = ?1 FOR UPDATE";
            if sql.query(lock, values![found.vouched])?.is_empty() {
                // Another host was first. The next login looks again.
                return Err(StoreError::TooSlow);
            }
            lost(sql, &restoration, &event)?;
            for (stripe, count) in known.counts.iter() {
                sql.execute(
                    "UPDATE witness SET count = CASE WHEN count > ?2 THEN count ELSE ?2 END + ?3
                     WHERE stripe = ?1",
                    values![stripe as i64, count as i64, AHEAD as i64],
                )?;
            }
            sql.execute("UPDATE store SET timeline = ?1", values![found.timeline])?;
            Ok(())
        })?;
        self.vouch(found, known)
    }
}

/// What to ask for the timeline of a server.
pub(super) fn timeline(kind: Kind) -> &'static str {
    match kind {
        Kind::Postgres => TIMELINE,
        // What a majority of the nodes has committed is not lost when another one takes over.
        Kind::Consensus => "'0'",
    }
}

pub(super) fn number(timeline: &str) -> Result<i64, StoreError> {
    i64::from_str_radix(timeline, 16)
        .map_err(|_| StoreError::Database("the server is a standby".into()))
}

fn stock(
    sql: &Running<'_>,
    kind: Kind,
    me: Option<&HostId>,
    ring: Tag,
) -> Result<Stock, StoreError> {
    let question = STOCK.replace("%TIMELINE%", timeline(kind));
    let rows = sql.query(&question, values![me.map(HostId::as_str)])?;
    let Some(first) = rows.first() else {
        return Err(StoreError::Missing(
            "there: the database was never filled".into(),
        ));
    };
    fits(first.get(0)?, first.get(1)?)?;
    if first.get::<Tag>(2)? != ring {
        return Err(StoreError::OtherRing);
    }
    if let Some(why) = first.get::<Option<String>>(5)? {
        return Err(Moving::stored(why).into());
    }
    let timeline = number(&first.get::<String>(9)?)?;
    let mut counts = Counts::default();
    for row in &rows {
        counts.raise(row.get::<u32>(10)? as usize, row.get(11)?);
    }
    let mine = match first.get(6)? {
        Some(timeline) => Some((timeline, first.get(7)?)),
        None => None,
    };
    Ok(Stock {
        found: Found {
            vouched: first.get(4)?,
            timeline,
            generation: first.get::<u64>(3)? + counts.sum(),
            counts,
            now: first.get(8)?,
        },
        mine,
    })
}

pub(super) fn hosts(sql: &dyn Sql) -> Result<Vec<Host>, StoreError> {
    let found = sql.query(
        "SELECT id, name, timeline, seen FROM host ORDER BY name",
        &[],
    )?;
    let host = |row: &Row| {
        Ok(Host {
            id: HostId::new(&row.get::<String>(0)?),
            name: row.get(1)?,
            timeline: row.get(2)?,
            seen: row.get(3)?,
        })
    };
    found.iter().map(host).collect()
}

fn unremembered(problem: crate::files::FileProblem) -> StoreError {
    StoreError::Database(format!("{problem} ({})", problem.remedy))
}
