//! The keys of a site: one is added, every host gets it, it is used, the store is sealed again with it, the
//! old one is retired. No credential is lost on the way: a key is taken away only when nothing is sealed with
//! it, and a login that changes a secret meanwhile wins.

use std::collections::BTreeMap;

use super::{Admin, AdminError};
use crate::account::{Change, PinOwner};
use crate::audit::Reason;
use crate::clock::Random;
use crate::credential::pin;
use crate::crypto::{KeyId, KeyRing, SealContext, SealError, Standing, sealed_with};
use crate::id::AccountId;
use crate::site::change_keys;
use crate::store::{Place, Resealed, Sealed, Store};

/// How many values one transaction seals again: so few that no login waits for it.
const AT_A_TIME: u32 = 64;
/// How often all is gone through again for what logins have changed meanwhile.
const ROUNDS: u32 = 20;

/// A key, and what it is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyUse {
    /// Which.
    pub id: KeyId,
    /// What it is for; `None`: something is sealed with it, and the key ring does not have it.
    pub standing: Option<Standing>,
    /// How much is sealed with it.
    pub sealed: u64,
}

/// What is sealed in a store, and what of it does not open.
#[derive(Debug, Default)]
pub struct Seals {
    /// How many values there are.
    pub values: u64,
    /// Where one does not open, and why; the first [`Seals::NAMED`] of them.
    pub broken: Vec<(Place, SealError)>,
    /// How many there are of those.
    pub broken_values: u64,
}

impl Seals {
    /// So many are named.
    pub const NAMED: usize = 20;
}

/// What sealing again came to.
#[derive(Debug)]
pub struct SealedAgain {
    /// How much has another seal now.
    pub done: u64,
    /// How much could not be opened, and the first reason: it stays as it was.
    pub left: Option<(u64, SealError)>,
}

