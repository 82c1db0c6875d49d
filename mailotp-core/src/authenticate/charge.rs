//! What a guess costs: see the manual, "Guesses".

use super::Door;
use crate::budget::{Charge, Guess, Limit, Owner};
use crate::clock::Timestamp;
use crate::config::Config;
use crate::crypto::TagPurpose;
use crate::decide::{Case, Pending};
use crate::id::AccountId;

/// Unknown names share so many budgets.
const STRANGER_SLOTS: u16 = 1024;

/// How long the verdict on a wrong secret holds: a digit code's until its period ends, every other
/// secret's for a day.
const DIGITS_PERIOD: i64 = 30;
const DAY: i64 = 86_400;

impl Door<'_> {
    /// The charge for what is about to be compared.
    pub(super) fn charge(&self, case: &Case<'_>, pending: &Pending<'_>) -> Charge {
        let (request, config) = (case.request, &self.site.config);
        let network = request.remote.network();
        let name = request.account.as_str().as_bytes();
        let slot = |what: &[u8]| {
            let tag = self
                .site
                .keys
                .tag(TagPurpose::Decoy, &[b"slot", name, what])
                .0;
            Owner::Stranger(u16::from_be_bytes([tag[0], tag[1]]) % STRANGER_SLOTS)
        };
        let account: Option<AccountId> = case.snapshot.account.as_ref().map(|account| account.id);
        let mut from = vec![match account {
            Some(id) => (Owner::Network(id, network.clone()), config.limits.network),
            None => (slot(network.as_str().as_bytes()), config.limits.network),
        }];
        if pending.may_be_digits() {
            from.push(match account {
                Some(id) if case.snapshot.known.contains(&network) => {
                    (Owner::Known(id, network), config.limits.account)
                }
                Some(id) => (Owner::Account(id), config.limits.account),
                None => (slot(b""), config.limits.account),
            });
        }
        let tag = self
            .site
            .keys
            .tag(TagPurpose::Guess, &[name, &pending.guess(request)])
            .0;
        let until = if pending.may_be_digits() {
            Timestamp((case.now.0 / DIGITS_PERIOD + 1) * DIGITS_PERIOD)
        } else {
            Timestamp(case.now.0.saturating_add(DAY))
        };
        Charge {
            from,
            guess: Guess {
                tag: u16::from_be_bytes([tag[0], tag[1]]),
                until,
            },
            at: case.now,
        }
    }
}

/// The limits that hold for an account, for those who show them.
pub fn account_bucket(config: &Config, account: AccountId) -> (Owner, Limit) {
    (Owner::Account(account), config.limits.account)
}
