//! `check`: a real login, for programs that do not speak PAM.

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
        "What was typed: ",
        "Pass it on as it was typed.",
    )?;
    let now = std::time::SystemTime::now().into();
    let report = door::at(&context.site, None, |door| door.login(request, now));
    if report.answer == Answer::Unavailable {
        let problem = report.problem.unwrap_or_default();
        return Err(CliError::new(UNUSABLE, problem, "Look at: mailotp-cli log"));
    }
    let user = report.user.as_ref().map(|user| user.as_str());
    let result = report.event.result;
    let document = json!({ "result": result.as_str(), "user": user });
    context.output.show(&document, || format!("{result}\n"))?;
    let lets_in = report.answer == Answer::Accept && result.is_right();
    if lets_in {
        Ok(())
    } else {
        Err(CliError::silent(FAILED))
    }
}
