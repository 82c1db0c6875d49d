//! What makes two sequences of one pass phrase different; not secret.

use std::fmt;

/// The longest seed (RFC 2289, section 6.0).
pub const MAX_SEED: usize = 16;

/// 1 to 16 ASCII letters and digits. Case does not matter: a seed is lower case before anything is
/// done with it (RFC 2289, section 6.0).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Seed(String);

/// Not a seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a seed is 1 to {MAX_SEED} ASCII letters and digits")]
pub struct BadSeed;

impl Seed {
    /// Takes what was typed.
    pub fn new(typed: &str) -> Result<Seed, BadSeed> {
        let fits = (1..=MAX_SEED).contains(&typed.len());
        if fits && typed.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            Ok(Seed(typed.to_ascii_lowercase()))
        } else {
            Err(BadSeed)
        }
    }

    /// In lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_1_to_16_letters_and_digits_in_lower_case() {
        assert_eq!(Seed::new("TeSt").unwrap().as_str(), "test");
        assert_eq!(Seed::new("0").unwrap().as_str(), "0");
        assert!(Seed::new(&"s".repeat(MAX_SEED)).is_ok());
        for bad in ["", "Length_Okay", "LengthOfSeventeen", "A Seed", "ä", "a\n"] {
            assert_eq!(Seed::new(bad), Err(BadSeed), "{bad:?}");
        }
    }
}
