//! What is left of an account's budgets, for those who look after it.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::time::Duration;

use super::charge::{HERE, REACH, WINDOWS, times};
use crate::budget::{Bucket, Limit, Owner};
use crate::clock::Timestamp;
use crate::config::Config;
use crate::request::Network;

/// What is left of one budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// So many guesses.
    pub left: u32,
    /// Of so many.
    pub of: u32,
    /// When there is one more; `None`: all are there.
    pub next_at: Option<Timestamp>,
    /// When all are there.
    pub full_at: Option<Timestamp>,
}

/// What is refused in a network until a guess comes back, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refused {
    /// Codes of every kind.
    Codes,
    /// Digit codes, and PINs.
    Digits,
    /// Digit codes and PINs whose window is open.
    Windows,
}

impl Refused {
    /// Its name for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Refused::Codes => "codes",
            Refused::Digits => "digit-codes",
            Refused::Windows => "windows",
        }
    }
}

/// What an account may still guess wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budgets {
    /// Digit codes, from networks that are not known.
    pub digits: Left,
    /// The PIN beside a right code, from the same.
    pub pin: Left,
    /// Where something is refused now, beyond that; and when the next guess comes back.
    pub networks: Vec<(Network, Refused, Timestamp)>,
}

impl Budgets {
    /// How long it takes at most until all budgets are full.
    pub fn full_within(config: &Config) -> Duration {
        let limits = [
            config.limits.network,
            times(config, REACH),
            times(config, WINDOWS),
            times(config, HERE),
        ];
        let fill = |limit: Limit| limit.refill.saturating_mul(limit.burst);
        limits.into_iter().map(fill).max().unwrap_or_default()
    }

    /// Of an account, out of all the buckets that a store keeps of it.
    pub fn of(config: &Config, buckets: &[(Owner, Bucket)], now: Timestamp) -> Budgets {
        let full = Bucket::default();
        let find = |wanted: fn(&Owner) -> bool| {
            let mut found = buckets.iter().filter(|(owner, _)| wanted(owner));
            found.next().map_or(&full, |(_, bucket)| bucket)
        };
        let all = find(|owner| matches!(owner, Owner::Account(_)));
        let windows = find(|owner| matches!(owner, Owner::Windows(_)));
        let pin = find(|owner| matches!(owner, Owner::Pin(_)));
        let (one, reach) = (config.limits.account, times(config, REACH));
        let mut networks = BTreeMap::new();
        for (owner, bucket) in buckets {
            let (network, what, here, everywhere) = match owner {
                Owner::Network(_, network) => {
                    let limit = config.limits.network;
                    (network, Refused::Codes, Left::of(bucket, limit, now), None)
                }
                Owner::Known(_, network) => {
                    let everywhere = Left::of(all, reach, now);
                    let here = Left::of(bucket, one, now);
                    (network, Refused::Digits, here, Some(everywhere))
                }
                Owner::WindowsAt(_, network) => {
                    let everywhere = Left::of(windows, times(config, WINDOWS), now);
                    let here = Left::of(bucket, times(config, HERE), now);
                    (network, Refused::Windows, here, Some(everywhere))
                }
                Owner::Account(_) | Owner::Pin(_) | Owner::Windows(_) | Owner::Stranger { .. } => {
                    continue;
                }
            };
            let left = everywhere.map_or(here, |everywhere| here.and(everywhere));
            if let Some(at) = left.next_at.filter(|_| left.left == 0) {
                let worst = networks.entry(network.clone()).or_insert((what, at));
                *worst = (*worst).min((what, at));
            }
        }
        Budgets {
            digits: Left::of(all, one, now),
            pin: Left::of(pin, one, now).and(Left::of(all, reach, now)),
            networks: networks
                .into_iter()
                .map(|(network, (what, at))| (network, what, at))
                .collect(),
        }
    }
}

impl Left {
    fn of(bucket: &Bucket, limit: Limit, now: Timestamp) -> Left {
        let left = bucket.left(limit, now);
        Left {
            left,
            of: limit.burst,
            next_at: bucket.next_at(limit, now),
            full_at: (left < limit.burst).then_some(bucket.full_at),
        }
    }

    /// What both allow.
    fn and(self, other: Left) -> Left {
        match other.left.cmp(&self.left) {
            Ordering::Greater => self,
            Ordering::Equal => Left {
                next_at: self
                    .next_at
                    .map(|at| other.next_at.map_or(at, |other| at.max(other))),
                ..self
            },
            Ordering::Less => Left {
                of: self.of,
                ..other
            },
        }
    }
}
