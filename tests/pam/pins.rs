//! PINs: what a stolen sheet, calculator or token is good for without its owner.

use harness::host::Request;
use harness::site::Site;

use crate::{BOTH, ELSEWHERE, HOME};

/// Codes alone: what stands before one is a PIN, or wrong.
const CODES: &str = "[[rule]]\naccept = [\"otp\"]\n";

/// A code of every kind that people type, for an account that gets one of each.
fn one_of_each(site: &Site, user: &str) -> Vec<String> {
    let sheet = site.sheet_with(user, &["--count", "2"]);
    let sequence = site.sequence(user);
    let response = site.response(&sequence, 99);
    let next = site.response(&sequence, 98);
    let mut codes = sheet.codes;
    codes.extend([response.hex, next.words]);
    codes.extend([site.totp(user).code(0), site.hotp(user).code(0)]);
    codes
}

/// CVE-2021-31924 pam_u2f: the PIN could be left out.
#[test]
fn cve_2021_31924_where_one_is_set_a_code_of_any_kind_without_it_is_wrong_and_not_spent() {
    let site = Site::new("");
    let codes = one_of_each(&site, "alice");
    site.set_pin("alice", "4711");
    for code in &codes {
        let verdict = site.verdict("imap", "alice", HOME, code);
        assert_eq!(verdict, "PAM_AUTH_ERR", "{code}");
        let reply = site.login("imap", "alice", HOME, format!("4711{code}"));
        assert_eq!(reply.verdict(), "PAM_SUCCESS", "{code}");
        let bare = site.verdict("imap", "alice", HOME, code);
        assert_eq!(bare, "PAM_AUTH_ERR", "in its window: {code}");
    }
}

#[test]
fn an_app_password_and_a_kill_code_have_none_before_them() {
    let site = Site::new("");
    let app = site.app_password("alice", &[]);
    let sheet = site.sheet_with("alice", &["--count", "1"]);
    site.set_pin("alice", "4711");
    let with_pin = site.verdict("imap", "alice", HOME, format!("4711{}", app.secret));
    assert_eq!(with_pin, "PAM_AUTH_ERR");
    assert_eq!(
        site.verdict("imap", "alice", HOME, &app.secret),
        "PAM_SUCCESS"
    );
    site.login("imap", "alice", HOME, &sheet.kill);
    assert_eq!(site.last_login()["reason"], "killed");
}

#[test]
fn blanks_and_dashes_may_stand_between_it_and_the_code() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    site.set_pin("alice", "4711");
    for (code, between) in sheet.codes.iter().zip(["", " ", "-", "   ", " - "]) {
        let typed = format!("4711{between}{code}");
        assert_eq!(
            site.verdict("imap", "alice", HOME, &typed),
            "PAM_SUCCESS",
            "{typed}"
        );
    }
}

#[test]
fn a_wrong_one_spends_no_code_and_nobody_is_told_which_part_was_wrong() {
    let site = Site::new(CODES);
    let sheet = site.sheet_with("alice", &["--count", "2"]);
    site.set_pin("alice", "4711");
    let code = &sheet.codes[0];
    let mut told = Vec::new();
    for typed in [
        format!("4712{code}"),
        format!("04711{code}"),
        format!("471{code}"),
        "4711wrzng-00001".to_owned(),
        "4712wrzng-00001".to_owned(),
    ] {
        let reply = site.login("imap", "alice", HOME, &typed);
        let event = site.last_login();
        told.push((
            reply.verdict().to_owned(),
            reply.prompt(),
            event["reason"].clone(),
            event["credential"].clone(),
        ));
    }
    assert_eq!(told, vec![told[0].clone(); 5]);
    assert_eq!(told[0].0, "PAM_AUTH_ERR");
    let right = site.verdict("imap", "alice", HOME, format!("4711 {code}"));
    assert_eq!(right, "PAM_SUCCESS");
}

