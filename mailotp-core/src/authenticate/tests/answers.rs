//! What a right or wrong answer comes to.

use super::*;
use crate::account::{Kind, State};

#[test]
fn where_the_rule_accepts_the_password_what_is_no_right_code_goes_on() {
    let mut world = World::new("[[rule]]\nname = \"r\"\naccept = [\"password\", \"otp\"]");
    let codes = world.sheet("alice", 2, Scope::default());
    for (user, typed) in [
        ("alice", "hunter2"),
        ("nobody", "hunter2"),
        ("alice", "zzzzz-11111"),
    ] {
        assert_eq!(
            world.login(user, HERE, typed),
            (Answer::PassOn(Handover::Whole), Reason::Password)
        );
    }
    for _ in 0..30 {
        assert_eq!(
            world.login("alice", HERE, "hunter3").0,
            Answer::PassOn(Handover::Whole),
            "passwords are not charged"
        );
    }
    assert_eq!(world.login("alice", HERE, &codes[0]), ACCEPTED);
}

#[test]
fn a_totp_step_is_accepted_once_and_never_an_older_one() {
    let mut world = World::new("");
    let parameters = world.totp("alice");
    world.now += 60;
    let (older, newer) = (
        code_at(&parameters, world.now),
        code_at(&parameters, world.now + 30),
    );
    assert_eq!(
        world.login("alice", HERE, &newer),
        ACCEPTED,
        "a phone that is ahead"
    );
    assert_eq!(world.login("alice", ELSEWHERE, &newer).0, Answer::Refuse);
    assert_eq!(
        world.login("alice", HERE, &older),
        (Answer::Refuse, Reason::Spent)
    );
}

#[test]
fn what_is_right_in_the_wrong_place_or_too_late_says_so_in_the_log_only() {
    let scope = |change: fn(&mut Scope)| {
        let mut scope = Scope::default();
        change(&mut scope);
        scope
    };
    for (scope, reason) in [
        (
            scope(|scope| scope.services = vec!["pop3".into()]),
            Reason::OutOfScope,
        ),
        (
            scope(|scope| scope.from = vec!["10.0.0.0/8".parse().unwrap()]),
            Reason::OutOfScope,
        ),
        (
            scope(|scope| scope.expires = Some(Timestamp(NOW + 10))),
            Reason::Expired,
        ),
    ] {
        let mut world = World::new("");
        let password = world.app_password("alice", scope.clone());
        let codes = world.sheet("alice", 2, scope);
        world.now += 10;
        assert_eq!(
            world.login("alice", HERE, &password),
            (Answer::Refuse, reason)
        );
        assert_eq!(
            world.login("alice", HERE, &codes[0]),
            (Answer::Refuse, reason)
        );
    }
}

#[test]
fn a_number_of_logins_is_a_number_of_logins() {
    let mut world = World::new("");
    let password = world.app_password(
        "alice",
        Scope {
            logins_left: Some(2),
            ..Scope::default()
        },
    );
    assert_eq!(world.login("alice", HERE, &password).0, Answer::Accept);
    assert_eq!(world.login("alice", HERE, &password).0, Answer::Accept);
    assert_eq!(
        world.login("alice", HERE, &password),
        (Answer::Refuse, Reason::Expired)
    );
}

#[test]
fn kinds_that_the_rule_does_not_accept_are_never_compared() {
    let mut world = World::new("[[rule]]\nname = \"r\"\naccept = [\"app-password\"]");
    let codes = world.sheet("alice", 2, Scope::default());
    assert_eq!(
        world.login("alice", HERE, &codes[0]),
        (Answer::Refuse, Reason::NotAccepted)
    );
    assert_eq!(world.arena.hashes, 0);
    let mut world = World::new("[[rule]]\nname = \"r\"\naccept = [\"otp\"]");
    let password = world.app_password("alice", Scope::default());
    assert_eq!(
        world.login("alice", HERE, &password),
        (Answer::Refuse, Reason::NotAccepted)
    );
}

#[test]
fn an_account_with_nothing_live_is_left_to_the_next_module_where_enrolment_is_optional() {
    let mut world = World::new("[users]\nenrolment = \"optional\"");
    assert_eq!(
        world.login("nobody", HERE, "hunter2"),
        (Answer::PassOn(Handover::Whole), Reason::NotEnrolled)
    );
    assert_eq!(
        world.login("nobody", HERE, "?"),
        (Answer::Refuse, Reason::Question)
    );
    let codes = world.sheet("alice", 1, Scope::default());
    assert_eq!(world.login("alice", HERE, "hunter2").0, Answer::Refuse);
    assert_eq!(world.login("alice", HERE, &codes[0]), ACCEPTED);
    world.now += 3600;
    assert_eq!(
        world.login("alice", HERE, "hunter2").1,
        Reason::NotEnrolled,
        "the sheet is used up"
    );
}

#[test]
fn the_gate_opens_only_where_the_password_may_do() {
    let rule = |accept: &str| format!("[[rule]]\nname = \"r\"\naccept = {accept}");
    for (config, typed, gate) in [
        (rule("[\"otp\"]"), "hunter2", Gate::Stop),
        (rule("[\"otp\", \"password\"]"), "hunter2", Gate::GoOn),
        (rule("[\"otp\", \"password\"]"), "?", Gate::Stop),
        (rule("[\"otp\", \"password\"]"), "", Gate::Stop),
        (rule("[]"), "hunter2", Gate::Stop),
        (
            "[[rule]]\nname = \"r\"\nservices = [\"sshd\"]\naccept = [\"password\"]".into(),
            "hunter2",
            Gate::Stop,
        ),
        (
            format!("mode = \"observe\"\n{}", rule("[\"otp\"]")),
            "hunter2",
            Gate::GoOn,
        ),
        (
            format!("mode = \"observe\"\n{}", rule("[\"otp\"]")),
            "?",
            Gate::Stop,
        ),
        (
            format!("[users]\nenrolment = \"optional\"\n{}", rule("[\"otp\"]")),
            "hunter2",
            Gate::Stop,
        ),
    ] {
        let mut world = World::new(&config);
        world.sheet("alice", 1, Scope::default());
        assert_eq!(
            world
                .visit("alice", false, |door, visitor, now| door.gate(
                    visitor,
                    typed.as_bytes(),
                    now
                ))
                .ok(),
            Some(gate),
            "{config} {typed}"
        );
    }
}

#[test]
fn a_pending_or_suspended_credential_is_good_for_nothing() {
    let mut world = World::new("");
    let account = name("alice");
    let wish = Wish {
        new_account: true,
        ..Wish::new(&account)
    };
    let added = world.admin(|admin| admin.add_app_password(&wish));
    let Secrets::AppPassword(password) = &added.secrets else {
        panic!("no app password")
    };
    assert_eq!(world.login("alice", HERE, password).0, Answer::Refuse);
    assert_eq!(added.credential.state, State::Pending);
    assert!(matches!(added.credential.kind, Kind::AppPassword { .. }));
    world.admin(|admin| {
        let known = admin.account(&account)?;
        admin.confirm(&known, &added.credential, "")
    });
    assert_eq!(world.login("alice", HERE, password).0, Answer::Accept);
}
