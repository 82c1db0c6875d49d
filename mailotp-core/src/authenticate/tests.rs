//! Whole logins on a store in memory, with a clock that the test turns.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

use zeroize::Zeroizing;

use super::*;
use crate::account::{Change, Credential, Kind, Scope, State};
use crate::admin::{Admin, AdminError, NewTotp, Secrets, Wish};
use crate::budget::{Bucket, Owner};
use crate::config::Config;
use crate::credential::totp;
use crate::crypto::{Block, HashError, HeapArena, KeyRing, SealContext, hash_code};
use crate::decide::Handover;
use crate::id::CredentialId;
use crate::request::{Naming, Secret};
use crate::store::memory::MemoryStore;
use crate::store::{EventFilter, StoreError};

const NOW: i64 = 1_800_000_000;
const HERE: &str = "192.0.2.1";
const ELSEWHERE: &str = "198.51.100.7";

/// Counts the hashes that it lends memory for.
struct Counting(u32);

impl Arena for Counting {
    fn lend(&mut self, blocks: usize, work: &mut dyn FnMut(&mut [Block])) -> Result<(), HashError> {
        self.0 += 1;
        HeapArena.lend(blocks, work)
    }
}

/// A handle on a store that outlives it.
#[derive(Clone, Default)]
struct Shared {
    store: Rc<RefCell<MemoryStore>>,
    /// Every call fails.
    broken: bool,
}

macro_rules! forward {
    ($($name:ident($($arg:ident: $type:ty),*) -> $result:ty;)*) => {
        impl Store for Shared {
            $(fn $name(&mut self, $($arg: $type),*) -> Result<$result, StoreError> {
                if self.broken { return Err(StoreError::Full) }
                self.store.borrow_mut().$name($($arg),*)
            })*
        }
    };
}

forward! {
    read(name: &AccountName) -> Snapshot;
    charge(charge: &Charge) -> Charged;
    settle(settlement: &Settlement) -> Settled;
    change(account: crate::id::AccountId, changes: &[Change], event: &Event) -> u64;
    identity() -> crate::store::Identity;
    accounts() -> Vec<crate::account::Account>;
    bucket(owner: &Owner) -> Bucket;
    events(filter: &EventFilter) -> Vec<Event>;
}

struct World {
    site: Site,
    store: Shared,
    now: i64,
    random: crate::clock::testing::Sequence,
    hashes: u32,
    second_step: bool,
}

impl World {
    fn new(config: &str) -> World {
        World {
            site: Site {
                config: parse(config),
                keys: KeyRing::generate(&mut crate::clock::testing::Sequence(1)).unwrap(),
            },
            store: Shared::default(),
            now: NOW,
            random: crate::clock::testing::Sequence(2),
            hashes: 0,
            second_step: false,
        }
    }

