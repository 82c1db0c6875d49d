//! A store in memory, for tests: the contract in its plainest words.

use std::collections::HashMap;

use super::{
    Apart, DAY, Decision, EventFilter, Identity, KNOWN_DAYS, KNOWN_NETWORKS, Ledger, Maintained,
    Part, Place, Resealed, SAME_EVENT_AMONG, SAME_EVENT_WITHIN, Sealed, Store, StoreError,
    UNENROLLED, may_merge,
};
use crate::account::{
    Account, AliasUse, Change, Consumption, Credential, Kind, LastUse, OwnRule, Pinned,
    Restoration, SealedPin, Settled, Settlement, Snapshot, State, Use,
};
use crate::audit::Event;
use crate::budget::{Bucket, Charge, Charged, Owner};
use crate::clock::Timestamp;
use crate::crypto::Tag;
use crate::id::{AccountId, CredentialId};
use crate::request::{AccountName, Network};
use crate::window::{self, Window};

#[derive(Clone, Default)]
struct Record {
    account: Option<Account>,
    credentials: Vec<Credential>,
    windows: Vec<Window>,
    known: Vec<(Network, Timestamp)>,
    aliases: Vec<(Tag, AliasUse)>,
    rules: Vec<OwnRule>,
}

/// The store.
#[derive(Clone, Default)]
pub(crate) struct MemoryStore {
    records: HashMap<AccountId, Record>,
    buckets: HashMap<String, Bucket>,
    events: Vec<Event>,
    unenrolled: Vec<Event>,
    newest: Timestamp,
    generation: u64,
    site_pin: Option<SealedPin>,
    maintained: Timestamp,
    /// Whether the last login leant on another one.
    pub(crate) leant: bool,
}

impl MemoryStore {
    #[cfg(test)]
    pub(crate) fn store(&mut self) -> &mut dyn Store {
        self
    }

    fn tell(&mut self, event: &Event) {
        self.newest = self.newest.max(event.time);
        let of_account = self.events.iter_mut().rev();
        let mut newest = of_account
            .filter(|other| other.account == event.account)
            .take(SAME_EVENT_AMONG);
        let same = newest.find(|other| {
            other.time.0 > event.time.0 - SAME_EVENT_WITHIN
                && *event
                    == Event {
                        time: event.time,
                        count: event.count,
                        ..(**other).clone()
                    }
        });
        match same.filter(|_| may_merge(event)) {
            Some(other) => {
                other.count += event.count;
                other.time = event.time;
            }
            None => self.events.push(event.clone()),
        }
    }

    /// From now on the account's own events say what would become of it.
    fn forget_unenrolled(&mut self, name: &AccountName) {
        let name = Some(name.as_str());
        self.unenrolled
            .retain(|event| event.account.as_deref() != name);
    }

    fn take(&mut self, charge: &Charge) -> Vec<Bucket> {
        charge
            .from
            .iter()
            .map(|(owner, _)| self.buckets.get(&owner.key()).cloned().unwrap_or_default())
            .collect()
    }

    fn put(&mut self, charge: &Charge, buckets: Vec<Bucket>) {
        for ((owner, _), bucket) in charge.from.iter().zip(buckets) {
            self.buckets.insert(owner.key(), bucket);
        }
        // Nobody fills the store: what matters no more goes as something new comes.
        let account = charge.account();
        self.buckets.retain(|key, bucket| {
            let owner = Owner::of_key(key).and_then(|owner| owner.account());
            owner.is_none() || owner != account || bucket.forgettable_at() >= charge.at
        });
    }
}

