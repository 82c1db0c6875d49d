//! At a terminal of an ordinary user everything looks as it does for root.

use harness::enrol::Totp;
use harness::qr::Picture;

use super::{labels, served, sheet};

#[test]
fn an_authenticator_is_drawn_confirmed_and_live_at_the_users_terminal() {
    let (site, _helper) = served("");
    let daemon = site.user("daemon");
    let mut terminal = daemon.at_a_terminal(&["add", "totp", "phone"]);
    terminal.wait_for("The code that it shows now");
    let shown = terminal.screen();
    let uri = shown
        .split_whitespace()
        .find(|word| word.starts_with("otpauth://"));
    let uri = uri.unwrap_or_else(|| panic!("no URI: {shown}")).to_owned();
    assert_eq!(Picture::from_terminal(&shown).read(), uri);
    let totp = Totp::new(String::new(), uri);
    terminal.type_line(&totp.code(0));
    let output = terminal.finish().done();
    assert!(output.stdout.contains("is live"), "{output:?}");
    assert!(
        !output.stdout.contains(&totp.code(0)),
        "what is typed is not shown"
    );
    assert_eq!(labels(&daemon), ["phone"]);
}

#[test]
fn the_code_that_proves_the_user_is_asked_for_with_its_challenge() {
    let (site, _helper) = served("");
    let daemon = site.user("daemon");
    let sheet = sheet(&daemon);
    let mut terminal = daemon.at_a_terminal(&["add", "app-password", "phone"]);
    terminal.wait_for(&format!("Code {} 1: ", sheet.name));
    terminal.type_line(&sheet.codes[0]);
    let output = terminal.finish().done();
    assert!(
        output.stdout.contains("App password \"phone\""),
        "{output:?}"
    );
}

#[test]
fn a_pass_phrase_is_asked_for_twice_and_a_difference_is_an_error() {
    let (site, _helper) = served("");
    let daemon = site.user("daemon");
    let mut terminal = daemon.at_a_terminal(&["add", "sequence"]);
    terminal.wait_for("Pass phrase: ");
    terminal.type_line("a pass phrase of mine");
    terminal.wait_for("Once more: ");
    terminal.type_line("a pass phrase of nine");
    let output = terminal.finish().exits(1);
    assert!(output.stdout.contains("not the same"), "{output:?}");
    assert!(!output.stdout.contains("of mine"), "{output:?}");
}

#[test]
fn a_sheet_shows_how_far_it_is_and_a_pdf_does_not_fit() {
    let (site, _helper) = served("");
    let daemon = site.user("daemon");
    let pdf = daemon
        .at_a_terminal(&["add", "sheet", "--format", "pdf"])
        .finish();
    assert_eq!(pdf.code, 2, "{pdf:?}");
    let output = daemon
        .at_a_terminal(&["add", "sheet", "--count", "4"])
        .finish()
        .done();
    assert!(output.stdout.contains("Making codes 2/4"), "{output:?}");
}

#[test]
fn in_a_pipe_nothing_is_asked_and_nothing_waits() {
    let (site, _helper) = served("");
    let daemon = site.user("daemon");
    let output = daemon.cli(&["add", "totp", "phone"]).done();
    assert!(
        !output.stdout.contains("shows now") && output.stderr.is_empty(),
        "{output:?}"
    );
    let output = daemon.reading("123456\n", &["confirm", "phone"]).exits(1);
    assert!(!output.stderr.contains("shows now"), "{output:?}");
    let output = daemon.cli(&["add", "sheet", "--count", "3"]).done();
    assert!(!output.stderr.contains("Making codes"), "{output:?}");
}
