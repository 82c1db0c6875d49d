//! Imports, on a store that others use at the same time.

use super::*;
use crate::admin::{ImportWish, Made};
use crate::import::{Source, parse as read_file};
use crate::site::SiteError;

const FILE: &str = "HOTP bob - 3132333435363738393031323334353637383930\n\
                    HOTP/T30 alice 4711 303938373635343332313039383736353433323130\n";

const WISH: ImportWish<'_> = ImportWish {
    account: None,
    personal: false,
    new_accounts: true,
};

#[test]
fn a_plan_that_somebody_was_faster_than_is_done_not_at_all() {
    let mut world = World::new("");
    let entries = || read_file(Source::Oath, FILE.as_bytes()).unwrap();
    let first = world.admin(|admin| admin.plan_import(entries(), &WISH, &mut |_, _| ()));
    let second = world.admin(|admin| {
        let only_alice = entries().into_iter().skip(1).collect();
        admin.plan_import(only_alice, &WISH, &mut |_, _| ())
    });
    assert_eq!((first.taken.len(), second.taken.len()), (3, 2));
    world.admin(|admin| admin.import(&second, &mut |_, _| ()));
    let late = world.admin(|admin| Ok(admin.import(&first, &mut |_, _| ())));
    let exists = |error| {
        matches!(
            error,
            AdminError::Site(SiteError::Store(StoreError::Exists))
        )
    };
    assert!(late.is_err_and(exists));
    let accounts = world.admin(|admin| admin.accounts());
    let names: Vec<&str> = accounts.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["alice"], "half of it was done");
}

#[test]
fn a_pin_that_an_account_has_stays_and_the_token_comes() {
    let mut world = World::new("");
    world.sheet("alice", 1, Scope::default());
    let pin = Pin::new("1234").unwrap();
    world.admin(|admin| {
        let known = admin.account(&name("alice"))?;
        admin.set_pin(&known, Some(&pin))
    });
    let entries = read_file(Source::Oath, FILE.as_bytes()).unwrap();
    let plan = world.admin(|admin| admin.plan_import(entries, &WISH, &mut |_, _| ()));
    let made = plan.taken.iter().map(|taken| &taken.made);
    assert!(made.clone().all(|made| matches!(made, Made::Credential(_))));
    assert_eq!((made.count(), plan.left.len()), (2, 1));
}
