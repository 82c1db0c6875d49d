//! RFC 2289 sequences (OTP, S/KEY, OPIE), answered with a calculator.

use harness::output::Output;
use harness::sequence::{PASS_PHRASE, Response, Sequence, wrong_responses};
use harness::site::Site;
use harness::tool::tool;

use crate::{BOTH, ELSEWHERE, HOME};

/// A response in hexadecimal digits, as somebody may type it.
fn spellings(hex: &str) -> Vec<String> {
    let bare = hex.replace(' ', "");
    let spaced: Vec<String> = bare.chars().map(String::from).collect();
    vec![
        hex.to_uppercase(),
        bare.clone(),
        spaced.join(" "),
        format!("  {}---{} ", &bare[..3], &bare[3..]),
        format!("{}{}", bare[..8].to_uppercase(), &bare[8..]),
    ]
}

/// Six words, as somebody may type them.
fn in_words(words: &str) -> Vec<String> {
    let mixed: Vec<String> = words
        .split(' ')
        .map(|word| word[..1].to_owned() + &word[1..].to_lowercase())
        .collect();
    vec![
        words.to_owned(),
        words.to_lowercase(),
        mixed.join("   "),
        format!("  {} ", mixed.join("-")),
    ]
}

fn everything_typed(response: &Response) -> Vec<String> {
    let mut typed = spellings(&response.hex);
    typed.extend(in_words(&response.words));
    typed
}

#[test]
fn the_response_that_is_due_is_accepted_and_the_next_is_one_less() {
    let site = Site::new("");
    let sequence = site.sequence("alice");
    assert_eq!(
        (sequence.first, site.left("alice", &sequence.id)),
        (99, Some(99))
    );
    for count in [99, 98, 97] {
        let due = &site.json("alice", &["challenge"])["sequence"];
        assert_eq!(*due, sequence.challenge(count));
        let response = site.response(&sequence, count);
        for from in [HOME, HOME] {
            let verdict = site.verdict("imap", "alice", from, &response.hex);
            assert_eq!(verdict, "PAM_SUCCESS", "{count}, and in its window");
        }
    }
    assert_eq!(site.left("alice", &sequence.id), Some(96));
}

#[test]
fn digits_and_words_are_taken_in_any_case_and_spacing() {
    let site = Site::new("");
    let sequence = site.sequence("alice");
    let mut count = sequence.first;
    for form in 0..9 {
        let typed = everything_typed(&site.response(&sequence, count)).remove(form);
        let verdict = site.verdict("imap", "alice", HOME, &typed);
        assert_eq!(verdict, "PAM_SUCCESS", "{typed:?}");
        count -= 1;
    }
}

/// CVE-2025-6014 Vault: a code was used again with a blank in it.
#[test]
fn cve_2025_6014_a_spent_response_stays_spent_in_every_form_but_in_its_window() {
    let site = Site::new("");
    let sequence = site.sequence("alice");
    let response = site.response(&sequence, 99);
    let verdict = site.verdict("imap", "alice", HOME, &response.words);
    assert_eq!(verdict, "PAM_SUCCESS");
    for typed in everything_typed(&response) {
        let elsewhere = site.verdict("imap", "alice", ELSEWHERE, &typed);
        assert_eq!(elsewhere, "PAM_AUTH_ERR", "{typed:?}");
        let here = site.verdict("imap", "alice", HOME, &typed);
        assert_eq!(here, "PAM_SUCCESS", "{typed:?}");
    }
    site.json("alice", &["grace", "end"]);
    for typed in everything_typed(&response) {
        let verdict = site.verdict("imap", "alice", HOME, &typed);
        assert_eq!(verdict, "PAM_AUTH_ERR", "{typed:?}");
    }
}

/// Whoever skips one would make the one before it worth something to whoever has seen it.
#[test]
fn no_response_but_the_one_that_is_due_is_accepted() {
    let site = Site::new("");
    let sequence = site.sequence("alice");
    for count in [100, 98, 97, 1, 0] {
        let response = site.response(&sequence, count);
        for typed in [&response.hex, &response.words] {
            let verdict = site.verdict("imap", "alice", ELSEWHERE, typed);
            assert_eq!(verdict, "PAM_AUTH_ERR", "{count}");
        }
    }
    let due = site.response(&sequence, 99);
    let verdict = site.verdict("imap", "alice", ELSEWHERE, &due.hex);
    assert_eq!(verdict, "PAM_SUCCESS");
}

