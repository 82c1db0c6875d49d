//! The codes that a text may end in. The code is taken from the right, exactly as long as it is; what
//! stands before it stays as it was typed: a PIN, a password, or both.
//!
//! The forms do not overlap where one could be taken for the other by chance: a sheet code is never
//! made of hexadecimal digits alone and never ends in six digits.

use zeroize::Zeroizing;

use super::alphabet::{is_blank, is_separator, symbol, value};
use crate::rfc2289::Response;

/// How many characters a sheet code has: 50 bits.
pub const SHEET_CODE_LENGTH: usize = 10;
/// Hexadecimal digits of an RFC 2289 response.
const HEX_LENGTH: usize = 16;
/// Words of an RFC 2289 response.
const WORDS: usize = 6;
/// The shortest digit code.
const FEWEST_DIGITS: usize = 6;
/// The longest word of a dictionary that is thought of, in bytes.
const LONGEST_WORD: usize = 48;

/// What a text may end in.
pub enum Form {
    /// A sheet code.
    Sheet,
    /// A digit code.
    Digits,
    /// An RFC 2289 response, in hexadecimal digits or in six words of the standard dictionary.
    Response(Response),
    /// Six words that may be a response by another dictionary (RFC 2289, appendix B).
    Words,
}

/// A text cut in two.
pub struct Reading<'a> {
    /// What stands before the code, verbatim.
    pub before: &'a [u8],
    /// The code, without blanks and dashes, folded; a response in hexadecimal digits; words of another
    /// dictionary as they were typed, where case may count, with one blank between two.
    pub code: Zeroizing<String>,
    /// What it is.
    pub form: Form,
}

impl Reading<'_> {
    /// Nothing but the code was typed; blanks and dashes around it do not count.
    pub fn is_bare(&self) -> bool {
        is_blank(self.before)
    }

    /// The words of the code.
    pub fn words(&self) -> Option<[&str; WORDS]> {
        let words: Vec<&str> = self.code.split(' ').collect();
        words.try_into().ok()
    }
}

/// Whether ten folded characters may be a sheet code: see above.
pub fn is_sheet_code(code: &str) -> bool {
    let tail = &code.as_bytes()[code.len().saturating_sub(FEWEST_DIGITS)..];
    code.len() == SHEET_CODE_LENGTH
        && !code.bytes().all(|byte| byte.is_ascii_hexdigit())
        && !tail.iter().all(u8::is_ascii_digit)
}

/// Every way to read the end of `typed`. `digits` is the length of a digit code.
pub(super) fn read(typed: &[u8], digits: usize) -> Vec<Reading<'_>> {
    let mut readings = Vec::with_capacity(2);
    let response = hex(typed).or_else(|| words(typed));
    let is_response = matches!(
        &response,
        Some(Reading {
            form: Form::Response(_),
            ..
        })
    );
    readings.extend(response);
    if !is_response {
        readings.extend(sheet(typed));
    }
    readings.extend(digit_code(typed, digits));
    readings
}

fn sheet(typed: &[u8]) -> Option<Reading<'_>> {
    let (before, code) = split(typed, SHEET_CODE_LENGTH, |byte| value(byte).map(symbol))?;
    is_sheet_code(&code).then_some(Reading {
        before,
        code,
        form: Form::Sheet,
    })
}

pub(super) fn digit_code(typed: &[u8], digits: usize) -> Option<Reading<'_>> {
    let digit = |byte: u8| byte.is_ascii_digit().then_some(char::from(byte));
    let (before, code) = split(typed, digits, digit)?;
    Some(Reading {
        before,
        code,
        form: Form::Digits,
    })
}

/// RFC 2289, section 6.0: hexadecimal, white space is ignored, and so is case.
fn hex(typed: &[u8]) -> Option<Reading<'_>> {
    let digit = |byte: u8| {
        byte.is_ascii_hexdigit()
            .then_some(char::from(byte.to_ascii_lowercase()))
    };
    let (before, code) = split(typed, HEX_LENGTH, digit)?;
    let form = Form::Response(Response::from_hex(&code)?);
    Some(Reading { before, code, form })
}

/// RFC 2289, section 6.0: six words, separated by white space. Of what stands before them one blank
/// separates too, and belongs to no password.
fn words(typed: &[u8]) -> Option<Reading<'_>> {
    let mut found: [&str; WORDS] = [""; WORDS];
    let mut end = typed.len();
    for (left, slot) in found.iter_mut().enumerate().rev() {
        end -= typed[..end]
            .iter()
            .rev()
            .take_while(|byte| is_separator(**byte))
            .count();
        let start = typed[..end]
            .iter()
            .rposition(|byte| is_separator(*byte))
            .map_or(0, |at| at + 1);
        let token = &typed[start..end];
        // The first word may stand right behind a password or a PIN.
        let word = if left == 0 {
            letters_at_end(token)
        } else {
            whole_word(token)
        }?;
        if word.is_empty() || word.len() > LONGEST_WORD {
            return None;
        }
        end -= word.len();
        *slot = word;
    }
    let before = &typed[..end];
    let before = before.strip_suffix(b" ").unwrap_or(before);
    if let Some(response) = Response::from_words(&found) {
        return Some(Reading {
            before,
            code: hex_digits(&response),
            form: Form::Response(response),
        });
    }
    let mut code = Zeroizing::new(String::with_capacity(WORDS * (LONGEST_WORD + 1)));
    for word in found {
        if !code.is_empty() {
            code.push(' ');
        }
        code.push_str(word);
    }
    let form = Form::Words;
    Some(Reading { before, code, form })
}

/// A response is one code, however it was typed.
fn hex_digits(response: &Response) -> Zeroizing<String> {
    let mut digits = Zeroizing::new(String::with_capacity(HEX_LENGTH));
    digits.extend(response.hex().chars().filter(|c| *c != ' '));
    digits
}

fn whole_word(token: &[u8]) -> Option<&str> {
    std::str::from_utf8(token)
        .ok()
        .filter(|word| word.chars().all(char::is_alphabetic))
}

fn letters_at_end(token: &[u8]) -> Option<&str> {
    let last = token.utf8_chunks().last()?;
    let text = last.invalid().is_empty().then_some(last.valid())?;
    let start = text
        .char_indices()
        .rev()
        .take_while(|(_, letter)| letter.is_alphabetic())
        .last()
        .map(|(at, _)| at)?;
    Some(&text[start..])
}

/// Takes exactly `length` characters of a code from the right end of `typed`, and leaves the rest
/// alone, a blank at its end included: it may belong to a password.
fn split(
    typed: &[u8],
    length: usize,
    fold: impl Fn(u8) -> Option<char>,
) -> Option<(&[u8], Zeroizing<String>)> {
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
    Some((&typed[..end], text))
}

#[cfg(test)]
#[path = "reading_tests.rs"]
mod tests;