#[test]
fn two_accounts_may_have_the_same_one_and_neither_is_told() {
    let site = Site::new("");
    let [alice, bob] = ["alice", "bob"].map(|user| site.sheet_with(user, &["--count", "3"]).codes);
    site.set_pin("alice", "4711");
    site.set_pin("bob", "4711");
    for (user, codes) in [("alice", &alice), ("bob", &bob)] {
        let typed = format!("4711{}", codes[0]);
        assert_eq!(site.verdict("imap", user, HOME, typed), "PAM_SUCCESS");
    }
    let crossed = site.verdict("imap", "alice", HOME, format!("4711{}", bob[1]));
    assert_eq!(crossed, "PAM_AUTH_ERR");
    // What one of them does with it is nothing to the other.
    site.json("alice", &["pin", "clear"]);
    assert_eq!(
        site.verdict("imap", "alice", HOME, &alice[1]),
        "PAM_SUCCESS"
    );
    assert_eq!(site.verdict("imap", "bob", HOME, &bob[1]), "PAM_AUTH_ERR");
    let bobs = site.verdict("imap", "bob", HOME, format!("4711{}", bob[1]));
    assert_eq!(bobs, "PAM_SUCCESS");
}

#[test]
fn the_sites_is_everybodys_who_has_none_of_their_own() {
    let site = Site::new("");
    let [alice, bob] = ["alice", "bob"].map(|user| site.sheet_with(user, &["--count", "4"]).codes);
    site.set_site_pin("site-1");
    site.set_pin("bob", "his own");
    for (user, typed, verdict) in [
        ("alice", alice[0].clone(), "PAM_AUTH_ERR"),
        ("alice", format!("his own{}", alice[0]), "PAM_AUTH_ERR"),
        ("alice", format!("site-1{}", alice[0]), "PAM_SUCCESS"),
        ("bob", format!("site-1{}", bob[0]), "PAM_AUTH_ERR"),
        ("bob", format!("his own{}", bob[0]), "PAM_SUCCESS"),
    ] {
        assert_eq!(
            site.verdict("imap", user, HOME, &typed),
            verdict,
            "{user} {typed}"
        );
    }
    site.json("bob", &["pin", "clear"]);
    let as_everybody = site.verdict("imap", "bob", HOME, format!("site-1{}", bob[1]));
    assert_eq!(as_everybody, "PAM_SUCCESS");
    site.cli(["pin", "clear", "--site"]).done();
    for (user, code) in [("alice", &alice[1]), ("bob", &bob[2])] {
        assert_eq!(
            site.verdict("imap", user, HOME, code),
            "PAM_SUCCESS",
            "{user}"
        );
    }
}

#[test]
fn a_new_one_or_none_ends_the_windows_of_the_old_one() {
    let site = Site::new("");
    let codes = site.sheet_with("alice", &["--count", "3"]).codes;
    site.set_pin("alice", "4711");
    let typed = format!("4711{}", codes[0]);
    assert_eq!(site.verdict("imap", "alice", HOME, &typed), "PAM_SUCCESS");
    site.set_pin("alice", "0815");
    assert_eq!(site.verdict("imap", "alice", HOME, &typed), "PAM_AUTH_ERR");
    let typed = format!("0815{}", codes[1]);
    assert_eq!(site.verdict("imap", "alice", HOME, &typed), "PAM_SUCCESS");
    site.json("alice", &["pin", "clear"]);
    for typed in [&typed, &codes[1]] {
        assert_eq!(site.verdict("imap", "alice", HOME, typed), "PAM_AUTH_ERR");
    }
    assert_eq!(
        site.verdict("imap", "alice", HOME, &codes[2]),
        "PAM_SUCCESS"
    );
}

#[test]
fn password_pin_and_code_are_taken_apart_from_the_right() {
    let site = Site::new(BOTH);
    let codes = one_of_each(&site, "alice");
    site.set_pin("alice", "s3sam");
    for (code, from) in codes.iter().zip(["192.0.2.1", "192.0.2.2", "192.0.2.3"]) {
        for missing in [format!("s3sam{code}"), format!("correct horse {code}")] {
            let verdict = site.verdict("imap", "alice", from, &missing);
            assert_eq!(verdict, "PAM_AUTH_ERR", "{missing:?}");
        }
    }
    for code in &codes {
        for (before, between) in [("correct horse", " "), ("99 bottles-", ""), ("s3sam", "-")] {
            let typed = format!("{before}s3sam{between}{code}");
            // Right behind six words no letter may stand: it would belong to the first of them.
            if between.is_empty() && code.starts_with(|first: char| first.is_ascii_uppercase()) {
                continue;
            }
            let reply = site.login("imap", "alice", HOME, &typed);
            assert_eq!(reply.verdict(), "PAM_IGNORE", "{typed:?}");
            assert_eq!(reply.handed_on().as_deref(), Some(before), "{typed:?}");
        }
    }
}

