//! What was made of a file, or would be, and what not.

use mailotp_core::account::{Credential, Kind};
use mailotp_core::admin::{ImportPlan, Left, Made, Taken};
use mailotp_core::request::AccountName;
use serde_json::{Value, json};

use super::super::add::{describe, with};
use super::words;
use crate::cli::Import;
use crate::context::Context;
use crate::error::CliError;
use crate::output;

pub fn show(
    context: &Context<'_>,
    wanted: &Import,
    account: Option<&AccountName>,
    plan: &ImportPlan,
) -> Result<(), CliError> {
    let config = &context.site.config;
    let remedy = |left: &Left| words::remedy(left, account, config);
    let document = json!({
        "imported": plan.taken.iter().map(|taken| imported(taken, wanted.dry_run)).collect::<Vec<_>>(),
        "skipped": plan.left.iter().map(|left| json!({
            "line": left.line,
            "account": left.account,
            "what": words::what(left),
            "why": left.why.to_string(),
            "remedy": remedy(left),
        })).collect::<Vec<_>>(),
    });
    Ok(context.output.show(&document, || {
        let mut text = taken(plan, wanted.dry_run);
        if !plan.left.is_empty() {
            text += "Not taken over:\n";
        }
        for (at, left) in plan.left.iter().enumerate() {
            text += &format!(
                "line {}: {}: {}\n",
                left.line,
                words::what_of(left),
                left.why
            );
            // Said once for several in a row.
            let said = remedy(left);
            let next = plan.left.get(at + 1).map(remedy);
            if !said.is_empty() && next.as_ref() != Some(&said) {
                for line in said.lines() {
                    text += &format!("    {line}\n");
                }
            }
        }
        if wanted.dry_run && !plan.taken.is_empty() {
            text += "\nNothing was changed. Without --dry-run it is made, all of it or nothing.\n";
        } else if !plan.taken.is_empty() {
            let file = wanted.file.display();
            text += &format!(
                "\nIt is live. Take the other program out of the PAM services, and remove {file}:\n\
                 as long as both ask for the same codes, each of them accepts every code once.\n"
            );
        }
        text
    })?)
}

fn taken(plan: &ImportPlan, dry_run: bool) -> String {
    if plan.taken.is_empty() {
        return String::new();
    }
    let rows = plan.taken.iter().map(|taken| {
        vec![
            taken.line.to_string(),
            taken.account.to_string(),
            in_words(&taken.made),
        ]
    });
    let head = match dry_run {
        true => "Would be made:\n",
        false => "Made:\n",
    };
    let space = if plan.left.is_empty() { "" } else { "\n" };
    head.to_owned() + &output::table(&["LINE", "ACCOUNT", "WHAT"], rows.collect()) + space
}

fn in_words(made: &Made) -> String {
    match made {
        Made::Credential(credential) => {
            let (kind, label) = (credential.kind.as_str(), &credential.label);
            format!("{kind} \"{label}\", {}", details(credential))
        }
        Made::Pin(_) => "the PIN before every code".to_owned(),
        Made::Rule(own) => {
            let from = own.rule.from.iter().flatten().map(ToString::to_string);
            let from: Vec<String> = from.collect();
            format!("a rule: no second factor from {}", from.join(" "))
        }
    }
}

fn details(credential: &Credential) -> String {
    match &credential.kind {
        Kind::Totp { digits, period } => format!("{digits} digits every {period} s"),
        Kind::Hotp {
            digits, counter, ..
        } => format!("{digits} digits, next counter {counter}"),
        Kind::Sequence {
            algorithm,
            seed,
            count,
        } => format!("next otp-{} {} {seed}", algorithm.as_str(), count - 1),
        _ => String::new(),
    }
}

/// A dry run makes ids that nothing will have.
fn imported(taken: &Taken, dry_run: bool) -> Value {
    let document = match &taken.made {
        Made::Credential(credential) => describe(credential),
        Made::Pin(_) => json!({ "id": null, "kind": "pin" }),
        Made::Rule(own) => {
            let from = own.rule.from.iter().flatten().map(ToString::to_string);
            let accept = own.rule.accept.0.iter().map(|means| means.as_str());
            json!({
                "id": own.id.as_str(),
                "kind": "rule",
                "from": from.collect::<Vec<_>>(),
                "accept": accept.collect::<Vec<_>>(),
            })
        }
    };
    let whose = [
        ("line", json!(taken.line)),
        ("account", json!(taken.account.as_str())),
    ];
    let document = with(document, whose);
    match dry_run {
        true => with(document, [("id", Value::Null)]),
        false => document,
    }
}
