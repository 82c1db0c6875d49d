//! The audit log.

use rusqlite::{Connection, Row, ToSql, params};

use crate::audit::{Event, Reason, Verdict};
use crate::clock::Timestamp;
use crate::store::{EventFilter, SAME_EVENT_WITHIN, UNENROLLED, may_merge};

const COLUMNS: &str = "time, host, actor, account, service, remote, result, reason, would, rule, kind, credential, count";

/// So many events of an account within so many seconds are a flood.
const FLOOD: u32 = 500;
const FLOOD_WITHIN: i64 = 3600;

/// Writes an event, or counts it into an equal one of a moment ago.
pub(super) fn insert(connection: &Connection, event: &Event) -> rusqlite::Result<()> {
    advance_clock(connection, event.time)?;
    if may_merge(event) {
        // No stranger makes a login inside a window: each keeps its place, and costs no count.
        let from_strangers = event.result != Verdict::Continued;
        let places = if from_strangers && is_flooded(connection, event)? {
            Places::All
        } else {
            Places::Same
        };
        if merge(connection, event, places)? {
            return Ok(());
        }
    }
    add(connection, event)
}

/// Does the work of [`insert`] for a name that nobody has, and leaves nothing: whether an event is kept
/// must not show in how long a login takes. A row that is only written as it was costs SQLite nothing.
pub(super) fn insert_nothing(connection: &Connection, event: &Event) -> rusqlite::Result<()> {
    advance_clock(connection, event.time)?;
    is_flooded(connection, event)?;
    add(connection, event)?;
    let id = connection.last_insert_rowid();
    super::one(connection.execute("DELETE FROM event WHERE id = ?1", [id])?)
}

fn add(connection: &Connection, event: &Event) -> rusqlite::Result<()> {
    connection.execute(
        &format!("INSERT INTO event ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"),
        params![
            event.time.0,
            event.host,
            event.actor,
            event.account,
            event.service,
            event.remote,
            event.result.as_str(),
            event.reason.as_str(),
            event.would.map(Verdict::as_str),
            event.rule,
            event.kind,
            event.credential,
            event.count
        ],
    )?;
    Ok(())
}

/// Which events are equal.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Places {
    /// Those of the same remote.
    Same,
    /// Those of all remotes: somebody asks from everywhere, and does not fill the store with it.
    All,
}

/// Whether an account had so many events of late that its refusals are no longer told apart.
fn is_flooded(connection: &Connection, event: &Event) -> rusqlite::Result<bool> {
    let rows: u32 = connection.query_row(
        "SELECT count(*) FROM (SELECT 1 FROM event WHERE account IS ?1 AND time > ?2 LIMIT ?3)",
        params![event.account, event.time.0 - FLOOD_WITHIN, FLOOD],
        |row| row.get(0),
    )?;
    Ok(rows >= FLOOD)
}

fn merge(connection: &Connection, event: &Event, places: Places) -> rusqlite::Result<bool> {
    let (within, any_place) = match places {
        Places::Same => (SAME_EVENT_WITHIN, false),
        Places::All => (FLOOD_WITHIN, true),
    };
    let merged = connection.execute(
        "UPDATE event SET count = count + ?1, time = ?2 WHERE id =
         (SELECT id FROM event
          WHERE account IS ?3 AND time > ?4 AND time <= ?2 AND host = ?5 AND result = ?8
            AND reason = ?9 AND would IS ?10 AND actor IS ?13
            AND (?14 OR (service IS ?6 AND remote IS ?7 AND rule IS ?11 AND credential IS ?12))
          ORDER BY time DESC LIMIT 1)",
        params![
            event.count,
            event.time.0,
            event.account,
            event.time.0 - within,
            event.host,
            event.service,
            event.remote,
            event.result.as_str(),
            event.reason.as_str(),
            event.would.map(Verdict::as_str),
            event.rule,
            event.credential,
            event.actor,
            any_place
        ],
    )?;
    Ok(merged == 1)
}

