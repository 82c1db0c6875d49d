//! RFC 2289 sequences (S/KEY, OPIE).
//!
//! The secret part is the last accepted response: the response to the next challenge is one whose hash
//! it is (RFC 2289, section 7.0).

use zeroize::Zeroizing;

use super::{Circumstances, Code, Judge, Malformed, Match};
use crate::account::{Credential, Kind, Use};
use crate::clock::{NoRandomness, Random, random};
use crate::credential::sheet;
use crate::rfc2289::{Challenge, Response, Seed};

/// The sequence integers that a new sequence may begin with.
pub const COUNTS: std::ops::RangeInclusive<u32> = 2..=9999;

/// Judges RFC 2289 responses.
pub struct Sequence;

impl Judge for Sequence {
    fn judge(
        &self,
        code: &Code<'_>,
        credential: &Credential,
        opened: &[u8],
        _: &Circumstances<'_>,
    ) -> Result<Match, Malformed> {
        let Kind::Sequence {
            algorithm, count, ..
        } = credential.kind
        else {
            return Ok(Match::No);
        };
        let decoded;
        let response = match code {
            Code::Response(response) => *response,
            Code::Words(words) => match Response::from_alternative_words(words, algorithm) {
                Some(response) => {
                    decoded = response;
                    &decoded
                }
                None => return Ok(Match::No),
            },
            _ => return Ok(Match::No),
        };
        let last = last_accepted(opened)?;
        if *response == last {
            return Ok(Match::Spent);
        }
        if response.step(algorithm) != last || count < 2 {
            return Ok(Match::No);
        }
        Ok(Match::Right {
            what: Use::Response(count - 1),
            renewed: Some(response.clone()),
        })
    }
}

/// The secret part.
pub fn secret_part(response: &Response) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(response.bytes().to_vec())
}

/// Reads the secret part.
pub fn last_accepted(opened: &[u8]) -> Result<Response, Malformed> {
    let bytes = opened.try_into().map_err(|_| Malformed("sequence"))?;
    Ok(Response::new(bytes))
}

/// The challenge that is due; `None`: none is, the sequence has come to its end.
pub fn due(kind: &Kind) -> Option<Challenge> {
    match kind {
        Kind::Sequence {
            algorithm,
            seed,
            count,
        } if *count >= 2 => Some(Challenge {
            algorithm: *algorithm,
            count: count - 1,
            seed: seed.clone(),
        }),
        _ => None,
    }
}

/// A new seed: two letters and four digits, as other implementations make them.
pub fn new_seed(source: &mut dyn Random) -> Result<Seed, NoRandomness> {
    Ok(seed_of(random(source)?))
}

/// The seed out of four random bytes.
pub fn seed_of([first, second, high, low]: [u8; 4]) -> Seed {
    let number = 1000 + u32::from(u16::from_be_bytes([high, low])) % 9000;
    let text = format!("{}{number}", sheet::name_of([first, second]));
    Seed::new(&text).expect("two letters and four digits are a seed")
}
