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
use crate::rfc2289::{Algorithm, Seed};
use crate::rule;
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
    /// The PIN before its typed codes.
    pub pin: Option<SealedPin>,
    /// When it was made.
    pub created: Timestamp,
}

impl Account {
    /// Whether nobody may come in at all.
    pub fn is_closed(&self, now: Timestamp) -> bool {
        self.locked || self.expires.is_some_and(|end| end <= now)
    }
}

/// A PIN as a store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedPin {
    /// How many characters it has: says where it begins in what was typed.
    pub length: u32,
    /// Its hash, sealed.
    pub sealed: Vec<u8>,
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
    /// An RFC 2289 sequence (S/KEY, OPIE).
    Sequence {
        /// The hash.
        algorithm: Algorithm,
        /// The seed: public, part of the challenge.
        seed: Seed,
        /// The sequence integer of the last accepted response: the next challenge is one less.
        count: u32,
    },
    /// RFC 6238.
    Totp {
        /// 6 to 8.
        digits: u32,
        /// Seconds.
        period: u32,
    },
    /// RFC 4226.
    Hotp {
        /// 6 to 8.
        digits: u32,
        /// The counter of the next code. Only ever grows.
        counter: u64,
        /// A code ahead of the look-ahead window was seen just before this counter: the code of
        /// this very counter resynchronises (RFC 4226, section 7.4).
        resync: Option<u64>,
    },
    /// For one device.
    AppPassword {
        /// Finds it: unique within the account.
        selector: String,
    },
    /// One-time user names.
    Alias {
        /// How many.
        size: u32,
    },
}

impl Kind {
    /// The name that the contract gives it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Kind::Sheet { .. } => "sheet",
            Kind::Sequence { .. } => "sequence",
            Kind::Totp { .. } => "totp",
            Kind::Hotp { .. } => "hotp",
            Kind::AppPassword { .. } => "app-password",
            Kind::Alias { .. } => "alias",
        }
    }

    /// How long its digit codes are, if it makes any.
    pub fn digits(&self) -> Option<u32> {
        match self {
            Kind::Totp { digits, .. } | Kind::Hotp { digits, .. } => Some(*digits),
            _ => None,
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
    /// Whether it is for one service only, and for which.
    pub pinned: Pinned,
}

/// Whether a credential belongs to the first service that uses it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Pinned {
    /// It does not.
    #[default]
    No,
    /// It will: no service has used it.
    Open,
    /// It does, to this one.
    To(String),
}

impl Scope {
    /// Whether it holds for `service` (of `group`), wherever the login comes from.
    pub fn serves(&self, service: &str, group: &str) -> bool {
        if matches!(&self.pinned, Pinned::To(owner) if owner != service) {
            return false;
        }
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
    /// Of a sheet and of aliases: the numbers that are spent.
    pub struck: BTreeSet<u32>,
    /// Says that the same seed is not enrolled twice.
    pub fingerprint: Option<Tag>,
    /// What is revoked as soon as this one is used: it takes the other's place.
    pub replaces: Option<CredentialId>,
    /// The secret part, sealed.
    pub sealed: Vec<u8>,
}

impl Credential {
    /// Of a sheet and of aliases: the numbers that are not spent, lowest first.
    pub fn unspent(&self) -> impl Iterator<Item = u32> {
        let size = match self.kind {
            Kind::Sheet { size, .. } | Kind::Alias { size } => size,
            _ => 0,
        };
        (1..=size).filter(|number| !self.struck.contains(number))
    }

    /// How often it can still be used; `None` for as often as one likes.
    pub fn left(&self) -> Option<u32> {
        let codes = match self.kind {
            Kind::Sheet { .. } | Kind::Alias { .. } => Some(self.unspent().count() as u32),
            // Down to 1: the response to 0 is the hash of the pass phrase itself, and is the last
            // that a new sequence of the same pass phrase and seed would begin with.
            Kind::Sequence { count, .. } => Some(count.saturating_sub(1)),
            _ => None,
        };
        [codes, self.scope.logins_left].into_iter().flatten().min()
    }

    /// Live, current, and not used up.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.state == State::Live && self.scope.is_current(now) && self.left() != Some(0)
    }

    /// Whether it is made of codes that come to an end.
    pub fn runs_out(&self) -> bool {
        matches!(
            self.kind,
            Kind::Sheet { .. } | Kind::Sequence { .. } | Kind::Alias { .. }
        )
    }

    /// So few codes are left that its owner should hear of it.
    pub fn is_low(&self) -> bool {
        self.left().is_some_and(|left| self.would_be_low(left))
    }

