//! What a guess costs: see the manual, "Guesses".

use super::Door;
use crate::budget::{self, Charge, Guess as Charged, Limit, Owner};
use crate::clock::Timestamp;
use crate::config::Config;
use crate::crypto::TagPurpose;
use crate::decide::{AtRisk, Case, Guess};
use crate::id::AccountId;
use crate::request::Request;
use crate::store::KNOWN_NETWORKS;

/// Unknown names share so many budgets.
const STRANGER_SLOTS: u16 = 16_384;

/// How long the verdict on a wrong secret holds, unless it may be a digit code: that one's changes as
/// its period ends.
const DAY: i64 = 86_400;

/// An account has one budget for whatever chance may find. Strangers see the top of it; it reaches so many
/// times deeper for a network that is known, and for a PIN beside a right code, which have a part of it of
/// their own. So no stranger keeps an owner out, and all guesses together, from whichever networks an
/// owner's phone has made known, are no more than so many and one for each refill.
pub(super) const REACH: u32 = KNOWN_NETWORKS as u32;

/// The same for the windows whose code chance may find: in all, and in one network where one is open.
pub(super) const WINDOWS: u32 = 3;
/// See [`WINDOWS`].
pub(super) const HERE: u32 = 2;

impl Door<'_> {
    /// The charge for what is about to be compared.
    pub(super) fn charge(&self, case: &Case<'_>, guess: &Guess<'_>) -> Charge {
        let (request, limits) = (case.request, &self.site.config.limits);
        let network = request.remote.network();
        let account: Option<AccountId> = case.snapshot.account.as_ref().map(|account| account.id);
        let mut from = vec![match account {
            Some(id) => (Owner::Network(id, network.clone()), limits.network),
            None => (
                self.slot(request, budget::NETWORK, network.as_str()),
                limits.network,
            ),
        }];
        if guess.may_be_digits {
            match account {
                Some(id) if case.snapshot.known.contains(&network) => {
                    from.extend(self.reserve(id, Owner::Known(id, network)));
                }
                Some(id) => from.push((Owner::Account(id), limits.account)),
                None => from.push((self.slot(request, budget::ACCOUNT, ""), limits.account)),
            }
        }
        let until = if guess.may_be_digits {
            case.snapshot.digits_change_at(case.now)
        } else {
            tomorrow(case)
        };
        self.of(case, guess, from, until)
    }

    /// The charge for the PIN before a code that was right: only who has the code can guess at it.
    pub(super) fn charge_of_pin(&self, case: &Case<'_>, guess: &Guess<'_>) -> Option<Charge> {
        let account = case.snapshot.account.as_ref()?.id;
        let network = case.request.remote.network();
        let own = if case.snapshot.known.contains(&network) {
            Owner::Known(account, network)
        } else {
            Owner::Pin(account)
        };
        let from = self.reserve(account, own).to_vec();
        Some(self.of(case, guess, from, tomorrow(case)))
    }

    /// The charge for a look into windows whose code chance may find. They have budgets of their own, since
    /// a window that is open answers whatever became of the others; strangers see the top of it alone.
    pub(super) fn charge_of_window(
        &self,
        case: &Case<'_>,
        guess: &Guess<'_>,
        risk: &AtRisk,
    ) -> Option<Charge> {
        let account = case.snapshot.account.as_ref()?.id;
        let all = Owner::Windows(account);
        let from = if risk.at_home {
            let here = Owner::WindowsAt(account, case.request.remote.network());
            vec![(here, self.times(HERE)), (all, self.times(WINDOWS))]
        } else {
            vec![(all, self.times(1))]
        };
        Some(self.of(case, guess, from, tomorrow(case)))
    }

    /// A budget that strangers cannot use up, within the reach of the account's own.
    fn reserve(&self, account: AccountId, own: Owner) -> [(Owner, Limit); 2] {
        [
            (own, self.times(1)),
            (Owner::Account(account), self.times(REACH)),
        ]
    }

    fn times(&self, factor: u32) -> Limit {
        times(&self.site.config, factor)
    }

    fn of(
        &self,
        case: &Case<'_>,
        guess: &Guess<'_>,
        from: Vec<(Owner, Limit)>,
        until: Timestamp,
    ) -> Charge {
        let tag = guess.tag(case.request, &self.site.keys).0;
        let tag = u16::from_be_bytes([tag[0], tag[1]]);
        Charge {
            from,
            guess: Charged { tag, until },
            at: case.now,
        }
    }

    /// The slot of an unknown name, and who holds it: another name that comes to it finds it full,
    /// as the budget of an account is that nobody has tried.
    fn slot(&self, request: &Request, what: &'static str, network: &str) -> Owner {
        let name = request.account.as_str().as_bytes();
        let parts: [&[u8]; 4] = [b"slot", name, what.as_bytes(), network.as_bytes()];
        let tag = self.site.keys.tag(TagPurpose::Decoy, &parts).0;
        let slot = u16::from_be_bytes([tag[0], tag[1]]) % STRANGER_SLOTS;
        let holder = u32::from_be_bytes([tag[2], tag[3], tag[4], tag[5]]);
        Owner::Stranger { what, slot, holder }
    }
}

fn tomorrow(case: &Case<'_>) -> Timestamp {
    Timestamp(case.now.0.saturating_add(DAY))
}

/// So many times as many guesses as an account has.
pub(super) fn times(config: &Config, factor: u32) -> Limit {
    let limit = config.limits.account;
    Limit {
        burst: limit.burst.saturating_mul(factor),
        ..limit
    }
}
