//! The form of an app password: 28 characters, `app`, a selector of 4, a secret of 20 (100 bits)
//! and a check character.

use zeroize::{Zeroize, Zeroizing};

use super::alphabet::{check_value, is_separator, symbol, value};

/// How many characters an app password has, dashes not counted.
pub const APP_PASSWORD_LENGTH: usize = 28;
/// How many of them find the credential.
pub const SELECTOR_LENGTH: usize = 4;

const MARK: &[u8] = b"app";
const SECRET_AT: usize = MARK.len() + SELECTOR_LENGTH;
const CHECK_AT: usize = APP_PASSWORD_LENGTH - 1;

/// An app password that was typed or made: the values of its characters, 0 to 31 each.
#[derive(Clone)]
pub struct AppPassword([u8; APP_PASSWORD_LENGTH]);

impl AppPassword {
    /// Puts mark and check character around a selector and a secret.
    pub fn new(
        selector: [u8; SELECTOR_LENGTH],
        secret: &[u8; CHECK_AT - SECRET_AT],
    ) -> AppPassword {
        let mut values = [0; APP_PASSWORD_LENGTH];
        for (slot, letter) in values.iter_mut().zip(MARK) {
            *slot = value(*letter).unwrap_or(0);
        }
        values[MARK.len()..SECRET_AT].copy_from_slice(&selector.map(|value| value & 31));
        for (slot, value) in values[SECRET_AT..CHECK_AT].iter_mut().zip(secret) {
            *slot = value & 31;
        }
        values[CHECK_AT] = check_value(values[..CHECK_AT].iter().copied());
        AppPassword(values)
    }

    /// Recognises the form: `None` for everything that is not 28 characters of ours that start with
    /// `app`, `Some(Err)` where the check character says that it was mistyped.
    pub(super) fn recognise(typed: &[u8]) -> Option<Result<AppPassword, Mistyped>> {
        let mut password = AppPassword([0; APP_PASSWORD_LENGTH]);
        let mut length = 0;
        for &byte in typed.iter().filter(|&&byte| !is_separator(byte)) {
            *password.0.get_mut(length)? = value(byte)?;
            length += 1;
        }
        let marked = password
            .0
            .iter()
            .zip(MARK)
            .all(|(found, mark)| Some(*found) == value(*mark));
        if length != APP_PASSWORD_LENGTH || !marked {
            return None;
        }
        let right = check_value(password.0[..CHECK_AT].iter().copied()) == password.0[CHECK_AT];
        Some(if right { Ok(password) } else { Err(Mistyped) })
    }

    /// What finds the credential; not secret.
    pub fn selector(&self) -> String {
        self.0[MARK.len()..SECRET_AT]
            .iter()
            .copied()
            .map(symbol)
            .collect()
    }

    /// The values of the 20 secret characters: 100 bits.
    pub fn secret(&self) -> &[u8] {
        &self.0[SECRET_AT..CHECK_AT]
    }

    /// As it is printed: seven groups of four.
    pub fn grouped(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(APP_PASSWORD_LENGTH * 5 / 4));
        for (at, &value) in self.0.iter().enumerate() {
            if at > 0 && at % 4 == 0 {
                text.push('-');
            }
            text.push(symbol(value));
        }
        text
    }
}

/// The check character does not fit the rest: a typing error, not a guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mistyped;

impl Drop for AppPassword {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl std::fmt::Debug for AppPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}
