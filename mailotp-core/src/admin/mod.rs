//! What an administrator or an owner does: what the command calls.

mod copy;
mod enrol;
mod error;
mod explain;
mod hosts;
mod import;
mod init;
mod keys;
mod own_rule;
mod pin;
mod relocate;
mod restore;
mod sequence;
mod suspended;

pub use copy::copy_store;
pub use enrol::{Added, Moving, NewOath, Secrets, Wish};
pub use error::AdminError;
pub use explain::Explanation;
pub use hosts::{MailHost, forget_host, hosts};
pub use import::{ImportPlan, ImportWish, Left, Made, Taken, Why};
pub use init::{Initialised, Step, initialise};
pub use keys::{KeyUse, SealedAgain, Seals};
pub use relocate::{place_name, relocate, stay};
pub use restore::{Prepared, Restored, Wanted, beside as beside_store};

use std::time::Duration;

use crate::account::{Account, Change, Credential, Kind, Snapshot, State, Use};
use crate::audit::{Event, Reason};
use crate::clock::{Random, Timestamp};
use crate::credential::hotp;
use crate::credential::totp::Parameters;
use crate::crypto::{Arena, SealContext};
use crate::id::{AccountId, CredentialId};
use crate::request::AccountName;
use crate::site::Site;
use crate::store::{Store, StoreError};
use zeroize::Zeroizing;

/// The longest label, in characters.
pub const MAX_LABEL: usize = 64;

/// Everything that administration needs.
pub struct Admin<'a> {
    /// The site.
    pub site: &'a Site,
    /// Its store.
    pub store: &'a mut dyn Store,
    /// Randomness, for what is made.
    pub random: &'a mut dyn Random,
    /// Memory for hashes.
    pub arena: &'a mut dyn Arena,
    /// The time.
    pub now: Timestamp,
    /// Who acts.
    pub actor: String,
    /// On which machine.
    pub host: String,
    /// The generation after the last change, for the key ring.
    pub generation: Option<u64>,
}

/// An account with all that is known of it.
pub struct Known {
    /// The account.
    pub account: Account,
    /// The rest.
    pub snapshot: Snapshot,
}

impl Known {
    /// The credentials that are not revoked.
    pub fn credentials(&self) -> impl Iterator<Item = &Credential> {
        self.snapshot
            .credentials
            .iter()
            .filter(|credential| credential.state != State::Revoked)
    }

    /// The credential of an id or a label.
    pub fn credential(&self, name: &str) -> Result<&Credential, AdminError> {
        let by_id = self
            .credentials()
            .find(|credential| credential.id.as_str() == name);
        let mut by_label = self
            .credentials()
            .filter(|credential| credential.label == name);
        match (by_id, by_label.next(), by_label.next()) {
            (Some(found), _, _) | (None, Some(found), None) => Ok(found),
            (None, None, _) => Err(AdminError::NoCredential {
                account: self.account.name.to_string(),
                name: name.to_owned(),
            }),
            (None, Some(_), Some(_)) => Err(AdminError::Ambiguous(name.to_owned())),
        }
    }

    fn is_free(&self, label: &str) -> bool {
        !self
            .credentials()
            .any(|credential| credential.label == label || credential.id.as_str() == label)
    }
}

/// The seed of an authenticator or a token, in base32, for hooks that share it; `None` for other kinds.
pub fn seed(
    site: &Site,
    account: &Account,
    credential: &Credential,
) -> Result<Option<Zeroizing<String>>, AdminError> {
    let context = SealContext {
        account: account.id,
        credential: &credential.id,
    };
    let open = || site.keys.open(&context, &credential.sealed);
    let key = match credential.kind {
        Kind::Totp { .. } => Parameters::decode(&open()?)?.key,
        Kind::Hotp { .. } => hotp::decode(&open()?)?,
        _ => return Ok(None),
    };
    Ok(Some(key.base32()))
}

/// The event of a change that concerns the whole store.
pub fn event_of_change(reason: Reason, now: Timestamp, host: &str, actor: &str) -> Event {
    Event::of_change(reason, now, host, Some(actor))
}

