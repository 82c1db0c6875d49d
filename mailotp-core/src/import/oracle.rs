//! What must be true of whatever is imported: held by tests of made-up input, and by fuzzing.

use super::{Item, Source, parse};

pub(super) const ALL: [Source; 6] = [
    Source::GoogleAuthenticator,
    Source::Oath,
    Source::Otpw,
    Source::Opie,
    Source::Otpauth,
    Source::PostfixAdmin,
];

/// Reads a text as everything; whatever comes of it must be sound.
pub(crate) fn text(text: &[u8]) {
    for source in ALL {
        for entry in parse(source, text).unwrap_or_default() {
            assert!(entry.line >= 1);
            if let Ok(Item::Token(token)) = entry.item {
                assert!((10..=128).contains(&token.seed.0.len()));
                let digits = token.kind.digits();
                assert!(digits.is_some_and(|digits| (6..=8).contains(&digits)));
            }
        }
    }
}
