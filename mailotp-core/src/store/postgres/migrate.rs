//! Making the tables, and migrating them: forward only, one step a version, by whoever owns them.

use std::time::{Duration, Instant};

use super::line::{Kind, Line};
use super::lineage::Host;
use super::transaction::Running;
use super::{Desk, Location, Purpose, Role, trust};
use crate::crypto::Tag;
use crate::store::sql::{Database, Durability, Sql, values};
use crate::store::{StoreError, VERSION, WORKS_SINCE};

/// The tables, as a store of this version has them.
pub const SCHEMA: &str = include_str!("schema.sql");
/// What the role of the logins may do with them; its name stands there as psql has it.
pub const GRANTS: &str = include_str!("grants.sql");

/// The first version that was kept in a database.
const FIRST: u32 = 3;

/// What leads from each version to the next; the first one from [`FIRST`] to the one after it. A server keeps
/// the module that it has loaded, and logins go on while a step runs: it takes no lock for long.
const STEPS: [&str; (VERSION - FIRST) as usize] = [];

/// Commands have more time than logins.
const PATIENCE: Duration = Duration::from_secs(600);

/// The owner of the tables, at work on the store as a whole.
pub struct Owner {
    desk: Desk,
    location: Location,
}

impl Owner {
    /// Connects as the owner.
    pub fn connect(location: &Location, timeout: Duration) -> Result<Owner, StoreError> {
        Ok(Owner {
            desk: Desk {
                line: Line::open(location, Role::Owner, Instant::now() + timeout)?,
                timeout: PATIENCE,
                deadline: None,
            },
            location: location.clone(),
        })
    }

    /// The key ring of the store that is there; `None`: there is none.
    pub fn ring(&self) -> Result<Option<Tag>, StoreError> {
        let look = |sql: &Running<'_>| <dyn Sql>::first(sql, "SELECT ring FROM store", &[]);
        match self.desk.run(Purpose::Look, look) {
            Ok(Some(row)) => row.get(0).map(Some),
            Ok(None) | Err(StoreError::Missing(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes the tables of a new store of this key ring, all or none, and says what logins may do with them.
    pub fn create(&self, ring: Tag) -> Result<(), StoreError> {
        if self.ring()?.is_some() {
            return Err(StoreError::Exists);
        }
        self.desk.run(Purpose::Alone, |sql| {
            let timeline = self.timeline(sql)?;
            sql.batch("CREATE SCHEMA IF NOT EXISTS mailotp")?;
            sql.batch(SCHEMA)?;
            sql.execute(
                "INSERT INTO store (version, works_since, ring, generation, newest, timeline)
                 VALUES (?1, ?2, ?3, 0, 0, ?4)",
                values![VERSION, WORKS_SINCE, &ring, timeline],
            )?;
            self.grant(sql)
        })
    }

    /// Brings the tables to the version of this build, all of it or nothing. Returns the version that they had.
    pub fn migrate(&self) -> Result<u32, StoreError> {
        self.desk.run(Purpose::Keep, |sql| {
            let lock = "SELECT version FROM store FOR UPDATE";
            let found: u32 = <dyn Sql>::row(sql, lock, &[])?.get(0)?;
            if found > VERSION {
                return Err(StoreError::Newer { found });
            }
            for step in STEPS
                .get(found.saturating_sub(FIRST) as usize..)
                .unwrap_or_default()
            {
                sql.batch(step)?;
            }
            sql.execute(
                "UPDATE store SET version = ?1, works_since = ?2",
                values![VERSION, WORKS_SINCE],
            )?;
            self.grant(sql)?;
            Ok(found)
        })
    }

    /// An error where what is spent could be lost with the server, and nobody has weighed that.
    pub fn may_spend(&self) -> Result<(), StoreError> {
        if self.location.accept_loss || self.desk.has_standby()? {
            Ok(())
        } else {
            Err(StoreError::NoStandby)
        }
    }

    /// The hosts that use the store, by name, and whether each has vouched for the server as it is.
    pub fn hosts(&self) -> Result<Vec<(Host, bool)>, StoreError> {
        self.desk.run(Purpose::Look, |sql| {
            let timeline = self.timeline(sql)?;
            let vouches = |host: Host| {
                let vouches = host.timeline == timeline;
                (host, vouches)
            };
            Ok(trust::hosts(sql)?.into_iter().map(vouches).collect())
        })
    }

    /// Forgets a host, by its name or id, and says how many there were.
    pub fn forget_host(&self, host: &str) -> Result<u64, StoreError> {
        let forget = "DELETE FROM host WHERE name = ?1 OR id = ?1";
        self.desk
            .run(Purpose::Keep, |sql| sql.execute(forget, values![host]))
    }

    fn timeline(&self, sql: &Running<'_>) -> Result<i64, StoreError> {
        let timeline = trust::timeline(self.desk.line.kind);
        let row = <dyn Sql>::row(sql, &format!("SELECT {timeline}"), &[])?;
        trust::number(&row.get::<String>(0)?)
    }

    fn grant(&self, sql: &Running<'_>) -> Result<(), StoreError> {
        let login = self.location.user_of(Role::Login);
        if login == self.location.user_of(Role::Owner) {
            return Ok(());
        }
        let grants = match self.desk.line.kind {
            Kind::Postgres => GRANTS.to_owned(),
            // CockroachDB grants whole tables alone.
            Kind::Consensus => without_columns(GRANTS),
        };
        let quoted = format!("\"{}\"", login.replace('"', "\"\""));
        sql.batch(&grants.replace(":\"login\"", &quoted))
    }
}

/// Leaves what stands in parentheses out, and comments, where they may stand too.
fn without_columns(grants: &str) -> String {
    let lines = grants.lines().filter(|line| !line.starts_with("--"));
    let text = lines.collect::<Vec<_>>().join("\n");
    let parts = text.split('(').enumerate();
    let kept = parts.map(|(at, part)| match part.split_once(')') {
        Some((_, rest)) if at > 0 => rest,
        _ => part,
    });
    kept.collect()
}

impl Database for Owner {
    fn look<T>(
        &mut self,
        mut work: impl FnMut(&dyn Sql) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.desk.run(Purpose::Look, |running| work(running))
    }

    fn write<T>(
        &mut self,
        _: Durability,
        mut work: impl FnMut(&dyn Sql) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.desk.run(Purpose::Alone, |running| work(running))
    }

    fn until(&mut self, deadline: Instant) {
        self.desk.deadline = Some(deadline);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_of_columns_become_grants_of_tables() {
        let grants = "-- (a\nGRANT SELECT (id, time) ON event TO x;\nGRANT UPDATE (a), INSERT (b) ON t TO x;";
        assert_eq!(
            without_columns(grants),
            "GRANT SELECT  ON event TO x;\nGRANT UPDATE , INSERT  ON t TO x;"
        );
        assert!(!without_columns(GRANTS).contains(['(', ')']));
    }
}
