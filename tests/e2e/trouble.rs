//! A store in trouble, on a machine of its own: whoever logs in is refused in time and told in the system log why, nothing
//! is lost, and the next one gets in as soon as it is over.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use harness::host::Request;
use harness::sandbox::Sandbox;
use harness::site::Site;
use harness::trace::Fate;
use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use rusqlite::Connection;

const HOME: &str = "192.0.2.1";

const CONFIGURATION: &str = "[store]\nurl = \"sqlite:store/mailotp.db\"\nkey = \"mailotp.key\"\ntimeout = \"2s\"\n\
                             [otp]\nsheet_accept = \"any\"\n";

/// A disk of its own for a folder, with what was in it.
fn small_disk(folder: &Path) {
    let megabyte = Some("size=1m,mode=0700");
    let kept = tempfile::tempdir().expect("a folder");
    copy(folder, kept.path());
    let tmpfs = Some("tmpfs");
    mount(tmpfs, folder, tmpfs, MsFlags::empty(), megabyte).expect("mount");
    copy(kept.path(), folder);
}

fn copy(from: &Path, to: &Path) {
    let from = format!("{}/.", from.display());
    let copied = Command::new("cp").args(["-a", &from]).arg(to).status();
    assert!(copied.expect("cp").success());
}

fn remount(folder: &Path, flags: MsFlags) {
    let none = None::<&str>;
    mount(none, folder, none, MsFlags::MS_REMOUNT | flags, none).expect("mount it anew");
}

/// What goes wrong, what the log says of it, and how it begins and ends.
struct Trouble {
    name: &'static str,
    said: &'static str,
    begin: fn(&Path),
    end: fn(&Path),
}

const TROUBLES: [Trouble; 4] = [
    Trouble {
        name: "no room",
        said: "the disk of the store is full",
        begin: |folder| {
            let filler = vec![0; 2 << 20];
            // As much as there is room for.
            let _ = fs::write(folder.join("filler"), filler);
        },
        end: |folder| fs::remove_file(folder.join("filler")).expect("remove it"),
    },
    Trouble {
        name: "read-only",
        said: "Read-only file system",
        begin: |folder| remount(folder, MsFlags::MS_RDONLY),
        end: |folder| remount(folder, MsFlags::empty()),
    },
    Trouble {
        name: "vanished",
        said: "there is no store at",
        begin: |folder| {
            let (there, away) = (folder.join("mailotp.db"), folder.join("away"));
            fs::rename(there, away).expect("rename it");
        },
        end: |folder| {
            let (there, away) = (folder.join("mailotp.db"), folder.join("away"));
            fs::rename(away, there).expect("rename it");
        },
    },
    Trouble {
        name: "closed",
        said: "store",
        begin: |folder| {
            let closed = fs::Permissions::from_mode(0o777);
            fs::set_permissions(folder, closed).expect("open it to all");
        },
        end: |folder| {
            let open = fs::Permissions::from_mode(0o700);
            fs::set_permissions(folder, open).expect("close it again");
        },
    },
];

#[test]
fn a_store_in_trouble_refuses_in_time_says_why_and_works_again_as_soon_as_it_is_over() {
    Sandbox::run(|sandbox| {
        let site = Site::of_root(CONFIGURATION);
        let sheet = site.sheet("alice");
        let mut codes = sheet.codes.iter();
        let folder = site.path("store");
        small_disk(&folder);
        for Trouble {
            name,
            said,
            begin,
            end,
        } in TROUBLES
        {
            let code = codes.next().expect("a code");
            begin(&folder);
            let start = Instant::now();
            let verdict = site.verdict("imap", "alice", HOME, code);
            assert_eq!(verdict, "PAM_AUTHINFO_UNAVAIL", "{name}");
            assert!(start.elapsed() < Duration::from_secs(5), "{name}");
            let line = sandbox.syslog().wait_for(&["result=unavailable", said]);
            assert!(!line.contains(code), "{line}");
            end(&folder);
            // From another place: no window of the refused one is open either.
            let verdict = site.verdict("imap", "alice", "203.0.113.1", code);
            assert_eq!(verdict, "PAM_SUCCESS", "after {name}");
        }
        let locked = Connection::open(folder.join("mailotp.db")).expect("open it");
        locked.execute_batch("BEGIN EXCLUSIVE").expect("lock it");
        let code = codes.next().expect("a code");
        let verdict = site.verdict("imap", "alice", HOME, code);
        assert_eq!(verdict, "PAM_AUTHINFO_UNAVAIL", "locked");
        let said = "did not answer in time";
        sandbox.syslog().wait_for(&["result=unavailable", said]);
        drop(locked);
        assert_eq!(site.verdict("imap", "alice", HOME, code), "PAM_SUCCESS");
    });
}

