//! `replace`: a new one with the same label and scope. The old one goes on until the new one is used, so
//! that a half-used sheet works while the new one is carried home.

use mailotp_core::account::{Credential, Kind, Scope};
use mailotp_core::admin::{Known, Moving, NewOath};
use mailotp_core::credential::{oath, sequence};
use mailotp_core::rfc2289::{Challenge, Extended};
use serde_json::json;

use super::add::{self, Drawing, Making, Paper, describe, with};
use crate::cli::{AppPassword, Replacement, SheetFormat};
use crate::context::Context;
use crate::error::{CliError, FAILED};
use crate::{input, terminal};

pub fn run(context: &mut Context<'_>, name: &str, wanted: &Replacement) -> Result<(), CliError> {
    let known = context.known()?;
    let old = known.credential(name)?.clone();
    let fitting: &[&str] = match old.kind {
        Kind::Sheet { .. } => &["--count", "--format", "--output"],
        Kind::Totp { .. } | Kind::Hotp { .. } => &["--qr", "--output", "--no-confirm"],
        Kind::AppPassword { .. } => &["--output"],
        Kind::Alias { .. } => &["--count"],
        Kind::Sequence { .. } => &["--count", "--hash", "--seed"],
    };
    if let Some(option) = wanted.misfit(fitting) {
        let message = format!(
            "{option} is not for a credential of the kind {}",
            old.kind.as_str()
        );
        return Err(CliError::usage(message, "Leave it out."));
    }
    if let Kind::Sequence { .. } = old.kind {
        return renew(context, &known, &old, wanted);
    }
    let making = Making {
        label: None,
        scope: scope_of(&old, context)?,
        replaces: Some(old.clone()),
    };
    let output = wanted.output.as_deref();
    match old.kind {
        Kind::Sheet { size, .. } => {
            let paper = Paper {
                count: wanted.count.unwrap_or(size),
                format: wanted.format.unwrap_or(SheetFormat::Text),
                output,
            };
            add::make_sheet(context, &making, &paper)
        }
        Kind::Totp { period, .. } => replace_oath(context, &making, Moving::Period(period), wanted),
        Kind::Hotp { .. } => replace_oath(context, &making, Moving::Counter(0), wanted),
        Kind::AppPassword { .. } => {
            let plain = AppPassword {
                output: wanted.output.clone(),
                ..AppPassword::plain()
            };
            add::make_app_password(context, &making, &plain)
        }
        Kind::Alias { size } => add::make_aliases(context, &making, wanted.count.unwrap_or(size)),
        Kind::Sequence { .. } => Ok(()),
    }
}

/// The scope of the old one, if it still leads anywhere.
fn scope_of(old: &Credential, context: &Context<'_>) -> Result<Scope, CliError> {
    if old.scope.is_current(context.now) {
        return Ok(old.scope.clone());
    }
    let message = format!(
        "\"{}\" has come to its end, and so would what replaces it",
        old.label
    );
    let remedy = format!("Make a new one, with: add {}", old.kind.as_str());
    Err(CliError::new(FAILED, message, remedy))
}

fn replace_oath(
    context: &mut Context<'_>,
    making: &Making,
    moving: Moving,
    wanted: &Replacement,
) -> Result<(), CliError> {
    let new = NewOath {
        algorithm: oath::Algorithm::Sha1,
        digits: None,
        moving,
        seed: None,
        issuer: String::new(),
    };
    let drawing = Drawing {
        qr: wanted.qr,
        output: wanted.output.as_deref(),
        live: wanted.no_confirm,
    };
    add::make_oath(context, making, new, &drawing)
}

/// A sequence begins anew by a line of RFC 2243, which its owner computes where the pass phrase is.
fn renew(
    context: &mut Context<'_>,
    known: &Known,
    old: &Credential,
    wanted: &Replacement,
) -> Result<(), CliError> {
    let Kind::Sequence { algorithm, .. } = old.kind else {
        return Ok(());
    };
    if terminal::can_ask() {
        let due = sequence::due(&old.kind).ok_or_else(|| {
            CliError::new(
                FAILED,
                format!("\"{}\" has come to its end", old.label),
                "Make a new one, with: add sequence",
            )
        })?;
        let seed = match &wanted.seed {
            Some(seed) => add::seed_of(seed)?,
            None => context.admin(|admin| admin.new_seed())?,
        };
        let next = Challenge {
            algorithm: wanted.hash.map_or(algorithm, add::algorithm_of),
            count: wanted.count.unwrap_or(500),
            seed,
        };
        terminal::note(&format!(
            "On a device that you trust, run:\n  mailotp-cli compute '{due}' --init '{next}'\n\
             and type the line that it prints.\n"
        ));
    }
    let line = input::secret("init-hex:…: ")?;
    let Some(Extended::Reinitialisation(new)) = Extended::parse(&line, algorithm) else {
        return Err(CliError::new(
            FAILED,
            "this is no line that begins a sequence anew (RFC 2243)",
            "Compute it with: mailotp-cli compute CHALLENGE --init NEW_CHALLENGE",
        ));
    };
    let due = context.admin(|admin| admin.renew_sequence(known, old, &new))?;
    let document = with(describe(old), [("challenge", json!(due.to_string()))]);
    Ok(context.output.show(&document, || {
        format!(
            "\"{}\" ({}) begins anew. The next challenge is {due}\n",
            old.label, old.id
        )
    })?)
}
