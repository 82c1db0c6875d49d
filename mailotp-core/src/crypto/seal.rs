//! Sealing: XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha), bound to what it belongs to, so that a
//! row moved to another account opens for nobody.
//!
//! Layout: version (1), key id (4), nonce (24), ciphertext and tag (16).

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use super::key_ring::Key;
use super::{KeyId, KeyRing};
use crate::clock::{NoRandomness, Random, random};
use crate::id::{AccountId, CredentialId};

const VERSION: u8 = 1;
const NONCE_LENGTH: usize = 24;
const HEADER_LENGTH: usize = 1 + 4 + NONCE_LENGTH;

/// What a sealed value belongs to.
pub struct SealContext<'a> {
    /// Whose it is.
    pub account: AccountId,
    /// Which credential.
    pub credential: &'a CredentialId,
}

/// Why something could not be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// No randomness for the nonce.
    #[error(transparent)]
    Random(#[from] NoRandomness),
    /// None of the ring's keys has sealed this.
    #[error("it was sealed with the key {0}, which the key ring does not have")]
    UnknownKey(KeyId),
    /// Altered, cut, or moved here from another row.
    #[error("it was altered, or belongs to another account")]
    Broken,
}

impl SealError {
    /// What mends it.
    pub fn remedy(&self) -> &'static str {
        match self {
            SealError::Random(_) => "Try again when the machine has randomness to give.",
            SealError::UnknownKey(_) => {
                "Copy the key file from the host where mailotp-cli key list has this key, or from a backup."
            }
            SealError::Broken => "Put the store back from a backup, with: mailotp-cli restore",
        }
    }
}

/// The key that something was sealed with, if it is anything sealed.
pub fn sealed_with(sealed: &[u8]) -> Option<KeyId> {
    let (version, rest) = sealed.split_first()?;
    let id = rest.first_chunk()?;
    (*version == VERSION && sealed.len() >= HEADER_LENGTH).then_some(KeyId(*id))
}

impl SealContext<'_> {
    fn associated_data(&self) -> Vec<u8> {
        let mut data = self.account.0.to_be_bytes().to_vec();
        data.extend_from_slice(self.credential.as_str().as_bytes());
        data
    }
}

impl KeyRing {
    /// Seals `plain` with the current key.
    pub fn seal(
        &self,
        context: &SealContext<'_>,
        plain: &[u8],
        source: &mut dyn Random,
    ) -> Result<Vec<u8>, SealError> {
        let key = self.current();
        let nonce: [u8; NONCE_LENGTH] = random(source)?;
        let sealed = cipher(key)
            .encrypt(
                &XNonce::from(nonce),
                Payload {
                    msg: plain,
                    aad: &context.associated_data(),
                },
            )
            .map_err(|_| SealError::Broken)?;
        let mut out = Vec::with_capacity(HEADER_LENGTH + sealed.len());
        out.push(VERSION);
        out.extend_from_slice(&key.id.0);
        out.extend_from_slice(&nonce);
        out.extend_from_slice(&sealed);
        Ok(out)
    }

    /// Opens what was sealed in the same context.
    pub fn open(
        &self,
        context: &SealContext<'_>,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let id = sealed_with(sealed).ok_or(SealError::Broken)?;
        let (header, body) = sealed.split_at(HEADER_LENGTH);
        let nonce: [u8; NONCE_LENGTH] = header[5..].try_into().map_err(|_| SealError::Broken)?;
        let key = self.by_id(id).ok_or(SealError::UnknownKey(id))?;
        cipher(key)
            .decrypt(
                &XNonce::from(nonce),
                Payload {
                    msg: body,
                    aad: &context.associated_data(),
                },
            )
            .map(Zeroizing::new)
            .map_err(|_| SealError::Broken)
    }
}

fn cipher(key: &Key) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new((&*key.derive("mailotp seal 1")).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::testing::Sequence;

    #[test]
    fn what_is_sealed_opens_in_its_own_context_only() {
        let ring = KeyRing::generate(&mut Sequence(1)).unwrap();
        let (one, two) = (
            CredentialId::stored("one".into()),
            CredentialId::stored("two".into()),
        );
        let context = |account, credential| SealContext {
            account: AccountId(account),
            credential,
        };
        let sealed = ring
            .seal(&context(7, &one), b"a seed", &mut Sequence(2))
            .unwrap();

        assert_eq!(
            ring.open(&context(7, &one), &sealed).unwrap().as_slice(),
            b"a seed"
        );
        assert!(matches!(
            ring.open(&context(8, &one), &sealed),
            Err(SealError::Broken)
        ));
        assert!(matches!(
            ring.open(&context(7, &two), &sealed),
            Err(SealError::Broken)
        ));

        let other = KeyRing::generate(&mut Sequence(3)).unwrap();
        assert!(matches!(
            other.open(&context(7, &one), &sealed),
            Err(SealError::UnknownKey(id)) if Some(id) == sealed_with(&sealed)
        ));
    }

    #[test]
    fn a_changed_bit_anywhere_opens_nothing() {
        let ring = KeyRing::generate(&mut Sequence(1)).unwrap();
        let id = CredentialId::stored("one".into());
        let context = SealContext {
            account: AccountId(7),
            credential: &id,
        };
        let sealed = ring.seal(&context, b"x", &mut Sequence(2)).unwrap();
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert!(ring.open(&context, &altered).is_err(), "byte {at}");
            assert!(ring.open(&context, &sealed[..at]).is_err(), "cut at {at}");
        }
    }
}
