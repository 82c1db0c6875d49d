//! Several logins at the same time, stopped before each call to the store and let go in any order; each is held
//! against the model call by call.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::Scope;

use zeroize::Zeroizing;

use super::stage::{Stage, name};
use super::{Attempt, Budget, Charged, Login, Model, Next, Outcome, PLACES, Time, network};
use crate::account::{Change, Kind, Settled, Settlement, Snapshot};
use crate::audit::{Event, Reason};
use crate::authenticate::Door;
use crate::budget::{self, Bucket, Charge, Limit, Owner};
use crate::clock::Timestamp;
use crate::clock::testing::Sequence;
use crate::crypto::{HeapArena, Tag};
use crate::decide::Answer;
use crate::id::AccountId;
use crate::request::{AccountName, Remote, Request, Secret, Service};
use crate::store::memory::{MemoryStore, Noted};
use crate::store::{
    Decision, EventFilter, Identity, Maintained, Part, Place, Resealed, Sealed, Store, StoreError,
};

/// Opens the store, for each login anew, as processes do.
pub(crate) type Opening<'a> = &'a (dyn Fn() -> Box<dyn Store> + Sync);

/// A call to the store.
#[derive(Debug)]
enum Call {
    Read,
    Charge(Charge),
    Settle,
    /// All that is left, at one go.
    Judge,
}

/// What a login tells of itself.
#[derive(Debug)]
enum Told {
    Before(Call),
    Charged(budget::Charged),
    Settled(Settled),
    Judged(Vec<(Charge, budget::Charged)>, Settled),
    Read,
    Done(Answer, Reason),
}

/// The store of one login: it waits before each call.
struct Stopped {
    store: Box<dyn Store>,
    /// Whether it lets this login charge and settle at one go.
    at_one_go: bool,
    tell: Sender<Told>,
    go: Receiver<()>,
}

impl Stopped {
    fn wait(&self, call: Call) {
        // Where the other end is gone, it has failed, and nothing matters any more.
        let _ = self.tell.send(Told::Before(call));
        let _ = self.go.recv();
    }
}

/// The calls that no login is about, and that nothing waits before.
macro_rules! others {
    ($this:ident, $store:expr) => {
        others! { @ $this, $store;
            change(account: AccountId, changes: &[Change], event: &Event) -> u64;
            change_all(parts: &[Part]) -> u64;
            identity() -> Identity;
            accounts() -> Vec<crate::account::Account>;
            bucket(owner: &Owner) -> Bucket;
            buckets(account: AccountId) -> Vec<(Owner, Bucket)>;
            tell_of_unenrolled(event: &Event) -> ();
            maintain(now: Timestamp, since: Timestamp) -> Maintained;
            used_since(since: Timestamp) -> Vec<AccountName>;
            sealed(after: Option<&Place>, limit: u32) -> Vec<Sealed>;
            reseal(values: &[Resealed]) -> u64;
            events(filter: &EventFilter) -> Vec<Event>;
        }
    };
    (@ $this:ident, $store:expr; $($name:ident($($arg:ident: $type:ty),*) -> $result:ty;)*) => {
        $(fn $name(&mut self, $($arg: $type),*) -> Result<$result, StoreError> {
            let $this = self;
            $store.$name($($arg),*)
        })*
    };
}

/// One store in memory that all logins open.
#[derive(Clone, Default)]
pub(crate) struct Together(Arc<Mutex<MemoryStore>>);

impl Together {
    fn lock(&self) -> MutexGuard<'_, MemoryStore> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for Together {
    fn read(&mut self, name: &AccountName, alias: Option<&Tag>) -> Result<Snapshot, StoreError> {
        self.lock().read(name, alias)
    }

    fn charge(&mut self, charge: &Charge) -> Result<budget::Charged, StoreError> {
        self.lock().charge(charge)
    }

    fn settle(&mut self, settlement: &Settlement) -> Result<Settled, StoreError> {
        self.lock().settle(settlement)
    }

