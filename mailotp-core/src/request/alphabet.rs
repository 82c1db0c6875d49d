//! The 32 characters of everything that mailotp prints for people to type: digits and lower-case
//! letters without `i`, `l`, `o` and `u` (as Crockford's base 32 has them). What looks alike is
//! folded, so that no reading of a printed code is wrong.

const SYMBOLS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The character of a value of five bits; higher bits do not count.
pub fn symbol(value: u8) -> char {
    char::from(SYMBOLS[usize::from(value & 31)])
}

/// The value of a typed character, 0 to 31: case does not matter, `i` and `l` are `1`, `o` is `0`,
/// `u` is `v`. `None` for everything else.
pub fn value(typed: u8) -> Option<u8> {
    let folded = match typed.to_ascii_lowercase() {
        b'i' | b'l' => b'1',
        b'o' => b'0',
        b'u' => b'v',
        other => other,
    };
    SYMBOLS
        .iter()
        .position(|&symbol| symbol == folded)
        .map(|at| at as u8)
}

/// Blanks and dashes may stand anywhere inside a code.
pub(super) fn is_separator(byte: u8) -> bool {
    byte == b' ' || byte == b'-'
}

/// Nothing but blanks and dashes.
pub fn is_blank(text: &[u8]) -> bool {
    text.iter().copied().all(is_separator)
}

/// The check value of `values`: a weighted sum over GF(32), the weights being the powers of its
/// generator. Up to 30 values it finds every single wrong character and every swap of two.
pub fn check_value(values: impl IntoIterator<Item = u8>) -> u8 {
    let mut weight = 1;
    let mut sum = 0;
    for value in values {
        weight = double(weight);
        sum ^= multiply(weight, value);
    }
    sum
}

/// Multiplies by x modulo x^5 + x^2 + 1, which is primitive over GF(2).
fn double(a: u8) -> u8 {
    let shifted = a << 1;
    if shifted & 0x20 == 0 {
        shifted
    } else {
        (shifted ^ 0x25) & 31
    }
}

fn multiply(mut a: u8, mut b: u8) -> u8 {
    let mut product = 0;
    while b != 0 {
        if b & 1 == 1 {
            product ^= a;
        }
        a = double(a);
        b >>= 1;
    }
    product
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_symbol_is_its_own_value_in_both_cases() {
        for number in 0..32 {
            let letter = symbol(number) as u8;
            assert_eq!(value(letter), Some(number));
            assert_eq!(value(letter.to_ascii_uppercase()), Some(number));
        }
    }

    #[test]
    fn look_alikes_are_one() {
        for (typed, meant) in [
            (b'O', b'0'),
            (b'o', b'0'),
            (b'I', b'1'),
            (b'l', b'1'),
            (b'L', b'1'),
            (b'U', b'v'),
        ] {
            assert_eq!(value(typed), value(meant));
        }
        for other in [b' ', b'-', b'!', b'_', 0, 0xff] {
            assert_eq!(value(other), None);
        }
    }

    #[test]
    fn the_check_finds_every_wrong_character_and_every_swap() {
        let word: Vec<u8> = (0..27).map(|at| (at * 7 + 3) % 32).collect();
        let right = check_value(word.iter().copied());
        for at in 0..word.len() {
            for wrong in 0..32 {
                let mut typo = word.clone();
                typo[at] = wrong;
                assert_eq!(check_value(typo) == right, wrong == word[at]);
            }
            for other in 0..at {
                let mut swap = word.clone();
                swap.swap(at, other);
                assert_eq!(check_value(swap) == right, word[at] == word[other]);
            }
        }
    }
}
