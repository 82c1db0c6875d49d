//! What the contract says of accounts, codes, windows and budgets, once more and in the plainest words: lists,
//! and a look at all of each. It knows no store, no hash and no text, and shares no code with what it is held
//! against; what it says of a login at each of its steps, [`play`] compares with what really happens there.

mod guesses;
pub(crate) mod history;
pub(crate) mod play;
pub(crate) mod stage;
#[cfg(test)]
pub(crate) mod tests;

pub(crate) use guesses::{Budget, Charged};
use guesses::{Levels, Limit};

/// Seconds.
pub(crate) type Time = i64;

const DAY: Time = 86_400;
const PERIOD: Time = 30;
const IDLE: Time = 600;
const LIFETIME: Time = 7200;
/// A clock that is further behind the newest event was set back.
const TOLERANCE: Time = 60;
const LOOK_AHEAD: u64 = 2;
const RESYNC: u64 = 50;
const KNOWN: usize = 4;

/// Where somebody is: no two of them are in one network, but for the two of IPv6.
pub(crate) type Place = &'static str;
pub(crate) const PLACES: [Place; 5] = [
    "192.0.2.1",
    "198.51.100.7",
    "2001:db8::1",
    "2001:db8::2",
    "unknown",
];
/// Two of one group, and one of its own.
pub(crate) const SERVICES: [&str; 3] = ["imap", "pop3", "sshd"];

fn network(place: Place) -> Place {
    if place == "2001:db8::2" {
        "2001:db8::1"
    } else {
        place
    }
}

fn group(service: &'static str) -> &'static str {
    if service == "pop3" { "imap" } else { service }
}

/// What windows bind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Binding {
    Address,
    Secret,
    Off,
}

/// What is typed, by its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Typed {
    Question,
    /// The app password, which is good for some logins.
    Phone,
    /// By its place on the sheet. Fuzzing has no time for its hashes.
    #[cfg_attr(fuzzing, allow(dead_code))]
    Sheet(usize),
    /// By its sequence integer.
    Response(u32),
    /// By its counter.
    Hotp(u64),
    /// By the second in which its step begins.
    Totp(Time),
    /// Of the form of digit codes, and none.
    WrongDigits(u32),
    /// Of the form of a response, and none.
    WrongResponse(u32),
    /// Of the form of a sheet code, and none.
    #[cfg_attr(fuzzing, allow(dead_code))]
    WrongSheet(u32),
}

impl Typed {
    fn is_digits(self) -> bool {
        matches!(
            self,
            Typed::Hotp(_) | Typed::Totp(_) | Typed::WrongDigits(_)
        )
    }
}

/// A login that somebody begins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempt {
    /// Nobody has the other name.
    pub alice: bool,
    pub typed: Typed,
    pub place: Place,
    pub service: &'static str,
    pub now: Time,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Accepted,
    Continued,
    Refused,
    Throttled,
}

/// What a login does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Read,
    /// Takes one guess from each, or none.
    Charge(Vec<Budget>),
    Settle,
    Done(Outcome),
}

#[derive(Clone, Copy, Debug)]
enum Plan {
    Refuse,
    Throttle,
    Use,
    /// The window, by when and where it was opened, and whether its idle time begins anew.
    Continue(Window, bool),
    Ahead(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Window {
    code: Typed,
    group: &'static str,
    network: Place,
    opened: Time,
    used: Time,
}

/// Alice, and how new the store is.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub born: Time,
    pub struck: Vec<bool>,
    /// The sequence integer of the last accepted response.
    pub sequence: u32,
    pub counter: u64,
    pub resync: Option<u64>,
    pub floor: Time,
    /// How many logins the app password is still good for.
    pub phone: u32,
    windows: Vec<Window>,
    known: Vec<(Place, Time)>,
    newest: Time,
}

/// One of several logins that go on at the same time.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    pub attempt: Attempt,
    pub next: Next,
    /// What it has read.
    seen: State,
    looked: bool,
    paid: Vec<(Vec<Budget>, u16)>,
    plan: Plan,
}

impl Login {
    /// Whether the right code was typed, whoever was first with it.
    pub fn is_right(&self) -> bool {
        matches!(self.plan, Plan::Use | Plan::Continue(..))
    }
}

/// The rules, and what has happened until now.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub any_order: bool,
    pub binding: Binding,
    pub state: State,
    pub levels: Levels,
}

impl Model {
    pub fn new(born: Time, sheet: usize, sequence: u32, phone: u32) -> Model {
        Model {
            any_order: false,
            binding: Binding::Address,
            state: State {
                born,
                struck: vec![false; sheet],
                sequence,
                counter: 0,
                resync: None,
                floor: 0,
                phone,
                windows: Vec::new(),
                known: Vec::new(),
                newest: born,
            },
            levels: Levels::default(),
        }
    }

    pub fn begin(&self, attempt: Attempt) -> Login {
        Login {
            attempt,
            next: Next::Read,
            seen: self.state.clone(),
            looked: false,
            paid: Vec::new(),
            plan: Plan::Refuse,
        }
    }

