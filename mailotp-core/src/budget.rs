//! How many wrong guesses are left: token buckets, kept as one number each.
//!
//! A bucket of `burst` guesses that fills again by one every `refill` is the time at which it will
//! be full (the "theoretical arrival time" of the generic cell rate algorithm, ITU-T I.371): a
//! guess moves that time on by `refill`, and there is none left while it is `burst` refills away.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::id::AccountId;
use crate::request::Network;

/// What a stranger's slot is for: the budget by network and account, or that by account.
pub const NETWORK: &str = "network";
/// See [`NETWORK`].
pub const ACCOUNT: &str = "account";

/// How many charged secrets a bucket remembers.
const REMEMBERED: usize = 4;

/// A number of guesses, and the time in which one comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// How many at once.
    pub burst: u32,
    /// One more after this.
    pub refill: Duration,
}

/// What a store keeps of a bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bucket {
    /// When it is full again.
    pub full_at: Timestamp,
    /// Secrets that were charged and need not be again, newest last.
    pub charged: Vec<Guess>,
    /// Of a slot: who came last.
    pub holder: u32,
}

/// A wrong secret that was charged: 16 bits of a keyed tag, too few to find the secret by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guess {
    /// The tag.
    pub tag: u16,
    /// Until when its verdict cannot change.
    pub until: Timestamp,
}

/// Whose bucket. The key of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// An account from one network.
    Network(AccountId, Network),
    /// An account from everywhere.
    Account(AccountId),
    /// An account from a network from which it really logged in.
    Known(AccountId, Network),
    /// An account's PIN, beside a code that was right.
    Pin(AccountId),
    /// The codes of an account's open windows, from everywhere.
    Windows(AccountId),
    /// The same from one network in which they are open.
    WindowsAt(AccountId, Network),
    /// One of a fixed number of slots that all unknown names share.
    Stranger {
        /// For which of the limits.
        what: &'static str,
        /// Which.
        slot: u16,
        /// Who comes to it. The slot is kept for the last one who came.
        holder: u32,
    },
}

impl Owner {
    /// As the key of a row.
    pub fn key(&self) -> String {
        match self {
            Owner::Network(account, network) => format!("{}/net/{}", account.0, network.as_str()),
            Owner::Account(account) => format!("{}/all", account.0),
            Owner::Known(account, network) => format!("{}/known/{}", account.0, network.as_str()),
            Owner::Pin(account) => format!("{}/pin", account.0),
            Owner::Windows(account) => format!("{}/windows", account.0),
            Owner::WindowsAt(account, network) => {
                format!("{}/windows/{}", account.0, network.as_str())
            }
            Owner::Stranger { what, slot, .. } => format!("stranger/{what}/{slot}"),
        }
    }

    /// The owner of an account's row. A slot says nothing of who comes to it.
    pub fn of_key(key: &str) -> Option<Owner> {
        let (account, rest) = key.split_once('/')?;
        let account = AccountId(account.parse().ok()?);
        let (what, network) = match rest.split_once('/') {
            Some((what, network)) => (what, Some(Network::stored(network.to_owned()))),
            None => (rest, None),
        };
        match (what, network) {
            ("net", Some(network)) => Some(Owner::Network(account, network)),
            ("all", None) => Some(Owner::Account(account)),
            ("known", Some(network)) => Some(Owner::Known(account, network)),
            ("pin", None) => Some(Owner::Pin(account)),
            ("windows", None) => Some(Owner::Windows(account)),
            ("windows", Some(network)) => Some(Owner::WindowsAt(account, network)),
            _ => None,
        }
    }

    /// The account, if there is one.
    pub fn account(&self) -> Option<AccountId> {
        match self {
            Owner::Network(account, _)
            | Owner::Account(account)
            | Owner::Known(account, _)
            | Owner::Pin(account)
            | Owner::Windows(account)
            | Owner::WindowsAt(account, _) => Some(*account),
            Owner::Stranger { .. } => None,
        }
    }
}

/// One guess, to be charged before it is compared. All its buckets give, or none does. The first
/// remembers the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// From which buckets.
    pub from: Vec<(Owner, Limit)>,
    /// What was guessed.
    pub guess: Guess,
    /// When.
    pub at: Timestamp,
}

