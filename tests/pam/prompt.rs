//! The one question that the module asks.

use std::collections::BTreeSet;

use harness::host::{Reply, Style};
use harness::site::Site;

use crate::{BOTH, HOME};

/// The question of a login that fails.
fn prompt(site: &Site, user: &str) -> String {
    site.login("imap", user, HOME, "?").prompt()
}

fn is_presentable(reply: &Reply) {
    let [prompt] = &reply.prompts[..] else {
        panic!("one message was expected: {:?}", reply.prompts);
    };
    assert_eq!(prompt.style, Style::Hidden);
    assert_eq!(prompt.together, 1);
    assert!(prompt.text.len() <= 200, "{prompt:?}");
    assert!(
        prompt.text.iter().all(|byte| (b' '..=b'~').contains(byte)),
        "{prompt:?}"
    );
}

/// `Code kd 7: ` as its name and its number.
fn parts(prompt: &str) -> (String, u32) {
    let part = prompt
        .strip_prefix("Code ")
        .and_then(|rest| rest.strip_suffix(": "));
    let (name, number) = part
        .and_then(|part| part.split_once(' '))
        .unwrap_or_else(|| panic!("another form: {prompt:?}"));
    assert!(name.len() == 2 && name.chars().all(|letter| letter.is_ascii_lowercase()));
    (name.to_owned(), number.parse().expect("a number"))
}

#[test]
fn it_names_the_sheet_and_the_number_that_is_due() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    for (index, code) in sheet.codes.iter().take(3).enumerate() {
        let reply = site.login("imap", "alice", HOME, code);
        is_presentable(&reply);
        assert_eq!(
            reply.prompt(),
            format!("Code {} {}: ", sheet.name, index + 1)
        );
    }
}

#[test]
fn it_is_the_same_before_and_after_a_wrong_answer() {
    let site = Site::new("");
    site.sheet("alice");
    for user in ["alice", "nobody-knows-me"] {
        let before = prompt(&site, user);
        for wrong in ["wrzng-00001", "123456", "correct horse"] {
            assert_eq!(site.login("imap", user, HOME, wrong).prompt(), before);
        }
        assert_eq!(prompt(&site, user), before);
    }
}

#[test]
fn it_names_several_sheets_oldest_first_and_three_at_most() {
    let site = Site::new("");
    let first = site.sheet("alice").name;
    let second = site.sheet("alice").name;
    assert_eq!(
        prompt(&site, "alice"),
        format!("Code {first} 1 or {second} 1: ")
    );
    let third = site.sheet("alice").name;
    let fourth = site.sheet("alice").name;
    let reply = site.login("imap", "alice", HOME, "?");
    is_presentable(&reply);
    let places: Vec<_> = [first, second, third]
        .iter()
        .map(|name| reply.prompt().find(&format!("{name} 1")))
        .collect();
    assert!(
        places.iter().all(Option::is_some) && places.is_sorted(),
        "{reply:?}"
    );
    assert!(
        !reply.prompt().contains(&format!("{fourth} 1")),
        "{reply:?}"
    );
}

#[test]
fn it_leaves_out_sheets_that_are_out_of_scope_or_gone() {
    let site = Site::new("");
    let _elsewhere = site.sheet_with("alice", &["--service", "webmail"]);
    let gone = site.sheet("alice");
    let here = site.sheet("alice");
    site.json("alice", &["revoke", &gone.id]);
    assert_eq!(prompt(&site, "alice"), format!("Code {} 1: ", here.name));
}

/// CVE-2007-2243 OPIE: the challenge told which accounts exist.
#[test]
fn cve_2007_2243_it_is_made_up_for_accounts_that_have_no_sheet() {
    let site = Site::new("");
    site.sheet("alice");
    site.app_password("bob", &[]);
    let mut seen = BTreeSet::new();
    for user in ["alice", "bob", "carol", "dave", "erin", "frank"] {
        let reply = site.login("imap", user, HOME, "?");
        is_presentable(&reply);
        let (name, number) = parts(&reply.prompt());
        assert!(number > 0);
        assert_eq!(prompt(&site, user), reply.prompt(), "it is stable");
        seen.insert(name);
    }
    assert!(seen.len() > 3, "made-up names differ: {seen:?}");
}

#[test]
fn it_is_made_up_otherwise_at_another_site() {
    let prompts: BTreeSet<String> = (0..4).map(|_| prompt(&Site::new(""), "carol")).collect();
    assert!(prompts.len() > 1, "{prompts:?}");
}

#[test]
fn it_is_made_up_by_the_account_and_not_by_the_spelling() {
    let site = Site::new("");
    assert_eq!(prompt(&site, "carol"), prompt(&site, "CAROL"));
}

#[test]
fn it_says_what_the_rule_takes() {
    for (accept, before) in [
        ("\"otp\"", "Code "),
        ("\"password\", \"otp\"", "Password or code "),
        ("\"password+otp\"", "Password and code "),
    ] {
        let site = Site::new(&format!("[[rule]]\naccept = [{accept}]\n"));
        let sheet = site.sheet("alice");
        assert_eq!(
            prompt(&site, "alice"),
            format!("{before}{} 1: ", sheet.name)
        );
        assert!(prompt(&site, "bob").starts_with(before));
    }
}

#[test]
fn it_asks_for_a_password_where_the_rule_takes_no_code() {
    for accept in [
        "\"password\"",
        "\"app-password\"",
        "\"password\", \"app-password\"",
        "",
    ] {
        let site = Site::new(&format!("[[rule]]\naccept = [{accept}]\n"));
        site.sheet("alice");
        for user in ["alice", "bob"] {
            let reply = site.login("imap", user, HOME, "wrong");
            // A login that is denied in any case may do without the question.
            if !(accept.is_empty() && reply.prompts.is_empty()) {
                assert_eq!(reply.prompt(), "Password: ", "{accept}");
            }
        }
    }
}

#[test]
fn it_is_the_same_for_a_code_and_for_a_password_with_a_code() {
    let site = Site::new(BOTH);
    let sheet = site.sheet("alice");
    let reply = site.login("imap", "alice", HOME, format!("horse{}", sheet.codes[0]));
    is_presentable(&reply);
    assert_eq!(
        prompt(&site, "alice"),
        format!("Password and code {} 2: ", sheet.name)
    );
}

#[test]
fn names_of_users_never_reach_it() {
    let site = Site::new("");
    for user in ["[ALERT] x", "%s%n", "x\u{fc}"] {
        let reply = site.login("imap", user, HOME, "?");
        if !reply.prompts.is_empty() {
            is_presentable(&reply);
            assert!(!reply.prompt().contains('['));
        }
    }
}
