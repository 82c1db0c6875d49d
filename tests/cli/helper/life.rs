//! The helper comes and goes, and may be killed wherever it stands.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use harness::helper::{Helper, SOCKET};
use harness::output::Output;
use harness::site::Site;

use super::{labels, served, sheet};
use crate::HOME;

#[test]
fn without_a_helper_a_user_is_told_how_to_start_it() {
    let (site, helper) = served("operators = [\"news\"]\n");
    site.app_password("mail", &[]);
    helper.kill();
    let daemon = site.user("daemon");
    for words in [
        &["show"][..],
        &["add", "sheet"],
        &["--user", "daemon", "log"],
    ] {
        let failure = daemon.cli(&[&["--json"], words].concat()).error(5);
        for part in ["systemctl", "mailotp-helper.socket", "mailotp-cli helper"] {
            assert!(failure.remedy.contains(part), "{failure:?}");
        }
        let said = daemon.cli(words).exits(5).stderr;
        assert!(said.contains("mailotp-helper.socket"), "{said}");
    }
    // What it would not do in any case has nothing to do with it.
    daemon.cli(&["--json", "--user", "mail", "show"]).error(3);
    daemon.cli(&["--json", "user", "list"]).error(3);
    let operator = ["--json", "--user", "mail", "show"];
    site.user("news").cli(&operator).error(5);
    let _helper = Helper::start(&site);
    daemon.cli(&["add", "app-password"]).done();
}

#[test]
fn it_starts_again_on_the_socket_that_a_killed_one_has_left() {
    let (site, helper) = served("");
    let daemon = site.user("daemon");
    daemon.cli(&["add", "app-password", "phone"]).done();
    helper.kill();
    assert!(site.path(SOCKET).exists());
    let helper = Helper::start(&site);
    assert_eq!(labels(&daemon), ["phone"]);
    assert_eq!(helper.end(), "");
    let _helper = Helper::start(&site);
    assert_eq!(labels(&daemon), ["phone"]);
}

#[test]
fn a_second_helper_leaves_the_first_ones_socket_alone() {
    let (site, _helper) = served("");
    let failure = site.cli(["--json", "helper"]).error(5);
    assert!(failure.message.contains(SOCKET), "{failure:?}");
    let daemon = site.user("daemon");
    daemon.cli(&["add", "app-password", "phone"]).done();
    let other = Helper::start_with(&site, &["--listen", "run/other.sock"]);
    assert_eq!(other.end(), "");
    assert_eq!(labels(&daemon), ["phone"]);
}

#[test]
fn it_takes_no_file_for_a_socket_that_was_left_and_follows_no_link() {
    let site = Site::of_root("[helper]\nsocket = \"run/helper.sock\"\n");
    site.cli(["init"]).done();
    std::fs::create_dir_all(site.path("run")).expect("the folder is ours");
    site.write("run/helper.sock", "precious");
    site.cli(["--json", "helper"]).error(5);
    let read = || std::fs::read_to_string(site.path("run/helper.sock"));
    assert_eq!(read().expect("it is there"), "precious");
    std::fs::rename(site.path(SOCKET), site.path("run/precious")).expect("it is ours");
    std::os::unix::fs::symlink("precious", site.path(SOCKET)).expect("a link");
    site.cli(["--json", "helper"]).error(5);
    assert_eq!(site.mode("run/precious"), 0o644);
}

#[test]
fn who_cannot_open_the_site_is_no_helper() {
    let (site, helper) = served("");
    helper.kill();
    let daemon = site.user("daemon");
    let words = ["--json", "helper", "--listen", "mine.sock"];
    daemon.cli(&words).error(5);
    site.chmod("mailotp.key", 0o644);
    let failure = site.cli(["--json", "helper"]).error(5);
    assert!(failure.remedy.contains("chmod"), "{failure:?}");
}

#[test]
fn a_socket_is_for_everybody_and_belongs_to_the_helpers_user() {
    let (site, _helper) = served("");
    assert_eq!(site.mode(SOCKET), 0o666);
    assert_eq!(site.mode("run"), 0o755);
}

