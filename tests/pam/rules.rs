//! Rules: who may use what, where.

use harness::site::Site;

use crate::{ELSEWHERE, HOME};

/// Which of a password, a code and an app password are accepted where; only the verdict counts.
fn accepted(site: &Site, service: &str, user: &str, from: &str) -> [bool; 3] {
    let sheet = site.sheet(user);
    let app = site.app_password(user, &[]);
    let password = site.verdict(service, user, from, "correct horse");
    let code = site.verdict(service, user, from, &sheet.codes[0]);
    let app = site.verdict(service, user, from, app.secret);
    [
        password == "PAM_IGNORE",
        code == "PAM_SUCCESS",
        app == "PAM_SUCCESS",
    ]
}

const PASSWORD: [bool; 3] = [true, false, false];
const CODE: [bool; 3] = [false, true, false];
const APP: [bool; 3] = [false, false, true];
const NOTHING: [bool; 3] = [false, false, false];

#[test]
fn without_rules_codes_and_app_passwords_are_accepted_everywhere() {
    let site = Site::new("");
    assert_eq!(accepted(&site, "imap", "alice", HOME), [false, true, true]);
}

#[test]
fn the_first_rule_that_matches_decides() {
    let site = Site::new(
        "[[rule]]\nfrom = [\"192.0.2.0/24\"]\naccept = [\"password\"]\n\
         [[rule]]\nfrom = [\"192.0.0.0/8\"]\naccept = [\"otp\"]\n\
         [[rule]]\naccept = [\"app-password\"]\n",
    );
    assert_eq!(accepted(&site, "imap", "alice", HOME), PASSWORD);
    assert_eq!(accepted(&site, "imap", "alice", "192.1.2.7"), CODE);
    assert_eq!(accepted(&site, "imap", "alice", ELSEWHERE), APP);
}

#[test]
fn a_rule_names_services_and_groups_of_them() {
    let site = Site::new(
        "[services]\nmail = [\"imap\", \"pop3\"]\n\
         [[rule]]\nservices = [\"mail\"]\naccept = [\"app-password\"]\n\
         [[rule]]\nservices = [\"webmail\", \"sieve\"]\naccept = [\"otp\"]\n",
    );
    for (service, kinds) in [
        ("imap", APP),
        ("pop3", APP),
        ("webmail", CODE),
        ("sieve", CODE),
        ("submission", NOTHING),
    ] {
        assert_eq!(accepted(&site, service, "alice", HOME), kinds, "{service}");
    }
}

#[test]
fn a_rule_names_users_and_groups_of_them() {
    let site = Site::new(
        "[groups]\nstaff = [\"bob\", \"*@sales.example.com\"]\n\
         [[rule]]\nusers = [\"alice\"]\naccept = [\"password\"]\n\
         [[rule]]\nusers = [\"@staff\"]\naccept = [\"otp\"]\n\
         [[rule]]\naccept = [\"app-password\"]\n",
    );
    for (user, kinds) in [
        ("alice", PASSWORD),
        ("bob", CODE),
        ("carol@sales.example.com", CODE),
        ("carol@example.com", APP),
        ("carol", APP),
    ] {
        assert_eq!(accepted(&site, "imap", user, HOME), kinds, "{user}");
    }
}

#[test]
fn all_conditions_of_a_rule_must_hold() {
    let site = Site::new(
        "[[rule]]\nservices = [\"imap\"]\nfrom = [\"192.0.2.0/24\"]\nusers = [\"alice\"]\n\
         accept = [\"password\"]\n[[rule]]\naccept = [\"otp\"]\n",
    );
    for (service, user, from, kinds) in [
        ("imap", "alice", HOME, PASSWORD),
        ("pop3", "alice", HOME, CODE),
        ("imap", "bob", HOME, CODE),
        ("imap", "alice", ELSEWHERE, CODE),
    ] {
        assert_eq!(
            accepted(&site, service, user, from),
            kinds,
            "{service} {user} {from}"
        );
    }
}

#[test]
fn a_rule_may_accept_several_kinds() {
    let site = Site::new("[[rule]]\naccept = [\"password\", \"otp\", \"app-password\"]\n");
    assert_eq!(accepted(&site, "imap", "alice", HOME), [true, true, true]);
}

