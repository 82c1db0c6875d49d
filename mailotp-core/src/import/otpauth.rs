//! What authenticators export: `otpauth://` URIs, one a line (Google Authenticator's "Key Uri Format"),
//! the `otpauth-migration://` URIs of Google Authenticator itself, and the JSON of Aegis and FreeOTP+.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::{
    Entry, Item, Obstacle, Token, Unreadable, What, algorithm, exports, hotp, lines, migration,
    number, totp,
};
use crate::credential::oath::{Algorithm, parse_seed};

pub(super) fn parse(text: &[u8]) -> Result<Vec<Entry>, Unreadable> {
    if text.trim_ascii_start().starts_with(b"{") {
        return exports::parse(text);
    }
    let mut entries = Vec::new();
    let mut batches = Batches::default();
    for (line, text) in lines(text) {
        let text = text.map(str::trim);
        if text.is_some_and(|text| text.is_empty() || text.starts_with('#')) {
            continue;
        }
        let uri = text.and_then(Uri::of);
        match uri {
            Some(uri) if uri.is_migration => match migration::read(line, uri.get("data")) {
                Ok(batch) => {
                    batches.note(line, &batch);
                    entries.extend(batch.entries);
                }
                Err(why) => entries.push(Entry::new(line, What::QrCode, Err(why))),
            },
            Some(uri) => {
                let entry = Entry::new(line, What::Token, uri.token().map(Item::Token));
                entries.push(labelled(entry, &uri.label, uri.get("issuer")));
            }
            None => {
                let why = Obstacle::Malformed("it is no otpauth URI");
                entries.push(Entry::new(line, What::Line, Err(why)));
            }
        }
    }
    if entries.iter().all(|entry| entry.what == What::Line) {
        return Err(Unreadable::OtherKind);
    }
    entries.extend(batches.missing());
    Ok(entries)
}

/// The QR codes of each export that were there.
#[derive(Default)]
struct Batches(BTreeMap<(u64, u64), (usize, Vec<u64>)>);

impl Batches {
    fn note(&mut self, line: usize, batch: &migration::Batch) {
        let (_, seen) = self
            .0
            .entry((batch.id, batch.size))
            .or_insert((line, Vec::new()));
        if batch.index < batch.size && !seen.contains(&batch.index) {
            seen.push(batch.index);
        }
    }

    fn missing(self) -> impl Iterator<Item = Entry> {
        self.0.into_iter().filter_map(|((_, of), (line, seen))| {
            let missing = of.saturating_sub(seen.len() as u64);
            let why = Obstacle::Incomplete { missing, of };
            (missing > 0).then(|| Entry::new(line, What::QrCode, Err(why)))
        })
    }
}

/// The entry with whose it is, and for what. A label is an account, or `issuer:account`.
pub(super) fn labelled(entry: Entry, label: &str, issuer: &str) -> Entry {
    let (before, account) = label.split_once(':').unwrap_or(("", label));
    let issuer = if issuer.is_empty() { before } else { issuer };
    let entry = entry.named(issuer.trim());
    match account.trim() {
        "" => entry,
        account => entry.of(account),
    }
}

struct Uri<'a> {
    is_migration: bool,
    kind: &'a str,
    label: String,
    parameters: Vec<(&'a str, Zeroizing<String>)>,
}

impl Uri<'_> {
    fn of(text: &str) -> Option<Uri<'_>> {
        // So zbarimg writes what it has found in a picture.
        let text = text.strip_prefix("QR-Code:").unwrap_or(text);
        let (scheme, rest) = text.split_once("://")?;
        let is_migration = scheme.eq_ignore_ascii_case("otpauth-migration");
        if !is_migration && !scheme.eq_ignore_ascii_case("otpauth") {
            return None;
        }
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (kind, label) = path.split_once('/').unwrap_or((path, ""));
        let parameters = query.split('&').filter_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            Some((name, percent_decode(value)))
        });
        Some(Uri {
            is_migration,
            kind,
            label: percent_decode(label).to_string(),
            parameters: parameters.collect(),
        })
    }

    /// A parameter; empty where it is not there.
    fn get(&self, name: &str) -> &str {
        let mut parameters = self.parameters.iter();
        let found = parameters.find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value.as_str())
    }

    fn number(&self, name: &str, default: Option<u64>) -> Result<u64, Obstacle> {
        let missing = Obstacle::Malformed("a number that it needs is missing or is none");
        match self.get(name) {
            "" => default.ok_or(missing),
            text => number(text).ok_or(missing),
        }
    }

    fn token(&self) -> Result<Token, Obstacle> {
        let digits = self.number("digits", Some(6))?;
        let kind = match self.kind.to_ascii_lowercase().as_str() {
            "totp" => totp(digits, self.number("period", Some(30))?)?,
            // "counter is required if type is hotp": a guess would make old codes good again.
            "hotp" => hotp(digits, self.number("counter", None)?)?,
            _ => return Err(Obstacle::Kind(self.kind.to_owned())),
        };
        let algorithm = match self.get("algorithm") {
            "" => Algorithm::Sha1,
            name => algorithm(name)?,
        };
        let seed = parse_seed(self.get("secret"));
        let seed = seed.filter(|seed| !seed.is_empty());
        let seed = seed.ok_or(Obstacle::Malformed("its secret is no base32"))?;
        Token::new(kind, algorithm, seed)
    }
}

