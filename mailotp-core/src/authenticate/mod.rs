//! The one driver of a login: open → decide → settle → audit. Everything that can go wrong on the
//! way ends in [`Answer::Unavailable`], and only observe mode turns that into something milder.

mod charge;
mod phases;
mod report;

use crate::account::{Settled, Settlement, Snapshot, WindowOffer};
use crate::audit::{Event, Reason, Verdict};
use crate::budget::{Charge, Charged};
use crate::clock::{Random, Timestamp};
use crate::config::Judgement;
use crate::crypto::Arena;
use crate::decide::{self, Answer, Case, Guess, Handover, Pending, Ruling};
use crate::id::CredentialId;
use crate::prompt::{self, Place};
use crate::request::{AccountName, Remote, Request, Service};
use crate::rule::{Means, Mode};
use crate::site::{Site, SiteError};
use crate::store::Store;

pub use charge::account_bucket;
pub use phases::Gate;
use report::{Failure, event, observed};
pub use report::{Report, without_site};

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
    /// Told the generation that the store has reached with a consumption.
    pub mark: &'a mut dyn FnMut(u64),
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

/// What to say before an answer is typed.
pub enum Opening {
    /// Ask with this prompt.
    Ask(String),
    /// There is nothing to ask.
    Done(Box<Report>),
}

impl From<Report> for Opening {
    fn from(report: Report) -> Opening {
        Opening::Done(Box::new(report))
    }
}

