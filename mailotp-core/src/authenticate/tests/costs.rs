//! What is computed for a login depends on the form of what was typed alone: not on whether there is an
//! account, nor on what it has.

use super::*;
use crate::request::{AppPassword, KillCode};

const LIMITS: &str = "[limits]\nnetwork = 1000\naccount = 1000\n";

/// Wrong secrets of every form, with and without something before them.
fn forms() -> Vec<String> {
    // Their check characters are right, and they are nobody's.
    let password = AppPassword::new([1; 4], &[1; 20]).grouped();
    let kill = KillCode::new(&[1; 16]).grouped();
    [
        "zzzzz-00001",
        "1234zzzzz-00001",
        "secret 1234 zzzzz00001",
        "123zzzzz-00001",
        "123456",
        "1234567",
        "12345678",
        "1234-123456",
        "secret1234567890",
        "pass 1234 12345678",
        "12345678901",
        "0123 4567 89ab cdef",
        "12340123456789abcdef",
        "secret abcdef0123456789",
        "INCH SEA ANNE LONG AHEM TOUR",
        "1234 INCH SEA ANNE LONG AHEM TOUR",
        "INCH SEA ANNE LONG AHEM TOUT",
        "secret",
        "seven words are no form of a code 1",
        "?",
        &password,
        &password.replace('1', "2"),
        &kill,
        &kill.replace('1', "2"),
        "endless123zzzzz-00001",
    ]
    .map(str::to_owned)
    .to_vec()
}

const RULES: [&str; 6] = [
    r#"["otp"]"#,
    r#"["password+otp"]"#,
    r#"["password"]"#,
    r#"["password", "otp"]"#,
    r#"["app-password"]"#,
    r#"["app-password", "otp", "password+otp"]"#,
];

impl World {
    /// An account with nothing.
    fn empty(&mut self, user: &str) {
        self.app_password(user, Scope::default());
        self.admin(|admin| {
            let known = admin.account(&name(user))?;
            let all: Vec<_> = known.credentials().collect();
            admin.revoke(&known, &all)
        });
    }

    /// So many credentials of every kind; digit codes of that length.
    fn laden(&mut self, user: &str, each: u32, digits: u32) {
        for at in 0..each {
            self.sheet(user, 1, Scope::default());
            self.app_password(user, Scope::default());
            let mut owner = self.sequence_of("This is a test.", 50);
            owner.begin.seed = rfc2289::Seed::new(&format!("ma{at}")).unwrap();
            self.enrol_sequence(user, &owner);
            for moving in [Moving::Period(30), Moving::Counter(0)] {
                let account = name(user);
                let wish = Wish {
                    live: true,
                    ..Wish::new(&account)
                };
                let new = NewOath {
                    algorithm: oath::Algorithm::Sha1,
                    digits: Some(digits),
                    moving,
                    seed: None,
                    issuer: "x".into(),
                };
                self.admin(|admin| admin.add_oath(&wish, new));
            }
        }
        self.aliases(user, 1);
    }

    fn lock(&mut self, user: &str) {
        self.admin(|admin| {
            let known = admin.account(&name(user))?;
            admin.lock(&known, true)
        });
    }

    /// How many hashes a login costs.
    fn hashes_of(&mut self, user: &str, typed: &str) -> u32 {
        self.arena.hashes = 0;
        let _ = self.login(user, HERE, typed);
        self.arena.hashes
    }
}

/// Every form costs every user the same under every rule. Returns the most that one has cost.
fn assert_equal(world: &mut World, rules: &[&str], users: &[&str]) -> u32 {
    let mut most = 0;
    for accept in rules {
        let rule = format!("{LIMITS}[[rule]]\nname = \"r\"\naccept = {accept}");
        world.site.config = parse(&rule);
        for typed in forms() {
            let stranger = world.hashes_of("nobody", &typed);
            for user in users {
                let hashes = world.hashes_of(user, &typed);
                assert_eq!(hashes, stranger, "{user}, {typed:?}, {accept}");
            }
            most = most.max(stranger);
        }
    }
    most
}

#[test]
fn what_is_computed_depends_on_the_form_alone_however_many_credentials_there_are() {
    let mut world = World::new("");
    world.empty("empty");
    world.laden("one", 1, 6);
    world.laden("hundred", 20, 8);
    world.laden("locked", 1, 7);
    world.lock("locked");
    let users = ["empty", "one", "hundred", "locked"];
    assert_eq!(assert_equal(&mut world, &RULES, &users), 1);
}

#[test]
fn where_somebody_has_a_pin_what_is_computed_depends_on_the_form_alone() {
    let mut world = World::new("");
    world.laden("eight", 1, 8);
    world.laden("pin", 1, 7);
    world.pin("pin", "1234");
    world.lock("pin");
    let most = assert_equal(&mut world, &RULES[..3], &["eight", "pin"]);
    assert_eq!(most, 2, "of a code and of a PIN");
}

#[test]
fn where_the_site_has_a_pin_what_is_computed_depends_on_the_form_alone() {
    let mut world = World::new("");
    world.laden("eight", 1, 8);
    world.laden("pin", 1, 6);
    world.pin("pin", "123456");
    world.site_pin("1234");
    let most = assert_equal(&mut world, &RULES[..1], &["eight", "pin"]);
    assert_eq!(most, 2);
}
