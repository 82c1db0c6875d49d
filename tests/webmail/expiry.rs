//! The window ends in the middle of work, on each page.

use serde_json::json;

use crate::browser::Browser;
use crate::journey::{at_the_cafe, log_in};
use crate::stage::{CAFE, LIBRARY, Stage, USUAL};

/// Types the next code into the dialog that asks for it.
#[track_caller]
pub fn renew(browser: &Browser, code: &str) {
    browser.fill("#mailotp-next", code);
    browser.click(".ui-dialog-buttonset .mainaction");
    browser.wait("!document.querySelector('#mailotp-next')");
}

#[test]
fn each_page_asks_for_the_next_code_and_goes_on() {
    Stage::run(USUAL, |stage| {
        let sheet = stage.user("alice");
        let mut codes = sheet.codes.iter();
        let mut next = || codes.next().expect("a code").as_str();
        let (_driver, browser, url) = at_the_cafe(stage);
        log_in(&browser, "alice", next());

        // The list, by a request of a script.
        stage.end_windows("alice");
        browser.script("rcmail.command('checkmail')");
        browser.wait_text("#mailotp-due-now", &format!("Code {} 2", sheet.name));
        browser.picture("expired-list");
        browser.fill("#mailotp-next", "wrzng-00001");
        browser.keys("\u{e007}");
        browser.wait_text("#mailotp-due-now", "not the code that is due");
        browser.picture("expired-wrong");
        renew(&browser, next());
        browser.wait_text("#messagelist", "Welcome, alice");

        // A message in the frame beside it.
        stage.end_windows("alice");
        browser.click("#messagelist tr.message td.subject a");
        browser.wait_for("#mailotp-next");
        renew(&browser, next());
        browser.wait("document.querySelector('#messagecontframe').contentDocument.body.innerText.includes('Hello.')");

        // A whole page.
        stage.end_windows("alice");
        browser.open(&format!("{url}?_task=mail&_mbox=INBOX&_uid=1&_action=show"));
        browser.wait_for("#mailotp-next");
        browser.picture("expired-page");
        renew(&browser, next());
        browser.wait_text("#messagebody", "Hello.");

        // The settings, which ask about the account.
        stage.end_windows("alice");
        browser.open(&format!("{url}?_task=settings&_action=plugin.mailotp"));
        browser.wait_for("#mailotp-next");
        renew(&browser, next());
        browser.wait_text("#mailotp-table", "sheet");
        assert_eq!(browser.complaints(), Vec::<String>::new());
    });
}

#[test]
fn a_message_is_sent_once_with_all_that_belongs_to_it() {
    Stage::run(USUAL, |stage| {
        let sheet = stage.user("alice");
        let (_driver, browser, url) = at_the_cafe(stage);
        log_in(&browser, "alice", &sheet.codes[0]);
        browser.open(&format!(
            "{url}?_task=mail&_action=compose&_to=bob@example.com"
        ));
        browser.fill("#compose-subject", "From the library");
        browser.fill("#composebody", "I am fine.");
        stage
            .sandbox
            .write("/run/browser/notes.txt", 0o644, "what is attached\n");
        browser.script(
            "document.querySelectorAll('input[type=file]').forEach(e => e.style.display = 'block')",
        );
        browser.attach(
            "#uploadform input[type=file], #uploadformInput, input[type=file]",
            "/run/browser/notes.txt",
        );
        // Its name is there before it is.
        browser.wait_text(
            "#attachment-list li[id^=rcmfile]:not(.uploading)",
            "notes.txt",
        );

        stage.end_windows("alice");
        browser.script("rcmail.command('savedraft')");
        browser.wait_for("#mailotp-next");
        browser.picture("expired-draft");
        renew(&browser, &sheet.codes[1]);
        browser.wait_text("#messagestack", "saved to Drafts");
        assert_eq!(stage.sent(), Vec::<String>::new());

        stage.end_windows("alice");
        browser.click(".formbuttons button.send");
        browser.wait_for("#mailotp-next");
        assert_eq!(stage.sent(), Vec::<String>::new());
        renew(&browser, &sheet.codes[2]);
        browser.wait_for("#messagelist");
        let sent = stage.sent();
        assert_eq!(sent.len(), 1, "{sent:?}");
        for part in ["Subject: From the library", "I am fine.", "notes.txt"] {
            assert!(sent[0].contains(part), "{part}: {}", sent[0]);
        }
        browser.open(&format!("{url}?_task=mail&_mbox=Sent"));
        browser.wait_text("#messagelist", "From the library");
        let count = "document.querySelectorAll('#messagelist tr.message').length === 1";
        browser.wait(count);
        // Submission goes by the same window: the server has heard where the user is.
        let submitted = ["submission", &CAFE.to_string(), "continued"].map(str::to_owned);
        assert!(
            stage.events("alice").contains(&submitted),
            "{:?}",
            stage.events("alice")
        );
    });
}

