//! The three hashes, and how each is folded to 64 bits.

use md4::Md4;
use md5::Md5;
use sha1::Sha1;
use sha1::digest::{Digest, Output};
use zeroize::Zeroizing;

/// The longest digest, of SHA1.
const LONGEST: usize = 20;

/// A hash of RFC 2289, section 5.0. None of them is a hash to sign with any more; here they are only
/// run forwards, and what counts is that nobody finds a preimage of 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names say it all")]
pub enum Algorithm {
    Md4,
    Md5,
    Sha1,
}

impl Algorithm {
    /// All of them, the weakest first.
    pub const ALL: [Algorithm; 3] = [Algorithm::Md4, Algorithm::Md5, Algorithm::Sha1];

    /// The name that challenges have for it, as IANA registers it.
    pub fn as_str(self) -> &'static str {
        match self {
            Algorithm::Md4 => "md4",
            Algorithm::Md5 => "md5",
            Algorithm::Sha1 => "sha1",
        }
    }

    /// The algorithm of a name, in any case.
    pub fn parse(name: &str) -> Option<Algorithm> {
        let named = |algorithm: &Algorithm| name.eq_ignore_ascii_case(algorithm.as_str());
        Algorithm::ALL.into_iter().find(named)
    }

    /// Hashes the parts, one after the other, and folds the digest to 64 bits (RFC 2289, appendix A).
    pub(super) fn fold(self, parts: &[&[u8]]) -> Zeroizing<[u8; 8]> {
        let digest = self.digest(parts);
        let mut folded = Zeroizing::new([0; 8]);
        for (at, byte) in digest[..self.digest_length()].iter().enumerate() {
            folded[at % 8] ^= byte;
        }
        if self == Algorithm::Sha1 {
            // SHA1 computes with words of 32 bits, the high byte first. The reference code of RFC
            // 2289, appendix A, writes them out with the low byte first, as MD4 and MD5 do anyway.
            folded[..4].reverse();
            folded[4..].reverse();
        }
        folded
    }

    /// The low eleven bits of the whole digest, read as one number with the high byte first, as digests
    /// are written.
    pub(super) fn eleven_bits(self, text: &[u8]) -> u16 {
        let digest = self.digest(&[text]);
        let end = self.digest_length();
        u16::from_be_bytes([digest[end - 2], digest[end - 1]]) % 2048
    }

    fn digest_length(self) -> usize {
        match self {
            Algorithm::Md4 | Algorithm::Md5 => 16,
            Algorithm::Sha1 => LONGEST,
        }
    }

    fn digest(self, parts: &[&[u8]]) -> Zeroizing<[u8; LONGEST]> {
        let mut digest = Zeroizing::new([0; LONGEST]);
        let into = &mut digest[..self.digest_length()];
        match self {
            Algorithm::Md4 => hash::<Md4>(parts, into),
            Algorithm::Md5 => hash::<Md5>(parts, into),
            Algorithm::Sha1 => hash::<Sha1>(parts, into),
        }
        digest
    }
}

/// Hashes in place: a digest that is moved leaves copies that nobody wipes.
fn hash<H: Digest>(parts: &[&[u8]], into: &mut [u8]) {
    let mut hash = H::new();
    for part in parts {
        hash.update(part);
    }
    let into = <&mut Output<H>>::try_from(into).expect("the digest is as long as the hash says");
    hash.finalize_into(into);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_in_any_case_and_no_other_name_is() {
        for algorithm in Algorithm::ALL {
            let name = algorithm.as_str();
            assert_eq!(Algorithm::parse(name), Some(algorithm));
            assert_eq!(Algorithm::parse(&name.to_uppercase()), Some(algorithm));
        }
        for other in ["", "sha", "sha-1", "md2", "md55", "otp-md5"] {
            assert_eq!(Algorithm::parse(other), None, "{other:?}");
        }
    }
}
