//! `add sequence`

use harness::output::Output;
use harness::sequence::{PASS_PHRASE, Sequence};
use harness::site::Site;
use serde_json::{Value, json};

use crate::HOME;

/// `add sequence` for alice with these lines to read.
fn add(site: &Site, lines: &str, arguments: &[&str]) -> Output {
    let words = ["--json", "--user", "alice", "add", "sequence"];
    site.cli_reading(lines, words.iter().chain(arguments).copied())
}

/// How many credentials alice has.
fn count(site: &Site) -> usize {
    let shown = site.json("alice", &["show"]);
    shown["credentials"].as_array().expect("a list").len()
}

#[test]
fn the_json_says_what_was_made_and_what_is_due() {
    let site = Site::new("");
    let arguments = ["sequence", "purse", "--hash", "md5", "--seed", "KE1234"];
    let made = site.add_reading(&format!("{PASS_PHRASE}\n"), "alice", &arguments);
    let id = made["id"].clone();
    assert!(id.is_string());
    assert_eq!(
        made,
        json!({
            "id": id, "kind": "sequence", "label": "purse", "services": [], "from": [],
            "expires": null, "challenge": "otp-md5 499 ke1234",
        })
    );
    let shown = &site.json("alice", &["show"])["credentials"][0];
    assert_eq!((&shown["id"], &shown["left"]), (&id, &json!(499)));
    assert_eq!(
        (&shown["kind"], &shown["state"]),
        (&json!("sequence"), &json!("live"))
    );
    let due = site.json("alice", &["challenge"]);
    assert_eq!(due["sequence"], made["challenge"]);
    assert_eq!(due["sheets"], json!([]));
}

#[test]
fn people_read_the_challenge_and_how_to_answer_it() {
    let site = Site::new("");
    let words = ["--user", "alice", "--new", "add", "sequence"];
    let said = site
        .cli_reading(&format!("{PASS_PHRASE}\n"), words)
        .done()
        .stdout;
    let due = site.json("alice", &["challenge"])["sequence"].clone();
    let due = due.as_str().expect("a challenge");
    assert!(said.contains(due) && said.contains("compute"), "{said}");
    assert!(!said.contains(PASS_PHRASE), "{said}");
    let said = site.cli(["--user", "alice", "challenge"]).done().stdout;
    assert!(said.contains(due), "{said}");
}

#[test]
fn seeds_that_nobody_chose_differ() {
    let site = Site::new("");
    let seeds: std::collections::BTreeSet<String> =
        (0..4).map(|_| site.sequence("alice").seed).collect();
    assert_eq!(seeds.len(), 4);
}

#[test]
fn a_response_in_either_form_begins_one_without_the_pass_phrase() {
    let site = Site::new("");
    site.app_password("alice", &[]);
    for (seed, in_words) in [("ke1234", false), ("ke1235", true)] {
        let first = site.compute(&format!("otp-sha1 60 {seed}"), PASS_PHRASE);
        let line = if in_words {
            first.words.to_lowercase()
        } else {
            first.hex
        };
        let arguments = ["--from-response", "--count", "60", "--seed", seed];
        let sequence = Sequence::of(&add(&site, &format!("{line}\n"), &arguments).json());
        let next = site.response(&sequence, 59).hex;
        assert_eq!(site.verdict("imap", "alice", HOME, next), "PAM_SUCCESS");
    }
    let before = count(&site);
    let from_response = ["--from-response", "--seed", "ke1236"];
    for line in [
        "",
        "\n",
        "a pass phrase\n",
        "0123 4567 89ab cde\n",
        "A B C D E F\n",
    ] {
        let failure = add(&site, line, &from_response).error(1);
        assert!(failure.remedy.contains("six words"), "{failure:?}");
    }
    let failure = add(&site, "0123456789abcdef\n", &["--from-response"]).error(2);
    assert!(failure.remedy.contains("--seed"), "{failure:?}");
    assert_eq!(count(&site), before);
}

