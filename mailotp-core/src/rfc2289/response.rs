//! The answer to a challenge: 64 bits, and their two forms in text.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{Algorithm, words};

/// A response. Wiped when dropped, compared in constant time, never printed.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Response([u8; 8]);

impl Response {
    /// A response of its bytes.
    pub fn new(bytes: [u8; 8]) -> Response {
        Response(bytes)
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8; 8] {
        &self.0
    }

    /// One hash further: the response that was due before this one. A server that knows the last one
    /// that it accepted so recognises the next (RFC 2289, section 7.0).
    #[must_use]
    pub fn step(&self, algorithm: Algorithm) -> Response {
        Response(*algorithm.fold(&[&self.0]))
    }

    /// Reads 16 hexadecimal digits in any case.
    pub fn from_hex_digits(digits: &[u8; 16]) -> Option<Response> {
        let mut response = Response([0; 8]);
        for (byte, pair) in response.0.iter_mut().zip(digits.chunks_exact(2)) {
            let high = char::from(pair[0]).to_digit(16)?;
            let low = char::from(pair[1]).to_digit(16)?;
            *byte = (high << 4 | low) as u8;
        }
        Some(response)
    }

    /// Reads 16 hexadecimal digits in any case, with blanks and dashes anywhere: RFC 2289, section
    /// 6.0, wants white space to be ignored, and people group digits with dashes, too.
    pub fn from_hex(typed: &str) -> Option<Response> {
        let separator = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'-';
        let typed = typed.bytes().filter(|byte| !separator(byte));
        let mut digits = Zeroizing::new([0; 16]);
        for (at, byte) in typed.enumerate() {
            *digits.get_mut(at)? = byte;
        }
        // One digit too few leaves a zero byte at the end, which is no digit.
        Response::from_hex_digits(&digits)
    }

    /// Reads six words of the standard dictionary in any case, and verifies their checksum (RFC 2289,
    /// section 6.0).
    pub fn from_words(typed: &[&str; 6]) -> Option<Response> {
        words::standard(typed).map(Response)
    }

    /// Reads six words of an alternative dictionary, whichever it is (RFC 2289, appendix B). `None` as
    /// well where a word is of the standard dictionary, or the checksum is wrong.
    pub fn from_alternative_words(typed: &[&str; 6], algorithm: Algorithm) -> Option<Response> {
        words::alternative(typed, algorithm).map(Response)
    }

    /// In hexadecimal, in groups of four: `9e87 6134 d904 99dd`.
    pub fn hex(&self) -> Zeroizing<String> {
        self.hex_grouped(" ")
    }

    /// In hexadecimal, without blanks.
    pub(super) fn hex_digits(&self) -> Zeroizing<String> {
        self.hex_grouped("")
    }

    fn hex_grouped(&self, separator: &str) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(19));
        for (at, byte) in self.0.iter().enumerate() {
            if at > 0 && at % 2 == 0 {
                text.push_str(separator);
            }
            for nibble in [byte >> 4, byte & 15] {
                text.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
            }
        }
        text
    }

    /// As six words of the standard dictionary: `INCH SEA ANNE LONG AHEM TOUR`.
    pub fn words(&self) -> Zeroizing<String> {
        words::of(&self.0)
    }
}

impl PartialEq for Response {
    fn eq(&self, other: &Response) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Response {}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_is_read_through_case_blanks_and_dashes() {
        let right = Response::from_hex_digits(b"9e876134d90499dd").unwrap();
        assert_eq!(*right.hex(), "9e87 6134 d904 99dd");
        assert_eq!(*right.hex_digits(), "9e876134d90499dd");
        for typed in [
            "9e876134d90499dd",
            "9E87 6134 D904 99DD",
            "9e87-6134-d904-99dd",
            "\t9 e87 61 34d904  99d d ",
        ] {
            assert_eq!(
                Response::from_hex(typed).as_ref(),
                Some(&right),
                "{typed:?}"
            );
        }
    }

    #[test]
    fn anything_but_16_digits_is_no_hexadecimal() {
        for typed in [
            "",
            "9e876134d90499d",
            "9e876134d90499ddd",
            "9e876134d90499dg",
            "9e876134:d90499dd",
            "9e876134d90499d\0",
            "+e876134d90499dd",
            "９e876134d90499dd",
        ] {
            assert!(Response::from_hex(typed).is_none(), "{typed:?}");
        }
        assert!(Response::from_hex_digits(b"9e876134d90499d ").is_none());
    }

    #[test]
    fn a_response_prints_nothing() {
        assert_eq!(format!("{:?}", Response::new([7; 8])), "[redacted]");
    }
}
