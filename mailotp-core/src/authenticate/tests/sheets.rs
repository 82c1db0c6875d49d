//! Sheets: several at once, their kill codes, and credentials that take another's place.

use super::*;
use crate::account::{Pinned, State};

#[test]
fn a_kill_code_typed_anywhere_revokes_its_sheet_and_ends_its_windows() {
    for rules in [
        "",
        "[[rule]]\nname = \"r\"\naccept = []",
        "[[rule]]\nname = \"r\"\naccept = [\"app-password\"]",
        "[[rule]]\nname = \"r\"\naccept = [\"password\"]",
        "mode = \"observe\"",
    ] {
        let mut world = World::new(rules);
        let (codes, kill) = world.sheet_with_kill("alice", 2);
        let other = world.sheet("alice", 2, Scope::default());
        let before = world.login("alice", HERE, &wrong(1)).0;
        let report = world.report("alice", "sieve", ELSEWHERE, &kill.to_uppercase());
        assert_eq!(
            report.answer, before,
            "the answer is what a wrong code gets: {rules}"
        );
        assert_eq!(report.event.reason, Reason::Killed, "{rules}");
        world.site.config = parse("");
        assert_eq!(
            world.login("alice", HERE, &codes[0]),
            (Answer::Refuse, Reason::Wrong),
            "{rules}"
        );
        assert_eq!(world.login("alice", HERE, &other[0]), ACCEPTED, "{rules}");
    }
}

#[test]
fn a_kill_code_ends_a_window_that_is_open_and_is_no_good_for_anybody_else() {
    let mut world = World::new("");
    let (codes, kill) = world.sheet_with_kill("alice", 2);
    let _ = world.sheet_with_kill("bob", 1);
    assert_eq!(world.login("alice", HERE, &codes[0]), ACCEPTED);
    assert_eq!(
        world.login("bob", HERE, &kill),
        (Answer::Refuse, Reason::Wrong)
    );
    assert_eq!(world.login("alice", HERE, &codes[0]), CONTINUED);
    assert_eq!(
        world.login("alice", ELSEWHERE, &kill),
        (Answer::Refuse, Reason::Killed)
    );
    assert_eq!(
        world.login("alice", HERE, &codes[0]),
        (Answer::Refuse, Reason::Wrong)
    );
    assert_eq!(
        world.login("alice", HERE, &kill),
        (Answer::Refuse, Reason::Wrong),
        "again"
    );
}

/// Ten characters that begin with `end` make the form of a kill code with the ten behind them.
#[test]
fn a_password_that_begins_like_a_kill_code_is_a_password_whatever_check_character_the_code_ends_in()
{
    let mut world = World::new("[[rule]]\nname = \"r\"\naccept = [\"password+otp\"]");
    let (codes, kill) = world.sheet_with_kill("alice", 2);
    let right = (0..1000)
        .map(|number| format!("endless{number:03}"))
        .find(|password| {
            let typed = format!("{password}{}", codes[1]).into_bytes();
            let secret = Secret::new(Zeroizing::new(typed)).unwrap();
            secret.kill_code().is_some()
        });
    for (password, code) in ["endless123", &right.unwrap()].into_iter().zip(&codes) {
        let prefix = Zeroizing::new(password.as_bytes().to_vec());
        assert_eq!(
            world.login("alice", HERE, &format!("{password}{code}")).0,
            Answer::PassOn(Handover::Prefix(prefix))
        );
    }
    assert_eq!(world.login("alice", HERE, &kill).1, Reason::Killed);
}

#[test]
fn several_sheets_each_have_a_next_number_of_their_own() {
    let mut world = World::new("");
    let first = world.sheet("alice", 3, Scope::default());
    assert_eq!(world.login("alice", HERE, &first[0]), ACCEPTED);
    let second = world.sheet("alice", 3, Scope::default());
    let prompt = world.prompt("alice");
    assert!(
        prompt.contains(" 2 or ") && prompt.ends_with(" 1: "),
        "{prompt}"
    );
    assert_eq!(world.login("alice", HERE, &second[0]), ACCEPTED);
    assert_eq!(world.login("alice", HERE, &first[1]), ACCEPTED);
}

#[test]
fn a_replaced_sheet_works_until_the_new_one_is_used() {
    let mut world = World::new("");
    let old = world.sheet("alice", 3, Scope::default());
    let account = name("alice");
    let added = world.admin(|admin| {
        let known = admin.account(&account)?;
        let wish = Wish {
            live: true,
            replaces: Some(known.credential("sheet")?),
            ..Wish::new(&account)
        };
        admin.add_sheet(&wish, 3, |_| ())
    });
    assert_eq!(added.credential.label, "sheet");
    let Secrets::Sheet { codes: new, .. } = added.secrets else {
        panic!("no sheet")
    };
    assert_eq!(world.login("alice", HERE, &old[0]), ACCEPTED);
    assert_eq!(world.login("alice", HERE, &new[0]), ACCEPTED);
    assert_eq!(
        world.login("alice", HERE, &old[0]).0,
        Answer::Refuse,
        "its window is closed"
    );
    assert_eq!(
        world.login("alice", HERE, &old[1]),
        (Answer::Refuse, Reason::Wrong)
    );
    let snapshot = world.store.read(&account, None).unwrap();
    let states: Vec<_> = snapshot
        .credentials
        .iter()
        .map(|credential| (credential.label.as_str(), credential.state))
        .collect();
    assert_eq!(
        states,
        [("old-sheet", State::Revoked), ("sheet", State::Live)]
    );
}

#[test]
fn a_pinned_app_password_belongs_to_the_first_service_that_uses_it() {
    let mut world = World::new("");
    let scope = Scope {
        pinned: Pinned::Open,
        ..Scope::default()
    };
    let device = world.app_password("alice", scope);
    let mut login = |service: &str| world.report("alice", service, HERE, &device).event.reason;
    assert_eq!(login("submission"), Reason::AppPassword);
    assert_eq!(login("imap"), Reason::OutOfScope);
    assert_eq!(login("submission"), Reason::AppPassword);
}
