//! TOTP (RFC 6238).
//!
//! The secret part is algorithm (1 byte: 1, 2 or 3), digits (1), period in seconds (4, big endian),
//! then the seed.

use zeroize::Zeroizing;

use super::oath::{Algorithm, Key};
use super::{Circumstances, Code, Judge, Malformed, Match};
use crate::account::{Credential, Use};
use crate::clock::Timestamp;

/// The periods that there are, in seconds.
pub const PERIODS: std::ops::RangeInclusive<u32> = 1..=86_400;

/// The parameters of a TOTP credential.
pub struct Parameters {
    /// What makes its codes.
    pub key: Key,
    /// Seconds.
    pub period: u32,
}

impl Parameters {
    /// The secret part.
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let key = &self.key;
        let mut bytes = Zeroizing::new(Vec::with_capacity(6 + key.seed.len()));
        bytes.push(key.algorithm as u8);
        bytes.push(key.digits as u8);
        bytes.extend_from_slice(&self.period.to_be_bytes());
        bytes.extend_from_slice(&key.seed);
        bytes
    }

    /// Reads the secret part.
    pub fn decode(bytes: &[u8]) -> Result<Parameters, Malformed> {
        let ([algorithm, digits, period @ ..], seed) =
            bytes.split_first_chunk::<6>().ok_or(Malformed("totp"))?;
        let parameters = Parameters {
            key: Key {
                algorithm: Algorithm::stored(*algorithm).ok_or(Malformed("totp"))?,
                digits: u32::from(*digits),
                seed: Zeroizing::new(seed.to_vec()),
            },
            period: u32::from_be_bytes(*period),
        };
        let sound = parameters.key.is_sound() && PERIODS.contains(&parameters.period);
        sound.then_some(parameters).ok_or(Malformed("totp"))
    }

    /// The credential as a URI: see [`Key::uri`].
    pub fn uri(&self, issuer: &str, account: &str) -> Zeroizing<String> {
        let period = format!("period={}", self.period);
        self.key.uri("totp", issuer, account, &period)
    }

    /// The step with which `code` is right, named by the second in which it begins: the newest of
    /// `window` steps each way around `now` (RFC 6238, section 5.2).
    pub fn step_of(&self, code: &str, now: Timestamp, window: u32) -> Option<Timestamp> {
        let generator = self.key.generator();
        let period = u64::from(self.period);
        let this = now.unix() / period;
        let steps = this.saturating_sub(u64::from(window))..=this + u64::from(window);
        // The newest first: of two steps with the same code, the one that spends more. All are
        // computed, so that the time says nothing about the drift of somebody's phone.
        steps.rev().fold(None, |found, step| {
            let matches = generator.makes(code, step);
            found.or(matches.then_some(Timestamp((step * period) as i64)))
        })
    }
}

/// Judges TOTP codes.
pub struct Totp;

impl Judge for Totp {
    fn judge(
        &self,
        code: &Code<'_>,
        credential: &Credential,
        opened: &[u8],
        circumstances: &Circumstances<'_>,
    ) -> Result<Match, Malformed> {
        let Code::Digits(code) = code else {
            return Ok(Match::No);
        };
        let parameters = Parameters::decode(opened)?;
        let found = parameters.step_of(code, circumstances.now, circumstances.otp.window);
        let Some(step) = found else {
            return Ok(Match::No);
        };
        // A new credential starts with the step in which it was made.
        let born = credential.created.0 - i64::from(parameters.period);
        if step <= circumstances.account.totp_floor || step.0 <= born {
            return Ok(Match::Spent);
        }
        Ok(Match::right(Use::Step(step)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(algorithm: Algorithm, seed: &[u8]) -> Parameters {
        let seed = Zeroizing::new(seed.to_vec());
        Parameters {
            key: Key {
                algorithm,
                digits: 8,
                seed,
            },
            period: 30,
        }
    }

    /// RFC 6238, appendix B, with the seeds of its reference implementation.
    #[test]
    fn the_vectors_of_rfc_6238_hold() {
        let seed = b"1234567890123456789012345678901234567890123456789012345678901234";
        for (algorithm, length, codes) in [
            (
                Algorithm::Sha1,
                20,
                [
                    "94287082", "07081804", "14050471", "89005924", "69279037", "65353130",
                ],
            ),
            (
                Algorithm::Sha256,
                32,
                [
                    "46119246", "68084774", "67062674", "91819424", "90698825", "77737706",
                ],
            ),
            (
                Algorithm::Sha512,
                64,
                [
                    "90693936", "25091201", "99943326", "93441116", "38618901", "47863826",
                ],
            ),
        ] {
            let parameters = parameters(algorithm, &seed[..length]);
            let times = [
                59,
                1_111_111_109,
                1_111_111_111,
                1_234_567_890,
                2_000_000_000,
                20_000_000_000,
            ];
            for (time, code) in times.into_iter().zip(codes) {
                let step = parameters.step_of(code, Timestamp(time), 0);
                assert_eq!(
                    step,
                    Some(Timestamp(time / 30 * 30)),
                    "{algorithm:?} at {time}"
                );
            }
        }
    }

    #[test]
    fn the_window_reaches_so_far_and_no_further() {
        let parameters = parameters(Algorithm::Sha1, b"12345678901234567890");
        let step = |now| parameters.step_of("94287082", Timestamp(now), 1);
        assert_eq!(step(29), Some(Timestamp(30)));
        assert_eq!(step(89), Some(Timestamp(30)));
        assert_eq!(step(90), None);
        assert_eq!(parameters.step_of("94287082", Timestamp(61), 0), None);
    }

    #[test]
    fn the_secret_part_survives_and_nothing_unsound_is_read() {
        let parameters = parameters(Algorithm::Sha512, &[7; 20]);
        let bytes = parameters.encode();
        let back = Parameters::decode(&bytes).unwrap();
        assert_eq!(
            (back.key.algorithm, back.key.digits, back.period),
            (Algorithm::Sha512, 8, 30)
        );
        assert_eq!(*back.key.seed, *parameters.key.seed);
        for (at, value) in [(0, 0), (0, 4), (1, 5), (1, 9), (2, 1), (5, 0)] {
            let mut bad = bytes.to_vec();
            bad[at] = value;
            assert!(Parameters::decode(&bad).is_err(), "byte {at} = {value}");
        }
        assert!(
            Parameters::decode(&bytes[..15]).is_err(),
            "a seed of 72 bits"
        );
    }
}
