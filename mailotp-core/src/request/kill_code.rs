//! The form of a sheet's kill code: 20 characters, `end`, a secret of 16 (80 bits) and a check
//! character.

use zeroize::Zeroizing;

use super::marked::{Marked, Mistyped};

/// How many characters a kill code has, dashes not counted.
pub const KILL_CODE_LENGTH: usize = 20;

const MARK: &[u8] = b"end";

/// A kill code that was typed or made.
#[derive(Clone)]
pub struct KillCode(Marked<KILL_CODE_LENGTH>);

impl KillCode {
    /// Puts mark and check character around a secret.
    pub fn new(secret: &[u8; KILL_CODE_LENGTH - MARK.len() - 1]) -> KillCode {
        KillCode(Marked::new(MARK, &[secret]))
    }

    pub(super) fn recognise(typed: &[u8]) -> Option<Result<KillCode, Mistyped>> {
        Some(Marked::recognise(typed, MARK)?.map(KillCode))
    }

    /// The values of the secret characters: 80 bits.
    pub fn secret(&self) -> &[u8] {
        self.0.body(MARK.len())
    }

    /// As it is printed: five groups of four.
    pub fn grouped(&self) -> Zeroizing<String> {
        self.0.text(4)
    }
}

impl std::fmt::Debug for KillCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}