    fn is_at_hand(&self) -> bool {
        true
    }

    fn judge(&mut self, decision: &mut Decision<'_>) -> Result<(Settlement, Settled), StoreError> {
        self.lock().judge(decision)
    }

    others!(this, this.lock());
}

impl Store for Stopped {
    fn read(&mut self, name: &AccountName, alias: Option<&Tag>) -> Result<Snapshot, StoreError> {
        self.wait(Call::Read);
        let read = self.store.read(name, alias);
        let _ = self.tell.send(Told::Read);
        read
    }

    fn charge(&mut self, charge: &Charge) -> Result<budget::Charged, StoreError> {
        self.wait(Call::Charge(charge.clone()));
        let charged = self.store.charge(charge)?;
        let _ = self.tell.send(Told::Charged(charged));
        Ok(charged)
    }

    fn settle(&mut self, settlement: &Settlement) -> Result<Settled, StoreError> {
        self.wait(Call::Settle);
        let settled = self.store.settle(settlement);
        let settled = settled.inspect_err(|error| println!("settling: {error:?}"))?;
        let _ = self.tell.send(Told::Settled(settled));
        Ok(settled)
    }

    fn is_at_hand(&self) -> bool {
        self.at_one_go
    }

    fn judge(&mut self, decision: &mut Decision<'_>) -> Result<(Settlement, Settled), StoreError> {
        self.wait(Call::Judge);
        let mut charges = Vec::new();
        let judged = self.store.judge(&mut |ledger| {
            charges.clear();
            let charges = &mut charges;
            decision(&mut Noted { ledger, charges })
        })?;
        let _ = self.tell.send(Told::Judged(charges, judged.1));
        Ok(judged)
    }

    others!(this, this.store);
}

/// A login that goes on.
struct Worker {
    login: Login,
    pending: Option<Call>,
    told: Receiver<Told>,
    go: Sender<()>,
}

/// Logins, and the model that knows how each of them goes on.
pub(crate) struct Play<'a> {
    stage: &'a Stage,
    open: Opening<'a>,
    model: Model,
    workers: Vec<Worker>,
    /// The next login draws its random numbers from here: no two draw the same, whatever the time is.
    seed: u64,
}

