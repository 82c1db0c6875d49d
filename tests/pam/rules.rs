//! Rules: who may use what, where.

use std::fmt::Write as _;

use harness::host::{Phase, Request};
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

#[test]
fn where_no_rule_matches_or_one_accepts_nothing_all_is_denied_and_nothing_is_spent() {
    for rules in [
        "[[rule]]\nservices = [\"pop3\"]\naccept = [\"password\", \"otp\", \"app-password\"]\n",
        "[[rule]]\nservices = [\"imap\"]\naccept = []\n\
         [[rule]]\naccept = [\"password\", \"otp\", \"app-password\"]\n",
    ] {
        let site = Site::new(rules);
        let sheet = site.sheet("alice");
        let app = site.app_password("alice", &[]);
        for user in ["alice", "nobody"] {
            for secret in [&*sheet.codes[0], &*app.secret, "correct horse"] {
                let reply = site.login("imap", user, HOME, secret);
                assert_eq!(reply.verdict(), "PAM_PERM_DENIED", "{user} {rules}");
                assert_eq!(reply.handed_on(), None);
            }
        }
        for secret in [&*sheet.codes[0], &*app.secret] {
            let verdict = site.verdict("pop3", "alice", HOME, secret);
            assert_eq!(verdict, "PAM_SUCCESS", "{rules}");
        }
    }
}

#[test]
fn a_rule_speaks_of_networks_of_a_terminal_or_of_what_nobody_knows() {
    let rule = |name: &str, from: &str| {
        format!("[[rule]]\nname = \"{name}\"\n{from}\naccept = [\"password\"]\n")
    };
    let site = Site::new(
        &[
            rule("mapped", "from = [\"::ffff:192.0.2.0/120\"]"),
            rule("IPv6", "from = [\"2001:db8::/32\"]"),
            rule("terminal", "from = [\"local\"]"),
            rule("unknown", "from = [\"unknown\"]"),
            rule("rest", ""),
        ]
        .concat(),
    );
    site.sheet("alice");
    for (rhost, tty, rule) in [
        (Some("192.0.2.7"), None, "mapped"),
        (Some("::ffff:192.0.2.7"), None, "mapped"),
        (Some("::FFFF:c000:207"), Some("tty1"), "mapped"),
        (Some("::192.0.2.7"), None, "rest"),
        (Some("192.0.3.0"), None, "rest"),
        (Some("2001:DB8::1"), None, "IPv6"),
        (Some("2001:db9::"), Some("pts/1"), "rest"),
        (None, Some("/dev/tty1"), "terminal"),
        (Some(""), Some("pts/0"), "terminal"),
        (None, Some("ssh"), "unknown"),
        (None, None, "unknown"),
        (Some("192.0.2.7.example.com"), Some("tty1"), "unknown"),
    ] {
        let mut request = Request::new("imap", "alice").answer("correct horse");
        request.rhost = rhost.map(Into::into);
        request.tty = tty.map(Into::into);
        assert_eq!(site.ask(request).verdict(), "PAM_IGNORE");
        assert_eq!(site.last_login()["rule"], rule, "{rhost:?} {tty:?}");
    }
}

/// Rules as sites have them, of which the last one decides.
fn rules(count: usize) -> String {
    let mut text = String::new();
    for at in 0..count {
        let _ = write!(
            text,
            "[[rule]]\nname = \"branch {at}\"\nservices = [\"imap\"]\n\
             from = [\"10.{}.{}.0/24\"]\nusers = [\"manager{at}\"]\naccept = [\"otp\"]\n",
            at / 256,
            at % 256
        );
    }
    text + "[[rule]]\naccept = [\"app-password\"]\n"
}

/// What costs one login with each rule is well below what would cost with each pair of rules: the
/// processor's time is measured, and the least of some logins, so that a busy machine does not matter.
/// `make bench` shows the time itself.
#[test]
fn four_times_as_many_rules_cost_hardly_more_than_four_times_as_much() {
    let cost = |count: usize| {
        let site = Site::new(&rules(count));
        let password = site.app_password("alice", &[]).secret;
        let request = Request::new("imap", "alice").from(HOME).answer(&password);
        let replies = site.ask_in_turn(vec![request; 8]);
        let times = replies.iter().map(|reply| {
            assert_eq!(reply.of(Phase::Authenticate), "PAM_SUCCESS");
            reply.cpu_microseconds
        });
        times.min().unwrap()
    };
    let [few, some, many] = [1, 1000, 4000].map(cost);
    assert!(many - few < 8 * (some - few), "{few} {some} {many}");
}
