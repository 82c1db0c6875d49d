//! How many guesses are left.

use super::{Place, Time};

/// Whose guesses. Some are the top of others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Budget {
    Network(Place),
    Account,
    /// The account's, all of them.
    Reserve,
    Known(Place),
    WindowsOfStrangers,
    /// Those, all of them.
    Windows,
    WindowsAt(Place),
    NobodysNetwork(Place),
    Nobodys,
}

impl Budget {
    pub(super) fn is_of_windows(&self) -> bool {
        matches!(
            self,
            Budget::WindowsOfStrangers | Budget::Windows | Budget::WindowsAt(_)
        )
    }

    /// The one that is kept of those that are parts of one another.
    fn kept_as(&self) -> Budget {
        match self {
            Budget::Reserve => Budget::Account,
            Budget::Windows => Budget::WindowsOfStrangers,
            other => other.clone(),
        }
    }

    fn is_alices(&self) -> bool {
        !matches!(self, Budget::NobodysNetwork(_) | Budget::Nobodys)
    }

    /// Whether it is for what chance may find: who has none left there gets no second look at a secret that
    /// was charged before.
    fn limits_chance(&self) -> bool {
        !matches!(self, Budget::Network(_) | Budget::NobodysNetwork(_))
    }
}

pub(crate) struct Limit {
    pub burst: Time,
    pub refill: Time,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Charged {
    Taken,
    Before,
    Exhausted,
}

/// What was taken from one budget.
#[derive(Clone, Debug)]
struct Level {
    of: Budget,
    /// When the last of the guesses that were taken is back.
    back: Time,
    /// The last secrets, and until when their verdict cannot change.
    charged: Vec<(u16, Time)>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Levels(Vec<Level>);

impl Levels {
    fn back(&self, budget: &Budget) -> Time {
        let kept = budget.kept_as();
        let mut levels = self.0.iter();
        levels
            .find(|level| level.of == kept)
            .map_or(Time::MIN, |level| level.back)
    }

    /// How many are left: those that are not on their way back, one after the other.
    pub fn left(&self, budget: &Budget, now: Time) -> Time {
        let Limit { burst, refill } = budget.limit();
        let (mut at, mut left) = (self.back(budget), burst);
        while at > now && left > 0 {
            at -= refill;
            left -= 1;
        }
        left
    }

    fn level(&mut self, budget: &Budget) -> &mut Level {
        let kept = budget.kept_as();
        if let Some(at) = self.0.iter().position(|level| level.of == kept) {
            return &mut self.0[at];
        }
        self.0.push(Level {
            of: kept,
            back: 0,
            charged: Vec::new(),
        });
        self.0.last_mut().expect("just pushed")
    }

    pub(super) fn charge(
        &mut self,
        budgets: &[Budget],
        tag: u16,
        until: Time,
        now: Time,
    ) -> Charged {
        let first = self.level(&budgets[0]).charged.clone();
        let first: Vec<_> = first.into_iter().filter(|(_, end)| now < *end).collect();
        let before = first.iter().any(|(one, end)| *one == tag && *end <= until);
        let counted = |budget: &&Budget| !before || budget.limits_chance();
        let mut counted = budgets.iter().filter(counted);
        if counted.any(|budget| self.left(budget, now) == 0) {
            return Charged::Exhausted;
        }
        if before {
            return Charged::Before;
        }
        for budget in budgets {
            let refill = budget.limit().refill;
            let level = self.level(budget);
            level.back = level.back.max(now) + refill;
        }
        let charged = &mut self.level(&budgets[0]).charged;
        *charged = first;
        charged.push((tag, until));
        if charged.len() > 4 {
            charged.remove(0);
        }
        self.forget(budgets, now);
        Charged::Taken
    }

    pub(super) fn give_back(&mut self, budgets: &[Budget], tag: u16, now: Time) {
        for budget in budgets {
            self.level(budget).back -= budget.limit().refill;
        }
        let charged = &mut self.level(&budgets[0]).charged;
        charged.retain(|(one, _)| *one != tag);
        self.forget(budgets, now);
    }

    /// What is full again and remembers nothing that matters goes, as something new of the account comes.
    fn forget(&mut self, budgets: &[Budget], now: Time) {
        if budgets[0].is_alices() {
            self.0.retain(|level| {
                let last = level.charged.iter().map(|(_, end)| *end);
                !level.of.is_alices() || last.fold(level.back, Time::max) >= now
            });
        }
    }
}