#[test]
fn every_hash_is_the_one_of_the_challenge() {
    let site = Site::new("");
    for hash in ["sha1", "md5", "md4"] {
        let arguments = ["--hash", hash, "--count", "9", "--seed", "KE1234"];
        let sequence = site.sequence_with(hash, &arguments);
        assert_eq!(sequence.challenge(8), format!("otp-{hash} 8 ke1234"));
        let response = site.response(&sequence, 8);
        for typed in [&response.hex, &response.words] {
            assert_eq!(site.verdict("imap", hash, HOME, typed), "PAM_SUCCESS");
        }
    }
}

/// `doveadm pw`, which no configuration of this machine reaches.
fn doveadm(arguments: &[&str]) -> Output {
    let words = [&["-c", "/dev/null", "pw"], arguments].concat();
    tool("dovecot-core", "doveadm", &words)
}

#[test]
fn a_sequence_that_dovecot_has_made_goes_on_here() {
    let site = Site::new("");
    let made = doveadm(&["-s", "OTP", "-u", "alice", "-p", PASS_PHRASE]).done();
    // {OTP}, then hash, integer, seed, and the response to this integer.
    let stored = made.stdout.trim().strip_prefix("{OTP}").expect("a scheme");
    let words: Vec<&str> = stored.split(' ').collect();
    let [hash, count, seed, response] = words[..] else {
        panic!("four words: {stored}");
    };
    let begin = ["--hash", hash, "--count", count, "--seed", seed];
    let arguments = [&["sequence", "--from-response"], &begin[..]].concat();
    let made = site.add_reading(&format!("{response}\n"), "alice", &arguments);
    let sequence = Sequence::of(&made);
    let count: u32 = count.parse().expect("an integer");
    assert_eq!(sequence.first, count - 1);

    let next = site.response(&sequence, count - 1);
    let bare = next.hex.replace(' ', "");
    let stored = format!("{{OTP}}{hash} {} {seed} {bare}", count - 1);
    let said = doveadm(&["-t", &stored, "-p", PASS_PHRASE]).done();
    assert!(said.stdout.contains("(verified)"), "{said:?}");
    let first = site.verdict("imap", "alice", ELSEWHERE, response);
    assert_eq!(first, "PAM_AUTH_ERR", "the one that it began with is spent");
    assert_eq!(site.verdict("imap", "alice", HOME, bare), "PAM_SUCCESS");
    let words = site.response(&sequence, count - 2).words;
    assert_eq!(site.verdict("imap", "alice", HOME, words), "PAM_SUCCESS");
}

#[test]
fn it_ends_with_the_response_to_one() {
    let site = Site::new("");
    let sequence = site.sequence_with("alice", &["--count", "3"]);
    for count in [2, 1] {
        let hex = site.response(&sequence, count).hex;
        assert_eq!(site.verdict("imap", "alice", HOME, hex), "PAM_SUCCESS");
    }
    assert_eq!(site.left("alice", &sequence.id), Some(0));
    let last = site.response(&sequence, 0);
    for typed in [&last.hex, &last.words] {
        assert_eq!(site.verdict("imap", "alice", HOME, typed), "PAM_AUTH_ERR");
    }
    let hex = site.response(&sequence, 1).hex;
    let verdict = site.verdict("imap", "alice", HOME, hex);
    assert_eq!(verdict, "PAM_SUCCESS", "the window of the last one is open");
}

#[test]
fn several_are_each_due_for_themselves() {
    let site = Site::new("");
    let (first, second) = (site.sequence("alice"), site.sequence("alice"));
    assert_ne!(first.seed, second.seed);
    for sequence in [&second, &first] {
        let hex = site.response(sequence, 99).hex;
        assert_eq!(site.verdict("imap", "alice", HOME, hex), "PAM_SUCCESS");
        assert_eq!(site.left("alice", &sequence.id), Some(98));
    }
}

#[test]
fn a_response_of_somebody_else_is_wrong() {
    let site = Site::new("");
    let seed = ["--count", "9", "--seed", "ke1234"];
    let alice = site.sequence_with("alice", &seed);
    site.sequence("bob");
    let hex = site.response(&alice, 8).hex;
    assert_eq!(site.verdict("imap", "bob", HOME, &hex), "PAM_AUTH_ERR");
    assert_eq!(site.verdict("imap", "alice", HOME, &hex), "PAM_SUCCESS");
}

