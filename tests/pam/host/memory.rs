//! An allocator that looks: what is given back to the heap or the kernel is searched for secrets first, and all
//! that is left is searched at the end.
//!
//! The functions of the program come before those of the C library for everybody in the process (ld.so(8),
//! "Interposition"), so that libpam, the module and SQLite in it call these.

use std::ffi::{CStr, c_int, c_void};
use std::fs;
use std::ptr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use harness::host::{Finding, MASK, Place};

use crate::transaction::Eyes;

/// The secrets, masked, while somebody looks. No allocation is made where they are looked for: that is where
/// memory is given back.
static SECRETS: AtomicPtr<Vec<Vec<u8>>> = AtomicPtr::new(ptr::null_mut());

/// How far below this a call may have worked.
const DEEP: usize = 512 << 10;

/// How much is noted, and how much of who did it.
const MOST: usize = 256;
const DEPTH: usize = 24;

/// What was found, in no memory of the heap.
static HITS: Mutex<[Hit; MOST]> = Mutex::new([NO_HIT; MOST]);
static COUNT: AtomicUsize = AtomicUsize::new(0);

const NO_HIT: Hit = Hit {
    secret: 0,
    place: Place::Left,
    by: [ptr::null_mut(); DEPTH],
};

#[derive(Clone, Copy)]
struct Hit {
    secret: usize,
    place: Place,
    by: [*mut c_void; DEPTH],
}

// SAFETY: the pointers are addresses of code, and nobody reads what they point to.
unsafe impl Send for Hit {}

/// Looks.
pub struct Witness;

impl Eyes for Witness {
    fn open(&self, secrets: Vec<Vec<u8>>) {
        // Its first call loads a library; not where memory is given back.
        backtrace_here();
        COUNT.store(0, Ordering::Relaxed);
        SECRETS.store(Box::into_raw(Box::new(secrets)), Ordering::Release);
    }

    fn look(&self, place: Place) {
        let here = ptr::from_ref(&place).addr();
        // Before anybody else works there. The kernel makes a stack as large as it is used (mmap(2), MAP_GROWSDOWN).
        search(here - DEEP, here, Place::Stack);
        let maps = fs::read_to_string("/proc/self/maps").expect("Linux has /proc");
        for line in maps.lines() {
            let mut words = line.split_ascii_whitespace();
            let (Some(range), Some(mode)) = (words.next(), words.next()) else {
                continue;
            };
            if !mode.starts_with("rw") {
                continue;
            }
            let (from, to) = range.split_once('-').expect("a range");
            let [from, to] =
                [from, to].map(|at| usize::from_str_radix(at, 16).expect("an address"));
            if (from..to).contains(&here) {
                search(here, to, place);
            } else {
                search(from, to, place);
            }
        }
    }

    fn close(&self) -> Vec<Finding> {
        let secrets = SECRETS.swap(ptr::null_mut(), Ordering::AcqRel);
        // SAFETY: the box of `open`, which nobody else takes, and whose only reader is this thread.
        drop(unsafe { Box::from_raw(secrets) });
        let hits = HITS.lock().expect("nobody panics in here");
        let hits = &hits[..COUNT.load(Ordering::Relaxed).min(MOST)];
        let mut found: Vec<Finding> = Vec::new();
        for hit in hits {
            let is_this = |one: &&mut Finding| (one.secret, one.place) == (hit.secret, hit.place);
            if let Some(known) = found.iter_mut().find(is_this) {
                known.times += 1;
                continue;
            }
            found.push(Finding {
                secret: hit.secret,
                place: hit.place,
                times: 1,
                by: hit.by.iter().filter_map(|at| name(*at)).collect(),
            });
        }
        found
    }
}

