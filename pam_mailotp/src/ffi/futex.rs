//! The bell by which logins wait for each other: futex(2) at the first word of the log.
//!
//! A futex of several processes is a word of a file that they have mapped. Here nobody reads or writes it, so that a file
//! that becomes shorter meanwhile does no harm: the kernel looks at it alone, and says that it is not there. The word is
//! the mark of a log, which no log is without and which never changes, so that there is nothing to agree on.

use std::fs::File;
use std::num::NonZeroUsize;
use std::ptr::NonNull;
use std::time::Duration;

use libc::{c_int, c_long, c_void};
use mailotp_core::store::sqlite::{Bell, wait_by};
use nix::sys::mman::{MapFlags, ProtFlags, mmap, munmap};

/// sqlite.org/fileformat2.html, 4.1: the least bit says by which order of bytes the log's sums are made, which is that of
/// the machine.
const MARK: [u8; 4] = [0x37, 0x7f, 0x06, 0x82 | cfg!(target_endian = "big") as u8];
const WORD: NonZeroUsize = NonZeroUsize::new(size_of::<u32>()).expect("four");

struct Futex;

/// From now on logins wait by this bell.
pub fn hang_bell() {
    wait_by(&Futex);
}

impl Bell for Futex {
    fn sleep(&self, log: &File, time: Duration) -> Option<bool> {
        let word = Word::of(log)?;
        let time = libc::timespec {
            tv_sec: time.as_secs() as _,
            tv_nsec: time.subsec_nanos() as _,
        };
        match word.call(libc::FUTEX_WAIT, u32::from_ne_bytes(MARK), &raw const time) {
            0 => Some(true),
            // Without a log in it, the file has no such word, or another one.
            _ => match nix::Error::last() {
                nix::Error::ETIMEDOUT | nix::Error::EINTR => Some(false),
                _ => None,
            },
        }
    }

    fn ring(&self, log: &File) {
        if let Some(word) = Word::of(log) {
            word.call(libc::FUTEX_WAKE, 1, std::ptr::null());
        }
    }
}

/// The first word of a file, mapped.
struct Word(NonNull<c_void>);

impl Word {
    fn of(log: &File) -> Option<Word> {
        // SAFETY: mmap(2): a shared mapping that nobody can write to, at an address of the kernel's choice.
        let mapped = unsafe {
            mmap(
                None,
                WORD,
                ProtFlags::PROT_READ,
                MapFlags::MAP_SHARED,
                log,
                0,
            )
        };
        mapped.ok().map(Word)
    }

    fn call(&self, operation: c_int, value: u32, time: *const libc::timespec) -> c_long {
        // SAFETY: futex(2): the address is that of the mapping, aligned to a page, which the kernel reads by itself and
        // says EFAULT where there is nothing; `time` is NULL, or valid for the call.
        unsafe { libc::syscall(libc::SYS_futex, self.0.as_ptr(), operation, value, time) }
    }
}

impl Drop for Word {
    fn drop(&mut self) {
        // SAFETY: munmap(2): the mapping of `of`, which nobody else knows.
        let _ = unsafe { munmap(self.0, WORD.get()) };
    }
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::Instant;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    /// A log that has begun, opened once more with each call.
    fn log() -> (tempfile::NamedTempFile, impl Fn() -> File) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&file, [&MARK[..], &[0; 28]].concat()).unwrap();
        let path = file.path().to_owned();
        (file, move || File::open(&path).unwrap())
    }

    #[test]
    fn whoever_sleeps_at_a_log_is_woken_by_who_has_it_open_as_well() {
        let (_file, open) = log();
        let before = Instant::now();
        let log = open();
        let sleeper = thread::spawn(move || Futex.sleep(&log, LONG));
        while !sleeper.is_finished() {
            Futex.ring(&open());
            thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(sleeper.join().unwrap(), Some(true));
        assert!(before.elapsed() < LONG);
    }

    #[test]
    fn one_ring_wakes_one() {
        let (_file, open) = log();
        let sleepers = [open(), open()].map(|log| thread::spawn(move || Futex.sleep(&log, LONG)));
        let mut rings = Vec::new();
        while rings.iter().sum::<c_long>() < 2 {
            let word = Word::of(&open()).unwrap();
            rings.push(word.call(libc::FUTEX_WAKE, 1, std::ptr::null()));
            thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(rings.iter().max(), Some(&1));
        for sleeper in sleepers {
            assert_eq!(sleeper.join().unwrap(), Some(true));
        }
    }

    #[test]
    fn whoever_is_not_woken_sleeps_no_longer_than_was_said() {
        let (_file, open) = log();
        assert_eq!(Futex.sleep(&open(), Duration::from_millis(1)), Some(false));
    }

    #[test]
    fn nobody_sleeps_at_a_log_that_has_not_begun_or_at_another_file() {
        let (file, open) = log();
        let log = open();
        for other in [&b""[..], b"SQLite format 3"] {
            std::fs::write(&file, other).unwrap();
            assert_eq!(Futex.sleep(&log, LONG), None);
            Futex.ring(&log);
        }
    }
}
