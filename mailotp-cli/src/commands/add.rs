//! `add`: app passwords, sheets, authenticators. What is secret is shown once; what could not be
//! delivered never becomes live.

mod alias;
mod app_password;
mod device;
mod hand_out;
mod menu;
mod oath;
mod sequence;
mod sheet;

use mailotp_core::account::{self, Credential, Pinned};
use mailotp_core::admin::{Added, Wish};
use mailotp_core::config::parse_network;
use mailotp_core::request::{AccountName, Service};
use serde_json::{Value, json};

use crate::cli::{Add, Scope};
use crate::context::Context;
use crate::error::CliError;
use crate::hooks::{self, Happened};
use crate::time::{self, Day};

pub use alias::make as make_aliases;
pub use app_password::make as make_app_password;
pub use oath::{Drawing, make as make_oath};
pub use sequence::{algorithm_of, seed_of};
pub use sheet::{Paper, make as make_sheet};

/// What a new credential is to be, whatever its kind.
#[derive(Default)]
pub struct Making {
    /// Its label.
    pub label: Option<String>,
    /// Where it may be used.
    pub scope: account::Scope,
    /// The credential whose place it takes.
    pub replaces: Option<Credential>,
}

impl Making {
    fn new(label: &Option<String>, scope: account::Scope) -> Making {
        Making {
            label: label.clone(),
            scope,
            replaces: None,
        }
    }

    fn wish<'a>(&'a self, context: &Context<'_>, account: &'a AccountName) -> Wish<'a> {
        Wish {
            new_account: context.cli.new,
            label: self.label.as_deref(),
            scope: self.scope.clone(),
            replaces: self.replaces.as_ref(),
            ..Wish::new(account)
        }
    }
}

pub fn run(context: &mut Context<'_>, kind: Option<&Add>) -> Result<(), CliError> {
    match kind {
        None => {
            // Whoever is asked for a kind is told first that there is nobody to make it for.
            context.account_name()?;
            run(context, Some(&menu::choose()?))
        }
        Some(kind) => make(context, kind),
    }
}

fn make(context: &mut Context<'_>, kind: &Add) -> Result<(), CliError> {
    match kind {
        Add::AppPassword(wanted) => {
            let mut scope = parse_scope(context, &wanted.scope)?;
            if wanted.pinned {
                scope.pinned = Pinned::Open;
            }
            let making = Making::new(&wanted.label, scope);
            app_password::make(context, &making, wanted)
        }
        Add::Sheet(wanted) => {
            let scope = parse_scope(context, &wanted.scope)?;
            let paper = Paper {
                count: wanted.count,
                format: wanted.format,
                output: wanted.output.as_deref(),
            };
            sheet::make(context, &Making::new(&wanted.label, scope), &paper)
        }
        Add::Totp(wanted) => oath::add_totp(context, wanted),
        Add::Hotp(wanted) => oath::add_hotp(context, wanted),
        Add::Sequence(wanted) => sequence::add(context, wanted),
        Add::Alias(wanted) => {
            let making = Making::new(&wanted.label, account::Scope::default());
            alias::make(context, &making, wanted.count)
        }
    }
}

/// What was shown becomes live; what was not is revoked.
fn deliver(
    context: &mut Context<'_>,
    added: &Added,
    making: &Making,
    shown: Result<(), CliError>,
) -> Result<(), CliError> {
    if let Err(error) = shown {
        return withdraw(context, added, making, error);
    }
    let account = added.known.account.name.clone();
    context.admin(|admin| {
        let known = admin.account(&account)?;
        admin.confirm(&known, &added.credential, "")
    })?;
    is_live(context, &account, &added.credential);
    Ok(())
}

/// Tells the hooks of a credential that became live.
pub fn is_live(context: &Context<'_>, account: &AccountName, credential: &Credential) {
    let about = json!({
        "account": account.as_str(),
        "kind": credential.kind.as_str(),
        "credential": credential.id.as_str(),
        "label": credential.label,
    });
    hooks::tell(&context.cli.config, Happened::Added, about.clone());
    // Whoever is told the seed can make its codes: that is what the hook is for.
    if let Ok(Some(seed)) = context.seed(account, credential) {
        let config = &context.cli.config;
        hooks::tell_secret(config, Happened::Enrolled, about, Some(&seed));
    }
}

/// What nobody has seen must not stay, live or pending. Fails in any case: with what went wrong.
fn withdraw(
    context: &mut Context<'_>,
    added: &Added,
    making: &Making,
    error: CliError,
) -> Result<(), CliError> {
    let account = added.known.account.name.clone();
    context.admin(|admin| {
        let known = admin.account(&account)?;
        admin.take_back(&known, &added.credential, making.replaces.as_ref())
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
        pinned: Pinned::No,
    })
}
