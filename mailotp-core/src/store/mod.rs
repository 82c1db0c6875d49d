//! Stores: what must be remembered, and used up exactly once. One trait, one contract that runs on
//! every implementation.

#[cfg(test)]
mod contract;
mod ledger;
#[cfg(any(test, fuzzing))]
pub(crate) mod memory;
#[cfg(feature = "postgres")]
pub mod postgres;
mod sealed;
mod sql;
pub mod sqlite;
pub mod transfer;

use std::time::Instant;

use crate::account::{Account, Change, Settled, Settlement, Snapshot};
use crate::audit::{Event, Verdict};
use crate::budget::{Bucket, Charge, Charged, Owner};
use crate::clock::Timestamp;
use crate::crypto::Tag;
use crate::id::AccountId;
use crate::request::AccountName;

pub use ledger::{Apart, Decision, Ledger, judge_apart};
pub use sealed::{Place, Resealed, Sealed};
pub use sql::{Inspection, Thoroughness};

/// The version of the schema that this build reads and writes.
pub const VERSION: u32 = 3;

/// The oldest version whose builds can go on with a store of [`VERSION`], and log people in and out of
/// windows there: a server keeps the module that it has loaded, and meets the store that the next package
/// has migrated. Every store says it of itself. Whoever writes a migration says it here: an older build
/// reads and writes by the names of tables and columns that it knows, so what a login touches may get
/// tables, indices, and columns with a default, and nothing that must be looked at before somebody is let
/// in. Where that is not so, it is `VERSION`.
pub const WORKS_SINCE: u32 = 3;

/// Equal events within so many seconds are one, with a count.
const SAME_EVENT_WITHIN: i64 = 60;
/// If they are among so many of the account's newest: whoever looks further takes longer for an account than for a name that
/// nobody has.
const SAME_EVENT_AMONG: usize = 8;

/// How many networks of an account have a budget of their own, and for how many days.
pub(crate) const KNOWN_NETWORKS: usize = 4;
pub(crate) const KNOWN_DAYS: i64 = 30;
const DAY: i64 = 86_400;

/// Of so many names that no account has it is kept that they would be refused.
pub(crate) const UNENROLLED: usize = 1000;

/// Why a store did not do what it was asked. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is none.
    #[error("there is no store at {0}")]
    Missing(String),
    /// The file is something else.
    #[error("{0} is not a store of mailotp")]
    NotAStore(String),
    /// A later mailotp has made it.
    #[error("the store is of version {found}, this mailotp knows versions up to {VERSION}")]
    Newer {
        /// What was found.
        found: u32,
    },
    /// An earlier mailotp has made it.
    #[error("the store is of version {found}, and this mailotp works with version {VERSION}")]
    Older {
        /// What was found.
        found: u32,
    },
    /// The distribution's SQLite is none that this build can work with.
    #[error("the SQLite library of this system is {found}, and mailotp needs {needed} or later")]
    OldLibrary {
        /// What was found.
        found: String,
        /// What is needed.
        needed: String,
    },
    /// It is older than the key ring says: somebody has put an old copy back.
    #[error(
        "the store is older than the key ring: it is of generation {found}, and was {expected} already"
    )]
    OldCopy {
        /// The generation of the store.
        found: u64,
        /// The generation that the key ring has seen.
        expected: u64,
    },
    /// It is older than this host has seen it: somebody has put an old copy back.
    #[error("the store lacks what this host has spent: an old copy stands in its place")]
    Behind,
    /// It belongs to another key ring.
    #[error("the store belongs to another key ring")]
    OtherRing,
    /// It moves to another place, or has.
    #[error("nobody is let in: {0}")]
    Moving(String),
    /// What is used up could be lost with the server.
    #[error(
        "no standby waits for what is spent: it would be unspent again when another server takes over"
    )]
    NoStandby,
    /// It was promoted, and these hosts have not said that it has all that they have spent.
    #[error(
        "the database was promoted, and it is not known yet whether it has all that was spent at: {0}"
    )]
    Unvouched(String),
    /// Somebody else kept it busy.
    #[error("the store did not answer in time")]
    TooSlow,
    /// No room.
    #[error("the disk of the store is full")]
    Full,
    /// It must be unique, and is there already.
    #[error("it exists already")]
    Exists,
    /// What was to be changed is gone.
    #[error("it does not exist any more")]
    Gone,
    /// The database, or the way to it.
    #[error("the database failed: {0}")]
    Database(String),
    /// Anything else.
    #[error("the store failed: {0}")]
    Failed(String),
}

