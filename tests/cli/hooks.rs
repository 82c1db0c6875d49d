//! Hooks: programs of the administrator that are told what happened.

use std::fs;
use std::os::unix::fs::chown;
use std::thread::sleep;
use std::time::{Duration, Instant};

use harness::site::Site;
use serde_json::Value;

use crate::HOME;

/// Writes down its arguments, its environment and what it reads.
const RECORDER: &str = "#!/bin/sh\n{ printf '%s|%s|' \"$#\" \"$*\"; cat; } >>FOLDER/scratch/heard\nenv >>FOLDER/scratch/env\n";

fn hook(site: &Site, name: &str, script: &str) {
    let folder = site.path("hooks.d");
    if !folder.exists() {
        fs::create_dir(&folder).expect("the folder is ours");
        site.chmod("hooks.d", 0o755);
    }
    let name = format!("hooks.d/{name}");
    site.write(
        &name,
        script.replace("FOLDER", &site.folder().display().to_string()),
    );
    site.chmod(&name, 0o755);
}

/// A site with the recorder as its hook.
fn recorded(toml: &str) -> Site {
    let site = Site::new(toml);
    hook(&site, "recorder", RECORDER);
    site
}

/// What the recorder has heard: the argument and the JSON of each.
#[track_caller]
fn heard(site: &Site) -> Vec<(String, Value)> {
    let text = fs::read_to_string(site.path("scratch/heard")).unwrap_or_default();
    text.lines()
        .map(|line| {
            let mut parts = line.splitn(3, '|');
            assert_eq!(parts.next(), Some("1"), "one argument: {line}");
            let happened = parts.next().expect("an argument").to_owned();
            let about: Value = serde_json::from_str(parts.next().expect("JSON")).expect("JSON");
            assert_eq!(about["event"], happened.as_str());
            (happened, about)
        })
        .collect()
}

fn names(heard: &[(String, Value)]) -> Vec<&str> {
    heard
        .iter()
        .map(|(happened, _)| happened.as_str())
        .collect()
}

#[test]
fn what_becomes_live_and_what_is_taken_away_is_told() {
    let site = recorded("");
    let made = site.add("alice", &["app-password", "phone"]);
    site.cli(["--user", "alice", "revoke", "phone"]).done();
    let told = heard(&site);
    assert_eq!(names(&told), ["added", "revoked"]);
    for (_, about) in &told {
        assert_eq!(about["account"], "alice");
        assert_eq!(about["kind"], "app-password");
        assert_eq!(about["credential"], made["id"]);
        assert_eq!(about["label"], "phone");
        assert_eq!(about.as_object().map(serde_json::Map::len), Some(5));
    }
    let all = fs::read_to_string(site.path("scratch/heard")).expect("it heard");
    assert!(!all.contains(made["secret"].as_str().expect("a secret")));
}

#[test]
fn a_seed_is_told_once_it_is_live_and_in_enrolled_alone() {
    let site = recorded("");
    let totp = site.totp_with("alice", &["phone"]);
    assert!(heard(&site).is_empty(), "nobody has confirmed it");
    let confirm = ["--user", "alice", "confirm", "phone"];
    site.cli_reading("000000\n", confirm);
    assert!(heard(&site).is_empty(), "a wrong code");
    site.cli_reading(&totp.code(0), confirm).done();
    site.add("alice", &["hotp", "token", "--no-confirm"]);
    let told = heard(&site);
    assert_eq!(names(&told), ["added", "enrolled", "added", "enrolled"]);
    assert_eq!(
        told[1].1["secret"],
        totp.parameter("secret").expect("a seed")
    );
    assert_eq!(told[1].1["kind"], "totp");
    assert!(told[0].1["secret"].is_null() && told[2].1["secret"].is_null());
    assert!(
        told[3].1["secret"]
            .as_str()
            .is_some_and(|seed| seed.len() >= 16)
    );
    let environment = fs::read_to_string(site.path("scratch/env")).expect("it ran");
    assert!(!environment.contains(totp.parameter("secret").expect("a seed")));
    let names: Vec<&str> = environment
        .lines()
        .filter_map(|line| line.split('=').next())
        .collect();
    assert!(
        names
            .iter()
            .all(|name| ["PATH", "PWD", "SHLVL", "_", "OLDPWD"].contains(name)),
        "{names:?}"
    );
}

