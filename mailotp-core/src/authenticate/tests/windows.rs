//! Windows: where a spent code still opens the door, and until when.

use super::*;

#[test]
fn a_code_opens_once_goes_on_in_its_window_and_is_worth_nothing_elsewhere() {
    let mut world = World::new("");
    let codes = world.sheet("alice", 3, Scope::default());
    assert_eq!(world.login("alice", HERE, &codes[0]), ACCEPTED);
    world.now += 5;
    for _ in 0..5 {
        assert_eq!(
            world.login("alice", HERE, &codes[0].to_uppercase().replace('-', " ")),
            CONTINUED
        );
    }
    assert_eq!(
        world.login("alice", ELSEWHERE, &codes[0]),
        (Answer::Refuse, Reason::Replay)
    );
    assert_eq!(
        world.report("alice", "sshd", HERE, &codes[0]).answer,
        Answer::Refuse,
        "another group"
    );
    assert_eq!(
        world.report("alice", "pop3", HERE, &codes[0]).answer,
        Answer::Accept,
        "the same group"
    );
    world.now += 600;
    assert_eq!(
        world.login("alice", HERE, &codes[0]),
        (Answer::Refuse, Reason::Spent)
    );
    assert_eq!(
        world.login("alice", HERE, &codes[2]),
        (Answer::Refuse, Reason::Wrong),
        "not due"
    );
    assert_eq!(world.login("alice", HERE, &codes[1]), ACCEPTED);
}

/// What opened it may not be on the disk yet; whoever came back in it has waited for that.
#[test]
fn whoever_comes_back_first_leans_on_who_opened_the_window_and_nobody_after_that() {
    let mut world = World::new("");
    let codes = world.sheet("alice", 2, Scope::default());
    let mut leans = |seconds: i64, expected| {
        world.now += seconds;
        assert_eq!(world.login("alice", HERE, &codes[0]), expected);
        world.store.store.borrow().leant
    };
    assert!(!leans(0, ACCEPTED), "it spends by itself");
    assert!(leans(0, CONTINUED), "in the same second");
    assert!(leans(1, CONTINUED), "the first who is seen to come back");
    assert!(!leans(0, CONTINUED));
    assert!(!leans(500, CONTINUED));
}

#[test]
fn a_window_that_is_used_stays_open_until_its_lifetime_ends() {
    let mut world = World::new("");
    let codes = world.sheet("alice", 2, Scope::default());
    assert_eq!(world.login("alice", HERE, &codes[0]), ACCEPTED);
    for _ in 0..14 {
        world.now += 500;
        assert_eq!(world.login("alice", HERE, &codes[0]), CONTINUED);
    }
    world.now += 300;
    assert_eq!(world.login("alice", HERE, &codes[0]).0, Answer::Refuse);
}

#[test]
fn nowhere_is_a_place_for_a_window() {
    let mut world = World::new("");
    let codes = world.sheet("alice", 2, Scope::default());
    assert_eq!(world.login("alice", "unknown", &codes[0]), ACCEPTED);
    assert_eq!(
        world.login("alice", "unknown", &codes[0]),
        (Answer::Refuse, Reason::Spent)
    );
}

#[test]
fn grace_may_bind_the_secret_alone_or_be_off() {
    let rule =
        |grace: &str| format!("[[rule]]\nname = \"r\"\naccept = [\"otp\"]\ngrace = \"{grace}\"");
    let mut world = World::new(&rule("secret"));
    let codes = world.sheet("alice", 2, Scope::default());
    assert_eq!(world.login("alice", "unknown", &codes[0]), ACCEPTED);
    assert_eq!(world.login("alice", ELSEWHERE, &codes[0]), CONTINUED);
    let mut world = World::new(&rule("off"));
    let codes = world.sheet("alice", 2, Scope::default());
    assert_eq!(world.login("alice", HERE, &codes[0]), ACCEPTED);
    assert_eq!(world.login("alice", HERE, &codes[0]).0, Answer::Refuse);
}

