//! `pam_mailotp.so`: what libpam calls, and nothing else.
//!
//! Inside somebody else's process: no thread, no signal handler, no environment, no output, nothing
//! open and nothing remembered after a call but one word on the PAM handle.
#![allow(
    missing_docs,
    reason = "the public items of a module are the six functions of libpam"
)]

#[cfg(not(panic = "unwind"))]
compile_error!(
    "the module must unwind: with panic = \"abort\" a bug of ours kills the mail server"
);

mod answer;
mod args;
mod bench;
mod descriptors;
mod ffi;
mod hooks;
mod host;
mod log;
mod sizes;

use std::ffi::CStr;
use std::panic::{AssertUnwindSafe, catch_unwind};

use pam::constants::{PamFlag, PamResultCode};
use pam::module::{PamHandle, PamHooks};
use zeroize::Zeroize as _;

struct Mailotp;

pam::pam_hooks!(Mailotp);

impl PamHooks for Mailotp {
    fn sm_authenticate(handle: &mut PamHandle, args: Vec<&CStr>, _: PamFlag) -> PamResultCode {
        guarded(|| hooks::authenticate(&mut host::PamHost::new(handle), &args))
    }

    fn acct_mgmt(handle: &mut PamHandle, args: Vec<&CStr>, _: PamFlag) -> PamResultCode {
        guarded(|| hooks::account(&mut host::PamHost::new(handle), &args))
    }

    fn sm_setcred(handle: &mut PamHandle, _: Vec<&CStr>, _: PamFlag) -> PamResultCode {
        guarded(|| hooks::setcred(&host::PamHost::new(handle)))
    }

    fn sm_open_session(_: &mut PamHandle, _: Vec<&CStr>, _: PamFlag) -> PamResultCode {
        PamResultCode::PAM_SUCCESS
    }

    fn sm_close_session(_: &mut PamHandle, _: Vec<&CStr>, _: PamFlag) -> PamResultCode {
        PamResultCode::PAM_SUCCESS
    }
}

/// A bug ends here, as a refusal. The payload of the panic may hold a secret, and its destructor
/// may panic again: it is neither printed nor dropped.
fn guarded(hook: impl FnOnce() -> PamResultCode) -> PamResultCode {
    log::quiet_panics();
    let code = catch_unwind(AssertUnwindSafe(hook)).unwrap_or_else(|payload| {
        std::mem::forget(payload);
        PamResultCode::PAM_SYSTEM_ERR
    });
    wipe_stack();
    code
}

/// The stack that a call works on: some 60 KiB, which the tests measure by what they find there.
const STACK: usize = 64 << 10;

/// Wipes where the call has worked: a value that was moved has left a copy behind, keys among them, and the
/// host may not come that deep for months.
#[inline(never)]
fn wipe_stack() {
    let mut worked_on = [0_u128; STACK / size_of::<u128>()];
    worked_on.zeroize();
}
