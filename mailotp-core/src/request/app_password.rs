//! The form of an app password: 28 characters, `app`, a selector of 4, a secret of 20 (100 bits)
//! and a check character.

use zeroize::Zeroizing;

use super::alphabet::symbol;
use super::marked::{Marked, Mistyped};

/// How many characters an app password has, dashes not counted.
pub const APP_PASSWORD_LENGTH: usize = 28;
/// How many of them find the credential.
pub const SELECTOR_LENGTH: usize = 4;

const MARK: &[u8] = b"app";
const SECRET_AT: usize = MARK.len() + SELECTOR_LENGTH;
const CHECK_AT: usize = APP_PASSWORD_LENGTH - 1;

/// An app password that was typed or made.
#[derive(Clone)]
pub struct AppPassword(Marked<APP_PASSWORD_LENGTH>);

impl AppPassword {
    /// Puts mark and check character around a selector and a secret.
    pub fn new(
        selector: [u8; SELECTOR_LENGTH],
        secret: &[u8; CHECK_AT - SECRET_AT],
    ) -> AppPassword {
        AppPassword(Marked::new(MARK, &[&selector, secret]))
    }

    pub(super) fn recognise(typed: &[u8]) -> Option<Result<AppPassword, Mistyped>> {
        Some(Marked::recognise(typed, MARK)?.map(AppPassword))
    }

    /// What finds the credential; not secret.
    pub fn selector(&self) -> String {
        let selector = &self.0.body(MARK.len())[..SELECTOR_LENGTH];
        selector.iter().copied().map(symbol).collect()
    }

    /// The values of the 20 secret characters: 100 bits.
    pub fn secret(&self) -> &[u8] {
        self.0.body(SECRET_AT)
    }

    /// As it is printed: seven groups of four.
    pub fn grouped(&self) -> Zeroizing<String> {
        self.0.text(4)
    }
}

impl std::fmt::Debug for AppPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}
