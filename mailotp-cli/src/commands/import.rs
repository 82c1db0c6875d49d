//! `import`: what people have in other programs. A plan first, then all of it or nothing.

mod file;
mod show;
mod words;

use std::time::{Duration, Instant};

use mailotp_core::admin::{AdminError, ImportPlan, ImportWish};
use mailotp_core::import::{self, Source};
use mailotp_core::site::SiteError;
use mailotp_core::store::StoreError;

use crate::cli::{Import, ImportKind};
use crate::context::Context;
use crate::error::{CliError, FAILED, NOT_FOUND};
use crate::output::Output;

pub fn run(context: &mut Context<'_>, wanted: &Import) -> Result<(), CliError> {
    let source = source_of(wanted.kind);
    let account = match source {
        // These say nothing of whose they are.
        Source::GoogleAuthenticator | Source::Otpw => Some(context.account_name()?),
        _ if context.cli.user.is_some() => Some(context.account_name()?),
        _ => None,
    };
    let text = file::read(&wanted.file, source)?;
    let entries =
        import::parse(source, &text).map_err(|why| file::unreadable(&wanted.file, source, why))?;
    drop(text);
    let wish = ImportWish {
        account: account.as_ref(),
        personal: source.is_personal(),
        new_accounts: context.cli.new,
    };
    let mut patience = Patience::new(context.cli.json);
    let plan = context.admin(|admin| {
        admin.plan_import(entries, &wish, &mut |done, of| {
            patience.progress("Looking at accounts", done, of)
        })
    })?;
    refuse_unknown(&plan)?;
    if !wanted.dry_run && !plan.taken.is_empty() {
        let made = context.admin(|admin| {
            admin.import(&plan, &mut |done, of| {
                patience.progress("Importing", done, of)
            })
        });
        made.map_err(failed)?;
    }
    show::show(context, wanted, account.as_ref(), &plan)?;
    let is_done = plan.left.iter().any(|left| left.why.is_done());
    if plan.taken.is_empty() && !is_done {
        let message = format!("nothing in {} can be taken over", wanted.file.display());
        return Err(CliError::new(FAILED, message, "Nothing was changed."));
    }
    Ok(())
}

fn source_of(kind: ImportKind) -> Source {
    match kind {
        ImportKind::GoogleAuthenticator => Source::GoogleAuthenticator,
        ImportKind::Oath => Source::Oath,
        ImportKind::Otpw => Source::Otpw,
        ImportKind::Opie => Source::Opie,
        ImportKind::Otpauth => Source::Otpauth,
        ImportKind::Postfixadmin => Source::PostfixAdmin,
    }
}

/// A mistyped name makes no account, and then nothing is imported: half of a file is nobody's wish.
fn refuse_unknown(plan: &ImportPlan) -> Result<(), CliError> {
    let mut names: Vec<String> = Vec::new();
    for (line, name) in &plan.nobody {
        let name = format!("\"{name}\" (line {line})");
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let more = names.len().saturating_sub(10);
    names.truncate(10);
    if names.is_empty() {
        return Ok(());
    }
    let more = match more {
        0 => String::new(),
        more => format!(", nor {more} more"),
    };
    let message = format!("there is no account {}{more}", names.join(", "));
    Err(CliError::new(
        NOT_FOUND,
        message,
        "Check the names; to make the accounts, add: --new. Nothing was changed.",
    ))
}

/// The plan knew of no such thing: it is of this moment.
fn failed(error: AdminError) -> CliError {
    match error {
        AdminError::Site(SiteError::Store(StoreError::Exists)) => CliError::new(
            FAILED,
            "somebody has enrolled some of it in the meantime: nothing was imported",
            "Run the command again.",
        ),
        other => other.into(),
    }
}

/// Says how far it is, where that takes longer than people wait.
struct Patience {
    output: Output,
    begun: Instant,
}

impl Patience {
    fn new(json: bool) -> Patience {
        Patience {
            output: Output::new(json),
            begun: Instant::now(),
        }
    }

    fn progress(&mut self, what: &str, done: usize, of: usize) {
        if self.begun.elapsed() >= Duration::from_secs(1) {
            let number = |count| u32::try_from(count).unwrap_or(u32::MAX);
            self.output.progress(what, number(done), number(of));
        }
    }
}