impl Admin<'_> {
    /// Notes that somebody has taken a copy of everything.
    pub fn backed_up(&mut self) -> Result<(), AdminError> {
        let event = self.event(Reason::BackedUp);
        self.generation = Some(self.store.change(AccountId::NOBODY, &[], &event)?);
        Ok(())
    }

    /// Looks an account up.
    pub fn account(&mut self, name: &AccountName) -> Result<Known, AdminError> {
        self.find(name)?
            .ok_or_else(|| AdminError::NoAccount(name.to_string()))
    }

    /// The account of a name, if there is one.
    pub fn find(&mut self, name: &AccountName) -> Result<Option<Known>, AdminError> {
        let snapshot = self.store.read(name, None)?;
        Ok(snapshot
            .account
            .clone()
            .map(|account| Known { account, snapshot }))
    }

    /// Makes a pending or suspended credential live. A TOTP wants the code that its owner's
    /// authenticator shows; that code is spent by it.
    pub fn confirm(
        &mut self,
        known: &Known,
        credential: &Credential,
        code: &str,
    ) -> Result<(), AdminError> {
        if credential.state == State::Live {
            return Err(AdminError::AlreadyLive(credential.label.clone()));
        }
        let context = SealContext {
            account: known.account.id,
            credential: &credential.id,
        };
        let digits: String = code.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        let used = match credential.kind {
            Kind::Totp { .. } => {
                let opened = self.site.keys.open(&context, &credential.sealed)?;
                let parameters = Parameters::decode(&opened)?;
                let found = parameters.step_of(&digits, self.now, self.site.config.otp.window);
                let fresh = found.filter(|step| *step > known.account.totp_floor);
                Some(Use::Step(fresh.ok_or(AdminError::WrongCode)?))
            }
            Kind::Hotp { counter, .. } => {
                let opened = self.site.keys.open(&context, &credential.sealed)?;
                // Whoever tried the token out before has moved it on.
                let found = hotp::counter_of(
                    &hotp::decode(&opened)?,
                    &digits,
                    counter,
                    hotp::RESYNC_RANGE,
                );
                Some(Use::Counter(found.ok_or(AdminError::WrongCode)?))
            }
            _ => None,
        };
        let change = Change::Confirm(credential.id.clone(), used);
        self.change(
            &known.account,
            &[change],
            Reason::Confirmed,
            Some(credential),
        )
    }

    /// Whether a credential is made live by a code that its owner's device shows.
    pub fn wants_code(credential: &Credential) -> bool {
        matches!(credential.kind, Kind::Totp { .. } | Kind::Hotp { .. })
            && credential.state != State::Live
    }

    /// Takes back a credential that took another's place and never reached its owner.
    pub fn take_back(
        &mut self,
        known: &Known,
        credential: &Credential,
        replaced: Option<&Credential>,
    ) -> Result<(), AdminError> {
        self.revoke(known, &[credential])?;
        // One that was suspended is gone already.
        let Some(old) = replaced.filter(|old| old.state != State::Suspended) else {
            return Ok(());
        };
        let back = Change::Rename(old.id.clone(), old.label.clone());
        self.change(&known.account, &[back], Reason::Renamed, Some(old))
    }

    /// Gives a credential another label.
    pub fn rename(
        &mut self,
        known: &Known,
        credential: &Credential,
        label: &str,
    ) -> Result<(), AdminError> {
        let label = self.free_label(known, label)?;
        let change = Change::Rename(credential.id.clone(), label);
        self.change(&known.account, &[change], Reason::Renamed, Some(credential))
    }

    /// Revokes credentials, with the windows that they opened.
    pub fn revoke(&mut self, known: &Known, credentials: &[&Credential]) -> Result<(), AdminError> {
        let ids = credentials
            .iter()
            .map(|credential| credential.id.clone())
            .collect();
        let single = if let [one] = credentials {
            Some(*one)
        } else {
            None
        };
        self.change(
            &known.account,
            &[Change::Revoke(ids)],
            Reason::Revoked,
            single,
        )
    }

    /// Ends windows; `None`: all.
    pub fn end_windows(
        &mut self,
        known: &Known,
        windows: Option<Vec<CredentialId>>,
    ) -> Result<(), AdminError> {
        self.change(
            &known.account,
            &[Change::EndWindows(windows)],
            Reason::GraceEnded,
            None,
        )
    }

    /// Locks or unlocks an account.
    pub fn lock(&mut self, known: &Known, locked: bool) -> Result<(), AdminError> {
        let reason = if locked {
            Reason::Locked
        } else {
            Reason::Unlocked
        };
        self.change(&known.account, &[Change::Lock(locked)], reason, None)
    }

    /// Closes an account from then on; `None`: that is taken back.
    pub fn expire(&mut self, known: &Known, at: Option<Timestamp>) -> Result<(), AdminError> {
        let reason = match at {
            Some(_) => Reason::Locked,
            None => Reason::Unlocked,
        };
        self.change(&known.account, &[Change::Expire(at)], reason, None)
    }

    /// Gives an account another name, and its events with it.
    pub fn rename_account(&mut self, known: &Known, name: &AccountName) -> Result<(), AdminError> {
        let event = Event {
            account: Some(name.to_string()),
            ..self.event(Reason::AccountRenamed)
        };
        let change = [Change::RenameAccount(name.clone())];
        let changed = self.store.change(known.account.id, &change, &event);
        self.generation = Some(changed.map_err(|error| match error {
            StoreError::Exists => AdminError::NameTaken(name.to_string()),
            other => other.into(),
        })?);
        Ok(())
    }

    /// Takes an account away, with everything that belongs to it and with its events.
    pub fn remove_account(&mut self, known: &Known) -> Result<(), AdminError> {
        let event = self.event(Reason::AccountRemoved);
        let change = [Change::Remove];
        self.generation = Some(self.store.change(known.account.id, &change, &event)?);
        Ok(())
    }

    /// Gives all guesses back.
    pub fn forgive(&mut self, known: &Known) -> Result<(), AdminError> {
        self.change(&known.account, &[Change::Forgive], Reason::Forgiven, None)
    }

    /// Says that the clock is right, whatever events the store has seen. Guesses that were charged when it was far ahead
    /// are given back, or nobody could guess until then: a right clock charges none that are not full again `within` this.
    pub fn accept_clock(&mut self, within: Duration) -> Result<(), AdminError> {
        let event = self.event(Reason::ClockAccepted);
        let change = [Change::AcceptClock {
            now: self.now,
            full_by: self.now.plus(within),
        }];
        self.generation = Some(self.store.change(AccountId::NOBODY, &change, &event)?);
        Ok(())
    }

    /// All accounts, by name.
    pub fn accounts(&mut self) -> Result<Vec<Account>, AdminError> {
        Ok(self.store.accounts()?)
    }

    fn free_label(&self, known: &Known, label: &str) -> Result<String, AdminError> {
        let label = label.trim();
        let length = label.chars().count();
        if !(1..=MAX_LABEL).contains(&length) || label.chars().any(char::is_control) {
            return Err(AdminError::BadLabel);
        }
        if !known.is_free(label) {
            return Err(AdminError::LabelTaken(label.to_owned()));
        }
        Ok(label.to_owned())
    }

    fn change(
        &mut self,
        account: &Account,
        changes: &[Change],
        reason: Reason,
        credential: Option<&Credential>,
    ) -> Result<(), AdminError> {
        let event = Event {
            account: Some(account.name.to_string()),
            kind: credential.map(|credential| credential.kind.as_str().to_owned()),
            credential: credential.map(|credential| credential.id.to_string()),
            ..self.event(reason)
        };
        self.generation = Some(self.store.change(account.id, changes, &event)?);
        Ok(())
    }

    fn event(&self, reason: Reason) -> Event {
        event_of_change(reason, self.now, &self.host, &self.actor)
    }

    fn new_account(&mut self, name: &AccountName) -> Result<Account, AdminError> {
        Ok(Account {
            id: AccountId::generate(self.random)?,
            name: name.clone(),
            locked: false,
            expires: None,
            salt: crate::clock::random(self.random)?,
            totp_floor: Timestamp::ZERO,
            created: self.now,
            pin: None,
        })
    }
}