#[test]
fn a_kind_that_the_rule_does_not_take_is_not_spent() {
    let site = Site::new(
        "[[rule]]\nfrom = [\"192.0.2.0/24\"]\naccept = [\"app-password\"]\n\
         [[rule]]\naccept = [\"otp\"]\n",
    );
    let sheet = site.sheet("alice");
    assert_eq!(
        site.verdict("imap", "alice", HOME, &sheet.codes[0]),
        "PAM_AUTH_ERR"
    );
    assert_eq!(
        site.verdict("imap", "alice", ELSEWHERE, &sheet.codes[0]),
        "PAM_SUCCESS"
    );
}

#[test]
fn the_window_of_one_rule_opens_no_door_that_another_shuts() {
    let site = Site::new(
        "[services]\nmail = [\"imap\", \"pop3\"]\n\
         [[rule]]\nservices = [\"imap\"]\naccept = [\"otp\"]\n\
         [[rule]]\naccept = [\"app-password\"]\n",
    );
    let sheet = site.sheet("alice");
    assert_eq!(
        site.verdict("imap", "alice", HOME, &sheet.codes[0]),
        "PAM_SUCCESS"
    );
    assert_eq!(
        site.verdict("pop3", "alice", HOME, &sheet.codes[0]),
        "PAM_AUTH_ERR"
    );
}

#[test]
fn names_are_folded_and_the_own_domain_is_left_out() {
    let site = Site::new("[users]\ndomain = \"example.com\"\n");
    let sheet = site.sheet("alice");
    let spellings = [
        "Alice",
        "ALICE@Example.com",
        "alice@example.com",
        "\u{ff41}lice",
    ];
    for (user, code) in spellings.iter().zip(&sheet.codes) {
        let reply = site.login("imap", user, HOME, code);
        assert_eq!(reply.verdict(), "PAM_SUCCESS", "{user}");
        assert_eq!(
            reply.user.as_deref(),
            Some(user.as_bytes()),
            "PAM_USER stays"
        );
    }
    let other = "alice@example.org";
    assert_eq!(
        site.verdict("imap", other, HOME, &sheet.codes[4]),
        "PAM_AUTH_ERR"
    );
}

#[test]
fn case_counts_where_the_site_says_so() {
    let site = Site::new("[users]\ncase = \"preserve\"\n");
    let sheet = site.sheet("alice");
    assert_eq!(
        site.verdict("imap", "Alice", HOME, &sheet.codes[0]),
        "PAM_AUTH_ERR"
    );
    assert_eq!(
        site.verdict("imap", "alice", HOME, &sheet.codes[0]),
        "PAM_SUCCESS"
    );
}

#[test]
fn a_rule_may_observe_by_itself() {
    let site = Site::new(
        "[[rule]]\nservices = [\"imap\"]\naccept = [\"otp\"]\nmode = \"observe\"\n\
         [[rule]]\naccept = [\"otp\"]\n",
    );
    let sheet = site.sheet("alice");
    assert_eq!(
        site.verdict("imap", "alice", HOME, "correct horse"),
        "PAM_IGNORE"
    );
    assert_eq!(
        site.verdict("pop3", "alice", HOME, "correct horse"),
        "PAM_AUTH_ERR"
    );
    assert_eq!(
        site.verdict("imap", "alice", HOME, &sheet.codes[0]),
        "PAM_SUCCESS"
    );
}

#[test]
fn a_rule_that_can_never_match_is_an_error_of_the_command_and_a_warning_of_the_module() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    site.configure("[[rule]]\naccept = [\"otp\"]\n\n[[rule]]\nname = \"late\"\naccept = []\n");
    let failure = site.cli(["--json", "--user", "alice", "show"]).error(5);
    assert!(failure.message.contains("mailotp.toml"), "{failure:?}");
    assert!(failure.message.contains("late"), "{failure:?}");
    assert_eq!(
        site.verdict("imap", "alice", HOME, &sheet.codes[0]),
        "PAM_SUCCESS"
    );
}
