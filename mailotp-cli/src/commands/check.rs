//! `check`: a real login, for programs that do not speak PAM.

use mailotp_core::audit::Verdict;
use mailotp_core::authenticate::Door;
use mailotp_core::decide::Answer;
use mailotp_core::request::{Request, Secret};
use serde_json::json;

use super::explain;
use crate::arena::InTurn;
use crate::context::{Context, System, host_name};
use crate::error::{CliError, FAILED, UNUSABLE};
use crate::input;

pub fn run(context: &mut Context<'_>, service: &str, from: &str) -> Result<(), CliError> {
    let (service, remote) = explain::place(service, from)?;
    let account = context.account_name()?;
    let typed = input::secret("What was typed: ")?;
    let secret = Secret::new(typed.as_bytes().to_vec().into())
        .map_err(|why| CliError::new(FAILED, why.to_string(), "Pass it on as it was typed."))?;
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
        arena: &mut InTurn,
        host: &host,
        mark: &mut |generation| site.mark().note(generation),
    };
    let report = door.login(request, std::time::SystemTime::now().into());
    if report.answer == Answer::Unavailable {
        let problem = report.problem.unwrap_or_default();
        return Err(CliError::new(UNUSABLE, problem, "Look at: mailotp-cli log"));
    }
    let user = report.user.as_ref().map(|user| user.as_str());
    let result = report.event.result;
    let document = json!({ "result": result.as_str(), "user": user });
    context.output.show(&document, || format!("{result}\n"))?;
    let lets_in =
        report.answer == Answer::Accept && matches!(result, Verdict::Accepted | Verdict::Continued);
    if lets_in {
        Ok(())
    } else {
        Err(CliError::silent(FAILED))
    }
}
