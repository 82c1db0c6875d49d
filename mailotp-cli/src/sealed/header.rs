//! The header: for whom the key of the file is wrapped, and a tag over it.

use std::io::{BufRead, Read};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{FileKey, SealedError, base64, derive};

const VERSION: &str = "age-encryption.org/v1";
/// Nobody seals for so many that more is needed.
const MAX_LENGTH: u64 = 64 << 10;
/// A line of a body has so many characters, and the last one fewer.
const COLUMNS: usize = 64;

/// One wrapping of the key of the file.
pub struct Stanza {
    /// Its kind, and what belongs to that.
    pub words: Vec<String>,
    /// The wrapped key.
    pub body: Vec<u8>,
}

/// A header that was read, and is not checked yet.
pub struct Header {
    /// Its stanzas.
    pub stanzas: Vec<Stanza>,
    tagged: Vec<u8>,
    tag: Vec<u8>,
}

impl Header {
    /// Whether it is as it was written by whoever knew the key of the file.
    pub fn check(&self, key: &FileKey) -> Result<(), SealedError> {
        mac(&self.tagged, key)
            .verify_slice(&self.tag)
            .map_err(|_| SealedError::Altered)
    }
}

/// Writes a header.
pub fn write(stanzas: &[Stanza], key: &FileKey) -> Vec<u8> {
    let mut text = format!("{VERSION}\n");
    for stanza in stanzas {
        text += &format!("-> {}\n", stanza.words.join(" "));
        let body = base64::encode(&stanza.body);
        let mut lines = body.as_bytes().chunks_exact(COLUMNS);
        for line in &mut lines {
            text += &format!("{}\n", String::from_utf8_lossy(line));
        }
        text += &format!("{}\n", String::from_utf8_lossy(lines.remainder()));
    }
    text += "---";
    let tag = mac(text.as_bytes(), key).finalize().into_bytes();
    text += &format!(" {}\n", base64::encode(&tag));
    text.into_bytes()
}

/// Reads a header, and nothing behind it.
pub fn read(from: &mut impl BufRead) -> Result<Header, SealedError> {
    let mut from = from.take(MAX_LENGTH);
    let mut text = String::new();
    let mut stanzas: Vec<Stanza> = Vec::new();
    if line(&mut from, &mut text)? != VERSION {
        return Err(SealedError::NotSealed);
    }
    let mut in_body = false;
    loop {
        let begin = text.len();
        let line = line(&mut from, &mut text)?;
        if in_body {
            let stanza = stanzas.last_mut().ok_or(SealedError::Altered)?;
            let part = base64::decode(line).filter(|_| line.len() <= COLUMNS);
            stanza.body.extend(part.ok_or(SealedError::Altered)?);
            in_body = line.len() == COLUMNS;
        } else if let Some(words) = line.strip_prefix("-> ") {
            stanzas.push(Stanza {
                words: words.split(' ').map(str::to_owned).collect(),
                body: Vec::new(),
            });
            in_body = true;
        } else {
            let tag = line.strip_prefix("--- ").and_then(base64::decode);
            let tag = tag.filter(|_| !stanzas.is_empty());
            let tag = tag.ok_or(SealedError::Altered)?;
            return Ok(Header {
                stanzas,
                tagged: text.as_bytes()[..begin + 3].to_vec(),
                tag,
            });
        }
    }
}

/// The next line, added to `text`; without its end.
fn line<'t>(from: &mut impl BufRead, text: &'t mut String) -> Result<&'t str, SealedError> {
    let begin = text.len();
    // What is no text is no header.
    from.read_line(text).map_err(|why| match why.kind() {
        std::io::ErrorKind::InvalidData => SealedError::NotSealed,
        _ => why.into(),
    })?;
    let short = if begin == 0 {
        SealedError::NotSealed
    } else {
        SealedError::Altered
    };
    text[begin..].strip_suffix('\n').ok_or(short)
}

fn mac(text: &[u8], key: &FileKey) -> Hmac<Sha256> {
    let key = derive(&**key, &[], "header");
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&*key).expect("HMAC takes any key");
    mac.update(text);
    mac
}