    fn admin<T>(&mut self, work: impl FnOnce(&mut Admin<'_>) -> Result<T, AdminError>) -> T {
        let mut admin = Admin {
            site: &self.site,
            store: &mut self.store,
            random: &mut self.random,
            arena: &mut HeapArena,
            now: Timestamp(self.now),
            actor: "root".into(),
            host: "host".into(),
            generation: None,
        };
        work(&mut admin).unwrap()
    }

    /// A live sheet for `user`; its codes, number 1 first.
    fn sheet(&mut self, user: &str, count: u32, scope: Scope) -> Vec<String> {
        let account = name(user);
        let wish = Wish {
            account: &account,
            new_account: true,
            label: None,
            scope,
            live: true,
        };
        let added = self.admin(|admin| admin.add_sheet(&wish, count, |_| ()));
        let Secrets::Sheet(codes) = added.secrets else {
            panic!("no sheet")
        };
        codes.iter().map(|code| code.to_string()).collect()
    }

    /// A live sheet with this one code.
    fn sheet_of_one(&mut self, user: &str, code: &str) {
        let account = self.store.read(&name(user)).unwrap().account.unwrap();
        let id = CredentialId::generate(&mut self.random).unwrap();
        let context = SealContext {
            account: account.id,
            credential: &id,
        };
        let hash = hash_code(code, &account.salt, &mut HeapArena).unwrap();
        let credential = Credential {
            sealed: self
                .site
                .keys
                .seal(&context, &hash.0, &mut self.random)
                .unwrap(),
            id,
            kind: Kind::Sheet {
                name: "kd".into(),
                size: 1,
            },
            label: "one".into(),
            state: State::Live,
            scope: Scope::default(),
            created: Timestamp(self.now),
            last_used: None,
            struck: Default::default(),
            fingerprint: None,
        };
        let event = self.report("nobody", "imap", HERE, "?").event;
        self.store
            .change(account.id, &[Change::Add(Box::new(credential))], &event)
            .unwrap();
    }

    fn app_password(&mut self, user: &str, scope: Scope) -> String {
        let account = name(user);
        let wish = Wish {
            account: &account,
            new_account: true,
            label: None,
            scope,
            live: true,
        };
        let added = self.admin(|admin| admin.add_app_password(&wish));
        let Secrets::AppPassword(password) = added.secrets else {
            panic!("no app password")
        };
        password.to_string()
    }

    /// A live TOTP with a seed of ones.
    fn totp(&mut self, user: &str) -> totp::Parameters {
        let account = name(user);
        let wish = Wish {
            account: &account,
            new_account: true,
            label: None,
            scope: Scope::default(),
            live: true,
        };
        let seed = || Zeroizing::new(vec![1; 20]);
        let new = NewTotp {
            algorithm: totp::Algorithm::Sha1,
            digits: None,
            period: 30,
            seed: Some(seed()),
            issuer: "x".into(),
        };
        self.admin(|admin| admin.add_totp(&wish, new));
        totp::Parameters {
            algorithm: totp::Algorithm::Sha1,
            digits: 6,
            period: 30,
            seed: seed(),
        }
    }

    fn door<T>(&mut self, work: impl FnOnce(&mut Door<'_>) -> T) -> T {
        let (store, mut arena) = (self.store.clone(), Counting(0));
        let mut door = Door {
            site: &self.site,
            open_store: &mut || Ok(Box::new(store.clone())),
            random: &mut self.random,
            arena: &mut arena,
            host: "host",
            mark: &mut |_| (),
        };
        let result = work(&mut door);
        self.hashes += arena.0;
        result
    }

    fn report(&mut self, user: &str, service: &str, from: &str, typed: &str) -> Report {
        let request = Request {
            account: name(user),
            service: Service::new(service).unwrap(),
            remote: Remote::parse(from).unwrap(),
            secret: Secret::new(Zeroizing::new(typed.as_bytes().to_vec())).unwrap(),
            second_step: self.second_step,
        };
        let now = Timestamp(self.now);
        self.door(|door| door.login(&request, now))
    }

    fn login(&mut self, user: &str, from: &str, typed: &str) -> (Answer, Reason) {
        let report = self.report(user, "imap", from, typed);
        (report.answer, report.event.reason)
    }
}

fn parse(config: &str) -> Config {
    Config::parse(Path::new("/m.toml"), config, &|| Ok(String::new())).unwrap()
}

fn name(user: &str) -> AccountName {
    Naming::default().account(user.as_bytes()).unwrap()
}

/// The code that an authenticator shows.
fn code_at(parameters: &totp::Parameters, now: i64) -> String {
    let totp = totp_rs::Builder::new()
        .with_secret(parameters.seed.to_vec())
        .with_digits(parameters.digits as u8)
        .with_step_duration(u64::from(parameters.period))
        .build_noncompliant();
    totp.generate(now as u64).to_string()
}

fn wrong(number: u32) -> String {
    format!("zzzzz-{number:05}")
}

const ACCEPTED: (Answer, Reason) = (Answer::Accept, Reason::Code);
const CONTINUED: (Answer, Reason) = (Answer::Accept, Reason::Window);

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

/// CVE-2026-35597 Vikunja: an attempt is charged before it is judged, and stays charged.
#[test]
fn cve_2026_35597_wrong_codes_are_charged_and_right_ones_are_not() {
    let mut world = World::new("");
    let codes = world.sheet("alice", 30, Scope::default());
    let password = world.app_password("alice", Scope::default());
    for number in 0..10 {
        assert_eq!(
            world.login("alice", HERE, &wrong(number)).0,
            Answer::Refuse,
            "{number}"
        );
    }
    assert_eq!(
        world.login("alice", HERE, &wrong(10)),
        (Answer::Throttle, Reason::Budget)
    );
    assert_eq!(
        world.login("alice", HERE, &codes[0]).0,
        Answer::Throttle,
        "also the right one"
    );
    assert_eq!(
        world.login("alice", HERE, &password),
        (Answer::Accept, Reason::AppPassword)
    );
    for code in &codes[..15] {
        assert_eq!(
            world.login("alice", ELSEWHERE, code),
            ACCEPTED,
            "another network"
        );
    }
    world.now += 60;
    assert_eq!(
        world.login("alice", HERE, &codes[15]),
        ACCEPTED,
        "one came back"
    );
}

/// CVE-2025-6015 Vault: a code used again with a blank in it by-passed the limiter.
#[test]
fn cve_2025_6015_the_same_wrong_secret_is_charged_once_however_it_is_written() {
    let mut world = World::new("");
    let codes = world.sheet("alice", 2, Scope::default());
    for typed in [
        "zzzzz-00000",
        "zzzzz00000",
        "ZZZZZ 00000",
        "zzzzz-ooooo",
        " z z z z z 0 0 0 0 0",
    ] {
        for _ in 0..5 {
            assert_eq!(world.login("alice", HERE, typed).0, Answer::Refuse);
        }
    }
    for number in 1..10 {
        assert_eq!(world.login("alice", HERE, &wrong(number)).0, Answer::Refuse);
    }
    assert_eq!(world.login("alice", HERE, &codes[0]).0, Answer::Throttle);
}

#[test]
fn unknown_accounts_are_throttled_in_the_same_way_and_leave_no_event() {
    let mut world = World::new("");
    for number in 0..10 {
        assert_eq!(
            world.login("nobody", HERE, &wrong(number)),
            (Answer::Refuse, Reason::Wrong)
        );
    }
    assert_eq!(
        world.login("nobody", HERE, &wrong(10)),
        (Answer::Throttle, Reason::Budget)
    );
    assert!(
        world
            .store
            .events(&EventFilter::default())
            .unwrap()
            .is_empty()
    );
}

#[test]
fn digit_codes_have_a_budget_of_eight_from_everywhere_and_the_owner_one_of_his_own() {
    let mut world = World::new("");
    let parameters = world.totp("alice");
    world.now += 60;
    let code = code_at(&parameters, world.now);
    assert_eq!(world.login("alice", HERE, &code), ACCEPTED);
    world.now += 3600;
    let right = code_at(&parameters, world.now);
    let guesses = (0..)
        .map(|number| format!("{number:06}"))
        .filter(|code| *code != right);
    for (at, guess) in (0..8).zip(guesses.clone()) {
        assert_eq!(
            world.login("alice", &format!("198.51.100.{at}"), &guess).0,
            Answer::Refuse
        );
    }
    assert_eq!(
        world.login("alice", "198.51.100.99", &right).0,
        Answer::Throttle
    );
    assert_eq!(
        world.login("alice", HERE, &right),
        ACCEPTED,
        "a network that is known"
    );
}

/// What is computed depends on the form alone.
#[test]
fn one_hash_for_a_sheet_code_whoever_asks_and_none_for_anything_else() {
    let mut world = World::new("");
    world.sheet("alice", 2, Scope::default());
    for _ in 0..3 {
        world.sheet("bob", 2, Scope::default());
    }
    world.app_password("carol", Scope::default());
    for user in ["alice", "bob", "carol", "nobody"] {
        let before = world.hashes;
        assert_eq!(world.login(user, HERE, &wrong(1)).0, Answer::Refuse);
        assert_eq!(world.hashes - before, 1, "{user}, a sheet code");
        for typed in ["123456", "short", "?", "appy-z5fb-trk1-sbz6-6sxh-tsxn-5bn0"] {
            assert_eq!(world.login(user, HERE, typed).0, Answer::Refuse);
        }
        assert_eq!(world.hashes - before, 1, "{user}, other forms");
    }
}

#[test]
fn a_login_inside_a_window_costs_no_hash() {
    let mut world = World::new("");
    let codes = world.sheet("alice", 2, Scope::default());
    assert_eq!(world.login("alice", HERE, &codes[0]), ACCEPTED);
    let before = world.hashes;
    assert_eq!(world.login("alice", HERE, &codes[0]), CONTINUED);
    assert_eq!(world.hashes, before);
}

#[test]
fn questions_and_typing_errors_cost_nothing() {
    let mut world = World::new("");
    let codes = world.sheet("alice", 2, Scope::default());
    let password = world.app_password("alice", Scope::default());
    let last = password.chars().last().unwrap();
    let typo = format!(
        "{}{}",
        &password[..password.len() - 1],
        if last == 'x' { 'y' } else { 'x' }
    );
    for _ in 0..20 {
        assert_eq!(
            world.login("alice", HERE, "?"),
            (Answer::Refuse, Reason::Question)
        );
        assert_eq!(
            world.login("alice", HERE, ""),
            (Answer::Refuse, Reason::Question)
        );
        assert_eq!(
            world.login("alice", HERE, &typo),
            (Answer::Refuse, Reason::Mistyped)
        );
    }
    assert_eq!(world.login("alice", HERE, &codes[0]), ACCEPTED);
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
    assert_eq!(world.hashes, 0);
    let mut world = World::new("[[rule]]\nname = \"r\"\naccept = [\"otp\"]");
    let password = world.app_password("alice", Scope::default());
    assert_eq!(
        world.login("alice", HERE, &password),
        (Answer::Refuse, Reason::NotAccepted)
    );
}

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
    let (account, service) = (name("alice"), Service::new("imap").unwrap());
    let visitor = Visitor {
        account: &account,
        service: &service,
        remote: Remote::Unknown,
        second_step: false,
    };
    let now = Timestamp(world.now);
    assert_eq!(
        world
            .door(|door| door.account(visitor, false, now))
            .unwrap()
            .answer,
        Answer::Deny
    );
    assert_eq!(
        world.door(|door| door.gate(visitor, b"hunter2", now)).ok(),
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
        let (account, service) = (name("alice"), Service::new("imap").unwrap());
        let remote = Remote::parse(HERE).unwrap();
        let visitor = Visitor {
            account: &account,
            service: &service,
            remote,
            second_step: false,
        };
        let now = Timestamp(world.now);
        assert_eq!(
            world
                .door(|door| door.gate(visitor, typed.as_bytes(), now))
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
        account: &account,
        new_account: true,
        label: None,
        scope: Scope::default(),
        live: false,
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

/// An error must not look like an account that has nothing.
#[test]
fn a_store_that_fails_is_no_reason_to_skip_the_second_step() {
    for (mode, asks) in [("enforce", false), ("observe", true)] {
        let mut world = World::new(&format!(
            "mode = \"{mode}\"\n[users]\nenrolment = \"optional\""
        ));
        world.sheet("alice", 1, Scope::default());
        world.store.broken = true;
        let (account, service) = (name("alice"), Service::new("imap").unwrap());
        let remote = Remote::parse(HERE).unwrap();
        let visitor = Visitor {
            account: &account,
            service: &service,
            remote,
            second_step: true,
        };
        let now = Timestamp(world.now);
        match world.door(|door| door.opening(visitor, now)) {
            Opening::Done(report) if !asks => assert_eq!(report.answer, Answer::Unavailable),
            Opening::Done(report) => assert_eq!(report.answer, Answer::PassOn(Handover::Untouched)),
            Opening::Ask(_) => assert!(asks, "{mode}"),
        }
    }
}

/// A text that can be no digit code was charged for less: it must not pay for one that can.
#[test]
fn a_cheap_guess_does_not_pay_for_a_dear_one_that_folds_to_the_same() {
    let mut world = World::new("");
    let parameters = world.totp("alice");
    world.sheet("alice", 1, Scope::default());
    world.now += 3600;
    let right = code_at(&parameters, world.now);
    let wrong_digits = (0..)
        .map(|number| format!("{number:06}"))
        .filter(|code| *code != right);
    for (at, digits) in (0..8).zip(wrong_digits) {
        let from = format!("198.51.100.{at}");
        assert_eq!(
            world.login("alice", &from, &format!("Secret99{digits}")).0,
            Answer::Refuse
        );
    }
    let look_alike = right.replace('0', "o").replace('1', "l");
    let primed = format!("Secret99{look_alike}");
    assert!(world.login("alice", ELSEWHERE, &primed).0 != Answer::Accept);
    let answer = world
        .login("alice", ELSEWHERE, &format!("Secret99{right}"))
        .0;
    assert!(
        !matches!(answer, Answer::PassOn(_)),
        "a free comparison: {answer:?}"
    );
}

#[test]
fn a_budget_for_digits_that_strangers_have_used_up_keeps_nobody_from_a_sheet() {
    let mut world = World::new("");
    // A code that ends in six digits: it could be a password with a digit code behind it.
    let code = "abcd123456";
    world.app_password("alice", Scope::default());
    world.sheet_of_one("alice", code);
    for at in 0..9 {
        let guess = format!("pw!99999{at}");
        let _ = world.login("alice", &format!("198.51.100.{at}"), &guess);
    }
    assert_eq!(
        world.login("alice", "198.51.100.9", "pw!999998").0,
        Answer::Throttle
    );
    assert_eq!(world.login("alice", HERE, code), ACCEPTED);
}

#[test]
fn guesses_of_digits_cost_the_same_whatever_length_the_accounts_own_have() {
    let mut world = World::new("[[rule]]\nname = \"r\"\naccept = [\"otp\"]");
    let account = name("bob");
    let wish = Wish {
        account: &account,
        new_account: true,
        label: None,
        scope: Scope::default(),
        live: true,
    };
    let new = NewTotp {
        algorithm: totp::Algorithm::Sha1,
        digits: Some(8),
        period: 30,
        seed: None,
        issuer: String::new(),
    };
    world.admin(|admin| admin.add_totp(&wish, new));
    for user in ["bob", "nobody"] {
        let answers: Vec<Answer> = (0..10)
            .map(|at| world.login(user, ELSEWHERE, &format!("99999{at}")).0)
            .collect();
        assert!(
            answers[..8].iter().all(|answer| *answer == Answer::Refuse),
            "{user}"
        );
        assert!(
            answers[8..]
                .iter()
                .all(|answer| *answer == Answer::Throttle),
            "{user}"
        );
    }
}

/// Strangers cannot use up each other's budgets: the first guess of a fresh name is judged, as the
/// first of an account is.
#[test]
fn unknown_names_do_not_throttle_each_other() {
    let mut world = World::new("[[rule]]\nname = \"r\"\naccept = [\"otp\"]");
    for at in 0..3000 {
        let digits = format!("{:06}", 100_000 + at);
        assert_eq!(
            world.login(&format!("x{at}"), HERE, &digits).0,
            Answer::Refuse,
            "x{at}"
        );
    }
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
fn a_closed_account_costs_as_much_as_an_unknown_one() {
    let mut world = World::new("");
    world.sheet("alice", 1, Scope::default());
    world.admin(|admin| {
        let known = admin.account(&name("alice"))?;
        admin.lock(&known, true)
    });
    for number in 0..10 {
        assert_eq!(
            world.login("alice", HERE, &wrong(number)),
            (Answer::Refuse, Reason::Closed)
        );
    }
    assert_eq!(world.hashes, 10);
    assert_eq!(world.login("alice", HERE, &wrong(10)).0, Answer::Throttle);
}

#[test]
fn a_malformed_secret_of_an_exempt_user_is_not_judged() {
    let mut world = World::new("");
    let (account, service) = (name("root"), Service::new("imap").unwrap());
    let remote = Remote::parse(HERE).unwrap();
    let visitor = Visitor {
        account: &account,
        service: &service,
        remote,
        second_step: false,
    };
    let now = Timestamp(world.now);
    let report = world.door(|door| door.malformed(visitor, now, "a TAB".into()));
    assert_eq!(report.answer, Answer::PassOn(Handover::Whole));
}
