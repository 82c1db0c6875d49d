//! `explain`: which rule decides, what it accepts, what the account could use there.

use mailotp_core::account::{Credential, Kind};
use mailotp_core::request::{Remote, Service};
use mailotp_core::rule::{Means, Mode};
use mailotp_core::site::SiteError;
use mailotp_core::store::Store;
use serde_json::{Value, json};

use crate::context::Context;
use crate::error::CliError;
use crate::output;

pub fn run(context: &mut Context<'_>, service: &str, from: &str) -> Result<(), CliError> {
    let service = Service::of_pam(service)
        .map_err(|why| CliError::usage(why.to_string(), "Write a service, as imap."))?;
    let remote = Remote::parse(from).ok_or_else(|| {
        CliError::usage(
            format!("\"{}\" is no address", from.escape_debug()),
            "Write an address, local or unknown.",
        )
    })?;
    let account = context.account_name()?;
    let snapshot = context
        .store
        .read(&account, None)
        .map_err(SiteError::from)?;
    let judgement = context.site.config.judge(&account, &service, remote);
    let accept: Vec<&str> = judgement
        .accept
        .iter()
        .flat_map(|accept| &accept.0)
        .map(|means| means.as_str())
        .collect();
    let is_usable = |credential: &&Credential| {
        let accepted = match credential.kind {
            Kind::AppPassword { .. } => judgement.accepts(Means::AppPassword),
            _ => judgement.takes_codes(),
        };
        accepted
            && credential.is_live(context.now)
            && credential.scope.reaches(&service, &judgement.group, remote)
    };
    let closed = snapshot
        .account
        .as_ref()
        .is_some_and(|account| account.is_closed(context.now));
    let usable: Vec<&Credential> = snapshot
        .credentials
        .iter()
        .filter(is_usable)
        .filter(|_| !closed)
        .collect();
    let entry = |credential: &&Credential| -> Value {
        json!({ "id": credential.id.as_str(), "kind": credential.kind.as_str(), "label": credential.label })
    };
    let document = json!({
        "rule": judgement.rule, "accept": accept, "usable": usable.iter().map(entry).collect::<Vec<_>>(),
    });
    Ok(context.output.show(&document, || {
        let no_rule = if judgement.accept.is_none() {
            "none matches: refused"
        } else {
            "none is written: the built-in one"
        };
        let rule = judgement.rule.as_deref().unwrap_or(no_rule);
        let accepted = if accept.is_empty() {
            "nothing".into()
        } else {
            accept.join(", ")
        };
        let mut text = format!("rule     {rule}\naccepts  {accepted}\n");
        if judgement.exempt {
            text += &format!("{account} is exempt, and never judged\n");
        }
        if judgement.mode == Mode::Observe {
            text += "observe  what would be refused is left to the next module\n";
        }
        if closed {
            text += "locked   the account is locked or has expired\n";
        }
        let rows: Vec<_> = usable
            .iter()
            .map(|credential| {
                vec![
                    credential.id.to_string(),
                    credential.kind.as_str().into(),
                    credential.label.clone(),
                ]
            })
            .collect();
        let table = if rows.is_empty() {
            "nothing\n".into()
        } else {
            output::table(&["ID", "KIND", "LABEL"], rows)
        };
        text + &format!("\n{account} could use there:\n{table}")
    })?)
}
