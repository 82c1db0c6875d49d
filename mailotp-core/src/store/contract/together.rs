//! Changes of several accounts that are made together.

use super::*;
use crate::store::Part;

pub(crate) fn changes_of_several_accounts_are_all_or_nothing(store: &mut dyn Store) {
    fill(store);
    let bob = AccountId(8);
    let totp = |text: &str, seed: u8| {
        let (digits, period) = (6, 30);
        Box::new(Credential {
            fingerprint: Some(Tag([seed; 16])),
            ..credential(text, Kind::Totp { digits, period })
        })
    };
    let part = |account: AccountId, changes: &[Change], at: i64| Part {
        account,
        changes: changes.to_vec(),
        event: Event {
            result: Verdict::Changed,
            ..event(at, Reason::Added)
        },
    };
    let before = store.identity().unwrap().generation;
    let names = |store: &mut dyn Store| store.accounts().unwrap().len();
    let news = |store: &mut dyn Store| store.events(&EventFilter::default()).unwrap().len();
    let told = news(store);

    // The last of them cannot be: the seed is enrolled with the one before.
    let parts = [
        part(ID, &[Change::Rename(id("s"), "new".into())], 2000),
        part(bob, &[Change::Create(account(bob, "bob"))], 2001),
        part(bob, &[Change::Add(totp("u", 1))], 2002),
        part(ID, &[Change::Add(totp("v", 1))], 2003),
    ];
    let failed = store.change_all(&parts);
    assert!(matches!(failed, Err(StoreError::Exists)), "{failed:?}");
    assert_eq!((names(store), news(store)), (1, told), "half of it is done");
    assert_eq!(store.identity().unwrap().generation, before);
    let kept = read(store).credential(&id("s")).unwrap().label.clone();
    assert_eq!(kept, "my s");

    let after = store.change_all(&parts[..3]).unwrap();
    assert!(after > before);
    assert_eq!(store.identity().unwrap().generation, after);
    assert_eq!((names(store), news(store)), (2, told + 3));
    let bob = store.read(&name("bob"), None).unwrap();
    assert!(bob.credential(&id("u")).is_some());
    assert_eq!(store.change_all(&[]).unwrap(), after, "nothing to do");
}
