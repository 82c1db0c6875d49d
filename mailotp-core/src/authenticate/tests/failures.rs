//! What is refused whatever the answer is: errors, closed accounts; and what observe mode makes of it.

use super::*;

#[test]
fn a_locked_account_is_refused_by_every_phase() {
    let mut world = World::new("[[rule]]\nname = \"r\"\naccept = [\"password\", \"otp\"]");
    let codes = world.sheet("alice", 2, Scope::default());
    world.admin(|admin| {
        let known = admin.account(&name("alice"))?;
        admin.lock(&known, true)
    });
    assert_eq!(
        world.login("alice", HERE, &codes[0]),
        (Answer::Refuse, Reason::Closed)
    );
    assert_eq!(
        world.login("alice", HERE, "hunter2"),
        (Answer::Refuse, Reason::Closed)
    );
    assert_eq!(
        world
            .visit("alice", false, |door, visitor, now| door.account(
                visitor,
                Earlier::Nothing,
                now
            ))
            .unwrap()
            .answer,
        Answer::Deny
    );
    assert_eq!(
        world
            .visit("alice", false, |door, visitor, now| door
                .gate(visitor, b"hunter2", now))
            .ok(),
        Some(Gate::Stop)
    );
}

/// CVE-2025-23013 pam_u2f, CVE-2025-24531 pam_pkcs11: `PAM_IGNORE` on an error. CVE-2025-53013
/// Himmelblau: the back end was away, and any PIN did.
#[test]
fn cve_2025_23013_an_error_refuses_and_only_observe_mode_goes_on() {
    for (mode, answer) in [
        ("enforce", Answer::Unavailable),
        ("observe", Answer::PassOn(Handover::Whole)),
    ] {
        for accept in ["[\"otp\"]", "[\"password\"]", "[\"app-password\"]"] {
            let mut world = World::new(&format!(
                "mode = \"{mode}\"\n[[rule]]\nname = \"r\"\naccept = {accept}"
            ));
            let codes = world.sheet("alice", 2, Scope::default());
            world.store.broken = true;
            let report = world.report("alice", "imap", HERE, &codes[0]);
            assert_eq!(report.answer, answer, "{mode} {accept}");
            assert!(report.problem.unwrap().contains("full"));
            assert_eq!(report.event.reason, Reason::Store);
        }
    }
}

/// OTPW accepted a code that it could not burn; kanidm queued that a backup code was used, and only logged
/// where that failed.
#[test]
fn kanidm_otpw_a_code_of_any_kind_that_cannot_be_used_up_is_refused() {
    let mut world = World::new("");
    let sheet = world.sheet("alice", 2, Scope::default());
    let owner = world.sequence("alice", 20);
    world.hotp("alice");
    let totp = world.totp("bob");
    world.now += 60;
    let codes = [
        ("alice", sheet[0].clone()),
        ("alice", owner.answer(19)),
        ("alice", "755224".to_owned()),
        ("bob", code_at(&totp, world.now)),
    ];
    for (user, code) in &codes {
        world.store.cannot = "settle";
        let answer = world.login(user, HERE, code);
        assert_eq!(answer, (Answer::Unavailable, Reason::Store), "{code}");
        world.store.cannot = "";
        assert_eq!(world.login(user, HERE, code), ACCEPTED, "{code}");
        assert_eq!(world.login(user, ELSEWHERE, code).0, Answer::Refuse);
    }
}

#[test]
fn observe_mode_says_what_it_would_have_been_and_lets_right_codes_in() {
    let mut world = World::new("mode = \"observe\"");
    let codes = world.sheet("alice", 2, Scope::default());
    assert_eq!(world.login("alice", HERE, &codes[0]), ACCEPTED);
    let report = world.report("alice", "imap", HERE, "hunter2");
    assert_eq!(report.answer, Answer::PassOn(Handover::Whole));
    assert_eq!(
        (report.event.result, report.event.would),
        (Verdict::Passed, Some(Verdict::Refused))
    );
    let filter = EventFilter {
        would_refuse: true,
        ..EventFilter::default()
    };
    assert_eq!(world.store.events(&filter).unwrap().len(), 1);
}

/// An error must not look like an account that has nothing.
#[test]
fn a_store_that_fails_is_no_reason_to_skip_the_second_step() {
    for (mode, asks) in [("enforce", false), ("observe", true)] {
        let mut world = World::new(&format!(
            "mode = \"{mode}\"\n[users]\nenrolment = \"optional\""
        ));
        world.sheet("alice", 1, Scope::default());
        world.store.broken = true;
        match world.visit("alice", true, |door, visitor, now| {
            door.opening(visitor, now)
        }) {
            Opening::Done(report) if !asks => assert_eq!(report.answer, Answer::Unavailable),
            Opening::Done(report) => assert_eq!(report.answer, Answer::PassOn(Handover::Untouched)),
            Opening::Ask(_) => assert!(asks, "{mode}"),
        }
    }
}

#[test]
fn a_malformed_secret_of_an_exempt_user_is_not_judged() {
    let mut world = World::new("");
    let report = world.visit("root", false, |door, visitor, now| {
        door.malformed(visitor, now, "a TAB".into())
    });
    assert_eq!(report.answer, Answer::PassOn(Handover::Whole));
}
