//! Errors and exit codes are those of root's shell.

use serde_json::Value;

use super::{served, sheet};
use crate::HOME;

#[test]
fn what_goes_wrong_has_the_same_code_words_and_exit_as_at_roots_shell() {
    let (site, _helper) = served("");
    let daemon = site.user("daemon");
    sheet(&daemon);
    let place = ["--service", "imap", "--from", HOME];
    let cases: &[(i32, &[&str])] = &[
        (1, &["confirm", "sheet"]),
        (1, &[&["verify"], &place[..]].concat()),
        (2, &["explain", "--service", "a b", "--from", HOME]),
        (2, &["log", "--since", "yesterdayish"]),
        (2, &["rename", "sheet", ""]),
        (4, &["revoke", "x"]),
        (4, &["confirm", "x"]),
        (4, &["rename", "x", "y"]),
        (4, &["grace", "end", "x"]),
    ];
    for (exit, words) in cases {
        let typed = "wrzng-00001\n";
        let theirs = daemon.reading(typed, words).exits(*exit);
        let with_user = ["--user", "daemon"].iter().chain(*words).copied();
        let ours = site.cli_reading(typed, with_user).exits(*exit);
        // Why a guess was wrong is told to root alone.
        if words[0] != "verify" {
            assert_eq!(theirs.stderr, ours.stderr, "{words:?}");
        }
        assert_eq!(theirs.stdout, ours.stdout, "{words:?}");
        if words[0] != "verify" {
            daemon
                .reading(typed, &[&["--json"], *words].concat())
                .error(*exit);
        }
    }
    for words in [&["frobnicate"][..], &["add", "fax"], &["show", "--colour"]] {
        daemon.cli(&[&["--json"], words].concat()).error(2);
        daemon.cli(words).exits(2);
    }
}

#[test]
fn a_store_that_cannot_be_used_is_said_to_users_as_well() {
    let (site, _helper) = served("");
    let daemon = site.user("daemon");
    sheet(&daemon);
    site.chmod("store/mailotp.db", 0o644);
    let failure = daemon.cli(&["--json", "show"]).error(5);
    assert!(failure.remedy.contains("chmod 0600"), "{failure:?}");
    site.chmod("store/mailotp.db", 0o600);
    site.configure("frobnicate = 1\n[helper]\nsocket = \"run/helper.sock\"\n");
    daemon.cli(&["--json", "show"]).error(5);
}

#[test]
fn verify_says_why_to_root_and_after_a_right_answer_only() {
    let (site, _helper) = served("");
    let daemon = site.user("daemon");
    let codes = sheet(&daemon).codes;
    let words = ["--json", "verify", "--service", "imap", "--from", HOME];
    let verify = |typed: &str| -> Value {
        let output = daemon.reading(&format!("{typed}\n"), &words);
        serde_json::from_str(&output.stdout).expect("JSON")
    };
    let right = verify(&codes[0]);
    assert_eq!(
        (&right["result"], &right["reason"]),
        (&"accepted".into(), &"code".into())
    );
    for typed in [&codes[1], "wrzng-00001", "123456", "?"] {
        let wrong = verify(typed);
        assert_eq!(wrong["result"], "refused", "{typed}");
        for part in ["reason", "kind", "credential"] {
            assert_eq!(wrong[part], Value::Null, "{typed}: {part}");
        }
    }
    let root = ["--user", "daemon"].iter().chain(&words).copied();
    let output = site.cli_reading("wrzng-00002\n", root).exits(1);
    let said: Value = serde_json::from_str(&output.stdout).expect("JSON");
    assert_eq!(said["reason"], "wrong");
    let login = site.verdict("imap", "daemon", HOME, &codes[0]);
    assert_eq!(login, "PAM_SUCCESS", "nothing was spent");
}
