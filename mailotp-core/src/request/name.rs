//! Account names, after RFC 8265.

use std::borrow::Cow;
use std::fmt;

use precis_core::profile::{Profile, stabilize};
use precis_profiles::{UsernameCaseMapped, UsernameCasePreserved};
use serde::Deserialize;

use super::{AliasName, MAX_INPUT};

/// A user name that mailotp works with: normalised, without control characters or slashes, at most
/// [`MAX_INPUT`] bytes. It need not be a system user.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountName(String);

/// Why a name is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// Nothing at all.
    #[error("a user name cannot be empty")]
    Empty,
    /// More than [`MAX_INPUT`] bytes.
    #[error("a user name cannot be longer than {MAX_INPUT} bytes")]
    TooLong,
    /// Bytes that are no UTF-8.
    #[error("a user name must be UTF-8")]
    NotUtf8,
    /// A control character, a slash, a blank, or another character outside of RFC 8265.
    #[error(
        "a user name cannot hold control characters, blanks, slashes or two @ (RFC 8265, section 3)"
    )]
    Forbidden,
}

/// Are `Alice` and `alice` the same?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Case {
    /// Yes: RFC 8265, section 3.3, UsernameCaseMapped.
    #[default]
    Fold,
    /// No: RFC 8265, section 3.4, UsernameCasePreserved.
    Preserve,
}

/// How this site writes names: `[users]` of the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Naming {
    /// The domain that may be left out; empty for none.
    pub domain: String,
    /// Whether case counts.
    pub case: Case,
}

/// What a byte of a name can be beside a printed character of ASCII.
const SLASH: u8 = 1;
const SIGN: u8 = 2;
const CAPITAL: u8 = 4;
const OTHER: u8 = 8;

/// What each byte is: a table, since a file of a thousand rules has many names.
const KINDS: [u8; 256] = {
    let mut kinds = [OTHER; 256];
    let mut byte = b'!';
    while byte <= b'~' {
        kinds[byte as usize] = match byte {
            b'/' => SLASH,
            b'@' => SIGN,
            b'A'..=b'Z' => CAPITAL,
            _ => 0,
        };
        byte += 1;
    }
    kinds
};

impl Naming {
    /// The account that `raw` names.
    pub fn account(&self, raw: &[u8]) -> Result<AccountName, BadName> {
        // Of something longer not even the characters are looked at.
        if raw.len() > MAX_INPUT {
            return Err(BadName::TooLong);
        }
        let text = std::str::from_utf8(raw).map_err(|_| BadName::NotUtf8)?;
        let mut name = String::with_capacity(text.len());
        self.write(text, &mut name)?;
        Ok(AccountName(name))
    }

    /// Whether this is the domain that may be left out.
    pub fn is_own(&self, domain: &str) -> bool {
        !self.domain.is_empty() && self.domain.eq_ignore_ascii_case(domain)
    }

    /// Puts the account that `text` names at the end of `into`.
    pub fn write(&self, text: &str, into: &mut String) -> Result<(), BadName> {
        if text.is_empty() {
            return Err(BadName::Empty);
        }
        if text.len() > MAX_INPUT {
            return Err(BadName::TooLong);
        }
        let kinds = text
            .bytes()
            .fold(0, |all, byte| all | KINDS[usize::from(byte)]);
        let others = kinds & OTHER != 0;
        let start = into.len();
        // Of what ASCII prints, RFC 8265 allows everything and changes the case alone. Most names are
        // of that, and a file of a thousand rules has thousands of them.
        if others {
            into.push_str(&self.prepare(text)?);
        } else {
            into.push_str(text);
            if kinds & CAPITAL != 0 && self.case == Case::Fold {
                into[start..].make_ascii_lowercase();
            }
        }
        // As it is compared, which is not always as it is typed: a full-width slash is a slash there (RFC 8265,
        // section 3.3.2). PRECIS lets one pass, and names never become paths here, but they do in mail
        // stores. Of two `@` no two servers make the same mailbox.
        let name = &into[start..];
        let has = |kind: u8, sign| kinds & (kind | OTHER) != 0 && name.contains(sign);
        if has(SLASH, '/') || has(SIGN, '@') && name.matches('@').count() > 1 {
            into.truncate(start);
            return Err(BadName::Forbidden);
        }
        if kinds & (SIGN | OTHER) != 0
            && let Some((local, domain)) = into[start..].rsplit_once('@')
            && self.is_own(domain)
            && !local.is_empty()
        {
            into.truncate(start + local.len());
        }
        Ok(())
    }

