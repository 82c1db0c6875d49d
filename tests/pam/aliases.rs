//! Aliases: one-time user names, for machines that must not learn who has sat there.

use harness::host::Phase::{Account, Authenticate, CloseSession, Credentials, OpenSession};
use harness::host::{Reply, Request};
use harness::site::Site;

use crate::{BOTH, ELSEWHERE, HOME, PASSWORD_TOO};

/// `PAM_USER` at the end of a login.
fn user(reply: &Reply) -> &str {
    let name = reply.user.as_deref().expect("a login has a name");
    std::str::from_utf8(name).expect("names are UTF-8")
}

/// A login that is refused and leaves the name of the user alone.
fn refused(site: &Site, name: &str, from: &str, typed: &str) {
    let reply = site.login("imap", name, from, typed);
    assert_eq!(reply.verdict(), "PAM_AUTH_ERR", "{name} {from} {typed}");
    assert_eq!(user(&reply), name);
}

/// A login that succeeds, with the name that the server goes on with.
fn accepted(site: &Site, name: &str, from: &str, typed: &str, goes_on_as: &str) {
    let reply = site.login("imap", name, from, typed);
    assert_eq!(reply.verdict(), "PAM_SUCCESS", "{name} {from} {typed}");
    assert_eq!(user(&reply), goes_on_as);
}

#[test]
fn it_stands_for_the_account_in_one_login_with_a_code_of_any_kind() {
    let site = Site::new("");
    let aliases = site.aliases("alice");
    let sequence = site.sequence("alice");
    let codes = [
        site.sheet_with("alice", &["--count", "1"]).codes.remove(0),
        site.response(&sequence, 99).words,
        site.totp("alice").code(0),
        site.hotp("alice").code(0),
    ];
    for ((alias, code), left) in aliases.names.iter().zip(&codes).zip([3, 2, 1, 0]) {
        accepted(&site, alias, HOME, code, "alice");
        assert_eq!(site.left("alice", &aliases.id), Some(left));
        let event = site.last_login();
        assert_eq!(event["account"], "alice");
        assert!(!event.to_string().contains(alias), "{event}");
    }
}

#[test]
fn names_that_are_no_alias_stay_as_they_were_typed() {
    let site = Site::new("users.domain = \"example.com\"\n");
    let sheet = site.sheet("alice");
    site.aliases("alice");
    for (name, code) in ["Alice", "ALICE@example.com"].iter().zip(&sheet.codes) {
        accepted(&site, name, HOME, code, name);
    }
    for stranger in ["bob", "q0000000a", "quentin"] {
        refused(&site, stranger, HOME, &sheet.codes[2]);
    }
}

#[test]
fn it_is_known_in_any_case_and_with_the_domain_that_a_server_adds() {
    let site = Site::new("users.domain = \"example.com\"\n");
    let sheet = site.sheet("alice");
    let aliases = site.aliases("alice").names;
    let typed = [
        aliases[0].to_uppercase(),
        format!("{}@example.com", aliases[1]),
        format!("{}@mail.example.org", aliases[2].to_uppercase()),
    ];
    // The site's own domain stands behind the account too, as at a login without an alias; a foreign one
    // would make another account of it.
    let goes_on_as = ["alice", "alice@example.com", "alice"];
    for ((name, code), user) in typed.iter().zip(&sheet.codes).zip(goes_on_as) {
        accepted(&site, name, HOME, code, user);
    }
    // Nor does another spelling bring one back.
    for alias in &aliases[..3] {
        refused(&site, alias, ELSEWHERE, &sheet.codes[3]);
    }
    accepted(&site, &aliases[3], ELSEWHERE, &sheet.codes[3], "alice");
}

