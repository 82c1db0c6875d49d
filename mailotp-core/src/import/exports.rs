//! Authenticators' own exports, in JSON.
//!
//! Aegis: docs/vault.md of its repository. `db.entries`, each with `type`, `name`, `issuer` and `info`
//! of `secret` in base32, `algo`, `digits`, `period` or `counter`; `db` is a text where it is encrypted.
//! FreeOTP+: what its class `Token` writes. `tokens`, each with `secret` as a list of signed bytes,
//! `algo`, `digits`, `period`, `counter`, `type`, `label`, `issuerExt`.

use zeroize::Zeroizing;

use super::json::{Data, Value};
use super::otpauth::labelled;
use super::{Entry, Item, Obstacle, Token, Unreadable, What, algorithm, hotp, json, totp};
use crate::account::Kind;
use crate::credential::oath::parse_seed;

pub(super) fn parse(text: &[u8]) -> Result<Vec<Entry>, Unreadable> {
    let text = std::str::from_utf8(text).map_err(|_| Unreadable::OtherKind)?;
    let document = json::parse(text).map_err(Unreadable::BreaksOff)?;
    if let Some(tokens) = document.list("tokens") {
        return Ok(tokens.iter().map(freeotp).collect());
    }
    let vault = document.get("db").ok_or(Unreadable::OtherKind)?;
    if matches!(vault.data, Data::Text(_)) {
        return Err(Unreadable::Encrypted);
    }
    let entries = vault.list("entries").ok_or(Unreadable::OtherKind)?;
    Ok(entries.iter().map(aegis).collect())
}

fn aegis(entry: &Value) -> Entry {
    let token = || {
        let info = entry.get("info").ok_or(INCOMPLETE)?;
        let seed = parse_seed(info.text("secret"));
        let seed = seed.ok_or(Obstacle::Malformed("its secret is no base32"))?;
        token(entry.text("type"), info, seed)
    };
    let found = Entry::new(entry.line, What::Token, token().map(Item::Token));
    // The name is not "issuer:account", and may hold a colon of its own.
    let found = found.named(entry.text("issuer").trim());
    match entry.text("name").trim() {
        "" => found,
        name => found.of(name),
    }
}

fn freeotp(entry: &Value) -> Entry {
    let token = || {
        let secret = entry.list("secret").ok_or(INCOMPLETE)?;
        let mut seed = Zeroizing::new(Vec::with_capacity(secret.len()));
        for byte in secret {
            // A byte of Java is signed.
            let byte = byte.integer().filter(|byte| (-128..256).contains(byte));
            seed.push(byte.ok_or(INCOMPLETE)? as u8);
        }
        token(entry.text("type"), entry, seed)
    };
    let found = Entry::new(entry.line, What::Token, token().map(Item::Token));
    labelled(found, entry.text("label"), entry.text("issuerExt"))
}

const INCOMPLETE: Obstacle = Obstacle::Malformed("something that it needs is missing");

/// The names that both give to these are the same.
fn token(kind: &str, from: &Value, seed: Zeroizing<Vec<u8>>) -> Result<Token, Obstacle> {
    let digits = from.number("digits").ok_or(INCOMPLETE)?;
    let kind: Kind = match kind.to_ascii_lowercase().as_str() {
        "totp" => totp(digits, from.number("period").ok_or(INCOMPLETE)?)?,
        "hotp" => hotp(digits, from.number("counter").ok_or(INCOMPLETE)?)?,
        "" => return Err(INCOMPLETE),
        _ => return Err(Obstacle::Kind(kind.to_owned())),
    };
    Token::new(kind, algorithm(from.text("algo"))?, seed)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Typed after docs/vault.md of Aegis.
    pub(crate) const AEGIS: &str = r#"{
    "version": 1,
    "header": { "slots": null, "params": null },
    "db": {
        "version": 2,
        "entries": [
            {
                "type": "totp", "uuid": "01234567-89ab-cdef-0123-456789abcdef",
                "name": "alice@example.com", "issuer": "Example", "note": "", "icon": null,
                "info": { "secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "algo": "SHA256", "digits": 7, "period": 60 }
            },
            { "type": "hotp", "name": "bob", "issuer": "", "info":
                { "secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "algo": "SHA1", "digits": 6, "counter": 5 } },
            { "type": "steam", "name": "carol", "issuer": "Steam", "info":
                { "secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "algo": "SHA1", "digits": 5, "period": 30 } },
            { "type": "totp", "name": "dora" }
        ]
    }
}"#;

    /// Typed after the class `Token` of FreeOTP+.
    pub(crate) const FREEOTP: &str = r#"{
  "tokenOrder": ["Example:alice", "bob"],
  "tokens": [
    { "algo": "SHA1", "counter": 0, "digits": 6, "issuerExt": "Example", "issuerInt": "Example",
      "label": "alice", "period": 30, "secret": [-1, 0, 127, -128, 1, 2, 3, 4, 5, 6], "type": "TOTP" },
    { "algo": "SHA512", "counter": 9, "digits": 8, "label": "bob", "period": 30,
      "secret": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], "type": "HOTP" },
    { "algo": "SHA1", "counter": 0, "digits": 6, "label": "carol", "period": 30, "secret": [300], "type": "TOTP" }
  ]
}"#;

    /// Line, account, name, and what it is.
    type Found = (
        usize,
        Option<String>,
        Option<String>,
        Result<Kind, Obstacle>,
    );

    fn found(text: &str) -> Vec<Found> {
        let entries = parse(text.as_bytes()).unwrap().into_iter();
        let kind = |item| match item {
            Item::Token(token) => token.kind,
            other => panic!("{other:?}"),
        };
        entries
            .map(|entry| (entry.line, entry.account, entry.name, entry.item.map(kind)))
            .collect()
    }

    #[test]
    fn a_plain_export_of_aegis_is_read() {
        let some = |text: &str| Some(text.to_owned());
        let expected = [
            (7, some("alice@example.com"), some("Example"), totp(7, 60)),
            (12, some("bob"), None, hotp(6, 5)),
            (
                14,
                some("carol"),
                some("Steam"),
                Err(Obstacle::Kind("steam".into())),
            ),
            (16, some("dora"), None, Err(INCOMPLETE)),
        ];
        assert_eq!(found(AEGIS), expected);
    }

    #[test]
    fn an_export_of_freeotp_plus_is_read_with_its_signed_bytes() {
        let some = |text: &str| Some(text.to_owned());
        let expected = [
            (4, some("alice"), some("Example"), totp(6, 30)),
            (6, some("bob"), None, hotp(8, 9)),
            (8, some("carol"), None, Err(INCOMPLETE)),
        ];
        assert_eq!(found(FREEOTP), expected);
        let entries = parse(FREEOTP.as_bytes()).unwrap();
        let Ok(Item::Token(token)) = &entries[0].item else {
            panic!("{:?}", entries[0])
        };
        assert_eq!(**token.seed.0, [255, 0, 127, 128, 1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn what_is_encrypted_broken_or_something_else_is_refused() {
        let encrypted =
            r#"{"version": 1, "header": {"slots": [{}], "params": {}}, "db": "c2VjcmV0"}"#;
        for (text, why) in [
            (encrypted, Unreadable::Encrypted),
            ("{}", Unreadable::OtherKind),
            ("{\"db\": {}}", Unreadable::OtherKind),
            (&AEGIS[..700], Unreadable::BreaksOff(15)),
        ] {
            assert_eq!(parse(text.as_bytes()).unwrap_err(), why, "{text}");
        }
    }
}