    /// Until nothing changes any more: what comes out once may not be what a name may be (RFC 8264, section 7).
    fn prepare<'t>(&self, text: &'t str) -> Result<Cow<'t, str>, BadName> {
        let prepared = match self.case {
            Case::Fold => stabilize(text, |text| UsernameCaseMapped::new().enforce(text)),
            Case::Preserve => stabilize(text, |text| UsernameCasePreserved::new().enforce(text)),
        };
        prepared.map_err(|_| BadName::Forbidden)
    }
}

impl AccountName {
    /// The name, normalised.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The alias that this may be, by its form.
    pub fn alias(&self) -> Option<AliasName> {
        AliasName::recognise(&self.0)
    }

    /// A name that a store gives back: it was normalised when it went in.
    pub(crate) fn stored(name: String) -> AccountName {
        AccountName(name)
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(raw: &str) -> Result<String, BadName> {
        Naming::default().account(raw.as_bytes()).map(|name| name.0)
    }

    #[test]
    fn a_name_is_folded_and_composed() {
        assert_eq!(folded("Alice").unwrap(), "alice");
        assert_eq!(folded("JU\u{308}RGEN").unwrap(), "jürgen");
        assert_eq!(folded("Ａｌｉｃｅ").unwrap(), "alice");
    }

    /// What [`Naming::write`] leaves out for them changes nothing.
    #[test]
    fn names_in_ascii_are_what_rfc_8265_makes_of_them() {
        let graphic: Vec<String> = (b'!'..=b'~').map(|byte| char::from(byte).into()).collect();
        let pairs = graphic
            .iter()
            .flat_map(|one| graphic.iter().map(move |other| format!("{one}{other}")));
        for text in pairs.chain([graphic.concat()]) {
            for case in [Case::Fold, Case::Preserve] {
                let naming = Naming {
                    case,
                    ..Naming::default()
                };
                let full = naming.prepare(&text).unwrap();
                let short = naming.account(text.replace(['/', '@'], "-").as_bytes());
                assert_eq!(short.unwrap().0, full.replace(['/', '@'], "-"), "{text}");
            }
        }
    }

    #[test]
    fn case_is_preserved_where_the_site_says_so() {
        let naming = Naming {
            case: Case::Preserve,
            ..Naming::default()
        };
        assert_eq!(naming.account(b"Alice").unwrap().as_str(), "Alice");
    }

    #[test]
    fn the_own_domain_may_be_left_out_and_no_other() {
        let naming = Naming {
            domain: "Example.com".into(),
            ..Naming::default()
        };
        assert_eq!(
            naming.account(b"alice@example.COM").unwrap().as_str(),
            "alice"
        );
        assert_eq!(
            naming.account(b"alice@example.org").unwrap().as_str(),
            "alice@example.org"
        );
        assert_eq!(
            naming.account(b"@example.com").unwrap().as_str(),
            "@example.com"
        );
    }

    /// CVE-2023-42456 sudo-rs: `../` in a user name became a path.
    #[test]
    fn cve_2023_42456_what_could_be_a_path_a_protocol_or_an_overflow_is_no_name() {
        for bad in [
            "",
            "a/b",
            "a@b@c",
            "../etc",
            "a\tb",
            "a\nb",
            "a b",
            "\u{7f}",
            "a\0b",
            "\u{200b}x",
            "a\u{ff0f}b",
            "a\u{ff20}b@c",
            // Cherokee, whose small letters the tables of these rules do not know.
            "\u{13cf}",
        ] {
            assert!(folded(bad).is_err(), "{bad:?} was let through");
        }
        assert_eq!(folded(&"a".repeat(MAX_INPUT)).unwrap().len(), MAX_INPUT);
        assert_eq!(folded(&"a".repeat(MAX_INPUT + 1)), Err(BadName::TooLong));
        assert_eq!(
            Naming::default().account(b"al\xffice"),
            Err(BadName::NotUtf8)
        );
    }
}
