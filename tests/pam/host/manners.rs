//! What a host is like from its start: its arguments say it.

use std::fs::File;
use std::io::BufReader;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::thread;
use std::time::Duration;

use harness::host::Trait;
use nix::fcntl::{FcntlArg, fcntl};

use crate::ffi;

/// Where errands come from, and where replies go to.
pub struct Channels {
    pub lines: BufReader<File>,
    pub replies: File,
}

/// Above the descriptors that this host closes.
const ABOVE: i32 = 10;

/// Becomes what the arguments say. The channels stay open, wherever they have to go.
pub fn take_on() -> Channels {
    let is = |one: Trait| std::env::args().any(|argument| argument == one.argument());
    if is(Trait::IgnoresChildren) {
        ffi::ignore_children();
    }
    let channels = Channels {
        lines: BufReader::new(elsewhere(std::io::stdin().as_fd())),
        replies: elsewhere(std::io::stdout().as_fd()),
    };
    if is(Trait::ClosedStandardDescriptors) {
        ffi::close_standard_descriptors();
        thread::spawn(|| {
            loop {
                ffi::write_to_standard_descriptors();
                thread::sleep(Duration::from_micros(50));
            }
        });
    }
    channels
}

fn elsewhere(of: BorrowedFd<'_>) -> File {
    let copied = fcntl(of, FcntlArg::F_DUPFD_CLOEXEC(ABOVE)).expect("there is room for two more");
    File::from(ffi::owned(copied))
}
