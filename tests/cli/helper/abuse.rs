//! Clients that are slow, silent or lying harm nobody but themselves.

use std::time::{Duration, Instant};

use harness::helper::Helper;
use harness::peer::{frame, run};
use harness::site::Site;
use serde_json::json;

use super::{labels, served, sheet};
use crate::HOME;

/// Somebody else is served, and quickly.
fn is_well(site: &Site) {
    let news = site.user("news");
    let begin = Instant::now();
    news.cli(&["add", "app-password"]).done();
    assert!(
        begin.elapsed() < Duration::from_secs(4),
        "{:?}",
        begin.elapsed()
    );
}

#[test]
fn two_hundred_silent_connections_of_one_user_keep_nobody_else_out() {
    let (site, helper) = served("");
    let daemon = site.user("daemon");
    let _silence = daemon.holds(&helper, 200);
    is_well(&site);
    let mut root = helper.connect();
    root.say(&run(&["user", "list"])).expect("it listens");
    assert!(root.hear().expect("it answers")["print"].is_string());
}

#[test]
fn users_together_cannot_keep_root_out() {
    let (site, helper) = served("");
    let users = ["daemon", "bin", "sys", "games", "man", "lp"].map(|name| site.user(name));
    let _silence: Vec<_> = users.iter().map(|user| user.holds(&helper, 40)).collect();
    let mut root = helper.connect();
    root.say(&run(&["user", "list"])).expect("it listens");
    assert!(root.hear().expect("it answers")["print"].is_string());
}

#[test]
fn who_says_nothing_or_drips_is_hung_up_on() {
    let (site, helper) = served("");
    let begin = Instant::now();
    let mut silent = helper.connect();
    let mut dripping = helper.connect();
    let drip = std::thread::spawn(move || {
        let hello = frame(run(&["user", "list"]).to_string().as_bytes());
        for byte in hello {
            if std::io::Write::write_all(&mut dripping.0, &[byte]).is_err() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(300));
        }
        false
    });
    assert!(silent.is_over());
    assert!(
        begin.elapsed() < Duration::from_secs(8),
        "{:?}",
        begin.elapsed()
    );
    assert!(
        drip.join().expect("no panic"),
        "a drip has no end otherwise"
    );
    assert!(
        begin.elapsed() < Duration::from_secs(12),
        "{:?}",
        begin.elapsed()
    );
    is_well(&site);
}

#[test]
fn nonsense_is_answered_by_nothing() {
    let (site, helper) = served("");
    let daemon = site.user("daemon");
    daemon.cli(&["add", "app-password"]).done();
    let deep = "[".repeat(60_000);
    let more = json!({"run": {"arguments": ["show"], "can_ask": false, "is_read": false, "is_coloured": false, "zone": null, "user": "mail"}});
    let both = json!({"run": run(&["show"])["run"], "judge": {}});
    let question = json!({"judge": {"phase": "opening", "account": "daemon", "service": "imap",
        "remote": "local", "second_step": false, "nullok": false, "trusted": true}});
    for bytes in [
        vec![],
        vec![0],
        vec![0xff; 4],
        vec![0xff; 5000],
        [&[0, 1, 0, 1][..], &vec![b' '; 65537]].concat(),
        frame(b""),
        frame(b"null"),
        frame(b"{\"run\":"),
        frame(&[0xc3, 0x28]),
        frame(deep.as_bytes()),
        frame(more.to_string().as_bytes()),
        frame(both.to_string().as_bytes()),
        frame(question.to_string().as_bytes()),
        frame(b"{\"run\": {\"arguments\": \"show\"}}"),
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(),
    ] {
        let begin = Instant::now();
        let said = daemon.talks(&helper, std::slice::from_ref(&bytes));
        assert_eq!(said, Vec::<serde_json::Value>::new(), "{bytes:?}");
        assert!(begin.elapsed() < Duration::from_secs(8), "{bytes:?}");
    }
    is_well(&site);
}

