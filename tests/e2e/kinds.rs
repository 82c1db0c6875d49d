//! The kinds of codes that travellers carry, at a real Dovecot.

use std::net::Ipv4Addr;

use harness::dovecot::{self, SUBMISSION, WEBMAIL, WEBMAIL_HOST};
use harness::enrol::Aliases;
use harness::imap::Imap;
use harness::sequence::{PASS_PHRASE, Response, Sequence};
use harness::submission::Submission;

use crate::challenge::form;
use crate::steps::sheet;
use crate::steps::stage::{CAFE, CONFIGURATION, LIBRARY, NOWHERE, OFFICE, Stage};

/// A new sequence of an account that is known already.
fn sequence(stage: &Stage, account: &str) -> Sequence {
    let add = ["--new", "add", "sequence", "--count", "100"];
    Sequence::of(&stage.ask_with(account, &add, &format!("{PASS_PHRASE}\n")))
}

/// What its owner answers.
fn response(stage: &Stage, sequence: &Sequence, count: u32) -> Response {
    let words = ["--json", "compute", &sequence.challenge(count)];
    let said = stage.command(&words, &format!("{PASS_PHRASE}\n"));
    Response::of(&serde_json::from_str(&said).expect("JSON"))
}

fn aliases(stage: &Stage, account: &str) -> Vec<String> {
    Aliases::of(&stage.ask(account, &["add", "alias", "--count", "4"])).names
}

/// Has the site ask for these, too.
fn configure(stage: &Stage, more: &str) {
    let toml = format!("{more}\n{CONFIGURATION}");
    stage
        .sandbox
        .write("/etc/mailotp/mailotp.toml", 0o644, &toml);
}

/// The one message in the mailbox, by its subject.
fn subject(imap: &mut Imap) -> String {
    let selected = imap.command("SELECT INBOX");
    assert!(selected.is_ok(), "{}", selected.text);
    let fetched = imap.command("FETCH 1 BODY.PEEK[HEADER.FIELDS (SUBJECT)]");
    fetched.untagged.join(" ")
}

/// One login at the submission server: the code of the reply.
fn submit(from: Ipv4Addr, account: &str, secret: &str) -> u16 {
    Submission::connect(from, SUBMISSION)
        .login(account, secret)
        .code
}

#[test]
fn an_alias_opens_the_mailbox_of_its_account() {
    Stage::run(|stage| {
        let sheet = sheet::add(stage, "alice");
        let names = aliases(stage, "alice");
        dovecot::deliver("alice", "For alice alone");
        let mut imap = stage.accepted(CAFE, &names[0], &sheet.codes[0]);
        assert!(subject(&mut imap).contains("For alice alone"));
        stage
            .dovecot
            .wait_for(&["imap-login", "Login: user=<alice>"]);
        // The mail of an alias would lie in a folder of its own.
        assert!(!std::path::Path::new("/run/mail").join(&names[0]).exists());
    });
}

#[test]
fn an_alias_lives_in_its_window_for_every_service_of_the_group_and_nowhere_else() {
    Stage::run(|stage| {
        let sheet = sheet::add(stage, "alice");
        let names = aliases(stage, "alice");
        let (alias, code) = (names[0].as_str(), sheet.codes[0].as_str());
        for _ in 0..3 {
            stage.accepted(CAFE, alias, code);
        }
        assert_eq!(submit(CAFE, alias, code), 235);
        stage
            .dovecot
            .wait_for(&["submission-login", "Login: user=<alice>"]);
        for (from, name) in [(LIBRARY, alias), (CAFE, &names[1]), (CAFE, "alice")] {
            stage.refused(from, name, code);
            assert_eq!(submit(from, name, code), 535, "{from} {name}");
        }
        stage.refused(CAFE, alias, &sheet.codes[1]);
        stage.accepted(LIBRARY, &names[1], &sheet.codes[1]);
    });
}

#[test]
fn an_alias_is_challenged_like_its_account_and_like_a_stranger_afterwards() {
    Stage::run(|stage| {
        let sheet = sheet::add(stage, "alice");
        let names = aliases(stage, "alice");
        let due = format!("Code {} 1:", sheet.name);
        let fresh = stage.refused(CAFE, &names[0], "?").text;
        assert!(fresh.contains(&due), "{fresh}");
        stage.accepted(CAFE, &names[0], &sheet.codes[0]);
        let spent = stage.refused(LIBRARY, &names[0], "?").text;
        assert!(!spent.contains(&format!("Code {} ", sheet.name)), "{spent}");
        assert_eq!(form(&spent), form(&fresh));
    });
}

#[test]
fn the_challenge_of_a_sequence_comes_back_in_the_refusal() {
    Stage::run(|stage| {
        configure(stage, "otp.challenge = [\"sequence\"]");
        let sequence = sequence(stage, "alice");
        for (count, secret) in [(99, "?"), (98, "wrong")] {
            let refusal = stage.refused(CAFE, "alice", secret).text;
            let due = format!("Code {} :", sequence.challenge(count));
            assert!(refusal.contains(&due), "{refusal}");
            let response = response(stage, &sequence, count);
            let typed = if count == 99 {
                &response.words
            } else {
                &response.hex
            };
            stage.accepted(CAFE, "alice", typed);
            stage.refused(LIBRARY, "alice", typed);
            assert_eq!(submit(CAFE, "alice", typed), 235, "its window");
        }
        let nobody = stage.refused(CAFE, "nobody", "?").text;
        let known = stage.refused(CAFE, "alice", "?").text;
        assert_eq!(form(&nobody), form(&known));
    });
}

