//! Whole logins on a store in memory, with a clock that the test turns.

mod answers;
mod budgets;
mod failures;
mod windows;

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

    /// A phase before or beside the login: `work` with the visitor at the door, from [`HERE`].
    fn visit<T>(
        &mut self,
        user: &str,
        second_step: bool,
        work: impl FnOnce(&mut Door<'_>, Visitor<'_>, Timestamp) -> T,
    ) -> T {
        let (account, service) = (name(user), Service::new("imap").unwrap());
        let remote = Remote::parse(HERE).unwrap();
        let visitor = Visitor {
            account: &account,
            service: &service,
            remote,
            second_step,
        };
        let now = Timestamp(self.now);
        self.door(|door| work(door, visitor, now))
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
