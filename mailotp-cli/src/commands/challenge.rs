//! `challenge`: which code is due now.

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
    Ok(context.output.show(&document, || {
        let due: String = real
            .sheets
            .iter()
            .map(|due| format!("Sheet {}: number {}\n", due.name, due.number))
            .collect();
        if due.is_empty() {
            format!(
                "No sheet is live. A login shows \"{}\" all the same, so that it tells nobody.\n",
                text.trim_end()
            )
        } else {
            due
        }
    })?)
}
