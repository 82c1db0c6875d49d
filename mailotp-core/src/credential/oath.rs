//! What TOTP and HOTP share: a seed, a hash, and how a code is made of a moving factor (RFC 4226,
//! section 5.3).

use serde::Deserialize;
use subtle::ConstantTimeEq;
use totp_rs::{Algorithm as TotpAlgorithm, Builder, Totp};
use zeroize::Zeroizing;

/// The digits that a code may have (RFC 4226, section 5.3, and what authenticators can show).
pub const DIGITS: std::ops::RangeInclusive<u32> = 6..=8;
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

impl Algorithm {
    /// The one that is kept as this byte.
    pub fn stored(byte: u8) -> Option<Algorithm> {
        match byte {
            1 => Some(Algorithm::Sha1),
            2 => Some(Algorithm::Sha256),
            3 => Some(Algorithm::Sha512),
            _ => None,
        }
    }
}

/// What makes digit codes.
pub struct Key {
    /// The hash.
    pub algorithm: Algorithm,
    /// 6 to 8.
    pub digits: u32,
    /// The shared secret.
    pub seed: Zeroizing<Vec<u8>>,
}

impl Key {
    /// Whether it lies in the ranges that this module accepts. The library below checks none of it
    /// where seeds may be shorter than 128 bits, and panics on more than nine digits.
    pub fn is_sound(&self) -> bool {
        DIGITS.contains(&self.digits)
            && (MIN_SEED_LENGTH..=MAX_SEED_LENGTH).contains(&self.seed.len())
    }

    /// Ready to make codes.
    pub fn generator(&self) -> Generator {
        let algorithm = match self.algorithm {
            Algorithm::Sha1 => TotpAlgorithm::SHA1,
            Algorithm::Sha256 => TotpAlgorithm::SHA256,
            Algorithm::Sha512 => TotpAlgorithm::SHA512,
        };
        Generator(
            Builder::new()
                .with_algorithm(algorithm)
                .with_digits(self.digits as u8)
                // Of steps of one second the time is the moving factor itself.
                .with_step_duration(1)
                .with_secret(self.seed.to_vec())
                .build_noncompliant(),
        )
    }

    /// The seed in base32 (RFC 4648, section 6), as authenticators take it.
    pub fn base32(&self) -> Zeroizing<String> {
        Zeroizing::new(totp_rs::Secret::from(self.seed.to_vec()).to_base32())
    }

    /// The credential as a URI (Google Authenticator's "Key Uri Format"), which authenticators read
    /// from a QR code. All parameters are spelt out: some authenticators have defaults of their own.
    pub fn uri(&self, kind: &str, issuer: &str, account: &str, moving: &str) -> Zeroizing<String> {
        let algorithm = match self.algorithm {
            Algorithm::Sha1 => "SHA1",
            Algorithm::Sha256 => "SHA256",
            Algorithm::Sha512 => "SHA512",
        };
        let secret = self.base32();
        let (issuer, account) = (percent_encode(issuer), percent_encode(account));
        let label = if issuer.is_empty() {
            account
        } else {
            format!("{issuer}:{account}")
        };
        let mut uri = Zeroizing::new(String::with_capacity(
            96 + label.len() + secret.len() + issuer.len(),
        ));
        uri.push_str("otpauth://");
        uri.push_str(kind);
        uri.push('/');
        uri.push_str(&label);
        uri.push_str("?secret=");
        uri.push_str(&secret);
        if !issuer.is_empty() {
            uri.push_str("&issuer=");
            uri.push_str(&issuer);
        }
        let digits = self.digits;
        uri.push_str(&format!("&algorithm={algorithm}&digits={digits}&{moving}"));
        uri
    }
}

/// Makes the codes of one key.
pub struct Generator(Totp);

impl Generator {
    /// Whether `code` is the one of this moving factor. Codes are text: a leading zero counts.
    pub fn makes(&self, code: &str, factor: u64) -> bool {
        let right = Zeroizing::new(self.0.generate(factor).to_string());
        right.as_bytes().ct_eq(code.as_bytes()).into()
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
