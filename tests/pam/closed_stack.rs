//! The closed stack of the manual, for everything that the module returns, and whatever stands before and
//! behind it.

use std::fs;

use harness::enrol::wrong_codes;
use harness::host::Phase::{Account, Authenticate};
use harness::host::{Answer, Request};
use harness::site::Site;

use crate::{HOME, PASSWORD_TOO};

/// A site and a login, for which the module returns `code`.
struct Case {
    code: &'static str,
    site: Site,
    login: Request,
}

impl Case {
    fn new(code: &'static str, site: Site, answer: Answer) -> Self {
        // The service is set when it is asked for.
        let login = Request::new("imap", "alice").from(HOME).converse(answer);
        let login = login.phases(&[Authenticate]);
        let case = Self { code, site, login };
        let reply = case.site.ask(case.login.clone());
        assert_eq!(reply.verdict(), code, "the case is what it says");
        case
    }

    /// Everything that `auth` returns but `PAM_SYSTEM_ERR`, which takes a bug.
    fn all() -> Vec<Case> {
        let typed = |text: &str| Answer::Text(text.into());
        let right = Site::new("");
        // No code: it must be right as often as there are stacks.
        let secret = right.app_password("alice", &[]).secret;
        let tired = Site::new("");
        tired.sheet("alice");
        for wrong in wrong_codes(10) {
            assert_eq!(tired.verdict("imap", "alice", HOME, wrong), "PAM_AUTH_ERR");
        }
        let broken = Site::new("users.enrolment = \"optional\"\n");
        fs::remove_file(broken.path("mailotp.key")).expect("the file is there");
        let denied = Site::new("[[rule]]\naccept = []\n");
        vec![
            Case::new("PAM_SUCCESS", right, typed(&secret)),
            Case::new("PAM_IGNORE", Site::new(PASSWORD_TOO), typed("horse")),
            Case::new("PAM_AUTH_ERR", Site::new(""), typed("horse")),
            Case::new("PAM_PERM_DENIED", denied, typed("horse")),
            Case::new("PAM_MAXTRIES", tired, typed("wrzng-99999")),
            Case::new("PAM_AUTHINFO_UNAVAIL", broken, typed("horse")),
            Case::new("PAM_CONV_ERR", Site::new(PASSWORD_TOO), Answer::Fails),
        ]
    }

    /// Which of these stacks this login opens.
    fn opens(&self, phase: harness::host::Phase, stacks: &[Vec<&str>]) -> Vec<bool> {
        let logins = stacks.iter().enumerate().map(|(number, stack)| {
            let service = format!("stack{number}");
            self.site.stack(&service, stack);
            Request {
                service,
                ..self.login.clone()
            }
        });
        let replies = self.site.ask_in_turn(logins.collect::<Vec<_>>());
        replies
            .iter()
            .map(|reply| reply.of(phase) == "PAM_SUCCESS")
            .collect()
    }
}

const GUARD: &str = "auth [success=done ignore=ignore default=die] MODULE";
const CLOSE: &str = "auth requisite pam_deny.so";

/// What may stand before, and whether a login may succeed behind it.
const BEFORE: [(&str, bool); 9] = [
    ("", true),
    ("auth optional pam_permit.so", true),
    ("auth required pam_permit.so", true),
    ("auth optional pam_deny.so", true),
    ("auth sufficient pam_deny.so", true),
    ("auth optional /nowhere/pam_broken.so", true),
    ("auth required pam_deny.so", false),
    ("auth requisite pam_deny.so", false),
    ("auth required /nowhere/pam_broken.so", false),
];

/// What may stand between the module and the end, and whether it lets in what is left to it.
const PASSWORD: [(&str, bool); 5] = [
    ("", false),
    ("auth [success=done default=die] pam_permit.so", true),
    ("auth [success=done default=die] pam_deny.so", false),
    (
        "auth [success=done default=die] /nowhere/pam_broken.so",
        false,
    ),
    ("auth optional pam_permit.so", false),
];

/// What may stand behind the end, where nothing comes.
const BEHIND: [&str; 3] = [
    "",
    "auth required pam_permit.so",
    "auth sufficient pam_permit.so",
];

#[test]
fn auth_opens_to_a_success_and_to_what_the_next_module_says_of_the_rest_and_to_nothing_else() {
    let mut stacks = Vec::new();
    let mut rows = Vec::new();
    for (before, passes) in BEFORE {
        for (password, lets_in) in PASSWORD {
            for behind in BEHIND {
                stacks.push(vec![before, GUARD, password, CLOSE, behind]);
                rows.push((passes, lets_in));
            }
        }
    }
    for case in Case::all() {
        let opened = case.opens(Authenticate, &stacks);
        for ((stack, (passes, lets_in)), open) in stacks.iter().zip(&rows).zip(opened) {
            let expected = match case.code {
                "PAM_SUCCESS" => *passes,
                "PAM_IGNORE" => *passes && *lets_in,
                _ => false,
            };
            assert_eq!(open, expected, "{}: {stack:#?}", case.code);
        }
    }
}

