//! The one driver of a login: open → decide → settle → audit. Everything that can go wrong on the
//! way ends in [`Answer::Unavailable`], and only observe mode turns that into something milder.

use crate::account::{AccountId, Settled, Settlement, Snapshot, WindowOffer};
use crate::audit::{Event, Reason, Verdict};
use crate::budget::{Charge, Charged, Guess, Owner};
use crate::clock::{Random, Timestamp};
use crate::config::{Config, Enrolment, Judgement};
use crate::crypto::{Arena, TagPurpose};
use crate::decide::{self, Answer, Case, Handover, Pending, Ruling};
use crate::prompt::{self, Place};
use crate::request::{AccountName, Remote, Request, Service};
use crate::rule::{Means, Mode};
use crate::site::{Site, SiteError};
use crate::store::Store;

/// Unknown names share so many budgets.
const STRANGER_SLOTS: u16 = 1024;

/// How long the verdict on a wrong secret holds: a digit code's until its period ends, every other
/// secret's for a day.
const DIGITS_PERIOD: i64 = 30;
const DAY: i64 = 86_400;

/// What a login needs from the process that it runs in.
pub struct Door<'a> {
    /// The site.
    pub site: &'a Site,
    /// Opens the store; each call to it is closed again before it returns.
    pub open_store: &'a mut dyn FnMut() -> Result<Box<dyn Store>, SiteError>,
    /// Randomness, for the ids of windows.
    pub random: &'a mut dyn Random,
    /// Memory for the hash.
    pub arena: &'a mut dyn Arena,
    /// The name of this machine, for events.
    pub host: &'a str,
}

/// Who is at the door.
#[derive(Clone, Copy)]
pub struct Visitor<'a> {
    /// The account.
    pub account: &'a AccountName,
    /// The service.
    pub service: &'a Service,
    /// The remote.
    pub remote: Remote,
    /// A module before has judged the password.
    pub second_step: bool,
}

/// What became of a login.
#[must_use]
pub struct Report {
    /// What the host is told.
    pub answer: Answer,
    /// For syslog. The store has it already, if it is one that a store keeps.
    pub event: Event,
    /// What went wrong, in words for an administrator.
    pub problem: Option<String>,
}

/// What to say before an answer is typed.
pub enum Opening {
    /// Ask with this prompt.
    Ask(String),
    /// There is nothing to ask.
    Done(Report),
}

/// What the gate says.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Databases that mailotp does not guard may be asked.
    GoOn,
    /// They may not: the challenge is the answer.
    Stop,
}

/// A failure on the way, and where.
struct Failure {
    reason: Reason,
    problem: String,
}

impl From<SiteError> for Failure {
    fn from(error: SiteError) -> Failure {
        Failure {
            reason: Reason::Store,
            problem: format!("{error}. {}", error.remedy()),
        }
    }
}

impl From<crate::store::StoreError> for Failure {
    fn from(error: crate::store::StoreError) -> Failure {
        SiteError::from(error).into()
    }
}

