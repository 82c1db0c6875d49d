//! One-time passwords of RFC 2289 (OTP; S/KEY and OPIE are the same): a pass phrase and a seed, hashed
//! over and over. Each response is the one before which the last was made, so whoever has seen some of
//! them cannot make the next. Nothing but the algorithm and its forms in text: no store, no clock.

mod algorithm;
mod challenge;
mod dictionary;
mod extended;
#[cfg(any(test, fuzzing))]
pub(crate) mod oracle;
mod pass_phrase;
mod response;
mod seed;
#[cfg(test)]
mod tests;
mod words;

pub use algorithm::Algorithm;
pub use challenge::{BadChallenge, Challenge};
pub use extended::{Extended, Reinitialisation, Repeated};
pub use pass_phrase::{BadPassPhrase, MAX_PASS_PHRASE, MIN_PASS_PHRASE, PassPhrase};
pub use response::Response;
pub use seed::{BadSeed, MAX_SEED, Seed};
