//! `key`: the keys that seal what is in the store.

use mailotp_core::admin::{AdminError, KeyUse};
use mailotp_core::crypto::Standing;
use mailotp_core::site;
use serde_json::{Value, json};

use crate::cli::Key;
use crate::context::Context;
use crate::error::{CliError, FAILED};
use crate::output;

pub fn run(context: &mut Context<'_>, action: &Key) -> Result<(), CliError> {
    match action {
        Key::List => list(context),
        Key::Add => add(context),
        Key::Use { id } => seal_with(context, id.as_deref()),
        Key::Retire { id } => retire(context, id.as_deref()),
    }
}

fn list(context: &mut Context<'_>) -> Result<(), CliError> {
    let keys = context.admin(|admin| admin.keys())?;
    let document: Vec<Value> = keys
        .iter()
        .map(|key| {
            json!({ "id": key.id.to_string(), "standing": standing(key), "sealed": key.sealed })
        })
        .collect();
    Ok(context.output.show(&json!(document), || {
        let row = |key: &KeyUse| {
            let count = key.sealed.to_string();
            vec![key.id.to_string(), standing(key).to_owned(), count]
        };
        output::table(
            &["KEY", "STANDING", "SECRETS"],
            keys.iter().map(row).collect(),
        )
    })?)
}

fn standing(key: &KeyUse) -> &'static str {
    match key.standing {
        Some(Standing::Seals) => "seals",
        Some(Standing::Opens) => "opens",
        Some(Standing::New) => "new",
        None => "missing",
    }
}

fn add(context: &mut Context<'_>) -> Result<(), CliError> {
    let id = context.admin(|admin| admin.add_key())?;
    let path = context.site.config.key.clone();
    let document = json!({ "id": id.to_string(), "key": path });
    Ok(context.output.show(&document, || {
        format!(
            "The key {id} is in {}. Nothing is sealed with it yet.\n\
             Next: copy the file to every other host that uses this store, and keep a copy apart;\n\
             then: mailotp-cli key use\n",
            path.display()
        )
    })?)
}

/// The ring's file first: from then on whatever is sealed is sealed with the key. Where this is broken off,
/// everything opens as before, and the next run goes on.
fn seal_with(context: &mut Context<'_>, name: Option<&str>) -> Result<(), CliError> {
    let before = context.admin(|admin| admin.keys())?;
    let (id, _) = context.admin(|admin| admin.use_key(name))?;
    context.site.keys = site::load_keys(&context.site.config.key)?;
    let others = before.iter().filter(|key| key.id != id);
    let of = others.map(|key| key.sealed).sum::<u64>() as u32;
    let json = context.cli.json;
    let sealed = context.admin(|admin| {
        admin.seal_again(|done| {
            let done = (done as u32).min(of);
            output::Output::new(json).progress("secrets sealed again:", done, of);
        })
    })?;
    if let Some((count, why)) = sealed.left {
        return Err(CliError::new(
            FAILED,
            format!(
                "the key {id} seals from now on, but {count} secrets could not be opened, and stay as they are: {why}"
            ),
            why.remedy(),
        ));
    }
    let old: Vec<String> = before
        .iter()
        .filter(|key| key.id != id && key.standing == Some(Standing::Seals))
        .map(|key| key.id.to_string())
        .collect();
    let document = json!({ "id": id.to_string(), "sealed": sealed.done });
    Ok(context.output.show(&document, || {
        let mut text = format!(
            "The key {id} seals from now on; {} secrets were sealed again.\n",
            sealed.done
        );
        if let [old] = &old[..] {
            text += &format!(
                "All windows are closed. mailotp cannot see other hosts: one that has not got this key refuses \
                 logins now.\n\
                 Next: copy the key file to every other host once more, so that it seals with this key, too;\n\
                 then: mailotp-cli key retire {old}\n"
            );
        }
        text
    })?)
}

fn retire(context: &mut Context<'_>, name: Option<&str>) -> Result<(), CliError> {
    let id = context
        .admin(|admin| admin.retire_key(name))
        .map_err(|error| match error {
            AdminError::WhichKey => CliError::usage(
                error.to_string(),
                "Name it, as it stands in: mailotp-cli key list",
            ),
            other => other.into(),
        })?;
    let document = json!({ "retired": id.to_string() });
    Ok(context.output.show(&document, || {
        format!(
            "The key {id} is gone from the key ring. Copies of the file, and backups with it, still have it:\n\
             old backups open with it alone.\n"
        )
    })?)
}