impl Door<'_> {
    /// The prompt for a visitor; as a second step, nothing where the password was enough.
    pub fn opening(&mut self, visitor: Visitor<'_>, now: Timestamp) -> Opening {
        let judgement = self.judge(visitor);
        // A store that fails makes no other prompt: the answer will be refused all the same, and a
        // stranger learns nothing from the difference.
        let snapshot = if judgement.exempt || !judgement.takes_codes() {
            Snapshot::default()
        } else {
            (self.open_store)()
                .and_then(|mut store| Ok(store.read(visitor.account)?))
                .unwrap_or_default()
        };
        if visitor.second_step {
            let optional =
                self.site.config.enrolment == Enrolment::Optional && !snapshot.is_enrolled(now);
            let enough = [
                (judgement.exempt, Reason::Exempt),
                (judgement.accepts(Means::Password), Reason::SecondStep),
                (optional && judgement.takes_codes(), Reason::NotEnrolled),
            ];
            if let Some((_, reason)) = enough.into_iter().find(|(enough, _)| *enough) {
                let event = self.event(visitor, &judgement, now, Verdict::Passed, reason);
                return Opening::Done(Report {
                    answer: Answer::PassOn(Handover::Untouched),
                    event,
                    problem: None,
                });
            }
        }
        let Some(accept) = judgement.accept.as_ref().filter(|_| !judgement.exempt) else {
            return Opening::Ask(prompt::PASSWORD.to_owned());
        };
        let accept = if visitor.second_step {
            &accept.second_step()
        } else {
            accept
        };
        let place = Place {
            service: visitor.service,
            group: &judgement.group,
            remote: visitor.remote,
        };
        let real = prompt::due(&snapshot, Some(place), now);
        let shown = prompt::shown(real, visitor.account, &self.site.config, &self.site.keys);
        Opening::Ask(prompt::text(&shown, accept))
    }

    /// A login, from the question to the settled answer.
    pub fn login(&mut self, request: &Request, now: Timestamp) -> Report {
        let visitor = Visitor::of(request);
        let mut judgement = self.judge(visitor);
        if request.second_step {
            judgement.accept = judgement.accept.map(|accept| accept.second_step());
        }
        self.try_login(request, &judgement, now)
            .unwrap_or_else(|failure| {
                let event = self.event(
                    visitor,
                    &judgement,
                    now,
                    Verdict::Unavailable,
                    failure.reason,
                );
                let (answer, event) = observed(&judgement, Answer::Unavailable, event);
                Report {
                    answer,
                    event,
                    problem: Some(failure.problem),
                }
            })
    }

    fn try_login(
        &mut self,
        request: &Request,
        judgement: &Judgement,
        now: Timestamp,
    ) -> Result<Report, Failure> {
        if let Some(ruling) = decide::by_rule(judgement) {
            let (answer, event) = self.ending(request, judgement, &ruling, now);
            return Ok(Report {
                answer,
                event,
                problem: None,
            });
        }
        let mut store = (self.open_store)()?;
        let snapshot = store.read(&request.account)?;
        let site = self.site;
        let case = Case {
            request,
            judgement,
            config: &site.config,
            keys: &site.keys,
            snapshot: &snapshot,
            now,
        };
        let (ruling, charge) = self.decide(&case, store.as_mut())?;
        let settlement = self.settlement(&case, &ruling, charge)?;
        let settled = store.settle(&settlement)?;
        let event = settlement.event_of(settled);
        let answer = match settled {
            Settled::Consumed | Settled::InWindow => {
                self.ending(request, judgement, &ruling, now).0
            }
            Settled::Lost => {
                self.ending(request, judgement, &case.no_match(Reason::Spent), now)
                    .0
            }
        };
        Ok(Report {
            answer,
            event,
            problem: None,
        })
    }

    /// form → window → budget, charge → compare
    fn decide<'c>(
        &mut self,
        case: &Case<'c>,
        store: &mut dyn Store,
    ) -> Result<(Ruling<'c>, Option<Charge>), Failure> {
        let pending = match decide::by_form(case) {
            Ok(ruling) => return Ok((ruling, None)),
            Err(pending) => pending,
        };
        if let Pending::Codes(candidates) = &pending
            && let Some(ruling) = decide::by_window(case, candidates)
        {
            return Ok((ruling, None));
        }
        let mut charge = None;
        if matches!(pending, Pending::Codes(_)) {
            let due = self.charge(case, &pending);
            match store.charge(&due)? {
                Charged::Exhausted => return Ok((case.throttle(), None)),
                Charged::Taken => charge = Some(due),
                Charged::Before => {}
            }
        }
        let ruling = decide::by_code(case, &pending, self.arena).map_err(|why| Failure {
            reason: Reason::Store,
            problem: why.to_string(),
        })?;
        Ok((ruling, charge))
    }

    /// What a guess costs: see the README, "Guesses".
    fn charge(&self, case: &Case<'_>, pending: &Pending<'_>) -> Charge {
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

    fn settlement(
        &mut self,
        case: &Case<'_>,
        ruling: &Ruling<'_>,
        charge: Option<Charge>,
    ) -> Result<Settlement, Failure> {
        let (request, judgement, now) = (case.request, case.judgement, case.now);
        let right = matches!(ruling.result, Verdict::Accepted | Verdict::Continued);
        let window = match &ruling.window {
            Some(key) => Some(WindowOffer {
                key: key.clone(),
                binding: judgement.grace,
                id: crate::account::CredentialId::generate(self.random).map_err(|why| Failure {
                    reason: Reason::Store,
                    problem: why.to_string(),
                })?,
                limits: self.site.config.grace,
            }),
            None => None,
        };
        let lost = ruling.consume.is_some().then(|| {
            let lost = Ruling {
                credential: ruling.credential,
                ..case.no_match(Reason::Spent)
            };
            self.ending(request, judgement, &lost, now).1
        });
        Ok(Settlement {
            account: case.snapshot.account.as_ref().map(|account| account.id),
            consume: ruling.consume.clone(),
            counted: ruling
                .credential
                .is_some_and(|credential| credential.scope.logins_left.is_some()),
            window,
            touch: ruling.touch.map(|window| window.id.clone()),
            refund: charge.filter(|_| right),
            seen: (right && matches!(request.remote, Remote::Address(_)))
                .then(|| request.remote.network()),
            event: self.ending(request, judgement, ruling, now).1,
            lost,
        })
    }

    /// Answer and event of a ruling, softened where the rule only observes.
    fn ending(
        &self,
        request: &Request,
        judgement: &Judgement,
        ruling: &Ruling<'_>,
        now: Timestamp,
    ) -> (Answer, Event) {
        let event = Event {
            kind: ruling
                .credential
                .map(|credential| credential.kind.as_str().to_owned()),
            credential: ruling
                .credential
                .map(|credential| credential.id.to_string()),
            ..self.event(
                Visitor::of(request),
                judgement,
                now,
                ruling.result,
                ruling.reason,
            )
        };
        observed(judgement, ruling.answer.clone(), event)
    }

    /// The gate: may databases that mailotp does not guard be asked? Consumes, charges and compares
    /// nothing. `typed` is what the prompt of [`Door::opening`] brought.
    pub fn gate(
        &mut self,
        visitor: Visitor<'_>,
        typed: &[u8],
        now: Timestamp,
    ) -> Result<Gate, Report> {
        let judgement = self.judge(visitor);
        if typed.is_empty() || typed == b"?" {
            return Ok(Gate::Stop);
        }
        if judgement.exempt || judgement.mode == Mode::Observe {
            return Ok(Gate::GoOn);
        }
        let open = match &judgement.accept {
            None => false,
            Some(accept) if accept.0.is_empty() => false,
            Some(_) => self
                .gate_of_account(visitor, &judgement, now)
                .map_err(|failure| Report {
                    answer: Answer::Unavailable,
                    event: self.event(
                        visitor,
                        &judgement,
                        now,
                        Verdict::Unavailable,
                        failure.reason,
                    ),
                    problem: Some(failure.problem),
                })?,
        };
        Ok(if open { Gate::GoOn } else { Gate::Stop })
    }

    fn gate_of_account(
        &mut self,
        visitor: Visitor<'_>,
        judgement: &Judgement,
        now: Timestamp,
    ) -> Result<bool, Failure> {
        let snapshot = (self.open_store)()?.read(visitor.account)?;
        if is_closed(&snapshot, now) {
            return Ok(false);
        }
        let nothing =
            self.site.config.enrolment == Enrolment::Optional && !snapshot.is_enrolled(now);
        Ok(judgement.accepts(Means::Password) || nothing)
    }

    /// The `account` phase: denied by the rule, locked or expired. `None`: nothing stands against it.
    pub fn account(&mut self, visitor: Visitor<'_>, now: Timestamp) -> Option<Report> {
        let judgement = self.judge(visitor);
        if judgement.exempt {
            return None;
        }
        let denied = judgement
            .accept
            .as_ref()
            .is_some_and(|accept| accept.0.is_empty());
        let (answer, result, reason, problem) = if denied {
            (Answer::Deny, Verdict::Denied, Reason::Rule, None)
        } else {
            match (self.open_store)().and_then(|mut store| Ok(store.read(visitor.account)?)) {
                Ok(snapshot) if is_closed(&snapshot, now) => {
                    (Answer::Deny, Verdict::Denied, Reason::Closed, None)
                }
                Ok(_) => return None,
                Err(error) => {
                    let failure = Failure::from(error);
                    (
                        Answer::Unavailable,
                        Verdict::Unavailable,
                        failure.reason,
                        Some(failure.problem),
                    )
                }
            }
        };
        let event = self.event(visitor, &judgement, now, result, reason);
        let (answer, event) = observed(&judgement, answer, event);
        Some(Report {
            answer,
            event,
            problem,
        })
    }

    /// A secret that is refused before it is looked at.
    pub fn malformed(&self, visitor: Visitor<'_>, now: Timestamp, why: String) -> Report {
        let judgement = self.judge(visitor);
        let event = self.event(
            visitor,
            &judgement,
            now,
            Verdict::Refused,
            Reason::Malformed,
        );
        let (answer, event) = observed(&judgement, Answer::Refuse, event);
        Report {
            answer,
            event,
            problem: Some(why),
        }
    }

    fn judge(&self, visitor: Visitor<'_>) -> Judgement {
        self.site
            .config
            .judge(visitor.account, visitor.service, visitor.remote)
    }

    fn event(
        &self,
        visitor: Visitor<'_>,
        judgement: &Judgement,
        now: Timestamp,
        result: Verdict,
        reason: Reason,
    ) -> Event {
        event(visitor, judgement, now, self.host, result, reason)
    }
}

