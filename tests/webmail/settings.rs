//! The settings page: app passwords and sheets of a user without a shell.

use serde_json::json;

use crate::journey::{at_the_cafe, log_in};
use crate::stage::{Stage, USUAL};

#[test]
fn a_user_without_a_shell_makes_and_revokes_with_the_next_code() {
    Stage::run(USUAL, |stage| {
        let sheet = stage.user("alice");
        let (_driver, browser, url) = at_the_cafe(stage);
        log_in(&browser, "alice", &sheet.codes[0]);
        browser.open(&format!("{url}?_task=settings&_action=plugin.mailotp"));
        browser.wait_text("#mailotp-table", "webmail 127.0.20.1");
        browser.wait_text("#mailotp-due", &format!("Code {} 2", sheet.name));
        browser.picture("settings");

        // The code of the session is spent, and makes nothing.
        browser.fill("#mailotp-passwordlabel", "--all <b>phone</b>");
        browser.fill("#mailotp-code", &sheet.codes[0]);
        browser.click("#mailotp-password button[type=submit]");
        browser.wait_text("#messagestack", "not the code that is due");
        assert_eq!(stage.credentials("alice"), 1);

        browser.fill("#mailotp-code", &sheet.codes[1]);
        browser.click("#mailotp-password button[type=submit]");
        browser.wait_text("#mailotp-made", "Type it into one device");
        browser.wait_text("#mailotp-table", "--all <b>phone</b>");
        browser.picture("settings-password");
        let secret = browser.script("return document.querySelector('.mailotp-secret').textContent");
        assert_eq!(secret.as_str().map(str::len), Some(34), "{secret}");
        let made = &stage.ask("alice", &["show"])["credentials"][1];
        assert_eq!(made["services"], json!(["mail"]));
        browser.click("#mailotp-made .mailotp-hide");

        // The same code goes on for a while.
        browser.fill("#mailotp-sheetlabel", "holiday");
        browser.fill("#mailotp-sheetcount", "12");
        browser.click("#mailotp-sheet button[type=submit]");
        browser.wait_text("#mailotp-made", "Each code opens one login");
        assert_eq!(
            browser.script("return document.querySelectorAll('.mailotp-codes li').length"),
            12
        );
        browser.script("window.print = () => document.title = 'printed'");
        browser.picture("settings-sheet");
        browser.click("#mailotp-made .mailotp-print");
        browser.wait("document.title === 'printed'");

        browser.click("#mailotp-table .mailotp-revoke[data-label='holiday']");
        browser.wait_for(".ui-dialog .mainaction");
        browser.picture("settings-revoke");
        browser.click(".ui-dialog .mainaction");
        browser.wait("document.querySelectorAll('.mailotp-revoke').length === 2");
        assert_eq!(stage.credentials("alice"), 2);
        assert_eq!(browser.complaints(), Vec::<String>::new());
    });
}

/// Each field has a label, each answer is said aloud, and all of it goes without a mouse.
#[test]
fn a_keyboard_and_a_screen_reader_are_enough() {
    Stage::run(USUAL, |stage| {
        let sheet = stage.user("alice");
        let (_driver, browser, url) = at_the_cafe(stage);
        browser.wait("document.activeElement.id === 'rcmloginuser'");
        // User, Tab to the password, Tab to the button, Space.
        browser.keys("alice\u{e004}\u{e004} ");
        browser.wait_text("#mailotp-challenge", &format!("Code {} 1", sheet.name));
        browser.wait("document.activeElement.id === 'rcmloginpwd'");
        browser.wait("document.querySelector('#mailotp-challenge').getAttribute('aria-live')");
        browser.keys(&format!("{}\u{e007}", sheet.codes[0]));
        browser.wait_for("#messagelist");
        stage.end_windows("alice");
        browser.script("rcmail.command('checkmail')");
        browser.wait("document.activeElement.id === 'mailotp-next'");
        browser.keys(&format!("{}\u{e007}", sheet.codes[1]));
        browser.wait("!document.querySelector('#mailotp-next')");
        browser.open(&format!("{url}?_task=settings&_action=plugin.mailotp"));
        browser.wait_text("#mailotp-table", "sheet");
        let unnamed = browser.script(
            "return [...document.querySelectorAll('#mailotp input:not([type=hidden]), #mailotp button')]
                .filter(e => !(e.labels && e.labels.length) && !e.getAttribute('aria-label') && !e.textContent.trim())
                .map(e => e.outerHTML)",
        );
        assert_eq!(unnamed, json!([]));
    });
}
