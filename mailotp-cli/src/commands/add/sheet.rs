//! `add sheet`.

use std::io::{self, IsTerminal};
use std::path::Path;

use mailotp_core::account::Kind;
use mailotp_core::admin::{Added, Secrets, Wish};
use serde_json::{Value, json};

use super::{deliver, describe, file, parse_scope, with};
use crate::cli::{Scope, SheetFormat};
use crate::context::Context;
use crate::error::CliError;
use crate::output;
use crate::sheet::{self, SheetView};

pub fn run(
    context: &mut Context<'_>,
    label: Option<&str>,
    count: u32,
    format: SheetFormat,
    output: Option<&Path>,
    scope: &Scope,
) -> Result<(), CliError> {
    if format == SheetFormat::Pdf
        && output.is_none()
        && !context.cli.json
        && io::stdout().is_terminal()
    {
        return Err(CliError::usage(
            "a PDF does not fit a terminal",
            "Add: --output FILE",
        ));
    }
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
    let drawn = || {
        let scope = &credential.scope;
        let from: Vec<String> = scope.from.iter().map(ToString::to_string).collect();
        let view = SheetView {
            account: added.known.account.name.as_str(),
            issuer: &context.site.config.issuer,
            name,
            label: &credential.label,
            made: credential.created,
            expires: scope.expires,
            services: &scope.services,
            from: &from,
            logins: scope.logins_left,
            codes,
            kill: None,
        };
        sheet::draw(format, &view)
    };
    if output.is_none() && !context.cli.json {
        return Ok(output::write(&drawn())?);
    }
    let numbered = codes.iter().zip(1..);
    let codes: Vec<Value> = numbered
        .map(|(code, number): (_, u32)| json!({ "number": number, "code": code.as_str() }))
        .collect();
    let members = [("name", json!(name)), ("codes", json!(codes))];
    let document = with(describe(credential), members);
    let Some(path) = output else {
        return Ok(context.output.show(&document, String::new)?);
    };
    file::write_new(path, &drawn())?;
    let document = with(document, [("output", json!(path))]);
    Ok(context.output.show(&document, || {
        let (label, id, path) = (&credential.label, &credential.id, path.display());
        format!("Sheet {name}, \"{label}\" ({id}), is in {path}\n")
    })?)
}