impl Admin<'_> {
    /// All keys, those of the ring first and in its order.
    pub fn keys(&mut self) -> Result<Vec<KeyUse>, AdminError> {
        let mut counts: BTreeMap<KeyId, u64> = BTreeMap::new();
        for_each_sealed(self.store, |sealed| {
            if let Some(id) = sealed_with(&sealed.value) {
                *counts.entry(id).or_default() += 1;
            }
            Ok(())
        })?;
        let ring = self.site.keys.keys();
        let mut keys: Vec<KeyUse> = ring
            .map(|(id, standing)| KeyUse {
                id,
                standing: Some(standing),
                sealed: counts.remove(&id).unwrap_or(0),
            })
            .collect();
        keys.extend(counts.into_iter().map(|(id, sealed)| KeyUse {
            id,
            standing: None,
            sealed,
        }));
        Ok(keys)
    }

    /// Opens everything that is sealed. Changes nothing.
    pub fn check_seals(&mut self) -> Result<Seals, AdminError> {
        let keys = &self.site.keys;
        let mut found = Seals::default();
        for_each_sealed(self.store, |sealed| {
            found.values += 1;
            if let Err(why) = in_context(sealed, |context| keys.open(context, &sealed.value)) {
                found.broken_values += 1;
                if found.broken.len() < Seals::NAMED {
                    found.broken.push((sealed.place.clone(), why));
                }
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// Adds a key to the key ring's file. Nothing uses it before every host has it.
    pub fn add_key(&mut self) -> Result<KeyId, AdminError> {
        let random = &mut *self.random;
        change_keys(&self.site.config.key, |keys| match new_key(keys) {
            Some(waiting) => Err(AdminError::KeyWaits(waiting)),
            None => Ok(keys.add(random)?),
        })
    }

    /// From now on this key seals; without a name the new one, if there is one. Says which, and whether
    /// another did before.
    pub fn use_key(&mut self, name: Option<&str>) -> Result<(KeyId, bool), AdminError> {
        // Nothing is begun where not everything could be sealed again.
        self.store.sealed(None, 1)?;
        let (id, changed) = change_keys(&self.site.config.key, |keys| {
            let id = match name {
                Some(name) => named(keys, name)?,
                None => new_key(keys).unwrap_or(current(keys)),
            };
            let changed = id != current(keys);
            keys.seal_with(id);
            Ok::<_, AdminError>((id, changed))
        })?;
        if changed {
            // Windows are found by a tag that the old key made. Were it used again, they would be open again.
            let event = self.event(Reason::KeyChanged);
            let change = [Change::EndAllWindows];
            self.generation = Some(self.store.change(AccountId::NOBODY, &change, &event)?);
        }
        Ok((id, changed))
    }

    /// Seals everything again that another key than the current one has sealed. May be broken off, and begun
    /// again.
    pub fn seal_again(&mut self, mut progress: impl FnMut(u64)) -> Result<SealedAgain, AdminError> {
        let current = Some(current(&self.site.keys));
        let mut done = 0;
        let mut left = None;
        for _ in 0..ROUNDS {
            let mut lost = 0;
            left = None;
            let mut after: Option<Place> = None;
            loop {
                let page = self.store.sealed(after.as_ref(), AT_A_TIME)?;
                let Some(last) = page.last() else {
                    break;
                };
                after = Some(last.place.clone());
                let mut batch = Vec::new();
                for was in page {
                    if sealed_with(&was.value) == current {
                        continue;
                    }
                    match seal_anew(&self.site.keys, &was, self.random) {
                        Ok(becomes) => batch.push(Resealed { was, becomes }),
                        Err(SealError::Random(why)) => return Err(why.into()),
                        Err(why) => left = more(left, why),
                    }
                }
                if batch.is_empty() {
                    continue;
                }
                let replaced = self.store.reseal(&batch)?;
                self.generation = Some(self.store.identity()?.generation);
                lost += batch.len() as u64 - replaced;
                done += replaced;
                progress(done);
            }
            if lost == 0 {
                break;
            }
        }
        Ok(SealedAgain { done, left })
    }

    /// Takes a key out of the key ring's file; without a name the only one that is of no use any more.
    pub fn retire_key(&mut self, name: Option<&str>) -> Result<KeyId, AdminError> {
        let id = match name {
            Some(name) => named(&self.site.keys, name)?,
            None => {
                let old = |(_, standing): &(KeyId, Standing)| *standing == Standing::Opens;
                let mut old = self.site.keys.keys().filter(old);
                match (old.next(), old.next()) {
                    (Some((id, _)), None) => id,
                    _ => return Err(AdminError::WhichKey),
                }
            }
        };
        if id == current(&self.site.keys) {
            return Err(AdminError::KeySeals(id));
        }
        let keys = self.keys()?;
        let sealed = keys.iter().find(|key| key.id == id);
        match sealed.map_or(0, |key| key.sealed) {
            0 => {}
            count => return Err(AdminError::KeyInUse { id, count }),
        }
        change_keys(&self.site.config.key, |keys| {
            if keys.remove(id) {
                return Ok(id);
            }
            // Another command was here meanwhile.
            Err(match keys.standing(id) {
                Some(_) => AdminError::KeySeals(id),
                None => AdminError::NoKey(id.to_string()),
            })
        })
    }
}

/// Goes through all that is sealed.
pub(super) fn for_each_sealed(
    store: &mut dyn Store,
    mut work: impl FnMut(&Sealed) -> Result<(), AdminError>,
) -> Result<(), AdminError> {
    let mut after = None;
    loop {
        let page = store.sealed(after.as_ref(), AT_A_TIME)?;
        page.iter().try_for_each(&mut work)?;
        match page.into_iter().next_back() {
            Some(last) => after = Some(last.place),
            None => return Ok(()),
        }
    }
}

/// Works with a sealed value in the context that it was sealed in.
pub(super) fn in_context<T>(
    sealed: &Sealed,
    work: impl FnOnce(&SealContext<'_>) -> Result<T, SealError>,
) -> Result<T, SealError> {
    let (account, credential) = match &sealed.place {
        Place::Credential(account, credential) => (*account, credential.clone()),
        Place::Pin(account) => pin::place(PinOwner::Account(*account)),
        Place::SitePin => pin::place(PinOwner::Site),
    };
    work(&SealContext {
        account,
        credential: &credential,
    })
}

/// The same value, sealed with the current key. Opens it with whichever has sealed it.
fn seal_anew(
    keys: &KeyRing,
    sealed: &Sealed,
    random: &mut dyn Random,
) -> Result<Vec<u8>, SealError> {
    in_context(sealed, |context| {
        let opened = keys.open(context, &sealed.value)?;
        keys.seal(context, &opened, random)
    })
}

fn more(left: Option<(u64, SealError)>, why: SealError) -> Option<(u64, SealError)> {
    Some(match left {
        Some((count, first)) => (count + 1, first),
        None => (1, why),
    })
}

fn current(keys: &KeyRing) -> KeyId {
    let mut all = keys.keys();
    all.next().map(|(id, _)| id).expect("no ring is empty")
}

fn new_key(keys: &KeyRing) -> Option<KeyId> {
    keys.keys()
        .find(|(_, standing)| *standing == Standing::New)
        .map(|(id, _)| id)
}

fn named(keys: &KeyRing, name: &str) -> Result<KeyId, AdminError> {
    KeyId::parse(name)
        .filter(|id| keys.standing(*id).is_some())
        .ok_or_else(|| AdminError::NoKey(name.to_owned()))
}
