//! Each trap of a stack.

use std::path::Path;

use super::question::REFUSALS;
use super::stack::Services;
use super::{Role, check};
use crate::doctor::finding::{Finding, Report, Severity};

const GUARD: &str = "auth [success=done ignore=ignore default=die] pam_mailotp.so";
const UNIX: &str = "auth [success=done default=die] pam_unix.so use_first_pass";
const CLOSE: &str = "auth requisite pam_deny.so";
const ACCOUNT: &str = "account required pam_mailotp.so";

fn services(files: &[(&str, &[&str])]) -> Services {
    let mut services = Services::default();
    for (name, lines) in files {
        services.add(name, &format!("/etc/pam.d/{name}"), &lines.join("\n"));
    }
    services
}

fn look(services: &Services) -> Report {
    let mut report = Report::default();
    check(
        services,
        Path::new("/etc/mailotp/mailotp.toml"),
        &mut report,
    );
    report
}

/// The one thing that is wrong with a service of these lines: severity, code, line and message.
#[track_caller]
fn only(lines: &[&str]) -> Finding {
    one(&services(&[("imap", lines)]))
}

#[track_caller]
fn one(services: &Services) -> Finding {
    let mut found = look(services).findings;
    assert_eq!(found.len(), 1, "{found:#?}");
    found.remove(0)
}

#[track_caller]
fn assert_is(found: &Finding, code: &str, place: &str) {
    assert_eq!(
        (found.code.as_str(), found.place.as_str()),
        (code, place),
        "{found:#?}"
    );
    assert!(!found.message.is_empty() && !found.remedy.is_empty());
}

#[test]
fn the_stacks_of_the_manual_are_in_order() {
    for lines in [
        &[GUARD, UNIX, CLOSE, ACCOUNT, "account required pam_unix.so"][..],
        &[GUARD, CLOSE, ACCOUNT],
        &[
            "auth [default=die] pam_mailotp.so challenge",
            CLOSE,
            "account requisite pam_deny.so",
        ],
        &[
            "auth required pam_unix.so",
            "auth required pam_mailotp.so second_step",
            ACCOUNT,
        ],
    ] {
        let report = look(&services(&[("imap", lines)]));
        assert!(report.findings.is_empty(), "{report:#?}");
        assert_eq!(report.checked.len(), 1);
    }
}

#[test]
fn a_machine_on_which_nothing_asks_mailotp_is_told_so() {
    let found = one(&services(&[("imap", &["auth required pam_unix.so"])]));
    assert_is(&found, "pam-unused", "/etc/pam.d");
    assert_eq!(found.severity, Severity::Info);
}

#[test]
fn a_sufficient_module_is_open_after_its_refusal() {
    let found = only(&[
        "auth sufficient pam_mailotp.so",
        "auth required pam_unix.so use_first_pass",
        ACCOUNT,
    ]);
    assert_is(&found, "pam-open", "/etc/pam.d/imap:1");
    for code in REFUSALS {
        assert!(found.message.contains(&code.name()), "{found:?}");
    }
    assert!(found.message.contains("/etc/pam.d/imap:2"), "{found:?}");
}

#[test]
fn a_stack_that_is_open_for_one_code_names_that_one() {
    let found = only(&[
        "auth [success=done ignore=ignore authinfo_unavail=ignore default=die] pam_mailotp.so",
        UNIX,
        CLOSE,
        ACCOUNT,
    ]);
    assert_is(&found, "pam-open", "/etc/pam.d/imap:1");
    assert!(
        found.message.contains("PAM_AUTHINFO_UNAVAIL") && !found.message.contains("AUTH_ERR"),
        "{found:?}"
    );
}

#[test]
fn an_account_line_that_is_ignored_is_open() {
    let found = only(&[
        GUARD,
        CLOSE,
        "account optional pam_mailotp.so",
        "account required pam_unix.so",
    ]);
    assert_is(&found, "pam-open", "/etc/pam.d/imap:3");
}

#[test]
fn without_an_end_what_was_left_to_the_next_module_is_let_in_unjudged() {
    let found = only(&["auth required pam_env.so", GUARD, ACCOUNT]);
    assert_is(&found, "pam-left-open", "/etc/pam.d/imap:2");
    let found = only(&[
        GUARD,
        "auth sufficient pam_unix.so use_first_pass",
        "auth required pam_permit.so",
        ACCOUNT,
    ]);
    assert_is(&found, "pam-left-open", "/etc/pam.d/imap:1");
}

#[test]
fn a_line_before_that_ends_the_stack_or_jumps_is_named() {
    for line in [
        "auth sufficient pam_localuser.so",
        "auth [success=1 default=ignore] pam_localuser.so",
        "auth [user_unknown=ignore success=done default=bad] pam_ldap.so",
    ] {
        let found = only(&[line, GUARD, UNIX, CLOSE, ACCOUNT]);
        assert_is(&found, "pam-bypass", "/etc/pam.d/imap:1");
        assert_eq!(found.severity, Severity::Error);
    }
    let found = only(&[
        GUARD,
        UNIX,
        CLOSE,
        "account sufficient pam_localuser.so",
        ACCOUNT,
    ]);
    assert_is(&found, "pam-bypass", "/etc/pam.d/imap:4");
    assert_eq!(found.severity, Severity::Warning);
}

