//! `clock accept`: the clock was ahead once, and is right now.

use mailotp_core::authenticate::Budgets;
use serde_json::json;

use crate::cli::Clock;
use crate::context::Context;
use crate::error::CliError;
use crate::time;

pub fn run(context: &mut Context<'_>, action: &Clock) -> Result<(), CliError> {
    let Clock::Accept = action;
    let within = Budgets::full_within(&context.site.config);
    context.admin(|admin| admin.accept_clock(within))?;
    let now = context.now;
    let document = json!({ "accepted": time::utc(now) });
    let said = || {
        format!(
            "{} is right: windows and TOTP go on from here.\n",
            time::local(now)
        )
    };
    Ok(context.output.show(&document, said)?)
}
