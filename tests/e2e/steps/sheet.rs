//! Steps 1 to 5: a sheet of codes, from the challenge to the end of its window.

use std::net::Ipv4Addr;

use harness::dovecot;
use harness::enrol::Sheet;
use harness::imap::Reply;

use super::stage::{CAFE, LIBRARY, MAIN_PASSWORD, OFFICE, Shown, Stage};

/// Has the command make a sheet for an account that it does not know yet.
pub fn add(stage: &Stage, account: &str) -> Sheet {
    let made = stage.ask(account, &["--new", "add", "sheet", "--count", "8"]);
    let codes = made["codes"].as_array().expect("a sheet has codes");
    for (place, code) in codes.iter().enumerate() {
        assert_eq!(code["number"], place + 1, "the codes are numbered from 1");
    }
    Sheet::of(&made)
}

/// The number that an answer's challenge names; that it names this sheet, and one number, is a must.
pub fn due(stage: &Stage, sheet: &Sheet, reply: &Reply) -> usize {
    let number = reply.text.split_once(&format!("Code {} ", sheet.name));
    let number = number.and_then(|(_, rest)| rest.split_once(':')?.0.parse().ok());
    let expected = format!("a challenge that names sheet {} and a number", sheet.name);
    stage.expect(number.is_some(), &expected, Shown(reply));
    number.unwrap_or_default()
}

/// All five.
pub fn story(stage: &Stage) {
    let sheet = add(stage, "alice");
    dovecot::deliver("alice", "Welcome to mailotp");
    let number = refused_with_a_challenge(stage, &sheet);
    let code = &sheet.codes[number - 1];
    the_code_that_is_due_opens_the_mailbox(stage, code);
    it_goes_on_opening_the_same_door(stage, code);
    it_opens_no_other_door_and_not_later(stage, code);
    the_challenge_names_the_next_number(stage, &sheet, number);
}

fn refused_with_a_challenge(stage: &Stage, sheet: &Sheet) -> usize {
    stage.step(
        1,
        "any wrong secret is refused, and the answer says which code is due",
    );
    let mut number = 0;
    for secret in ["?", "wrong", MAIN_PASSWORD] {
        let reply = stage.refused(CAFE, "alice", secret);
        number = due(stage, sheet, &reply);
    }
    stage.remember("alice", "imap", CAFE, "refused");
    stage.shows(
        "sheet and number come back in the refusal; the main password does not get past the gate,",
    );
    stage.accepted(OFFICE, "alice", MAIN_PASSWORD);
    stage.remember("alice", "imap", OFFICE, "passed");
    stage.shows("though its database accepts it where the rule does");
    number
}

fn the_code_that_is_due_opens_the_mailbox(stage: &Stage, code: &str) {
    stage.step(2, "the code that the challenge named");
    let mut imap = stage.accepted(CAFE, "alice", code);
    stage.remember("alice", "imap", CAFE, "accepted");
    let reply = imap.command("SELECT INBOX");
    stage.expect(reply.is_ok(), "OK: the mailbox is open", Shown(&reply));
    let reply = imap.command("FETCH 1 BODY.PEEK[HEADER.FIELDS (SUBJECT)]");
    let mail = reply.untagged.join(" ");
    stage.expect(
        mail.contains("Welcome to mailotp"),
        "the message that was delivered",
        mail,
    );
    stage.shows("a one-time code is all that a login takes");
}

fn it_goes_on_opening_the_same_door(stage: &Stage, code: &str) {
    stage.step(
        3,
        "the same code from the same address, in five new connections, as webmail does",
    );
    for _ in 0..5 {
        stage.accepted(CAFE, "alice", code);
    }
    stage.remember("alice", "imap", CAFE, "continued");
    stage.shows("its window is open");
}

fn it_opens_no_other_door_and_not_later(stage: &Stage, code: &str) {
    stage.step(
        4,
        "the same code from another address, and after its window",
    );
    refused_from(stage, LIBRARY, code);
    stage.shows("somebody who recorded it gets nowhere");
    stage.wait_for_the_window_to_end("alice");
    refused_from(stage, CAFE, code);
    stage.shows("and nor does whoever sits down at the same machine later");
}

fn refused_from(stage: &Stage, from: Ipv4Addr, code: &str) {
    stage.refused(from, "alice", code);
    stage.remember("alice", "imap", from, "refused");
}

fn the_challenge_names_the_next_number(stage: &Stage, sheet: &Sheet, spent: usize) {
    stage.step(5, "the challenge now");
    let number = due(stage, sheet, &stage.refused(CAFE, "alice", "?"));
    stage.expect(
        number == spent + 1,
        &format!("number {}", spent + 1),
        number,
    );
    let told = &stage.ask("alice", &["challenge"])["sheets"][0]["number"];
    stage.expect(
        *told == number,
        &format!("number {number} from the command, too"),
        told,
    );
    stage.shows("one code is spent, the next is due");
}