impl<'a> Visitor<'a> {
    fn of(request: &'a Request) -> Visitor<'a> {
        Visitor {
            account: &request.account,
            service: &request.service,
            remote: request.remote,
            second_step: request.second_step,
        }
    }
}

fn event(
    visitor: Visitor<'_>,
    judgement: &Judgement,
    now: Timestamp,
    host: &str,
    result: Verdict,
    reason: Reason,
) -> Event {
    Event {
        time: now,
        host: host.to_owned(),
        actor: None,
        account: Some(visitor.account.to_string()),
        service: Some(visitor.service.to_string()),
        remote: Some(visitor.remote.to_string()),
        result,
        reason,
        would: None,
        rule: judgement.rule.clone(),
        kind: None,
        credential: None,
        count: 1,
    }
}

fn is_closed(snapshot: &Snapshot, now: Timestamp) -> bool {
    snapshot
        .account
        .as_ref()
        .is_some_and(|account| account.is_closed(now))
}

/// What is said where the key ring cannot be used: nothing can be judged, so whoever is judged at
/// all is refused.
pub fn without_site(
    config: &Config,
    visitor: Visitor<'_>,
    host: &str,
    error: &SiteError,
    now: Timestamp,
) -> Report {
    let judgement = config.judge(visitor.account, visitor.service, visitor.remote);
    let (answer, result, reason) = if judgement.exempt {
        (
            Answer::PassOn(Handover::Whole),
            Verdict::Passed,
            Reason::Exempt,
        )
    } else {
        (
            Answer::Unavailable,
            Verdict::Unavailable,
            Reason::Configuration,
        )
    };
    let (answer, event) = observed(
        &judgement,
        answer,
        event(visitor, &judgement, now, host, result, reason),
    );
    Report {
        answer,
        event,
        problem: Some(format!("{error}. {}", error.remedy())),
    }
}

/// Observe mode: what would be a refusal or an error is left to the next module, and the event says
/// what it would have been.
fn observed(judgement: &Judgement, answer: Answer, event: Event) -> (Answer, Event) {
    let refusal = matches!(
        answer,
        Answer::Refuse | Answer::Deny | Answer::Throttle | Answer::Unavailable
    );
    if judgement.mode == Mode::Enforce || !refusal {
        return (answer, event);
    }
    let event = Event {
        would: Some(event.result),
        result: Verdict::Passed,
        ..event
    };
    (Answer::PassOn(Handover::Whole), event)
}

/// The limits that hold for an account, for those who show them.
pub fn account_bucket(config: &Config, account: AccountId) -> (Owner, crate::budget::Limit) {
    (Owner::Account(account), config.limits.account)
}
