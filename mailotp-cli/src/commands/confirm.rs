//! `confirm`: what was added becomes live, and what came back from a backup goes on.

use mailotp_core::account::{Credential, Kind, State};
use mailotp_core::admin::{Admin, AdminError};
use mailotp_core::request::AccountName;
use serde_json::{Value, json};

use super::add::is_live;
use crate::context::Context;
use crate::error::CliError;
use crate::input;

pub fn run(context: &mut Context<'_>, name: &str, next: Option<u32>) -> Result<(), CliError> {
    let known = context.known()?;
    let credential = known.credential(name)?;
    if let Some(next) = next {
        context.admin(|admin| admin.let_go_on_from(&known, credential, next))?;
        return tell(context, credential, "");
    }
    if credential.state == State::Suspended && !Admin::wants_code(credential) {
        context.admin(|admin| admin.let_go_on(&known, &[credential]))?;
        return tell(context, credential, warning(credential));
    }
    let code = if Admin::wants_code(credential) {
        input::secret("The code that it shows now: ")?
    } else {
        Default::default()
    };
    confirm(context, name, &code)
}

/// Confirms with a code that was typed.
pub fn confirm(context: &mut Context<'_>, name: &str, code: &str) -> Result<(), CliError> {
    // A prompt may have taken its time: the code is judged by the clock of now.
    context.now = std::time::SystemTime::now().into();
    let known = context.known()?;
    let credential = known.credential(name)?;
    context.admin(|admin| admin.confirm(&known, credential, code))?;
    is_live(context, &known.account.name, credential);
    tell(context, credential, "")
}

/// All that a restore has suspended, of one account or of everybody, and that needs no code.
pub fn all(context: &mut Context<'_>, kind: Option<&str>) -> Result<(), CliError> {
    let names: Vec<AccountName> = if context.cli.user.is_none() && context.is_administrator {
        let accounts = context.admin(|admin| admin.accounts())?;
        accounts.into_iter().map(|account| account.name).collect()
    } else {
        vec![context.account_name()?]
    };
    let is_meant = |credential: &&Credential| {
        credential.state == State::Suspended
            && !Admin::wants_code(credential)
            && kind.is_none_or(|kind| credential.kind.as_str() == kind)
    };
    let confirmed = context.admin(|admin| {
        let mut confirmed: Vec<(AccountName, Credential)> = Vec::new();
        for name in names {
            let known = admin.account(&name)?;
            let chosen: Vec<&Credential> = known.credentials().filter(is_meant).collect();
            admin.let_go_on(&known, &chosen)?;
            let chosen = chosen.into_iter().cloned();
            confirmed.extend(chosen.map(|credential| (name.clone(), credential)));
        }
        Ok::<_, AdminError>(confirmed)
    })?;
    let one = |(account, credential): &(AccountName, Credential)| -> Value {
        json!({
            "account": account.as_str(), "id": credential.id.as_str(),
            "kind": credential.kind.as_str(), "label": credential.label,
        })
    };
    let document: Vec<Value> = confirmed.iter().map(one).collect();
    Ok(context.output.show(&json!({ "confirmed": document }), || {
        let line = |(account, credential): &(AccountName, Credential)| {
            format!("{account}  \"{}\" ({})\n", credential.label, credential.id)
        };
        let lines: String = confirmed.iter().map(line).collect();
        format!("{lines}{} of them are live again.\n", confirmed.len())
    })?)
}

fn tell(context: &Context<'_>, credential: &Credential, more: &str) -> Result<(), CliError> {
    let document = json!({
        "id": credential.id.as_str(), "kind": credential.kind.as_str(), "label": credential.label,
    });
    let said = || {
        format!(
            "\"{}\" ({}) is live.\n{more}",
            credential.label, credential.id
        )
    };
    Ok(context.output.show(&document, said)?)
}

/// What somebody should know who has not said which codes are spent.
fn warning(credential: &Credential) -> &'static str {
    match credential.kind {
        Kind::Sheet { .. } | Kind::Alias { .. } => {
            "What was spent of it after the backup was made is good again. To strike it, revoke it and make a\n\
             new one; the next time, say the lowest number that is not crossed out: --next N\n"
        }
        Kind::Sequence { .. } => {
            "Responses that were given after the backup was made are good again. To end that, begin it anew: replace\n"
        }
        _ => "",
    }
}
