//! `confirm`: what was added becomes live.

use mailotp_core::admin::Admin;
use serde_json::json;

use super::add::is_live;
use crate::context::Context;
use crate::error::CliError;
use crate::input;

pub fn run(context: &mut Context<'_>, name: &str) -> Result<(), CliError> {
    let known = context.known()?;
    let credential = known.credential(name)?;
    let code = if Admin::wants_code(credential) {
        input::secret("The code that it shows now: ")?
    } else {
        Default::default()
    };
    confirm(context, name, &code)
}

/// Confirms with a code that was typed.
pub fn confirm(context: &mut Context<'_>, name: &str, code: &str) -> Result<(), CliError> {
    // A prompt may have taken its time: the code is judged by the clock of now.
    context.now = std::time::SystemTime::now().into();
    let known = context.known()?;
    let credential = known.credential(name)?;
    context.admin(|admin| admin.confirm(&known, credential, code))?;
    is_live(context, &known.account.name, credential);
    let document = json!({
        "id": credential.id.as_str(), "kind": credential.kind.as_str(), "label": credential.label,
    });
    let said = || format!("\"{}\" ({}) is live.\n", credential.label, credential.id);
    Ok(context.output.show(&document, said)?)
}