/// CVE-2019-19521 OpenBSD: a user name was an option.
#[test]
fn cve_2019_19521_a_name_never_becomes_an_argument() {
    let site = recorded("");
    for name in [
        "-x",
        "a;b",
        "$(touch$IFS/tmp/x)",
        "\"quoted\"",
        "-schallenge",
    ] {
        let user = format!("--user={name}");
        let made = site.cli([
            "--json",
            &user,
            "--new",
            "add",
            "app-password",
            "it's; \"x\" $y",
        ]);
        if made.code == 0 {
            let (happened, about) = heard(&site).pop().expect("it was told");
            assert_eq!(
                (happened.as_str(), &about["account"]),
                ("added", &name.into())
            );
            assert_eq!(about["label"], "it's; \"x\" $y");
        }
    }
    assert!(heard(&site).len() >= 4, "most of these can be names");
}

#[test]
fn hooks_run_in_the_order_of_their_names_and_only_those_that_nobody_else_could_write() {
    let site = Site::new("");
    let say = |name: &str| format!("#!/bin/sh\necho {name} >>FOLDER/scratch/order\n");
    for name in [
        "20-b",
        "10-a",
        "mail_me",
        "not.this",
        "backup~",
        "x.dpkg-new",
        "foreign",
        "group",
        "world",
        "plain",
        "folder",
        "gone",
    ] {
        hook(&site, name, &say(name));
    }
    if nix_is_root() {
        chown(site.path("hooks.d/foreign"), Some(1), None).expect("root may");
    } else {
        fs::remove_file(site.path("hooks.d/foreign")).expect("it is ours");
    }
    site.chmod("hooks.d/group", 0o775);
    site.chmod("hooks.d/world", 0o757);
    site.chmod("hooks.d/plain", 0o644);
    for name in ["folder", "gone"] {
        fs::remove_file(site.path(&format!("hooks.d/{name}"))).expect("it is ours");
    }
    fs::create_dir(site.path("hooks.d/folder")).expect("the folder is ours");
    std::os::unix::fs::symlink("nowhere", site.path("hooks.d/gone")).expect("a link");
    site.app_password("alice", &[]);
    let order = || fs::read_to_string(site.path("scratch/order")).unwrap_or_default();
    assert_eq!(order(), "10-a\n20-b\nmail_me\n");
    site.chmod("hooks.d", 0o777);
    site.app_password("alice", &[]);
    assert_eq!(
        order().lines().count(),
        3,
        "anybody could have put them there"
    );
}

fn nix_is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0)
}

#[test]
fn a_hook_that_fails_is_said_and_changes_nothing() {
    let site = Site::new("");
    hook(
        &site,
        "bad",
        "#!/bin/sh\necho noise; echo noise >&2; exit 3\n",
    );
    hook(&site, "broken", "#!/no/such/interpreter\n");
    hook(&site, "good", RECORDER);
    let made = site.cli(["--json", "--user", "alice", "--new", "add", "app-password"]);
    assert!(
        made.stderr.contains("bad") && made.stderr.contains("broken"),
        "{made:?}"
    );
    assert!(
        !made.stderr.contains("noise") && !made.stderr.contains("good"),
        "{made:?}"
    );
    let secret = made.json()["secret"].as_str().expect("a secret").to_owned();
    assert_eq!(heard(&site).len(), 1);
    assert_eq!(site.verdict("imap", "alice", HOME, &secret), "PAM_SUCCESS");
}