    pub fn read(&self, login: &mut Login) {
        login.seen = self.state.clone();
        login.next = match login.attempt.typed {
            Typed::Question => Next::Settle,
            // Nothing to guess: it is compared at once.
            Typed::Phone => {
                if login.attempt.alice && login.seen.phone > 0 {
                    login.plan = Plan::Use;
                }
                Next::Settle
            }
            _ => self.look(login),
        };
    }

    /// Takes a guess. `tag` is what is remembered of it.
    pub fn charge(&mut self, login: &mut Login, tag: u16) -> Charged {
        let Next::Charge(budgets) = login.next.clone() else {
            panic!("{login:?} charges")
        };
        let Attempt { typed, now, .. } = login.attempt;
        let looks = budgets.iter().any(Budget::is_of_windows);
        // A wrong digit code may be right in the next period.
        let until = if typed.is_digits() && !looks {
            (now.div_euclid(PERIOD) + 1) * PERIOD
        } else {
            now + DAY
        };
        let charged = self.levels.charge(&budgets, tag, until, now);
        if charged == Charged::Taken {
            login.paid.push((budgets, tag));
        }
        let may = charged != Charged::Exhausted;
        login.next = match (looks, may) {
            (true, true) => self.after_looking(login, true),
            (true, false) => self.after_looking(login, false),
            (false, true) => {
                login.plan = self.compare(login);
                Next::Settle
            }
            (false, false) => {
                login.plan = Plan::Throttle;
                Next::Settle
            }
        };
        charged
    }

    /// Whether a window may answer, and what the look costs.
    fn look(&self, login: &mut Login) -> Next {
        if let Some(at_home) = self.is_at_risk(login) {
            let here = network(login.attempt.place);
            return Next::Charge(if at_home {
                vec![Budget::WindowsAt(here), Budget::Windows]
            } else {
                vec![Budget::WindowsOfStrangers]
            });
        }
        self.after_looking(login, true)
    }

    fn is_open(&self, window: &Window, now: Time) -> bool {
        now < window.used + IDLE && now < window.opened + LIFETIME
    }

    /// Whether a window counts in the place of this login.
    fn is_bound_here(&self, window: &Window, attempt: &Attempt) -> bool {
        match self.binding {
            Binding::Off => false,
            Binding::Secret => true,
            Binding::Address => {
                window.group == group(attempt.service) && window.network == network(attempt.place)
            }
        }
    }

    /// Whether there can be windows in that place at all.
    fn has_windows(&self, attempt: &Attempt) -> bool {
        match self.binding {
            Binding::Off => false,
            Binding::Secret => true,
            Binding::Address => attempt.place != "unknown",
        }
    }

    /// Whether digits may be a guess at an open window, and whether their place is one of the owner's.
    fn is_at_risk(&self, login: &Login) -> Option<bool> {
        let Login { attempt, seen, .. } = login;
        if !attempt.alice || !attempt.typed.is_digits() || !self.has_windows(attempt) {
            return None;
        }
        let here = network(attempt.place);
        let mut windows = seen.windows.iter().filter(|window| {
            window.code.is_digits()
                && self.is_bound_here(window, attempt)
                && self.is_open(window, attempt.now)
        });
        windows.clone().next()?;
        Some(seen.knows(here) || windows.any(|window| window.network == here))
    }

    fn after_looking(&self, login: &mut Login, may_look: bool) -> Next {
        login.looked = true;
        let Login { attempt, seen, .. } = &*login;
        let found = seen.windows.iter().find(|window| {
            window.code == attempt.typed
                && self.is_bound_here(window, attempt)
                && self.is_open(window, attempt.now)
        });
        if let Some(window) = found
            && attempt.alice
            && may_look
            && self.has_windows(attempt)
            && !seen.is_ahead_of(attempt.now)
        {
            // Once a minute, and with the first who comes back.
            let first = window.used == window.opened && attempt.now > window.opened;
            login.plan = Plan::Continue(*window, attempt.now >= window.used + 60 || first);
            return Next::Settle;
        }
        let (here, digits) = (network(attempt.place), attempt.typed.is_digits());
        let mut budgets = vec![if attempt.alice {
            Budget::Network(here)
        } else {
            Budget::NobodysNetwork(here)
        }];
        match (attempt.alice, digits) {
            (_, false) => {}
            (false, true) => budgets.push(Budget::Nobodys),
            (true, true) if seen.knows(here) => {
                budgets.extend([Budget::Known(here), Budget::Reserve]);
            }
            (true, true) => budgets.push(Budget::Account),
        }
        Next::Charge(budgets)
    }

