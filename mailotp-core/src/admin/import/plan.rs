//! What would be made of the entries of a file: account by account, as if what stands before in the file
//! were there already.

use std::collections::{BTreeSet, HashSet};
use std::net::IpAddr;

use super::{ImportPlan, ImportWish, Left, Made, Owner, Taken, Why};
use crate::account::{Kind, OwnRule, Snapshot};
use crate::admin::enrol::{Draft, free_variant};
use crate::admin::own_rule::MOST_RULES;
use crate::admin::sequence::{kind_of, refuse_known_seed};
use crate::admin::{Admin, AdminError, Known, MAX_LABEL, Wish};
use crate::clock::NoRandomness;
use crate::credential::oath::Key;
use crate::credential::totp::Parameters;
use crate::credential::{hotp, sequence};
use crate::crypto::TagPurpose;
use crate::id::CredentialId;
use crate::import::{Entry, Item, Token, What};
use crate::request::{AccountName, Pin};
use crate::rule::{Accept, Means, Own, Place};

pub(super) fn plan(
    admin: &mut Admin<'_>,
    entries: Vec<Entry>,
    wish: &ImportWish<'_>,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<ImportPlan, AdminError> {
    let seeds = seeds(admin, progress)?;
    let named = |entry: &Entry| {
        let name = entry.account.as_ref()?;
        let account = admin.site.config.naming.account(name.as_bytes());
        Some(account.map_or(name.clone(), |account| account.to_string()))
    };
    let names: BTreeSet<String> = entries.iter().filter_map(named).collect();
    let mut planner = Planner {
        admin,
        wish,
        // A file of one person names the account as that person liked to see it.
        is_alone: wish.personal && names.len() <= 1,
        seeds,
        plan: ImportPlan::default(),
    };
    for entry in entries {
        planner.entry(entry)?;
    }
    Ok(planner.plan)
}

/// The fingerprints of all seeds that are enrolled.
fn seeds(
    admin: &mut Admin<'_>,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<HashSet<[u8; 16]>, AdminError> {
    let mut seeds = HashSet::new();
    let accounts = admin.store.accounts()?;
    for (at, account) in accounts.iter().enumerate() {
        let snapshot = admin.store.read(&account.name, None)?;
        let credentials = snapshot.credentials.iter();
        seeds.extend(credentials.filter_map(|one| Some(one.fingerprint?.0)));
        progress(at + 1, accounts.len());
    }
    Ok(seeds)
}

struct Planner<'p, 'a> {
    admin: &'p mut Admin<'a>,
    wish: &'p ImportWish<'p>,
    is_alone: bool,
    seeds: HashSet<[u8; 16]>,
    plan: ImportPlan,
}

/// Why an entry does not become what it says, or not all of it.
enum Stop {
    /// This of it is left.
    Left(What, Why),
    /// The account does not exist.
    Nobody(AccountName),
    /// The plan cannot be made.
    Failed(AdminError),
}

impl From<AdminError> for Stop {
    fn from(error: AdminError) -> Stop {
        Stop::Failed(error)
    }
}

impl From<NoRandomness> for Stop {
    fn from(error: NoRandomness) -> Stop {
        Stop::Failed(error.into())
    }
}

impl Planner<'_, '_> {
    fn entry(&mut self, entry: Entry) -> Result<(), AdminError> {
        let Some(whose) = self.whose(entry.account.as_deref()) else {
            return Ok(());
        };
        let Entry {
            line,
            account,
            what,
            name,
            item,
        } = entry;
        let item = item.map_err(|obstacle| Stop::Left(what, obstacle.into()));
        let whose = whose.map_err(|why| Stop::Left(what, why));
        let done = item.and_then(|item| match item {
            Item::Token(token) => self.token(line, whose?, name.as_deref(), token),
            Item::Sequence { begin, last } => {
                let (whose, draft) = (
                    whose?,
                    Draft::new(kind_of(&begin), sequence::secret_part(&last)),
                );
                refuse_known_seed(&self.owner(&whose)?.known, &begin)
                    .map_err(|_| Stop::Left(what, Why::SequenceTaken))?;
                self.credential(line, &whose, None, draft)
            }
            Item::Exemption(address) => self.exemption(line, whose?, address),
        });
        match done {
            Ok(()) => {}
            Err(Stop::Failed(error)) => return Err(error),
            Err(Stop::Nobody(account)) => self.plan.nobody.push((line, account)),
            Err(Stop::Left(what, why)) => self.plan.left.push(Left {
                line,
                account,
                what,
                name,
                why,
            }),
        }
        Ok(())
    }

    /// Whose an entry is; `None` where it is another's, in a file that is about many.
    fn whose(&self, named: Option<&str>) -> Option<Result<AccountName, Why>> {
        let naming = &self.admin.site.config.naming;
        let named = named.map(|name| naming.account(name.as_bytes()));
        Some(match (named, self.wish.account) {
            (_, Some(wanted)) if self.is_alone => Ok(wanted.clone()),
            (Some(Ok(named)), Some(wanted)) if named == *wanted => Ok(named),
            (None, Some(wanted)) if self.wish.personal => Ok(wanted.clone()),
            (Some(_), Some(_)) if self.wish.personal => Err(Why::OtherAccount),
            (Some(_), Some(_)) => return None,
            (Some(named), None) => named.map_err(Why::BadName),
            (None, _) => Err(Why::NoName),
        })
    }