impl StoreError {
    /// What mends it.
    pub fn remedy(&self) -> &'static str {
        match self {
            StoreError::Missing(_) => "Run: mailotp-cli init",
            StoreError::NotAStore(_) => {
                "Correct store.url in the configuration, or restore the store from a backup."
            }
            StoreError::Newer { .. } => {
                "Install the version of mailotp that made it, or a later one."
            }
            StoreError::Older { .. } => "Run: mailotp-cli store migrate",
            StoreError::OldLibrary { .. } => {
                "Install a later libsqlite3, or a mailotp that brings SQLite along (the feature bundled-sqlite)."
            }
            StoreError::OldCopy { .. } => {
                "Put the newer store back, or: mailotp-cli restore. A copy that is put back brings spent codes back, so mailotp does not use it."
            }
            StoreError::Behind => {
                "Point store.url at the database that was in use, or: mailotp-cli restore. What was spent after the copy was made is unspent in it."
            }
            StoreError::OtherRing => {
                "Put the key file back that the store was made with, or correct store.url and store.key."
            }
            StoreError::Moving(_) => "See: mailotp-cli store move --help",
            StoreError::NoStandby => {
                "Set synchronous_standby_names in PostgreSQL; or, where a loss was weighed, accept_loss = true in [store]."
            }
            StoreError::Unvouched(_) => {
                "Run there: mailotp-cli store check. Of a host that is gone for good: mailotp-cli store hosts --forget NAME"
            }
            StoreError::TooSlow => {
                "Try again; if it stays so, look for a process that holds the store."
            }
            StoreError::Full => {
                "Make room on the disk; nothing is lost, and logins go on as soon as there is some."
            }
            StoreError::Exists => "Choose another name.",
            StoreError::Gone => "Look again at what there is, with: show",
            StoreError::Database(_) => {
                "Look at PostgreSQL and its log, and at [store] of the configuration."
            }
            StoreError::Failed(_) => "Look at the disk and at the log of the system.",
        }
    }
}

/// Which store this is, and how new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Of the key ring that it belongs to.
    pub ring: Tag,
    /// Grows with every [`Store::change`], and with every durable consumption.
    pub generation: u64,
}

/// Whether this build can log people in with a store of version `found`, which says of itself that builds
/// go on with it from version `since` on; `None`: with its own version alone.
pub(crate) fn fits(found: u32, since: Option<u32>) -> Result<(), StoreError> {
    match since {
        _ if found == VERSION => Ok(()),
        _ if found < VERSION => Err(StoreError::Older { found }),
        Some(since) if since <= VERSION => Ok(()),
        _ => Err(StoreError::Newer { found }),
    }
}

/// What maintenance has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Maintained {
    /// How many events were forgotten.
    pub events: u64,
    /// How many windows and budgets.
    pub rest: u64,
    /// When it was done before.
    pub before: Timestamp,
}

/// What a filter lets through.
#[derive(Clone, Debug, Default)]
pub struct EventFilter {
    /// Of this account; `None`: of all.
    pub account: Option<String>,
    /// Of this service.
    pub service: Option<String>,
    /// Not older than this.
    pub since: Option<Timestamp>,
    /// Only what observe mode let pass.
    pub would_refuse: bool,
    /// The newest so many.
    pub limit: Option<u32>,
}

/// One of several changes that are made together.
#[derive(Clone, Debug)]
pub struct Part {
    /// Of which account.
    pub account: AccountId,
    /// What changes.
    pub changes: Vec<Change>,
    /// What to tell of it.
    pub event: Event,
}

/// A store. Every method is one transaction: all of it or nothing, and durable before it returns
/// where that is said.
///
/// What a login asks for also works with a newer store that [`fits`]; what changes or forgets anything else
/// is [`StoreError::Newer`] there.
pub trait Store {
    /// Stays open while somebody is asked for a secret, which takes a moment or minutes. Says whether it does.
    fn pause(&mut self) -> bool {
        false
    }

    /// Goes on after that, until `deadline`. Says whether it can: not in a process that was forked meanwhile,
    /// and not where another store stands in its place.
    fn resume(&mut self, _deadline: Instant) -> bool {
        false
    }

