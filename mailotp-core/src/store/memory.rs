//! A store in memory, for tests: the contract in its plainest words.

use std::collections::HashMap;

use super::{
    DAY, EventFilter, Identity, KNOWN_DAYS, KNOWN_NETWORKS, SAME_EVENT_WITHIN, Store, StoreError,
    may_merge,
};
use crate::account::{Account, Change, Credential, Settled, Settlement, Snapshot, State, Use};
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
}

/// The store.
#[derive(Clone, Default)]
pub(crate) struct MemoryStore {
    records: HashMap<AccountId, Record>,
    buckets: HashMap<String, Bucket>,
    events: Vec<Event>,
    newest: Timestamp,
    generation: u64,
}

impl MemoryStore {
    pub(crate) fn store(&mut self) -> &mut dyn Store {
        self
    }

    fn tell(&mut self, event: &Event) {
        self.newest = self.newest.max(event.time);
        let same = self.events.iter_mut().rev().find(|other| {
            let equal = Event {
                time: event.time,
                count: event.count,
                ..(*other).clone()
            };
            equal == *event && other.time.0 > event.time.0 - SAME_EVENT_WITHIN
        });
        match same.filter(|_| may_merge(event)) {
            Some(other) => {
                other.count += event.count;
                other.time = event.time;
            }
            None => self.events.push(event.clone()),
        }
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
    }
}

impl Record {
    fn consume(&mut self, settlement: &Settlement) -> Option<bool> {
        let consumption = settlement.consume.as_ref()?;
        let now = settlement.event.time;
        let account = self.account.as_mut()?;
        let found = self
            .credentials
            .iter_mut()
            .find(|credential| credential.id == consumption.credential);
        let credential = found.filter(|credential| {
            credential.state == State::Live && credential.scope.is_current(now)
        });
        let Some(credential) = credential else {
            return Some(false);
        };
        let fresh = match consumption.what {
            Use::Login => true,
            Use::Strike(number) => credential.struck.insert(number),
            Use::Step(step) => {
                let higher = account.totp_floor < step;
                account.totp_floor = account.totp_floor.max(step);
                higher
            }
        };
        if fresh {
            credential.scope.logins_left = credential.scope.logins_left.map(|left| left - 1);
            credential.last_used = Some(crate::account::LastUse {
                at: now,
                service: settlement.event.service.clone().unwrap_or_default(),
                remote: settlement.event.remote.clone().unwrap_or_default(),
            });
        }
        Some(fresh)
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
            Change::Confirm(id, step) => {
                let credential = self.unrevoked(id)?;
                if credential.state == State::Live {
                    return None;
                }
                credential.state = State::Live;
                let account = self.account.as_mut()?;
                account.totp_floor = account.totp_floor.max(step.unwrap_or_default());
            }
            Change::Rename(id, label) => self.unrevoked(id)?.label.clone_from(label),
            Change::Revoke(ids) => {
                for id in ids {
                    let credential = self.unrevoked(id)?;
                    credential.state = State::Revoked;
                    credential.fingerprint = None;
                    self.windows.retain(|window| window.credential != *id);
                }
            }
            Change::Lock(locked) => self.account.as_mut()?.locked = *locked,
            // What concerns more than the account is done by the store.
            Change::Forgive | Change::AcceptClock(_) => {}
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

impl Store for MemoryStore {
    fn read(&mut self, name: &AccountName) -> Result<Snapshot, StoreError> {
        let is_it = |record: &&Record| {
            record
                .account
                .as_ref()
                .is_some_and(|account| account.name == *name)
        };
        let record = self
            .records
            .values()
            .find(is_it)
            .cloned()
            .unwrap_or_default();
        let since = self.newest.0 - KNOWN_DAYS * DAY;
        let known = record.known.into_iter().filter(|(_, seen)| seen.0 >= since);
        Ok(Snapshot {
            account: record.account,
            credentials: record.credentials,
            windows: record.windows,
            known: known.map(|(network, _)| network).collect(),
            newest: self.newest,
        })
    }

    fn charge(&mut self, charge: &Charge) -> Result<Charged, StoreError> {
        let mut buckets = self.take(charge);
        let charged = charge.take(&mut buckets);
        self.put(charge, buckets);
        Ok(charged)
    }

    fn settle(&mut self, settlement: &Settlement) -> Result<Settled, StoreError> {
        let record = settlement
            .account
            .and_then(|account| self.records.get_mut(&account));
        let settled = record.map_or(Settled::Consumed, |record| record.settle(settlement));
        if settled == Settled::Consumed && settlement.must_be_durable() {
            self.generation += 1;
        }
        if let Some(charge) = &settlement.refund {
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
        self.records.insert(account, record);
        for change in changes {
            match change {
                Change::Forgive => {
                    let own = format!("{}/", account.0);
                    self.buckets.retain(|owner, _| !owner.starts_with(&own));
                }
                Change::AcceptClock(now) => {
                    self.newest = *now;
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
        let mut found: Vec<Event> = self.events.iter().filter(passes).cloned().collect();
        found.sort_by_key(|event| event.time);
        let skip = filter
            .limit
            .map_or(0, |limit| found.len().saturating_sub(limit as usize));
        Ok(found.into_iter().skip(skip).collect())
    }
}
