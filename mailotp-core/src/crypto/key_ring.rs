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
//! key 93b0d7e2 64 hexadecimal digits
//! new c41a880f 64 hexadecimal digits
//! ```
//!
//! The first `key` seals; every key opens what it has sealed. A `new` one seals nothing yet: it waits
//! until every host has it.
//!
//! ```text
//!  add ──▶ new ──use──▶ seals ──use of another──▶ opens ──retire──▶ gone
//!           └─────────────────────retire────────────────────────────▲
//! ```

use std::fmt;

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
    pub id: KeyId,
    secret: Zeroizing<[u8; KEY_LENGTH]>,
    is_new: bool,
}

/// Names a key; not secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub(super) [u8; 4]);

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It seals, and opens.
    Seals,
    /// It has sealed, and opens that.
    Opens,
    /// It has sealed nothing yet.
    New,
}

impl KeyId {
    /// Reads it as `key list` prints it.
    pub fn parse(text: &str) -> Option<KeyId> {
        hex::decode(text).map(|id| KeyId(*id))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
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
        let key = Key::generate(source, false)?;
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
                (Some(word @ ("key" | "new")), Some(id), Some(secret), None) => KeyId::parse(id)
                    .filter(|id| keys.iter().all(|key: &Key| key.id != *id))
                    .zip(hex::decode(secret))
                    .map(|(id, secret)| {
                        let is_new = word == "new";
                        keys.push(Key { id, secret, is_new });
                    }),
                _ => None,
            };
            understood.ok_or(KeyRingError::Line(at + 1))?;
        }
        // Stable: what has sealed stands before what has not, and the first of it seals.
        keys.sort_by_key(|key| key.is_new);
        if keys.first().is_none_or(|key| key.is_new) {
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
            text.push_str(if key.is_new { "\nnew " } else { "\nkey " });
            text.push_str(&hex::encode(&key.id.0));
            text.push(' ');
            text.push_str(&hex::encode(&*key.secret));
        }
        text.push('\n');
        text
    }

    /// The keys, the one that seals first.
    pub fn keys(&self) -> impl Iterator<Item = (KeyId, Standing)> {
        self.keys.iter().enumerate().map(|(at, key)| {
            let standing = match at {
                0 => Standing::Seals,
                _ if key.is_new => Standing::New,
                _ => Standing::Opens,
            };
            (key.id, standing)
        })
    }

    /// What a key of the ring is for; `None`: the ring does not have it.
    pub fn standing(&self, id: KeyId) -> Option<Standing> {
        self.keys()
            .find(|(other, _)| *other == id)
            .map(|(_, standing)| standing)
    }

    /// Adds a new key. It seals nothing yet.
    pub fn add(&mut self, source: &mut dyn Random) -> Result<KeyId, NoRandomness> {
        let key = loop {
            let key = Key::generate(source, true)?;
            if self.by_id(key.id).is_none() {
                break key;
            }
        };
        let id = key.id;
        self.keys.push(key);
        Ok(id)
    }

    /// From now on this key seals. `false`: the ring does not have it.
    pub fn seal_with(&mut self, id: KeyId) -> bool {
        let Some(at) = self.keys.iter().position(|key| key.id == id) else {
            return false;
        };
        let mut key = self.keys.remove(at);
        key.is_new = false;
        self.keys.insert(0, key);
        true
    }

    /// Takes a key away. `false`: the ring does not have it, or seals with it.
    pub fn remove(&mut self, id: KeyId) -> bool {
        let at = self.keys.iter().position(|key| key.id == id);
        let Some(at) = at.filter(|at| *at > 0) else {
            return false;
        };
        self.keys.remove(at);
        true
    }

    /// Puts two rings of one site together: nothing that either opens is lost. The one that knows all
    /// keys of the other says which key seals; of two that differ, this one.
    pub fn join(mut self, mut other: KeyRing) -> KeyRing {
        let generation = self.generation.max(other.generation);
        if self.keys.iter().all(|key| other.by_id(key.id).is_some()) {
            std::mem::swap(&mut self, &mut other);
        }
        for key in std::mem::take(&mut other.keys) {
            if self.by_id(key.id).is_none() {
                self.keys.push(key);
            }
        }
        self.keys.sort_by_key(|key| key.is_new);
        self.generation = generation;
        self
    }

    /// The key that seals.
    pub(super) fn current(&self) -> &Key {
        &self.keys[0]
    }

    /// The key that has sealed something.
    pub(super) fn by_id(&self, id: KeyId) -> Option<&Key> {
        self.keys.iter().find(|key| key.id == id)
    }

    /// The secret that never changes, also when keys do.
    pub(super) fn decoy(&self) -> &[u8] {
        &*self.decoy
    }
}

impl Key {
    fn generate(source: &mut dyn Random, is_new: bool) -> Result<Key, NoRandomness> {
        Ok(Key {
            id: KeyId(random(source)?),
            secret: Zeroizing::new(random(source)?),
            is_new,
        })
    }

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

    fn standings(ring: &KeyRing) -> Vec<(KeyId, Standing)> {
        ring.keys().collect()
    }

    #[test]
    fn a_key_is_new_until_it_is_used_and_goes_when_another_seals() {
        let mut ring = KeyRing::generate(&mut Sequence(1)).unwrap();
        let identity = ring.identity();
        let (old, _) = standings(&ring)[0];
        let new = ring.add(&mut Sequence(2)).unwrap();
        let mut ring = KeyRing::parse(ring.to_text().as_bytes()).unwrap();
        assert_eq!(
            standings(&ring),
            [(old, Standing::Seals), (new, Standing::New)]
        );
        assert!(!ring.remove(old), "it seals");
        assert!(ring.seal_with(new));
        let mut ring = KeyRing::parse(ring.to_text().as_bytes()).unwrap();
        assert_eq!(
            standings(&ring),
            [(new, Standing::Seals), (old, Standing::Opens)]
        );
        assert!(ring.remove(old) && !ring.remove(old) && !ring.seal_with(old));
        assert_eq!(standings(&ring), [(new, Standing::Seals)]);
        assert_eq!(ring.identity(), identity, "it is the same ring");
        assert_eq!(KeyId::parse(&new.to_string()), Some(new));
        assert_eq!(KeyId::parse("5f1e0c9"), None);
    }

    #[test]
    fn two_rings_of_a_site_come_together_without_loss() {
        let mut first = KeyRing::generate(&mut Sequence(1)).unwrap();
        let copy = |ring: &KeyRing| KeyRing::parse(ring.to_text().as_bytes()).unwrap();
        let (old, _) = standings(&first)[0];
        first.generation = 7;
        let mut later = copy(&first);
        let new = later.add(&mut Sequence(2)).unwrap();
        later.seal_with(new);
        let all = [(new, Standing::Seals), (old, Standing::Opens)];
        // Whichever comes first: the one that knows more decides.
        assert_eq!(standings(&copy(&first).join(copy(&later))), all);
        assert_eq!(standings(&copy(&later).join(copy(&first))), all);
        let mut retired = copy(&later);
        retired.remove(old);
        assert_eq!(standings(&retired.join(copy(&first))), all, "they differ");
        assert_eq!(later.join(first).generation, 7);
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
            parse(&[&lines[..], &lines[3..]].concat()),
            Err(KeyRingError::Line(5)),
            "one key twice"
        );
        let new = lines[3].replace("key ", "new ");
        assert_eq!(
            parse(&[lines[0], lines[1], lines[2], &new]),
            Err(KeyRingError::Missing("key")),
            "none that seals"
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