impl Record {
    /// What a credential comes to by one use, or nothing of it.
    fn used(
        &self,
        id: &CredentialId,
        what: Use,
        sealed: Option<&Vec<u8>>,
        event: &Event,
    ) -> Option<Record> {
        let mut after = self.clone();
        let (account, credentials) = (after.account.as_mut()?, &mut after.credentials);
        let credential = credentials
            .iter_mut()
            .find(|credential| credential.id == *id)?;
        let service = event.service.clone().unwrap_or_default();
        let good = credential.state == State::Live
            && credential.scope.is_current(event.time)
            && match &credential.scope.pinned {
                Pinned::To(owner) => *owner == service,
                Pinned::No | Pinned::Open => true,
            };
        let fresh = match (what, &mut credential.kind) {
            (Use::Login, _) => true,
            (Use::Strike(number), _) => credential.struck.insert(number),
            (Use::Step(step), _) => {
                let higher = account.totp_floor < step;
                account.totp_floor = account.totp_floor.max(step);
                higher
            }
            (
                Use::Counter(used),
                Kind::Hotp {
                    counter, resync, ..
                },
            ) => {
                let higher = *counter <= used;
                (*counter, *resync) = (used + 1, None);
                higher
            }
            (Use::Response(used), Kind::Sequence { count, .. }) => {
                let next = *count == used + 1;
                *count = used;
                credential.sealed.clone_from(sealed?);
                next
            }
            _ => false,
        };
        if credential.scope.pinned == Pinned::Open {
            credential.scope.pinned = Pinned::To(service.clone());
        }
        credential.scope.logins_left = credential
            .scope
            .logins_left
            .map(|left| left.saturating_sub(1));
        credential.last_used = Some(LastUse {
            at: event.time,
            service,
            remote: event.remote.clone().unwrap_or_default(),
        });
        (good && fresh).then_some(after)
    }

    fn consume(&mut self, settlement: &Settlement) -> Option<bool> {
        let Consumption {
            credential,
            what,
            sealed,
            ..
        } = settlement.consume.as_ref()?;
        let event = &settlement.event;
        let mut after = self.used(credential, *what, sealed.as_ref(), event);
        if let Some(alias) = &settlement.alias {
            let named =
                after.and_then(|after| after.used(&alias.credential, Use::Login, None, event));
            let strike = Use::Strike(alias.number);
            after = named.and_then(|after| after.used(&alias.credential, strike, None, event));
        }
        let Some(after) = after else {
            return Some(false);
        };
        *self = after;
        self.take_place(credential);
        if let Some(alias) = &settlement.alias {
            self.take_place(&alias.credential);
        }
        Some(true)
    }

    fn take_place(&mut self, id: &CredentialId) {
        let new = self.unrevoked(id);
        let mut replaced = new.and_then(|credential| credential.replaces.take());
        while let Some(old) = replaced {
            self.revoke(&old);
            let mut all = self.credentials.iter();
            let older = all.find(|credential| credential.id == old);
            replaced = older.and_then(|credential| credential.replaces.clone());
        }
    }

    fn revoke(&mut self, id: &CredentialId) -> Option<()> {
        let credential = self.unrevoked(id)?;
        credential.state = State::Revoked;
        credential.fingerprint = None;
        self.windows.retain(|window| window.credential != *id);
        self.aliases.retain(|(_, alias)| alias.credential != *id);
        Some(())
    }

    fn settle(&mut self, settlement: &Settlement) -> Settled {
        let now = settlement.event.time;
        let settled = match (self.consume(settlement), &settlement.window) {
            (None, _) | (Some(true), None) => Settled::Consumed,
            (Some(true), Some(offer)) => {
                self.windows
                    .retain(|window| window.is_open(offer.limits, now));
                self.windows.push(Window {
                    id: offer.id.clone(),
                    credential: settlement
                        .consume
                        .as_ref()
                        .expect("consumed")
                        .credential
                        .clone(),
                    key: offer.key.clone(),
                    opened: now,
                    used: now,
                    service: settlement.event.service.clone().unwrap_or_default(),
                    remote: settlement.event.remote.clone().unwrap_or_default(),
                });
                Settled::Consumed
            }
            (Some(false), offer) => {
                let open = offer.as_ref().and_then(|offer| {
                    window::find(&self.windows, &offer.key, offer.binding, offer.limits, now)
                });
                if open.is_some() {
                    Settled::InWindow
                } else {
                    Settled::Lost
                }
            }
        };
        if let Some((id, ahead)) = &settlement.ahead
            && let Some(credential) = self.unrevoked(id)
            && let Kind::Hotp {
                counter, resync, ..
            } = &mut credential.kind
            // Another login may have come further in the meantime.
            && *counter < *ahead
        {
            *resync = Some(*ahead);
        }
        if let Some(sheet) = &settlement.kill {
            self.revoke(sheet);
        }
        if let Some(id) = &settlement.touch
            && let Some(window) = self.windows.iter_mut().find(|window| window.id == *id)
        {
            window.used = window.used.max(now);
        }
        if let Some(network) = settlement
            .seen
            .as_ref()
            .filter(|_| settled != Settled::Lost)
        {
            let recent =
                |(other, seen): &(Network, Timestamp)| other == network && seen.0 >= now.0 - DAY;
            if !self.known.iter().any(recent) {
                self.known.retain(|(other, _)| other != network);
                self.known.push((network.clone(), now));
                self.known.sort_by_key(|(_, seen)| std::cmp::Reverse(*seen));
                self.known.truncate(KNOWN_NETWORKS);
            }
        }
        settled
    }

