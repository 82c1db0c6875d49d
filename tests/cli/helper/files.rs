//! CVE-2024-47191 pam_oath: root followed a user's link. What a user names is opened by the user.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};

use super::{labels, served};

#[test]
fn cve_2024_47191_a_link_in_the_place_of_an_output_reaches_nothing() {
    let (site, _helper) = served("");
    let daemon = site.user("daemon");
    site.write("precious", "of root");
    for (name, target) in [("there", "precious"), ("not-there", "new")] {
        symlink(site.path(target), daemon.path(name)).expect("a link");
        let words = ["--json", "add", "sheet", "--count", "2", "--output", name];
        let failure = daemon.cli(&words).error(1);
        assert!(failure.message.contains(name), "{failure:?}");
    }
    assert_eq!(
        fs::read(site.path("precious")).expect("it is there"),
        b"of root"
    );
    assert_eq!(
        fs::metadata(site.path("precious"))
            .expect("it is there")
            .uid(),
        0
    );
    assert!(!site.path("new").exists());
    assert!(
        labels(&daemon).is_empty(),
        "what was not written is not live"
    );
}

#[test]
fn cve_2024_47191_what_only_root_may_write_or_read_stays_closed() {
    let (site, _helper) = served("");
    let daemon = site.user("daemon");
    fs::create_dir(site.path("roots")).expect("the folder is ours");
    let (inside, key) = (site.path("roots/sheet"), site.path("mailotp.key"));
    let (inside, key) = (inside.display().to_string(), key.display().to_string());
    let add = ["--json", "add"];
    for output in [&inside, &key, "/etc/shadow", "/dev/full/x"] {
        for kind in [&["sheet", "--count", "1"][..], &["app-password"], &["totp"]] {
            let words = [&add[..], kind, &["--output", output]].concat();
            daemon.cli(&words).error(1);
        }
    }
    assert!(!site.path("roots/sheet").exists());
    symlink("/etc/shadow", daemon.path("seed")).expect("a link");
    for seed in ["seed", "/etc/shadow", &key, "/proc/self/environ"] {
        let words = [&add[..], &["totp", "--no-confirm", "--secret-file", seed]].concat();
        let failure = daemon.cli(&words).error(1);
        assert!(failure.message.contains(seed), "{failure:?}");
        assert!(!failure.message.contains("root:"), "{failure:?}");
    }
    assert!(labels(&daemon).is_empty());
}

#[test]
fn a_file_that_is_too_large_is_an_error_and_no_end_of_the_helper() {
    let (site, _helper) = served("");
    let daemon = site.user("daemon");
    daemon.write("seed", &"A".repeat(1 << 20));
    for seed in ["seed", "/dev/zero"] {
        let words = [
            "--json",
            "add",
            "totp",
            "--no-confirm",
            "--secret-file",
            seed,
        ];
        let failure = daemon.cli(&words).error(1);
        assert!(failure.message.contains(seed), "{failure:?}");
    }
    daemon.cli(&["show"]).exits(4);
}

/// A user name is no word of a command line that anybody can read, and so no secret is either.
#[test]
fn while_the_helper_works_nobody_reads_a_secret_off_the_process_list() {
    let (site, helper) = served("");
    let daemon = site.user("daemon");
    let sheet = super::sheet(&daemon);
    let mut child = daemon.start(&["add", "sequence"]);
    let client = child.id();
    let lists = || -> String {
        let list = |pid: u32| {
            ["cmdline", "environ"].map(|file| {
                let bytes = fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
                String::from_utf8_lossy(&bytes).into_owned()
            })
        };
        let helper = u32::try_from(helper.pid().as_raw()).expect("a number");
        [list(helper), list(client)].concat().concat()
    };
    assert!(lists().contains("helper"));
    use std::io::Write as _;
    let pipe = child.stdin.as_mut().expect("it was asked for");
    writeln!(pipe, "{}", sheet.codes[0]).expect("it reads");
    std::thread::sleep(std::time::Duration::from_millis(300));
    let seen = lists();
    writeln!(
        child.stdin.as_mut().expect("it was asked for"),
        "my own pass phrase"
    )
    .expect("it reads");
    let done = harness::output::Output::from(child.wait_with_output().expect("a child")).done();
    assert!(done.stdout.contains("otp-sha1"), "{done:?}");
    assert!(
        !seen.contains(&sheet.codes[0]) && !seen.contains("pass phrase"),
        "{seen}"
    );
}
