//! `add sheet`.

use std::path::Path;

use mailotp_core::account::Kind;
use mailotp_core::admin::{Added, Secrets};
use serde_json::{Value, json};

use super::hand_out::HandOut;
use super::{Making, deliver, describe, with};
use crate::cli::SheetFormat;
use crate::context::Context;
use crate::error::CliError;
use crate::sheet::{self, SheetView};
use crate::{output, terminal};

/// What a sheet is written on.
pub struct Paper<'a> {
    /// How many codes.
    pub count: u32,
    /// How it is drawn.
    pub format: SheetFormat,
    /// Into which file; `None`: onto standard output.
    pub output: Option<&'a Path>,
}

/// Makes one; it is live once it is written.
pub fn make(context: &mut Context<'_>, making: &Making, paper: &Paper<'_>) -> Result<(), CliError> {
    if paper.format == SheetFormat::Pdf
        && paper.output.is_none()
        && !context.cli.json
        && terminal::is_read()
    {
        return Err(CliError::usage(
            "a PDF does not fit a terminal",
            "Add: --output FILE",
        ));
    }
    let account = context.account_name()?;
    let wish = making.wish(context, &account);
    let progress = output::Output::new(context.cli.json);
    let added = context.admin(|admin| {
        admin.add_sheet(&wish, paper.count, |done| {
            progress.progress("Making codes", done, paper.count)
        })
    })?;
    let shown = give(context, &added, paper);
    deliver(context, &added, making, shown)
}

fn give(context: &Context<'_>, added: &Added, paper: &Paper<'_>) -> Result<(), CliError> {
    let (Secrets::Sheet { codes, kill }, Kind::Sheet { name, .. }) =
        (&added.secrets, &added.credential.kind)
    else {
        return Ok(());
    };
    let credential = &added.credential;
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
        kill: Some(kill),
    };
    let numbered: Vec<Value> = codes
        .iter()
        .zip(1..)
        .map(|(code, number): (_, u32)| json!({ "number": number, "code": code.as_str() }))
        .collect();
    let members = [
        ("name", json!(name)),
        ("codes", json!(numbered)),
        ("kill", json!(kill.as_str())),
    ];
    let in_file = |path: &Path| {
        let (label, id, path) = (&credential.label, &credential.id, path.display());
        format!("Sheet {name}, \"{label}\" ({id}), is in {path}\n")
    };
    HandOut {
        document: with(describe(credential), members),
        content: &|| Ok(sheet::draw(paper.format, &view)),
        in_file: &in_file,
    }
    .give(context, paper.output)
}
