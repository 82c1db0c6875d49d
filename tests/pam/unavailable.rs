//! A store that answers too late, or cannot keep what it is told.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use harness::host::Request;
use harness::site::Site;

use crate::{ELSEWHERE, HOME};

/// Somebody who holds the store's write lock until the value is dropped.
struct Hog(Child);

impl Hog {
    fn new(site: &Site) -> Self {
        let child = Command::new("sqlite3")
            .arg(site.path("store/mailotp.db"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let mut child = child.expect("sqlite3 is needed here: apt-get install sqlite3");
        let stdin = child.stdin.as_mut().expect("it was asked for");
        writeln!(stdin, "BEGIN IMMEDIATE; SELECT 'locked';").expect("sqlite3 reads");
        let mut answer = String::new();
        let stdout = child.stdout.as_mut().expect("it was asked for");
        BufReader::new(stdout)
            .read_line(&mut answer)
            .expect("sqlite3 answers");
        assert_eq!(answer.trim(), "locked");
        Self(child)
    }
}

impl Drop for Hog {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub fn toml(timeout: &str) -> String {
    format!(
        "[store]\nurl = \"sqlite:store/mailotp.db\"\nkey = \"mailotp.key\"\ntimeout = \"{timeout}\"\n"
    )
}

/// CVE-2025-53013 Himmelblau: the back end was away, and any PIN did.
#[test]
fn cve_2025_53013_a_store_that_is_too_slow_refuses_in_time_and_loses_nothing() {
    let site = Site::new(&toml("1s"));
    let sheet = site.sheet("alice");
    let hog = Hog::new(&site);
    let asked = Instant::now();
    let verdict = site.verdict("imap", "alice", HOME, &sheet.codes[0]);
    assert_eq!(verdict, "PAM_AUTHINFO_UNAVAIL");
    assert!(
        asked.elapsed() < Duration::from_secs(5),
        "{:?}",
        asked.elapsed()
    );
    drop(hog);
    assert_eq!(
        site.verdict("imap", "alice", ELSEWHERE, &sheet.codes[0]),
        "PAM_SUCCESS"
    );
}

#[test]
fn a_store_that_is_busy_for_a_while_is_waited_for() {
    let site = Site::new(&toml("30s"));
    let sheet = site.sheet("alice");
    let hog = Hog::new(&site);
    let mut host = site.host();
    host.ask(
        &site.here(
            Request::new("imap", "alice")
                .from(HOME)
                .answer(&sheet.codes[0]),
        ),
    );
    std::thread::sleep(Duration::from_millis(700));
    drop(hog);
    assert_eq!(host.finish()[0].verdict(), "PAM_SUCCESS");
}

/// google-authenticator-libpam #13: a full disk emptied the secrets file.
#[test]
fn google_authenticator_13_a_full_disk_refuses_logins_and_loses_nothing() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    // A limit of the process stands for the full disk: every write beyond it fails, and whoever has not said that he knows
    // of it is sent a signal that ends him.
    for limit in [
        "ulimit -f 0",
        "ulimit -f 8",
        "trap '' XFSZ; ulimit -f 0",
        "trap '' XFSZ; ulimit -f 8",
    ] {
        let mut host = site.host_after(limit);
        let login = Request::new("imap", "alice").from(HOME);
        host.ask(&site.here(login.clone().answer("wrzng-00001")));
        host.ask(&site.here(login.answer(&sheet.codes[0])));
        for reply in host.finish() {
            assert_eq!(reply.verdict(), "PAM_AUTHINFO_UNAVAIL", "{limit}");
        }
    }
    assert_eq!(
        site.verdict("imap", "alice", ELSEWHERE, &sheet.codes[0]),
        "PAM_SUCCESS"
    );
    assert_eq!(
        site.verdict("imap", "alice", HOME, &sheet.codes[1]),
        "PAM_SUCCESS"
    );
}
