//! The form of a one-time user name: 9 characters, `q`, 7 random ones (35 bits) and a check
//! character. Any server takes it for a user name, and few users have a name like it.

use super::marked::Marked;

const MARK: &[u8] = b"q";
/// How many characters an alias has.
pub const ALIAS_LENGTH: usize = 9;
/// How many of them are random.
pub const ALIAS_BODY: usize = ALIAS_LENGTH - MARK.len() - 1;

/// A name of the form of an alias, folded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AliasName(String);

impl AliasName {
    /// Puts mark and check character around what is random.
    pub fn new(random: &[u8; ALIAS_BODY]) -> AliasName {
        AliasName(
            Marked::<ALIAS_LENGTH>::new(MARK, &[random])
                .text(0)
                .to_string(),
        )
    }

    /// Reads a user name. Whatever domain stands behind it does not count: some servers add one.
    pub(super) fn recognise(name: &str) -> Option<AliasName> {
        let local = name.split_once('@').map_or(name, |(local, _)| local);
        let word = Marked::<ALIAS_LENGTH>::recognise(local.as_bytes(), MARK)?.ok()?;
        Some(AliasName(word.text(0).to_string()))
    }

    /// As it is printed.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alias_is_known_by_its_form_in_any_case_and_with_any_domain() {
        let alias = AliasName::new(&[1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(alias.as_str().len(), ALIAS_LENGTH);
        for typed in [
            alias.as_str().to_owned(),
            alias.as_str().to_uppercase(),
            format!("{}@example.com", alias.as_str()),
        ] {
            assert_eq!(
                AliasName::recognise(&typed).as_ref(),
                Some(&alias),
                "{typed}"
            );
        }
    }

    #[test]
    fn other_names_and_mistyped_ones_are_no_aliases() {
        let alias = AliasName::new(&[1, 2, 3, 4, 5, 6, 7]);
        let typo = alias.as_str().replacen('1', "8", 1);
        for other in ["", "alice", "q", "quentin", "q@example.com", &typo] {
            assert_eq!(AliasName::recognise(other), None, "{other}");
        }
    }
}
