//! `show`: what an account has.

use mailotp_core::account::{Credential, PinOwner, Pinned, State};
use mailotp_core::authenticate::account_bucket;
use mailotp_core::clock::Timestamp;
use mailotp_core::request::AccountName;
use mailotp_core::store::Store;
use serde_json::{Value, json};

use super::add::{describe, with};
use crate::context::Context;
use crate::error::CliError;
use crate::{output, time};

pub fn run(context: &mut Context<'_>, account: &AccountName) -> Result<(), CliError> {
    let known = context.admin(|admin| admin.account(account))?;
    let (owner, limit) = account_bucket(&context.site.config, known.account.id);
    let bucket = context
        .store
        .bucket(&owner)
        .map_err(mailotp_core::site::SiteError::from)?;
    let left = bucket.left(limit, context.now);
    let full_at = (bucket.full_at > context.now).then_some(bucket.full_at);
    let pin = known.snapshot.pin().map(|(owner, _)| match owner {
        PinOwner::Account(_) => "own",
        PinOwner::Site => "site",
    });
    let document = json!({
        "account": known.account.name.as_str(),
        "credentials": known.credentials().map(entry).collect::<Vec<_>>(),
        "budget": { "left": left, "of": limit.burst, "full_at": time::utc_or_null(full_at) },
        "locked": known.account.locked,
        "expires": time::utc_or_null(known.account.expires),
        "pin": pin,
    });
    let now = context.now;
    Ok(context.output.show(&document, || {
        let name = &known.account.name;
        let rows: Vec<Vec<String>> = known
            .credentials()
            .map(|credential| row(credential, now))
            .collect();
        let mut text = if rows.is_empty() {
            format!("{name} has nothing yet. Begin with: mailotp-cli --user {name} add sheet\n")
        } else {
            output::table(
                &[
                    "ID",
                    "KIND",
                    "LABEL",
                    "FOR",
                    "EXPIRES",
                    "LAST USED",
                    "LEFT",
                    "STATE",
                ],
                rows,
            )
        };
        for credential in known.credentials() {
            if super::challenge::wants_a_new_one(&known, credential, now) {
                text += &format!("\n{}", super::challenge::low(&known, credential));
            }
        }
        match pin {
            Some("own") => text += "\nThe account's PIN belongs before every code.\n",
            Some(_) => text += "\nThe site's PIN belongs before every code.\n",
            None => {}
        }
        if left < limit.burst {
            let full = full_at.map_or_else(String::new, |at| {
                format!(", all of them again at {}", time::local(at))
            });
            text += &format!(
                "\nGuesses of digit codes and PINs left: {left} of {}{full}\n",
                limit.burst
            );
        }
        if known.account.locked {
            text += &format!(
                "\nThe account is locked. Unlock it with: mailotp-cli user unlock {name}\n"
            );
        }
        if let Some(end) = known.account.expires {
            let word = if end <= now { "has expired" } else { "expires" };
            text += &format!(
                "\nThe account {word} at {}. Take that back with: mailotp-cli user unlock {name}\n",
                time::local(end)
            );
        }
        text
    })?)
}

fn entry(credential: &Credential) -> Value {
    let last_used = credential.last_used.as_ref().map(
        |last| json!({ "at": time::utc(last.at), "service": last.service, "remote": last.remote }),
    );
    with(
        describe(credential),
        [
            ("created", json!(time::utc(credential.created))),
            ("last_used", json!(last_used)),
            ("left", json!(credential.left())),
            ("state", json!(state(credential))),
            ("pinned", json!(pinned(credential))),
        ],
    )
}

/// The one service that it is for: none is known yet where it is empty.
fn pinned(credential: &Credential) -> Option<&str> {
    match &credential.scope.pinned {
        Pinned::No => None,
        Pinned::Open => Some(""),
        Pinned::To(service) => Some(service),
    }
}

fn row(credential: &Credential, now: Timestamp) -> Vec<String> {
    let scope = &credential.scope;
    let mut places = match &scope.pinned {
        Pinned::No => scope.services.clone(),
        Pinned::Open => vec!["first service".into()],
        Pinned::To(service) => vec![service.clone()],
    };
    places.extend(scope.from.iter().map(ToString::to_string));
    let last = credential.last_used.as_ref();
    vec![
        credential.id.to_string(),
        credential.kind.as_str().into(),
        credential.label.clone(),
        if places.is_empty() {
            "all".into()
        } else {
            places.join(" ")
        },
        scope.expires.map_or_else(|| "never".into(), time::local),
        last.map_or_else(
            || "never".into(),
            |last| format!("{} {} {}", time::local(last.at), last.service, last.remote),
        ),
        credential
            .left()
            .map_or_else(String::new, |left| left.to_string()),
        if credential.state == State::Live && !credential.is_live(now) {
            "over"
        } else {
            state(credential)
        }
        .into(),
    ]
}

fn state(credential: &Credential) -> &'static str {
    match credential.state {
        State::Pending => "pending",
        State::Live => "live",
        State::Suspended => "suspended",
        State::Revoked => "revoked",
    }
}
