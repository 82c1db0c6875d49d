//! HOTP (RFC 4226).
//!
//! The secret part is algorithm (1 byte: 1, 2 or 3), digits (1), then the seed. The counter is public:
//! it only grows.

use zeroize::Zeroizing;

use super::oath::{Algorithm, Key};
use super::{Circumstances, Code, Judge, Malformed, Match};
use crate::account::{Credential, Kind, Use};

/// How far ahead of the next counter a token may have run and still find back, with two codes in a row
/// (RFC 4226, section 7.4).
pub const RESYNC_RANGE: u64 = 50;

/// The secret part.
pub fn encode(key: &Key) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(2 + key.seed.len()));
    bytes.push(key.algorithm as u8);
    bytes.push(key.digits as u8);
    bytes.extend_from_slice(&key.seed);
    bytes
}

/// Reads the secret part.
pub fn decode(bytes: &[u8]) -> Result<Key, Malformed> {
    let ([algorithm, digits], seed) = bytes.split_first_chunk::<2>().ok_or(Malformed("hotp"))?;
    let key = Key {
        algorithm: Algorithm::stored(*algorithm).ok_or(Malformed("hotp"))?,
        digits: u32::from(*digits),
        seed: Zeroizing::new(seed.to_vec()),
    };
    key.is_sound().then_some(key).ok_or(Malformed("hotp"))
}

/// The counter of `code`, from `next` up to `reach` ahead of it: the lowest one.
pub fn counter_of(key: &Key, code: &str, next: u64, reach: u64) -> Option<u64> {
    let generator = key.generator();
    // All are computed, so that the time says nothing about how far a token has run.
    (0..=reach)
        .filter_map(|ahead| next.checked_add(ahead))
        .fold(None, |found, counter| {
            let matches = generator.makes(code, counter);
            found.or(matches.then_some(counter))
        })
}

/// Judges HOTP codes.
pub struct Hotp;

impl Judge for Hotp {
    fn judge(
        &self,
        code: &Code<'_>,
        credential: &Credential,
        opened: &[u8],
        circumstances: &Circumstances<'_>,
    ) -> Result<Match, Malformed> {
        let (
            Code::Digits(code),
            Kind::Hotp {
                counter, resync, ..
            },
        ) = (code, &credential.kind)
        else {
            return Ok(Match::No);
        };
        let key = decode(opened)?;
        let reach = u64::from(circumstances.otp.look_ahead).max(RESYNC_RANGE);
        let Some(found) = counter_of(&key, code, *counter, reach) else {
            // The code that was used last, and nothing else of what is behind, is told from a wrong one.
            let last = counter.checked_sub(1);
            let again = last.is_some_and(|last| key.generator().makes(code, last));
            return Ok(if again { Match::Spent } else { Match::No });
        };
        let near = found - counter <= u64::from(circumstances.otp.look_ahead);
        Ok(if near || *resync == Some(found) {
            Match::right(Use::Counter(found))
        } else {
            found.checked_add(1).map_or(Match::No, Match::Ahead)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Key {
        Key {
            algorithm: Algorithm::Sha1,
            digits: 6,
            seed: Zeroizing::new(b"12345678901234567890".to_vec()),
        }
    }

    /// RFC 4226, appendix D.
    #[test]
    fn the_vectors_of_rfc_4226_hold() {
        let codes = [
            "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583",
            "399871", "520489",
        ];
        for (counter, code) in (0..).zip(codes) {
            assert_eq!(counter_of(&key(), code, counter, 0), Some(counter));
            assert_eq!(counter_of(&key(), code, 0, 9), Some(counter));
            assert_eq!(counter_of(&key(), code, counter + 1, 20), None);
        }
    }

    #[test]
    fn the_last_counter_is_no_overflow() {
        assert_eq!(counter_of(&key(), "000000", u64::MAX, 5), None);
    }

    #[test]
    fn the_secret_part_survives_and_nothing_unsound_is_read() {
        let bytes = encode(&key());
        let back = decode(&bytes).unwrap();
        assert_eq!((back.algorithm, back.digits), (Algorithm::Sha1, 6));
        assert_eq!(*back.seed, *key().seed);
        for bad in [&bytes[..11], &[0, 6, 1, 2], &[1, 9], &[]] {
            assert!(decode(bad).is_err());
        }
    }
}
