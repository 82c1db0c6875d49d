//! `add`: app passwords, sheets, authenticators. What is secret is shown once; what could not be
//! delivered never becomes live.

mod app_password;
mod device;
mod file;
mod hand_out;
mod sheet;
mod totp;

use mailotp_core::account::{self, Credential};
use mailotp_core::admin::Added;
use mailotp_core::config::parse_network;
use mailotp_core::request::Service;
use serde_json::{Value, json};

use crate::cli::{Add, Scope};
use crate::context::Context;
use crate::error::CliError;
use crate::time::{self, Day};

pub fn run(context: &mut Context<'_>, kind: &Add) -> Result<(), CliError> {
    match kind {
        Add::AppPassword(wanted) => app_password::run(context, wanted),
        Add::Sheet {
            label,
            count,
            format,
            output,
            scope,
        } => sheet::run(
            context,
            label.as_deref(),
            *count,
            *format,
            output.as_deref(),
            scope,
        ),
        Add::Totp { .. } => totp::run(context, kind),
    }
}

/// What was shown becomes live; what was not is revoked.
fn deliver(
    context: &mut Context<'_>,
    added: &Added,
    shown: Result<(), CliError>,
) -> Result<(), CliError> {
    if let Err(error) = shown {
        return withdraw(context, added, error);
    }
    let account = added.known.account.name.clone();
    context.admin(|admin| {
        let known = admin.account(&account)?;
        Ok(admin.confirm(&known, &added.credential, "")?)
    })
}

/// What nobody has seen must not stay, live or pending. Fails in any case: with what went wrong.
fn withdraw(context: &mut Context<'_>, added: &Added, error: CliError) -> Result<(), CliError> {
    let account = added.known.account.name.clone();
    context.admin(|admin| {
        let known = admin.account(&account)?;
        admin.revoke(&known, &[&added.credential])
    })?;
    let message = format!("{}: nothing was added", error.message);
    Err(CliError::new(error.exit, message, error.remedy))
}

/// What `add` and `show` say of every credential.
pub fn describe(credential: &Credential) -> Value {
    json!({
        "id": credential.id.as_str(),
        "kind": credential.kind.as_str(),
        "label": credential.label,
        "services": credential.scope.services,
        "from": credential.scope.from.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "expires": time::utc_or_null(credential.scope.expires),
    })
}

/// A document with more members.
pub fn with<const N: usize>(mut document: Value, members: [(&str, Value); N]) -> Value {
    if let Value::Object(object) = &mut document {
        object.extend(members.map(|(key, value)| (key.to_owned(), value)));
    }
    document
}

fn parse_scope(context: &Context<'_>, scope: &Scope) -> Result<account::Scope, CliError> {
    let service = |name: &String| {
        Service::new(name)
            .map(|service| service.as_str().to_owned())
            .map_err(|why| {
                CliError::usage(
                    format!("\"{}\": {why}", name.escape_debug()),
                    "Correct --service.",
                )
            })
    };
    let network =
        |text: &String| parse_network(text).map_err(|why| CliError::usage(why, "Correct --from."));
    let expires = match &scope.expires {
        Some(text) => Some(time::when(text, context.now, 1, Day::Last)?),
        None => None,
    };
    if expires.is_some_and(|at| at <= context.now) {
        return Err(CliError::usage(
            "--expires lies in the past",
            "Write a later time.",
        ));
    }
    Ok(account::Scope {
        services: scope
            .service
            .iter()
            .map(service)
            .collect::<Result<_, _>>()?,
        from: scope.from.iter().map(network).collect::<Result<_, _>>()?,
        expires,
        logins_left: scope.max_logins,
    })
}
