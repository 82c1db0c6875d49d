//! `rename`: another label.

use serde_json::json;

use crate::context::Context;
use crate::error::CliError;

pub fn run(context: &mut Context<'_>, name: &str, label: &str) -> Result<(), CliError> {
    let known = context.known()?;
    let credential = known.credential(name)?;
    context.admin(|admin| admin.rename(&known, credential, label))?;
    let label = label.trim();
    let document = json!({ "id": credential.id.as_str(), "label": label });
    Ok(context.output.show(&document, || {
        format!("{} is \"{label}\" now.\n", credential.id)
    })?)
}
