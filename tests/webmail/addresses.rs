//! Who is where: what is forwarded, what is forged, and what is not known.

use std::net::Ipv4Addr;

use crate::browser::{Browser, driver};
use crate::journey::{at_the_cafe, log_in, submit};
use crate::stage::{CAFE, PROXY, Stage, USUAL, Wish, command};

/// The remotes of all logins that were judged as the webmail's.
fn remotes(stage: &Stage, account: &str) -> Vec<String> {
    let events = stage.events(account).into_iter();
    let mut remotes: Vec<String> = events
        .filter(|[service, ..]| service == "webmail")
        .map(|[_, remote, _]| remote)
        .collect();
    remotes.dedup();
    remotes
}

#[test]
fn a_forged_header_changes_nothing() {
    Stage::run(USUAL, |stage| {
        let sheet = stage.user("alice");
        let _driver = driver();
        let browser = Browser::start();
        let forged = "X-Forwarded-For: 203.0.113.9\r\nX-Real-IP: 203.0.113.9\r\nForwarded: for=203.0.113.9\r\n";
        browser.open(&stage.seen_from(CAFE, forged));
        log_in(&browser, "alice", &sheet.codes[0]);
        assert_eq!(remotes(stage, "alice"), [CAFE.to_string()]);
    });
}

#[test]
fn two_users_behind_one_proxy_have_an_address_each() {
    Stage::run(USUAL, |stage| {
        let (alice, bob) = (stage.user("alice"), stage.user("bob"));
        let _driver = driver();
        // The first was claimed by the client itself.
        let places = [
            (
                "alice",
                &alice,
                "203.0.113.7",
                "X-Forwarded-For: 198.51.100.1, 203.0.113.7\r\n",
            ),
            (
                "bob",
                &bob,
                "2001:db8::5",
                "X-Forwarded-For: 2001:db8::5\r\n",
            ),
        ];
        for (user, sheet, remote, header) in places {
            let browser = Browser::start();
            browser.open(&stage.seen_from(PROXY, header));
            log_in(&browser, user, &sheet.codes[0]);
            assert_eq!(remotes(stage, user), [remote]);
        }
        // A code that bob has read from alice's hand.
        let browser = Browser::start();
        browser.open(&stage.seen_from(PROXY, places[1].3));
        submit(&browser, "alice", &alice.codes[0]);
        browser.wait_text("#mailotp-challenge", &format!("Code {} 2", alice.name));
    });
}

#[test]
fn nobody_logs_in_through_a_proxy_that_the_webmail_does_not_know() {
    Stage::run(USUAL, |stage| {
        let sheet = stage.user("alice");
        let _driver = driver();
        let browser = Browser::start();
        browser.open(&stage.seen_from(Ipv4Addr::LOCALHOST, "X-Forwarded-For: 203.0.113.7\r\n"));
        browser.fill("#rcmloginuser", "alice");
        browser.click("#mailotp-ask");
        browser.wait_text("#mailotp-challenge", "proxy_whitelist");
        browser.fill("#rcmloginpwd", &sheet.codes[0]);
        browser.click("#rcmloginsubmit");
        browser.wait_text("#messagestack", "proxy_whitelist");
        browser.picture("no-address");
        assert_eq!(remotes(stage, "alice"), Vec::<String>::new());
        assert!(stage.log().contains("proxy_whitelist"), "{}", stage.log());
    });
}

#[test]
fn a_login_ends_at_once_where_the_mail_server_believes_no_address() {
    let unforwarded = Wish {
        forwarded: false,
        ..USUAL
    };
    Stage::run(unforwarded, |stage| {
        let sheet = stage.user("alice");
        let (_driver, browser, url) = at_the_cafe(stage);
        submit(&browser, "alice", &sheet.codes[0]);
        browser.wait_text("#messagestack", "login_trusted_networks");
        browser.picture("unforwarded");
        browser.open(&format!("{url}?_task=mail"));
        browser.wait_for("#rcmloginuser");
        assert!(
            stage.log().contains("login_trusted_networks"),
            "{}",
            stage.log()
        );
        assert!(
            stage
                .events("alice")
                .iter()
                .any(|event| event[1] == "127.0.0.1")
        );
        let doctor = harness::tool::feed(
            "mailotp",
            "/run/sandbox/mailotp-cli",
            &["--json", "doctor"],
            "",
        );
        assert!(
            doctor.stdout.contains("forwarding-missing"),
            "{}",
            doctor.stdout
        );
        command(&["--user", "alice", "show"]);
    });
}
