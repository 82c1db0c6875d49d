//! Wrapping the key of a file: with a pass phrase (scrypt, RFC 7914), or for recipients (X25519, RFC 7748).

use chacha20poly1305::aead::Aead;
use chacha20poly1305::{ChaCha20Poly1305, KeyInit, Nonce};
use mailotp_core::clock::{Random, random};
use scrypt::{Params, scrypt};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use super::header::Stanza;
use super::{FileKey, SealedError, base64, bech32, derive};

/// A pass phrase costs 2^17 rounds and 128 MiB, as the OWASP password storage cheat sheet has it for scrypt.
const WORK: u8 = 17;
/// Where another program has made the file: 1 GiB at most.
const MAX_WORK: u8 = 20;
const SALT_LENGTH: usize = 16;

/// What a file is sealed with.
pub enum Lock {
    /// A pass phrase.
    PassPhrase(PassPhrase),
    /// The recipients, of which any can open it.
    Recipients(Vec<Recipient>),
}

/// What a file is opened with.
pub enum Unlock {
    /// Its pass phrase.
    PassPhrase(PassPhrase),
    /// Keys, of which one may be its.
    Identities(Vec<Identity>),
}

/// A pass phrase.
pub struct PassPhrase(pub Zeroizing<String>);

/// A public key.
pub struct Recipient(PublicKey);

impl Recipient {
    /// Reads `age1…`.
    pub fn parse(text: &str) -> Option<Recipient> {
        bech32::decode(text.trim(), "age").map(|key| Recipient(PublicKey::from(*key)))
    }
}

/// A secret key.
pub struct Identity(StaticSecret);

impl Identity {
    /// Reads the file of an identity: lines of `AGE-SECRET-KEY-1…`, and comments.
    pub fn parse_file(text: &str) -> Option<Vec<Identity>> {
        let lines = text.lines().map(str::trim);
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        let keys: Option<Vec<Identity>> = lines.map(Identity::parse).collect();
        keys.filter(|keys| !keys.is_empty())
    }

    fn parse(text: &str) -> Option<Identity> {
        let key = bech32::decode(text, "age-secret-key-")?;
        Some(Identity(StaticSecret::from(*key)))
    }
}

/// Whether it is a pass phrase that opens the file.
pub fn wants_pass_phrase(stanzas: &[Stanza]) -> bool {
    stanzas.iter().any(|stanza| stanza.words[0] == "scrypt")
}

/// Wraps the key of a file.
pub fn wrap(
    key: &FileKey,
    lock: &Lock,
    source: &mut dyn Random,
) -> Result<Vec<Stanza>, SealedError> {
    match lock {
        Lock::PassPhrase(phrase) => {
            let salt: [u8; SALT_LENGTH] = random(source)?;
            let wrapping = stretch(phrase, &salt, WORK)?;
            let body = cipher(&wrapping)
                .encrypt(&Nonce::default(), &key[..])
                .map_err(|_| SealedError::Poor)?;
            let words = ["scrypt", &base64::encode(&salt), &WORK.to_string()];
            Ok(vec![stanza(&words, body)])
        }
        Lock::Recipients(recipients) => recipients
            .iter()
            .map(|Recipient(recipient)| {
                let ephemeral = Zeroizing::new(random(source)?);
                let ephemeral = StaticSecret::from(*ephemeral);
                let share = PublicKey::from(&ephemeral);
                let wrapping = agree(&ephemeral, recipient, &share, recipient)?;
                let body = cipher(&wrapping)
                    .encrypt(&Nonce::default(), &key[..])
                    .map_err(|_| SealedError::Poor)?;
                Ok(stanza(&["X25519", &base64::encode(share.as_bytes())], body))
            })
            .collect(),
    }
}

