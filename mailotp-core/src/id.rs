//! Names that are no secrets: random, and never used again.

use std::fmt;

use crate::clock::{NoRandomness, Random, random};
use crate::request::symbol;

/// A random number that stays with an account when its name changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId(pub i64);

impl AccountId {
    /// No account: for what concerns the whole store.
    pub const NOBODY: AccountId = AccountId(-1);

    /// A new one.
    pub fn generate(source: &mut dyn Random) -> Result<AccountId, NoRandomness> {
        Ok(AccountId(i64::from_be_bytes(random(source)?) & i64::MAX))
    }
}

/// Eight characters that name a credential or a window; not secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CredentialId(String);

impl CredentialId {
    /// A new one.
    pub fn generate(source: &mut dyn Random) -> Result<CredentialId, NoRandomness> {
        Ok(CredentialId(random_symbols::<8>(source)?))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// One that a store gives back.
    pub(crate) fn stored(text: String) -> CredentialId {
        CredentialId(text)
    }
}

impl fmt::Display for CredentialId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `N` random characters of the alphabet, five bits each.
pub(crate) fn random_symbols<const N: usize>(
    source: &mut dyn Random,
) -> Result<String, NoRandomness> {
    Ok(random::<N>(source)?.into_iter().map(symbol).collect())
}
