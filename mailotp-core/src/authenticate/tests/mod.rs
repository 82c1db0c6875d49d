//! Whole logins on a store in memory, with a clock that the test turns.

mod aliases;
mod answers;
mod attack;
mod budgets;
mod clocks;
mod costs;
mod failures;
mod histories;
mod imports;
mod own_rules;
mod pins;
mod sequences;
mod sheets;
mod tokens;
mod windows;

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::rc::Rc;

use zeroize::Zeroizing;

use super::*;
use crate::account::{Change, Scope};
use crate::admin::{Admin, AdminError, Moving, NewOath, Secrets, Wish};
use crate::budget::{Bucket, Charged, Owner};
use crate::config::Config;
use crate::credential::{oath, totp};
use crate::crypto::{Block, HashError, HeapArena, KeyRing, Tag};
use crate::decide::Handover;
use crate::request::{Naming, Pin, Secret};
use crate::rfc2289::{self, PassPhrase};
use crate::rule::Means;
use crate::store::memory::MemoryStore;
use crate::store::{EventFilter, Place, Resealed, Sealed, StoreError};

const NOW: i64 = 1_800_000_000;
const HERE: &str = "192.0.2.1";
const ELSEWHERE: &str = "198.51.100.7";

/// Counts the hashes that it lends memory for. The memory stays, and is not wiped: what lies in it is of
/// no value, and a hash takes two thirds of the time.
#[derive(Default)]
struct Counting {
    hashes: u32,
    memory: Vec<Block>,
}

impl Arena for Counting {
    fn lend(&mut self, blocks: usize, work: &mut dyn FnMut(&mut [Block])) -> Result<(), HashError> {
        self.hashes += 1;
        self.memory.resize(blocks, Block::default());
        work(&mut self.memory);
        Ok(())
    }
}

/// A handle on a store that outlives it.
#[derive(Clone, Default)]
struct Shared {
    store: Rc<RefCell<MemoryStore>>,
    /// Every call fails.
    broken: bool,
    /// Calls of this name fail.
    cannot: &'static str,
    /// What could be compared.
    compared: Rc<Cell<Compared>>,
}

/// How often what was typed could be compared, by whoever typed it.
#[derive(Clone, Copy, Default)]
struct Compared {
    /// With what chance may find: digit codes, and PINs beside a right code.
    codes: u32,
    /// With the codes of open windows that chance may find.
    windows: u32,
}

impl Shared {
    /// Notes what a charge has opened. Whatever is not refused is compared, paid or not.
    fn note(&self, charge: &Charge, charged: Charged) -> Charged {
        let mut compared = self.compared.get();
        let is = |kind: fn(&Owner) -> bool| {
            charged != Charged::Exhausted && charge.from.iter().any(|(owner, _)| kind(owner))
        };
        compared.codes += u32::from(is(|owner| matches!(owner, Owner::Account(_))));
        compared.windows += u32::from(is(|owner| matches!(owner, Owner::Windows(_))));
        self.compared.set(compared);
        charged
    }
}

macro_rules! forward {
    ($($name:ident($($arg:ident: $type:ty),*) -> $result:ty;)*) => {
        impl Store for Shared {
            $(fn $name(&mut self, $($arg: $type),*) -> Result<$result, StoreError> {
                if self.broken || self.cannot == stringify!($name) {
                    return Err(StoreError::Full)
                }
                self.store.borrow_mut().$name($($arg),*)
            })*

            fn charge(&mut self, charge: &Charge) -> Result<Charged, StoreError> {
                if self.broken { return Err(StoreError::Full) }
                let charged = self.store.borrow_mut().charge(charge)?;
                Ok(self.note(charge, charged))
            }
        }
    };
}

forward! {
    read(name: &AccountName, alias: Option<&Tag>) -> Snapshot;
    settle(settlement: &Settlement) -> Settled;
    change(account: crate::id::AccountId, changes: &[Change], event: &Event) -> u64;
    change_all(parts: &[crate::store::Part]) -> u64;
    identity() -> crate::store::Identity;
    accounts() -> Vec<crate::account::Account>;
    bucket(owner: &Owner) -> Bucket;
    buckets(account: crate::id::AccountId) -> Vec<(Owner, Bucket)>;
    tell_of_unenrolled(event: &Event) -> ();
    maintain(now: Timestamp, since: Timestamp) -> crate::store::Maintained;
    used_since(since: Timestamp) -> Vec<AccountName>;
    sealed(after: Option<&Place>, limit: u32) -> Vec<Sealed>;
    reseal(values: &[Resealed]) -> u64;
    events(filter: &EventFilter) -> Vec<Event>;
}

