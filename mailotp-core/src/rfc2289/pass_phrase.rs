//! The secret that only the owner knows.

use zeroize::Zeroizing;

/// The shortest that is taken. RFC 2289, section 6.0, wants every generator to take 10 characters; ours
/// takes fewer, since there are sequences that were made with fewer, and a server never sees it anyway.
pub const MIN_PASS_PHRASE: usize = 5;
/// The longest: section 6.0 wants every generator to take 63, so that none can be relied on for more.
pub const MAX_PASS_PHRASE: usize = 63;

/// A pass phrase: bytes, taken as they are typed. Wiped when dropped, never printed.
pub struct PassPhrase(Zeroizing<Vec<u8>>);

/// A pass phrase that is too short or too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a pass phrase has {MIN_PASS_PHRASE} to {MAX_PASS_PHRASE} bytes")]
pub struct BadPassPhrase;

impl PassPhrase {
    /// Takes what was typed.
    pub fn new(typed: &[u8]) -> Result<PassPhrase, BadPassPhrase> {
        if (MIN_PASS_PHRASE..=MAX_PASS_PHRASE).contains(&typed.len()) {
            Ok(PassPhrase(Zeroizing::new(typed.to_vec())))
        } else {
            Err(BadPassPhrase)
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for PassPhrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_phrase_has_5_to_63_bytes_and_prints_nothing() {
        for (length, fits) in [(0, false), (4, false), (5, true), (63, true), (64, false)] {
            let phrase = PassPhrase::new(&vec![b'x'; length]);
            assert_eq!(phrase.is_ok(), fits, "{length}");
        }
        let phrase = PassPhrase::new(b"hunter2").unwrap();
        assert_eq!(format!("{phrase:?}"), "[redacted]");
    }
}