    /// The account as it will be.
    fn owner(&mut self, name: &AccountName) -> Result<&mut Owner, Stop> {
        if !self.plan.owners.contains_key(name) {
            let (known, is_new) = match self.admin.find(name)? {
                Some(known) => (known, false),
                None if self.wish.new_accounts => {
                    let account = self.admin.new_account(name)?;
                    let snapshot = Snapshot::default();
                    (Known { account, snapshot }, true)
                }
                None => return Err(Stop::Nobody(name.clone())),
            };
            let owner = Owner {
                known,
                is_new,
                pin: None,
            };
            self.plan.owners.insert(name.clone(), owner);
        }
        let owner = self.plan.owners.get_mut(name);
        owner.ok_or_else(|| Stop::Nobody(name.clone()))
    }

    /// A token, and the PIN that comes with it.
    fn token(
        &mut self,
        line: usize,
        whose: AccountName,
        name: Option<&str>,
        token: Token,
    ) -> Result<(), Stop> {
        let keys = &self.admin.site.keys;
        let fingerprint = keys.tag(TagPurpose::Seed, &[&token.seed.0]);
        let is_taken = self.seeds.contains(&fingerprint.0);
        let owner = self.owner(&whose)?;
        let digits = token.kind.digits().unwrap_or_default();
        let others = owner.known.snapshot.digits();
        let is_other = |pin: &Pin| {
            token
                .pin
                .as_ref()
                .is_some_and(|new| new.text() != pin.text())
        };
        let pin_stays = token.pin.is_some() && owner.known.account.pin.is_some();
        let why = match others {
            _ if is_taken => Some(Why::SeedTaken),
            Some(others) if others != digits as usize => Some(Why::OtherDigits(others)),
            _ if owner.pin.as_ref().is_some_and(is_other) => Some(Why::OtherPin),
            _ => None,
        };
        if let Some(why) = why {
            return Err(Stop::Left(What::Token, why));
        }
        self.seeds.insert(fingerprint.0);
        let key = Key {
            algorithm: token.algorithm,
            digits,
            seed: token.seed.0,
        };
        let secret = match token.kind {
            Kind::Totp { period, .. } => Parameters { key, period }.encode(),
            _ => hotp::encode(&key),
        };
        let draft = Draft {
            fingerprint: Some(fingerprint),
            ..Draft::new(token.kind, secret)
        };
        self.credential(line, &whose, name, draft)?;
        if pin_stays {
            return Err(Stop::Left(What::Pin, Why::PinStays));
        }
        let owner = self.owner(&whose)?;
        if let (Some(pin), None) = (token.pin, &owner.pin) {
            owner.pin = Pin::new(pin.text()).ok();
            self.taken(line, &whose, Made::Pin(pin));
        }
        Ok(())
    }

    /// A live credential of a draft, which the account has from now on.
    fn credential(
        &mut self,
        line: usize,
        whose: &AccountName,
        name: Option<&str>,
        draft: Draft,
    ) -> Result<(), Stop> {
        self.owner(whose)?;
        let Some(owner) = self.plan.owners.get_mut(whose) else {
            return Ok(());
        };
        let name = name.map(str::trim).filter(|name| is_label(name));
        let label = free_variant(&owner.known, name.unwrap_or(draft.kind.as_str()));
        let wish = Wish {
            label: Some(&label),
            live: true,
            ..Wish::new(whose)
        };
        let credential = self.admin.seal(&wish, &owner.known, draft)?;
        owner.known.snapshot.credentials.push(credential.clone());
        self.taken(line, whose, Made::Credential(Box::new(credential)));
        Ok(())
    }

    /// The rule that no second factor is asked for at an address. What a login there can do without one
    /// goes on as well, since the rule takes the place of the administrator's.
    fn exemption(
        &mut self,
        line: usize,
        account: AccountName,
        address: IpAddr,
    ) -> Result<(), Stop> {
        let left = |why| Err(Stop::Left(What::Exception, why));
        if !self.admin.site.config.may_exempt {
            return left(Why::MayNotExempt { address, account });
        }
        let place = Place::Net(address.to_canonical().into());
        let accept = Accept([Means::Password, Means::AppPassword, Means::Otp].into());
        let rule = Own {
            services: None,
            from: Some(vec![place]),
            accept,
        };
        let id = CredentialId::generate(self.admin.random)?;
        let rules = &mut self.owner(&account)?.known.snapshot.rules;
        let same = |own: &OwnRule| {
            let own = &own.rule;
            (&own.services, &own.from, &own.accept) == (&rule.services, &rule.from, &rule.accept)
        };
        if rules.iter().any(same) {
            return left(Why::RuleTaken);
        }
        if rules.len() >= MOST_RULES {
            return left(Why::TooManyRules);
        }
        let own = OwnRule { id, rule };
        rules.push(own.clone());
        self.taken(line, &account, Made::Rule(Box::new(own)));
        Ok(())
    }

    fn taken(&mut self, line: usize, account: &AccountName, made: Made) {
        let account = account.clone();
        self.plan.taken.push(Taken {
            line,
            account,
            made,
        });
    }
}

fn is_label(name: &str) -> bool {
    (1..=MAX_LABEL).contains(&name.chars().count()) && !name.chars().any(char::is_control)
}
