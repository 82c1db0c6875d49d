//! `user`: the accounts.

use serde_json::{Value, json};

use super::{revoke, show};
use crate::cli::User;
use crate::context::Context;
use crate::error::CliError;
use crate::time::Day;
use crate::{output, time};

pub fn run(context: &mut Context<'_>, action: &User) -> Result<(), CliError> {
    match action {
        User::List => list(context),
        User::Show { name } => {
            let account = context.name(name)?;
            show::run(context, &account)
        }
        User::Lock { name, at: None } => lock(context, name, true),
        User::Lock { name, at: Some(at) } => expire(context, name, at),
        User::Unlock { name } => lock(context, name, false),
        User::Forgive { name } => forgive(context, name),
        User::Rename { name, new_name } => rename(context, name, new_name),
        User::Remove { name } => remove(context, name),
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
                "expires": time::utc_or_null(account.expires),
                "created": time::utc(account.created),
            })
        })
        .collect();
    let now = context.now;
    Ok(context.output.show(&json!(document), || {
        if accounts.is_empty() {
            return "There are no accounts yet.\n".into();
        }
        let rows = accounts.iter().map(|account| {
            let state = match account.expires {
                _ if account.locked => "locked".to_owned(),
                Some(at) if at <= now => "expired".to_owned(),
                Some(at) => format!("until {}", time::local(at)),
                None => String::new(),
            };
            vec![
                account.name.to_string(),
                time::local_day(account.created),
                state,
            ]
        });
        output::table(&["ACCOUNT", "SINCE", "STATE"], rows.collect())
    })?)
}

fn lock(context: &mut Context<'_>, name: &str, locked: bool) -> Result<(), CliError> {
    let account = context.name(name)?;
    context.admin(|admin| {
        let known = admin.account(&account)?;
        // Whoever is let in again is not closed out by an end that has passed.
        if !locked && known.account.expires.is_some() {
            admin.expire(&known, None)?;
        }
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

fn expire(context: &mut Context<'_>, name: &str, at: &str) -> Result<(), CliError> {
    let account = context.name(name)?;
    let at = time::when(at, context.now, 1, Day::First)?;
    context.admin(|admin| {
        let known = admin.account(&account)?;
        admin.expire(&known, Some(at))
    })?;
    let document = json!({ "account": account.as_str(), "expires": time::utc(at) });
    let said = || format!("{account} is locked from {} on.\n", time::local(at));
    Ok(context.output.show(&document, said)?)
}

fn rename(context: &mut Context<'_>, name: &str, new_name: &str) -> Result<(), CliError> {
    let (old, new) = (context.name(name)?, context.name(new_name)?);
    context.admin(|admin| {
        let known = admin.account(&old)?;
        admin.rename_account(&known, &new)
    })?;
    let document = json!({ "account": new.as_str(), "was": old.as_str() });
    let said = || format!("{old} is {new} now. Authenticators go on showing the old name.\n");
    Ok(context.output.show(&document, said)?)
}

fn remove(context: &mut Context<'_>, name: &str) -> Result<(), CliError> {
    let account = context.name(name)?;
    let known = context.admin(|admin| admin.account(&account))?;
    context.admin(|admin| admin.remove_account(&known))?;
    // Whoever has connections open is to be ended, or their seed is in another database.
    let gone: Vec<_> = known.credentials().collect();
    revoke::tell(context, &known, &gone);
    let document = json!({ "removed": account.as_str() });
    let said = || format!("{account} is gone, with all that it had and with its log.\n");
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