    /// What the code is, as far as this login has read.
    fn compare(&self, login: &Login) -> Plan {
        let Login { attempt, seen, .. } = login;
        if !attempt.alice {
            return Plan::Refuse;
        }
        let right = match attempt.typed {
            Typed::Sheet(at) => {
                let due = seen.struck.iter().position(|struck| !struck);
                !seen.struck[at] && (self.any_order || due == Some(at))
            }
            Typed::Response(count) => count + 1 == seen.sequence,
            Typed::Hotp(counter) if counter >= seen.counter => {
                let ahead = counter - seen.counter;
                if ahead > LOOK_AHEAD && seen.resync != Some(counter) {
                    return match ahead {
                        0..=RESYNC => Plan::Ahead(counter + 1),
                        _ => Plan::Refuse,
                    };
                }
                true
            }
            Typed::Totp(start) => {
                let away = start.div_euclid(PERIOD) - attempt.now.div_euclid(PERIOD);
                away.abs() <= 1
                    && start > seen.floor
                    && start > seen.born - PERIOD
                    && !seen.is_ahead_of(attempt.now)
            }
            _ => false,
        };
        if right { Plan::Use } else { Plan::Refuse }
    }

    /// Ends a login.
    pub fn settle(&mut self, login: &mut Login) -> Outcome {
        let attempt = login.attempt;
        let (here, now) = (network(attempt.place), attempt.now);
        let mut lost = false;
        let outcome = match login.plan {
            Plan::Refuse => Outcome::Refused,
            Plan::Throttle => Outcome::Throttled,
            Plan::Ahead(next) => {
                if self.state.counter < next {
                    self.state.resync = Some(next);
                }
                Outcome::Refused
            }
            Plan::Continue(window, anew) => {
                let same = |other: &&mut Window| {
                    (other.code, other.opened) == (window.code, window.opened)
                };
                if let Some(window) = self.state.windows.iter_mut().find(same).filter(|_| anew) {
                    window.used = window.used.max(now);
                }
                Outcome::Continued
            }
            Plan::Use => {
                let opens = attempt.typed != Typed::Phone
                    && self.has_windows(&attempt)
                    && !login.seen.is_ahead_of(now);
                let found = self.state.windows.iter().any(|window| {
                    window.code == attempt.typed
                        && self.is_bound_here(window, &attempt)
                        && self.is_open(window, now)
                });
                if self.state.use_up(attempt.typed) {
                    if opens {
                        let mut windows = std::mem::take(&mut self.state.windows);
                        windows.retain(|window| self.is_open(window, now));
                        windows.push(Window {
                            code: attempt.typed,
                            group: group(attempt.service),
                            network: here,
                            opened: now,
                            used: now,
                        });
                        self.state.windows = windows;
                    }
                    Outcome::Accepted
                } else if opens && found {
                    Outcome::Continued
                } else {
                    lost = true;
                    Outcome::Refused
                }
            }
        };
        // Who had the right code is charged for nothing, first or not.
        if login.is_right() {
            for (budgets, tag) in &login.paid {
                self.levels.give_back(budgets, *tag, now);
            }
            if here != "unknown" && !lost {
                self.state.remember(here, now);
            }
        }
        self.state.newest = self.state.newest.max(now);
        login.next = Next::Done(outcome);
        outcome
    }
}

impl State {
    /// Whether so old a clock was set back.
    fn is_ahead_of(&self, now: Time) -> bool {
        now + TOLERANCE < self.newest
    }

    fn knows(&self, network: Place) -> bool {
        let since = self.newest - 30 * DAY;
        let mut known = self.known.iter();
        known.any(|(other, seen)| *other == network && *seen >= since)
    }

    fn remember(&mut self, network: Place, now: Time) {
        let mut known = self.known.iter();
        if known.any(|(other, seen)| *other == network && *seen >= now - DAY) {
            return;
        }
        self.known.retain(|(other, _)| *other != network);
        self.known.push((network, now));
        self.known.sort_by_key(|(_, seen)| -seen);
        self.known.truncate(KNOWN);
    }

    /// Once, and never backwards.
    fn use_up(&mut self, typed: Typed) -> bool {
        match typed {
            Typed::Phone if self.phone > 0 => self.phone -= 1,
            Typed::Sheet(at) if !self.struck[at] => self.struck[at] = true,
            Typed::Response(count) if count + 1 == self.sequence => self.sequence = count,
            Typed::Hotp(counter) if counter >= self.counter => {
                (self.counter, self.resync) = (counter + 1, None);
            }
            Typed::Totp(start) if start > self.floor => self.floor = start,
            _ => return false,
        }
        true
    }

    /// How many windows are open.
    pub fn open_windows(&self, now: Time) -> usize {
        let mut windows = self.windows.clone();
        windows.retain(|window| now < window.used + IDLE && now < window.opened + LIFETIME);
        windows.len()
    }
}

impl Budget {
    fn limit(&self) -> Limit {
        let (burst, refill) = match self {
            Budget::Network(_) | Budget::NobodysNetwork(_) => (10, 60),
            Budget::Account | Budget::Nobodys | Budget::Known(_) => (8, DAY),
            // The same guesses as those of all the networks that are known.
            Budget::Reserve => (8 * KNOWN as Time, DAY),
            Budget::WindowsOfStrangers => (8, DAY),
            Budget::WindowsAt(_) => (16, DAY),
            Budget::Windows => (24, DAY),
        };
        Limit { burst, refill }
    }
}
