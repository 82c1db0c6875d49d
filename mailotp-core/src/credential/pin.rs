//! PINs as they are kept: hashed as expensively as sheet codes, since people choose them, and sealed.

use zeroize::Zeroizing;

use crate::account::{PinOwner, SealedPin};
use crate::clock::Random;
use crate::crypto::{CodeHash, KeyRing, Salt, SealContext, SealError, TagPurpose};
use crate::id::{AccountId, CredentialId};

/// The salt of the site's PIN, and of everything of accounts that are not known.
pub fn site_salt(keys: &KeyRing) -> Salt {
    keys.tag(TagPurpose::Decoy, &[b"salt"]).0
}

/// Seals the hash of a PIN to its owner.
pub fn seal(
    keys: &KeyRing,
    owner: PinOwner,
    hash: &CodeHash,
    source: &mut dyn Random,
) -> Result<Vec<u8>, SealError> {
    let name = name();
    keys.seal(&context(owner, &name), &hash.0, source)
}

/// Opens the hash of an owner's PIN.
pub fn open(
    keys: &KeyRing,
    owner: PinOwner,
    pin: &SealedPin,
) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let name = name();
    keys.open(&context(owner, &name), &pin.sealed)
}

/// The account and the name under which a PIN is sealed.
pub fn place(owner: PinOwner) -> (AccountId, CredentialId) {
    (context(owner, &name()).account, name())
}

/// The name under which PINs are sealed; no credential has it.
fn name() -> CredentialId {
    CredentialId::stored("pin".to_owned())
}

fn context(owner: PinOwner, name: &CredentialId) -> SealContext<'_> {
    SealContext {
        account: match owner {
            PinOwner::Account(account) => account,
            PinOwner::Site => AccountId::NOBODY,
        },
        credential: name,
    }
}
