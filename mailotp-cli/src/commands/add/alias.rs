//! `add alias`.

use mailotp_core::admin::Secrets;
use serde_json::json;

use super::{Making, deliver, describe, with};
use crate::context::Context;
use crate::error::CliError;

/// Makes some, and prints them once.
pub fn make(context: &mut Context<'_>, making: &Making, count: u32) -> Result<(), CliError> {
    let account = context.account_name()?;
    let wish = making.wish(context, &account);
    let added = context.admin(|admin| admin.add_aliases(&wish, count))?;
    let Secrets::Aliases(names) = &added.secrets else {
        return Ok(());
    };
    let names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
    let credential = &added.credential;
    let document = with(describe(credential), [("aliases", json!(names))]);
    let shown = context.output.show(&document, || {
        let (label, id) = (&credential.label, &credential.id);
        let lines: String = names.iter().map(|name| format!("    {name}\n")).collect();
        format!(
            "User names \"{label}\" ({id}) for {account}:\n\n{lines}\n\
             Each stands for {account} in one login, with any of the one-time codes. \
             They are not shown again.\n"
        )
    });
    deliver(context, &added, making, shown.map_err(CliError::from))
}
