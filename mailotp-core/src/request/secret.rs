//! What was typed, and every way to read it. Which ways there are depends on the form alone, never
//! on the account.

use zeroize::Zeroizing;

use super::marked::Mistyped;
use super::reading::{self, Reading};
use super::{AppPassword, KillCode, MAX_INPUT};

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
    /// The form of one, with a typing error in it.
    Mistyped,
    /// Anything else: perhaps with a code at its end. Every way to read it.
    Text(Vec<Reading<'a>>),
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
            Some(Err(Mistyped)) => Typed::Mistyped,
            None => Typed::Text(reading::read(&self.0, digits)),
        }
    }

    /// The digit code of this length at its end, if it can be read so.
    pub fn digit_code(&self, digits: usize) -> Option<Reading<'_>> {
        reading::digit_code(&self.0, digits)
    }

    /// The kill code that this is. It counts whatever the rules say; one that kills nothing is a text
    /// like any other, since a password that begins with `end` makes one of the code behind it.
    pub fn kill_code(&self) -> Option<KillCode> {
        KillCode::recognise(&self.0)?.ok()
    }
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
