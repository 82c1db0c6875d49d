//! What is secret comes in by a prompt at a terminal, or by a line of a pipe; never by an argument.

use std::io::{self, BufRead, IsTerminal};

use zeroize::Zeroizing;

use crate::error::{CliError, FAILED};

/// Asks at a terminal, or reads one line of a pipe.
pub fn secret(prompt: &str) -> Result<Zeroizing<String>, CliError> {
    let read = if io::stdin().is_terminal() {
        rpassword::prompt_password(prompt).map(Zeroizing::new)
    } else {
        let mut line = Zeroizing::new(String::with_capacity(1024));
        io::stdin().lock().read_line(&mut line).map(|_| line)
    };
    let typed = read.map_err(|why| {
        CliError::new(
            FAILED,
            format!("nothing could be read: {why}"),
            "Type it at a terminal, or give it as a line on standard input.",
        )
    })?;
    Ok(Zeroizing::new(
        typed.trim_end_matches(['\r', '\n']).to_owned(),
    ))
}

/// Asks for one that is chosen now: twice at a terminal, where nobody sees what is typed.
pub fn new_secret(prompt: &str, again: &str) -> Result<Zeroizing<String>, CliError> {
    let typed = secret(prompt)?;
    if io::stdin().is_terminal() && secret(again)? != typed {
        return Err(CliError::new(
            FAILED,
            "what was typed twice is not the same",
            "Run the command again.",
        ));
    }
    Ok(typed)
}