#[test]
fn it_lives_as_long_as_the_window_that_it_has_opened_and_nowhere_else() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    let aliases = site.aliases("alice").names;
    let (alias, code) = (&aliases[0], &sheet.codes[0]);
    for _ in 0..3 {
        accepted(&site, alias, HOME, code, "alice");
    }
    for (name, from, typed) in [
        (alias.as_str(), ELSEWHERE, code),
        (alias, HOME, &sheet.codes[1]),
        (&aliases[1], HOME, code),
        (&aliases[1], ELSEWHERE, code),
        ("alice", HOME, code),
        ("alice", ELSEWHERE, code),
    ] {
        refused(&site, name, from, typed);
    }
    site.json("alice", &["grace", "end"]);
    refused(&site, alias, HOME, code);
    accepted(&site, &aliases[1], HOME, &sheet.codes[1], "alice");
}

#[test]
fn a_wrong_code_spends_none_and_is_a_wrong_code_of_the_account() {
    let site = Site::new("");
    let token = site.hotp("alice");
    let aliases = site.aliases("alice");
    for code in token.wrong_codes(0, 3) {
        refused(&site, &aliases.names[0], ELSEWHERE, &code);
    }
    assert_eq!(site.guesses_left("alice"), 5);
    assert_eq!(site.left("alice", &aliases.id), Some(4));
    accepted(&site, &aliases.names[0], ELSEWHERE, &token.code(0), "alice");
    assert_eq!(
        site.guesses_left("alice"),
        5,
        "a right one gives its charge back"
    );
}

#[test]
fn a_password_before_the_code_goes_on_under_the_name_of_the_account() {
    let site = Site::new(BOTH);
    let sequence = site.sequence("alice");
    let aliases = site.aliases("alice").names;
    let words = site.response(&sequence, 99).words;
    for before in ["misspelt", "correct horse", "correct horse"] {
        let reply = site.login("imap", &aliases[0], HOME, format!("{before} {words}"));
        assert_eq!(reply.verdict(), "PAM_IGNORE");
        assert_eq!(reply.handed_on().as_deref(), Some(before));
        assert_eq!(user(&reply), "alice");
    }
    refused(&site, &aliases[0], HOME, &words);
    refused(
        &site,
        &aliases[1],
        ELSEWHERE,
        &format!("correct horse {words}"),
    );
}

#[test]
fn where_a_main_password_may_follow_an_alias_is_a_name_like_any_other() {
    for toml in [PASSWORD_TOO, "mode = \"observe\"\n"] {
        let site = Site::new(toml);
        let sheet = site.sheet_with("alice", &["--count", "1"]);
        let aliases = site.aliases("alice");
        let alias = &aliases.names[0];
        for typed in ["correct horse", "wrzng-00001"] {
            let reply = site.login("imap", alias, HOME, typed);
            assert_eq!(reply.verdict(), "PAM_IGNORE", "{toml}");
            assert_eq!(reply.handed_on().as_deref(), Some(typed));
            assert_eq!(user(&reply), alias, "nobody has shown that it is alice");
        }
        assert_eq!(site.left("alice", &aliases.id), Some(4));
        accepted(&site, alias, HOME, &sheet.codes[0], "alice");
    }
}

#[test]
fn the_rules_of_the_account_decide() {
    let rules = "[[rule]]\nusers = [\"alice\"]\naccept = [\"otp\"]\n[[rule]]\naccept = []\n";
    let site = Site::new(rules);
    let sheet = site.sheet("alice");
    let alias = site.aliases("alice").names.remove(0);
    accepted(&site, &alias, HOME, &sheet.codes[0], "alice");
    let reply = site.login("imap", &alias, ELSEWHERE, &sheet.codes[1]);
    assert_eq!(reply.verdict(), "PAM_PERM_DENIED", "spent: a stranger");
    assert_eq!(user(&reply), alias);

    let rules = "[[rule]]\nusers = [\"alice\"]\naccept = []\n[[rule]]\naccept = [\"otp\"]\n";
    let site = Site::new(rules);
    let sheet = site.sheet("alice");
    let alias = site.aliases("alice").names.remove(0);
    let reply = site.login("imap", &alias, HOME, &sheet.codes[0]);
    assert_eq!(reply.verdict(), "PAM_PERM_DENIED");
    assert_eq!(user(&reply), alias);
}