/// Unwraps the key of a file.
pub fn unwrap(stanzas: &[Stanza], unlock: &Unlock) -> Result<FileKey, SealedError> {
    let phrase = wants_pass_phrase(stanzas);
    match unlock {
        // A file for a pass phrase is for nothing else: whoever knows it made it.
        Unlock::PassPhrase(_) if phrase && stanzas.len() > 1 => Err(SealedError::Altered),
        Unlock::PassPhrase(typed) if phrase => by_phrase(&stanzas[0], typed),
        Unlock::Identities(identities) if !phrase => {
            for stanza in stanzas.iter().filter(|one| one.words[0] == "X25519") {
                for identity in identities {
                    if let Some(key) = by_identity(stanza, identity)? {
                        return Ok(key);
                    }
                }
            }
            Err(SealedError::WrongKey)
        }
        _ => Err(SealedError::OtherLock),
    }
}

fn by_phrase(stanza: &Stanza, phrase: &PassPhrase) -> Result<FileKey, SealedError> {
    let [_, salt, work] = &stanza.words[..] else {
        return Err(SealedError::Altered);
    };
    let salt = base64::decode(salt)
        .and_then(|salt| <[u8; SALT_LENGTH]>::try_from(salt).ok())
        .ok_or(SealedError::Altered)?;
    let number: u8 = work.parse().map_err(|_| SealedError::Altered)?;
    if number.to_string() != *work || number == 0 {
        return Err(SealedError::Altered);
    }
    // Whoever has altered the file has a say in what it costs to find that out.
    if number > MAX_WORK {
        return Err(SealedError::TooDear);
    }
    let wrapping = stretch(phrase, &salt, number)?;
    file_key(&wrapping, &stanza.body)?.ok_or(SealedError::WrongKey)
}

fn by_identity(
    stanza: &Stanza,
    Identity(identity): &Identity,
) -> Result<Option<FileKey>, SealedError> {
    let [_, share] = &stanza.words[..] else {
        return Err(SealedError::Altered);
    };
    let share = base64::decode(share)
        .and_then(|share| <[u8; 32]>::try_from(share).ok())
        .map(PublicKey::from)
        .ok_or(SealedError::Altered)?;
    let wrapping = agree(identity, &share, &share, &PublicKey::from(identity))?;
    file_key(&wrapping, &stanza.body)
}

/// Nothing but a wrapped key of that length is tried: another one could be opened with two keys.
fn file_key(wrapping: &[u8; 32], body: &[u8]) -> Result<Option<FileKey>, SealedError> {
    if body.len() != 16 + 16 {
        return Err(SealedError::Altered);
    }
    let opened = cipher(wrapping)
        .decrypt(&Nonce::default(), body)
        .ok()
        .map(Zeroizing::new);
    Ok(opened.map(|opened| {
        let mut key: FileKey = Zeroizing::default();
        key.copy_from_slice(&opened);
        key
    }))
}

fn stretch(
    phrase: &PassPhrase,
    salt: &[u8; SALT_LENGTH],
    work: u8,
) -> Result<Zeroizing<[u8; 32]>, SealedError> {
    let label = b"age-encryption.org/v1/scrypt";
    let params = Params::new(work, 8, 1).map_err(|_| SealedError::TooDear)?;
    let mut key = Zeroizing::new([0; 32]);
    scrypt(
        phrase.0.as_bytes(),
        &[&label[..], salt].concat(),
        &params,
        &mut *key,
    )
    .map_err(|_| SealedError::Poor)?;
    Ok(key)
}

/// A key that only the two can know.
fn agree(
    secret: &StaticSecret,
    public: &PublicKey,
    share: &PublicKey,
    recipient: &PublicKey,
) -> Result<Zeroizing<[u8; 32]>, SealedError> {
    let shared = secret.diffie_hellman(public);
    // RFC 7748, section 6.1: a point of small order makes a secret that everybody knows.
    if !shared.was_contributory() {
        return Err(SealedError::Altered);
    }
    let salt = [&share.as_bytes()[..], recipient.as_bytes()].concat();
    Ok(derive(
        shared.as_bytes(),
        &salt,
        "age-encryption.org/v1/X25519",
    ))
}

fn cipher(key: &[u8; 32]) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new(key.into())
}

fn stanza(words: &[&str], body: Vec<u8>) -> Stanza {
    Stanza {
        words: words.iter().map(|&word| word.to_owned()).collect(),
        body,
    }
}
