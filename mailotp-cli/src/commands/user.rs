//! `user`: the accounts.

use serde_json::{Value, json};

use super::show;
use crate::cli::User;
use crate::context::Context;
use crate::error::CliError;
use crate::{output, time};

pub fn run(context: &mut Context<'_>, action: &User) -> Result<(), CliError> {
    match action {
        User::List => list(context),
        User::Show { name } => {
            let account = context.name(name)?;
            show::run(context, &account)
        }
        User::Lock { name } => lock(context, name, true),
        User::Unlock { name } => lock(context, name, false),
        User::Forgive { name } => forgive(context, name),
    }
}

fn list(context: &mut Context<'_>) -> Result<(), CliError> {
    let accounts = context.admin(|admin| admin.accounts())?;
    let document: Vec<Value> = accounts
        .iter()
        .map(|account| {
            json!({
                "account": account.name.as_str(),
                "locked": account.locked,
                "created": time::utc(account.created),
            })
        })
        .collect();
    Ok(context.output.show(&json!(document), || {
        if accounts.is_empty() {
            return "There are no accounts yet.\n".into();
        }
        let rows = accounts.iter().map(|account| {
            let state = if account.locked { "locked" } else { "" };
            vec![
                account.name.to_string(),
                time::local_day(account.created),
                state.into(),
            ]
        });
        output::table(&["ACCOUNT", "SINCE", "STATE"], rows.collect())
    })?)
}

fn lock(context: &mut Context<'_>, name: &str, locked: bool) -> Result<(), CliError> {
    let account = context.name(name)?;
    context.admin(|admin| {
        let known = admin.account(&account)?;
        admin.lock(&known, locked)
    })?;
    let document = json!({ "account": account.as_str(), "locked": locked });
    let said = || {
        format!(
            "{account} is {}.\n",
            if locked { "locked" } else { "unlocked" }
        )
    };
    Ok(context.output.show(&document, said)?)
}

fn forgive(context: &mut Context<'_>, name: &str) -> Result<(), CliError> {
    let account = context.name(name)?;
    context.admin(|admin| {
        let known = admin.account(&account)?;
        admin.forgive(&known)
    })?;
    let document = json!({ "account": account.as_str(), "forgiven": true });
    Ok(context
        .output
        .show(&document, || format!("{account} has all guesses again.\n"))?)
}
