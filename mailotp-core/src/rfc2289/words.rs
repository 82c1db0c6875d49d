//! Responses as six words: 64 bits and a checksum of two are six numbers of eleven (RFC 2289, section
//! 6.0).

use zeroize::Zeroizing;

use super::Algorithm;
use super::dictionary::{FOUR_LETTERS_AT, WORDS};

/// The words of a response.
pub(super) fn of(bytes: &[u8; 8]) -> Zeroizing<String> {
    let value = Zeroizing::new(u64::from_be_bytes(*bytes));
    let all = Zeroizing::new(u128::from(*value) << 2 | u128::from(checksum(*value)));
    let mut text = Zeroizing::new(String::with_capacity(6 * 5));
    for at in (0..6).rev() {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(WORDS[(*all >> (11 * at)) as usize % WORDS.len()]);
    }
    text
}

/// The response of six words of the standard dictionary.
pub(super) fn standard(words: &[&str; 6]) -> Option<[u8; 8]> {
    read(words, number)
}

/// The response of six words of an alternative dictionary.
///
/// RFC 2289, appendix B, gives each word W of it the number `alg(W) % 2048`, with `alg` for the hash,
/// and has neither vectors nor code. It is read here like this:
///
/// * `alg` is the algorithm of the challenge: a server knows no other.
/// * Hashed is the word alone, every byte as it was typed. Case counts, unlike in the standard
///   dictionary: letters of all languages have no case translation that both sides could agree on.
/// * The number is the whole digest, not folded to 64 bits, read with its high byte first. Cyrus SASL
///   has it so; Heimdal takes ten bits for eleven, and swaps the bytes of SHA1 before.
/// * No word of it may be of the standard dictionary, and that tells them apart: six words of it are
///   standard, none of it are alternative, anything between is a typing error. The checksum has two
///   bits: a second meaning, if it were looked for, would be found every fourth time.
pub(super) fn alternative(words: &[&str; 6], algorithm: Algorithm) -> Option<[u8; 8]> {
    read(words, |word| match number(word) {
        None if !word.is_empty() => Some(algorithm.eleven_bits(word.as_bytes())),
        _ => None,
    })
}

/// Puts the numbers of six words together, and verifies the checksum.
fn read(words: &[&str; 6], number: impl Fn(&str) -> Option<u16>) -> Option<[u8; 8]> {
    let mut all = Zeroizing::new(0u128);
    for word in words {
        *all = *all << 11 | u128::from(number(word)?);
    }
    let value = Zeroizing::new((*all >> 2) as u64);
    (checksum(*value) == (*all & 3) as u8).then(|| value.to_be_bytes())
}

/// The number of a word of the standard dictionary, in any case.
fn number(word: &str) -> Option<u16> {
    let (short, long) = WORDS.split_at(FOUR_LETTERS_AT);
    let (part, first) = match word.len() {
        1..=3 => (short, 0),
        4 => (long, FOUR_LETTERS_AT),
        _ => return None,
    };
    let typed = || word.bytes().map(|byte| byte.to_ascii_uppercase());
    let at = part
        .binary_search_by(|entry| entry.bytes().cmp(typed()))
        .ok()?;
    u16::try_from(first + at).ok()
}

/// The sum of all pairs of bits, of which the low two bits count (RFC 2289, section 6.0).
fn checksum(value: u64) -> u8 {
    (0..32)
        .map(|pair| (value >> (2 * pair)) as u8 & 3)
        .sum::<u8>()
        & 3
}

#[cfg(test)]
mod tests {
    use super::super::Response;
    use super::*;

    #[test]
    fn every_word_is_its_own_number_in_any_case() {
        for (at, word) in WORDS.iter().enumerate() {
            assert_eq!(number(word), u16::try_from(at).ok());
            assert_eq!(number(&word.to_lowercase()), u16::try_from(at).ok());
        }
        for other in ["", "AB", "ABC", "ABCD", "ABOUT", "ÄX", "A "] {
            assert_eq!(number(other), None, "{other:?}");
        }
    }

    #[test]
    fn a_wrong_checksum_is_found() {
        // The right words, and three of the wrong sums, are of RFC 2289, appendix C.
        let right = ["FOWL", "KID", "MASH", "DEAD", "DUAL", "OAF"];
        let response = Response::from_hex("85c43ee03857765b").unwrap();
        assert_eq!(Response::from_words(&right), Some(response));
        for last in ["NUT", "O", "OAK"] {
            let wrong = ["FOWL", "KID", "MASH", "DEAD", "DUAL", last];
            assert_eq!(Response::from_words(&wrong), None, "{last}");
        }
    }

    #[test]
    fn an_alternative_dictionary_is_read_without_having_it() {
        // The RFC has no vectors: these words were searched for with a program of its own, on the
        // hashes of another library. Their response is one of appendix C.
        for (algorithm, words, hex) in [
            (
                Algorithm::Md4,
                ["Betku", "Buwmo", "darnö", "därle", "forka", "Fätmo"],
                "d1854218ebbb0b51",
            ),
            (
                Algorithm::Md5,
                ["Batva", "buwme", "büwle", "dufre", "Figdu", "fönrä"],
                "9e876134d90499dd",
            ),
            (
                Algorithm::Sha1,
                ["bepge", "bösso", "Dakpi", "Dugmö", "Fabva", "fossö"],
                "bb9e6ae1979d8ff4",
            ),
        ] {
            let response = Response::from_hex(hex);
            assert!(response.is_some());
            assert_eq!(
                Response::from_alternative_words(&words, algorithm),
                response
            );
            assert_eq!(Response::from_words(&words), None, "they are not standard");
        }
    }

    #[test]
    fn the_checksum_of_alternative_words_counts_too() {
        // Only the last word is another, whose number differs in its lowest bit.
        for (algorithm, words) in [
            (
                Algorithm::Md4,
                ["Betku", "Buwmo", "darnö", "därle", "forka", "Fugzä"],
            ),
            (
                Algorithm::Md5,
                ["Batva", "buwme", "büwle", "dufre", "Figdu", "fudri"],
            ),
            (
                Algorithm::Sha1,
                ["bepge", "bösso", "Dakpi", "Dugmö", "Fabva", "Fädse"],
            ),
        ] {
            assert_eq!(Response::from_alternative_words(&words, algorithm), None);
        }
    }

    #[test]
    fn a_standard_word_among_others_is_neither_standard_nor_alternative() {
        for word in ["INCH", "inch", ""] {
            for at in 0..6 {
                let mut words = ["Batva", "buwme", "büwle", "dufre", "Figdu", "fönrä"];
                words[at] = word;
                assert_eq!(Response::from_words(&words), None);
                for algorithm in Algorithm::ALL {
                    assert_eq!(Response::from_alternative_words(&words, algorithm), None);
                }
            }
        }
    }
}