/// Searches memory that can be read.
fn search(from: usize, to: usize, place: Place) {
    let secrets = SECRETS.load(Ordering::Acquire);
    if secrets.is_null() {
        return;
    }
    // SAFETY: the box of `open`, until `close`; both in this thread.
    for (number, secret) in unsafe { &*secrets }.iter().enumerate() {
        let Some((first, rest)) = secret.split_first() else {
            continue;
        };
        let mut at = from;
        while at + secret.len() <= to {
            let left = to - rest.len() - at;
            // SAFETY: memchr(3): the kernel or the heap says that so much can be read from here.
            let found = unsafe { libc::memchr(at as *const c_void, (first ^ MASK).into(), left) };
            if found.is_null() {
                break;
            }
            // SAFETY: `rest` still fits before `to`.
            let same = |(offset, byte): (usize, &u8)| unsafe {
                found.cast::<u8>().add(1 + offset).read_volatile() == byte ^ MASK
            };
            if rest.iter().enumerate().all(same) {
                note(number, place);
            }
            at = found.addr() + 1;
        }
    }
}

fn note(secret: usize, place: Place) {
    let at = COUNT.fetch_add(1, Ordering::Relaxed);
    if let Some(slot) = HITS.lock().expect("nobody panics in here").get_mut(at) {
        let by = match place {
            Place::GivenBack => backtrace_here(),
            _ => NO_HIT.by,
        };
        *slot = Hit { secret, place, by };
    }
}

fn backtrace_here() -> [*mut c_void; DEPTH] {
    let mut by = NO_HIT.by;
    // SAFETY: backtrace(3): it writes so many addresses at most.
    unsafe { backtrace(by.as_mut_ptr(), DEPTH as c_int) };
    by
}

/// An address of code as `addr2line` takes it.
fn name(at: *mut c_void) -> Option<String> {
    if at.is_null() {
        return None;
    }
    // SAFETY: dladdr(3): it fills in what it knows of any address, and the name is the loader's.
    unsafe {
        let mut about: libc::Dl_info = std::mem::zeroed();
        if libc::dladdr(at, &raw mut about) == 0 || about.dli_fname.is_null() {
            return None;
        }
        let file = CStr::from_ptr(about.dli_fname).to_string_lossy();
        let offset = at.addr() - about.dli_fbase.addr();
        Some(format!("{file} {offset:#x}"))
    }
}

/// free(3)
///
/// # Safety
/// That of `free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn free(block: *mut c_void) {
    // SAFETY: free(3): the block is one of the heap, and all of it can be read until it is given back.
    unsafe {
        if !block.is_null() {
            let from = block.addr();
            search(
                from,
                from + libc::malloc_usable_size(block),
                Place::GivenBack,
            );
        }
        __libc_free(block);
    }
}

/// realloc(3), which always moves: where it would not, it would on another day.
///
/// # Safety
/// That of `realloc`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn realloc(block: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: realloc(3): both blocks are of the heap, and as large as the heap says.
    unsafe {
        if block.is_null() || size == 0 || SECRETS.load(Ordering::Acquire).is_null() {
            return __libc_realloc(block, size);
        }
        let moved = libc::malloc(size);
        if !moved.is_null() {
            let had = libc::malloc_usable_size(block);
            ptr::copy_nonoverlapping(block.cast::<u8>(), moved.cast::<u8>(), had.min(size));
            free(block);
        }
        moved
    }
}

/// munmap(2)
///
/// # Safety
/// That of `munmap`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn munmap(at: *mut c_void, length: usize) -> c_int {
    // SAFETY: munmap(2): who gives it back has mapped it; this process maps nothing that cannot be read.
    unsafe {
        search(at.addr(), at.addr() + length, Place::GivenBack);
        libc::syscall(libc::SYS_munmap, at, length) as c_int
    }
}

unsafe extern "C" {
    fn __libc_free(block: *mut c_void);
    fn __libc_realloc(block: *mut c_void, size: usize) -> *mut c_void;
    fn backtrace(buffer: *mut *mut c_void, size: c_int) -> c_int;
}
