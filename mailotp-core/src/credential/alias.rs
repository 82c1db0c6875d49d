//! Aliases: one-time user names. They are no codes, and nothing of them is secret but that they are
//! not used yet: a store keeps their tags.

use crate::clock::{NoRandomness, Random, random};
use crate::crypto::{KeyRing, Tag, TagPurpose};
use crate::request::AliasName;

/// The most aliases that are made at once.
pub const MAX_ALIASES: u32 = 500;

/// New names.
pub fn generate(count: u32, source: &mut dyn Random) -> Result<Vec<AliasName>, NoRandomness> {
    (0..count)
        .map(|_| Ok(AliasName::new(&random(source)?)))
        .collect()
}

/// What a store finds an alias by.
pub fn tag(name: &AliasName, keys: &KeyRing) -> Tag {
    keys.tag(TagPurpose::Alias, &[name.as_str().as_bytes()])
}