#[test]
fn a_wrong_response_is_charged_to_its_network_and_not_to_the_account() {
    let site = Site::new("");
    let sequence = site.sequence("alice");
    let due = site.response(&sequence, 99).hex;
    let wrong = wrong_responses(11);
    for typed in &wrong[..10] {
        assert_eq!(site.verdict("imap", "alice", HOME, typed), "PAM_AUTH_ERR");
    }
    for typed in [&wrong[10], &due] {
        assert_eq!(site.verdict("imap", "alice", HOME, typed), "PAM_MAXTRIES");
    }
    assert_eq!(site.guesses_left("alice"), 8);
    let verdict = site.verdict("imap", "alice", ELSEWHERE, &due);
    assert_eq!(verdict, "PAM_SUCCESS");
}

#[test]
fn a_revoked_one_is_over_and_so_is_its_window() {
    let site = Site::new("");
    let sequence = site.sequence("alice");
    let [first, second] = [99, 98].map(|count| site.response(&sequence, count).hex);
    assert_eq!(site.verdict("imap", "alice", HOME, &first), "PAM_SUCCESS");
    site.json("alice", &["revoke", &sequence.id]);
    for typed in [&first, &second] {
        assert_eq!(site.verdict("imap", "alice", HOME, typed), "PAM_AUTH_ERR");
    }
}

#[test]
fn what_the_rule_or_a_lock_refuses_is_not_spent() {
    let site = Site::new(
        "[[rule]]\nservices = [\"imap\"]\naccept = [\"app-password\"]\n\
         [[rule]]\nservices = [\"sieve\"]\naccept = [\"otp\"]\n",
    );
    let sequence = site.sequence("alice");
    let response = site.response(&sequence, 99);
    for typed in [&response.hex, &response.words] {
        assert_eq!(site.verdict("imap", "alice", HOME, typed), "PAM_AUTH_ERR");
        let verdict = site.verdict("pop3", "alice", HOME, typed);
        assert_eq!(verdict, "PAM_PERM_DENIED");
    }
    site.cli(["user", "lock", "alice"]).done();
    let verdict = site.verdict("sieve", "alice", HOME, &response.hex);
    assert_eq!(verdict, "PAM_AUTH_ERR");
    site.cli(["user", "unlock", "alice"]).done();
    let verdict = site.verdict("sieve", "alice", HOME, &response.words);
    assert_eq!(verdict, "PAM_SUCCESS");
}

#[test]
fn a_password_before_it_goes_on_verbatim_in_and_out_of_the_window() {
    let site = Site::new(BOTH);
    let sequence = site.sequence("alice");
    let mut count = sequence.first;
    // None ends in a letter: nobody could tell where the first of six words begins.
    for before in [
        "correct horse1",
        "7",
        "\u{fc}\u{df}\u{20ac}",
        "dash-",
        "abcdef!",
    ] {
        let response = site.response(&sequence, count);
        let bare = response.hex.replace(' ', "");
        for code in [&bare, &response.words, &response.hex] {
            let reply = site.login("imap", "alice", HOME, format!("{before}{code}"));
            assert_eq!(reply.verdict(), "PAM_IGNORE", "{before}{code}");
            assert_eq!(reply.handed_on().as_deref(), Some(before), "{before}{code}");
            let elsewhere = site.verdict("imap", "alice", ELSEWHERE, format!("{before}{code}"));
            assert_eq!(elsewhere, "PAM_AUTH_ERR", "{before}{code}");
        }
        count -= 1;
    }
}

#[test]
fn one_blank_between_a_password_and_six_words_belongs_to_neither() {
    let site = Site::new(BOTH);
    let sequence = site.sequence("alice");
    let words = site.response(&sequence, 99).words;
    for (typed, before) in [
        (format!("correct horse {words}"), "correct horse"),
        (format!("correct horse  {words}"), "correct horse "),
        (format!("1 {}", words.to_lowercase()), "1"),
    ] {
        let reply = site.login("imap", "alice", HOME, &typed);
        assert_eq!(reply.verdict(), "PAM_IGNORE", "{typed:?}");
        assert_eq!(reply.handed_on().as_deref(), Some(before), "{typed:?}");
    }
    assert_eq!(
        site.verdict("imap", "alice", HOME, words),
        "PAM_AUTH_ERR",
        "no password"
    );
}
