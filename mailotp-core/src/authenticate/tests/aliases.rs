//! Aliases: one-time user names.

use super::*;

fn user(report: &Report) -> Option<&str> {
    report.user.as_ref().map(AccountName::as_str)
}

#[test]
fn an_alias_is_spent_with_a_code_of_the_account_and_lives_as_long_as_the_window() {
    let mut world = World::new("");
    let codes = world.sheet("alice", 3, Scope::default());
    let aliases = world.aliases("alice", 2);
    let report = world.report(&aliases[0], "imap", HERE, &codes[0]);
    assert_eq!(
        (&report.answer, user(&report)),
        (&Answer::Accept, Some("alice"))
    );
    assert_eq!(report.event.account.as_deref(), Some("alice"));
    let again = world.report(&aliases[0], "pop3", HERE, &codes[0]);
    assert_eq!(again.event.reason, Reason::Window);
    assert_eq!(user(&again), Some("alice"));
    for (alias, from, code) in [
        (&aliases[0], ELSEWHERE, &codes[0]),
        (&aliases[0], HERE, &codes[1]),
        (&aliases[1], HERE, &codes[0]),
        (&aliases[1], ELSEWHERE, &codes[0]),
    ] {
        let report = world.report(alias, "imap", from, code);
        assert_eq!((&report.answer, user(&report)), (&Answer::Refuse, None));
    }
    world.now += 3600;
    let late = world.report(&aliases[0], "imap", HERE, &codes[0]);
    assert_eq!(late.answer, Answer::Refuse);
    let other = world.report(&aliases[1], "imap", ELSEWHERE, &codes[1]);
    assert_eq!(
        (&other.answer, user(&other)),
        (&Answer::Accept, Some("alice"))
    );
}

#[test]
fn a_wrong_code_spends_no_alias_and_is_a_wrong_code_of_the_account() {
    let mut world = World::new("");
    let codes = world.sheet("alice", 2, Scope::default());
    let aliases = world.aliases("alice", 1);
    world.totp("alice");
    let report = world.report(&aliases[0], "imap", ELSEWHERE, "000000");
    assert_eq!((&report.answer, user(&report)), (&Answer::Refuse, None));
    assert_eq!(world.guesses_left("alice"), 7);
    let report = world.report(&aliases[0], "imap", ELSEWHERE, &codes[0]);
    assert_eq!(user(&report), Some("alice"));
}

#[test]
fn a_spent_alias_shows_and_costs_what_a_strangers_name_does() {
    let mut world = World::new("");
    let codes = world.sheet("alice", 3, Scope::default());
    let aliases = world.aliases("alice", 1);
    assert_eq!(world.prompt(&aliases[0]), world.prompt("alice"));
    let _ = world.login(&aliases[0], HERE, &codes[0]);
    assert_ne!(world.prompt(&aliases[0]), world.prompt("alice"));
    assert_eq!(
        world.prompt(&aliases[0]),
        world.prompt(&aliases[0]),
        "stable"
    );
    world.arena.hashes = 0;
    assert_eq!(
        world.login(&aliases[0], ELSEWHERE, &codes[1]),
        (Answer::Refuse, Reason::Wrong)
    );
    assert_eq!(world.arena.hashes, 1);
}

#[test]
fn the_rules_of_the_account_decide_and_an_app_password_has_no_use_for_an_alias() {
    let rules = r#"
        [[rule]]
        name = "alice"
        users = ["alice"]
        accept = ["app-password", "otp"]
        [[rule]]
        name = "nobody else"
        accept = []
    "#;
    let mut world = World::new(rules);
    let codes = world.sheet("alice", 2, Scope::default());
    let device = world.app_password("alice", Scope::default());
    let aliases = world.aliases("alice", 2);
    assert_eq!(world.login(&aliases[0], HERE, &device).0, Answer::Refuse);
    assert_eq!(world.login(&aliases[0], HERE, &codes[0]), ACCEPTED);
    assert_eq!(
        world.login(&aliases[0], ELSEWHERE, &codes[1]),
        (Answer::Deny, Reason::Rule),
        "spent: a name like any other"
    );
}

#[test]
fn revoked_aliases_are_names_that_nobody_has() {
    let mut world = World::new("");
    let codes = world.sheet("alice", 2, Scope::default());
    let aliases = world.aliases("alice", 1);
    world.admin(|admin| {
        let known = admin.account(&name("alice"))?;
        admin.revoke(&known, &[known.credential("alias")?])
    });
    assert_eq!(world.login(&aliases[0], HERE, &codes[0]).0, Answer::Refuse);
    assert_eq!(world.login("alice", HERE, &codes[0]), ACCEPTED);
}