#[test]
fn a_hook_that_hangs_is_ended_with_all_that_it_has_started() {
    let site = Site::new("");
    hook(
        &site,
        "hangs",
        "#!/bin/sh\nsleep 611 &\necho $! >FOLDER/scratch/pid\nwait\n",
    );
    let begin = Instant::now();
    let words = ["--user", "alice", "--new", "add", "app-password"];
    let made = site.cli(words).done();
    let took = begin.elapsed();
    assert!(
        took > Duration::from_secs(9) && took < Duration::from_secs(25),
        "{took:?}"
    );
    assert!(made.stderr.contains("10 seconds"), "{made:?}");
    let pid = fs::read_to_string(site.path("scratch/pid")).expect("it ran");
    // The kernel ends what was killed when it comes to it.
    let list = format!("/proc/{}/cmdline", pid.trim());
    let runs = || {
        fs::read_to_string(&list)
            .unwrap_or_default()
            .contains("611")
    };
    while runs() {
        assert!(
            begin.elapsed() < Duration::from_secs(40),
            "its child still runs"
        );
        sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_hook_that_reads_nothing_keeps_nobody_waiting() {
    let site = Site::new("");
    hook(&site, "deaf", "#!/bin/sh\nexec <&-\nsleep 0.2\n");
    hook(&site, "gone", "#!/bin/sh\nexit 0\n");
    let begin = Instant::now();
    let words = ["--user", "alice", "--new", "add", "totp", "--no-confirm"];
    let made = site.cli(words).done();
    assert!(begin.elapsed() < Duration::from_secs(8));
    assert_eq!(made.stderr, "");
}

#[test]
fn hooks_are_found_beside_a_configuration_that_is_named_by_a_relative_path() {
    let site = recorded("");
    let script = "\"$1\" --config mailotp.toml --user alice --new add app-password";
    site.shell(script).done();
    assert_eq!(names(&heard(&site)), ["added"]);
}

#[test]
fn the_module_starts_no_hook() {
    let site = recorded("");
    let sheet = site.sheet("alice");
    let before = heard(&site).len();
    assert_eq!(
        site.verdict("imap", "alice", HOME, &sheet.codes[0]),
        "PAM_SUCCESS"
    );
    assert_eq!(
        site.verdict("imap", "alice", "198.51.100.9", &sheet.codes[0]),
        "PAM_AUTH_ERR"
    );
    assert_eq!(heard(&site).len(), before);
}

#[test]
fn a_ready_hook_mails_the_owner() {
    let site = Site::new("");
    fs::create_dir(site.path("bin")).expect("the folder is ours");
    site.chmod("bin", 0o755);
    let fake = format!(
        "#!/bin/sh\n{{ echo \"$@\"; cat; echo ---; }} >>{}/scratch/mail\n",
        site.folder().display()
    );
    site.write("bin/sendmail", fake);
    site.chmod("bin/sendmail", 0o755);
    site.write(
        "bin/mail-owner",
        include_str!("../../packaging/hooks/mail-owner"),
    );
    site.chmod("bin/mail-owner", 0o755);
    hook(
        &site,
        "mail-owner",
        "#!/bin/sh\nPATH=FOLDER/bin:$PATH exec FOLDER/bin/mail-owner \"$@\"\n",
    );
    let mails = || {
        let text = fs::read_to_string(site.path("scratch/mail")).unwrap_or_default();
        let mails: Vec<String> = text.split_terminator("---\n").map(str::to_owned).collect();
        mails
    };
    let totp = site.totp_with(
        "alice@example.com",
        &["Bob's \"phone\", $x", "--no-confirm"],
    );
    let sent = mails();
    assert_eq!(sent.len(), 1, "one for added, none for enrolled: {sent:?}");
    let (head, body) = sent[0].split_once("\n\n").expect("a head and a body");
    let head: Vec<&str> = head.lines().collect();
    assert_eq!(
        head[..3],
        [
            "-t -i",
            "To: <alice@example.com>",
            "Subject: a new way to log in as you"
        ]
    );
    assert!(
        body.contains("Kind:    totp") && body.contains("Bob's \\\"phone\\\", $x"),
        "{body}"
    );
    assert!(!sent[0].contains(totp.parameter("secret").expect("a seed")));
    for name in ["a;b", "-x", "x(y)", "jürgen"] {
        let user = format!("--user={name}");
        site.cli([&user, "--new", "add", "app-password"]).done();
    }
    assert_eq!(mails().len(), 1, "what is plainly no address gets no mail");

    let sheet = site.sheet_with("carol", &["--count", "4", "sheet"]);
    for code in &sheet.codes[..2] {
        assert_eq!(site.verdict("imap", "carol", HOME, code), "PAM_SUCCESS");
    }
    assert_eq!(
        site.verdict("imap", "carol", "198.51.100.9", &sheet.codes[1]),
        "PAM_AUTH_ERR"
    );
    site.cli(["maintain"]).done();
    let sent = mails().split_off(2);
    assert_eq!(sent.len(), 2, "{sent:?}");
    assert!(
        sent[0].contains("Subject: your codes run out") && sent[0].contains("Left:    2"),
        "{}",
        sent[0]
    );
    assert!(
        sent[1].contains("tried again") && sent[1].contains("Address: 198.51.100.9"),
        "{}",
        sent[1]
    );
    assert!(
        sent[1].contains(&sheet.id) && sent[1].contains("To: <carol>"),
        "{}",
        sent[1]
    );
    site.cli(["--user", "carol", "revoke", &sheet.id]).done();
    assert!(mails()[4].contains("Subject: a way to log in as you is gone"));
}
