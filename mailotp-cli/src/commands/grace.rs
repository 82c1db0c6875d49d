//! `grace`: the open windows.

use mailotp_core::admin::AdminError;
use mailotp_core::id::CredentialId;
use mailotp_core::window::Window;
use serde_json::{Value, json};

use crate::cli::Grace;
use crate::context::Context;
use crate::error::CliError;
use crate::{output, time};

pub fn run(context: &mut Context<'_>, action: &Grace) -> Result<(), CliError> {
    match action {
        Grace::List => list(context),
        Grace::End { ids } => end(context, ids),
    }
}

fn open_windows(
    context: &mut Context<'_>,
) -> Result<(mailotp_core::admin::Known, Vec<Window>), CliError> {
    let known = context.known()?;
    let (limits, now) = (context.site.config.grace, context.now);
    let policy = mailotp_core::decide::policy(&context.site.config, &context.site.keys);
    let open = |window: &&Window| window.is_open(limits, now) && window.key.policy == policy;
    let windows = known
        .snapshot
        .windows
        .iter()
        .filter(open)
        .cloned()
        .collect();
    Ok((known, windows))
}

fn list(context: &mut Context<'_>) -> Result<(), CliError> {
    let (known, windows) = open_windows(context)?;
    let limits = context.site.config.grace;
    let label = |window: &Window| {
        let credential = known
            .snapshot
            .credentials
            .iter()
            .find(|credential| credential.id == window.credential);
        credential.map_or_else(String::new, |credential| credential.label.clone())
    };
    let document: Vec<Value> = windows
        .iter()
        .map(|window| {
            json!({
                "id": window.id.as_str(),
                "service": window.service,
                "remote": window.remote,
                "credential": window.credential.as_str(),
                "opened": time::utc(window.opened),
                "idle_until": time::utc(window.idle_until(limits)),
                "until": time::utc(window.until(limits)),
            })
        })
        .collect();
    Ok(context.output.show(&json!(document), || {
        if windows.is_empty() {
            return "No window is open.\n".into();
        }
        let rows = windows.iter().map(|window| {
            vec![
                window.id.to_string(),
                window.service.clone(),
                window.remote.clone(),
                label(window),
                time::local(window.opened),
                time::local(window.idle_until(limits).min(window.until(limits))),
            ]
        });
        output::table(
            &["ID", "SERVICE", "FROM", "CREDENTIAL", "OPENED", "ENDS"],
            rows.collect(),
        )
    })?)
}

fn end(context: &mut Context<'_>, ids: &[String]) -> Result<(), CliError> {
    let (known, open) = open_windows(context)?;
    let mut ended: Vec<CredentialId> = Vec::new();
    for id in ids {
        let window = open.iter().find(|window| window.id.as_str() == id);
        let window = window.ok_or_else(|| AdminError::NoWindow {
            account: known.account.name.to_string(),
            name: id.clone(),
        })?;
        if !ended.contains(&window.id) {
            ended.push(window.id.clone());
        }
    }
    let chosen = if ids.is_empty() {
        ended.extend(open.iter().map(|window| window.id.clone()));
        None
    } else {
        Some(ended.clone())
    };
    context.admin(|admin| admin.end_windows(&known, chosen))?;
    let names: Vec<&str> = ended.iter().map(CredentialId::as_str).collect();
    let count = names.len();
    Ok(context.output.show(&json!({ "ended": names }), || {
        format!("{count} window(s) ended.\n")
    })?)
}
