//! `verify`: a whole login, dry. Nothing is spent and no window opens; a wrong answer is charged like any
//! other, so that this is no way around the budgets.

use mailotp_core::audit::Verdict;
use mailotp_core::authenticate::Door;
use mailotp_core::crypto::HeapArena;
use mailotp_core::decide::Answer;
use mailotp_core::request::{Request, Secret};
use serde_json::json;

use super::explain;
use crate::context::{Context, System, actor, host_name};
use crate::error::{CliError, FAILED, UNUSABLE};
use crate::input;

pub fn run(context: &mut Context<'_>, service: &str, from: &str) -> Result<(), CliError> {
    let (service, remote) = explain::place(service, from)?;
    let account = context.account_name()?;
    let typed = input::secret("What would be typed: ")?;
    let secret = Secret::new(typed.as_bytes().to_vec().into())
        .map_err(|why| CliError::new(FAILED, why.to_string(), "Type it as at a login."))?;
    let request = Request {
        account,
        service,
        remote,
        secret,
        alias: None,
        second_step: false,
    };
    let (site, host) = (&context.site, host_name());
    let mut door = Door {
        site,
        open_store: &mut || Ok(Box::new(site.open_store()?)),
        random: &mut System,
        arena: &mut HeapArena,
        host: &host,
        mark: &mut |generation| site.mark().note(generation),
    };
    let report = door.verify(request, &actor(), std::time::SystemTime::now().into());
    let event = &report.event;
    let would = event.would.unwrap_or(event.result);
    let document = json!({
        "result": would.as_str(),
        "reason": event.reason.as_str(),
        "rule": event.rule,
        "kind": event.kind,
        "credential": event.credential,
    });
    let lets_in = matches!(
        would,
        Verdict::Accepted | Verdict::Continued | Verdict::Passed
    );
    if let Some(problem) = report
        .problem
        .filter(|_| report.answer == Answer::Unavailable)
    {
        return Err(CliError::new(UNUSABLE, problem, "Look at: mailotp-cli log"));
    }
    if !lets_in && !context.cli.json {
        let message = format!("it would be {would}: {}", event.reason);
        let remedy = "Its reasons are in mailotp-cli(8); what would do there: mailotp-cli explain";
        return Err(CliError::new(FAILED, message, remedy));
    }
    context.output.show(&document, || match would {
        Verdict::Passed => format!("It would be left to the next module: {}\n", event.reason),
        _ => format!("It would be let in: {}\n", event.reason),
    })?;
    if lets_in {
        Ok(())
    } else {
        Err(CliError::silent(FAILED))
    }
}
