//! The only words that decisions and stores share: what a store knows of an account, and what it is
//! asked to change.

use ipnet::IpNet;
use std::collections::BTreeSet;

use crate::audit::{Event, Reason, Verdict};
use crate::budget::Charge;
use crate::clock::Timestamp;
use crate::crypto::{Salt, Tag};
use crate::id::{AccountId, CredentialId};
use crate::request::{AccountName, Network, Remote, Service};
use crate::window::{Binding, Window, WindowKey};

/// What concerns the account as a whole.
#[derive(Clone, Debug)]
pub struct Account {
    /// Which.
    pub id: AccountId,
    /// Its name, normalised.
    pub name: AccountName,
    /// An administrator has closed it.
    pub locked: bool,
    /// Closed from then on.
    pub expires: Option<Timestamp>,
    /// The salt of everything of it that is hashed. One for all sheets: a login computes one hash,
    /// however many there are.
    pub salt: Salt,
    /// The beginning of the highest TOTP step that was accepted. Only ever grows.
    pub totp_floor: Timestamp,
    /// When it was made.
    pub created: Timestamp,
}

impl Account {
    /// Whether nobody may come in at all.
    pub fn is_closed(&self, now: Timestamp) -> bool {
        self.locked || self.expires.is_some_and(|end| end <= now)
    }
}

/// What a credential is, and what is public about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A list of numbered one-time codes.
    Sheet {
        /// Two letters, made by us, unique within the account.
        name: String,
        /// How many codes it has: 1 to `size`.
        size: u32,
    },
    /// RFC 6238.
    Totp {
        /// 6 to 8.
        digits: u32,
    },
    /// For one device.
    AppPassword {
        /// Finds it: unique within the account.
        selector: String,
    },
}

impl Kind {
    /// The name that the contract gives it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Kind::Sheet { .. } => "sheet",
            Kind::Totp { .. } => "totp",
            Kind::AppPassword { .. } => "app-password",
        }
    }
}

/// Where a credential is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Made, not yet confirmed or delivered: good for nothing.
    Pending,
    /// Good.
    Live,
    /// Restored: good again once its owner has looked at it.
    Suspended,
    /// Gone for good; remembered so that the log can name it.
    Revoked,
}

/// Where, until when and how often a credential may be used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Services or their groups; empty for all.
    pub services: Vec<String>,
    /// Networks; empty for all.
    pub from: Vec<IpNet>,
    /// The first second in which it is good no more.
    pub expires: Option<Timestamp>,
    /// How many logins are left; `None` for any number.
    pub logins_left: Option<u32>,
}

impl Scope {
    /// Whether it holds for `service` (of `group`), wherever the login comes from.
    pub fn serves(&self, service: &str, group: &str) -> bool {
        let mut services = self.services.iter();
        services.len() == 0 || services.any(|name| name == service || name == group)
    }

    /// Whether it reaches `service` (of `group`) from `remote`.
    pub fn reaches(&self, service: &Service, group: &str, remote: Remote) -> bool {
        let near = self.from.is_empty()
            || matches!(remote, Remote::Address(ip) if self.from.iter().any(|net| net.contains(&ip)));
        self.serves(service.as_str(), group) && near
    }

    /// Whether its time has not come to an end.
    pub fn is_current(&self, now: Timestamp) -> bool {
        self.expires.is_none_or(|end| now < end) && self.logins_left != Some(0)
    }
}

/// A credential of an account.
#[derive(Clone, Debug)]
pub struct Credential {
    /// Which.
    pub id: CredentialId,
    /// What it is.
    pub kind: Kind,
    /// Its owner's name for it.
    pub label: String,
    /// Where it is in its life.
    pub state: State,
    /// Where it may be used.
    pub scope: Scope,
    /// When it was made.
    pub created: Timestamp,
    /// When and where it was used last.
    pub last_used: Option<LastUse>,
    /// Of a sheet: the numbers that are spent.
    pub struck: BTreeSet<u32>,
    /// Says that the same seed is not enrolled twice.
    pub fingerprint: Option<Tag>,
    /// The secret part, sealed.
    pub sealed: Vec<u8>,
}

impl Credential {
    /// Of a sheet: the numbers that are not spent, lowest first.
    pub fn unspent(&self) -> impl Iterator<Item = u32> {
        let size = if let Kind::Sheet { size, .. } = self.kind {
            size
        } else {
            0
        };
        (1..=size).filter(|number| !self.struck.contains(number))
    }

    /// How often it can still be used; `None` for as often as one likes.
    pub fn left(&self) -> Option<u32> {
        let codes = match self.kind {
            Kind::Sheet { .. } => Some(self.unspent().count() as u32),
            _ => None,
        };
        [codes, self.scope.logins_left].into_iter().flatten().min()
    }

    /// Live, current, and not used up.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.state == State::Live && self.scope.is_current(now) && self.left() != Some(0)
    }
}

