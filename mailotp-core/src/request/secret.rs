//! What was typed, and every way to read it. Which ways there are depends on the form alone, never
//! on the account.

use zeroize::Zeroizing;

use super::alphabet::{is_separator, symbol, value};
use super::{AppPassword, MAX_INPUT};

/// How many characters a sheet code has: 50 bits.
pub const SHEET_CODE_LENGTH: usize = 10;

/// What a user typed: bytes, since passwords need not be UTF-8. Wiped when dropped, never printed.
pub struct Secret(Zeroizing<Vec<u8>>);

/// A secret that is refused before it is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretProblem {
    /// More than [`MAX_INPUT`] bytes.
    #[error("the secret is longer than {MAX_INPUT} bytes")]
    TooLong,
    /// A control character: no keyboard types one, and protocols and logs break on it.
    #[error("the secret holds a control character")]
    Control,
}

/// The form of a secret.
pub enum Typed<'a> {
    /// Empty or `?`: the user asks which code is due.
    Question,
    /// An app password with the right check character.
    AppPassword(AppPassword),
    /// The form of an app password, with a typing error in it.
    Mistyped,
    /// Anything else: perhaps with a code at its end.
    Text(Readings<'a>),
}

/// The codes that a text may end in.
pub struct Readings<'a> {
    /// A sheet code, ten characters, folded.
    pub sheet: Option<Split<'a>>,
    /// A digit code.
    pub digits: Option<Split<'a>>,
}

/// A text cut in two: the code is taken from the right, the rest stays as it was typed.
pub struct Split<'a> {
    /// What stands before the code, verbatim.
    pub prefix: &'a [u8],
    /// The code, without blanks and dashes, folded.
    pub code: Zeroizing<String>,
}

impl Secret {
    /// Takes what was typed.
    pub fn new(typed: Zeroizing<Vec<u8>>) -> Result<Secret, SecretProblem> {
        if typed.len() > MAX_INPUT {
            return Err(SecretProblem::TooLong);
        }
        if typed.iter().any(u8::is_ascii_control) {
            return Err(SecretProblem::Control);
        }
        Ok(Secret(typed))
    }

    /// The bytes, as typed.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Reads the form. `digits` is the length of this account's digit codes.
    pub fn read(&self, digits: usize) -> Typed<'_> {
        if self.0.is_empty() || self.0.as_slice() == b"?" {
            return Typed::Question;
        }
        match AppPassword::recognise(&self.0) {
            Some(Ok(password)) => Typed::AppPassword(password),
            Some(Err(_)) => Typed::Mistyped,
            None => Typed::Text(Readings {
                sheet: split(&self.0, SHEET_CODE_LENGTH, |byte| value(byte).map(symbol)),
                digits: split(&self.0, digits, |byte| {
                    byte.is_ascii_digit().then_some(char::from(byte))
                }),
            }),
        }
    }
}

impl Split<'_> {
    /// Nothing but the code was typed; blanks and dashes around it do not count.
    pub fn is_bare(&self) -> bool {
        self.prefix.iter().copied().all(is_separator)
    }
}

