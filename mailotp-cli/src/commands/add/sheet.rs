//! `add sheet`.

use std::path::Path;

use mailotp_core::account::Kind;
use mailotp_core::admin::{Added, Secrets, Wish};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{deliver, describe, file, parse_scope, with};
use crate::cli::{Scope, SheetFormat};
use crate::context::Context;
use crate::error::CliError;
use crate::{output, time};

/// How many columns a sheet has on paper.
const COLUMNS: usize = 3;

pub fn run(
    context: &mut Context<'_>,
    label: Option<&str>,
    count: u32,
    format: SheetFormat,
    output: Option<&Path>,
    scope: &Scope,
) -> Result<(), CliError> {
    let account = context.account_name()?;
    let scope = parse_scope(context, scope)?;
    let wish = Wish {
        account: &account,
        new_account: context.cli.new,
        label,
        scope,
        live: false,
    };
    let progress = output::Output::new(context.cli.json);
    let added = context.admin(|admin| {
        admin.add_sheet(&wish, count, |done| {
            progress.progress("Making codes", done, count)
        })
    })?;
    let shown = hand_out(context, &added, format, output);
    deliver(context, &added, shown)
}

/// The sheet goes to its file, or else to standard output. A program gets the codes in any case.
fn hand_out(
    context: &Context<'_>,
    added: &Added,
    format: SheetFormat,
    output: Option<&Path>,
) -> Result<(), CliError> {
    let (Secrets::Sheet(codes), Kind::Sheet { name, .. }) =
        (&added.secrets, &added.credential.kind)
    else {
        return Ok(());
    };
    let credential = &added.credential;
    let sheet = match format {
        SheetFormat::Text => text(added, name, codes),
        SheetFormat::Csv => csv(codes),
    };
    let numbered = codes.iter().zip(1..);
    let codes: Vec<Value> = numbered
        .map(|(code, number): (_, u32)| json!({ "number": number, "code": code.as_str() }))
        .collect();
    let members = [("name", json!(name)), ("codes", json!(codes))];
    let document = with(describe(credential), members);
    let Some(path) = output else {
        return Ok(context.output.show(&document, || sheet.to_string())?);
    };
    file::write_new(path, sheet.as_bytes())?;
    let document = with(document, [("output", json!(path))]);
    Ok(context.output.show(&document, || {
        let (label, id, path) = (&credential.label, &credential.id, path.display());
        format!("Sheet {name}, \"{label}\" ({id}), is in {path}\n")
    })?)
}

fn text(added: &Added, name: &str, codes: &[Zeroizing<String>]) -> Zeroizing<String> {
    let credential = &added.credential;
    let until = credential.scope.expires.map_or_else(String::new, |at| {
        format!(", good until {}", time::local(at))
    });
    let mut text = Zeroizing::new(String::with_capacity(256 + codes.len() * 32));
    text.push_str(&format!(
        "Sheet {name}   {}, \"{}\", made {}{until}\n\n",
        added.known.account.name,
        credential.label,
        time::local_day(credential.created)
    ));
    let rows = codes.len().div_ceil(COLUMNS);
    for row in 0..rows {
        for at in (row..codes.len()).step_by(rows) {
            text.push_str(&format!("  {:>3}  ", at + 1));
            text.push_str(&codes[at]);
            text.push_str("   ");
        }
        let end = text.trim_end().len();
        text.truncate(end);
        text.push('\n');
    }
    text.push_str(
        "\nEach code opens one login. The login says which number is due; cross it out.\n",
    );
    text
}

fn csv(codes: &[Zeroizing<String>]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(16 + codes.len() * 20));
    text.push_str("number,code\n");
    for (code, number) in codes.iter().zip(1..) {
        let number: u32 = number;
        text.push_str(&format!("{number},"));
        text.push_str(code);
        text.push('\n');
    }
    text
}
