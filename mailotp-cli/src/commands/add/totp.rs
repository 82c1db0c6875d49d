//! `add totp`.

use std::io::{self, IsTerminal};
use std::path::Path;

use mailotp_core::admin::{Added, NewTotp, Secrets, Wish};
use mailotp_core::credential::totp;
use serde_json::json;
use zeroize::Zeroizing;

use super::{describe, file, with};
use crate::cli::{Add, Algorithm, QrFormat};
use crate::context::{Context, host_name};
use crate::error::{CliError, FAILED};
use crate::{input, output, qr};

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
    if *qr == Some(QrFormat::Png)
        && output.is_none()
        && (context.cli.json || io::stdout().is_terminal())
    {
        return Err(CliError::usage(
            "a PNG does not fit a terminal",
            "Add: --output FILE",
        ));
    }
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
    if let Err(error) = hand_out(context, &added, *qr, output.as_deref(), *no_confirm) {
        // What nobody has seen must not stay, live or pending.
        let name = added.known.account.name.clone();
        context.admin(|admin| {
            let known = admin.account(&name)?;
            admin.revoke(&known, &[&added.credential])
        })?;
        return Err(CliError::new(
            error.exit,
            format!("{}: nothing was added", error.message),
            error.remedy,
        ));
    }
    if !no_confirm && !context.cli.json && io::stdin().is_terminal() && io::stdout().is_terminal() {
        return confirm_now(context, &added);
    }
    Ok(())
}

fn hand_out(
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
    let drawn = |default| qr::draw(uri, format.unwrap_or(default)).map(Zeroizing::new);
    let document = with(describe(credential), [("uri", json!(uri.as_str()))]);
    let next = if live {
        "It is live.\n".to_owned()
    } else {
        format!(
            "It is live once a code has confirmed it: mailotp-cli --user {} confirm {}\n",
            added.known.account.name, credential.id
        )
    };
    if let Some(path) = output {
        file::write_new(path, &drawn(QrFormat::Png)?)?;
        let said = || {
            format!(
                "The QR code of \"{}\" ({}) is in {}\n{next}",
                credential.label,
                credential.id,
                path.display()
            )
        };
        return Ok(context
            .output
            .show(&with(document, [("output", json!(path))]), said)?);
    }
    if context.cli.json {
        return Ok(context.output.show(&document, String::new)?);
    }
    if matches!(format, Some(QrFormat::Png | QrFormat::Svg)) {
        return Ok(output::write(&drawn(QrFormat::Svg)?)?);
    }
    let picture = drawn(QrFormat::Terminal)?;
    output::write(&picture)?;
    output::write(format!("\n\"{}\" ({})\n", credential.label, credential.id).as_bytes())?;
    output::write(uri.as_bytes())?;
    Ok(output::write(format!("\n\n{next}").as_bytes())?)
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
