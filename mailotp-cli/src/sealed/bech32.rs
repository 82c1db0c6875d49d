//! Bech32 (BIP 173), in which recipients and identities are written: a checksum catches mistakes of typing.
//! Without the limit of 90 characters, as age has it.

use zeroize::Zeroizing;

const ALPHABET: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const GENERATOR: [u32; 5] = [
    0x3b6a_57b2,
    0x2650_8e6d,
    0x1ea1_19fa,
    0x3d42_33dd,
    0x2a14_62b3,
];
const CHECK_LENGTH: usize = 6;

/// Reads 32 bytes under a prefix. All of one case.
pub fn decode(text: &str, prefix: &str) -> Option<Zeroizing<[u8; 32]>> {
    let lower = Zeroizing::new(text.to_ascii_lowercase());
    if *text != **lower && text != text.to_ascii_uppercase() {
        return None;
    }
    let data = lower.strip_prefix(prefix)?.strip_prefix('1')?;
    let digit = |byte: u8| ALPHABET.iter().position(|other| *other == byte);
    let mut digits = Zeroizing::new(Vec::with_capacity(data.len()));
    for byte in data.bytes() {
        digits.push(digit(byte)? as u8);
    }
    if polymod(prefix, &digits) != 1 {
        return None;
    }
    let digits = &digits[..digits.len().checked_sub(CHECK_LENGTH)?];
    let mut bytes = Zeroizing::new([0; 32]);
    if digits.len() != (bytes.len() * 8).div_ceil(5) {
        return None;
    }
    let (mut bits, mut count, mut filled) = (0u32, 0, 0);
    for digit in digits {
        bits = bits << 5 | u32::from(*digit);
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes[filled] = (bits >> count) as u8;
            filled += 1;
        }
    }
    // What is left over is padding, of zeros.
    (bits & ((1 << count) - 1) == 0).then_some(bytes)
}

/// Writes 32 bytes under a prefix, in small letters.
#[cfg(test)]
pub fn encode(bytes: &[u8; 32], prefix: &str) -> String {
    let mut digits = Vec::new();
    let (mut bits, mut count) = (0u32, 0);
    for byte in bytes {
        bits = bits << 8 | u32::from(*byte);
        count += 8;
        while count >= 5 {
            count -= 5;
            digits.push((bits >> count & 31) as u8);
        }
    }
    digits.push((bits << (5 - count) & 31) as u8);
    let check = polymod(prefix, &[&digits[..], &[0; CHECK_LENGTH]].concat()) ^ 1;
    digits.extend((0..CHECK_LENGTH).map(|at| (check >> (5 * (5 - at)) & 31) as u8));
    let letters = digits
        .iter()
        .map(|digit| char::from(ALPHABET[usize::from(*digit)]));
    format!("{prefix}1{}", letters.collect::<String>())
}

fn polymod(prefix: &str, digits: &[u8]) -> u32 {
    let high = prefix.bytes().map(|byte| byte >> 5);
    let low = prefix.bytes().map(|byte| byte & 31);
    let all = high.chain([0]).chain(low).chain(digits.iter().copied());
    all.fold(1, |check: u32, digit| {
        let next = (check & 0x01ff_ffff) << 5 ^ u32::from(digit);
        let top = check >> 25;
        let bits = GENERATOR.iter().enumerate();
        bits.filter(|(at, _)| top >> at & 1 == 1)
            .fold(next, |check, (_, generator)| check ^ generator)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_a_mistake_is_not() {
        let bytes: [u8; 32] = std::array::from_fn(|at| at as u8 * 7);
        let text = encode(&bytes, "age");
        assert_eq!(*decode(&text, "age").unwrap(), bytes);
        assert_eq!(*decode(&text.to_uppercase(), "age").unwrap(), bytes);
        assert!(decode(&text, "age-secret-key-").is_none());
        for at in 0..text.len() {
            let mut wrong = text.clone();
            let other = if &text[at..=at] == "q" { "p" } else { "q" };
            wrong.replace_range(at..=at, other);
            assert!(decode(&wrong, "age").is_none(), "{wrong}");
            assert!(decode(&text[..at], "age").is_none());
        }
        let mixed = text.replacen('a', "A", 1);
        assert!(decode(&mixed, "age").is_none());
    }

    /// BIP 173: a valid string with nothing in it, and others that are none.
    #[test]
    fn the_checksum_is_that_of_the_specification() {
        let digits = |text: &str| -> Vec<u8> {
            let place = |byte| ALPHABET.iter().position(|other| *other == byte);
            text.bytes()
                .map(|byte| place(byte).unwrap() as u8)
                .collect()
        };
        assert_eq!(polymod("a", &digits("2uel5l")), 1);
        assert_eq!(
            polymod("abcdef", &digits("qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw")),
            1
        );
        assert_ne!(polymod("a", &digits("2uel5q")), 1);
    }
}
