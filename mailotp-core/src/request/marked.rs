//! Words of our own alphabet that say what they are: a mark, a body, and a check character that
//! tells a typing error from a guess.

use zeroize::{Zeroize, Zeroizing};

use super::alphabet::{check_value, is_separator, symbol, value};

/// `N` characters, as their values, 0 to 31 each: mark, body, check. Wiped when dropped.
#[derive(Clone)]
pub(super) struct Marked<const N: usize>([u8; N]);

/// The check character does not fit the rest: a typing error, not a guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mistyped;

impl<const N: usize> Marked<N> {
    /// Puts mark and check character around a body; of its bytes the five low bits count.
    pub(super) fn new(mark: &[u8], body: &[&[u8]]) -> Marked<N> {
        let mut values = [0; N];
        let mark = mark.iter().map(|letter| value(*letter).unwrap_or(0));
        let body = body
            .iter()
            .flat_map(|part| part.iter().map(|byte| byte & 31));
        for (slot, value) in values[..N - 1].iter_mut().zip(mark.chain(body)) {
            *slot = value;
        }
        values[N - 1] = check_value(values[..N - 1].iter().copied());
        Marked(values)
    }

    /// Recognises the form: `None` for everything that is not `N` characters of ours that start with
    /// `mark`, `Some(Err)` where the check character says that it was mistyped.
    pub(super) fn recognise(typed: &[u8], mark: &[u8]) -> Option<Result<Marked<N>, Mistyped>> {
        let mut word = Marked([0; N]);
        let mut length = 0;
        for &byte in typed.iter().filter(|&&byte| !is_separator(byte)) {
            *word.0.get_mut(length)? = value(byte)?;
            length += 1;
        }
        let marked = word
            .0
            .iter()
            .zip(mark)
            .all(|(found, mark)| Some(*found) == value(*mark));
        if length != N || !marked {
            return None;
        }
        let right = check_value(word.0[..N - 1].iter().copied()) == word.0[N - 1];
        Some(if right { Ok(word) } else { Err(Mistyped) })
    }

    /// The values from `from` up to the check character.
    pub(super) fn body(&self, from: usize) -> &[u8] {
        &self.0[from..N - 1]
    }

    /// As it is printed, in groups of so many with dashes between them; `0`: in one word.
    pub(super) fn text(&self, group: usize) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(N * 2));
        for (at, &value) in self.0.iter().enumerate() {
            if group > 0 && at > 0 && at % group == 0 {
                text.push('-');
            }
            text.push(symbol(value));
        }
        text
    }
}

impl<const N: usize> Drop for Marked<N> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}
