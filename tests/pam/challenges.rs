//! The question where `[otp] challenge` names sequences: the same for everybody, as far as anybody can see.

use std::collections::BTreeSet;

use harness::host::Style;
use harness::site::Site;

use crate::HOME;

const SEQUENCE: &str = "[otp]\nchallenge = [\"sequence\"]\n";
const BOTH_PARTS: &str = "[otp]\nchallenge = [\"sheet\", \"sequence\"]\n";

/// The question of a login that fails, which must be one line that cannot be taken for protocol.
fn prompt(site: &Site, user: &str) -> String {
    let reply = site.login("imap", user, HOME, "?");
    let prompt = reply.prompt();
    assert_eq!(reply.prompts[0].style, Style::Hidden);
    assert!(prompt.len() <= 200 && prompt.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
    prompt
}

/// The integer and the seed of the RFC 2289 challenge at the end of a question. A blank ends it, as calculators
/// want it (RFC 2289, section 6).
fn challenge(prompt: &str) -> (u32, String) {
    let (_, rest) = prompt.split_once("otp-sha1 ").expect("a challenge");
    let rest = rest.strip_suffix(" : ").expect("a blank behind it");
    let (count, seed) = rest.split_once(' ').expect("an integer and a seed");
    (count.parse().expect("an integer"), seed.to_owned())
}

#[test]
fn it_names_the_challenge_that_is_due_verbatim() {
    let site = Site::new(SEQUENCE);
    let sequence = site.sequence("alice");
    for count in [99, 98] {
        let due = format!("Code {} : ", sequence.challenge(count));
        assert_eq!(prompt(&site, "alice"), due);
        let hex = site.response(&sequence, count).hex;
        let reply = site.login("imap", "alice", HOME, hex);
        assert_eq!((reply.verdict(), reply.prompt()), ("PAM_SUCCESS", due));
    }
}

#[test]
fn it_names_sheet_and_sequence_where_both_are_asked_for() {
    let site = Site::new(BOTH_PARTS);
    let sequence = site.sequence("alice");
    let sheet = site.sheet_with("alice", &["--count", "2"]);
    let due = format!("Code {} 1 or {} : ", sheet.name, sequence.challenge(99));
    assert_eq!(prompt(&site, "alice"), due);
    let said = site.json("alice", &["challenge"]);
    assert_eq!(said["prompt"], due);
    assert_eq!(said["sequence"], sequence.challenge(99));
    assert_eq!(said["sheets"][0]["name"], sheet.name.as_str());
}

#[test]
fn it_is_the_same_before_and_after_a_wrong_answer() {
    for toml in [SEQUENCE, BOTH_PARTS] {
        let site = Site::new(toml);
        let sequence = site.sequence("alice");
        let skipped = site.response(&sequence, 98).hex;
        for user in ["alice", "nobody-knows-me"] {
            let before = prompt(&site, user);
            for wrong in [&skipped, "0123 4567 89ab cdef", "NO SUCH SIX WORDS AT ALL"] {
                assert_eq!(site.login("imap", user, HOME, wrong).prompt(), before);
            }
            assert_eq!(prompt(&site, user), before);
        }
    }
}

/// CVE-2007-2768 OPIE, S/KEY: the challenge told which accounts exist.
#[test]
fn cve_2007_2768_it_is_made_up_for_who_has_no_sequence_or_has_used_it_up() {
    let site = Site::new(SEQUENCE);
    let real = site.sequence("alice");
    site.app_password("bob", &[]);
    let used_up = site.sequence_with("carol", &["--count", "2"]);
    let hex = site.response(&used_up, 1).hex;
    assert_eq!(site.verdict("imap", "carol", HOME, hex), "PAM_SUCCESS");
    let gone = site.sequence("dave");
    site.json("dave", &["revoke", &gone.id]);
    let mut seeds = BTreeSet::new();
    for user in ["alice", "bob", "carol", "dave", "erin", "frank"] {
        let (count, seed) = challenge(&prompt(&site, user));
        assert!((50..500).contains(&count), "{user}: {count}");
        let form: Vec<bool> = seed.bytes().map(|byte| byte.is_ascii_digit()).collect();
        assert_eq!(form, [false, false, true, true, true, true], "{seed}");
        assert_eq!(prompt(&site, user), prompt(&site, &user.to_uppercase()));
        assert!(![&used_up.seed, &gone.seed].contains(&&seed), "{user}");
        seeds.insert(seed);
    }
    assert_eq!(seeds.len(), 6, "made-up seeds differ");
    assert!(seeds.contains(&real.seed));
}

#[test]
fn each_part_that_an_account_lacks_is_made_up_for_itself() {
    let site = Site::new(BOTH_PARTS);
    let sheet = site.sheet_with("alice", &["--count", "1"]);
    let sequence = site.sequence("bob");
    let parts = |user| {
        let prompt = prompt(&site, user);
        let parts = prompt
            .strip_prefix("Code ")
            .and_then(|rest| rest.split_once(" or "));
        let (sheet, _) = parts.unwrap_or_else(|| panic!("two parts: {prompt}"));
        (sheet.to_owned(), challenge(&prompt))
    };
    assert_eq!(parts("alice").0, format!("{} 1", sheet.name));
    assert_eq!(parts("bob").1, (99, sequence.seed.clone()));
    let nobody = parts("nobody-knows-me");
    assert_eq!(nobody, parts("nobody-knows-me"));
    assert_ne!(nobody, parts("somebody-else"));
    let verdict = site.verdict("imap", "alice", HOME, &sheet.codes[0]);
    assert_eq!(verdict, "PAM_SUCCESS");
    assert_eq!(parts("alice"), parts("alice"), "its sheet is used up");
}

/// A calculator that is fed with what the prompt shows must find the challenge.
#[test]
fn a_calculator_reads_it_as_it_is_shown() {
    let site = Site::new(SEQUENCE);
    let sequence = site.sequence("alice");
    let shown = prompt(&site, "alice");
    let pasted = shown.strip_prefix("Code ").expect("a code is asked for");
    let computed = site.compute(pasted, harness::sequence::PASS_PHRASE);
    assert_eq!(computed.hex, site.response(&sequence, 99).hex);
    let verdict = site.verdict("imap", "alice", HOME, computed.words);
    assert_eq!(verdict, "PAM_SUCCESS");
}

#[test]
fn it_says_what_the_rule_takes() {
    for (accept, before) in [
        ("\"otp\"", "Code "),
        ("\"password\", \"otp\"", "Password or code "),
        ("\"password+otp\"", "Password and code "),
    ] {
        let site = Site::new(&format!("{SEQUENCE}[[rule]]\naccept = [{accept}]\n"));
        let sequence = site.sequence("alice");
        let due = format!("{before}{} : ", sequence.challenge(99));
        assert_eq!(prompt(&site, "alice"), due);
        assert!(prompt(&site, "bob").starts_with(&format!("{before}otp-sha1 ")));
    }
}

#[test]
fn a_pin_changes_nothing_in_it() {
    let site = Site::new(SEQUENCE);
    site.sequence("alice");
    let before = ["alice", "bob"].map(|user| prompt(&site, user));
    site.set_pin("alice", "4711");
    assert_eq!(["alice", "bob"].map(|user| prompt(&site, user)), before);
}
