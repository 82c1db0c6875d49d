//! Handing out what is shown once: to a program, into a new file, or onto standard output.

use std::path::Path;

use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::with;
use crate::cli::QrFormat;
use crate::context::Context;
use crate::error::{CliError, FAILED};
use crate::{output, qr, terminal};

/// What is handed out.
pub struct HandOut<'a> {
    /// For programs, which get the secret in any case.
    pub document: Value,
    /// What goes into the file, or else onto standard output.
    pub content: &'a dyn Fn() -> Result<Zeroizing<Vec<u8>>, CliError>,
    /// What people read where it went into this file.
    pub in_file: &'a dyn Fn(&Path) -> String,
}

impl HandOut<'_> {
    /// Hands it out. An error means that nobody has got it.
    pub fn give(self, context: &Context<'_>, output: Option<&Path>) -> Result<(), CliError> {
        if let Some(path) = output {
            write_new(path, &(self.content)()?)?;
            let document = with(self.document, [("output", json!(path))]);
            return Ok(context.output.show(&document, || (self.in_file)(path))?);
        }
        if context.cli.json {
            return Ok(context.output.show(&self.document, String::new)?);
        }
        Ok(output::write(&(self.content)()?)?)
    }
}

fn write_new(path: &Path, content: &[u8]) -> Result<(), CliError> {
    terminal::with(|terminal| terminal.write_new(path, content)).map_err(|why| {
        CliError::new(
            FAILED,
            format!("{} cannot be written: {why}", path.display()),
            "Choose another --output.",
        )
    })
}

/// Refuses what could not be handed out, before anything is made.
pub fn check(
    context: &Context<'_>,
    format: Option<QrFormat>,
    output: Option<&Path>,
) -> Result<(), CliError> {
    let is_text = context.cli.json || terminal::is_read();
    if format == Some(QrFormat::Png) && output.is_none() && is_text {
        return Err(CliError::usage(
            "a PNG does not fit a terminal",
            "Add: --output FILE",
        ));
    }
    Ok(())
}

/// The QR code of `text`: if nothing else was asked for, a picture for a file, and characters for
/// a terminal. With the characters comes what is to be read below them; pictures stand alone.
pub fn picture(
    text: &str,
    format: Option<QrFormat>,
    output: Option<&Path>,
    below: &dyn Fn() -> Zeroizing<String>,
) -> Result<Zeroizing<Vec<u8>>, CliError> {
    let format = format.unwrap_or(match output {
        Some(_) => QrFormat::Png,
        None => QrFormat::Terminal,
    });
    let picture = Zeroizing::new(qr::draw(text, format)?);
    if format != QrFormat::Terminal {
        return Ok(picture);
    }
    Ok(Zeroizing::new([&picture, below().as_bytes()].concat()))
}
