//! What must be true of whatever is typed: held by tests of made-up input, and by fuzzing.

use zeroize::Zeroizing;

use super::reading::{Form, Reading};
use super::{
    AppPassword, BadName, Case, KillCode, MAX_INPUT, Naming, Pin, Remote, Secret, SecretProblem,
    Typed, symbol, value,
};
use crate::rfc2289::Response;

/// How many digits a code may have.
const DIGITS: std::ops::RangeInclusive<usize> = 6..=8;

/// Reads what was typed in every way, and holds that each reading is made of it, and of nothing else.
pub(crate) fn typed(bytes: &[u8]) {
    let secret = match Secret::new(Zeroizing::new(bytes.to_vec())) {
        Ok(secret) => secret,
        Err(SecretProblem::TooLong) => return assert!(bytes.len() > MAX_INPUT),
        Err(SecretProblem::Control) => return assert!(bytes.iter().any(u8::is_ascii_control)),
    };
    for digits in DIGITS {
        match secret.read(digits) {
            Typed::Question => assert!(bytes.is_empty() || bytes == b"?"),
            Typed::AppPassword(password) => {
                let again = AppPassword::recognise(password.grouped().as_bytes());
                let again = again.and_then(Result::ok).map(|again| again.grouped());
                assert_eq!(again, Some(password.grouped()));
            }
            Typed::Mistyped => assert!(AppPassword::recognise(bytes).is_some_and(|it| it.is_err())),
            Typed::Text(readings) => {
                for reading in &readings {
                    assert!(covers(reading, bytes), "{digits} digits");
                    before(reading.before);
                }
                // Whoever is asked for digits alone reads the same ones.
                if let Some(code) = secret.digit_code(digits) {
                    assert_eq!(code.code.len(), digits);
                    assert!(covers(&code, bytes));
                }
            }
        }
    }
    if let Some(kill) = secret.kill_code() {
        let again = KillCode::recognise(kill.grouped().as_bytes()).and_then(Result::ok);
        assert_eq!(again.map(|again| again.grouped()), Some(kill.grouped()));
    }
}

/// A PIN of any length is the end of what stands before a code.
fn before(text: &[u8]) {
    for length in 4..=16 {
        let Some((rest, pin)) = Pin::split(text, length) else {
            continue;
        };
        assert!(text.starts_with(rest));
        assert_eq!(pin.length(), length);
        // What begins with a blank is nobody's PIN.
        if let Ok(again) = Pin::new(pin.text()) {
            assert_eq!(again.text(), pin.text());
        }
    }
}

/// A name that is accepted is its own normal form, and no path; a remote is what it is written as.
pub(crate) fn named(bytes: &[u8]) {
    for case in [Case::Fold, Case::Preserve] {
        let naming = Naming {
            domain: "example.com".into(),
            case,
        };
        match naming.account(bytes) {
            Ok(name) => {
                let text = name.as_str();
                assert!(!text.is_empty() && !text.contains('/'));
                assert!(!text.chars().any(char::is_control));
                assert!(text.matches('@').count() <= 1);
                assert_eq!(naming.account(text.as_bytes()).as_ref(), Ok(&name));
            }
            Err(BadName::Empty) => assert!(bytes.is_empty()),
            Err(_) => {}
        }
    }
    for remote in [
        Remote::of_pam(Some(bytes), None),
        Remote::of_pam(None, Some(bytes)),
    ] {
        assert_eq!(Remote::parse(&remote.to_string()), Some(remote));
    }
}

/// The words of the text behind `before`.
pub(super) fn words(rest: &[u8]) -> Vec<&str> {
    let rest = std::str::from_utf8(rest).expect("words are text");
    let words = rest.split([' ', '-']);
    words.filter(|word| !word.is_empty()).collect()
}

/// Whether a reading is made of the bytes that were typed, all of them and in their order.
pub(super) fn covers(reading: &Reading<'_>, typed: &[u8]) -> bool {
    let Some(rest) = typed.strip_prefix(reading.before) else {
        return false;
    };
    let folded = |fold: &dyn Fn(u8) -> Option<char>| -> Option<String> {
        let rest = rest.iter().filter(|byte| !b" -".contains(byte));
        rest.map(|byte| fold(*byte)).collect()
    };
    let plain = |byte: u8| Some(char::from(byte.to_ascii_lowercase()));
    match &reading.form {
        Form::Sheet => folded(&|byte| value(byte).map(symbol)).as_ref() == Some(&*reading.code),
        Form::Digits => folded(&plain).as_ref() == Some(&*reading.code),
        Form::Words => words(rest).join(" ") == *reading.code,
        Form::Response(response) => {
            Response::from_hex(&reading.code).as_ref() == Some(response)
                && (folded(&plain).as_ref() == Some(&*reading.code)
                    || <[&str; 6]>::try_from(words(rest))
                        .is_ok_and(|six| Response::from_words(&six).as_ref() == Some(response)))
        }
    }
}
