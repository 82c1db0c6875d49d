//! The audit log.

use super::value::unreadable;
use super::{Row, Sql, Value, one, values};
use crate::audit::{Event, Reason, Verdict};
use crate::store::{
    EventFilter, SAME_EVENT_AMONG, SAME_EVENT_WITHIN, StoreError, UNENROLLED, may_merge,
};

const COLUMNS: &str = "time, host, actor, account, service, remote, result, reason, would, rule, kind, credential, count";

/// The number of none.
const NO_EVENT: i64 = -1;

/// So many events of an account within so many seconds are a flood. They are counted with each refusal: the more there may
/// be, the longer it takes than for a name that nobody has.
const FLOOD: u32 = 100;
const FLOOD_WITHIN: i64 = 3600;

/// Writes an event, or counts it into an equal one of a moment ago.
pub(super) fn insert(sql: &dyn Sql, event: &Event) -> Result<(), StoreError> {
    if may_merge(event) && event.result != Verdict::Continued {
        return tell(sql, event, true);
    }
    // No stranger makes a login that is accepted, or goes on in a window: each keeps its place, and costs no count.
    sql.advance_clock(event.time)?;
    if may_merge(event) && merge(sql, event, event.account.as_deref(), Places::Same)? {
        return Ok(());
    }
    one(sql.execute(&adding(""), &values_of(event))?)
}

/// Does the work of [`insert`] for a name that nobody has, and leaves nothing: whether an event is kept
/// must not show in how long a login takes.
pub(super) fn insert_nothing(sql: &dyn Sql, event: &Event) -> Result<(), StoreError> {
    tell(sql, event, false)
}

/// One way for all: an event that is counted into another is added as none, and one that is not kept is taken away again,
/// since a row that is only written as it was costs SQLite nothing. Each statement takes as long to prepare as to run.
fn tell(sql: &dyn Sql, event: &Event, is_kept: bool) -> Result<(), StoreError> {
    sql.advance_clock(event.time)?;
    let places = if is_flooded(sql, event)? {
        Places::All
    } else {
        Places::Same
    };
    let account = event.account.as_deref().filter(|_| is_kept);
    let is_new = !merge(sql, event, account, places)?;
    let mut values = values_of(event).to_vec();
    values.push(is_new.into());
    let added = sql.first(&adding(" WHERE ?14 = 1 RETURNING id"), &values)?;
    let unkept = match added {
        Some(row) if !is_kept => row.get(0)?,
        _ => NO_EVENT,
    };
    sql.execute("DELETE FROM event WHERE id = ?1", values![unkept])?;
    Ok(())
}

/// The statement for [`values_of`].
fn adding(end: &str) -> String {
    format!(
        "INSERT INTO event ({COLUMNS}) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13{end}"
    )
}

/// In the order of [`COLUMNS`].
fn values_of(event: &Event) -> [Value<'_>; 13] {
    *values![
        event.time,
        &event.host,
        &event.actor,
        &event.account,
        &event.service,
        &event.remote,
        event.result.as_str(),
        event.reason.as_str(),
        event.would.map(Verdict::as_str),
        &event.rule,
        &event.kind,
        &event.credential,
        event.count
    ]
}