/// RFC 3986, section 2.1. What is no UTF-8 is written as what it is not.
fn percent_decode(text: &str) -> Zeroizing<String> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let digit = |at: usize| char::from(*after.get(at)?).to_digit(16);
        (rest, _) = match (byte, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => (&after[2..], bytes.push((high << 4 | low) as u8)),
            _ => (after, bytes.push(byte)),
        };
    }
    Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Kind;

    const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    type Found = (
        Option<String>,
        Option<String>,
        Result<(Kind, Algorithm), Obstacle>,
    );

    fn found(text: &str) -> Vec<Found> {
        let entries = parse(text.as_bytes()).unwrap().into_iter();
        let token = |item| match item {
            Item::Token(token) => (token.kind, token.algorithm),
            other => panic!("{other:?}"),
        };
        entries
            .map(|entry| (entry.account, entry.name, entry.item.map(token)))
            .collect()
    }

    #[test]
    fn uris_are_read_with_their_defaults_and_their_names() {
        let some = |text: &str| Some(text.to_owned());
        let plain = Ok((totp(6, 30).unwrap(), Algorithm::Sha1));
        for (uri, account, name, token) in [
            (
                format!("otpauth://totp/alice?secret={SECRET}"),
                "alice",
                None,
                plain.clone(),
            ),
            (
                format!(
                    "OTPAUTH://TOTP/Example:%20alice%40example.com?Secret={SECRET}&issuer=Ex%20ample"
                ),
                "alice@example.com",
                some("Ex ample"),
                plain.clone(),
            ),
            (
                format!("QR-Code:otpauth://totp/Example%3Aalice?secret={SECRET}"),
                "alice",
                some("Example"),
                plain,
            ),
            (
                format!("otpauth://hotp/bob?secret={SECRET}&counter=7&digits=8&algorithm=SHA512"),
                "bob",
                None,
                Ok((hotp(8, 7).unwrap(), Algorithm::Sha512)),
            ),
            (
                format!("otpauth://totp/bob?secret={SECRET}&period=60&algorithm=HmacSHA256"),
                "bob",
                None,
                Ok((totp(6, 60).unwrap(), Algorithm::Sha256)),
            ),
        ] {
            assert_eq!(found(&uri), [(some(account), name, token)], "{uri}");
        }
    }

    #[test]
    fn what_no_token_here_can_be_is_named_on_its_line() {
        for (parameters, why) in [
            ("totp/a?secret=GEZDGNBV", Obstacle::SeedLength(5)),
            (
                "totp/a?secret=GEZDGNBVGY3TQOJQ&algorithm=MD5",
                Obstacle::Algorithm("MD5".into()),
            ),
            (
                "totp/a?secret=GEZDGNBVGY3TQOJQ&digits=10",
                Obstacle::Digits(10),
            ),
            (
                "totp/a?secret=GEZDGNBVGY3TQOJQ&period=0",
                Obstacle::Period(0),
            ),
            (
                "steam/a?secret=GEZDGNBVGY3TQOJQ",
                Obstacle::Kind("steam".into()),
            ),
        ] {
            let uri = format!("otpauth://{parameters}");
            assert_eq!(found(&uri)[0].2.clone().unwrap_err(), why, "{uri}");
        }
        for parameters in [
            "hotp/a?secret=GEZDGNBVGY3TQOJQ",
            "totp/a?secret=GEZDGNBVGY3TQOJQ&digits=-6",
            "totp/a?secret=1234",
            "totp/a?secret=",
            "totp/a",
            "totp",
            "",
        ] {
            let uri = format!("otpauth://{parameters}");
            assert!(found(&uri)[0].2.is_err(), "{uri}");
        }
        let text = format!("# mine\n\nhello\notpauth://totp/a?secret={SECRET}\n");
        let lines: Vec<_> = parse(text.as_bytes())
            .unwrap()
            .iter()
            .map(|entry| (entry.line, entry.what))
            .collect();
        assert_eq!(lines, [(3, What::Line), (4, What::Token)]);
        assert_eq!(parse(b"hello\n").unwrap_err(), Unreadable::OtherKind);
    }

    #[test]
    fn an_export_in_several_qr_codes_must_be_whole() {
        // A token of ten bytes, and that this is QR code 1 of 2.
        let one = "otpauth-migration://offline?data=CgwKCjEyMzQ1Njc4OTAYAiAA";
        let lines = |text: &str| -> Vec<_> {
            let entries = parse(text.as_bytes()).unwrap();
            entries
                .iter()
                .map(|entry| (entry.line, entry.what))
                .collect()
        };
        assert_eq!(lines(one), [(1, What::Token), (1, What::QrCode)]);
        let two = format!("{one}\n{}", one.replace("AA", "AB"));
        assert_eq!(lines(&two), [(1, What::Token), (2, What::Token)]);
        let broken = "otpauth-migration://offline?data=CgwKCjEy";
        assert_eq!(lines(broken), [(1, What::QrCode)]);
    }
}