impl Door<'_> {
    /// The prompt for a visitor; as a second step, nothing where the password was enough.
    pub fn opening(&mut self, visitor: Visitor<'_>, now: Timestamp) -> Opening {
        let judgement = self.judge(visitor);
        let snapshot = if judgement.exempt || !judgement.takes_codes() {
            Snapshot::default()
        } else {
            match (self.open_store)().and_then(|mut store| Ok(store.read(visitor.account)?)) {
                Ok(snapshot) => snapshot,
                // Nothing can be judged, so nothing is asked. Observe mode asks, for the next
                // module, with a prompt that is made up: a stranger learns nothing from it.
                Err(_) if judgement.mode == Mode::Observe => Snapshot::default(),
                Err(error) => {
                    return self
                        .unavailable(visitor, &judgement, now, error.into())
                        .into();
                }
            }
        };
        if visitor.second_step {
            // An error is not in here: who cannot be looked up has not nothing.
            let optional = decide::is_left_to_password(&self.site.config, &snapshot, now);
            let enough = [
                (judgement.exempt, Reason::Exempt),
                (judgement.accepts(Means::Password), Reason::SecondStep),
                (optional && judgement.takes_codes(), Reason::NotEnrolled),
            ];
            if let Some((_, reason)) = enough.into_iter().find(|(enough, _)| *enough) {
                let event = self.event(visitor, &judgement, now, Verdict::Passed, reason);
                let answer = Answer::PassOn(Handover::Untouched);
                return Report {
                    answer,
                    event,
                    problem: None,
                }
                .into();
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
            .unwrap_or_else(|failure| self.unavailable(visitor, &judgement, now, failure))
    }

    fn unavailable(
        &self,
        visitor: Visitor<'_>,
        judgement: &Judgement,
        now: Timestamp,
        failure: Failure,
    ) -> Report {
        let event = self.event(
            visitor,
            judgement,
            now,
            Verdict::Unavailable,
            failure.reason,
        );
        let (answer, event) = observed(judgement, Answer::Unavailable, event);
        Report {
            answer,
            event,
            problem: Some(failure.problem),
        }
    }

    fn try_login(
        &mut self,
        request: &Request,
        judgement: &Judgement,
        now: Timestamp,
    ) -> Result<Report, Failure> {
        if let Some(ruling) = decide::by_rule(judgement) {
            let (answer, event) = self.ending(request, judgement, &ruling, now);
            if !judgement.exempt {
                self.note(&request.account, &event);
            }
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
        let (answer, event) = self.ending(request, judgement, &ruling, now);
        // What it comes to where somebody else was first.
        let lost = Ruling {
            credential: ruling.credential,
            ..case.no_match(Reason::Spent)
        };
        let (lost_answer, lost_event) = self.ending(request, judgement, &lost, now);
        let settlement = Settlement {
            lost: ruling.consume.is_some().then_some(lost_event),
            ..self.settlement(&case, &ruling, charge, event)?
        };
        let settled = store.settle(&settlement)?;
        if settled == Settled::Consumed && settlement.must_be_durable() {
            (self.mark)(store.identity()?.generation);
        }
        Ok(Report {
            answer: if settled == Settled::Lost {
                lost_answer
            } else {
                answer
            },
            event: settlement.event_of(settled),
            problem: None,
        })
    }

    /// form → window → budget, charge → compare
    fn decide<'c>(
        &mut self,
        case: &Case<'c>,
        store: &mut dyn Store,
    ) -> Result<(Ruling<'c>, Option<Charge>), Failure> {
        let mut pending = match decide::by_form(case) {
            Ok(ruling) => return Ok((case.unless_closed(ruling), None)),
            Err(pending) => pending,
        };
        let mut charge = None;
        if let Pending::Codes(guess) = pending {
            if let Some(ruling) = decide::by_window(case, &guess.candidates) {
                return Ok((ruling, None));
            }
            let Some((guess, taken)) = self.take_charge(case, guess, store)? else {
                return Ok((case.throttle(), None));
            };
            (pending, charge) = (Pending::Codes(guess), taken);
        }
        let ruling = decide::by_code(case, &pending, self.arena).map_err(|why| Failure {
            reason: Reason::Store,
            problem: why.to_string(),
        })?;
        Ok((case.unless_closed(ruling), charge))
    }

    /// Charges a guess: what may be compared, and what it has cost. Where the budget for digits
    /// alone is used up, a sheet code may still be compared. `None`: nothing may.
    fn take_charge<'c>(
        &mut self,
        case: &Case<'c>,
        guess: Guess<'c>,
        store: &mut dyn Store,
    ) -> Result<Option<(Guess<'c>, Option<Charge>)>, Failure> {
        let mut guess = guess;
        loop {
            let due = self.charge(case, &guess);
            match store.charge(&due)? {
                Charged::Taken => return Ok(Some((guess, Some(due)))),
                Charged::Before => return Ok(Some((guess, None))),
                Charged::Exhausted => match guess.without_digits() {
                    Some(rest) => guess = rest,
                    None => return Ok(None),
                },
            }
        }
    }

    fn settlement(
        &mut self,
        case: &Case<'_>,
        ruling: &Ruling<'_>,
        charge: Option<Charge>,
        event: Event,
    ) -> Result<Settlement, Failure> {
        let request = case.request;
        let right = matches!(ruling.result, Verdict::Accepted | Verdict::Continued);
        let window = match &ruling.window {
            Some(key) => Some(WindowOffer {
                key: key.clone(),
                binding: case.judgement.grace,
                id: CredentialId::generate(self.random).map_err(|why| Failure {
                    reason: Reason::Store,
                    problem: why.to_string(),
                })?,
                limits: self.site.config.grace,
            }),
            None => None,
        };
        let account = case.snapshot.account.as_ref().map(|account| account.id);
        Ok(Settlement {
            consume: ruling.consume.clone(),
            counted: ruling
                .credential
                .is_some_and(|credential| credential.scope.logins_left.is_some()),
            window,
            touch: ruling.touch.map(|window| window.id.clone()),
            refund: charge.filter(|_| right),
            seen: (right && matches!(request.remote, Remote::Address(_)))
                .then(|| request.remote.network()),
            ..Settlement::of_event(account, &event)
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

    /// A secret that is refused before it is looked at.
    pub fn malformed(&mut self, visitor: Visitor<'_>, now: Timestamp, why: String) -> Report {
        let judgement = self.judge(visitor);
        let ruling = decide::by_rule(&judgement);
        let (answer, result, reason) = match ruling {
            Some(ruling) => (ruling.answer, ruling.result, ruling.reason),
            None => (Answer::Refuse, Verdict::Refused, Reason::Malformed),
        };
        let event = self.event(visitor, &judgement, now, result, reason);
        let (answer, event) = observed(&judgement, answer, event);
        if !judgement.exempt {
            self.note(visitor.account, &event);
        }
        Report {
            answer,
            event,
            problem: Some(why),
        }
    }

    /// Writes an event that rests on nothing in the store. Where that fails the answer stays, since
    /// no such event lets anybody in, and syslog has it all the same.
    fn note(&mut self, account: &AccountName, event: &Event) {
        let write = |mut store: Box<dyn Store>| -> Result<(), SiteError> {
            let known = store.read(account)?.account;
            let _ = store.settle(&Settlement::of_event(known.map(|known| known.id), event))?;
            Ok(())
        };
        let _ = (self.open_store)().and_then(write);
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

#[cfg(test)]
mod tests;
