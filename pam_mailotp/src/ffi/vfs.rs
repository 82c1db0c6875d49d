//! A VFS of SQLite (sqlite.org/vfs.html) as its own, but for the sleep, which ends when the time of a login does.
//!
//! A lock on the index of the log that cannot be had, for whatever reason, is tried a hundred times, with pauses of ten
//! seconds in all (`walTryBeginRead` of wal.c), and twice as long where the log begins anew. Nobody asks the host whether
//! it has as much time. Where no pause takes any time, the hundred tries are over at once, and the store has failed.
//!
//! It also keeps what the system said when SQLite asks why something has failed, since SQLite tells nobody.

use std::cell::Cell;
use std::ffi::CStr;
use std::sync::Once;
use std::time::{Duration, Instant};

use libc::{c_char, c_int};
use mailotp_core::store::sqlite::{self, Vfs};
use nix::errno::Errno;
use rusqlite::ffi::{SQLITE_OK, sqlite3_vfs, sqlite3_vfs_find, sqlite3_vfs_register};

const NAME: &CStr = c"mailotp";

thread_local! {
    static UNTIL: Cell<Option<Instant>> = const { Cell::new(None) };
    static FAILED: Cell<Option<Errno>> = const { Cell::new(None) };
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

/// `xGetLastError` of sqlite.org/c3ref/vfs.html: SQLite takes what it returns for errno(3).
unsafe extern "C" fn last_error(_: *mut sqlite3_vfs, _: c_int, _: *mut c_char) -> c_int {
    let error = Errno::last();
    FAILED.set(Some(error));
    error as c_int
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
            xGetLastError: Some(last_error),
            ..*own
        }));
        // SAFETY: the same: it is never freed, and this module is never unloaded (-z nodelete). Not as the
        // default, which is the host's.
        if unsafe { sqlite3_vfs_register(vfs, 0) } == SQLITE_OK {
            sqlite::open_through(Vfs {
                name: NAME,
                last_error: || FAILED.take(),
            });
        }
    });
    UNTIL.set(Some(deadline));
}
