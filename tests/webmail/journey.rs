//! From the login page to logging out.

use harness::server::Server;

use crate::browser::{Browser, driver};
use crate::expiry::renew;
use crate::stage::{CAFE, Stage, USUAL, Wish};

/// The webmail as somebody sees it who sits in the café: the driver, which has to live as long, a browser with the
/// login page, and its address.
pub fn at_the_cafe(stage: &Stage) -> (Server, Browser, String) {
    let driver = driver();
    let browser = Browser::start();
    let url = stage.seen_from(CAFE, "");
    browser.open(&url);
    (driver, browser, url)
}

/// Types a code on the login page, and sends it.
pub fn submit(browser: &Browser, user: &str, code: &str) {
    browser.fill("#rcmloginuser", user);
    browser.fill("#rcmloginpwd", code);
    browser.click("#rcmloginsubmit");
}

/// Logs in, as far as the inbox.
pub fn log_in(browser: &Browser, user: &str, code: &str) {
    submit(browser, user, code);
    browser.wait_for("#messagelist");
    // Whoever leaves the page while it asks for more may take away what the next one has kept.
    browser.wait("!rcmail.busy && $.active === 0");
}

#[test]
fn a_user_asks_which_code_is_due_types_it_works_and_leaves_nothing_behind() {
    Stage::run(USUAL, |stage| {
        let sheet = stage.user("alice");
        let (_driver, browser, url) = at_the_cafe(stage);
        browser.wait_for("#mailotp-ask");
        browser.picture("login");
        browser.fill("#rcmloginuser", "alice");
        browser.click("#mailotp-ask");
        browser.wait_text("#mailotp-challenge", &format!("Code {} 1", sheet.name));
        browser.picture("login-due");
        log_in(&browser, "alice", &sheet.codes[0]);
        browser.wait_text("#messagelist", "Welcome, alice");
        browser.wait_text("#messagestack", "Codes left: 9");
        browser.picture("inbox");
        let windows = stage.ask("alice", &["grace", "list"]);
        assert_eq!(windows[0]["remote"], CAFE.to_string());
        assert_eq!(windows[0]["service"], "webmail");
        // Filters, by ManageSieve.
        browser.open(&format!("{url}?_task=settings&_action=plugin.managesieve"));
        browser.wait_for("#filterslist, #filterslist-table");
        let judged = |service: &str| {
            let events = stage.events("alice");
            events
                .iter()
                .any(|event| event[0] == service && event[2] == "continued")
        };
        assert!(
            judged("sieve") && judged("webmail"),
            "{:?}",
            stage.events("alice")
        );
        browser.picture("filters");
        assert_eq!(browser.complaints(), Vec::<String>::new());
        browser.click("#taskmenu a.logout");
        browser.wait_for("#rcmloginuser");
        assert_eq!(
            stage.ask("alice", &["grace", "list"]),
            serde_json::json!([])
        );
        assert_eq!(stage.log(), "");

        // Neither the button of the browser nor what was recorded leads back.
        browser.back();
        browser.wait_for("#rcmloginuser");
        assert!(!browser.text().contains("Welcome, alice"));
        browser.open(&format!("{url}?_task=mail"));
        browser.wait_for("#rcmloginuser");
        submit(&browser, "alice", &sheet.codes[0]);
        browser.wait_text("#mailotp-challenge", &format!("Code {} 2", sheet.name));
        browser.picture("login-failed");
    });
}

/// In each skin and language: no label is missing, and nothing breaks.
#[test]
fn each_skin_speaks_each_language() {
    for skin in ["elastic", "larry"] {
        let wish = Wish {
            roundcube: if skin == "larry" {
                "$config['skin'] = 'larry';\n"
            } else {
                ""
            },
            ..USUAL
        };
        Stage::run(wish, |stage| {
            let _driver = driver();
            for (user, language, settings) in [
                ("alice", "en_US", "Passwords and codes"),
                ("bob", "de_DE", "Passwörter und Codes"),
                ("carol", "fr_FR", "Mots de passe et codes"),
            ] {
                let sheet = stage.user(user);
                let browser = Browser::speaking(&language.replace('_', "-"));
                let url = stage.seen_from(CAFE, "");
                browser.open(&url);
                browser.fill("#rcmloginuser", user);
                browser.click("#mailotp-ask");
                browser.wait_text("#mailotp-challenge", &format!("Code {} 1", sheet.name));
                browser.picture(&format!("{skin}-{language}-login"));
                log_in(&browser, user, &sheet.codes[0]);
                stage.end_windows(user);
                browser.script("rcmail.command('checkmail')");
                browser.wait_for("#mailotp-next");
                browser.picture(&format!("{skin}-{language}-expired"));
                renew(&browser, &sheet.codes[1]);
                browser.open(&format!("{url}?_task=settings&_action=plugin.mailotp"));
                browser.wait_text("#mailotp-table", "8");
                browser.wait_text("body", settings);
                browser.picture(&format!("{skin}-{language}-settings"));
                let text = browser.text();
                assert!(
                    !text.contains("[mailotp.") && !text.contains("mailotp."),
                    "{text}"
                );
                assert_eq!(browser.complaints(), Vec::<String>::new());
            }
        });
    }
}
