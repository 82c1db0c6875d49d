//! The key ring: the keys that seal what the store holds, the secret behind made-up challenges, and
//! the store's generation.
//!
//! The file is text, one fact a line, so that an administrator can see what is in it:
//!
//! ```text
//! mailotp key ring 1
//! generation 17
//! decoy 64 hexadecimal digits
//! key 5f1e0c9a 64 hexadecimal digits
//! ```
//!
//! The first key seals; every key opens what it has sealed.

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

use super::hex;
use crate::clock::{NoRandomness, Random, random};

const HEADER: &str = "mailotp key ring 1";
const KEY_LENGTH: usize = 32;

/// The keys of a site.
pub struct KeyRing {
    /// How new the store must be at least: see [`crate::site`].
    pub generation: u64,
    decoy: Zeroizing<[u8; KEY_LENGTH]>,
    keys: Vec<Key>,
}

pub(super) struct Key {
    pub id: [u8; 4],
    secret: Zeroizing<[u8; KEY_LENGTH]>,
}

/// A file that is no key ring.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyRingError {
    /// The first line is another.
    #[error("it does not begin with \"{HEADER}\"")]
    Header,
    /// A line that says nothing known.
    #[error("line {0} cannot be read")]
    Line(usize),
    /// A fact is missing.
    #[error("it has no {0}")]
    Missing(&'static str),
}

impl KeyRing {
    /// A ring with one new key.
    pub fn generate(source: &mut dyn Random) -> Result<KeyRing, NoRandomness> {
        let decoy = Zeroizing::new(random(source)?);
        let key = Key {
            id: random(source)?,
            secret: Zeroizing::new(random(source)?),
        };
        Ok(KeyRing {
            generation: 0,
            decoy,
            keys: vec![key],
        })
    }

    /// Reads the file.
    pub fn parse(text: &[u8]) -> Result<KeyRing, KeyRingError> {
        let text = std::str::from_utf8(text).map_err(|_| KeyRingError::Header)?;
        let mut lines = text.lines().enumerate();
        if lines.next().map(|(_, line)| line) != Some(HEADER) {
            return Err(KeyRingError::Header);
        }
        let (mut generation, mut decoy, mut keys) = (None, None, Vec::new());
        for (at, line) in lines {
            let mut words = line.split_ascii_whitespace();
            let understood = match (words.next(), words.next(), words.next(), words.next()) {
                (None, ..) => Some(()),
                (Some("generation"), Some(number), None, _) => {
                    number.parse().ok().map(|number| generation = Some(number))
                }
                (Some("decoy"), Some(secret), None, _) => {
                    hex::decode(secret).map(|secret| decoy = Some(secret))
                }
                (Some("key"), Some(id), Some(secret), None) => hex::decode(id)
                    .zip(hex::decode(secret))
                    .map(|(id, secret)| keys.push(Key { id: *id, secret })),
                _ => None,
            };
            understood.ok_or(KeyRingError::Line(at + 1))?;
        }
        if keys.is_empty() {
            return Err(KeyRingError::Missing("key"));
        }
        Ok(KeyRing {
            generation: generation.ok_or(KeyRingError::Missing("generation"))?,
            decoy: decoy.ok_or(KeyRingError::Missing("decoy"))?,
            keys,
        })
    }

    /// Writes the file.
    pub fn to_text(&self) -> Zeroizing<String> {
        let line = KEY_LENGTH * 2 + 32;
        let mut text = Zeroizing::new(String::with_capacity(line * (self.keys.len() + 3)));
        text.push_str(HEADER);
        text.push_str(&format!("\ngeneration {}\ndecoy ", self.generation));
        text.push_str(&hex::encode(&*self.decoy));
        for key in &self.keys {
            text.push_str("\nkey ");
            text.push_str(&hex::encode(&key.id));
            text.push(' ');
            text.push_str(&hex::encode(&*key.secret));
        }
        text.push('\n');
        text
    }

    /// The key that seals.
    pub(super) fn current(&self) -> &Key {
        &self.keys[0]
    }

    /// The key that has sealed something.
    pub(super) fn by_id(&self, id: &[u8]) -> Option<&Key> {
        self.keys.iter().find(|key| key.id == id)
    }

    /// The secret that never changes, also when keys do.
    pub(super) fn decoy(&self) -> &[u8] {
        &*self.decoy
    }
}

impl Key {
    /// A key of its own for each purpose: HKDF-SHA256 (RFC 5869).
    pub(super) fn derive(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        derive(&*self.secret, purpose)
    }
}

/// HKDF-SHA256 (RFC 5869) without salt: the input is uniform already.
pub(super) fn derive(secret: &[u8], purpose: &str) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    // 32 bytes are far below the 255 * 32 at which expansion fails; were it to fail, an all-zero
    // key would be worse than a panic, which ends in a refusal.
    Hkdf::<Sha256>::new(None, secret)
        .expand(purpose.as_bytes(), &mut *key)
        .expect("32 bytes fit");
    key
}

impl Drop for KeyRing {
    fn drop(&mut self) {
        self.generation.zeroize();
    }
}

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::testing::Sequence;

    #[test]
    fn a_ring_survives_its_file() {
        let mut ring = KeyRing::generate(&mut Sequence(1)).unwrap();
        ring.generation = 17;
        let text = ring.to_text();
        let back = KeyRing::parse(text.as_bytes()).unwrap();
        assert_eq!(*back.to_text(), *text);
        assert_eq!(back.generation, 17);
        assert_eq!(text.lines().count(), 4);
    }

    #[test]
    fn a_damaged_file_is_refused_with_the_line() {
        let text = KeyRing::generate(&mut Sequence(1)).unwrap().to_text();
        let lines: Vec<&str> = text.lines().collect();
        let parse = |lines: &[&str]| KeyRing::parse(lines.join("\n").as_bytes()).map(|_| ());
        assert_eq!(parse(&[]), Err(KeyRingError::Header));
        assert_eq!(parse(&lines[1..]), Err(KeyRingError::Header));
        assert_eq!(parse(&lines[..3]), Err(KeyRingError::Missing("key")));
        assert_eq!(
            parse(&[lines[0], lines[2], lines[3]]),
            Err(KeyRingError::Missing("generation"))
        );
        assert_eq!(
            parse(&[lines[0], lines[1], lines[3]]),
            Err(KeyRingError::Missing("decoy"))
        );
        let cut = &lines[3][..lines[3].len() - 1];
        assert_eq!(
            parse(&[lines[0], lines[1], lines[2], cut]),
            Err(KeyRingError::Line(4))
        );
        assert_eq!(
            parse(&[lines[0], "generation -1"]),
            Err(KeyRingError::Line(2))
        );
        assert_eq!(
            KeyRing::parse(b"\xff\xfe").map(|_| ()),
            Err(KeyRingError::Header)
        );
    }
}
