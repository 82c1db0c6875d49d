//! `add`: app passwords, sheets, authenticators. What is secret is shown once; what could not be
//! delivered never becomes live.

mod file;
mod hand_out;
mod sheet;
mod totp;

use mailotp_core::account::{self, Credential};
use mailotp_core::admin::{Added, Secrets, Wish};
use mailotp_core::config::parse_network;
use mailotp_core::request::Service;
use serde_json::{Value, json};

use crate::cli::{Add, Scope};
use crate::context::Context;
use crate::error::CliError;
use crate::time::{self, Day};

pub fn run(context: &mut Context<'_>, kind: &Add) -> Result<(), CliError> {
    match kind {
        Add::AppPassword { label, scope } => app_password(context, label.as_deref(), scope),
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

fn app_password(
    context: &mut Context<'_>,
    label: Option<&str>,
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
    let added = context.admin(|admin| admin.add_app_password(&wish))?;
    let Secrets::AppPassword(secret) = &added.secrets else {
        return Ok(());
    };
    let document = with(
        describe(&added.credential),
        [("secret", json!(secret.as_str()))],
    );
    let credential = &added.credential;
    let shown = context.output.show(&document, || {
        format!(
            "App password \"{}\" ({}) for {account}:\n\n    {}\n\n\
             Type it into one device, as it is or without the dashes. It is not shown again.\n",
            credential.label,
            credential.id,
            secret.as_str()
        )
    });
    deliver(context, &added, shown.map_err(CliError::from))
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
