//! What becomes of a host whose files may only be so large: setrlimit(2), `LimitFSIZE=` of systemd.exec(5).
//!
//! Whoever writes beyond that is sent SIGXFSZ, of which a process dies. Held back it is none of the host's business: the
//! write fails, as on a full disk, and so does the login.

use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit};
use nix::sys::signal::{SigSet, SigmaskHow, Signal};

use crate::ffi;

/// Holds the signal back from this thread for as long as it lives.
pub struct Limited {
    /// What was held back before; `None`: nobody sends it.
    before: Option<SigSet>,
}

impl Limited {
    pub fn now() -> Limited {
        let is_limited =
            getrlimit(Resource::RLIMIT_FSIZE).is_ok_and(|(now, _)| now != RLIM_INFINITY);
        let hold = || signal().thread_swap_mask(SigmaskHow::SIG_BLOCK).ok();
        Limited {
            before: is_limited.then(hold).flatten(),
        }
    }
}

impl Drop for Limited {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            ffi::forget_signal(&signal());
            let _ = before.thread_set_mask();
        }
    }
}

fn signal() -> SigSet {
    SigSet::from(Signal::SIGXFSZ)
}