    fn restore(&mut self, restoration: &Restoration) {
        self.windows.clear();
        if let Some(account) = &mut self.account {
            account.totp_floor = account.totp_floor.max(restoration.now);
        }
        for credential in &mut self.credentials {
            let is_totp = matches!(credential.kind, Kind::Totp { .. });
            if credential.state == State::Live && !is_totp {
                credential.state = State::Suspended;
            }
        }
    }

    fn unrevoked(&mut self, id: &CredentialId) -> Option<&mut Credential> {
        let wanted = |credential: &&mut Credential| {
            credential.id == *id && credential.state != State::Revoked
        };
        self.credentials.iter_mut().find(wanted)
    }

    fn apply(&mut self, change: &Change) -> Option<()> {
        match change {
            Change::Create(account) => self.account = Some(account.clone()),
            Change::Add(credential) => self.credentials.push((**credential).clone()),
            Change::NameAliases(id, tags) => {
                self.aliases
                    .extend(tags.iter().zip(1..).map(|(tag, number)| {
                        let credential = id.clone();
                        (*tag, AliasUse { credential, number })
                    }));
            }
            Change::Renew {
                credential,
                was,
                kind,
                sealed,
            } => {
                let credential = self.unrevoked(credential)?;
                match &credential.kind {
                    Kind::Sequence { count, .. } if count == was => {}
                    _ => return None,
                }
                credential.kind = kind.clone();
                credential.sealed.clone_from(sealed);
                if credential.state == State::Suspended {
                    credential.state = State::Live;
                }
            }
            Change::Confirm(id, used) => {
                let credential = self.unrevoked(id)?;
                if credential.state == State::Live {
                    return None;
                }
                credential.state = State::Live;
                match (used, &mut credential.kind) {
                    (Some(Use::Counter(used)), Kind::Hotp { counter, .. }) => {
                        *counter = (*counter).max(used + 1);
                    }
                    (Some(Use::Step(step)), _) => {
                        let account = self.account.as_mut()?;
                        account.totp_floor = account.totp_floor.max(*step);
                    }
                    _ => return Some(()),
                }
                self.take_place(id);
            }
            Change::Rename(id, label) => self.unrevoked(id)?.label.clone_from(label),
            Change::Revoke(ids) => ids.iter().try_for_each(|id| self.revoke(id))?,
            Change::SetPin(pin) => {
                self.account.as_mut()?.pin.clone_from(pin);
                self.windows.clear();
            }
            Change::Lock(locked) => self.account.as_mut()?.locked = *locked,
            Change::RenameAccount(name) => self.account.as_mut()?.name = name.clone(),
            Change::Remove => *self = Record::default(),
            Change::Expire(at) => self.account.as_mut()?.expires = *at,
            Change::AddRule(own) => {
                self.rules.push((**own).clone());
                self.windows.clear();
            }
            Change::RemoveRules(ids) => {
                for id in ids {
                    let at = self.rules.iter().position(|own| own.id == *id)?;
                    self.rules.remove(at);
                }
                self.windows.clear();
            }
            Change::Strike(id, below) => self.unrevoked(id)?.struck.extend(1..*below),
            // What concerns more than the account is done by the store.
            Change::Forgive
            | Change::AcceptClock { .. }
            | Change::SetSitePin(_)
            | Change::EndAllWindows
            | Change::Restore(_) => {}
            Change::EndWindows(None) => self.windows.clear(),
            Change::EndWindows(Some(ids)) => {
                for id in ids {
                    let at = self.windows.iter().position(|window| window.id == *id)?;
                    self.windows.remove(at);
                }
            }
        }
        Some(())
    }
}