/// Takes exactly `length` characters of a code from the right end of `typed`, and leaves the rest
/// alone, a blank at its end included: it may belong to a password.
fn split(typed: &[u8], length: usize, fold: impl Fn(u8) -> Option<char>) -> Option<Split<'_>> {
    let mut code = Zeroizing::new(Vec::with_capacity(length));
    let mut end = typed.len();
    while code.len() < length {
        end = end.checked_sub(1)?;
        match fold(typed[end]) {
            Some(folded) => code.push(folded as u8),
            None if is_separator(typed[end]) => {}
            None => return None,
        }
    }
    let mut text = Zeroizing::new(String::with_capacity(length));
    text.extend(code.iter().rev().copied().map(char::from));
    Some(Split {
        prefix: &typed[..end],
        code: text,
    })
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(typed: &str) -> Secret {
        Secret::new(Zeroizing::new(typed.as_bytes().to_vec())).unwrap()
    }

    /// (prefix, sheet code), (prefix, digits)
    type Parts = (Option<(String, String)>, Option<(String, String)>);

    fn parts(typed: &str) -> Parts {
        let secret = secret(typed);
        let Typed::Text(readings) = secret.read(6) else {
            panic!("{typed:?} is no text")
        };
        let owned = |split: Option<Split<'_>>| {
            split.map(|s| {
                (
                    String::from_utf8(s.prefix.to_vec()).unwrap(),
                    s.code.to_string(),
                )
            })
        };
        (owned(readings.sheet), owned(readings.digits))
    }

    #[test]
    fn a_code_is_read_through_case_blanks_dashes_and_look_alikes() {
        for typed in [
            "abcde-f0h1j",
            "ABCDE FOHIJ",
            "a b c d e f o h l j",
            " abcdefohij-",
            "abcdef0h1j ",
        ] {
            let (sheet, digits) = parts(typed);
            assert_eq!(sheet.unwrap().1, "abcdef0h1j", "{typed:?}");
            assert!(digits.is_none());
        }
        for typed in ["012345", "012 345", "0-1-2-3-4-5", "012345 "] {
            let (sheet, digits) = parts(typed);
            assert_eq!(
                digits.unwrap(),
                (String::new(), "012345".to_owned()),
                "{typed:?}"
            );
            assert!(sheet.is_none(), "a digit code is no sheet code: {typed:?}");
        }
    }

    #[test]
    fn what_stands_before_the_code_stays_verbatim() {
        for password in [
            "secret",
            "secret ",
            "s 12",
            "-",
            "päss wörd--",
            "12345678901",
            "  x  ",
        ] {
            let (_, digits) = parts(&format!("{password}654321"));
            assert_eq!(digits.unwrap(), (password.to_owned(), "654321".to_owned()));
            let (sheet, _) = parts(&format!("{password}abcde-fghjk"));
            assert_eq!(
                sheet.unwrap(),
                (password.to_owned(), "abcdefghjk".to_owned())
            );
        }
    }

    #[test]
    fn a_code_cut_short_is_no_code() {
        for typed in ["abcd", "12345", "abcde!fghjk", "ä"] {
            let (sheet, digits) = parts(typed);
            assert!(sheet.is_none() && digits.is_none(), "{typed:?}");
        }
    }

    #[test]
    fn empty_and_a_question_mark_are_questions_and_nothing_else_is() {
        for (typed, question) in [
            ("", true),
            ("?", true),
            ("??", false),
            (" ", false),
            ("? ", false),
        ] {
            assert_eq!(
                matches!(secret(typed).read(6), Typed::Question),
                question,
                "{typed:?}"
            );
        }
    }

    #[test]
    fn an_app_password_is_recognised_as_a_whole_and_a_typo_by_its_check() {
        let made = AppPassword::new([1, 2, 3, 4], &[9; 20]);
        let printed = made.grouped();
        assert_eq!(printed.len(), 34);
        for typed in [
            printed.to_string(),
            printed.replace('-', ""),
            printed.to_uppercase(),
        ] {
            let secret = secret(&typed);
            let Typed::AppPassword(read) = secret.read(6) else {
                panic!("{typed} was not read")
            };
            assert_eq!(
                (read.selector(), read.secret()),
                (made.selector(), made.secret())
            );
        }
        let typo = printed.replacen('9', "8", 1);
        assert!(matches!(secret(&typo).read(6), Typed::Mistyped));
        for other in [
            &printed[1..],
            &format!("x{}", *printed),
            &format!("{}0", *printed),
        ] {
            assert!(matches!(secret(other).read(6), Typed::Text(_)), "{other}");
        }
    }

    #[test]
    fn control_characters_and_more_than_1_kib_are_refused_unread() {
        let new = |bytes: &[u8]| Secret::new(Zeroizing::new(bytes.to_vec())).map(|_| ());
        for bad in [&b"a\tb"[..], b"\x08\n\r\x7f", b"\0", b"123456\n"] {
            assert_eq!(new(bad), Err(SecretProblem::Control));
        }
        assert_eq!(new(&[b'a'; MAX_INPUT]), Ok(()));
        assert_eq!(new(&[b'a'; MAX_INPUT + 1]), Err(SecretProblem::TooLong));
        assert_eq!(new(b"p\xe4ss"), Ok(()), "a password need not be UTF-8");
    }

    #[test]
    fn a_secret_prints_nothing() {
        assert_eq!(format!("{:?}", secret("hunter2")), "[redacted]");
    }
}