#[test]
fn an_app_password_has_no_use_for_one() {
    let site = Site::new("");
    let app = site.app_password("alice", &[]);
    let sheet = site.sheet_with("alice", &["--count", "1"]);
    let aliases = site.aliases("alice");
    refused(&site, &aliases.names[0], HOME, &app.secret);
    assert_eq!(site.left("alice", &aliases.id), Some(4));
    accepted(&site, &aliases.names[0], HOME, &sheet.codes[0], "alice");
}

#[test]
fn the_pin_of_the_account_belongs_before_the_code() {
    let site = Site::new("");
    let sheet = site.sheet_with("alice", &["--count", "1"]);
    let aliases = site.aliases("alice").names;
    site.set_pin("alice", "4711");
    refused(&site, &aliases[0], HOME, &sheet.codes[0]);
    let typed = format!("4711 {}", sheet.codes[0]);
    accepted(&site, &aliases[0], HOME, &typed, "alice");
    accepted(&site, &aliases[0], HOME, &typed, "alice");
    refused(&site, &aliases[0], HOME, &sheet.codes[0]);
}

#[test]
fn revoked_ones_are_names_that_nobody_has_and_so_are_those_of_somebody_without_codes() {
    let site = Site::new("");
    let sheet = site.sheet_with("alice", &["--count", "2"]);
    let [gone, kept] = [site.aliases("alice"), site.aliases("alice")];
    accepted(&site, &gone.names[0], HOME, &sheet.codes[0], "alice");
    site.json("alice", &["revoke", &gone.id]);
    for alias in &gone.names[..2] {
        refused(&site, alias, HOME, &sheet.codes[0]);
        refused(&site, alias, HOME, &sheet.codes[1]);
    }
    accepted(&site, &kept.names[0], HOME, &sheet.codes[1], "alice");
    let lonely = site.aliases("bob").names;
    for typed in ["wrzng-00001", "123456", "correct horse"] {
        refused(&site, &lonely[0], HOME, typed);
    }
}

#[test]
fn a_lock_of_the_account_holds_for_its_aliases() {
    let site = Site::new("");
    let sheet = site.sheet_with("alice", &["--count", "2"]);
    let aliases = site.aliases("alice").names;
    accepted(&site, &aliases[0], HOME, &sheet.codes[0], "alice");
    site.cli(["user", "lock", "alice"]).done();
    refused(&site, &aliases[0], HOME, &sheet.codes[0]);
    refused(&site, &aliases[1], HOME, &sheet.codes[1]);
    site.cli(["user", "unlock", "alice"]).done();
    accepted(&site, &aliases[1], HOME, &sheet.codes[1], "alice");
}

#[test]
fn the_question_is_the_accounts_while_it_can_be_spent_and_a_strangers_afterwards() {
    for toml in ["", "otp.challenge = [\"sheet\", \"sequence\"]\n"] {
        let site = Site::new(toml);
        let sheet = site.sheet_with("alice", &["--count", "2"]);
        site.sequence("alice");
        let alias = site.aliases("alice").names.remove(0);
        let prompt = |name: &str| site.login("imap", name, HOME, "?").prompt();
        assert_eq!(prompt(&alias), prompt("alice"));
        accepted(&site, &alias, HOME, &sheet.codes[0], "alice");
        let made_up = prompt(&alias);
        assert_ne!(made_up, prompt("alice"));
        assert_eq!(made_up, prompt(&alias.to_uppercase()), "and stable");
    }
}

