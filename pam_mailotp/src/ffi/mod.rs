//! Everything unsafe, each block with the promise of C that it leans on.

mod arena;
mod futex;
#[cfg(not(feature = "bundled-sqlite"))]
mod old_library;
mod vfs;

use std::ffi::CString;

use libc::{c_int, c_void};
use nix::sys::signal::SigSet;
use pam::constants::PamResultCode;
use pam::module::PamHandle;
use zeroize::Zeroize;

use crate::host::Standing;

pub use arena::MappedArena;
pub use futex::hang_bell;
pub use vfs::sleep_until;

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
