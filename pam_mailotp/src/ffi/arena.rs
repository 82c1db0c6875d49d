//! Memory of its own for the hash.

use std::num::NonZeroUsize;

use libc::c_void;
use mailotp_core::crypto::{Arena, Block, HashError};
use nix::sys::mman::{MapFlags, MmapAdvise, ProtFlags, madvise, mmap_anonymous, munmap};
use zeroize::Zeroize;

/// 19 MiB of their own for the hash: not from the host's heap, where they would stay, not in a core
/// dump, in huge pages where there are any, wiped and unmapped before the call returns.
pub struct MappedArena;

impl Arena for MappedArena {
    fn lend(&mut self, blocks: usize, work: &mut dyn FnMut(&mut [Block])) -> Result<(), HashError> {
        let bytes = blocks
            .checked_mul(size_of::<Block>())
            .and_then(NonZeroUsize::new);
        let bytes = bytes.ok_or(HashError::OutOfMemory)?;
        // SAFETY: mmap(2): a private anonymous mapping at an address of the kernel's choice touches
        // no other memory.
        let mapping = unsafe {
            mmap_anonymous(
                None,
                bytes,
                ProtFlags::PROT_READ | ProtFlags::PROT_WRITE,
                MapFlags::MAP_PRIVATE,
            )
        }
        .map_err(|_| HashError::OutOfMemory)?;
        for advice in [MmapAdvise::MADV_DONTDUMP, MmapAdvise::MADV_HUGEPAGE] {
            // SAFETY: madvise(2): the range is the mapping above, and neither advice changes what
            // is in it. A kernel that knows no huge pages says so, and that is all.
            let _ = unsafe { madvise(mapping, bytes.get(), advice) };
        }
        // SAFETY: mmap(2): the mapping is page-aligned, `bytes` long, zeroed and ours alone; a
        // `Block` is plain integers, for which zeros are valid, with an alignment below a page.
        let memory =
            unsafe { std::slice::from_raw_parts_mut(mapping.as_ptr().cast::<Block>(), blocks) };
        let _unmap = Unmap(mapping, bytes.get());
        work(memory);
        memory.iter_mut().for_each(Zeroize::zeroize);
        Ok(())
    }
}

/// Gives a mapping back, also when the work in it panics.
struct Unmap(std::ptr::NonNull<c_void>, usize);

impl Drop for Unmap {
    fn drop(&mut self) {
        // SAFETY: munmap(2): the mapping and length of `lend`, whose slice of it is used no more.
        let _ = unsafe { munmap(self.0, self.1) };
    }
}
