//! Keyed tags: HMAC-SHA256 (RFC 2104) over parts that cannot run into each other. They let a store
//! remember that it has seen something without holding it.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::KeyRing;
use super::key_ring::derive;

/// 16 bytes of an HMAC. Compared in constant time.
#[derive(Clone, Copy, Debug)]
pub struct Tag(pub [u8; 16]);

impl PartialEq for Tag {
    fn eq(&self, other: &Tag) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Tag {}

/// What a tag is for; each has a key of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagPurpose {
    /// The code that opened a window. Changes with the current key: that closes all windows.
    Window,
    /// A wrong secret that was charged already.
    Guess,
    /// A seed that is enrolled already. Never changes.
    Seed,
    /// A one-time user name. Never changes.
    Alias,
    /// What is made up for accounts that have nothing to show. Never changes.
    Decoy,
}

impl KeyRing {
    /// Says which key ring this is, whatever keys it has by now.
    pub fn identity(&self) -> Tag {
        self.tag(TagPurpose::Decoy, &[b"ring"])
    }

    /// The tag of `parts`, whose borders count: `["ab", "c"]` is not `["a", "bc"]`.
    pub fn tag(&self, purpose: TagPurpose, parts: &[&[u8]]) -> Tag {
        let key = self.tag_key(purpose);
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&*key).expect("HMAC takes any key");
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        let full = mac.finalize().into_bytes();
        let mut tag = [0; 16];
        tag.copy_from_slice(&full[..16]);
        Tag(tag)
    }

    fn tag_key(&self, purpose: TagPurpose) -> Zeroizing<[u8; 32]> {
        match purpose {
            TagPurpose::Window => self.current().derive("mailotp window 1"),
            TagPurpose::Guess => self.current().derive("mailotp guess 1"),
            TagPurpose::Seed => derive(self.decoy(), "mailotp seed 1"),
            TagPurpose::Alias => derive(self.decoy(), "mailotp alias 1"),
            TagPurpose::Decoy => derive(self.decoy(), "mailotp decoy 1"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::testing::Sequence;

    #[test]
    fn borders_and_purposes_count() {
        let ring = KeyRing::generate(&mut Sequence(1)).unwrap();
        let tag = |purpose, parts: &[&[u8]]| ring.tag(purpose, parts);
        let one = tag(TagPurpose::Window, &[b"ab", b"c"]);
        assert_eq!(one, tag(TagPurpose::Window, &[b"ab", b"c"]));
        for other in [
            tag(TagPurpose::Window, &[b"a", b"bc"]),
            tag(TagPurpose::Window, &[b"abc"]),
            tag(TagPurpose::Guess, &[b"ab", b"c"]),
            tag(TagPurpose::Seed, &[b"ab", b"c"]),
            tag(TagPurpose::Alias, &[b"ab", b"c"]),
            tag(TagPurpose::Decoy, &[b"ab", b"c"]),
        ] {
            assert_ne!(one, other);
        }
    }
}