/// A login that went well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastUse {
    /// When.
    pub at: Timestamp,
    /// To what.
    pub service: String,
    /// From where.
    pub remote: String,
}

/// What a store knows of one name, read at one moment.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// `None` for a name that is not known.
    pub account: Option<Account>,
    /// In the order in which they were made.
    pub credentials: Vec<Credential>,
    /// The windows that were opened and not closed.
    pub windows: Vec<Window>,
    /// Networks from which the account really logged in of late.
    pub known: Vec<Network>,
    /// The time of the newest event of the whole store.
    pub newest: Timestamp,
}

impl Snapshot {
    /// Whether there is anything that this account could log in with.
    pub fn is_enrolled(&self, now: Timestamp) -> bool {
        self.credentials
            .iter()
            .any(|credential| credential.is_live(now))
    }

    /// The length of this account's digit codes, if it has any.
    pub fn digits(&self) -> Option<usize> {
        self.credentials
            .iter()
            .find_map(|credential| match credential.kind {
                Kind::Totp { digits } if credential.state != State::Revoked => {
                    Some(digits as usize)
                }
                _ => None,
            })
    }
}

/// What is used up by a right answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// A number of a sheet.
    Strike(u32),
    /// A TOTP step, named by the second in which it begins.
    Step(Timestamp),
    /// Nothing but one login of those that are left.
    Login,
}

/// What `settle` must use up by compare-and-set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consumption {
    /// Of which credential.
    pub credential: CredentialId,
    /// What.
    pub what: Use,
}

/// The end of a login, as the store sees it: all of it or nothing.
#[derive(Clone, Debug)]
pub struct Settlement {
    /// Whose login; `None` for a name that is not known: of it nothing is kept.
    pub account: Option<AccountId>,
    /// What is used up.
    pub consume: Option<Consumption>,
    /// Whether the credential has a limited number of logins, so that each of them must be durable.
    pub counted: bool,
    /// The window that opens with it, and that answers where somebody was first.
    pub window: Option<WindowOffer>,
    /// A window whose idle limit moves.
    pub touch: Option<CredentialId>,
    /// What is given back, because the answer was right.
    pub refund: Option<Charge>,
    /// The place of a login that went well.
    pub seen: Option<Network>,
    /// What to tell if the consumption succeeds, or there is none.
    pub event: Event,
    /// What to tell where it was lost.
    pub lost: Option<Event>,
}

/// A window to open, or to find open.
#[derive(Clone, Debug)]
pub struct WindowOffer {
    /// What it binds.
    pub key: WindowKey,
    /// What of it counts here.
    pub binding: Binding,
    /// Its id, should it be opened.
    pub id: CredentialId,
    /// How long windows last here.
    pub limits: crate::window::Limits,
}

/// How a settlement ended.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// Used up, by us and nobody else; or there was nothing to use up.
    Consumed,
    /// Another connection of the same place was first with the same code: its window is open.
    InWindow,
    /// Somebody else was first, or the credential went away.
    Lost,
}

impl Settlement {
    /// A settlement that only tells of something.
    pub fn of_event(account: Option<AccountId>, event: &Event) -> Settlement {
        Settlement {
            account,
            consume: None,
            counted: false,
            window: None,
            touch: None,
            refund: None,
            seen: None,
            event: event.clone(),
            lost: None,
        }
    }

    /// A consumption, one of a number of logins included, must not come back after a power cut. The
    /// rest may.
    pub fn must_be_durable(&self) -> bool {
        let consumption = self.consume.as_ref();
        consumption.is_some_and(|consumption| consumption.what != Use::Login || self.counted)
    }

    /// The event of this settlement, once it is known how it ended.
    pub fn event_of(&self, settled: Settled) -> Event {
        match settled {
            Settled::Consumed => self.event.clone(),
            Settled::InWindow => Event {
                result: Verdict::Continued,
                reason: Reason::Window,
                ..self.event.clone()
            },
            Settled::Lost => self.lost.clone().unwrap_or_else(|| self.event.clone()),
        }
    }
}

/// What an administrator or an owner changes.
#[derive(Clone, Debug)]
pub enum Change {
    /// A new account; fails where the name is taken.
    Create(Account),
    /// A new credential.
    Add(Box<Credential>),
    /// A pending or suspended credential becomes live. With a step: no TOTP up to it is accepted.
    Confirm(CredentialId, Option<Timestamp>),
    /// Another label.
    Rename(CredentialId, String),
    /// Gone for good, with the windows that they opened.
    Revoke(Vec<CredentialId>),
    /// These windows end; `None`: all.
    EndWindows(Option<Vec<CredentialId>>),
    /// Nobody comes in any more, or somebody does again.
    Lock(bool),
    /// All guesses are given back.
    Forgive,
    /// The clock of the event is right, whatever the store has seen. Concerns the whole store; the
    /// windows that were used later than that end.
    AcceptClock(Timestamp),
}