/// The rest of a dialogue is never sent: what was made is not live, and what was there still is.
#[test]
fn a_helper_that_is_killed_while_it_works_leaves_nothing_half_made() {
    let (site, helper) = served("");
    let daemon = site.user("daemon");
    let codes = sheet(&daemon).codes;
    let mut helper = Some(helper);
    let add = ["--json", "add", "sheet", "second", "--count", "40"];
    // From before the code is asked for until after the sheet is written; the hashes take most of it.
    for milliseconds in [0, 10, 40, 80, 150, 250, 400, 700, 1000, 1500] {
        let mut child = daemon.start(&add);
        let mut pipe = child.stdin.take().expect("it was asked for");
        let _ = writeln!(pipe, "{}", codes[0]);
        drop(pipe);
        sleep(Duration::from_millis(milliseconds));
        helper.take().expect("it runs").kill();
        let output = Output::from(child.wait_with_output().expect("it is a child"));
        helper = Some(Helper::start(&site));
        let shown = daemon.json(&["show"]);
        let credentials = shown["credentials"].as_array().expect("a list").clone();
        let state = |label: &str| {
            let found = credentials.iter().find(|one| one["label"] == label);
            found.map(|one| one["state"].as_str().unwrap_or("live").to_owned())
        };
        assert_eq!(state("sheet").as_deref(), Some("live"));
        if output.code == 0 {
            assert_eq!(state("second").as_deref(), Some("live"), "{output:?}");
        } else {
            let failure = output.error(5);
            let next = ["show", "mailotp-helper.socket"];
            assert!(
                next.iter().any(|word| failure.remedy.contains(word)),
                "{failure:?}"
            );
            assert_ne!(
                state("second").as_deref(),
                Some("live"),
                "{milliseconds} ms"
            );
        }
        if state("second").is_some() {
            daemon.cli(&["revoke", "second"]).done();
        }
    }
    let login = site.verdict("imap", "daemon", HOME, &codes[1]);
    assert_eq!(login, "PAM_SUCCESS");
}

/// A client that goes away while a sheet is made has not got it, so it is not live.
#[test]
fn what_a_client_does_not_take_any_more_is_not_live() {
    let (site, _helper) = served("");
    let daemon = site.user("daemon");
    let mut child = daemon.start(&["add", "sheet", "--count", "20"]);
    sleep(Duration::from_millis(100));
    child.kill().expect("it is a child");
    child.wait().expect("it is a child");
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(20) {
        let output = daemon.cli(&["--json", "log"]);
        if output.code == 0 && output.stdout.contains("revoked") {
            break;
        }
        sleep(Duration::from_millis(100));
    }
    assert!(labels(&daemon).is_empty());
}

#[test]
fn who_follows_the_log_and_goes_away_leaves_no_trace() {
    let (site, helper) = served("");
    let daemon = site.user("daemon");
    daemon.cli(&["add", "app-password"]).done();
    let mut followers: Vec<_> = (0..8).map(|_| daemon.start(&["log", "--follow"])).collect();
    sleep(Duration::from_millis(500));
    daemon.cli(&["--json", "show"]).error(5);
    for child in &mut followers {
        child.kill().expect("it is a child");
        child.wait().expect("it is a child");
    }
    sleep(Duration::from_millis(1500));
    daemon.cli(&["show"]).done();
    let threads = format!("/proc/{}/task", helper.pid());
    let threads = std::fs::read_dir(threads).expect("it runs").count();
    // The listening one, the keeper, and the one that is about to end.
    assert!(threads <= 3, "{threads} threads");
}

#[test]
fn a_user_changes_no_more_than_the_log_can_hold() {
    let (site, _helper) = served("");
    let daemon = site.user("daemon");
    daemon.cli(&["add", "app-password", "a"]).done();
    let script = "i=0; while [ $i -lt 70 ]; do i=$((i+1)); \"$@\" grace end >/dev/null 2>&1 || break; done; echo $i";
    let mut command: Command = daemon.program("/bin/sh".as_ref());
    command
        .args(["-c", script, "sh"])
        .arg(site.product("mailotp-cli"))
        .args(site.config());
    let output = command
        .stdin(Stdio::null())
        .output()
        .expect("there is a shell");
    let count: u32 = String::from_utf8_lossy(&output.stdout)
        .trim()
        .parse()
        .expect("a number");
    assert!((50..=62).contains(&count), "{count}");
    daemon.cli(&["--json", "rename", "a", "b"]).error(1);
    daemon.cli(&["show"]).done();
    site.user("mail").cli(&["add", "app-password"]).done();
}