impl<'a> Play<'a> {
    pub fn new(stage: &'a Stage, open: Opening<'a>, model: Model) -> Play<'a> {
        Play {
            stage,
            open,
            model,
            workers: Vec::new(),
            seed: 1000,
        }
    }

    pub fn model(&self) -> &Model {
        &self.model
    }

    /// How many logins go on.
    pub fn busy(&self) -> usize {
        self.workers.len()
    }

    /// Begins a login, up to its first call.
    pub fn start<'scope>(&mut self, scope: &'scope Scope<'scope, 'a>, attempt: Attempt) {
        let (tell, told) = channel();
        let (go, gone) = channel();
        let (stage, open) = (self.stage, self.open);
        self.seed += 1;
        let random = Sequence(self.seed);
        let at_one_go = self.seed.is_multiple_of(2);
        scope.spawn(move || {
            let (answer, reason) = log_in(
                stage,
                open,
                attempt,
                random,
                at_one_go,
                (tell.clone(), gone),
            );
            let _ = tell.send(Told::Done(answer, reason));
        });
        let mut worker = Worker {
            login: self.model.begin(attempt),
            pending: None,
            told,
            go,
        };
        worker.hear_of_next();
        self.workers.push(worker);
    }

    /// Lets a login make its next call. Whatever differs from the model is a panic.
    pub fn step(&mut self, which: usize) {
        let at = which % self.workers.len();
        let worker = &mut self.workers[at];
        let attempt = worker.login.attempt;
        let call = worker.pending.take().expect("it waits before a call");
        match (call, worker.login.next.clone()) {
            (Call::Read, Next::Read) => {
                assert!(matches!(worker.hear(), Told::Read));
                self.model.read(&mut worker.login);
            }
            (Call::Charge(charge), Next::Charge(_)) => {
                let Told::Charged(charged) = worker.hear() else {
                    panic!("{attempt:?}")
                };
                charge_too(self.stage, &mut self.model, worker, &charge, charged);
            }
            (Call::Settle, Next::Settle) => {
                let settled = match worker.hear() {
                    Told::Settled(settled) => settled,
                    other => panic!("{attempt:?}: {other:?}"),
                };
                settle_too(&mut self.model, worker, settled);
            }
            (Call::Judge, Next::Charge(_) | Next::Settle) => {
                let (charges, settled) = match worker.hear() {
                    Told::Judged(charges, settled) => (charges, settled),
                    other => panic!("{attempt:?}: {other:?}"),
                };
                let before = self.model.levels.clone();
                for (charge, charged) in &charges {
                    charge_too(self.stage, &mut self.model, worker, charge, *charged);
                }
                assert_eq!(worker.login.next, Next::Settle, "{attempt:?}");
                settle_too(&mut self.model, worker, settled);
                // What is charged and given back at one go leaves no trace, whatever the clocks say.
                if worker.login.is_right() {
                    self.model.levels = before;
                }
            }
            (_, next) => panic!("{attempt:?} makes another call than {next:?}"),
        }
        let ended = worker.hear_of_next();
        if let Some(outcome) = ended {
            assert_eq!(Next::Done(outcome), worker.login.next, "{attempt:?}");
            self.workers.remove(at);
        }
        self.compare(attempt);
    }

    /// Lets all that go on come to their end.
    pub fn finish(&mut self) {
        while !self.workers.is_empty() {
            self.step(0);
        }
    }

    /// What the store holds is what the model does.
    fn compare(&self, after: Attempt) {
        let (mut store, state) = ((self.open)(), &self.model.state);
        let now = after.now;
        let snapshot = store.read(&name("alice"), None).expect("it works");
        for credential in &snapshot.credentials {
            match credential.kind {
                Kind::Sheet { .. } => {
                    let unspent: Vec<u32> = credential.unspent().collect();
                    let expected: Vec<u32> = (1..)
                        .zip(&state.struck)
                        .filter(|(_, struck)| !**struck)
                        .map(|(number, _)| number)
                        .collect();
                    assert_eq!(unspent, expected, "{after:?}");
                }
                Kind::Sequence { count, .. } => assert_eq!(count, state.sequence, "{after:?}"),
                Kind::Hotp {
                    counter, resync, ..
                } => {
                    assert_eq!(
                        (counter, resync),
                        (state.counter, state.resync),
                        "{after:?}"
                    );
                }
                Kind::AppPassword { .. } => {
                    assert_eq!(credential.scope.logins_left, Some(state.phone), "{after:?}");
                }
                _ => {}
            }
        }
        let account = snapshot.account.expect("she is there");
        assert_eq!(account.totp_floor.0, state.floor, "{after:?}");
        let limits = self.stage.site.config.grace;
        let is_open = |window: &&crate::window::Window| window.is_open(limits, Timestamp(now));
        let open = snapshot.windows.iter().filter(is_open).count();
        assert_eq!(open, state.open_windows(now), "windows after {after:?}");
        let networks = PLACES.iter().filter(|place| network(place) == **place);
        let places = networks.flat_map(|place| {
            [
                Budget::Network(place),
                Budget::Known(place),
                Budget::WindowsAt(place),
            ]
        });
        for budget in places.chain([Budget::Reserve, Budget::Account, Budget::Windows]) {
            let Some(owner) = self.stage.owner(&budget) else {
                continue;
            };
            let left = store
                .bucket(&owner)
                .expect("it works")
                .left(limit_of(&budget), Timestamp(now));
            let expected = self.model.levels.left(&budget, now);
            assert_eq!(Time::from(left), expected, "{budget:?} after {after:?}");
        }
    }
}

impl Worker {
    /// Lets it go on, and hears what came of its call.
    fn hear(&self) -> Told {
        self.go.send(()).expect("it waits");
        self.told.recv().expect("it has not failed")
    }

