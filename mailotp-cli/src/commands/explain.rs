//! `explain`: which rule decides, what it accepts, what the account could use there.

use mailotp_core::account::Credential;
use mailotp_core::request::{Remote, Service};
use mailotp_core::rule::Mode;
use serde_json::{Value, json};

use crate::context::Context;
use crate::error::CliError;
use crate::output;

/// Where a login would be, in words of the command line.
pub fn place(service: &str, from: &str) -> Result<(Service, Remote), CliError> {
    let service = Service::of_pam(service)
        .map_err(|why| CliError::usage(why.to_string(), "Write a service, as imap."))?;
    let remote = Remote::parse(from).ok_or_else(|| {
        CliError::usage(
            format!("\"{}\" is no address", from.escape_debug()),
            "Write an address, local or unknown.",
        )
    })?;
    Ok((service, remote))
}

pub fn run(context: &mut Context<'_>, service: &str, from: &str) -> Result<(), CliError> {
    let (service, remote) = place(service, from)?;
    let account = context.account_name()?;
    let found = context.admin(|admin| admin.explain(&account, &service, remote))?;
    let (judgement, usable, closed) = (&found.judgement, &found.usable, found.closed);
    let accept: Vec<&str> = judgement
        .accept
        .iter()
        .flat_map(|accept| &accept.0)
        .map(|means| means.as_str())
        .collect();
    let entry = |credential: &Credential| -> Value {
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
