//! The characters of the fonts that every PDF reader has: WinAnsiEncoding (ISO 32000-1, annex D.2).
//! Names in other scripts are written in Latin letters, and say so.

use std::borrow::Cow;

use deunicode::deunicode_with_tofu;
use zeroize::Zeroizing;

/// What 0x80 to 0x9F stand for; U+FFFD where nothing is.
const HIGH: [char; 32] = [
    '\u{20ac}', '\u{fffd}', '\u{201a}', '\u{192}', '\u{201e}', '\u{2026}', '\u{2020}', '\u{2021}',
    '\u{2c6}', '\u{2030}', '\u{160}', '\u{2039}', '\u{152}', '\u{fffd}', '\u{17d}', '\u{fffd}',
    '\u{fffd}', '\u{2018}', '\u{2019}', '\u{201c}', '\u{201d}', '\u{2022}', '\u{2013}', '\u{2014}',
    '\u{2dc}', '\u{2122}', '\u{161}', '\u{203a}', '\u{153}', '\u{fffd}', '\u{17e}', '\u{178}',
];

/// The byte of a character, if it has one.
fn byte(letter: char) -> Option<u8> {
    match letter {
        ' '..='~' | '\u{a0}'..='\u{ff}' => u8::try_from(letter).ok(),
        '\u{fffd}' => None,
        _ => {
            let place = HIGH.iter().position(|high| *high == letter)?;
            u8::try_from(0x80 + place).ok()
        }
    }
}

/// The text in bytes.
pub fn encode(text: &str) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    bytes.extend(text.chars().map(|letter| byte(letter).unwrap_or(b'?')));
    bytes
}

/// The text in characters that have a byte.
pub fn written(text: &str) -> Cow<'_, str> {
    let has_byte = |letter: char| byte(letter).is_some();
    if text.chars().all(has_byte) {
        return Cow::Borrowed(text);
    }
    let mut latin = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|letter| !has_byte(letter)).unwrap_or(rest.len());
        let (kept, others) = rest.split_at(end);
        latin.push_str(kept);
        let end = others.find(has_byte).unwrap_or(others.len());
        let (foreign, others) = others.split_at(end);
        let foreign = deunicode_with_tofu(foreign, "?");
        latin.extend(
            foreign
                .chars()
                .map(|letter| if has_byte(letter) { letter } else { '?' }),
        );
        rest = others;
    }
    // Somebody who compares it with the name on a screen must know why it differs.
    Cow::Owned(format!("{} (in Latin letters)", latin.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn western_names_stay_as_they_are() {
        for name in [
            "alice",
            "Caf\u{e9} \u{2013} \u{20ac}5",
            "\u{178}\u{17e}\u{ff}",
        ] {
            assert_eq!(written(name), name);
        }
        assert_eq!(
            encode("\u{e9}\u{20ac}\u{178}A").as_slice(),
            [0xe9, 0x80, 0x9f, b'A']
        );
    }

    #[test]
    fn other_names_can_be_read_and_say_what_they_are() {
        for (name, expected) in [
            ("\u{141}\u{f3}d\u{17a}", "L\u{f3}dz (in Latin letters)"),
            (
                "\u{438}\u{432}\u{430}\u{43d}@example.org",
                "ivan@example.org (in Latin letters)",
            ),
            (
                "caf\u{e9} \u{6771}\u{4eac}",
                "caf\u{e9} Dong Jing (in Latin letters)",
            ),
        ] {
            assert_eq!(written(name), expected);
        }
    }

    #[test]
    fn whatever_comes_can_be_encoded() {
        let all: String = (1..0x1_1000).filter_map(char::from_u32).collect();
        assert!(written(&all).chars().all(|letter| byte(letter).is_some()));
        assert_eq!(encode("\u{fffd}\u{6771}\n").as_slice(), b"???");
    }
}