/// Who answers something else than what was asked has not been given anything.
#[test]
fn an_answer_that_does_not_fit_ends_the_command_and_takes_back_what_it_made() {
    let (site, helper) = served("");
    let daemon = site.user("daemon");
    let hello = frame(run(&["add", "app-password"]).to_string().as_bytes());
    for answer in [
        json!({"typed": "00"}),
        json!({"content": "00"}),
        json!({"typed": "0"}),
        json!({"failed": "no paper"}),
        json!({"run": {}}),
        json!("nonsense"),
        json!(null),
    ] {
        let said = daemon.talks(
            &helper,
            &[hello.clone(), frame(answer.to_string().as_bytes())],
        );
        assert!(said[0]["print"].is_string(), "{said:?}");
        let end = &said[1]["end"];
        assert_eq!(end["exit"], 1, "{answer}: {said:?}");
        assert!(
            end["message"]
                .as_str()
                .expect("a text")
                .contains("nothing was added")
        );
        assert!(labels(&daemon).is_empty(), "{answer}");
    }
    let said = daemon.talks(&helper, &[hello.clone(), vec![0xff; 8]]);
    assert_eq!(said[1]["end"]["exit"], 1, "{said:?}");
    assert!(labels(&daemon).is_empty());
    let said = daemon.talks(&helper, &[hello, frame(b"\"done\"")]);
    assert_eq!(said[1]["end"]["exit"], 0, "{said:?}");
    assert_eq!(labels(&daemon).len(), 1);
}

#[test]
fn who_vanishes_at_any_step_gets_nothing_live() {
    let (site, helper) = served("");
    let daemon = site.user("daemon");
    let codes = sheet(&daemon).codes;
    let hello = frame(
        run(&["--json", "add", "app-password", "phone"])
            .to_string()
            .as_bytes(),
    );
    let hex: String = codes[0].bytes().map(|byte| format!("{byte:02x}")).collect();
    let typed = frame(json!({ "typed": hex }).to_string().as_bytes());
    for pieces in [
        &[][..],
        &[hello[..20].to_vec()],
        std::slice::from_ref(&hello),
        &[hello.clone(), typed.clone()],
    ] {
        daemon.vanishes(&helper, pieces);
    }
    // Taking it back is the helper's last step.
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(labels(&daemon), ["sheet"]);
    let said = daemon.talks(&helper, &[hello, typed, frame(b"\"done\"")]);
    assert_eq!(said.last().expect("an end")["end"]["exit"], 0, "{said:?}");
    assert_eq!(labels(&daemon), ["sheet", "phone"]);
}

/// Notes want no answer: whoever reads none of them is soon not written to any more.
#[test]
fn who_reads_nothing_of_a_long_log_is_given_up() {
    let (site, helper) = served("");
    let daemon = site.user("daemon");
    daemon.cli(&["add", "app-password"]).done();
    let _ = site.login("imap", "daemon", HOME, "wrzng-00001");
    let hello = run(&["log", "--follow"]).to_string();
    let _silence = daemon.holds_after(&helper, 8, &frame(hello.as_bytes()));
    std::thread::sleep(Duration::from_millis(500));
    daemon.cli(&["--json", "show"]).error(5);
    is_well(&site);
}

/// A user may have something asked about themselves alone.
#[test]
fn a_question_about_somebody_else_is_not_answered() {
    let (site, helper) = served("trusted = [\"news\"]\n");
    let password = site.app_password("mail", &[]);
    site.app_password("daemon", &[]);
    let ask = |helper: &Helper, user: &str, account: &str| {
        let hex: String = password
            .secret
            .bytes()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let question = json!({"judge": {"phase": {"login": hex}, "account": account, "service": "imap",
            "remote": HOME, "second_step": false, "nullok": false}});
        let said = site
            .user(user)
            .talks(helper, &[frame(question.to_string().as_bytes())]);
        assert_eq!(said.len(), 1);
        said[0].clone()
    };
    for account in ["mail", "MAIL", "nobody-at-all", "root", "", "a/b"] {
        assert_eq!(ask(&helper, "daemon", account), "not-yours", "{account}");
    }
    assert_eq!(
        ask(&helper, "daemon", "daemon")["report"]["answer"],
        "refuse"
    );
    assert_eq!(ask(&helper, "mail", "Mail")["report"]["answer"], "accept");
    assert_eq!(ask(&helper, "news", "mail")["report"]["answer"], "accept");
    let bad = json!({"judge": {"phase": "opening", "account": "daemon", "service": "a b",
        "remote": "example.com", "second_step": false, "nullok": false}});
    let said = site
        .user("daemon")
        .talks(&helper, &[frame(bad.to_string().as_bytes())]);
    assert_eq!(said, ["not-yours"]);
}