#[test]
fn the_phases_after_it_are_about_the_account() {
    let all = [
        Authenticate,
        Account,
        Credentials,
        OpenSession,
        CloseSession,
    ];
    for rules in [
        "",
        "[[rule]]\nusers = [\"alice\"]\naccept = [\"otp\"]\n[[rule]]\naccept = []\n",
    ] {
        let site = Site::new(rules);
        let sheet = site.sheet_with("alice", &["--count", "1"]);
        let alias = site.aliases("alice").names.remove(0);
        for _ in 0..2 {
            let request = Request::new("imap", &alias)
                .from(HOME)
                .answer(&sheet.codes[0]);
            let reply = site.ask(request.phases(&all));
            for (phase, code) in &reply.phases {
                assert_eq!(code, "PAM_SUCCESS", "{phase:?}");
            }
            assert_eq!(user(&reply), "alice");
            assert!(reply.left_behind.is_empty(), "{reply:?}");
        }
        let request = Request::new("imap", &alias)
            .from(ELSEWHERE)
            .answer(&sheet.codes[0]);
        let reply = site.ask(request.phases(&all[..3]));
        for (phase, code) in &reply.phases {
            assert_ne!(code, "PAM_SUCCESS", "{phase:?}");
        }
        assert_eq!(user(&reply), alias);
    }
}

/// The module as the gate of `imap`: what it returned, its question and the user's name.
fn gate(site: &Site, name: &str, typed: &str) -> (String, String) {
    site.gate("mailotp-imap-challenge", "");
    let request = Request::new("mailotp-imap-challenge", name).from(HOME);
    let reply = site.ask(request.answer(typed));
    assert_eq!(user(&reply), name, "the gate changes no name");
    (reply.verdict().to_owned(), reply.prompt())
}

#[test]
fn the_gate_shows_what_is_due_and_spends_nothing() {
    let site = Site::new("");
    let sheet = site.sheet_with("alice", &["--count", "1"]);
    let aliases = site.aliases("alice");
    let alias = &aliases.names[0];
    let due = format!("Code {} 1: ", sheet.name);
    for typed in ["?", "", "wrzng-00001", &sheet.codes[0]] {
        assert_eq!(
            gate(&site, alias, typed),
            ("PAM_AUTH_ERR".to_owned(), due.clone())
        );
    }
    assert_eq!(site.left("alice", &aliases.id), Some(4));
    accepted(&site, alias, HOME, &sheet.codes[0], "alice");
    let (code, prompt) = gate(&site, alias, "?");
    assert_eq!(code, "PAM_AUTH_ERR");
    assert_ne!(prompt, due);
}

#[test]
fn the_gate_goes_by_the_rules_of_the_account() {
    let alice_may = "[[rule]]\nusers = [\"alice\"]\naccept = [\"password\", \"otp\"]\n\
         [[rule]]\naccept = [\"otp\"]\n";
    let others_may = "[[rule]]\nusers = [\"alice\"]\naccept = [\"otp\"]\n\
         [[rule]]\naccept = [\"password\", \"otp\"]\n";
    for (rules, verdict) in [
        (alice_may, "PAM_USER_UNKNOWN"),
        (others_may, "PAM_AUTH_ERR"),
    ] {
        let site = Site::new(rules);
        site.sheet_with("alice", &["--count", "1"]);
        let alias = site.aliases("alice").names.remove(0);
        assert_eq!(gate(&site, &alias, "correct horse").0, verdict);
        assert_eq!(gate(&site, &alias, "?").0, "PAM_AUTH_ERR");
    }
}

#[test]
fn the_gate_stays_shut_to_aliases_of_who_has_enrolled_and_of_who_is_locked() {
    let site = Site::new("users.enrolment = \"optional\"\n");
    site.sheet_with("alice", &["--count", "1"]);
    let alias = site.aliases("alice").names.remove(0);
    assert_eq!(gate(&site, &alias, "correct horse").0, "PAM_AUTH_ERR");
    let site = Site::new(PASSWORD_TOO);
    site.sheet_with("alice", &["--count", "1"]);
    let alias = site.aliases("alice").names.remove(0);
    assert_eq!(gate(&site, &alias, "correct horse").0, "PAM_USER_UNKNOWN");
    site.cli(["user", "lock", "alice"]).done();
    assert_eq!(gate(&site, &alias, "correct horse").0, "PAM_AUTH_ERR");
}
