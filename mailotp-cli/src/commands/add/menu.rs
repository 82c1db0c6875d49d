//! `add` without a kind, at a terminal: asks for what is missing.

use clap::Parser;

use crate::cli::{Add, Cli, Command};
use crate::error::CliError;
use crate::{input, terminal};

/// Kinds, and what they are for, in the words of somebody who has never heard of them.
const KINDS: [(&str, &str); 6] = [
    (
        "app-password",
        "a password for one phone or computer, which stores it",
    ),
    ("sheet", "codes on paper, for machines that are not yours"),
    ("totp", "codes that an authenticator on a phone shows"),
    ("hotp", "codes of a token with a button"),
    (
        "sequence",
        "codes computed from a pass phrase (RFC 2289, S/KEY, OPIE)",
    ),
    ("alias", "user names that work once, beside codes"),
];

/// Asks which kind, and for a name.
pub fn choose() -> Result<Add, CliError> {
    let usage = || {
        let kinds: Vec<&str> = KINDS.iter().map(|(kind, _)| *kind).collect();
        CliError::usage(
            "what is to be added?",
            format!("Say so: mailotp-cli add KIND, one of {}", kinds.join(", ")),
        )
    };
    if !terminal::can_ask() {
        return Err(usage());
    }
    let lines: String = KINDS
        .iter()
        .zip(1..)
        .map(|((kind, what), number)| format!("  {number}  {kind:<13} {what}\n"))
        .collect();
    terminal::note(&format!("What do you want to add?\n\n{lines}\n"));
    let typed = input::line("Number or name: ")?.ok_or_else(usage)?;
    let by_number = typed
        .parse::<usize>()
        .ok()
        .and_then(|at| KINDS.get(at.checked_sub(1)?));
    let by_name = || KINDS.iter().find(|(kind, _)| *kind == typed);
    let (kind, _) = by_number.or_else(by_name).ok_or_else(usage)?;
    let label = input::line(&format!("Your name for it (empty: {kind}): "))?;
    let words = ["mailotp-cli", "add", kind].map(str::to_owned);
    // Behind the dashes nothing is an option, however it begins.
    let rest = label.into_iter().flat_map(|label| ["--".to_owned(), label]);
    match Cli::try_parse_from(words.into_iter().chain(rest)) {
        Ok(Cli {
            command: Command::Add { kind: Some(add) },
            ..
        }) => Ok(add),
        Ok(_) => Err(usage()),
        Err(wrong) => Err(crate::usage(&wrong)),
    }
}