/// The file may be gone after an upgrade of the distribution. With a dash libpam does not log it, and
/// does not forgive it either.
#[test]
fn auth_stays_closed_where_the_module_itself_cannot_be_loaded() {
    let site = Site::new("");
    let secret = site.app_password("alice", &[]).secret;
    for (dash, path) in [
        ("", "/nowhere/pam_mailotp.so"),
        ("-", "/nowhere/pam_mailotp.so"),
        ("", "/etc/passwd"),
    ] {
        let guard = format!("{dash}auth [success=done ignore=ignore default=die] {path}");
        let account = format!("{dash}account required {path}");
        let password = "auth [success=done default=die] pam_permit.so";
        site.stack("imap", &[&guard, password, CLOSE, &account]);
        let login = Request::new("imap", "alice").from(HOME).answer(&secret);
        let reply = site.ask(login.phases(&[Authenticate, Account]));
        for phase in [Authenticate, Account] {
            assert_ne!(reply.of(phase), "PAM_SUCCESS", "{dash}{path}");
        }
    }
}

/// What the stack cannot help: the manual warns of each.
#[test]
fn auth_is_passed_by_where_something_before_ends_the_stack_or_jumps_or_the_end_is_left_out() {
    let wrong = Case::new(
        "PAM_AUTH_ERR",
        Site::new(""),
        Answer::Text(b"horse".to_vec()),
    );
    let passed_on = Site::new(PASSWORD_TOO);
    let passed_on = Case::new("PAM_IGNORE", passed_on, Answer::Text(b"horse".to_vec()));
    let password = "auth [success=done default=die] pam_permit.so";
    let by = |before| vec![before, GUARD, password, CLOSE];
    let past = [
        by("auth sufficient pam_permit.so"),
        by("auth [success=1 default=ignore] pam_permit.so"),
        // `sufficient` goes on after a failure.
        vec!["auth sufficient MODULE", password],
    ];
    assert_eq!(wrong.opens(Authenticate, &past), [true; 3]);
    let open_ended = [vec!["auth required pam_permit.so", GUARD]];
    assert_eq!(wrong.opens(Authenticate, &open_ended), [false]);
    assert_eq!(passed_on.opens(Authenticate, &open_ended), [true]);
}

const ACCOUNT: &str = "account required MODULE";

/// The same for `account`: what else is asked, and whether it lets go on. Order does not matter here.
const OTHERS: [(&str, bool); 8] = [
    ("", true),
    ("account optional pam_permit.so", true),
    ("account required pam_permit.so", true),
    ("account sufficient pam_deny.so", true),
    ("account optional pam_deny.so", true),
    ("account required pam_deny.so", false),
    ("account requisite pam_deny.so", false),
    ("account required /nowhere/pam_broken.so", false),
];

#[test]
fn account_opens_where_all_that_must_agree_do_before_and_behind() {
    let mut stacks = Vec::new();
    let mut rows = Vec::new();
    for (before, first) in OTHERS {
        for (behind, second) in OTHERS {
            stacks.push(vec![before, ACCOUNT, behind]);
            rows.push(first && second);
        }
    }
    // A success behind it makes no refusal good.
    stacks.push(vec![ACCOUNT, "account sufficient pam_permit.so"]);
    rows.push(true);

    for (mut case, says_yes) in account_cases() {
        case.login.phases = vec![Account];
        let opened = case.opens(Account, &stacks);
        for ((stack, others), open) in stacks.iter().zip(&rows).zip(opened) {
            assert_eq!(open, *others && says_yes, "{}: {stack:#?}", case.code);
        }
    }
}

/// Everything that `account` returns to who has not authenticated: code, and whether it is a yes.
fn account_cases() -> Vec<(Case, bool)> {
    let login = || Request::new("imap", "alice").from(HOME);
    let locked = Site::new("");
    locked.sheet("alice");
    locked.cli(["user", "lock", "alice"]).done();
    let broken = Site::new("");
    broken.configure("colour = \"blue\"\n");
    [
        ("PAM_SUCCESS", Site::new(""), true),
        (
            "PAM_PERM_DENIED",
            Site::new("[[rule]]\naccept = []\n"),
            false,
        ),
        ("PAM_PERM_DENIED", locked, false),
        ("PAM_AUTHINFO_UNAVAIL", broken, false),
    ]
    .into_iter()
    .map(|(code, site, says_yes)| {
        site.stack("imap", &[ACCOUNT]);
        let reply = site.ask(login().phases(&[Account]));
        assert_eq!(reply.of(Account), code, "the case is what it says");
        (
            Case {
                code,
                site,
                login: login(),
            },
            says_yes,
        )
    })
    .collect()
}

/// After a refusal, too: `login` and others go on to ask.
#[test]
fn account_stays_closed_after_a_refusal_whatever_stands_around_it() {
    for case in Case::all() {
        let mut stacks = Vec::new();
        for (other, _) in OTHERS {
            stacks.push(vec![GUARD, CLOSE, other, ACCOUNT]);
            stacks.push(vec![GUARD, CLOSE, ACCOUNT, other]);
        }
        let refused = !["PAM_SUCCESS", "PAM_IGNORE"].contains(&case.code);
        let code = case.code;
        let case = Case {
            login: case.login.clone().phases(&[Authenticate, Account]),
            ..case
        };
        for (stack, open) in stacks.iter().zip(case.opens(Account, &stacks)) {
            assert!(!(open && refused), "{code}: {stack:#?}");
        }
    }
}

/// Some distributions end the account phase early for their own users.
#[test]
fn account_is_passed_by_where_something_before_is_sufficient() {
    let site = Site::new("[[rule]]\naccept = []\n");
    site.stack("imap", &["account sufficient pam_permit.so", ACCOUNT]);
    let reply = site.ask(Request::new("imap", "alice").from(HOME).phases(&[Account]));
    assert_eq!(reply.of(Account), "PAM_SUCCESS");
}
