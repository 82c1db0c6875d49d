//! `show`: what an account has.

use mailotp_core::account::{Credential, PinOwner, Pinned, State};
use mailotp_core::authenticate::{Budgets, Left, Refused};
use mailotp_core::clock::Timestamp;
use mailotp_core::request::AccountName;
use serde_json::{Value, json};

use super::add::{describe, with};
use crate::context::Context;
use crate::error::CliError;
use crate::{output, time};

pub fn run(context: &mut Context<'_>, account: &AccountName) -> Result<(), CliError> {
    let known = context.admin(|admin| admin.account(account))?;
    let buckets = context.store.buckets(known.account.id);
    let buckets = buckets.map_err(mailotp_core::site::SiteError::from)?;
    let budgets = Budgets::of(&context.site.config, &buckets, context.now);
    let pin = known.snapshot.pin().map(|(owner, _)| match owner {
        PinOwner::Account(_) => "own",
        PinOwner::Site => "site",
    });
    let document = json!({
        "account": known.account.name.as_str(),
        "credentials": known.credentials().map(entry).collect::<Vec<_>>(),
        "budget": budget(&budgets),
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
        text += &guesses(&budgets, pin.is_some());
        if !budgets.networks.is_empty() || budgets.digits.left == 0 {
            text += &format!("Give all guesses back with: mailotp-cli user forgive {name}\n");
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

fn budget(budgets: &Budgets) -> Value {
    let left = |left: &Left| {
        json!({
            "left": left.left,
            "of": left.of,
            "next_at": time::utc_or_null(left.next_at),
            "full_at": time::utc_or_null(left.full_at),
        })
    };
    let networks = budgets.networks.iter().map(|(network, refused, next_at)| {
        json!({
            "network": network.as_str(),
            "refused": refused.as_str(),
            "next_at": time::utc(*next_at),
        })
    });
    let others = [
        ("pin", left(&budgets.pin)),
        ("networks", networks.collect::<Vec<_>>().into()),
    ];
    with(left(&budgets.digits), others)
}

/// What is missing, in words.
fn guesses(budgets: &Budgets, has_pin: bool) -> String {
    let left = |what: &str, left: &Left| match (left.next_at, left.full_at) {
        (Some(next), Some(full)) => {
            let (next, full) = (time::local(next), time::local(full));
            let (left, of) = (left.left, left.of);
            format!("\n{what}: {left} of {of}, one more at {next}, all of them at {full}\n")
        }
        _ => String::new(),
    };
    let mut text = left("Guesses of digit codes left", &budgets.digits);
    if has_pin {
        text += &left("Guesses of the PIN left", &budgets.pin);
    }
    if !budgets.networks.is_empty() {
        let rows = budgets.networks.iter().map(|(network, refused, next_at)| {
            let refused = match refused {
                Refused::Codes => "all codes",
                Refused::Digits => "digit codes and PINs",
                Refused::Windows => "digit codes whose window is open",
            };
            vec![
                network.as_str().to_owned(),
                refused.to_owned(),
                time::local(*next_at),
            ]
        });
        text += "\nToo many wrong guesses came from here:\n";
        text += &output::table(&["NETWORK", "REFUSES", "UNTIL"], rows.collect());
    }
    text
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