struct World {
    site: Site,
    store: Shared,
    now: i64,
    random: crate::clock::testing::Sequence,
    arena: Counting,
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
            arena: Counting::default(),
            second_step: false,
        }
    }

    fn admin<T>(&mut self, work: impl FnOnce(&mut Admin<'_>) -> Result<T, AdminError>) -> T {
        let hashes = self.arena.hashes;
        let mut admin = Admin {
            site: &self.site,
            store: &mut self.store,
            random: &mut self.random,
            arena: &mut self.arena,
            now: Timestamp(self.now),
            actor: "root".into(),
            host: "host".into(),
            generation: None,
        };
        let made = work(&mut admin).unwrap();
        // Counted is what logins cost.
        self.arena.hashes = hashes;
        made
    }

    /// A live sheet for `user`; its codes, number 1 first.
    fn sheet(&mut self, user: &str, count: u32, scope: Scope) -> Vec<String> {
        let account = name(user);
        let wish = Wish {
            new_account: true,
            scope,
            live: true,
            ..Wish::new(&account)
        };
        let added = self.admin(|admin| admin.add_sheet(&wish, count, |_| ()));
        let Secrets::Sheet { codes, .. } = added.secrets else {
            panic!("no sheet")
        };
        codes.iter().map(|code| code.to_string()).collect()
    }

    /// A live sheet with its kill code.
    fn sheet_with_kill(&mut self, user: &str, count: u32) -> (Vec<String>, String) {
        let account = name(user);
        let wish = Wish {
            new_account: true,
            live: true,
            ..Wish::new(&account)
        };
        let added = self.admin(|admin| admin.add_sheet(&wish, count, |_| ()));
        let Secrets::Sheet { codes, kill } = added.secrets else {
            panic!("no sheet")
        };
        let codes = codes.iter().map(|code| code.to_string()).collect();
        (codes, kill.to_string())
    }

    /// Somebody with a pass phrase, before the sequence of so many is made.
    fn sequence_of(&self, pass_phrase: &str, count: u32) -> Owner2289 {
        Owner2289 {
            pass_phrase: PassPhrase::new(pass_phrase.as_bytes()).unwrap(),
            begin: rfc2289::Challenge {
                algorithm: rfc2289::Algorithm::Sha1,
                count,
                seed: rfc2289::Seed::new("ma1234").unwrap(),
            },
        }
    }

    fn enrol_sequence(&mut self, user: &str, owner: &Owner2289) {
        let account = name(user);
        let wish = Wish {
            new_account: true,
            live: true,
            ..Wish::new(&account)
        };
        let response = owner.begin.compute(&owner.pass_phrase);
        self.admin(|admin| admin.add_sequence(&wish, &owner.begin, &response));
    }

    /// A live sequence of so many.
    fn sequence(&mut self, user: &str, count: u32) -> Owner2289 {
        let owner = self.sequence_of("This is a test.", count);
        self.enrol_sequence(user, &owner);
        owner
    }

    /// A live HOTP token with the seed of RFC 4226, appendix D.
    fn hotp(&mut self, user: &str) {
        let account = name(user);
        let wish = Wish {
            new_account: true,
            live: true,
            ..Wish::new(&account)
        };
        let new = NewOath {
            algorithm: oath::Algorithm::Sha1,
            digits: None,
            moving: Moving::Counter(0),
            seed: Some(Zeroizing::new(b"12345678901234567890".to_vec())),
            issuer: "x".into(),
        };
        self.admin(|admin| admin.add_oath(&wish, new));
    }

    /// Live aliases.
    fn aliases(&mut self, user: &str, count: u32) -> Vec<String> {
        let account = name(user);
        let wish = Wish {
            new_account: true,
            live: true,
            ..Wish::new(&account)
        };
        let added = self.admin(|admin| admin.add_aliases(&wish, count));
        let Secrets::Aliases(names) = added.secrets else {
            panic!("no aliases")
        };
        names.iter().map(|name| name.as_str().to_owned()).collect()
    }

    fn pin(&mut self, user: &str, pin: &str) {
        let (account, pin) = (name(user), Pin::new(pin).unwrap());
        self.admin(|admin| {
            let known = admin.account(&account)?;
            admin.set_pin(&known, Some(&pin))
        });
    }

    fn site_pin(&mut self, pin: &str) {
        let pin = Pin::new(pin).unwrap();
        self.admin(|admin| admin.set_site_pin(Some(&pin)));
    }

    /// What the next prompt of `user` shows.
    fn prompt(&mut self, user: &str) -> String {
        let opening = self.visit(user, false, |door, visitor, now| door.opening(visitor, now));
        match opening {
            Opening::Ask(prompt) => prompt,
            Opening::Done(report) => panic!("{:?}", report.event),
        }
    }

    /// What is left of the account's budget for digits and PINs.
    fn guesses_left(&mut self, user: &str) -> u32 {
        let account = self.store.read(&name(user), None).unwrap().account.unwrap();
        let buckets = self.store.buckets(account.id).unwrap();
        let budgets = Budgets::of(&self.site.config, &buckets, Timestamp(self.now));
        budgets.digits.left
    }

    fn app_password(&mut self, user: &str, scope: Scope) -> String {
        let account = name(user);
        let wish = Wish {
            new_account: true,
            scope,
            live: true,
            ..Wish::new(&account)
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
            new_account: true,
            live: true,
            ..Wish::new(&account)
        };
        let seed = || Zeroizing::new(vec![1; 20]);
        let new = NewOath {
            algorithm: oath::Algorithm::Sha1,
            digits: None,
            moving: Moving::Period(30),
            seed: Some(seed()),
            issuer: "x".into(),
        };
        self.admin(|admin| admin.add_oath(&wish, new));
        totp::Parameters {
            key: oath::Key {
                algorithm: oath::Algorithm::Sha1,
                digits: 6,
                seed: seed(),
            },
            period: 30,
        }
    }

    fn door<T>(&mut self, work: impl FnOnce(&mut Door<'_>) -> T) -> T {
        let store = self.store.clone();
        let mut door = Door {
            site: &self.site,
            open_store: &mut || Ok(Box::new(store.clone())),
            keep_store: None,
            random: &mut self.random,
            arena: &mut self.arena,
            host: "host",
            mark: Some(&mut |_| ()),
        };
        work(&mut door)
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

    fn request(&self, user: &str, service: &str, from: &str, typed: &str) -> Request {
        Request {
            account: name(user),
            service: Service::new(service).unwrap(),
            remote: Remote::parse(from).unwrap(),
            secret: Secret::new(Zeroizing::new(typed.as_bytes().to_vec())).unwrap(),
            alias: None,
            second_step: self.second_step,
        }
    }

    fn report(&mut self, user: &str, service: &str, from: &str, typed: &str) -> Report {
        let request = self.request(user, service, from, typed);
        let now = Timestamp(self.now);
        self.door(|door| door.login(request, now))
    }

    fn login(&mut self, user: &str, from: &str, typed: &str) -> (Answer, Reason) {
        let report = self.report(user, "imap", from, typed);
        (report.answer, report.event.reason)
    }
}

/// Who knows the pass phrase of a sequence.
struct Owner2289 {
    pass_phrase: PassPhrase,
    begin: rfc2289::Challenge,
}

impl Owner2289 {
    fn response(&self, count: u32) -> rfc2289::Response {
        rfc2289::Challenge {
            count,
            ..self.begin.clone()
        }
        .compute(&self.pass_phrase)
    }

    /// The response to a sequence integer, in hexadecimal digits.
    fn answer(&self, count: u32) -> String {
        self.response(count).hex().to_string()
    }

    /// The same in six words.
    fn words(&self, count: u32) -> String {
        self.response(count).words().to_string()
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
        .with_secret(parameters.key.seed.to_vec())
        .with_digits(parameters.key.digits as u8)
        .with_step_duration(u64::from(parameters.period))
        .build_noncompliant();
    totp.generate(now as u64).to_string()
}

fn wrong(number: u32) -> String {
    format!("zzzzz-{number:05}")
}

const ACCEPTED: (Answer, Reason) = (Answer::Accept, Reason::Code);
const CONTINUED: (Answer, Reason) = (Answer::Accept, Reason::Window);
