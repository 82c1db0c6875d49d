//! A system call of a login that fails: nobody is let in with a code that stays fresh, the process
//! lives, and whoever comes next gets in.

use std::time::{Duration, Instant};

use harness::host::Request;
use harness::site::Site;
use harness::trace::{Call, Fate};

use crate::crashes::{Saved, thorough, traced};
use crate::power::kept_open;
use crate::unavailable::toml;
use crate::{ELSEWHERE, HOME};

/// How this call can fail, as its manual page says.
fn errors(call: Call) -> &'static [i32] {
    use libc::{EDQUOT, EIO, EMFILE, ENOMEM, ENOSPC};
    match call.number {
        libc::SYS_openat => &[EMFILE, ENOSPC, EIO, EDQUOT, ENOMEM],
        libc::SYS_write if call.arguments[0] == 1 => &[],
        libc::SYS_write | libc::SYS_pwrite64 | libc::SYS_ftruncate => &[ENOSPC, EIO, EDQUOT],
        libc::SYS_fsync | libc::SYS_fdatasync => &[EIO, ENOSPC, EDQUOT],
        libc::SYS_read | libc::SYS_pread64 => &[EIO],
        libc::SYS_newfstatat | libc::SYS_fstat | libc::SYS_stat => &[EIO, ENOMEM],
        libc::SYS_socket => &[EMFILE, ENOMEM],
        libc::SYS_unlink | libc::SYS_rename => &[EIO, ENOSPC],
        _ => &[],
    }
}

/// Each call in turn, with `choose` saying which of its errors.
fn fails_everywhere(choose: impl Fn(&'static [i32], usize) -> Vec<i32>) {
    let site = Site::new("[otp]\nsheet_accept = \"any\"\n");
    let sheet = site.sheet("alice");
    let login = |from: &str, code: usize| {
        let login = Request::new("imap", "alice").from(from);
        login.answer(&sheet.codes[code])
    };
    let saved = Saved::new(&site);
    let mut calls = Vec::new();
    let reply = traced(&site, &login(HOME, 0), |call| {
        if call.enters {
            calls.push(call);
        }
        Fate::Lives
    });
    assert_eq!(reply.expect("it lives").verdict(), "PAM_SUCCESS");
    let mut tried = 0;
    let marks: Vec<usize> = (calls.iter().enumerate())
        .filter_map(|(turn, call)| (call.number == libc::SYS_getppid).then_some(turn))
        .collect();
    let [first, last] = marks[..] else {
        panic!("the host marks where the stack begins and ends: {marks:?}");
    };
    let calls = calls.iter().enumerate().take(last).skip(first);
    for (turn, &call) in calls {
        for error in choose(errors(call), turn) {
            saved.restore();
            tried += 1;
            let mut next = 0;
            let reply = traced(&site, &login(HOME, 0), |call| {
                let here = call.enters && next == turn;
                next += usize::from(call.enters);
                if here {
                    Fate::Fails(error)
                } else {
                    Fate::Lives
                }
            });
            let what = format!("call {turn}, {call:?}, fails with {error}");
            let reply = reply.unwrap_or_else(|| panic!("the host died: {what}"));
            let verdict = reply.verdict();
            assert_ne!(verdict, "PAM_IGNORE", "{what}: {reply:?}");
            assert_eq!(reply.left_behind, [""; 0], "{what}");
            let again = site.ask_in_turn([login(ELSEWHERE, 0), login(ELSEWHERE, 1)]);
            let twice = verdict == "PAM_SUCCESS" && again[0].verdict() == "PAM_SUCCESS";
            assert!(!twice, "let in twice: {what}");
            assert_eq!(again[1].verdict(), "PAM_SUCCESS", "the next one: {what}");
        }
    }
    assert!(tried > 20, "{tried} calls can fail");
}

#[test]
fn whichever_system_call_of_a_login_fails_no_code_works_twice_and_the_next_login_works() {
    fails_everywhere(|errors, turn| {
        if thorough() {
            return errors.to_vec();
        }
        // One for each: they take turns.
        let error = (!errors.is_empty()).then(|| errors[turn % errors.len()]);
        error.into_iter().collect()
    });
}

/// A checkpoint behind the answer may fail: what it would have moved is safe in the log. Here somebody else has the store
/// open, so that there is none.
#[test]
fn whoever_waits_for_a_disk_that_fails_is_not_let_in() {
    let site = Site::new("");
    let code = site.hotp("alice").code(0);
    let login = Request::new("imap", "alice").from(HOME).answer(code);
    // Of files: SQLite takes it that a folder of some file systems cannot be waited for.
    let is_sync = |call: Call| {
        let waits = [libc::SYS_fsync, libc::SYS_fdatasync].contains(&call.number);
        call.enters && waits && call.file().is_some_and(|file| file.is_file())
    };
    let saved = Saved::new(&site);
    for turn in 0.. {
        let _keeper = kept_open(&site);
        let mut syncs = 0;
        let reply = traced(&site, &login, |call| {
            syncs += usize::from(is_sync(call));
            if is_sync(call) && syncs == turn + 1 {
                Fate::Fails(libc::EIO)
            } else {
                Fate::Lives
            }
        });
        let verdict = reply.expect("it lives").verdict().to_owned();
        if syncs <= turn {
            assert_eq!(verdict, "PAM_SUCCESS");
            assert!(turn > 0, "something is waited for");
            return;
        }
        assert_eq!(verdict, "PAM_AUTHINFO_UNAVAIL", "sync {turn}");
        saved.restore();
    }
}

fn is_lock(call: Call) -> bool {
    call.enters && call.number == libc::SYS_fcntl && call.arguments[1] == libc::F_SETLK as u64
}

/// SQLite takes a lock that cannot be had for one that somebody holds for a moment, and tries a hundred times, in some
/// ten seconds. No host waits for longer than `timeout`.
#[test]
fn a_lock_that_is_never_given_takes_no_longer_than_the_timeout() {
    let site = Site::new(&toml("1s"));
    let phone = site.app_password("alice", &[]);
    let login = Request::new("imap", "alice").from(HOME);
    let login = site.here(login.answer(&phone.secret));
    let mut locks = 0;
    let reply = traced(&site, &login, |call| {
        locks += usize::from(is_lock(call));
        Fate::Lives
    });
    assert_eq!(reply.expect("it lives").verdict(), "PAM_SUCCESS");
    assert!(locks > 10, "{locks}");
    let mut let_in = Vec::new();
    for from in (0..locks).step_by(if thorough() { 1 } else { 8 }) {
        let (mut count, start) = (0, Instant::now());
        let reply = traced(&site, &login, |call| {
            count += usize::from(is_lock(call));
            if is_lock(call) && count > from {
                Fate::Fails(libc::ENOLCK)
            } else {
                Fate::Lives
            }
        });
        let took = start.elapsed();
        let reply = reply.expect("it lives");
        // For the prompt, and for the answer.
        assert!(took < Duration::from_secs(3), "from {from} on: {took:?}");
        let verdict = reply.verdict();
        let_in.push(verdict == "PAM_SUCCESS");
        assert!(
            ["PAM_SUCCESS", "PAM_AUTHINFO_UNAVAIL"].contains(&verdict),
            "from {from} on: {reply:?}"
        );
        let again = site.verdict("imap", "alice", HOME, &phone.secret);
        assert_eq!(again, "PAM_SUCCESS", "after {from}");
    }
    // The last of these calls lets go of a lock, when all is done.
    assert!(!let_in[0] && let_in.is_sorted(), "{let_in:?}");
}