/// Writes the event of a name that no account has over that name's last one, and forgets the names that
/// have not come for longest.
pub(super) fn insert_unenrolled(connection: &Connection, event: &Event) -> rusqlite::Result<()> {
    advance_clock(connection, event.time)?;
    connection.execute(
        "INSERT INTO unenrolled (account, time, host, service, remote, reason, would, rule, count)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9
         WHERE NOT EXISTS (SELECT 1 FROM account WHERE name = ?1)
         ON CONFLICT (account) DO UPDATE
         SET time = excluded.time, host = excluded.host, service = excluded.service,
             remote = excluded.remote, reason = excluded.reason, would = excluded.would,
             rule = excluded.rule, count = count + excluded.count",
        params![
            event.account,
            event.time.0,
            event.host,
            event.service,
            event.remote,
            event.reason.as_str(),
            event.would.unwrap_or(event.result).as_str(),
            event.rule,
            event.count
        ],
    )?;
    connection.execute(
        "DELETE FROM unenrolled WHERE account IN
         (SELECT account FROM unenrolled ORDER BY time, account
          LIMIT max(0, (SELECT count(*) FROM unenrolled) - ?1))",
        [UNENROLLED as i64],
    )?;
    Ok(())
}

/// The clock of the store only goes forward.
fn advance_clock(connection: &Connection, now: Timestamp) -> rusqlite::Result<()> {
    connection
        .execute("UPDATE store SET newest = max(newest, ?1)", [now.0])
        .map(|_| ())
}

pub(super) fn select(
    connection: &Connection,
    filter: &EventFilter,
) -> rusqlite::Result<Vec<Event>> {
    let mut conditions = Vec::new();
    let mut values: Vec<&dyn ToSql> = Vec::new();
    let since = filter.since.map(|since| since.0);
    if let Some(account) = &filter.account {
        conditions.push("account = ?");
        values.push(account);
    }
    if let Some(service) = &filter.service {
        conditions.push("service = ?");
        values.push(service);
    }
    if let Some(since) = &since {
        conditions.push("time >= ?");
        values.push(since);
    }
    if filter.would_refuse {
        conditions.push("would IS NOT NULL");
    }
    let limit = filter.limit.map_or(-1, i64::from);
    values.push(&limit);
    let condition = if conditions.is_empty() {
        "1".to_owned()
    } else {
        conditions.join(" AND ")
    };
    let source = if filter.would_refuse {
        format!(
            "(SELECT id, {COLUMNS} FROM event UNION ALL
              SELECT 0, time, host, NULL, account, service, remote, 'passed', reason, would, rule, NULL,
                     NULL, count FROM unenrolled)"
        )
    } else {
        "event".to_owned()
    };
    let mut statement = connection.prepare(&format!(
        "SELECT * FROM (SELECT id, {COLUMNS} FROM {source} WHERE {condition} ORDER BY time DESC, id DESC LIMIT ?) ORDER BY time, id"
    ))?;
    statement.query_map(&values[..], event)?.collect()
}

fn event(row: &Row<'_>) -> rusqlite::Result<Event> {
    let unknown = |column, text: String| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, text.into())
    };
    let verdict = |column| {
        row.get::<_, Option<String>>(column)?
            .map(|name| Verdict::parse(&name).ok_or_else(|| unknown(column, name)))
            .transpose()
    };
    let reason: String = row.get(8)?;
    Ok(Event {
        time: Timestamp(row.get(1)?),
        host: row.get(2)?,
        actor: row.get(3)?,
        account: row.get(4)?,
        service: row.get(5)?,
        remote: row.get(6)?,
        result: verdict(7)?.ok_or_else(|| unknown(7, "no result".into()))?,
        reason: Reason::parse(&reason).ok_or_else(|| unknown(8, reason))?,
        would: verdict(9)?,
        rule: row.get(10)?,
        kind: row.get(11)?,
        credential: row.get(12)?,
        count: row.get(13)?,
    })
}