#[test]
fn such_a_line_is_found_in_what_is_included() {
    for include in ["@include common", "auth include common"] {
        let found = one(&services(&[
            ("imap", &[include, GUARD, UNIX, CLOSE, ACCOUNT]),
            (
                "common",
                &["auth optional pam_env.so", "auth sufficient pam_ldap.so"],
            ),
        ]));
        assert_is(&found, "pam-bypass", "/etc/pam.d/common:2");
    }
    // A substack ends for itself alone, and a jump out of it leads to its end.
    let apart = services(&[
        (
            "imap",
            &["auth substack common", GUARD, UNIX, CLOSE, ACCOUNT],
        ),
        ("common", &["auth sufficient pam_ldap.so"]),
    ]);
    assert!(look(&apart).findings.is_empty());
    // But what jumps over it takes mailotp with it.
    let found = one(&services(&[
        (
            "imap",
            &[
                "auth [success=1 default=ignore] pam_localuser.so",
                "auth substack inner",
                "auth required pam_unix.so use_first_pass",
                ACCOUNT,
            ],
        ),
        ("inner", &[GUARD, CLOSE]),
    ]));
    assert_is(&found, "pam-bypass", "/etc/pam.d/imap:1");
}

#[test]
fn a_file_that_many_services_include_is_blamed_once() {
    let all = [
        "auth sufficient pam_mailotp.so",
        "auth required pam_unix.so use_first_pass",
        ACCOUNT,
    ];
    let found = one(&services(&[
        ("common", &all),
        ("imap", &["@include common"]),
        ("pop3", &["@include common"]),
    ]));
    assert_is(&found, "pam-open", "/etc/pam.d/common:1");
}

#[test]
fn root_may_become_somebody_and_a_mail_server_may_not() {
    let rootok = "auth sufficient pam_rootok.so";
    let stack: &[&str] = &[rootok, GUARD, UNIX, CLOSE, ACCOUNT];
    assert!(look(&services(&[("su", stack)])).findings.is_empty());
    assert_is(&only(stack), "pam-bypass", "/etc/pam.d/imap:1");
}

#[test]
fn a_stack_that_lets_nobody_in_is_shut() {
    let found = only(&["auth required pam_deny.so", GUARD, CLOSE, ACCOUNT]);
    assert_is(&found, "pam-shut", "/etc/pam.d/imap:2");
}

#[test]
fn a_module_behind_that_asks_again_is_named() {
    let found = only(&[
        GUARD,
        "auth [success=done default=die] pam_unix.so nullok",
        CLOSE,
        ACCOUNT,
    ]);
    assert_is(&found, "pam-first-pass", "/etc/pam.d/imap:2");
    let found = one(&services(&[
        ("imap", &[GUARD, "@include common", ACCOUNT]),
        (
            "common",
            &[
                "auth [success=1 default=ignore] pam_unix.so",
                CLOSE,
                "auth required pam_permit.so",
            ],
        ),
    ]));
    assert_is(&found, "pam-first-pass", "/etc/pam.d/common:1");
}

#[test]
fn an_argument_that_the_module_refuses_is_an_error() {
    for argument in ["nulok", "config=mailotp.toml", "service=", "no_warn"] {
        let guard = format!("{GUARD} {argument}");
        let found = only(&[&guard, UNIX, CLOSE, ACCOUNT]);
        assert_is(&found, "pam-argument", "/etc/pam.d/imap:1");
    }
}

#[test]
fn a_module_that_reads_another_configuration_is_told() {
    let guard = format!("{GUARD} config=/srv/mailotp.toml");
    let found = only(&[&guard, UNIX, CLOSE, ACCOUNT]);
    assert_is(&found, "pam-config", "/etc/pam.d/imap:1");
    assert_eq!(found.severity, Severity::Info);
}

#[test]
fn without_mailotp_in_account_keys_go_on_to_work_for_the_locked() {
    let stack: &[&str] = &[GUARD, UNIX, CLOSE, "account required pam_unix.so"];
    let found = one(&services(&[("sshd", stack)]));
    assert_is(&found, "pam-account", "/etc/pam.d/sshd");
    assert_eq!(found.severity, Severity::Warning);
    assert_eq!(only(stack).severity, Severity::Info);
}

#[test]
fn a_gate_that_another_module_opens_is_an_error() {
    let account = "account requisite pam_deny.so";
    let found = only(&[
        "auth required pam_unix.so",
        "auth required pam_mailotp.so challenge",
        account,
    ]);
    assert_is(&found, "gate-open", "/etc/pam.d/imap:1");
    let found = only(&[
        "auth optional pam_mailotp.so challenge",
        "auth required pam_unix.so",
        account,
    ]);
    assert_is(&found, "gate-open", "/etc/pam.d/imap:2");
    assert!(found.message.contains("PAM_AUTH_ERR"), "{found:?}");
}

#[test]
fn what_cannot_be_read_is_said() {
    let mut services = services(&[("imap", &[GUARD, UNIX, CLOSE, ACCOUNT])]);
    services.unreadable.insert("/etc/pam.d/secret".into());
    assert_is(&one(&services), "pam-unreadable", "/etc/pam.d/secret");
}

#[test]
fn a_service_is_what_its_stack_says() {
    let services = services(&[
        ("imap", &[GUARD, CLOSE]),
        ("gate", &["auth [default=die] pam_mailotp.so challenge"]),
        ("other", &["auth required pam_unix.so"]),
    ]);
    for (name, role) in [
        ("imap", Role::Pass),
        ("gate", Role::Gate),
        ("other", Role::Other),
        ("nowhere", Role::Other),
    ] {
        assert_eq!(services.role(name), role, "{name}");
    }
    assert!(services.has("IMAP") && !services.has("nowhere"));
}
