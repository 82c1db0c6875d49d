//! The challenge in Dovecot's answer: the same for the right, the wrong and the unknown.

use crate::steps::sheet;
use crate::steps::stage::{CAFE, LIBRARY, NOWHERE, Stage};

/// The answer with other letters and another number, so that only its form is left.
pub fn form(text: &str) -> String {
    let (text, prompt) = text.split_once("Code ").expect("a challenge in the answer");
    let mut form = String::new();
    for letter in prompt.chars() {
        match letter {
            'a'..='z' => form.push('x'),
            '0'..='9' if form.ends_with('9') => {}
            '0'..='9' => form.push('9'),
            other => form.push(other),
        }
    }
    format!("{text}Code {form}")
}

#[test]
fn a_wrong_answer_does_not_change_the_challenge() {
    Stage::run(|stage| {
        let sheet = sheet::add(stage, "alice");
        let before = stage.refused(CAFE, "alice", "?").text;
        for wrong in ["wrong", "wrzng-00001", "000000", &sheet.codes[4]] {
            assert_eq!(stage.refused(CAFE, "alice", wrong).text, before);
        }
        assert_eq!(stage.refused(LIBRARY, "alice", "").text, before);
    });
}

#[test]
fn an_unknown_account_is_challenged_like_a_known_one() {
    Stage::run(|stage| {
        sheet::add(stage, "alice");
        let known = stage.refused(CAFE, "alice", "?");
        for unknown in ["nobody", "alicia", "bob"] {
            let challenge = stage.refused(CAFE, unknown, "?");
            assert_eq!(form(&challenge.text), form(&known.text), "{unknown}");
            for secret in ["wrong", "wrzng-00001"] {
                assert_eq!(stage.refused(LIBRARY, unknown, secret).text, challenge.text);
            }
        }
    });
}

#[test]
fn two_sheets_are_both_named_and_both_accepted() {
    Stage::run(|stage| {
        let first = sheet::add(stage, "alice");
        let second = stage.ask("alice", &["add", "sheet", "--count", "3"]);
        let reply = stage.refused(CAFE, "alice", "?");
        let name = second["name"].as_str().expect("a sheet has a name");
        let challenge = format!("Code {} 1 or {name} 1:", first.name);
        assert!(
            reply.text.contains(&challenge),
            "{challenge} in {}",
            reply.text
        );
        let code = second["codes"][0]["code"]
            .as_str()
            .expect("a sheet has codes");
        stage.accepted(CAFE, "alice", code);
        stage.accepted(LIBRARY, "alice", &first.codes[0]);
    });
}

#[test]
fn the_challenge_is_one_line_that_cannot_be_taken_for_protocol() {
    Stage::run(|stage| {
        sheet::add(stage, "alice");
        for (from, account) in [(CAFE, "alice"), (NOWHERE, "alice"), (CAFE, "nobody")] {
            let reply = stage.refused(from, account, "wrong");
            assert!(reply.untagged.is_empty(), "{:?}", reply.untagged);
            let prompt = reply.text.strip_prefix("[ALERT] ");
            let prompt = prompt.unwrap_or_else(|| panic!("no text of the gate: {}", reply.text));
            assert!(
                prompt.bytes().all(|byte| (b' '..=b'~').contains(&byte)),
                "{prompt:?}"
            );
            assert!(
                !prompt.starts_with('[') && prompt.len() <= 200,
                "{prompt:?}"
            );
        }
    });
}
