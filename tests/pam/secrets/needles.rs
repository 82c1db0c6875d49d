//! What is looked for in memory: secrets as they are typed, and what they become on the way.

use std::collections::BTreeMap;

use harness::host::{Finding, mask};
use harness::site::Site;
use harness::tool::tool;

/// What is looked for: a name for it, and the bytes.
#[derive(Clone, Default)]
pub struct Needles(BTreeMap<Vec<u8>, String>);

impl Needles {
    pub fn add(&mut self, name: &str, bytes: impl AsRef<[u8]>) -> &mut Self {
        let bytes = bytes.as_ref();
        assert!(bytes.len() >= 6, "{name} is found by chance");
        self.0.insert(bytes.to_vec(), name.to_owned());
        self
    }

    /// A text, and what is left of it without blanks and dashes.
    pub fn typed(&mut self, name: &str, text: &str) -> &mut Self {
        let bare: String = text.chars().filter(|at| !" -".contains(*at)).collect();
        self.add(name, text).add(name, bare)
    }

    /// A key, and the two blocks that HMAC makes of it (RFC 2104).
    pub fn key(&mut self, name: &str, key: &[u8]) -> &mut Self {
        let block = |pad: u8| key.iter().map(|byte| byte ^ pad).collect::<Vec<_>>();
        self.add(name, key)
            .add(&format!("{name}, inner block"), block(0x36))
            .add(&format!("{name}, outer block"), block(0x5c))
    }

    /// The key ring of a site, and what is derived from it.
    pub fn ring(&mut self, site: &Site) -> &mut Self {
        let text = std::fs::read_to_string(site.path("mailotp.key")).expect("it is ours");
        for line in text.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            let (what, hex, purposes): (_, _, &[&str]) = match words[..] {
                ["decoy", hex] => ("the decoy", hex, &["seed", "alias", "decoy"]),
                ["key", _, hex] => ("the key", hex, &["seal", "window", "guess"]),
                _ => continue,
            };
            self.add(&format!("{what} in hexadecimal"), hex);
            self.add(what, bytes_of(hex));
            self.key(
                &format!("{what}, extracted"),
                &hkdf(hex, "mode:EXTRACT_ONLY"),
            );
            for purpose in purposes {
                let name = format!("{what} for {purpose}");
                self.key(&name, &hkdf(hex, &format!("info:mailotp {purpose} 1")));
            }
        }
        self
    }

    pub fn masked(&self) -> Vec<Vec<u8>> {
        self.0.keys().map(|needle| mask(needle)).collect()
    }

    pub fn name(&self, finding: &Finding) -> &str {
        self.0.values().nth(finding.secret).expect("one of ours")
    }
}

/// HKDF (RFC 5869) as OpenSSL computes it.
fn hkdf(key: &str, option: &str) -> Vec<u8> {
    let key = format!("hexkey:{key}");
    let options = ["digest:SHA256", &key, option].map(|option| ["-kdfopt", option]);
    let arguments = [&["kdf", "-keylen", "32"], options.as_flattened(), &["HKDF"]].concat();
    bytes_of(
        &tool("openssl", "openssl", &arguments)
            .done()
            .stdout
            .replace(':', ""),
    )
}

pub fn bytes_of(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex
        .chars()
        .filter_map(|digit| digit.to_digit(16))
        .map(|digit| digit as u8)
        .collect();
    digits
        .chunks(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect()
}

/// The bytes of a seed in base32 (RFC 4648).
pub fn seed(uri: &str) -> Vec<u8> {
    let (_, rest) = uri.split_once("secret=").expect("a URI holds the seed");
    let text = rest.split('&').next().expect("a value");
    let (mut bits, mut count, mut bytes) = (0_u32, 0, Vec::new());
    for letter in text.bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            _ => letter - b'2' + 26,
        };
        bits = bits << 5 | u32::from(value);
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    bytes
}

/// The values of the characters of an app password.
pub fn values(secret: &str) -> Vec<u8> {
    let symbols = "0123456789abcdefghjkmnpqrstvwxyz";
    let value = |letter| symbols.find(letter).map(|at| at as u8);
    secret.chars().filter_map(value).collect()
}
