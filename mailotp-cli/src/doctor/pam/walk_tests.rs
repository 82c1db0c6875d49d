//! The walk, against what `tests/pam/closed_stack.rs` measures over libpam. `tests/e2e/doctor_stacks.rs`
//! compares the two on stacks that are drawn.

use super::code::Code as Pam;
use super::lines::Group;
use super::question::{REFUSALS, whatever_others_say};
use super::stack::Services;

const GUARD: &str = "auth [success=done ignore=ignore default=die] pam_mailotp.so";
const CLOSE: &str = "auth requisite pam_deny.so";

fn services(lines: &[&str]) -> Services {
    let mut services = Services::default();
    services.add("imap", "/etc/pam.d/imap", &lines.join("\n"));
    let absent = "/nowhere/pam_broken.so".to_owned();
    services.absent_modules.insert(absent);
    services
}

/// What may stand before the module, between it and the end, and behind the end, and whether a login
/// may succeed.
#[test]
fn the_walk_comes_to_what_libpam_comes_to() {
    let before = [
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
    let password = [
        ("", false),
        ("auth [success=done default=die] pam_permit.so", true),
        ("auth [success=done default=die] pam_deny.so", false),
        (
            "auth [success=done default=die] /nowhere/pam_broken.so",
            false,
        ),
        ("auth optional pam_permit.so", false),
    ];
    let behind = [
        "",
        "auth required pam_permit.so",
        "auth sufficient pam_permit.so",
    ];
    for (first, passes) in before {
        for (second, lets_in) in password {
            for last in behind {
                let lines = [first, GUARD, second, CLOSE, last];
                let services = services(&lines);
                let opens = |code| opens(&services, code);
                assert_eq!(opens(Pam::SUCCESS), passes, "{lines:#?}");
                assert_eq!(opens(Pam::IGNORE), passes && lets_in, "{lines:#?}");
                for code in REFUSALS {
                    assert!(!opens(code), "{code:?}: {lines:#?}");
                }
            }
        }
    }
}

fn opens(services: &Services, code: Pam) -> bool {
    let stack = services.stack("imap", Group::Auth);
    let ends = whatever_others_say(services, &stack, code);
    ends.iter().any(|end| end.status == Pam::SUCCESS)
}

#[test]
fn resets_and_jumps_too_far_are_walked_as_libpam_does() {
    for (lines, open) in [
        // Nothing but the end of the stack is behind it: a jump too far is a failure.
        (
            &["auth [success=3 default=ignore] pam_permit.so", GUARD][..],
            false,
        ),
        (
            &[
                "auth required pam_permit.so",
                "auth [default=1] pam_mailotp.so",
                CLOSE,
                "auth required pam_permit.so",
            ],
            true,
        ),
        (
            &[
                "auth required pam_mailotp.so",
                "auth [success=reset] pam_permit.so",
                "auth required pam_permit.so",
            ],
            true,
        ),
        (
            &[
                "auth required pam_mailotp.so",
                "auth required pam_permit.so",
            ],
            false,
        ),
    ] {
        assert_eq!(opens(&services(lines), Pam::AUTH_ERR), open, "{lines:?}");
    }
}