    /// Whether it were low with so many codes left: at ten, or at half of what it began with.
    pub fn would_be_low(&self, left: u32) -> bool {
        let low_water = match self.kind {
            Kind::Sheet { size, .. } | Kind::Alias { size } => LOW_WATER.min(size / 2),
            _ => LOW_WATER,
        };
        self.runs_out() && left <= low_water
    }
}

/// From so few codes left on, a credential's owner is told.
pub const LOW_WATER: u32 = 10;

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

/// A rule that an account has made for itself: it narrows what the administrator's rules give.
#[derive(Clone, Debug)]
pub struct OwnRule {
    /// Names it.
    pub id: CredentialId,
    /// What it says; of everybody, since it is the account's own.
    pub rule: rule::Own,
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
    /// Its own rules, in the order in which they were made.
    pub rules: Vec<OwnRule>,
    /// Networks from which the account really logged in of late.
    pub known: Vec<Network>,
    /// The time of the newest event of the whole store.
    pub newest: Timestamp,
    /// The PIN of everybody who has none of their own.
    pub site_pin: Option<SealedPin>,
    /// Whether anybody at this site has a PIN: what stands before a code may then be one, whoever
    /// typed it.
    pub pins_in_use: bool,
    /// The name was an alias of the account.
    pub alias: Option<AliasUse>,
}

/// A one-time user name that stands for an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AliasUse {
    /// The credential that it is one of.
    pub credential: CredentialId,
    /// Its number there.
    pub number: u32,
}

impl Snapshot {
    /// Whether there is anything that this account could log in with.
    pub fn is_enrolled(&self, now: Timestamp) -> bool {
        self.credentials.iter().any(|credential| {
            credential.is_live(now) && !matches!(credential.kind, Kind::Alias { .. })
        })
    }

    /// A credential of the account.
    pub fn credential(&self, id: &CredentialId) -> Option<&Credential> {
        self.credentials
            .iter()
            .find(|credential| credential.id == *id)
    }

    /// The PIN that belongs before this account's codes: its own, or else the site's.
    pub fn pin(&self) -> Option<(PinOwner, &SealedPin)> {
        let own = self.account.as_ref().and_then(|account| {
            let pin = account.pin.as_ref()?;
            Some((PinOwner::Account(account.id), pin))
        });
        own.or_else(|| Some((PinOwner::Site, self.site_pin.as_ref()?)))
    }

    /// What the same store knows of a name that is nobody's.
    pub fn of_a_stranger(self) -> Snapshot {
        Snapshot {
            newest: self.newest,
            site_pin: self.site_pin,
            pins_in_use: self.pins_in_use,
            ..Snapshot::default()
        }
    }

    /// The alias of the name that was asked for, where it can still be spent.
    pub fn fresh_alias(&self, now: Timestamp) -> Option<&AliasUse> {
        self.alias.as_ref().filter(|alias| {
            self.credential(&alias.credential)
                .is_some_and(|credential| {
                    credential.is_live(now) && !credential.struck.contains(&alias.number)
                })
        })
    }

    /// The length of this account's digit codes, if it has any.
    pub fn digits(&self) -> Option<usize> {
        self.credentials
            .iter()
            .filter(|credential| credential.state != State::Revoked)
            .find_map(|credential| credential.kind.digits())
            .map(|digits| digits as usize)
    }

    /// The second in which a wrong digit code of now may be right: as the shortest period ends.
    pub fn digits_change_at(&self, now: Timestamp) -> Timestamp {
        let periods = self
            .credentials
            .iter()
            .filter(|credential| credential.state != State::Revoked)
            .filter_map(|credential| match credential.kind {
                Kind::Totp { period, .. } => Some(period),
                _ => None,
            });
        periods
            .chain([DEFAULT_PERIOD])
            .map(|period| now.next_step(period))
            .min()
            .unwrap_or(now)
    }
}

/// RFC 6238, section 4.1: X is 30 seconds by default.
pub const DEFAULT_PERIOD: u32 = 30;

/// Whose PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinOwner {
    /// Of one account.
    Account(AccountId),
    /// Of the site.
    Site,
}

/// What is used up by a right answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// A number of a sheet.
    Strike(u32),
    /// A TOTP step, named by the second in which it begins.
    Step(Timestamp),
    /// An HOTP counter, and all below it.
    Counter(u64),
    /// The response to this sequence integer, which the stored one is one above.
    Response(u32),
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
    /// What its secret part becomes, sealed: a sequence keeps the response that it was given.
    pub sealed: Option<Vec<u8>>,
    /// Whether another credential may have to be revoked with it: [`Credential::replaces`].
    pub takes_place: bool,
}