impl MemoryStore {
    /// All that is sealed, in the order of the places.
    fn places(&mut self) -> Vec<(Place, &mut Vec<u8>)> {
        let mut places = Vec::new();
        for (id, record) in &mut self.records {
            for credential in &mut record.credentials {
                let place = Place::Credential(*id, credential.id.clone());
                places.push((place, &mut credential.sealed));
            }
            let pin = record.account.as_mut().and_then(|one| one.pin.as_mut());
            places.extend(pin.map(|pin| (Place::Pin(*id), &mut pin.sealed)));
        }
        let pin = self.site_pin.as_mut();
        places.extend(pin.map(|pin| (Place::SitePin, &mut pin.sealed)));
        places.sort_by(|(a, _), (b, _)| a.cmp(b));
        places
    }
}

/// A ledger, and what was charged in it.
pub(crate) struct Noted<'a> {
    pub ledger: &'a mut dyn Ledger,
    pub charges: &'a mut Vec<(Charge, Charged)>,
}

impl Ledger for Noted<'_> {
    fn charge(&mut self, charge: &Charge) -> Result<Charged, StoreError> {
        let charged = self.ledger.charge(charge)?;
        self.charges.push((charge.clone(), charged));
        Ok(charged)
    }
}

impl Store for MemoryStore {
    fn read(&mut self, name: &AccountName, alias: Option<&Tag>) -> Result<Snapshot, StoreError> {
        let is_it = |record: &&Record| {
            record
                .account
                .as_ref()
                .is_some_and(|account| account.name == *name)
        };
        let by_name = self.records.values().find(is_it);
        let by_alias = || {
            let uses = self.records.values().flat_map(|record| {
                let uses = record.aliases.iter();
                uses.map(move |(tag, used)| (tag, (record, used)))
            });
            uses.into_iter()
                .find(|(tag, _)| Some(*tag) == alias)
                .map(|(_, found)| found)
        };
        let (record, alias) = match by_name {
            Some(record) => (Some(record), None),
            None => by_alias().unzip(),
        };
        let (record, alias) = (record.cloned().unwrap_or_default(), alias.cloned());
        let since = self.newest.0 - KNOWN_DAYS * DAY;
        let known = record.known.into_iter().filter(|(_, seen)| seen.0 >= since);
        let mut accounts = self
            .records
            .values()
            .filter_map(|other| other.account.as_ref());
        Ok(Snapshot {
            account: record.account,
            credentials: record.credentials,
            windows: record.windows,
            rules: record.rules,
            known: known.map(|(network, _)| network).collect(),
            newest: self.newest,
            pins_in_use: self.site_pin.is_some() || accounts.any(|other| other.pin.is_some()),
            site_pin: self.site_pin.clone(),
            alias,
        })
    }

    fn charge(&mut self, charge: &Charge) -> Result<Charged, StoreError> {
        let mut buckets = self.take(charge);
        let charged = charge.take(&mut buckets);
        if charged == Charged::Taken {
            self.put(charge, buckets);
        }
        Ok(charged)
    }

    fn settle(&mut self, settlement: &Settlement) -> Result<Settled, StoreError> {
        self.leant = settlement.leans_on_another;
        let record = settlement
            .account
            .and_then(|account| self.records.get_mut(&account));
        let settled = record.map_or(Settled::Consumed, |record| record.settle(settlement));
        if settled == Settled::Consumed && settlement.must_be_durable() {
            self.generation += 1;
        }
        for charge in &settlement.refund {
            let mut buckets = self.take(charge);
            charge.refund(&mut buckets);
            self.put(charge, buckets);
        }
        let event = settlement.event_of(settled);
        match settlement.account {
            Some(_) => self.tell(&event),
            None => self.newest = self.newest.max(event.time),
        }
        Ok(settled)
    }

    fn is_at_hand(&self) -> bool {
        true
    }

