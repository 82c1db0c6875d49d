//! What the command writes where.

use harness::site::Site;

#[test]
fn an_error_in_json_has_code_message_and_remedy_on_standard_error() {
    let site = Site::new("");
    let failure = site.cli(["--json", "--user", "alice", "show"]).error(4);
    assert!(failure.message.contains("alice"), "{failure:?}");
    let word = |letter: char| letter.is_ascii_lowercase() || matches!(letter, '-' | '_');
    assert!(
        failure.code.chars().all(word),
        "a word for programs: {failure:?}"
    );
}

#[test]
fn an_error_for_people_names_the_remedy_too() {
    let site = Site::new("");
    let refused = site.cli(["--user", "alcie", "add", "sheet"]).exits(4);
    assert_eq!(refused.stdout, "");
    assert!(
        refused.stderr.contains("alcie") && refused.stderr.contains("--new"),
        "{refused:?}"
    );
    assert!(!refused.stderr.contains('{'), "{refused:?}");
}

#[test]
fn a_result_in_json_is_one_document_on_standard_output_and_nothing_else() {
    let site = Site::new("");
    site.sheet("alice");
    for words in [
        &["add", "sheet"][..],
        &["add", "totp"],
        &["add", "app-password"],
        &["show"],
        &["challenge"],
        &["grace", "list"],
        &["grace", "end"],
        &["explain", "--service", "imap", "--from", "local"],
        &["setup", "dovecot"],
        &["revoke", "--all"],
    ] {
        let words = ["--json", "--user", "alice"].iter().chain(words);
        let output = site.cli(words.copied()).done();
        assert_eq!(output.stderr, "", "{output:?}");
        output.json();
    }
}

#[test]
fn json_may_be_asked_for_behind_the_command() {
    let site = Site::new("");
    site.sheet("alice");
    site.cli(["--user", "alice", "show", "--json"]).json();
}

#[test]
fn a_reader_that_went_away_is_no_crash() {
    let site = Site::new("");
    site.sheet("alice");
    let said = site.shell("{ \"$@\" --user alice show; echo $? > code; } | true; cat code");
    assert!(!said.stderr.contains("panicked"), "{said:?}");
}

#[test]
fn without_a_terminal_there_are_no_colours() {
    let site = Site::new("");
    site.sheet("alice");
    for words in [&["show"][..], &["log"], &["challenge"], &["--help"]] {
        let words = ["--user", "alice"].iter().chain(words);
        assert!(!site.cli(words.copied()).done().stdout.contains('\u{1b}'));
    }
}
