//! Everything unsafe, each block with the promise of C that it leans on.

use std::ffi::CString;
use std::num::NonZeroUsize;

use libc::{c_int, c_void};
use mailotp_core::crypto::{Arena, Block, HashError};
use nix::sys::mman::{MapFlags, MmapAdvise, ProtFlags, madvise, mmap_anonymous, munmap};
use nix::sys::signal::SigSet;
use pam::constants::PamResultCode;
use pam::module::PamHandle;
use zeroize::Zeroize;

use crate::host::Standing;

/// `PAM_USER` and `PAM_AUTHTOK` of `_pam_types.h`.
const PAM_USER: c_int = 2;
/// See [`PAM_USER`].
const PAM_AUTHTOK: c_int = 6;

/// The name under which the standing is kept on a handle.
const STANDING: &str = "mailotp_standing";

// libpam is linked by pam-bindings, which has no way to make an `AuthTok`.
unsafe extern "C" {
    fn pam_set_item(handle: *mut PamHandle, item: c_int, value: *const c_void) -> c_int;
}

/// The two functions of SQLite that only the newest of the libraries that a distribution may have know
/// (3.37.0 and 3.38.0). A module that asks a library for what it lacks is not loaded, and nobody is told
/// why; so this build brings its own two, and asks the library how old it is before anything else
/// (`mailotp_core::store::sqlite`).
#[cfg(not(feature = "bundled-sqlite"))]
mod of_an_old_library {
    use libc::{c_int, c_void};

    // Hidden: the library must go on to call its own. gABI, "Symbol Visibility": the strictest that any object
    // says holds.
    core::arch::global_asm!(".hidden sqlite3_changes64", ".hidden sqlite3_error_offset");

    unsafe extern "C" {
        fn sqlite3_changes(database: *mut c_void) -> c_int;
    }

    /// No statement of mailotp changes 2^31 rows.
    ///
    /// # Safety
    /// `database` is an open connection.
    #[unsafe(no_mangle)]
    unsafe extern "C" fn sqlite3_changes64(database: *mut c_void) -> i64 {
        // SAFETY: sqlite.org/c3ref/changes.html: the connection is handed on as it came.
        i64::from(unsafe { sqlite3_changes(database) })
    }

    /// sqlite.org/c3ref/errcode.html: -1, where the error is at no place of the statement.
    #[unsafe(no_mangle)]
    extern "C" fn sqlite3_error_offset(_: *mut c_void) -> c_int {
        -1
    }
}

/// A VFS of SQLite (sqlite.org/vfs.html) as its own, but for the sleep, which ends when the time of a login does.
///
/// A lock on the index of the log that cannot be had, for whatever reason, is tried a hundred times, with pauses of ten
/// seconds in all (`walTryBeginRead` of wal.c), and twice as long where the log begins anew. Nobody asks the host whether
/// it has as much time. Where no pause takes any time, the hundred tries are over at once, and the store has failed.
mod vfs {
    use std::cell::Cell;
    use std::ffi::CStr;
    use std::sync::Once;
    use std::time::{Duration, Instant};

    use libc::c_int;
    use mailotp_core::store::sqlite;
    use rusqlite::ffi::{SQLITE_OK, sqlite3_vfs, sqlite3_vfs_find, sqlite3_vfs_register};

    const NAME: &CStr = c"mailotp";

    thread_local! {
        static UNTIL: Cell<Option<Instant>> = const { Cell::new(None) };
    }

    unsafe extern "C" fn sleep(_: *mut sqlite3_vfs, microseconds: c_int) -> c_int {
        let asked = Duration::from_micros(u64::try_from(microseconds).unwrap_or(0));
        let left = UNTIL.get().map_or(asked, |until| {
            until.saturating_duration_since(Instant::now())
        });
        let time = asked.min(left);
        if !time.is_zero() {
            std::thread::sleep(time);
        }
        microseconds
    }

    /// What this thread opens and does with a store until the next call of this sleeps no longer than until then.
    pub fn sleep_until(deadline: Instant) {
        static REGISTERED: Once = Once::new();
        REGISTERED.call_once(|| {
            // One that is too old is refused when the store is opened, and asked for nothing else.
            if rusqlite::version_number() < sqlite::OLDEST_SQLITE {
                return;
            }
            // SAFETY: sqlite.org/c3ref/vfs_find.html: NULL asks for the default, which is valid for good, or there is
            // none.
            let Some(own) = (unsafe { sqlite3_vfs_find(std::ptr::null()).as_ref() }) else {
                return;
            };
            let vfs = Box::leak(Box::new(sqlite3_vfs {
                zName: NAME.as_ptr(),
                pNext: std::ptr::null_mut(),
                xSleep: Some(sleep),
                ..*own
            }));
            // SAFETY: the same: it is never freed, and this module is never unloaded (-z nodelete). Not as the
            // default, which is the host's.
            if unsafe { sqlite3_vfs_register(vfs, 0) } == SQLITE_OK {
                sqlite::open_through(NAME);
            }
        });
        UNTIL.set(Some(deadline));
    }
}

pub use vfs::sleep_until;

/// Takes back a signal that this thread was sent while it was held back.
pub fn forget_signal(signal: &SigSet) {
    let at_once = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: sigtimedwait(2): set and time are valid for the call, and nobody wants to know more of the signal.
    unsafe { libc::sigtimedwait(signal.as_ref(), std::ptr::null_mut(), &at_once) };
}

/// Sets `PAM_AUTHTOK`. libpam wipes the one that it replaces.
pub fn set_authtok(handle: &mut PamHandle, secret: &[u8]) -> Result<(), PamResultCode> {
    set_text(handle, PAM_AUTHTOK, secret)
}

/// Sets `PAM_USER`.
pub fn set_user(handle: &mut PamHandle, user: &str) -> Result<(), PamResultCode> {
    set_text(handle, PAM_USER, user.as_bytes())
}

fn set_text(handle: &mut PamHandle, item: c_int, value: &[u8]) -> Result<(), PamResultCode> {
    let text = CString::new(value).map_err(|_| PamResultCode::PAM_AUTH_ERR)?;
    // SAFETY: pam_set_item(3): the handle is the one that libpam gave us for this call, and a value
    // of PAM_AUTHTOK or PAM_USER is a NUL-terminated string, which it copies before it returns.
    let code = unsafe { pam_set_item(handle, item, text.as_ptr().cast()) };
    text.into_bytes().zeroize();
    if code == PamResultCode::PAM_SUCCESS as c_int {
        Ok(())
    } else {
        Err(PamResultCode::PAM_SYSTEM_ERR)
    }
}

/// Keeps the standing on the handle, until the next one or `pam_end`.
pub fn remember(handle: &mut PamHandle, standing: Standing) -> Result<(), PamResultCode> {
    handle.set_data(STANDING, Box::new(standing))
}

/// The standing that an earlier phase has kept on this handle.
pub fn recall(handle: &PamHandle) -> Option<Standing> {
    // SAFETY: PamHandle::get_data wants the type that set_data was given under this name:
    // `remember` alone uses it, and always with `Standing`. pam_get_data(3) hands the pointer out
    // until it is replaced or the handle ends; the value is copied here and now.
    unsafe { handle.get_data::<Standing>(STANDING) }
        .ok()
        .copied()
}

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
