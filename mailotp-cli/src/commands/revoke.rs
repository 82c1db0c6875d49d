//! `revoke`: gone for good, with the windows that it opened.

use mailotp_core::account::Credential;
use mailotp_core::admin::Known;
use serde_json::json;

use crate::context::Context;
use crate::error::CliError;
use crate::hooks::{self, Happened};

/// Tells the hooks of credentials that are gone.
pub fn tell(context: &Context<'_>, known: &Known, gone: &[&Credential]) {
    for credential in gone {
        let about = json!({
            "account": known.account.name.as_str(),
            "kind": credential.kind.as_str(),
            "credential": credential.id.as_str(),
            "label": credential.label,
        });
        hooks::tell(&context.cli.config, Happened::Revoked, about);
    }
}

pub fn run(context: &mut Context<'_>, names: &[String], all: bool) -> Result<(), CliError> {
    let known = context.known()?;
    let mut chosen: Vec<&Credential> = Vec::new();
    if all {
        chosen.extend(known.credentials());
    }
    for name in names {
        let credential = known.credential(name)?;
        if !chosen.iter().any(|other| other.id == credential.id) {
            chosen.push(credential);
        }
    }
    if !chosen.is_empty() {
        context.admin(|admin| admin.revoke(&known, &chosen))?;
        tell(context, &known, &chosen);
    }
    let ids: Vec<&str> = chosen
        .iter()
        .map(|credential| credential.id.as_str())
        .collect();
    Ok(context.output.show(&json!({ "revoked": ids }), || {
        let line = |credential: &&Credential| {
            format!("revoked  {}  \"{}\"\n", credential.id, credential.label)
        };
        if chosen.is_empty() {
            "There was nothing to revoke.\n".into()
        } else {
            chosen.iter().map(line).collect()
        }
    })?)
}
