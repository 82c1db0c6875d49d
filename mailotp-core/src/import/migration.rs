//! `otpauth-migration://offline?data=…`, the QR codes of Google Authenticator's export.
//!
//! Nobody has documented it but those who read it: the data is base64 of a message in the encoding of
//! Protocol Buffers (protobuf.dev/programming-guides/encoding). Field 1, repeated: a token, of 1 secret,
//! 2 name, 3 issuer, 4 algorithm, 5 digits, 6 type, 7 counter. Field 3: how many QR codes the export
//! has; field 4: which one this is, from 0 on.

use zeroize::Zeroizing;

use super::{Entry, Item, Obstacle, Token, What, base64, hotp, totp};
use crate::credential::oath::Algorithm;

/// One QR code.
pub(super) struct Batch {
    pub entries: Vec<Entry>,
    /// How many there are, and which this is; which export it is of.
    pub size: u64,
    pub index: u64,
    pub id: u64,
}

const BROKEN: Obstacle = Obstacle::Malformed("its data is damaged");

pub(super) fn read(line: usize, data: &str) -> Result<Batch, Obstacle> {
    let bytes = base64::decode(data).ok_or(BROKEN)?;
    let mut batch = Batch {
        entries: Vec::new(),
        size: 1,
        index: 0,
        id: 0,
    };
    for field in Fields(&bytes) {
        match field.ok_or(BROKEN)? {
            (1, Value::Bytes(token)) => batch.entries.push(read_token(line, token)?),
            (3, Value::Number(size)) => batch.size = size,
            (4, Value::Number(index)) => batch.index = index,
            (5, Value::Number(id)) => batch.id = id,
            _ => {}
        }
    }
    Ok(batch)
}

#[derive(Default)]
struct Found<'a> {
    secret: &'a [u8],
    name: &'a [u8],
    issuer: &'a [u8],
    algorithm: u64,
    digits: u64,
    kind: u64,
    counter: u64,
}

fn read_token(line: usize, bytes: &[u8]) -> Result<Entry, Obstacle> {
    let mut found = Found::default();
    for field in Fields(bytes) {
        match field.ok_or(BROKEN)? {
            (1, Value::Bytes(secret)) => found.secret = secret,
            (2, Value::Bytes(name)) => found.name = name,
            (3, Value::Bytes(issuer)) => found.issuer = issuer,
            (4, Value::Number(algorithm)) => found.algorithm = algorithm,
            (5, Value::Number(digits)) => found.digits = digits,
            (6, Value::Number(kind)) => found.kind = kind,
            (7, Value::Number(counter)) => found.counter = counter,
            _ => {}
        }
    }
    let name = String::from_utf8_lossy(found.name);
    let issuer = String::from_utf8_lossy(found.issuer);
    let entry = Entry::new(line, What::Token, token(&found).map(Item::Token));
    Ok(super::otpauth::labelled(entry, &name, &issuer))
}

fn token(found: &Found<'_>) -> Result<Token, Obstacle> {
    // In each of these 0 stands for "not said".
    let algorithm = match found.algorithm {
        0 | 1 => Algorithm::Sha1,
        2 => Algorithm::Sha256,
        3 => Algorithm::Sha512,
        4 => return Err(Obstacle::Algorithm("MD5".into())),
        other => return Err(Obstacle::Algorithm(format!("algorithm {other}"))),
    };
    let digits = match found.digits {
        0 | 1 => 6,
        2 => 8,
        3 => 7,
        other => return Err(Obstacle::Digits(other)),
    };
    let kind = match found.kind {
        // The app counts up before it shows a code, and exports the counter of the last one.
        1 => hotp(
            digits,
            found.counter.checked_add(1).ok_or(Obstacle::Counter)?,
        )?,
        // Of TOTP it knows no period but 30 seconds.
        0 | 2 => totp(digits, 30)?,
        other => return Err(Obstacle::Kind(other.to_string())),
    };
    Token::new(kind, algorithm, Zeroizing::new(found.secret.to_vec()))
}

enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    /// A fixed number of bytes, which no field of ours is.
    Other,
}

/// The fields of a message; `None` where it is damaged, and then no more.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Option<(u64, Value<'a>)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_none() {
            self.0 = &[];
        }
        Some(field)
    }
}

impl<'a> Fields<'a> {
    fn field(&mut self) -> Option<(u64, Value<'a>)> {
        let tag = self.varint()?;
        let value = match tag & 7 {
            0 => Value::Number(self.varint()?),
            1 => self.take(8).map(|_| Value::Other)?,
            2 => {
                let length = self.varint()?.try_into().ok()?;
                Value::Bytes(self.take(length)?)
            }
            5 => self.take(4).map(|_| Value::Other)?,
            _ => return None,
        };
        Some((tag >> 3, value))
    }

    fn varint(&mut self) -> Option<u64> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.take(1)?[0];
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two tokens, put together by hand: TOTP with nothing but a secret and names, and HOTP with SHA-256,
    /// 8 digits and counter 300. Then version 1, QR code 2 of 2.
    fn message() -> Vec<u8> {
        let mut totp = vec![0x0a, 10];
        totp.extend(*b"1234567890");
        totp.extend([0x12, 13]);
        totp.extend(*b"Example:alice");
        totp.extend([0x1a, 7]);
        totp.extend(*b"Example");
        let mut hotp = vec![0x0a, 10];
        hotp.extend(*b"0987654321");
        hotp.extend([0x12, 3]);
        hotp.extend(*b"bob");
        hotp.extend([0x20, 2, 0x28, 2, 0x30, 1, 0x38, 0xac, 0x02]);
        let mut all = Vec::new();
        for token in [totp, hotp] {
            all.extend([0x0a, token.len() as u8]);
            all.extend(token);
        }
        all.extend([0x10, 1, 0x18, 2, 0x20, 1]);
        all
    }

    fn coded(bytes: &[u8]) -> String {
        const DIGITS: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let bits: String = bytes.iter().map(|byte| format!("{byte:08b}")).collect();
        bits.as_bytes()
            .chunks(6)
            .map(|six| {
                let six = format!("{:0<6}", std::str::from_utf8(six).unwrap());
                char::from(DIGITS[usize::from_str_radix(&six, 2).unwrap()])
            })
            .collect()
    }

    #[test]
    fn a_batch_is_read_with_its_place_in_the_export() {
        let batch = read(1, &coded(&message())).unwrap_or_else(|why| panic!("{why}"));
        assert_eq!((batch.size, batch.index), (2, 1));
        let tokens: Vec<_> = batch
            .entries
            .iter()
            .map(|entry| {
                let Ok(Item::Token(token)) = &entry.item else {
                    panic!("{entry:?}")
                };
                let names = (entry.account.as_deref(), entry.name.as_deref());
                (names, token.kind.clone(), token.algorithm)
            })
            .collect();
        let alice = (Some("alice"), Some("Example"));
        assert_eq!(tokens[0], (alice, totp(6, 30).unwrap(), Algorithm::Sha1));
        let counted = hotp(8, 301).unwrap();
        assert_eq!(tokens[1], ((Some("bob"), None), counted, Algorithm::Sha256));
    }

    #[test]
    fn what_is_damaged_is_refused() {
        let whole = message();
        for cut in 1..whole.len() {
            // Between two fields of the outer message there is nothing to notice.
            let _ = read(1, &coded(&whole[..cut]));
        }
        for bad in [&whole[..20], &[0x0a, 200], &[0xff; 12], &[0x0b], &[0x0a]] {
            assert!(read(1, &coded(bad)).is_err(), "{bad:?}");
        }
    }
}
