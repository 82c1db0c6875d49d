//! PINs: a memorised prefix before any typed code.

use precis_core::profile::Profile;
use precis_profiles::OpaqueString;
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use super::alphabet::is_separator;

/// The fewest characters of a PIN.
const MIN_LENGTH: usize = 4;
/// The most characters of a PIN.
const MAX_LENGTH: usize = 32;
/// As how many characters one of a PIN may be typed, where accents are characters of their own.
const TYPED_AS: usize = 4;

/// A PIN, as RFC 8265, section 4.2 (OpaqueString) writes it: composed, and case counts. Wiped when
/// dropped, never printed.
pub struct Pin(Zeroizing<String>);

/// Why a text is no PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPin {
    /// Too short or too long.
    #[error("a PIN has {MIN_LENGTH} to {MAX_LENGTH} characters")]
    Length,
    /// Blanks and dashes around it are taken for those between PIN and code.
    #[error("a PIN does not begin or end with a blank or a dash")]
    Edge,
    /// A character outside of RFC 8265.
    #[error("a PIN cannot hold control characters (RFC 8265, section 4.2)")]
    Forbidden,
}

impl Pin {
    /// A PIN that somebody chooses.
    pub fn new(text: &str) -> Result<Pin, BadPin> {
        let pin = normal(text).ok_or(BadPin::Forbidden)?;
        if !(MIN_LENGTH..=MAX_LENGTH).contains(&pin.chars().count()) {
            return Err(BadPin::Length);
        }
        let edges = [pin.as_bytes().first(), pin.as_bytes().last()];
        if edges.into_iter().flatten().copied().any(is_separator) {
            return Err(BadPin::Edge);
        }
        Ok(Pin(pin))
    }

    /// Whether the end of `before` may be a PIN of any length.
    pub fn may_end(before: &[u8]) -> bool {
        before.len() - trailing_separators(before) >= MIN_LENGTH
    }

    /// Takes a PIN of `length` characters from the right end of what stands before a code, and leaves
    /// the rest verbatim. `None` where there is not that much. Blanks and dashes between PIN and code
    /// do not count.
    pub fn split(before: &[u8], length: u32) -> Option<(&[u8], Pin)> {
        let end = before.len() - trailing_separators(before);
        // A password before it need not be UTF-8; no PIN has more bytes than this.
        let tail = &before[end.saturating_sub(MAX_LENGTH * TYPED_AS * 4)..end];
        let text = tail
            .utf8_chunks()
            .last()
            .filter(|chunk| chunk.invalid().is_empty())?
            .valid();
        let mut found = None;
        for (at, _) in text.char_indices().rev().take(length as usize * TYPED_AS) {
            // Not every part of a PIN could be one, nor need what a password ends in: "·" stands between
            // two l, and nowhere else (RFC 5892, appendix A.3).
            let Some(pin) = normal(&text[at..]) else {
                continue;
            };
            match pin.chars().count() {
                // The longest one: an accent belongs to the letter before it.
                count if count == length as usize => found = Some((at, pin)),
                count if count > length as usize => break,
                _ => {}
            }
        }
        let (at, pin) = found?;
        let rest = end - text.len() + at;
        Some((&before[..rest], Pin(pin)))
    }

    /// How many characters it has.
    pub fn length(&self) -> u32 {
        self.0.chars().count() as u32
    }

    /// Its text, normalised.
    pub fn text(&self) -> &str {
        &self.0
    }
}

fn trailing_separators(text: &[u8]) -> usize {
    text.iter()
        .rev()
        .take_while(|byte| is_separator(**byte))
        .count()
}

fn normal(text: &str) -> Option<Zeroizing<String>> {
    OpaqueString::new().prepare(text).ok()?;
    // What OpaqueString enforces (RFC 8265, section 4.2.2), in memory of one piece: a text of the library's grows,
    // and leaves its begin behind. None becomes longer than three times itself (UAX #15, section 19).
    let mut normal = Zeroizing::new(String::with_capacity(3 * text.len()));
    // `prepare` has let no white space through but the blanks of scripts.
    let blank = |letter: char| if letter.is_whitespace() { ' ' } else { letter };
    normal.extend(text.chars().map(blank).nfc());
    Some(normal)
}

impl std::fmt::Debug for Pin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn split(before: &str, length: u32) -> Option<(String, String)> {
        let (rest, pin) = Pin::split(before.as_bytes(), length)?;
        Some((
            String::from_utf8(rest.to_vec()).unwrap(),
            pin.text().to_owned(),
        ))
    }

    #[test]
    fn a_pin_is_taken_from_the_right_and_the_rest_stays_verbatim() {
        for (before, rest, pin) in [
            ("1234", "", "1234"),
            ("1234 ", "", "1234"),
            ("secret1234", "secret", "1234"),
            ("secret 1234-", "secret ", "1234"),
            ("  12 4", "  ", "12 4"),
            ("geheimäöüß", "geheim", "äöüß"),
            ("xe\u{301}abc", "x", "éabc"),
        ] {
            assert_eq!(
                split(before, 4),
                Some((rest.to_owned(), pin.to_owned())),
                "{before:?}"
            );
        }
        for short in ["", "123", "123 ", " -"] {
            assert_eq!(split(short, 4), None, "{short:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn it_is_written_as_the_library_for_rfc_8265_writes_it_and_in_one_piece(
            text in "[a\u{e9}\u{308}\u{323} \u{a0}\u{3000}\u{1e0b}\u{212b}\u{1d160}\u{b7}l]{0,12}|\\PC{0,12}",
        ) {
            let library = OpaqueString::new().enforce(text.as_str()).ok();
            let ours = normal(&text);
            prop_assert_eq!(ours.as_ref().map(|ours| ours.as_str()), library.as_deref());
            prop_assert!(ours.is_none_or(|ours| ours.len() <= 3 * text.len()));
        }
    }

    #[test]
    fn a_password_before_it_need_not_be_utf8() {
        let (rest, pin) = Pin::split(b"p\xe4ss1234", 4).unwrap();
        assert_eq!((rest, pin.text()), (&b"p\xe4ss"[..], "1234"));
        assert!(Pin::split(b"123\xe4", 4).is_none());
    }

    /// One such character refused every login of its owner.
    #[test]
    fn a_password_before_it_and_the_pin_itself_may_hold_what_stands_beside_certain_letters_only() {
        for password in ["caf\u{b7}", "x\u{200d}", "l\u{b7}l", "\u{e0ff}"] {
            let found = split(&format!("{password}1234"), 4);
            assert_eq!(found, Some((password.to_owned(), "1234".to_owned())));
        }
        let pin = Pin::new("col\u{b7}la").unwrap();
        let found = split(&format!("secret{}", pin.text()), pin.length());
        assert_eq!(found, Some(("secret".to_owned(), pin.text().to_owned())));
    }

    #[test]
    fn a_pin_is_short_and_has_no_edges_that_could_be_lost() {
        for (text, problem) in [
            ("123", BadPin::Length),
            (&"1".repeat(33), BadPin::Length),
            (" 1234", BadPin::Edge),
            ("1234-", BadPin::Edge),
            ("12\t34", BadPin::Forbidden),
        ] {
            assert_eq!(Pin::new(text).map(|_| ()), Err(problem), "{text:?}");
        }
        assert_eq!(Pin::new("e\u{301}tui").unwrap().length(), 4);
        assert_eq!(format!("{:?}", Pin::new("1234").unwrap()), "[redacted]");
    }
}
