//! `rule`: what an account asks of its own logins, beside the administrator's rules.

use mailotp_core::request::Service;
use mailotp_core::rule::{Accept, Means, Own};
use serde_json::{Value, json};

use crate::cli::{self, NewRule};
use crate::context::Context;
use crate::error::CliError;
use crate::output;

pub fn run(context: &mut Context<'_>, action: &cli::Rule) -> Result<(), CliError> {
    match action {
        cli::Rule::List => list(context),
        cli::Rule::Add(new) => add(context, new),
        cli::Rule::Remove { ids } => remove(context, ids),
    }
}

fn list(context: &mut Context<'_>) -> Result<(), CliError> {
    let known = context.known()?;
    let rules = &known.snapshot.rules;
    let document: Vec<Value> = rules
        .iter()
        .map(|own| describe(own.id.as_str(), &own.rule))
        .collect();
    Ok(context.output.show(&json!(document), || {
        if rules.is_empty() {
            let name = &known.account.name;
            return format!("{name} has no rules of its own: the administrator's decide.\n");
        }
        let rows = rules.iter().map(|own| {
            let all = |words: Vec<String>| match words.is_empty() {
                true => "all".to_owned(),
                false => words.join(" "),
            };
            let accept = accepted(&own.rule);
            vec![
                own.id.to_string(),
                all(services(&own.rule)),
                all(places(&own.rule)),
                if accept.is_empty() {
                    "nothing".to_owned()
                } else {
                    accept.join(" ")
                },
            ]
        });
        output::table(&["ID", "FOR", "FROM", "ACCEPTS"], rows.collect())
    })?)
}

fn add(context: &mut Context<'_>, new: &NewRule) -> Result<(), CliError> {
    let rule = read(new)?;
    let known = context.known()?;
    let id = context.admin(|admin| admin.add_rule(&known, rule.clone()))?;
    let may_exempt = context.site.config.may_exempt;
    Ok(context.output.show(&describe(id.as_str(), &rule), || {
        let narrows = if may_exempt && rule.from.is_some() {
            "decides there, in the place of the administrator's"
        } else {
            "narrows what the administrator's rules accept"
        };
        format!("Rule {id} {narrows}.\n")
    })?)
}

fn remove(context: &mut Context<'_>, ids: &[String]) -> Result<(), CliError> {
    let known = context.known()?;
    let removed = context.admin(|admin| admin.remove_rules(&known, ids))?;
    let ids: Vec<&str> = removed.iter().map(|id| id.as_str()).collect();
    Ok(context.output.show(&json!({ "removed": ids }), || {
        ids.iter().map(|id| format!("removed  {id}\n")).collect()
    })?)
}

fn read(new: &NewRule) -> Result<Own, CliError> {
    let service = |name: &String| {
        Service::new(name)
            .map(|service| service.as_str().to_owned())
            .map_err(|why| {
                let message = format!("\"{}\": {why}", name.escape_debug());
                CliError::usage(message, "Correct --service.")
            })
    };
    let place = |text: &String| {
        text.parse()
            .map_err(|why| CliError::usage(why, "Correct --from."))
    };
    let means = |name: &String| {
        Means::parse(name).ok_or_else(|| {
            CliError::usage(
                format!("\"{}\" is nothing that a rule accepts", name.escape_debug()),
                "Write password, app-password, otp or password+otp.",
            )
        })
    };
    let accept = Accept(new.accept.iter().map(means).collect::<Result<_, _>>()?);
    if accept.has(Means::Password) && accept.has(Means::PasswordOtp) {
        return Err(CliError::usage(
            "\"password\" beside \"password+otp\": the password alone would always do",
            "Leave one of the two out.",
        ));
    }
    let services = new.service.iter().map(service).collect::<Result<_, _>>()?;
    let from = new.from.iter().map(place).collect::<Result<_, _>>()?;
    Ok(Own {
        services: (!new.service.is_empty()).then_some(services),
        from: (!new.from.is_empty()).then_some(from),
        accept,
    })
}

fn describe(id: &str, rule: &Own) -> Value {
    json!({
        "id": id,
        "services": services(rule),
        "from": places(rule),
        "accept": accepted(rule),
    })
}

fn services(rule: &Own) -> Vec<String> {
    rule.services.iter().flatten().cloned().collect()
}

fn places(rule: &Own) -> Vec<String> {
    rule.from
        .iter()
        .flatten()
        .map(ToString::to_string)
        .collect()
}

fn accepted(rule: &Own) -> Vec<&'static str> {
    rule.accept.0.iter().map(|means| means.as_str()).collect()
}
