//! `compute`: what answers a challenge of RFC 2289, from a pass phrase. It needs no site: whoever has
//! to answer one may sit at another machine than the server.

use mailotp_core::rfc2289::{Challenge, PassPhrase, Reinitialisation};
use serde_json::json;
use zeroize::Zeroizing;

use crate::cli::Cli;
use crate::error::CliError;
use crate::input;
use crate::output::Output;

pub fn run(cli: &Cli, challenge: &str, init: Option<&str>) -> Result<(), CliError> {
    let challenge = read(challenge)?;
    let next = init.map(read).transpose()?;
    let output = Output::new(cli.json);
    let Some(next) = next else {
        let response = challenge.compute(&pass_phrase(&input::secret("Pass phrase: ")?)?);
        let (hex, words) = (response.hex(), response.words());
        let document = json!({ "hex": hex.as_str(), "words": words.as_str() });
        return Ok(output.show(&document, || format!("{}\n{}\n", *hex, *words))?);
    };
    let old = pass_phrase(&input::secret("Old pass phrase: ")?)?;
    let new = pass_phrase(&input::new_secret("New pass phrase: ", "Once more: ")?)?;
    let composed = Reinitialisation::compose(&challenge, &old, &next, &new).map_err(|why| {
        CliError::usage(
            why.to_string(),
            "Choose another seed, or another pass phrase.",
        )
    })?;
    let line = composed.hex_line();
    let document = json!({ "response": line.as_str() });
    Ok(output.show(&document, || line.to_string())?)
}

fn read(typed: &str) -> Result<Challenge, CliError> {
    Challenge::parse(typed).map_err(|why| {
        CliError::usage(
            format!("\"{}\": {why}", typed.escape_debug()),
            "Copy it from the server, in quotes: 'otp-sha1 97 ma1234'",
        )
    })
}

fn pass_phrase(typed: &Zeroizing<String>) -> Result<PassPhrase, CliError> {
    PassPhrase::new(typed.as_bytes()).map_err(|why| {
        CliError::usage(
            why.to_string(),
            "Type it at a terminal, or give it as a line on standard input.",
        )
    })
}
