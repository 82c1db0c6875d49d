//! `mailotp-cli` alone: where one stands, and what to do next.

use mailotp_core::account::{Kind, State};
use mailotp_core::config::Enrolment;
use mailotp_core::rule::Mode;
use serde_json::json;

use super::{challenge, show};
use crate::context::Context;
use crate::error::CliError;

pub fn run(context: &mut Context<'_>) -> Result<(), CliError> {
    if context.cli.user.is_some() {
        return of_account(context);
    }
    of_site(context)
}

/// For the administrator: what the site does, and the next step of its roll-out.
fn of_site(context: &mut Context<'_>) -> Result<(), CliError> {
    let accounts = context.admin(|admin| admin.accounts())?.len();
    let config = &context.site.config;
    let enforces = config.mode == Mode::Enforce;
    let required = config.enrolment == Enrolment::Required;
    let document = json!({
        "mode": if enforces { "enforce" } else { "observe" },
        "enrolment": if required { "required" } else { "optional" },
        "accounts": accounts,
    });
    Ok(context.output.show(&document, || {
        let mode = if enforces {
            "what the rules do not accept is refused"
        } else {
            "nothing is refused yet, and the log says what would be"
        };
        let enrolment = if required {
            "an account with nothing enrolled is refused"
        } else {
            "an account with nothing enrolled is left to its password"
        };
        let next = match (accounts, enforces) {
            (0, _) => "Enrol somebody: mailotp-cli --user NAME --new add",
            (_, false) => "See whom it would surprise: mailotp-cli log --would-refuse --since 7d",
            (_, true) => "See what happens: mailotp-cli log --since 1d",
        };
        format!(
            "{}\n\n  mode       {}: {mode}\n  enrolment  {}: {enrolment}\n  accounts   {accounts}\n\n{next}\n\
             Look for mistakes: mailotp-cli doctor\n",
            context.cli.config.display(),
            document["mode"].as_str().unwrap_or_default(),
            document["enrolment"].as_str().unwrap_or_default(),
        )
    })?)
}

/// For an account: what it has, which code is due, and what is missing.
fn of_account(context: &mut Context<'_>) -> Result<(), CliError> {
    let account = context.account_name()?;
    let known = context.admin(|admin| admin.find(&account))?;
    let Some(known) = known else {
        let document = json!({ "account": account.as_str(), "credentials": [] });
        return Ok(context.output.show(&document, || {
            format!(
                "{account} has nothing yet.\n\n\
                 For a phone or a computer of your own, make an app password: {0} add app-password\n\
                 For machines that are not yours, codes on paper:             {0} add sheet\n\
                 or on a phone:                                               {0} add totp\n",
                context.called()
            )
        })?);
    };
    show::run(context, &account)?;
    if context.output.json {
        return Ok(());
    }
    let has = |wanted: fn(&Kind) -> bool| {
        let mut credentials = known.credentials();
        credentials.any(|one| one.state == State::Live && wanted(&one.kind))
    };
    if has(|kind| matches!(kind, Kind::Sheet { .. } | Kind::Sequence { .. })) {
        crate::output::write(b"\n")?;
        challenge::run(context)?;
    }
    let called = context.called();
    let mut next = String::new();
    for credential in known
        .credentials()
        .filter(|one| one.state == State::Pending)
    {
        next += &format!(
            "\nIt waits for a code: {called} confirm {}\n",
            credential.id
        );
    }
    if !has(|kind| matches!(kind, Kind::AppPassword { .. })) {
        next += &format!("\nFor a phone or a computer of your own: {called} add app-password\n");
    }
    Ok(crate::output::write(next.as_bytes())?)
}
