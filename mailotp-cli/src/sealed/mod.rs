//! Sealed files: the format of age, version 1 (C2SP, age-encryption.org/v1), so that a backup can also be
//! opened with the tool of that name, on a machine that knows nothing of mailotp.
//!
//! ```text
//! age-encryption.org/v1          for whom the file key is wrapped, one stanza each: header.rs, wrap.rs
//! -> scrypt SALT 17
//! WRAPPED FILE KEY
//! --- MAC
//! NONCE, then chunks of 64 KiB   each sealed with its number and whether it is the last: payload.rs
//! ```
//!
//! Only what is needed of it: one pass phrase, or X25519 recipients. What is inside is a tar archive: tar.rs.

mod base64;
mod bech32;
mod header;
mod payload;
pub mod tar;
mod wrap;

use std::io::{self, BufRead, Write};

use hkdf::Hkdf;
use mailotp_core::clock::{NoRandomness, Random, random};
use sha2::Sha256;
use zeroize::Zeroizing;

pub use payload::{Reader, Writer};
pub use tar::{Archive, Entry};
pub use wrap::{Identity, Lock, PassPhrase, Recipient, Unlock};

/// The key that seals a file; each file has its own.
type FileKey = Zeroizing<[u8; 16]>;

/// Why a file is not sealed or opened.
#[derive(Debug)]
pub enum SealedError {
    /// It could not be read or written.
    Io(io::Error),
    /// It is something else.
    NotSealed,
    /// It is sealed for somebody else, or with another pass phrase.
    WrongKey,
    /// It wants a pass phrase, and a key was given, or the other way round.
    OtherLock,
    /// It was altered.
    Altered,
    /// It asks for more memory than any honest one.
    TooDear,
    /// The machine has not got the memory, or the randomness.
    Poor,
}

impl From<io::Error> for SealedError {
    fn from(error: io::Error) -> SealedError {
        match error.kind() {
            // So say the reader and the archive of what was not written like this.
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => SealedError::Altered,
            _ => SealedError::Io(error),
        }
    }
}

impl From<NoRandomness> for SealedError {
    fn from(_: NoRandomness) -> SealedError {
        SealedError::Poor
    }
}

/// Begins a sealed file. What is written into the result ends with [`Writer::finish`], or is no file.
pub fn seal<W: Write>(
    mut to: W,
    lock: &Lock,
    source: &mut dyn Random,
) -> Result<Writer<W>, SealedError> {
    let key: FileKey = Zeroizing::new(random(source)?);
    let stanzas = wrap::wrap(&key, lock, source)?;
    to.write_all(&header::write(&stanzas, &key))?;
    let nonce: [u8; payload::NONCE_LENGTH] = random(source)?;
    to.write_all(&nonce)?;
    Ok(Writer::new(to, &key, &nonce))
}

/// Opens a sealed file. `unlock` is asked for once it is known whether it must be a pass phrase.
pub fn open<R: BufRead, E: From<SealedError>>(
    mut from: R,
    unlock: impl FnOnce(bool) -> Result<Unlock, E>,
) -> Result<Reader<R>, E> {
    let header = header::read(&mut from)?;
    let unlock = unlock(wrap::wants_pass_phrase(&header.stanzas))?;
    let key = wrap::unwrap(&header.stanzas, &unlock)?;
    header.check(&key)?;
    let mut nonce = [0; payload::NONCE_LENGTH];
    from.read_exact(&mut nonce).map_err(SealedError::from)?;
    Ok(Reader::new(from, &key, &nonce))
}

/// A key of its own for each purpose: HKDF-SHA256 (RFC 5869).
fn derive(secret: &[u8], salt: &[u8], info: &str) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::new(Some(salt), secret)
        .expand(info.as_bytes(), &mut *key)
        .expect("32 bytes fit");
    key
}

#[cfg(test)]
mod tests;