#[test]
fn beyond_ascii_it_is_the_same_however_its_letters_are_composed_and_case_counts() {
    let site = Site::new("");
    let codes = site.sheet_with("alice", &["--count", "3"]).codes;
    site.set_pin("alice", "Gr\u{fc}\u{df}e");
    for (pin, code, verdict) in [
        ("gr\u{fc}\u{df}e", &codes[0], "PAM_AUTH_ERR"),
        ("Gr\u{fc}sse", &codes[0], "PAM_AUTH_ERR"),
        ("Gru\u{308}\u{df}e", &codes[0], "PAM_SUCCESS"),
        ("Gr\u{fc}\u{df}e ", &codes[1], "PAM_SUCCESS"),
    ] {
        let typed = format!("{pin}{code}");
        assert_eq!(
            site.verdict("imap", "alice", HOME, &typed),
            verdict,
            "{typed}"
        );
    }
}

#[test]
fn the_gate_shows_the_same_and_compares_nothing() {
    let site = Site::new("");
    let sheet = site.sheet_with("alice", &["--count", "2"]);
    site.gate("mailotp-imap-challenge", "");
    let gate = |user: &str, typed: String| {
        let request = Request::new("mailotp-imap-challenge", user).from(HOME);
        let reply = site.ask(request.answer(typed));
        (reply.verdict().to_owned(), reply.prompt())
    };
    let before = gate("alice", "?".to_owned());
    site.set_pin("alice", "4711");
    let code = &sheet.codes[0];
    for typed in [
        "?".to_owned(),
        code.clone(),
        format!("4711{code}"),
        format!("0815{code}"),
    ] {
        assert_eq!(gate("alice", typed), before);
    }
    assert_eq!(before.0, "PAM_AUTH_ERR");
    assert_eq!(site.guesses_left("alice"), 8);
    let typed = format!("4711{code}");
    assert_eq!(site.verdict("imap", "alice", HOME, typed), "PAM_SUCCESS");
}

#[test]
fn a_stolen_sheet_buys_eight_guesses_at_it_and_locks_nobody_out_at_home() {
    let site = Site::new("");
    let codes = site.sheet_with("alice", &["--count", "3"]).codes;
    site.set_pin("alice", "4711");
    let right = |code: &str| format!("4711{code}");
    let verdict = site.verdict("imap", "alice", HOME, right(&codes[0]));
    assert_eq!(verdict, "PAM_SUCCESS");
    let guess = |number: u32| {
        let from = format!("203.0.113.{number}");
        site.verdict(
            "imap",
            "alice",
            &from,
            format!("{}{}", 5000 + number, codes[1]),
        )
    };
    for number in 0..12 {
        assert_eq!(guess(number), "PAM_AUTH_ERR", "{number}");
    }
    assert_eq!(site.guesses_left("alice"), 0);
    let strange = site.verdict("imap", "alice", ELSEWHERE, right(&codes[1]));
    assert_ne!(
        strange, "PAM_SUCCESS",
        "the right one is as good as a wrong one"
    );
    let at_home = site.verdict("imap", "alice", HOME, right(&codes[1]));
    assert_eq!(at_home, "PAM_SUCCESS");
}

/// Promise 7: what a stranger can type without a code costs the account no guess.
#[test]
fn without_a_code_nobody_uses_the_guesses_up() {
    let site = Site::new("");
    let codes = site.sheet_with("alice", &["--count", "1"]).codes;
    site.set_pin("alice", "4711");
    for number in 0..10 {
        let from = format!("203.0.113.{number}");
        let typed = format!("{}wrzng-0000{number}", 5000 + number);
        assert_eq!(site.verdict("imap", "alice", &from, typed), "PAM_AUTH_ERR");
    }
    assert_eq!(site.guesses_left("alice"), 8);
    let typed = format!("4711{}", codes[0]);
    assert_eq!(
        site.verdict("imap", "alice", ELSEWHERE, typed),
        "PAM_SUCCESS"
    );
}

#[test]
fn accounts_without_one_type_their_codes_as_before() {
    let site = Site::new(CODES);
    let codes = one_of_each(&site, "alice");
    site.sheet_with("bob", &["--count", "1"]);
    site.set_pin("bob", "4711");
    for code in &codes {
        let with_his = site.verdict("imap", "alice", ELSEWHERE, format!("4711!{code}"));
        assert_ne!(with_his, "PAM_SUCCESS", "{code}");
        assert_eq!(
            site.verdict("imap", "alice", HOME, code),
            "PAM_SUCCESS",
            "{code}"
        );
    }
}
