//! `add totp`.

use std::io::{self, IsTerminal};
use std::path::Path;

use mailotp_core::admin::{Added, NewTotp, Secrets, Wish};
use mailotp_core::credential::totp;
use serde_json::json;
use zeroize::Zeroizing;

use super::hand_out::{self, HandOut, picture};
use super::{describe, with, withdraw};
use crate::cli::{Add, Algorithm, QrFormat};
use crate::context::{Context, host_name};
use crate::error::{CliError, FAILED};
use crate::input;

pub fn run(context: &mut Context<'_>, add: &Add) -> Result<(), CliError> {
    let Add::Totp {
        label,
        algorithm,
        digits,
        period,
        qr,
        output,
        no_confirm,
        secret_file,
    } = add
    else {
        return Ok(());
    };
    hand_out::check(context, *qr, output.as_deref())?;
    let account = context.account_name()?;
    let seed = secret_file.as_deref().map(read_seed).transpose()?;
    let issuer = match context.site.config.issuer.as_str() {
        "" => host_name(),
        issuer => issuer.to_owned(),
    };
    let new = NewTotp {
        algorithm: match algorithm {
            Algorithm::Sha1 => totp::Algorithm::Sha1,
            Algorithm::Sha256 => totp::Algorithm::Sha256,
            Algorithm::Sha512 => totp::Algorithm::Sha512,
        },
        digits: *digits,
        period: *period,
        seed,
        issuer,
    };
    let wish = Wish {
        account: &account,
        new_account: context.cli.new,
        label: label.as_deref(),
        scope: Default::default(),
        live: *no_confirm,
    };
    let added = context.admin(|admin| admin.add_totp(&wish, new))?;
    if let Err(error) = give(context, &added, *qr, output.as_deref(), *no_confirm) {
        return withdraw(context, &added, error);
    }
    if !no_confirm && !context.cli.json && io::stdin().is_terminal() && io::stdout().is_terminal() {
        return confirm_now(context, &added);
    }
    Ok(())
}

fn give(
    context: &Context<'_>,
    added: &Added,
    format: Option<QrFormat>,
    output: Option<&Path>,
    live: bool,
) -> Result<(), CliError> {
    let Secrets::Totp(uri) = &added.secrets else {
        return Ok(());
    };
    let credential = &added.credential;
    let next = if live {
        "It is live.\n".to_owned()
    } else {
        format!(
            "It is live once a code has confirmed it: mailotp-cli --user {} confirm {}\n",
            added.known.account.name, credential.id
        )
    };
    let in_file = |path: &Path| {
        let (label, id, path) = (&credential.label, &credential.id, path.display());
        format!("The QR code of \"{label}\" ({id}) is in {path}\n{next}")
    };
    let below = || {
        let (label, id) = (&credential.label, &credential.id);
        Zeroizing::new(format!("\n\"{label}\" ({id})\n{}\n\n{next}", uri.as_str()))
    };
    HandOut {
        document: with(describe(credential), [("uri", json!(uri.as_str()))]),
        content: &|| picture(uri, format, output, &below),
        in_file: &in_file,
    }
    .give(context, output)
}

fn confirm_now(context: &mut Context<'_>, added: &Added) -> Result<(), CliError> {
    let code = input::secret("The code that it shows now (empty: later): ")?;
    if code.is_empty() {
        return Ok(());
    }
    super::super::confirm::confirm(context, added.credential.id.as_str(), &code)
}

fn read_seed(path: &Path) -> Result<Zeroizing<Vec<u8>>, CliError> {
    let failed = |why: String| {
        CliError::new(
            FAILED,
            format!("{}: {why}", path.display()),
            "Correct --secret-file.",
        )
    };
    let text = std::fs::read(path)
        .map(Zeroizing::new)
        .map_err(|why| failed(why.to_string()))?;
    std::str::from_utf8(&text)
        .ok()
        .and_then(totp::parse_seed)
        .ok_or_else(|| failed("it holds no seed in base32 (RFC 4648)".into()))
}
