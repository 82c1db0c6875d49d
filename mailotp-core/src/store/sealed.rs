//! What is sealed in a store, wherever it stands: so that all of it can be sealed again with another key.

use crate::id::{AccountId, CredentialId};

/// Where a sealed value stands. Values have an order: this one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The secret part of a credential.
    Credential(AccountId, CredentialId),
    /// An account's own PIN.
    Pin(AccountId),
    /// The site's PIN.
    SitePin,
}

/// A sealed value, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Where.
    pub place: Place,
    /// The value.
    pub value: Vec<u8>,
}

/// Another sealed value for a place, if the one there is still the old one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resealed {
    /// The old one, and where it stands.
    pub was: Sealed,
    /// The new one.
    pub becomes: Vec<u8>,
}
