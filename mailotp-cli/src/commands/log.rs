//! `log`: what happened.

use std::collections::BTreeMap;
use std::thread::sleep;
use std::time::Duration;

use mailotp_core::audit::{Event, Verdict};
use mailotp_core::site::SiteError;
use mailotp_core::store::EventFilter;
use serde_json::{Value, json};

use crate::cli::Log;
use crate::context::Context;
use crate::error::CliError;
use crate::output::{Colour, coloured};
use crate::time::{self, Day};
use crate::{output, terminal};

/// How often `--follow` looks.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Equal events so close together are one, with a count.
const MERGED_WITHIN: Duration = Duration::from_secs(60);

pub fn run(context: &mut Context<'_>, log: &Log) -> Result<(), CliError> {
    let account = context
        .cli
        .user
        .as_deref()
        .map(|user| context.name(user))
        .transpose()?;
    let filter = EventFilter {
        account: account.map(|account| account.to_string()),
        service: log
            .service
            .as_ref()
            .map(|service| service.to_ascii_lowercase()),
        since: log
            .since
            .as_deref()
            .map(|text| time::when(text, context.now, -1, Day::First))
            .transpose()?,
        would_refuse: log.would_refuse,
        limit: log.limit,
    };
    if log.would_refuse && !log.follow {
        return would_refuse(context, &filter);
    }
    let events = read(context, &filter)?;
    for event in &events {
        print(context, event)?;
    }
    if log.follow {
        follow(context, filter, events)
    } else {
        Ok(())
    }
}

/// Goes on until somebody ends it, or is gone.
fn follow(
    context: &mut Context<'_>,
    filter: EventFilter,
    mut seen: Vec<Event>,
) -> Result<(), CliError> {
    // Nothing may happen for days: that nobody reads any more would not be noticed by writing.
    while terminal::is_there() {
        sleep(LOOK_EVERY);
        // Equal events of a minute are counted into one, so a minute is looked at again.
        let newest = seen.iter().map(|event| event.time).max();
        let since = newest
            .map(|time| time.minus(MERGED_WITHIN))
            .max(filter.since);
        let filter = EventFilter {
            since,
            limit: None,
            ..filter.clone()
        };
        let recent = read(context, &filter)?;
        for event in recent.iter().filter(|event| !seen.contains(event)) {
            print(context, event)?;
        }
        if !recent.is_empty() {
            seen = recent;
        }
    }
    Ok(())
}

fn read(context: &mut Context<'_>, filter: &EventFilter) -> Result<Vec<Event>, CliError> {
    Ok(context.store.events(filter).map_err(SiteError::from)?)
}

/// Whom an administrator would surprise with `mode = "enforce"`.
fn would_refuse(context: &mut Context<'_>, filter: &EventFilter) -> Result<(), CliError> {
    let mut accounts: BTreeMap<String, (u32, Event)> = BTreeMap::new();
    for event in read(context, filter)? {
        let name = event.account.clone().unwrap_or_default();
        let count = accounts.get(&name).map_or(0, |(count, _)| *count) + event.count;
        accounts.insert(name, (count, event));
    }
    for (account, (count, last)) in &accounts {
        let document = json!({ "account": account, "count": count, "last": document(last) });
        let row = || format!("{count:>6}  {account}  (last: {})\n", people(last));
        context.output.show(&document, row)?;
    }
    if accounts.is_empty() && !context.output.json {
        output::write(b"Nobody would have been refused.\n")?;
    }
    Ok(())
}

fn print(context: &Context<'_>, event: &Event) -> Result<(), CliError> {
    Ok(context.output.show(&document(event), || people(event))?)
}

fn document(event: &Event) -> Value {
    let mut document = json!({
        "time": time::utc(event.time),
        "host": event.host,
        "actor": event.actor,
        "account": event.account,
        "service": event.service,
        "remote": event.remote,
        "result": event.result.as_str(),
        "reason": event.reason.as_str(),
        "rule": event.rule,
        "kind": event.kind,
        "credential": event.credential,
        "count": event.count,
    });
    if let (Some(would), Value::Object(object)) = (event.would, &mut document) {
        object.insert("would".into(), would.as_str().into());
    }
    document
}

fn people(event: &Event) -> String {
    let count = if event.count > 1 {
        format!(" ×{}", event.count)
    } else {
        String::new()
    };
    let line = format!("{}  {event}{count}", time::local(event.time));
    match event.result {
        Verdict::Accepted => coloured(Colour::Green, &line),
        Verdict::Refused | Verdict::Denied | Verdict::Throttled => coloured(Colour::Yellow, &line),
        Verdict::Unavailable => coloured(Colour::Red, &line),
        _ => line,
    }
}