/// What became of a charge.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charged {
    /// A guess was taken.
    Taken,
    /// The same secret was charged before, and can have become no better.
    Before,
    /// There is none left.
    Exhausted,
}

impl Owner {
    /// Whether it stands against guesses that chance may find: digits and PINs.
    fn limits_chance(&self) -> bool {
        !matches!(
            self,
            Owner::Network(..) | Owner::Stranger { what: NETWORK, .. }
        )
    }

    fn holder(&self) -> u32 {
        if let Owner::Stranger { holder, .. } = self {
            *holder
        } else {
            0
        }
    }
}

impl Bucket {
    /// How many guesses are in it.
    pub fn left(&self, limit: Limit, now: Timestamp) -> u32 {
        let missing = self.full_at.0.saturating_sub(now.0).max(0);
        let refill = refill(limit);
        let taken = missing.saturating_add(refill - 1) / refill;
        limit
            .burst
            .saturating_sub(u32::try_from(taken).unwrap_or(u32::MAX))
    }

    /// When there is one more; `None`: it is full.
    pub fn next_at(&self, limit: Limit, now: Timestamp) -> Option<Timestamp> {
        let missing = limit.burst.checked_sub(self.left(limit, now) + 1)?;
        Some(self.full_at.minus(limit.refill.saturating_mul(missing)))
    }

    fn take(&mut self, limit: Limit, now: Timestamp) {
        self.full_at = self.full_at.max(now).plus(limit.refill);
    }

    fn give_back(&mut self, limit: Limit) {
        self.full_at = self.full_at.minus(limit.refill);
    }

    /// When nothing of it matters any more.
    pub fn forgettable_at(&self) -> Timestamp {
        self.charged
            .iter()
            .map(|guess| guess.until)
            .fold(self.full_at, Timestamp::max)
    }
}

fn refill(limit: Limit) -> i64 {
    i64::try_from(limit.refill.as_secs())
        .unwrap_or(i64::MAX)
        .max(1)
}

impl Charge {
    /// Whose it is; `None`: a name's that no account has.
    pub(crate) fn account(&self) -> Option<AccountId> {
        self.from.iter().find_map(|(owner, _)| owner.account())
    }

    /// Takes the guess from `buckets`, which stand in the order of [`Charge::from`].
    pub fn take(&self, buckets: &mut [Bucket]) -> Charged {
        let now = self.at;
        for ((owner, _), bucket) in self.from.iter().zip(buckets.iter_mut()) {
            if bucket.holder != owner.holder() {
                *bucket = Bucket {
                    holder: owner.holder(),
                    ..Bucket::default()
                };
            }
        }
        let Some((first, _)) = buckets.split_first_mut() else {
            return Charged::Exhausted;
        };
        first.charged.retain(|guess| now < guess.until);
        // Of a later period nothing is known: this clock was set back, or is behind that of another
        // machine.
        let before = first
            .charged
            .iter()
            .any(|guess| guess.tag == self.guess.tag && guess.until <= self.guess.until);
        let none_left = |((owner, limit), bucket): (&(Owner, Limit), &Bucket)| {
            // 16 bits are few. Of the codes that somebody sends once the account's guesses are used
            // up, some have a tag that is remembered, and must not be compared for nothing.
            (!before || owner.limits_chance()) && bucket.left(*limit, now) == 0
        };
        if self.from.iter().zip(buckets.iter()).any(none_left) {
            return Charged::Exhausted;
        }
        if before {
            return Charged::Before;
        }
        for ((_, limit), bucket) in self.from.iter().zip(buckets.iter_mut()) {
            bucket.take(*limit, now);
        }
        let charged = &mut buckets[0].charged;
        charged.push(self.guess);
        if charged.len() > REMEMBERED {
            charged.remove(0);
        }
        Charged::Taken
    }

    /// Gives the guess back: the answer was right. A slot that somebody else has come to is his.
    pub fn refund(&self, buckets: &mut [Bucket]) {
        for (at, ((owner, limit), bucket)) in self.from.iter().zip(buckets.iter_mut()).enumerate() {
            if bucket.holder != owner.holder() {
                continue;
            }
            bucket.give_back(*limit);
            if at == 0 {
                bucket.charged.retain(|guess| guess.tag != self.guess.tag);
            }
        }
    }
}

#[cfg(test)]
#[path = "budget_tests.rs"]
mod tests;