    fn judge(&mut self, decision: &mut Decision<'_>) -> Result<(Settlement, Settled), StoreError> {
        let before = self.buckets.clone();
        let mut charges = Vec::new();
        let judged = decision(&mut Noted {
            ledger: &mut Apart(self),
            charges: &mut charges,
        });
        let is_own = |charge: &Charge| charges.iter().any(|(own, _)| own == charge);
        if judged
            .as_ref()
            .map_or(true, |settlement| settlement.refund.iter().any(is_own))
        {
            self.buckets = before;
        }
        let mut settlement = judged?;
        settlement.refund.retain(|charge| !is_own(charge));
        let settled = self.settle(&settlement)?;
        Ok((settlement, settled))
    }

    fn change(
        &mut self,
        account: AccountId,
        changes: &[Change],
        event: &Event,
    ) -> Result<u64, StoreError> {
        let mut record = self.records.get(&account).cloned().unwrap_or_default();
        for change in changes {
            let others = || self.records.values().chain([&record]);
            let taken = match change {
                Change::Create(new) => others().any(|other| {
                    other
                        .account
                        .as_ref()
                        .is_some_and(|old| old.name == new.name)
                }),
                Change::RenameAccount(name) => others()
                    .any(|other| other.account.as_ref().is_some_and(|old| old.name == *name)),
                Change::NameAliases(_, new) => others()
                    .flat_map(|other| &other.aliases)
                    .any(|(tag, _)| new.contains(tag)),
                Change::Add(new) => new.fingerprint.is_some_and(|tag| {
                    others()
                        .flat_map(|other| &other.credentials)
                        .any(|old| old.fingerprint == Some(tag))
                }),
                _ => false,
            };
            if taken {
                return Err(StoreError::Exists);
            }
            record.apply(change).ok_or(StoreError::Gone)?;
        }
        let old = self.records.insert(account, record);
        let old = old.and_then(|record| record.account);
        let own = |event: &Event| {
            let name = old.as_ref().map(|account| account.name.as_str());
            event.account.as_deref() == name
        };
        for change in changes {
            match change {
                Change::Create(new) => self.forget_unenrolled(&new.name),
                Change::RenameAccount(name) => {
                    self.forget_unenrolled(name);
                    for event in self.events.iter_mut().filter(|event| own(event)) {
                        event.account = Some(name.to_string());
                    }
                }
                Change::Remove => {
                    self.events.retain(|event| !own(event));
                    let prefix = format!("{}/", account.0);
                    self.buckets.retain(|owner, _| !owner.starts_with(&prefix));
                    self.records.remove(&account);
                }
                Change::Forgive => {
                    let own = format!("{}/", account.0);
                    self.buckets.retain(|owner, _| !owner.starts_with(&own));
                }
                Change::SetSitePin(pin) => {
                    self.site_pin.clone_from(pin);
                    for record in self.records.values_mut() {
                        record.windows.clear();
                    }
                }
                Change::EndAllWindows => {
                    for record in self.records.values_mut() {
                        record.windows.clear();
                    }
                }
                Change::Restore(restoration) => {
                    for record in self.records.values_mut() {
                        record.restore(restoration);
                    }
                    self.generation = self.generation.max(restoration.generation);
                }
                Change::AcceptClock { now, full_by } => {
                    self.newest = *now;
                    self.buckets.retain(|_, bucket| bucket.full_at <= *full_by);
                    for record in self.records.values_mut() {
                        record.windows.retain(|window| window.used <= *now);
                    }
                }
                _ => {}
            }
        }
        self.tell(event);
        self.generation += 1;
        Ok(self.generation)
    }

    fn change_all(&mut self, parts: &[Part]) -> Result<u64, StoreError> {
        let mut after = self.clone();
        for part in parts {
            after.change(part.account, &part.changes, &part.event)?;
        }
        *self = after;
        Ok(self.generation)
    }

    fn identity(&mut self) -> Result<Identity, StoreError> {
        Ok(Identity {
            ring: Tag([0; 16]),
            generation: self.generation,
        })
    }

    fn accounts(&mut self) -> Result<Vec<Account>, StoreError> {
        let mut accounts: Vec<Account> = self
            .records
            .values()
            .filter_map(|record| record.account.clone())
            .collect();
        accounts.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(accounts)
    }

    fn bucket(&mut self, owner: &Owner) -> Result<Bucket, StoreError> {
        Ok(self.buckets.get(&owner.key()).cloned().unwrap_or_default())
    }

