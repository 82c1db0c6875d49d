//! The primitives, each behind one small door.

mod hash;
mod hex;
mod key_ring;
mod seal;
mod tag;

pub use argon2::Block;
pub use hash::{
    Arena, CODE_HASH_LENGTH, CodeHash, HASH_BLOCKS, HashError, HeapArena, SALT_LENGTH, Salt,
    hash_code,
};
pub use key_ring::{KeyId, KeyRing, KeyRingError, Standing};
pub use seal::{SealContext, SealError, sealed_with};
pub use tag::{Tag, TagPurpose};
