//! `add totp` and `add hotp`.

use std::path::Path;

use mailotp_core::account::Scope;
use mailotp_core::admin::{Added, Moving, NewOath, Secrets, Wish};
use mailotp_core::credential::oath;
use serde_json::json;
use zeroize::Zeroizing;

use super::hand_out::{self, HandOut, picture};
use super::{Making, describe, is_live, with, withdraw};
use crate::cli::{Algorithm, Hotp, Oath, QrFormat, Totp};
use crate::context::{Context, host_name};
use crate::error::{CliError, FAILED};
use crate::{input, terminal};

/// How a credential reaches the device that will show its codes.
pub struct Drawing<'a> {
    /// As what.
    pub qr: Option<QrFormat>,
    /// Into which file; `None`: onto standard output.
    pub output: Option<&'a Path>,
    /// Good at once; else once a code has confirmed it.
    pub live: bool,
}

pub fn add_totp(context: &mut Context<'_>, wanted: &Totp) -> Result<(), CliError> {
    add(context, &wanted.oath, Moving::Period(wanted.period))
}

pub fn add_hotp(context: &mut Context<'_>, wanted: &Hotp) -> Result<(), CliError> {
    add(context, &wanted.oath, Moving::Counter(wanted.counter))
}

fn add(context: &mut Context<'_>, wanted: &Oath, moving: Moving) -> Result<(), CliError> {
    let seed = wanted.secret_file.as_deref().map(read_seed).transpose()?;
    let new = NewOath {
        algorithm: match wanted.algorithm {
            Algorithm::Sha1 => oath::Algorithm::Sha1,
            Algorithm::Sha256 => oath::Algorithm::Sha256,
            Algorithm::Sha512 => oath::Algorithm::Sha512,
        },
        digits: wanted.digits,
        moving,
        seed,
        issuer: String::new(),
    };
    let drawing = Drawing {
        qr: wanted.qr,
        output: wanted.output.as_deref(),
        live: wanted.no_confirm,
    };
    let making = Making::new(&wanted.label, Scope::default());
    make(context, &making, new, &drawing)
}

/// Makes one, and shows it once.
pub fn make(
    context: &mut Context<'_>,
    making: &Making,
    new: NewOath,
    drawing: &Drawing<'_>,
) -> Result<(), CliError> {
    hand_out::check(context, drawing.qr, drawing.output)?;
    let account = context.account_name()?;
    let issuer = match context.site.config.issuer.as_str() {
        "" => host_name(),
        issuer => issuer.to_owned(),
    };
    let new = NewOath { issuer, ..new };
    let wish = Wish {
        live: drawing.live,
        ..making.wish(context, &account)
    };
    let added = context.admin(|admin| admin.add_oath(&wish, new))?;
    if let Err(error) = give(context, &added, drawing) {
        return withdraw(context, &added, making, error);
    }
    if drawing.live {
        is_live(context, &account, &added.credential);
    }
    if !drawing.live && !context.cli.json && terminal::can_ask() && terminal::is_read() {
        return confirm_now(context, &added);
    }
    Ok(())
}

fn give(context: &Context<'_>, added: &Added, drawing: &Drawing<'_>) -> Result<(), CliError> {
    let Secrets::Uri(uri) = &added.secrets else {
        return Ok(());
    };
    let credential = &added.credential;
    let next = if drawing.live {
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
        content: &|| picture(uri, drawing.qr, drawing.output, &below),
        in_file: &in_file,
    }
    .give(context, drawing.output)
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
    let text =
        terminal::with(|terminal| terminal.read(path)).map_err(|why| failed(why.to_string()))?;
    std::str::from_utf8(&text)
        .ok()
        .and_then(oath::parse_seed)
        .ok_or_else(|| failed("it holds no seed in base32 (RFC 4648)".into()))
}
