//! `maintain`: what a timer runs. Forgets what is old, and tells the hooks what owners should hear.

use std::collections::BTreeMap;

use mailotp_core::account::Credential;
use mailotp_core::admin::Known;
use mailotp_core::audit::Reason;
use mailotp_core::clock::Timestamp;
use mailotp_core::site::SiteError;
use mailotp_core::store::EventFilter;
use serde_json::json;

use super::challenge::wants_a_new_one;
use crate::context::Context;
use crate::error::CliError;
use crate::hooks::{self, Happened};

pub fn run(context: &mut Context<'_>) -> Result<(), CliError> {
    let now = context.now;
    let keep_since = now.minus(context.site.config.log_keep);
    let done = context
        .store
        .maintain(now, keep_since)
        .map_err(SiteError::from)?;
    let low = tell_low(context, done.before)?;
    let replays = tell_replays(context, done.before)?;
    let document = json!({
        "events": done.events,
        "rest": done.rest,
        "low": low,
        "replays": replays,
    });
    Ok(context.output.show(&document, || {
        format!(
            "{} old events, {} windows and budgets forgotten; {low} credentials run low; {replays} replays.\n",
            done.events, done.rest
        )
    })?)
}

/// Those that were used since, and run low: so nobody hears the same thing twice.
fn tell_low(context: &mut Context<'_>, since: Timestamp) -> Result<usize, CliError> {
    let accounts = context.store.used_since(since).map_err(SiteError::from)?;
    let mut told = 0;
    for account in accounts {
        let known = context.admin(|admin| admin.account(&account))?;
        for credential in running_low(&known, context.now, since) {
            let about = json!({
                "account": account.as_str(),
                "kind": credential.kind.as_str(),
                "credential": credential.id.as_str(),
                "label": credential.label,
                "left": credential.left(),
            });
            hooks::tell(&context.cli.config, Happened::Low, about);
            told += 1;
        }
    }
    Ok(told)
}

fn running_low(known: &Known, now: Timestamp, since: Timestamp) -> Vec<&Credential> {
    let used = |credential: &&Credential| {
        let last = credential.last_used.as_ref();
        last.is_some_and(|last| last.at >= since)
    };
    known
        .credentials()
        .filter(used)
        .filter(|credential| wants_a_new_one(known, credential, now))
        .collect()
}

/// Of each credential once, however often somebody has tried: a flood of attempts is no flood of mail.
fn tell_replays(context: &mut Context<'_>, since: Timestamp) -> Result<usize, CliError> {
    let filter = EventFilter {
        since: Some(since),
        ..EventFilter::default()
    };
    let events = context.store.events(&filter).map_err(SiteError::from)?;
    let mut replays = BTreeMap::new();
    for event in events.iter().filter(|event| event.reason == Reason::Replay) {
        let (count, last) = replays
            .entry((&event.account, &event.credential))
            .or_insert((0_u32, event));
        *count = count.saturating_add(event.count);
        *last = event;
    }
    for (count, event) in replays.values() {
        let about = json!({
            "account": event.account,
            "kind": event.kind,
            "credential": event.credential,
            "service": event.service,
            "remote": event.remote,
            "time": crate::time::utc(event.time),
            "count": count,
        });
        hooks::tell(&context.cli.config, Happened::Replay, about);
    }
    Ok(replays.len())
}
