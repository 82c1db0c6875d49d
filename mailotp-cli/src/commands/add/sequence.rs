//! `add sequence`.

use mailotp_core::account::Scope;
use mailotp_core::admin::Secrets;
use mailotp_core::rfc2289::{Algorithm, Challenge, PassPhrase, Response, Seed};
use serde_json::json;
use zeroize::Zeroizing;

use super::{Making, deliver, describe, with};
use crate::cli::{Sequence, SequenceHash};
use crate::context::Context;
use crate::error::{CliError, FAILED};
use crate::{input, terminal};

pub fn add(context: &mut Context<'_>, wanted: &Sequence) -> Result<(), CliError> {
    let account = context.account_name()?;
    if wanted.from_response && wanted.seed.is_none() && !terminal::can_ask() {
        return Err(CliError::usage(
            "the response cannot be known before the seed is",
            "Choose one: --seed ma1234",
        ));
    }
    let seed = match &wanted.seed {
        Some(seed) => seed_of(seed)?,
        None => context.admin(|admin| admin.new_seed())?,
    };
    let begin = Challenge {
        algorithm: algorithm_of(wanted.hash),
        count: wanted.count,
        seed,
    };
    let response = if wanted.from_response {
        ask_for_response(&begin)?
    } else {
        let typed = input::new_secret("Pass phrase: ", "Once more: ")?;
        begin.compute(&pass_phrase(&typed)?)
    };
    let making = Making::new(&wanted.label, Scope::default());
    let wish = making.wish(context, &account);
    let added = context.admin(|admin| admin.add_sequence(&wish, &begin, &response))?;
    let Secrets::Sequence(due) = &added.secrets else {
        return Ok(());
    };
    let credential = &added.credential;
    let document = with(
        describe(credential),
        [("challenge", json!(due.to_string()))],
    );
    let shown = context.output.show(&document, || {
        let (label, id) = (&credential.label, &credential.id);
        format!(
            "Sequence \"{label}\" ({id}) for {account}. The first challenge is {due}\n\
             Answer it with a calculator of RFC 2289, or: mailotp-cli compute '{due}'\n"
        )
    });
    deliver(context, &added, &making, shown.map_err(CliError::from))
}

/// The pass phrase stays where the response is computed.
fn ask_for_response(begin: &Challenge) -> Result<Response, CliError> {
    if terminal::can_ask() {
        terminal::note(&format!(
            "On a device that you trust, compute the response to: {begin}\n"
        ));
    }
    let typed = input::secret("Response: ")?;
    let words: Vec<&str> = typed.split_whitespace().collect();
    let by_words = <[&str; 6]>::try_from(words).ok();
    let read = by_words
        .and_then(|words| Response::from_words(&words))
        .or_else(|| Response::from_hex(&typed));
    read.ok_or_else(|| {
        CliError::new(
            FAILED,
            "this is no response of RFC 2289",
            "Type 16 hexadecimal digits, or six words.",
        )
    })
}

fn pass_phrase(typed: &Zeroizing<String>) -> Result<PassPhrase, CliError> {
    PassPhrase::new(typed.as_bytes())
        .map_err(|why| CliError::usage(why.to_string(), "Choose another pass phrase."))
}

/// The seed that was typed.
pub fn seed_of(typed: &str) -> Result<Seed, CliError> {
    Seed::new(typed).map_err(|why| CliError::usage(why.to_string(), "Correct --seed."))
}

/// The hash that was named.
pub fn algorithm_of(hash: SequenceHash) -> Algorithm {
    match hash {
        SequenceHash::Sha1 => Algorithm::Sha1,
        SequenceHash::Md5 => Algorithm::Md5,
        SequenceHash::Md4 => Algorithm::Md4,
    }
}
