//! The numbers of standard input, output and error, where the host has closed them.
//!
//! Whoever opens a file next is given them, and whatever the host prints goes there: into the store, or the
//! system log. SQLite knows it, and covers them with `/dev/null` for good.

use std::fs::File;
use std::os::fd::AsRawFd as _;

/// The highest of them.
const STANDARD_ERROR: i32 = 2;

/// Keeps them from what is opened meanwhile.
#[derive(Default)]
pub struct Covered {
    _by: [Option<File>; 3],
}

impl Covered {
    /// Covers those that are closed. A host without `/dev/null` has what it opens itself there.
    pub fn now() -> Covered {
        let mut by = [const { None }; 3];
        for slot in &mut by {
            // open(2): the lowest number that is free.
            *slot = File::open("/dev/null")
                .ok()
                .filter(|file| file.as_raw_fd() <= STANDARD_ERROR);
            if slot.is_none() {
                break;
            }
        }
        Covered { _by: by }
    }
}