    fn buckets(&mut self, account: AccountId) -> Result<Vec<(Owner, Bucket)>, StoreError> {
        let owned = |(key, bucket): (&String, &Bucket)| {
            let owner = Owner::of_key(key).filter(|owner| owner.account() == Some(account))?;
            Some((owner, bucket.clone()))
        };
        Ok(self.buckets.iter().filter_map(owned).collect())
    }

    fn tell_of_unenrolled(&mut self, event: &Event) -> Result<(), StoreError> {
        self.newest = self.newest.max(event.time);
        let is_known = |record: &Record| {
            let name = record.account.as_ref().map(|account| account.name.as_str());
            name.is_some() && name == event.account.as_deref()
        };
        if self.records.values().any(is_known) {
            return Ok(());
        }
        let same = |other: &Event| other.account == event.account;
        let before = self.unenrolled.iter().position(same);
        let before = before.map_or(0, |at| self.unenrolled.remove(at).count);
        self.unenrolled.push(Event {
            count: event.count + before,
            ..event.clone()
        });
        let surplus = self.unenrolled.len().saturating_sub(UNENROLLED);
        self.unenrolled.drain(..surplus);
        Ok(())
    }

    fn maintain(
        &mut self,
        now: Timestamp,
        keep_since: Timestamp,
    ) -> Result<Maintained, StoreError> {
        let before = std::mem::replace(&mut self.maintained, now);
        let count = |store: &MemoryStore| store.events.len() + store.unenrolled.len();
        let (events, buckets) = (count(self), self.buckets.len());
        self.events.retain(|event| event.time >= keep_since);
        self.unenrolled.retain(|event| event.time >= keep_since);
        self.buckets
            .retain(|_, bucket| bucket.forgettable_at() >= now);
        Ok(Maintained {
            events: (events - count(self)) as u64,
            rest: (buckets - self.buckets.len()) as u64,
            before,
        })
    }

    fn used_since(&mut self, since: Timestamp) -> Result<Vec<AccountName>, StoreError> {
        let used = |record: &&Record| {
            let mut uses = record
                .credentials
                .iter()
                .filter_map(|one| one.last_used.as_ref());
            uses.any(|last| last.at >= since)
        };
        let records = self.records.values().filter(used);
        let accounts = records.filter_map(|record| record.account.as_ref());
        let mut names: Vec<AccountName> = accounts.map(|account| account.name.clone()).collect();
        names.sort();
        Ok(names)
    }

    fn sealed(&mut self, after: Option<&Place>, limit: u32) -> Result<Vec<Sealed>, StoreError> {
        let places = self.places().into_iter();
        let behind = places.filter(|(place, _)| Some(place) > after);
        let sealed = behind.map(|(place, value)| Sealed {
            place,
            value: value.clone(),
        });
        Ok(sealed.take(limit as usize).collect())
    }

    fn reseal(&mut self, values: &[Resealed]) -> Result<u64, StoreError> {
        let mut replaced = 0;
        for (place, value) in self.places() {
            let change = values
                .iter()
                .find(|one| one.was.place == place && one.was.value == *value);
            if let Some(change) = change {
                value.clone_from(&change.becomes);
                replaced += 1;
            }
        }
        self.generation += u64::from(replaced > 0);
        Ok(replaced)
    }

    fn events(&mut self, filter: &EventFilter) -> Result<Vec<Event>, StoreError> {
        let passes = |event: &&Event| {
            filter
                .account
                .as_ref()
                .is_none_or(|account| event.account.as_ref() == Some(account))
                && filter
                    .service
                    .as_ref()
                    .is_none_or(|service| event.service.as_ref() == Some(service))
                && filter.since.is_none_or(|since| event.time >= since)
                && (!filter.would_refuse || event.would.is_some())
        };
        let unenrolled = self.unenrolled.iter().filter(|_| filter.would_refuse);
        let all = self.events.iter().chain(unenrolled);
        let mut found: Vec<Event> = all.filter(passes).cloned().collect();
        found.sort_by_key(|event| event.time);
        let skip = filter
            .limit
            .map_or(0, |limit| found.len().saturating_sub(limit as usize));
        Ok(found.into_iter().skip(skip).collect())
    }
}