#[test]
fn sheet_and_sequence_are_both_named() {
    Stage::run(|stage| {
        configure(stage, "otp.challenge = [\"sheet\", \"sequence\"]");
        let sheet = sheet::add(stage, "alice");
        let sequence = sequence(stage, "alice");
        let refusal = stage.refused(CAFE, "alice", "").text;
        let due = format!("Code {} 1 or {} :", sheet.name, sequence.challenge(99));
        assert!(refusal.contains(&due), "{refusal}");
        stage.accepted(CAFE, "alice", &response(stage, &sequence, 99).words);
        stage.accepted(CAFE, "alice", &sheet.codes[0]);
    });
}

#[test]
fn a_pin_belongs_before_the_code_in_every_service() {
    Stage::run(|stage| {
        let sheet = sheet::add(stage, "alice");
        let before = stage.refused(CAFE, "alice", "?").text;
        stage.ask_with("alice", &["pin", "set"], "open sesame\n");
        stage.refused(CAFE, "alice", &sheet.codes[0]);
        stage.refused(CAFE, "alice", &format!("open sesami {}", sheet.codes[0]));
        assert_eq!(stage.refused(CAFE, "alice", "?").text, before);
        let typed = format!("open sesame {}", sheet.codes[0]);
        stage.accepted(CAFE, "alice", &typed);
        assert_eq!(submit(CAFE, "alice", &typed), 235);
        assert_eq!(submit(CAFE, "alice", &sheet.codes[0]), 535);
        let names = aliases(stage, "alice");
        stage.accepted(
            LIBRARY,
            &names[0],
            &format!("open sesame {}", sheet.codes[1]),
        );
    });
}

/// A user of webmail at this address: whether the login succeeds.
fn webmail(address: &str, account: &str, secret: &str) -> bool {
    let mut imap = Imap::connect(WEBMAIL_HOST, WEBMAIL);
    imap.forward(address);
    imap.login(account, secret).is_ok()
}

#[test]
fn a_password_and_six_words_are_judged_by_who_is_responsible_for_each() {
    Stage::run(|stage| {
        let password = "erins system password";
        stage.sandbox.set_system_password("erin", password);
        let sequence = sequence(stage, "erin");
        let [first, second] = [99, 98].map(|count| response(stage, &sequence, count).words);
        let (home, neighbour) = ("203.0.113.7", "203.0.113.8");
        assert!(!webmail(home, "erin", password));
        // The code was right; the window forgives the slip in the password.
        assert!(!webmail(
            home,
            "erin",
            &format!("erins sytsem password {first}")
        ));
        for _ in 0..3 {
            assert!(webmail(home, "erin", &format!("{password} {first}")));
        }
        assert!(!webmail(neighbour, "erin", &format!("{password} {first}")));
        let lower = second.to_lowercase();
        assert!(webmail(neighbour, "erin", &format!("{password} {lower}")));
        let names = aliases(stage, "erin");
        let third = response(stage, &sequence, 97).words;
        assert!(webmail(
            "203.0.113.9",
            &names[0],
            &format!("{password} {third}")
        ));
    });
}

#[test]
fn a_kill_code_typed_as_a_password_revokes_its_sheet_wherever_it_is_typed() {
    Stage::run(|stage| {
        for (from, place) in [(CAFE, "café"), (NOWHERE, "nowhere"), (OFFICE, "office")] {
            let made = stage.ask("alice", &["--new", "add", "sheet", place, "--count", "2"]);
            let sheet = harness::enrol::Sheet::of(&made);
            stage.accepted(CAFE, "alice", &sheet.codes[0]);
            stage.refused(from, "bob", &sheet.kill);
            stage.accepted(CAFE, "alice", &sheet.codes[0]);
            stage.refused(from, "alice", &sheet.kill);
            for code in &sheet.codes {
                stage.refused(CAFE, "alice", code);
            }
            let log = stage.sandbox.syslog();
            log.wait_for(&["alice", "killed", &sheet.id]);
            let told = log.lines().join("\n") + &stage.dovecot.log();
            let bare = sheet.kill.replace('-', "");
            assert!(
                !told.contains(&sheet.kill) && !told.contains(&bare),
                "{place}: {told}"
            );
        }
    });
}

#[test]
fn a_token_logs_in_where_an_authenticator_would() {
    Stage::run(|stage| {
        let made = stage.ask("alice", &["--new", "add", "hotp", "--no-confirm"]);
        let token = harness::enrol::Hotp::of(&made);
        stage.accepted(CAFE, "alice", &token.code(1));
        assert_eq!(submit(CAFE, "alice", &token.code(1)), 235);
        stage.refused(LIBRARY, "alice", &token.code(1));
        stage.refused(CAFE, "alice", &token.code(0));
        stage.accepted(LIBRARY, "alice", &token.code(2));
    });
}
