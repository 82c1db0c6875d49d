//! `challenge`: which code is due now.

use mailotp_core::account::Credential;
use mailotp_core::admin::Known;
use mailotp_core::clock::Timestamp;
use mailotp_core::prompt;
use mailotp_core::rule::Accept;
use serde_json::{Value, json};

use crate::context::Context;
use crate::error::CliError;

pub fn run(context: &mut Context<'_>) -> Result<(), CliError> {
    let known = context.known()?;
    let site = &context.site;
    let real = prompt::due(&known.snapshot, None, context.now);
    let shown = prompt::shown(real.clone(), &known.account.name, &site.config, &site.keys);
    let text = prompt::text(&shown, &Accept::by_default());
    let sheets: Vec<Value> = real
        .sheets
        .iter()
        .map(|due| json!({ "name": due.name, "number": due.number }))
        .collect();
    let document = json!({ "prompt": text, "sheets": sheets, "sequence": real.sequence });
    let running_out: Vec<String> = known
        .credentials()
        .filter(|credential| wants_a_new_one(&known, credential, context.now))
        .map(|credential| low(&known, credential))
        .collect();
    Ok(context.output.show(&document, || {
        let sheets = real
            .sheets
            .iter()
            .map(|due| format!("Sheet {}: number {}\n", due.name, due.number));
        let sequence = real.sequence.iter().map(|due| format!("Sequence: {due}\n"));
        let due: String = sheets.chain(sequence).chain(running_out).collect();
        if due.is_empty() {
            format!(
                "No sheet and no sequence is live. A login shows \"{}\" all the same, so that it tells nobody.\n",
                text.trim_end()
            )
        } else {
            due
        }
    })?)
}

/// Whether it runs out, and nothing has been made yet that takes its place.
pub fn wants_a_new_one(known: &Known, credential: &Credential, now: Timestamp) -> bool {
    let is_replaced = || {
        known
            .credentials()
            .any(|new| new.replaces.as_ref() == Some(&credential.id))
    };
    credential.is_live(now) && credential.is_low() && !is_replaced()
}

/// What a credential that runs out wants.
pub fn low(known: &Known, credential: &Credential) -> String {
    let (name, label) = (&known.account.name, &credential.label);
    let left = credential.left().unwrap_or_default();
    format!(
        "\"{label}\" runs out, {left} left. Make a new one: mailotp-cli --user {name} replace {id}\n",
        id = credential.id
    )
}
