//! The two functions of SQLite that only the newest of the libraries that a distribution may have know
//! (3.37.0 and 3.38.0). A module that asks a library for what it lacks is not loaded, and nobody is told
//! why; so this build brings its own two, and asks the library how old it is before anything else
//! (`mailotp_core::store::sqlite`).

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