#[test]
fn another_tab_goes_on_without_another_code() {
    Stage::run(USUAL, |stage| {
        let sheet = stage.user("alice");
        let (_driver, browser, url) = at_the_cafe(stage);
        log_in(&browser, "alice", &sheet.codes[0]);
        let (first, second) = (browser.tab(), browser.new_tab());
        browser.go_to_tab(&second);
        browser.open(&url);
        browser.wait_for("#messagelist");

        stage.end_windows("alice");
        for tab in [&first, &second] {
            browser.go_to_tab(tab);
            browser.script("rcmail.command('checkmail')");
            browser.wait_for("#mailotp-next");
        }
        renew(&browser, &sheet.codes[1]);
        browser.wait_text("#messagelist", "Welcome, alice");
        // An answer that was on its way for longer tells of the code before.
        browser.script(
            "rcmail.triggerEvent('plugin.mailotp.expired', {serial: 0, challenge: 'dn 2', action: 'refresh'})",
        );
        browser.wait("!document.querySelector('#mailotp-next') && !rcmail.busy");
        browser.wait_text("#messagelist", "Welcome, alice");
        // Whatever is typed in the other one is not needed: the session has its code.
        browser.go_to_tab(&first);
        renew(&browser, "wrzng-00001");
        browser.wait_text("#messagelist", "Welcome, alice");
        assert_eq!(
            stage.ask("alice", &["show"])["credentials"][0]["left"],
            json!(8)
        );
    });
}

#[test]
fn wrong_codes_end_the_session() {
    Stage::run(USUAL, |stage| {
        let sheet = stage.user("alice");
        let (_driver, browser, _) = at_the_cafe(stage);
        log_in(&browser, "alice", &sheet.codes[0]);
        stage.end_windows("alice");
        browser.script("rcmail.command('checkmail')");
        for wrong in 0..5 {
            browser.wait_for("#mailotp-next");
            browser.wait("document.querySelector('#mailotp-next').value === ''");
            browser.fill("#mailotp-next", &format!("wrzng-0000{wrong}"));
            browser.click(".ui-dialog-buttonset .mainaction");
            if wrong < 4 {
                browser.wait_text("#mailotp-due-now", "not the code that is due");
            }
        }
        browser.wait_for("#rcmloginuser");
    });
}

#[test]
fn a_stolen_session_is_worth_nothing_at_another_address() {
    Stage::run(USUAL, |stage| {
        let sheet = stage.user("alice");
        let (_driver, browser, _) = at_the_cafe(stage);
        log_in(&browser, "alice", &sheet.codes[0]);

        let thief = Browser::start();
        let there = stage.seen_from(LIBRARY, "");
        thief.open(&there);
        thief.set_cookies(&browser.cookies());
        for page in [
            "?_task=mail",
            "?_task=mail&_mbox=INBOX&_uid=1&_action=show",
            "?_task=settings&_action=plugin.mailotp",
            "?_task=settings&_action=plugin.managesieve",
        ] {
            thief.open(&format!("{there}{page}"));
            thief.wait_for("#mailotp-next");
            // What a keylogger has recorded is spent.
            thief.fill("#mailotp-next", &sheet.codes[0]);
            thief.click(".ui-dialog-buttonset .mainaction");
            thief.wait_text("#mailotp-due-now", "not the code that is due");
            let text = thief.text();
            assert!(
                !text.contains("Welcome, alice") && !text.contains("Revoke"),
                "{page}: {text}"
            );
        }
        browser.script("rcmail.command('checkmail')");
        browser.wait("!rcmail.busy");
        browser.click("#messagelist tr.message td.subject a");
        browser.wait("document.querySelector('#messagecontframe').contentDocument.body.innerText.includes('Hello.')");
    });
}
