//! `pin`

use harness::site::Site;
use serde_json::{Value, json};

use crate::HOME;

fn pin_of(site: &Site, user: &str) -> Value {
    site.json(user, &["show"])["pin"].clone()
}

#[test]
fn the_json_says_whose_it_is_and_show_says_whose_counts() {
    let site = Site::new("");
    site.app_password("alice", &[]);
    assert_eq!(pin_of(&site, "alice"), Value::Null);
    let set_site = ["--json", "pin", "set", "--site"];
    let said = site.cli_reading("site-1\n", set_site).json();
    assert_eq!(said, json!({"site": true, "set": true}));
    assert_eq!(pin_of(&site, "alice"), "site");
    let set = ["--json", "--user", "alice", "pin", "set"];
    let said = site.cli_reading("4711\n", set).json();
    assert_eq!(said, json!({"site": false, "set": true}));
    assert_eq!(pin_of(&site, "alice"), "own");
    let said = site.json("alice", &["pin", "clear"]);
    assert_eq!(said, json!({"site": false, "set": false}));
    assert_eq!(pin_of(&site, "alice"), "site");
    for _ in 0..2 {
        let said = site.cli(["--json", "pin", "clear", "--site"]).json();
        assert_eq!(said, json!({"site": true, "set": false}));
    }
    assert_eq!(pin_of(&site, "alice"), Value::Null);
}

#[test]
fn people_are_told_where_it_belongs() {
    let site = Site::new("");
    site.app_password("alice", &[]);
    let said = site
        .cli_reading("4711\n", ["--user", "alice", "pin", "set"])
        .done()
        .stdout;
    assert!(said.contains("before every code"), "{said}");
    let shown = site.cli(["--user", "alice", "show"]).done().stdout;
    assert!(shown.contains("PIN") && !shown.contains("4711"), "{shown}");
}

#[test]
fn one_that_could_not_be_typed_is_refused_and_the_old_one_stays() {
    let site = Site::new("");
    let sheet = site.sheet_with("alice", &["--count", "1"]);
    site.set_pin("alice", "4711");
    let long = "1".repeat(33);
    for bad in [
        "",
        "123",
        &long,
        " 4711",
        "4711 ",
        "-4711",
        "47\t11",
        "4\u{1b}711",
    ] {
        for words in [
            &["--json", "--user", "alice", "pin", "set"][..],
            &["--json", "pin", "set", "--site"],
        ] {
            let failure = site
                .cli_reading(&format!("{bad}\n"), words.iter().copied())
                .error(2);
            assert!(
                bad.trim().is_empty() || !failure.message.contains(bad),
                "{failure:?}"
            );
        }
    }
    assert_eq!(pin_of(&site, "alice"), "own");
    let typed = format!("4711{}", sheet.codes[0]);
    assert_eq!(site.verdict("imap", "alice", HOME, typed), "PAM_SUCCESS");
}

#[test]
fn it_comes_in_by_no_argument_and_only_for_an_account_that_is_there() {
    let site = Site::new("");
    site.app_password("alice", &[]);
    for (words, code) in [
        (&["--user", "alice", "pin", "set", "4711"][..], 2),
        (&["--user", "alice", "pin", "set", "--pin", "4711"], 2),
        (&["--user", "alice", "pin", "set", "--site"], 2),
        (&["--user", "alice", "pin", "clear", "--site"], 2),
        (&["pin", "set"], 2),
        (&["pin", "clear"], 2),
        (&["pin"], 2),
        (&["--user", "bob", "pin", "set"], 4),
        (&["--user", "bob", "--new", "pin", "set"], 2),
        (&["--user", "bob", "pin", "clear"], 4),
    ] {
        let words = ["--json"].iter().chain(words).copied();
        site.cli_reading("4711\n", words).error(code);
    }
    assert_eq!(pin_of(&site, "alice"), Value::Null);
}

#[test]
fn the_log_tells_that_it_was_set_and_nothing_tells_which_it_is() {
    let site = Site::new("");
    site.app_password("alice", &[]);
    site.set_pin("alice", "sesame-open-77");
    site.set_site_pin("sesame-open-78");
    site.json("alice", &["pin", "clear"]);
    let events = site.events();
    let told: Vec<(&Value, &Value)> = events
        .iter()
        .filter(|event| {
            event["reason"]
                .as_str()
                .is_some_and(|why| why.starts_with("pin"))
        })
        .map(|event| (&event["reason"], &event["account"]))
        .collect();
    let alice = json!("alice");
    let expected = [
        (&json!("pin-set"), &alice),
        (&json!("pin-set"), &Value::Null),
        (&json!("pin-cleared"), &alice),
    ];
    assert_eq!(told, expected);
    let mut haystack = site.cli(["--json", "log"]).done().stdout.into_bytes();
    for entry in std::fs::read_dir(site.path("store")).expect("the store's folder") {
        haystack.extend(std::fs::read(entry.expect("an entry").path()).expect("a file"));
    }
    let found = haystack.windows(6).any(|window| window == b"sesame");
    assert!(!found);
}

/// Somebody at a terminal of its own, who waits for each question before the answer is typed: both
/// answers, then the command.
const AT_A_TERMINAL: &str = r#"
import os, pty, sys
answers, command = sys.argv[1:3], sys.argv[3:]
child, terminal = pty.fork()
if child == 0:
    os.execv(command[0], command)
seen = b""
for question, answer in zip((b"New PIN: ", b"Once more: "), answers):
    while question not in seen:
        seen += os.read(terminal, 1024)
    os.write(terminal, answer.encode() + b"\n")
try:
    while part := os.read(terminal, 1024):
        seen += part
except OSError:
    pass  # So Linux says that nobody is there any more.
sys.stdout.write(seen.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"#;

#[test]
fn at_a_terminal_it_is_typed_twice_unseen_and_must_be_the_same() {
    let site = Site::new("");
    site.app_password("alice", &[]);
    site.write("terminal.py", AT_A_TERMINAL);
    let typed = |first: &str, second: &str| {
        let play = format!("python3 terminal.py {first} {second}");
        site.shell(&format!("{play} \"$@\" --user alice pin set"))
    };
    let differ = typed("4711", "4712").exits(1);
    assert!(differ.stdout.contains("not the same"), "{differ:?}");
    assert_eq!(pin_of(&site, "alice"), Value::Null);
    let same = typed("4711", "4711").done();
    assert!(!same.stdout.contains("4711"), "{same:?}");
    assert_eq!(pin_of(&site, "alice"), "own");
}