#[test]
fn a_change_of_the_rules_or_of_the_credential_ends_its_windows() {
    let mut world = World::new("");
    let codes = world.sheet("alice", 3, Scope::default());
    assert_eq!(world.login("alice", HERE, &codes[0]), ACCEPTED);
    world.site.config = parse("# other words");
    assert_eq!(world.login("alice", HERE, &codes[0]).0, Answer::Refuse);
    assert_eq!(world.login("alice", HERE, &codes[1]), ACCEPTED);
    world.admin(|admin| {
        let known = admin.account(&name("alice"))?;
        let all: Vec<_> = known.credentials().collect();
        admin.revoke(&known, &all)
    });
    assert_eq!(world.login("alice", HERE, &codes[1]).0, Answer::Refuse);
    assert_eq!(world.login("alice", HERE, &codes[2]).0, Answer::Refuse);
}

#[test]
fn a_login_inside_a_window_costs_no_hash() {
    let mut world = World::new("");
    let codes = world.sheet("alice", 2, Scope::default());
    assert_eq!(world.login("alice", HERE, &codes[0]), ACCEPTED);
    let before = world.arena.hashes;
    assert_eq!(world.login("alice", HERE, &codes[0]), CONTINUED);
    assert_eq!(world.arena.hashes, before);
}

/// google-authenticator-libpam #181: the password handed on is wrong inside the grace period.
#[test]
fn google_authenticator_181_the_password_is_split_off_in_the_same_way_in_and_out_of_a_window() {
    let mut world = World::new("[[rule]]\nname = \"r\"\naccept = [\"password+otp\"]");
    let codes = world.sheet("alice", 2, Scope::default());
    for password in ["hunter2", "ends in 123456", "ends in a blank "] {
        let answer = world
            .login("alice", HERE, &format!("{password}{}", codes[0]))
            .0;
        let Answer::PassOn(Handover::Prefix(prefix)) = answer else {
            panic!("{password}: {answer:?}")
        };
        assert_eq!(prefix.as_slice(), password.as_bytes());
    }
    assert_eq!(
        world.login("alice", HERE, &codes[0]).0,
        Answer::Refuse,
        "the code without the password"
    );
    world.second_step = true;
    assert_eq!(
        world.login("alice", HERE, &codes[1]),
        ACCEPTED,
        "behind a module that judged the password"
    );
}

/// CVE-2013-1775 sudo: a clock before the last event is not trusted.
#[test]
fn cve_2013_1775_a_clock_that_went_back_opens_no_window_and_turns_no_totp_back() {
    let mut world = World::new("");
    let codes = world.sheet("alice", 3, Scope::default());
    let parameters = world.totp("bob");
    assert_eq!(world.login("alice", HERE, &codes[0]), ACCEPTED);
    world.now -= 61;
    assert_eq!(
        world.login("alice", HERE, &codes[0]).0,
        Answer::Refuse,
        "its window"
    );
    let code = code_at(&parameters, world.now);
    assert_eq!(world.login("bob", HERE, &code).0, Answer::Refuse, "TOTP");
    assert_eq!(
        world.login("alice", HERE, &codes[1]),
        ACCEPTED,
        "the rest goes on"
    );
    assert_eq!(
        world.login("alice", HERE, &codes[1]).0,
        Answer::Refuse,
        "and opens no window"
    );
}

#[test]
fn the_window_that_the_last_code_has_opened_stays_open_where_enrolment_is_optional() {
    let mut world = World::new("[users]\nenrolment = \"optional\"");
    let codes = world.sheet("alice", 1, Scope::default());
    assert_eq!(world.login("alice", HERE, &codes[0]), ACCEPTED);
    assert_eq!(world.login("alice", HERE, &codes[0]), CONTINUED);
    assert_eq!(world.login("alice", ELSEWHERE, &codes[0]).0, Answer::Refuse);
    world.now += 3600;
    assert_eq!(world.login("alice", HERE, &codes[0]).1, Reason::NotEnrolled);
}

#[test]
fn a_window_ends_with_the_credential_that_opened_it_and_tells_of_it() {
    let mut world = World::new("");
    let scope = Scope {
        expires: Some(Timestamp(NOW + 100)),
        ..Scope::default()
    };
    let codes = world.sheet("alice", 2, scope);
    assert_eq!(world.login("alice", HERE, &codes[0]), ACCEPTED);
    world.now += 99;
    let report = world.report("alice", "imap", HERE, &codes[0]);
    assert_eq!(report.event.reason, Reason::Window);
    assert_eq!(report.event.kind.as_deref(), Some("sheet"));
    world.now += 1;
    assert_eq!(world.login("alice", HERE, &codes[0]).0, Answer::Refuse);
}