/// The condition that an event is of the same account as `event`, whose account is the parameter `name`.
/// No store looks up in an index what may be NULL on both sides.
fn of_account(event: &Event, name: &str) -> String {
    match event.account {
        Some(_) => format!("account = {name}"),
        None => "account IS NULL".to_owned(),
    }
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
fn is_flooded(sql: &dyn Sql, event: &Event) -> Result<bool, StoreError> {
    let nth = sql.first(
        &format!(
            "SELECT 1 FROM event WHERE {} AND time > ?2 LIMIT 1 OFFSET {}",
            of_account(event, "?1"),
            FLOOD - 1
        ),
        values![&event.account, event.time.0 - FLOOD_WITHIN],
    )?;
    Ok(nth.is_some())
}

/// Counts it into an equal one of this account; of `None` there is none.
fn merge(
    sql: &dyn Sql,
    event: &Event,
    account: Option<&str>,
    places: Places,
) -> Result<bool, StoreError> {
    let (within, any_place) = match places {
        Places::Same => (SAME_EVENT_WITHIN, false),
        Places::All => (FLOOD_WITHIN, true),
    };
    let merged = sql.execute(
        &format!(
            "UPDATE event SET count = count + ?1, time = ?2 WHERE id =
             (SELECT max(id) FROM event
              WHERE id IN (SELECT id FROM event WHERE {} AND time > ?4 AND time <= ?2
                           ORDER BY time DESC LIMIT {SAME_EVENT_AMONG})
                AND host = ?5 AND result = ?8 AND reason = ?9 AND would IS ?10 AND actor IS ?13
                AND (?14 = 1 OR (service IS ?6 AND remote IS ?7
                  AND rule IS ?11 AND credential IS ?12)))",
            of_account(event, "?3")
        ),
        values![
            event.count,
            event.time,
            account,
            event.time.0 - within,
            &event.host,
            &event.service,
            &event.remote,
            event.result.as_str(),
            event.reason.as_str(),
            event.would.map(Verdict::as_str),
            &event.rule,
            &event.credential,
            &event.actor,
            any_place
        ],
    )?;
    Ok(merged == 1)
}

/// Writes the event of a name that no account has over that name's last one, and forgets the names that
/// have not come for longest.
pub(super) fn insert_unenrolled(sql: &dyn Sql, event: &Event) -> Result<(), StoreError> {
    sql.advance_clock(event.time)?;
    sql.execute(
        "INSERT INTO unenrolled (account, time, host, service, remote, reason, would, rule, count)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9
         WHERE NOT EXISTS (SELECT 1 FROM account WHERE name = ?1)
         ON CONFLICT (account) DO UPDATE
         SET time = excluded.time, host = excluded.host, service = excluded.service,
             remote = excluded.remote, reason = excluded.reason, would = excluded.would,
             rule = excluded.rule, count = unenrolled.count + excluded.count",
        values![
            &event.account,
            event.time,
            &event.host,
            &event.service,
            &event.remote,
            event.reason.as_str(),
            event.would.unwrap_or(event.result).as_str(),
            &event.rule,
            event.count
        ],
    )?;
    sql.execute(
        "DELETE FROM unenrolled WHERE account IN
         (SELECT account FROM unenrolled ORDER BY time DESC, account DESC LIMIT ?1 OFFSET ?2)",
        values![i64::MAX, UNENROLLED as i64],
    )?;
    Ok(())
}

pub(super) fn select(sql: &dyn Sql, filter: &EventFilter) -> Result<Vec<Event>, StoreError> {
    let mut conditions = vec!["1 = 1".to_owned()];
    let mut values: Vec<Value<'_>> = Vec::new();
    let filters = [
        ("account =", filter.account.as_ref().map(Value::from)),
        ("service =", filter.service.as_ref().map(Value::from)),
        ("time >=", filter.since.map(Value::from)),
    ];
    for (condition, value) in filters {
        if let Some(value) = value {
            values.push(value);
            conditions.push(format!("{condition} ?{}", values.len()));
        }
    }
    values.push(filter.limit.map_or(i64::MAX, i64::from).into());
    let limit = values.len();
    if filter.would_refuse {
        conditions.push("would IS NOT NULL".to_owned());
    }
    let condition = conditions.join(" AND ");
    let source = if filter.would_refuse {
        format!(
            "(SELECT id, {COLUMNS} FROM event UNION ALL
              SELECT 0, time, host, NULL, account, service, remote, 'passed', reason, would, rule, NULL,
                     NULL, count FROM unenrolled) AS told"
        )
    } else {
        "event".to_owned()
    };
    let found = sql.query(
        &format!(
            "SELECT * FROM (SELECT id, {COLUMNS} FROM {source} WHERE {condition}
              ORDER BY time DESC, id DESC LIMIT ?{limit}) AS newest ORDER BY time, id"
        ),
        &values,
    )?;
    found.iter().map(event).collect()
}

fn event(row: &Row) -> Result<Event, StoreError> {
    let verdict = |column| {
        row.get::<Option<String>>(column)?
            .map(|name| Verdict::parse(&name).ok_or_else(|| unreadable(column, &name)))
            .transpose()
    };
    let reason: String = row.get(8)?;
    Ok(Event {
        time: row.get(1)?,
        host: row.get(2)?,
        actor: row.get(3)?,
        account: row.get(4)?,
        service: row.get(5)?,
        remote: row.get(6)?,
        result: verdict(7)?.ok_or_else(|| unreadable(7, "no result"))?,
        reason: Reason::parse(&reason).ok_or_else(|| unreadable(8, &reason))?,
        would: verdict(9)?,
        rule: row.get(10)?,
        kind: row.get(11)?,
        credential: row.get(12)?,
        count: row.get(13)?,
    })
}
