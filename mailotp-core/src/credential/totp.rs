//! TOTP (RFC 6238).
//!
//! The secret part is algorithm (1 byte: 1, 2 or 3), digits (1), period in seconds (4, big endian),
//! then the seed.

use serde::Deserialize;
use totp_rs::{Algorithm as TotpAlgorithm, Builder};
use zeroize::Zeroizing;

use super::{Circumstances, Code, Judge, Malformed, Match};
use crate::account::{Credential, Use};
use crate::clock::Timestamp;

/// The digits that a code may have (RFC 4226, section 5.3, and what authenticators can show).
pub const DIGITS: std::ops::RangeInclusive<u32> = 6..=8;
/// The periods that make sense, in seconds. A wrong code is charged once in 30: with shorter ones
/// it would be compared again for nothing.
pub const PERIODS: std::ops::RangeInclusive<u32> = 30..=300;
/// Bytes of a new seed: as long as the hash of the default algorithm (RFC 4226, section 4, R6).
pub const SEED_LENGTH: usize = 20;
/// The shortest seed that is taken over: 80 bits, which older programs made.
pub const MIN_SEED_LENGTH: usize = 10;
/// The longest seed that is taken over.
pub const MAX_SEED_LENGTH: usize = 128;

/// The hash under the HMAC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Algorithm {
    /// The only one that every authenticator knows.
    #[default]
    Sha1 = 1,
    /// SHA-256.
    Sha256 = 2,
    /// SHA-512.
    Sha512 = 3,
}

/// The parameters of a TOTP credential.
pub struct Parameters {
    /// The hash.
    pub algorithm: Algorithm,
    /// 6 to 8.
    pub digits: u32,
    /// Seconds.
    pub period: u32,
    /// The shared secret.
    pub seed: Zeroizing<Vec<u8>>,
}

impl Parameters {
    /// The secret part.
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(6 + self.seed.len()));
        bytes.push(self.algorithm as u8);
        bytes.push(self.digits as u8);
        bytes.extend_from_slice(&self.period.to_be_bytes());
        bytes.extend_from_slice(&self.seed);
        bytes
    }

    /// Reads the secret part.
    pub fn decode(bytes: &[u8]) -> Result<Parameters, Malformed> {
        let (header, seed) = bytes.split_at_checked(6).ok_or(Malformed("totp"))?;
        let algorithm = match header[0] {
            1 => Algorithm::Sha1,
            2 => Algorithm::Sha256,
            3 => Algorithm::Sha512,
            _ => return Err(Malformed("totp")),
        };
        let digits = u32::from(header[1]);
        let period = u32::from_be_bytes([header[2], header[3], header[4], header[5]]);
        let parameters = Parameters {
            algorithm,
            digits,
            period,
            seed: Zeroizing::new(seed.to_vec()),
        };
        if parameters.is_sound() {
            Ok(parameters)
        } else {
            Err(Malformed("totp"))
        }
    }

    /// The credential as a URI, which authenticators read from a QR code. All parameters are
    /// spelt out: some authenticators have defaults of their own.
    pub fn uri(&self, issuer: &str, account: &str) -> Zeroizing<String> {
        let algorithm = match self.algorithm {
            Algorithm::Sha1 => "SHA1",
            Algorithm::Sha256 => "SHA256",
            Algorithm::Sha512 => "SHA512",
        };
        let secret = Zeroizing::new(totp_rs::Secret::from(self.seed.to_vec()).to_base32());
        let (issuer, account) = (percent_encode(issuer), percent_encode(account));
        let label = if issuer.is_empty() {
            account
        } else {
            format!("{issuer}:{account}")
        };
        let mut uri = Zeroizing::new(String::with_capacity(
            64 + label.len() + secret.len() + issuer.len(),
        ));
        uri.push_str("otpauth://totp/");
        uri.push_str(&label);
        uri.push_str("?secret=");
        uri.push_str(&secret);
        if !issuer.is_empty() {
            uri.push_str("&issuer=");
            uri.push_str(&issuer);
        }
        uri.push_str(&format!(
            "&algorithm={algorithm}&digits={}&period={}",
            self.digits, self.period
        ));
        uri
    }

    /// Whether they lie in the ranges that this module accepts. The library below checks none of it
    /// where seeds may be shorter than 128 bits, and panics on more than nine digits.
    pub fn is_sound(&self) -> bool {
        DIGITS.contains(&self.digits)
            && PERIODS.contains(&self.period)
            && (MIN_SEED_LENGTH..=MAX_SEED_LENGTH).contains(&self.seed.len())
    }

    /// The step with which `code` is right, named by the second in which it begins: the newest of
    /// `window` steps each way around `now` (RFC 6238, section 5.2).
    pub fn step_of(&self, code: &str, now: Timestamp, window: u32) -> Option<Timestamp> {
        let totp = Builder::new()
            .with_algorithm(match self.algorithm {
                Algorithm::Sha1 => TotpAlgorithm::SHA1,
                Algorithm::Sha256 => TotpAlgorithm::SHA256,
                Algorithm::Sha512 => TotpAlgorithm::SHA512,
            })
            .with_digits(self.digits as u8)
            .with_step_duration(u64::from(self.period))
            .with_skew(0)
            .with_secret(self.seed.to_vec())
            .build_noncompliant();
        let period = u64::from(self.period);
        let this = now.unix() / period;
        let steps = this.saturating_sub(u64::from(window))..=this + u64::from(window);
        // The newest first: of two steps with the same code, the one that spends more. All are
        // computed, so that the time says nothing about the drift of somebody's phone.
        steps.rev().fold(None, |found, step| {
            let begins = step * period;
            let matches = totp.check(code, begins).is_some();
            found.or(matches.then_some(Timestamp(begins as i64)))
        })
    }
}

/// RFC 3986, section 2.1: everything but unreserved characters.
fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// Reads a seed in base32 (RFC 4648, section 6), with or without padding; case and blanks do not
/// matter.
pub fn parse_seed(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut clean = Zeroizing::new(String::with_capacity(text.len()));
    clean.extend(
        text.chars()
            .filter(|c| !c.is_ascii_whitespace() && !matches!(c, '-' | '='))
            .map(|c| c.to_ascii_uppercase()),
    );
    let secret = totp_rs::Secret::try_from_base32(clean.as_str()).ok()?;
    Some(Zeroizing::new(secret.as_bytes().to_vec()))
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
        Ok(Match::Right(Use::Step(step)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(algorithm: Algorithm, seed: &[u8]) -> Parameters {
        Parameters {
            algorithm,
            digits: 8,
            period: 30,
            seed: Zeroizing::new(seed.to_vec()),
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
            (back.algorithm, back.digits, back.period),
            (Algorithm::Sha512, 8, 30)
        );
        assert_eq!(*back.seed, *parameters.seed);
        for (at, value) in [(0, 0), (0, 4), (1, 5), (1, 9), (2, 1), (5, 9)] {
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
