//! `verify`: a whole login, dry. Nothing is spent and no window opens; a wrong answer is charged like any
//! other, so that this is no way around the budgets.

use mailotp_core::audit::Verdict;
use mailotp_core::decide::Answer;
use serde_json::json;

use crate::context::Context;
use crate::door;
use crate::error::{CliError, FAILED, UNUSABLE};

pub fn run(context: &mut Context<'_>, service: &str, from: &str) -> Result<(), CliError> {
    let request = door::request(
        context,
        service,
        from,
        "What would be typed: ",
        "Type it as at a login.",
    )?;
    let now = std::time::SystemTime::now().into();
    let report = door::at(&context.site, None, |door| {
        door.verify(request, &context.actor, now)
    });
    let event = &report.event;
    let would = event.would.unwrap_or(event.result);
    let lets_in = would.is_right() || would == Verdict::Passed;
    // Why something is wrong helps whoever guesses; an administrator has the log anyway.
    let says_why = lets_in || context.is_administrator;
    let document = json!({
        "result": would.as_str(),
        "reason": says_why.then(|| event.reason.as_str()),
        "rule": event.rule,
        "kind": event.kind.as_ref().filter(|_| says_why),
        "credential": event.credential.as_ref().filter(|_| says_why),
    });
    if let Some(problem) = report
        .problem
        .filter(|_| report.answer == Answer::Unavailable)
    {
        return Err(CliError::new(UNUSABLE, problem, "Look at: mailotp-cli log"));
    }
    if !lets_in && !context.cli.json {
        let message = if says_why {
            format!("it would be {would}: {}", event.reason)
        } else {
            format!("it would be {would}")
        };
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