/// The end of a login, as the store sees it: all of it or nothing.
#[derive(Clone, Debug)]
pub struct Settlement {
    /// Whose login; `None` for a name that is not known: of it nothing is kept.
    pub account: Option<AccountId>,
    /// What is used up.
    pub consume: Option<Consumption>,
    /// Whether even a login with nothing to spend must be durable: the credential has a limited
    /// number of them, is pinned by this one, or takes another's place with it.
    pub counted: bool,
    /// The window that opens with it, and that answers where somebody was first.
    pub window: Option<WindowOffer>,
    /// The one-time user name that is used up together with the code, or neither is.
    pub alias: Option<AliasUse>,
    /// A window whose idle limit moves.
    pub touch: Option<CredentialId>,
    /// Whether it rests on what another login has spent a moment ago: that must survive a power cut before
    /// this one is told that it is let in.
    pub leans_on_another: bool,
    /// An HOTP code far ahead was seen: the counter that would resynchronise.
    pub ahead: Option<(CredentialId, u64)>,
    /// A sheet whose kill code was typed: it is revoked, whatever else this login comes to.
    pub kill: Option<CredentialId>,
    /// What is given back, because the answer was right.
    pub refund: Vec<Charge>,
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
            alias: None,
            touch: None,
            leans_on_another: false,
            ahead: None,
            kill: None,
            refund: Vec::new(),
            seen: None,
            event: event.clone(),
            lost: None,
        }
    }

    /// A consumption, one of a number of logins included, must not come back after a power cut. The
    /// rest may.
    pub fn must_be_durable(&self) -> bool {
        let consumption = self.consume.as_ref();
        self.kill.is_some()
            || consumption.is_some_and(|consumption| consumption.what != Use::Login || self.counted)
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
    /// The names of new aliases, as tags, number 1 first. Fails where one is taken.
    NameAliases(CredentialId, Vec<Tag>),
    /// A pending or suspended credential becomes live, by a code of it that is spent with this.
    Confirm(CredentialId, Option<Use>),
    /// A sequence begins anew, if its last accepted response is still the one it was.
    Renew {
        /// Which.
        credential: CredentialId,
        /// Its sequence integer until now.
        was: u32,
        /// What is public about it from now on.
        kind: Kind,
        /// Its secret part from now on, sealed.
        sealed: Vec<u8>,
    },
    /// Another label.
    Rename(CredentialId, String),
    /// Gone for good, with the windows that they opened.
    Revoke(Vec<CredentialId>),
    /// These windows end; `None`: all.
    EndWindows(Option<Vec<CredentialId>>),
    /// The account's own PIN; `None`: no more. Its windows end.
    SetPin(Option<SealedPin>),
    /// The site's PIN; `None`: no more. All windows end.
    SetSitePin(Option<SealedPin>),
    /// Another name for the account, and for its events; fails where it is taken.
    RenameAccount(AccountName),
    /// The account goes, with all that belongs to it, and its events.
    Remove,
    /// Nobody comes in any more, or somebody does again.
    Lock(bool),
    /// Nobody comes in from then on; `None`: that is taken back.
    Expire(Option<Timestamp>),
    /// A rule of the account's own, behind those that it has. Its windows end.
    AddRule(Box<OwnRule>),
    /// Its own rules of these ids go. Its windows end.
    RemoveRules(Vec<CredentialId>),
    /// The numbers of a sheet or of aliases below this one are spent.
    Strike(CredentialId, u32),
    /// The windows of all accounts end.
    EndAllWindows,
    /// The store has come back from a backup. Concerns the whole store.
    Restore(Restoration),
    /// All guesses are given back.
    Forgive,
    /// The clock of the event is right, whatever the store has seen. Concerns the whole store; the
    /// windows that were used later than that end.
    AcceptClock {
        /// What it says.
        now: Timestamp,
        /// When each budget is full again that a right clock has charged. Those that are full later are forgotten.
        full_by: Timestamp,
    },
}

/// What a store that comes back from a backup must know. All windows end; what is live is suspended, but
/// TOTP, which goes on from there.
#[derive(Clone, Copy, Debug)]
pub struct Restoration {
    /// No TOTP step that has begun by then is accepted.
    pub now: Timestamp,
    /// How new the store before was.
    pub generation: u64,
}
