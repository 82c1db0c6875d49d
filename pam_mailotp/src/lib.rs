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

use std::ffi::CStr;
use std::panic::{AssertUnwindSafe, catch_unwind};

use pam::constants::{PamFlag, PamResultCode};
use pam::module::{PamHandle, PamHooks};

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
    catch_unwind(AssertUnwindSafe(hook)).unwrap_or_else(|payload| {
        std::mem::forget(payload);
        PamResultCode::PAM_SYSTEM_ERR
    })
}