    /// Reads what is known of a name, at one moment; where no account has it, of the account that
    /// `alias`, the tag of the same name, stands for.
    fn read(&mut self, name: &AccountName, alias: Option<&Tag>) -> Result<Snapshot, StoreError>;

    /// Charges a guess, before it is judged. Survives the death of the process.
    fn charge(&mut self, charge: &Charge) -> Result<Charged, StoreError>;

    /// Ends a login: consumes by compare-and-set, exactly one row, opens the window, gives the
    /// charge back, writes the event. A consumption is durable before this returns.
    fn settle(&mut self, settlement: &Settlement) -> Result<Settled, StoreError>;

    /// Whether the store can be held for as long as a decision takes that computes no expensive hash.
    fn is_at_hand(&self) -> bool {
        false
    }

    /// Charges, decides and settles: at one go, where [`Store::is_at_hand`]. Then whoever dies on the way has charged
    /// nothing, and has had no answer; and what is charged and given back leaves no trace.
    fn judge(&mut self, decision: &mut Decision<'_>) -> Result<(Settlement, Settled), StoreError> {
        judge_apart(self, decision)
    }

    /// The generation that the store has come to with what this login has spent, or a later one.
    fn reached(&mut self) -> Result<u64, StoreError> {
        Ok(self.identity()?.generation)
    }

    /// Changes an account, tells of it, and counts the store's generation up. Durable. Returns the
    /// new generation.
    fn change(
        &mut self,
        account: AccountId,
        changes: &[Change],
        event: &Event,
    ) -> Result<u64, StoreError>;

    /// The same for several accounts, in turn, as one transaction: all of it or nothing.
    fn change_all(&mut self, parts: &[Part]) -> Result<u64, StoreError>;

    /// Which store this is, and how new.
    fn identity(&mut self) -> Result<Identity, StoreError>;

    /// All accounts, by name.
    fn accounts(&mut self) -> Result<Vec<Account>, StoreError>;

    /// What is in a bucket.
    fn bucket(&mut self, owner: &Owner) -> Result<Bucket, StoreError>;

    /// The buckets of an account that are kept, in any order: those that are not are full.
    fn buckets(&mut self, account: AccountId) -> Result<Vec<(Owner, Bucket)>, StoreError>;

    /// Tells that a name that no account has would be refused: the last such event of each of the latest
    /// so many names, with a count of all of them. Nothing, where an account has it.
    fn tell_of_unenrolled(&mut self, event: &Event) -> Result<(), StoreError>;

    /// Forgets what is of no use any more: events from before `keep_since`, windows and budgets that have
    /// ended. Remembers `now` as the time of it.
    fn maintain(&mut self, now: Timestamp, keep_since: Timestamp)
    -> Result<Maintained, StoreError>;

    /// The accounts of which a credential was used since then, by name.
    fn used_since(&mut self, since: Timestamp) -> Result<Vec<AccountName>, StoreError>;

    /// Up to `limit` sealed values behind that place, in the order of their places.
    fn sealed(&mut self, after: Option<&Place>, limit: u32) -> Result<Vec<Sealed>, StoreError>;

    /// Puts other sealed values in the places of those that are still there, and says how many were: a
    /// login may be about to change one. Counts the generation up. Durable.
    fn reseal(&mut self, values: &[Resealed]) -> Result<u64, StoreError>;

    /// The events that a filter lets through, oldest first; of those that would be refused, also the ones
    /// of names that no account has.
    fn events(&mut self, filter: &EventFilter) -> Result<Vec<Event>, StoreError>;
}

/// A store that outlasts this process.
pub trait Persistent: Store {
    /// From now on all that it is asked must be done by then: what comes later is a failure, also where it
    /// was done.
    fn until(&mut self, deadline: std::time::Instant);

    /// What it finds wrong with itself; empty: nothing.
    fn damage(&mut self, thoroughness: Thoroughness) -> Result<Vec<String>, StoreError>;

    /// Why it refuses what works once only, although it can be used.
    fn cautions(&mut self) -> Result<Vec<StoreError>, StoreError>;

    /// Looks at all of it, which takes a while where it is large.
    fn inspect(&mut self) -> Result<Inspection, StoreError>;
}

/// Whether an event may be counted into an equal one. What changed something never is.
fn may_merge(event: &Event) -> bool {
    !matches!(event.result, Verdict::Accepted | Verdict::Changed)
}