#[test]
fn what_rfc_2289_does_not_allow_is_wrong_usage() {
    let site = Site::new("");
    site.app_password("alice", &[]);
    let lines = format!("{PASS_PHRASE}\n");
    for wrong in [
        ["--count", "1"],
        ["--count", "0"],
        ["--count", "10000"],
        ["--count", "many"],
        ["--hash", "sha256"],
        ["--seed", ""],
        ["--seed", "ma_1234"],
        ["--seed", "m\u{e4}1234"],
        ["--seed", "a1234567890123456"],
    ] {
        add(&site, &lines, &wrong).error(2);
    }
    for bad in ["", "\n", "1234\n", &format!("{}\n", "x".repeat(64))] {
        let failure = add(&site, bad, &[]).error(2);
        let said = failure.message + &failure.remedy;
        assert!(said.contains("5 to 63"), "{said}");
    }
    for extreme in [["--count", "2"], ["--count", "9999"]] {
        let begins = &add(&site, &lines, &extreme).json()["challenge"];
        assert!(begins.is_string(), "{begins}");
    }
    assert_eq!(count(&site), 3);
}

#[test]
fn no_pass_phrase_and_no_response_comes_in_by_an_argument() {
    let site = Site::new("");
    site.app_password("alice", &[]);
    for arguments in [
        &["label", "a pass phrase"][..],
        &["--pass-phrase", "secret"],
        &[
            "--from-response",
            "0123456789abcdef",
            "--seed",
            "ke1234",
            "ke1234",
        ],
    ] {
        add(&site, &format!("{PASS_PHRASE}\n"), arguments).error(2);
    }
    assert_eq!(count(&site), 1);
}

/// RFC 2289, section 5.0: the same pass phrase with the same seed makes the same responses again.
#[test]
fn a_seed_is_used_once_by_an_account_also_after_its_sequence_is_gone() {
    let site = Site::new("");
    let seed = ["--seed", "ke1234", "--count", "9"];
    let first = site.sequence_with("alice", &seed);
    let lines = format!("{PASS_PHRASE}\n");
    for again in [
        &seed[..],
        &["--seed", "KE1234"],
        &["--seed", "ke1234", "--hash", "md5"],
    ] {
        let failure = add(&site, &lines, again).error(1);
        assert!(failure.remedy.contains("seed"), "{failure:?}");
    }
    site.json("alice", &["revoke", &first.id]);
    add(&site, &lines, &seed).error(1);
    assert_eq!(site.sequence_with("bob", &seed).seed, "ke1234");
}

#[test]
fn one_that_nobody_has_seen_is_not_live() {
    let site = Site::new("");
    site.app_password("alice", &[]);
    for json in ["", "--json"] {
        let add = format!("\"$@\" {json} --user alice add sequence > /dev/full");
        let refused = site.shell(&format!("echo {PASS_PHRASE} | {add}")).exits(1);
        assert!(!refused.stderr.contains("panicked"), "{refused:?}");
        assert_eq!(count(&site), 1);
        assert_eq!(site.json("alice", &["challenge"])["sequence"], Value::Null);
    }
}

#[test]
fn the_pass_phrase_lies_nowhere() {
    let site = Site::new("");
    let sequence = site.sequence("alice");
    let response = site.response(&sequence, 99);
    let verdict = site.verdict("imap", "alice", HOME, &response.words);
    assert_eq!(verdict, "PAM_SUCCESS");
    let mut haystack = site.cli(["--json", "log"]).done().stdout.into_bytes();
    for entry in std::fs::read_dir(site.path("store")).expect("the store's folder") {
        haystack.extend(std::fs::read(entry.expect("an entry").path()).expect("a file"));
    }
    let bare = response.hex.replace(' ', "");
    let bytes: Vec<u8> = (0..16)
        .step_by(2)
        .map(|at| u8::from_str_radix(&bare[at..at + 2], 16).expect("digits"))
        .collect();
    for needle in [
        PASS_PHRASE.as_bytes(),
        response.words.as_bytes(),
        bare.as_bytes(),
        &bytes,
    ] {
        let found = haystack
            .windows(needle.len())
            .any(|window| window == needle);
        assert!(!found, "{}", String::from_utf8_lossy(needle));
    }
}

#[test]
fn one_that_runs_out_says_so_and_how_to_go_on() {
    let site = Site::new("");
    let sequence = site.sequence_with("alice", &["--count", "4"]);
    for command in ["show", "challenge"] {
        let said = site.cli(["--user", "alice", command]).done().stdout;
        assert!(said.contains("3 left"), "{said}");
        assert!(said.contains(&format!("replace {}", sequence.id)), "{said}");
    }
}
