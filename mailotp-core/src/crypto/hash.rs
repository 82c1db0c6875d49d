//! The expensive hash of what people type from paper: Argon2id (RFC 9106), 19 MiB, two passes, one
//! lane, as the OWASP password storage cheat sheet has it.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// Bytes of a salt.
pub const SALT_LENGTH: usize = 16;
/// Bytes of a hash: 128 bits over a code of 50.
pub const CODE_HASH_LENGTH: usize = 16;
/// Blocks of 1 KiB that one hash works in: 19 MiB.
pub const HASH_BLOCKS: usize = 19 * 1024;

const PASSES: u32 = 2;
const LANES: u32 = 1;

/// The salt of an account.
pub type Salt = [u8; SALT_LENGTH];

/// The hash of a code. Compared in constant time.
#[derive(Clone)]
pub struct CodeHash(pub [u8; CODE_HASH_LENGTH]);

impl CodeHash {
    /// Whether `stored` is the same hash.
    pub fn matches(&self, stored: &[u8]) -> bool {
        self.0.ct_eq(stored).into()
    }
}

impl Drop for CodeHash {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// Why there is no hash.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// The host has no 19 MiB to spare.
    #[error("no memory for the hash (19 MiB)")]
    OutOfMemory,
    /// Argon2 refuses its parameters; they are constants, so this is a bug.
    #[error("Argon2 refused its parameters")]
    Parameters,
}

/// Lends the memory that a hash works in, and takes it back wiped. The module maps it apart from
/// the host's heap, where 19 MiB would stay for good.
pub trait Arena {
    /// Calls `work` once, with `blocks` blocks, whatever they hold.
    fn lend(&mut self, blocks: usize, work: &mut dyn FnMut(&mut [Block])) -> Result<(), HashError>;
}

/// An arena on the heap, for processes of our own.
pub struct HeapArena;

impl Arena for HeapArena {
    fn lend(&mut self, blocks: usize, work: &mut dyn FnMut(&mut [Block])) -> Result<(), HashError> {
        let mut memory = Vec::new();
        memory
            .try_reserve_exact(blocks)
            .map_err(|_| HashError::OutOfMemory)?;
        memory.resize(blocks, Block::default());
        work(&mut memory);
        memory.zeroize();
        Ok(())
    }
}

/// Hashes a folded code.
pub fn hash_code(code: &str, salt: &Salt, arena: &mut dyn Arena) -> Result<CodeHash, HashError> {
    let params = Params::new(HASH_BLOCKS as u32, PASSES, LANES, Some(CODE_HASH_LENGTH))
        .map_err(|_| HashError::Parameters)?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut hash = CodeHash([0; CODE_HASH_LENGTH]);
    let mut result = Err(HashError::OutOfMemory);
    arena.lend(HASH_BLOCKS, &mut |memory| {
        result = argon2
            .hash_password_into_with_memory(code.as_bytes(), salt, &mut hash.0, memory)
            .map_err(|_| HashError::Parameters);
    })?;
    result.map(|()| hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with the reference implementation of Argon2:
    /// `echo -n abcdefghjk | argon2 0123456789abcdef -id -t 2 -k 19456 -p 1 -l 16 -r`
    #[test]
    fn a_code_is_hashed_as_the_reference_implementation_does() {
        let hash = hash_code("abcdefghjk", b"0123456789abcdef", &mut HeapArena).unwrap();
        assert_eq!(*super::super::hex::encode(&hash.0), *REFERENCE);
        assert!(hash.matches(&hash.0.clone()));
        assert!(!hash.matches(&[0; CODE_HASH_LENGTH]));
        assert!(!hash.matches(&[]));
    }

    const REFERENCE: &str = "f5123d47bdc03ca745b5fa23560c6e68";

    /// CVE-2013-7041 pam_userdb: hashes were compared without case. That it takes the same time wherever
    /// they differ (CVE-2026-27856 Dovecot) is the promise of `subtle`.
    #[test]
    fn cve_2013_7041_a_hash_is_itself_to_the_last_bit() {
        let hash = CodeHash(*b"ABCDefgh01234567");
        assert!(hash.matches(b"ABCDefgh01234567"));
        for bit in 0..8 * CODE_HASH_LENGTH {
            let mut other = hash.0;
            other[bit / 8] ^= 1 << (bit % 8);
            assert!(!hash.matches(&other), "bit {bit}");
        }
        assert!(!hash.matches(&hash.0[..CODE_HASH_LENGTH - 1]));
        assert!(!hash.matches(b"ABCDefgh01234567\0"));
    }

    #[test]
    fn without_memory_there_is_no_hash() {
        struct Poor;
        impl Arena for Poor {
            fn lend(&mut self, _: usize, _: &mut dyn FnMut(&mut [Block])) -> Result<(), HashError> {
                Err(HashError::OutOfMemory)
            }
        }
        assert!(hash_code("abcdefghjk", &[0; SALT_LENGTH], &mut Poor).is_err());
    }
}