    /// Its next call, or its end.
    fn hear_of_next(&mut self) -> Option<Outcome> {
        match self.told.recv().expect("it has not failed") {
            Told::Before(call) => {
                self.pending = Some(call);
                None
            }
            Told::Done(Answer::Accept, Reason::Window) => Some(Outcome::Continued),
            Told::Done(Answer::Accept, _) => Some(Outcome::Accepted),
            Told::Done(Answer::Refuse, _) => Some(Outcome::Refused),
            Told::Done(Answer::Throttle, _) => Some(Outcome::Throttled),
            Told::Done(answer, reason) => panic!("{answer:?}, {reason:?}"),
            _ => panic!("it tells twice of one call"),
        }
    }
}

fn limit_of(budget: &Budget) -> Limit {
    let limit = budget.limit();
    Limit {
        burst: limit.burst as u32,
        refill: std::time::Duration::from_secs(limit.refill as u64),
    }
}

/// The model charges what the store has charged, and it comes to the same.
fn charge_too(
    stage: &Stage,
    model: &mut Model,
    worker: &mut Worker,
    charge: &Charge,
    charged: budget::Charged,
) {
    let attempt = worker.login.attempt;
    let Next::Charge(budgets) = worker.login.next.clone() else {
        panic!("{attempt:?} charges, and not {:?}", worker.login.next);
    };
    is_charged_to(stage, charge, &budgets, attempt);
    let expected = match model.charge(&mut worker.login, charge.guess.tag) {
        Charged::Taken => budget::Charged::Taken,
        Charged::Before => budget::Charged::Before,
        Charged::Exhausted => budget::Charged::Exhausted,
    };
    assert_eq!(charged, expected, "{attempt:?}, {budgets:?}");
}

fn settle_too(model: &mut Model, worker: &mut Worker, settled: Settled) {
    let outcome = model.settle(&mut worker.login);
    if settled == Settled::Lost {
        assert_eq!(outcome, Outcome::Refused, "{:?}", worker.login.attempt);
    }
}

/// A charge takes from these, as many as there may be.
fn is_charged_to(stage: &Stage, charge: &Charge, budgets: &[Budget], attempt: Attempt) {
    assert_eq!(charge.from.len(), budgets.len(), "{attempt:?}: {budgets:?}");
    for ((owner, limit), budget) in charge.from.iter().zip(budgets) {
        match stage.owner(budget) {
            Some(expected) => assert_eq!(*owner, expected, "{attempt:?}"),
            None => assert!(matches!(owner, Owner::Stranger { .. }), "{attempt:?}"),
        }
        assert_eq!(*limit, limit_of(budget), "{attempt:?}: {budget:?}");
    }
}

fn log_in(
    stage: &Stage,
    open: Opening<'_>,
    attempt: Attempt,
    mut random: Sequence,
    at_one_go: bool,
    ends: (Sender<Told>, Receiver<()>),
) -> (Answer, Reason) {
    let mut ends = Some(ends);
    let mut door = Door {
        site: &stage.site,
        open_store: &mut || {
            let (tell, go) = ends.take().expect("a login opens the store once");
            let store = open();
            Ok(Box::new(Stopped {
                at_one_go: at_one_go && store.is_at_hand(),
                store,
                tell,
                go,
            }))
        },
        keep_store: None,
        random: &mut random,
        arena: &mut HeapArena,
        host: "host",
        mark: None,
    };
    let typed = stage.text(attempt.typed).into_bytes();
    let request = Request {
        account: name(if attempt.alice { "alice" } else { "nobody" }),
        service: Service::new(attempt.service).expect("a service"),
        remote: Remote::parse(attempt.place).expect("a place"),
        secret: Secret::new(Zeroizing::new(typed)).expect("it can be typed"),
        alias: None,
        second_step: false,
    };
    let report = door.login(request, Timestamp(attempt.now));
    (report.answer, report.event.reason)
}