/// A login in a process that the shell keeps short of something.
fn short_of(site: &Site, limit: &str, code: &str) -> String {
    let mut host = site.host_after(limit);
    let login = Request::new("imap", "alice").from(HOME).answer(code);
    host.ask(&site.here(login));
    let reply = host.finish().pop().expect("it lives");
    reply.verdict().to_owned()
}

/// Dovecot gives its auth workers 256 MiB of addresses (`vsz_limit`).
#[test]
fn as_much_memory_as_dovecot_gives_is_enough_and_less_is_a_refusal_that_says_so() {
    Sandbox::run(|sandbox| {
        let site = Site::of_root(CONFIGURATION);
        let sheet = site.sheet("alice");
        let enough = short_of(&site, "ulimit -v 262144", &sheet.codes[0]);
        assert_eq!(enough, "PAM_SUCCESS");
        // The host itself, and not the 19 MiB of a hash beside it.
        let little = short_of(&site, "ulimit -v 24576", &sheet.codes[1]);
        assert_eq!(little, "PAM_AUTHINFO_UNAVAIL");
        sandbox.syslog().wait_for(&["result=unavailable", "memory"]);
        let again = site.verdict("imap", "alice", "203.0.113.1", &sheet.codes[1]);
        assert_eq!(again, "PAM_SUCCESS");
    });
}

/// What a disk can say to a write is said to the administrator as well. A quota is one of that: the kernel has to have been
/// built with one, so that here it is the tracer who says it.
#[test]
fn the_log_says_in_the_words_of_the_system_why_a_store_could_not_be_written_or_opened() {
    Sandbox::run(|sandbox| {
        let site = Site::of_root(CONFIGURATION);
        let sheet = site.sheet("alice");
        for (code, call, error) in [
            (0, libc::SYS_pwrite64, libc::EDQUOT),
            (1, libc::SYS_pwrite64, libc::EIO),
            (2, libc::SYS_fdatasync, libc::EIO),
        ] {
            let code = &sheet.codes[code];
            let login = Request::new("imap", "alice").from(HOME).answer(code);
            let reply = site.host().traced(&site.here(login), |made| {
                let is_it = made.enters && made.number == call;
                if is_it {
                    Fate::Fails(error)
                } else {
                    Fate::Lives
                }
            });
            assert_eq!(reply.expect("it lives").verdict(), "PAM_AUTHINFO_UNAVAIL");
            let words = Errno::from_raw(error).desc();
            sandbox.syslog().wait_for(&["result=unavailable", words]);
        }
    });
}

#[test]
fn a_process_with_hardly_a_descriptor_left_refuses_says_so_and_harms_nothing() {
    Sandbox::run(hardly_a_descriptor);
}

fn hardly_a_descriptor(sandbox: &Sandbox) {
    let site = Site::of_root(CONFIGURATION);
    let sheet = site.sheet("alice");
    let mut verdicts = Vec::new();
    // The host itself keeps some below 13.
    for (taken, code) in (0..7).zip(&sheet.codes) {
        let open = |number| format!("exec {number}</dev/null; ");
        let taken: String = (3..3 + taken).map(open).collect();
        let verdict = short_of(&site, &format!("ulimit -n 13; {taken}true"), code);
        assert_ne!(verdict, "PAM_IGNORE", "{taken}");
        if verdict == "PAM_AUTHINFO_UNAVAIL" {
            let why = Errno::EMFILE.desc();
            sandbox.syslog().wait_for(&["result=unavailable", why]);
        }
        let again = site.verdict("imap", "alice", "203.0.113.1", code);
        let right = match verdict.as_str() {
            "PAM_SUCCESS" => "PAM_AUTH_ERR",
            _ => "PAM_SUCCESS",
        };
        assert_eq!(again, right, "{verdict} with {taken}");
        verdicts.push(verdict);
    }
    let succeeded = |verdict: &String| verdict == "PAM_SUCCESS";
    assert!(verdicts.iter().any(succeeded), "{verdicts:?}");
    assert!(!verdicts.iter().all(succeeded), "{verdicts:?}");
}
