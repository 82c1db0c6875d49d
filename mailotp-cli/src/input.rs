//! What is secret comes in by a prompt at a terminal, or by a line of a pipe; never by an argument.

use zeroize::Zeroizing;

use crate::error::{CliError, FAILED};
use crate::terminal;

/// Asks at a terminal, or reads one line of a pipe.
pub fn secret(prompt: &str) -> Result<Zeroizing<String>, CliError> {
    terminal::with(|terminal| terminal.secret(prompt)).map_err(|why| {
        CliError::new(
            FAILED,
            format!("nothing could be read: {why}"),
            "Type it at a terminal, or give it as a line on standard input.",
        )
    })
}

/// Asks for one that is chosen now: twice at a terminal, where nobody sees what is typed.
pub fn new_secret(prompt: &str, again: &str) -> Result<Zeroizing<String>, CliError> {
    let typed = secret(prompt)?;
    if terminal::can_ask() && secret(again)? != typed {
        return Err(CliError::new(
            FAILED,
            "what was typed twice is not the same",
            "Run the command again.",
        ));
    }
    Ok(typed)
}

/// Asks, where somebody can be asked, for something that is no secret; nothing elsewhere, and where
/// nothing was typed.
pub fn line(prompt: &str) -> Result<Option<String>, CliError> {
    if !terminal::can_ask() {
        return Ok(None);
    }
    let typed = terminal::with(|terminal| terminal.line(prompt))?;
    Ok(Some(typed).filter(|typed| !typed.is_empty()))
}
