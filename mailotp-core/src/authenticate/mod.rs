//! The one driver of a login: open → decide → settle → audit. Everything that can go wrong on the
//! way ends in [`Answer::Unavailable`], and only observe mode turns that into something milder.

mod budgets;
mod charge;
mod compare;
mod opening;
mod phases;
mod report;
mod settlement;

use crate::account::{Settled, Settlement, Snapshot};
use crate::audit::{Event, Reason, Verdict};
use crate::budget::Charge;
use crate::clock::{Random, Timestamp};
use crate::config::Judgement;
use crate::credential::alias;
use crate::crypto::Arena;
use crate::decide::{self, Answer, Case, Ruling};
use crate::request::{AccountName, Remote, Request, Service};
use crate::site::{Site, SiteError};
use crate::store::{Apart, Store};

pub use budgets::{Budgets, Left, Refused};
pub use opening::Opening;
pub use phases::{Earlier, Gate};
use report::{Failure, event, observed};
pub use report::{Low, Report, without_site};

/// What a login needs from the process that it runs in.
pub struct Door<'a> {
    /// The site.
    pub site: &'a Site,
    /// Opens the store; each call to it is closed again before it returns.
    pub open_store: &'a mut dyn FnMut() -> Result<Box<dyn Store>, SiteError>,
    /// Takes a store that will be wanted again as soon as an answer is typed.
    pub keep_store: Option<&'a mut dyn FnMut(Box<dyn Store>)>,
    /// Randomness, for the ids of windows.
    pub random: &'a mut dyn Random,
    /// Memory for the hash.
    pub arena: &'a mut dyn Arena,
    /// The name of this machine, for events.
    pub host: &'a str,
    /// Told the generation that the store has reached with a consumption.
    pub mark: Option<&'a mut dyn FnMut(u64)>,
}

/// What an attempt is for.
enum Purpose<'a> {
    /// To come in.
    Login,
    /// To show that one is the account's user.
    Prove,
    /// To know whether one would: who wants to know.
    Verify(&'a str),
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

impl Door<'_> {
    /// A login, from the question to the settled answer.
    pub fn login(&mut self, mut request: Request, now: Timestamp) -> Report {
        self.attempt(&mut request, &Purpose::Login, now)
    }

    /// A login that spends nothing and opens nothing; a wrong answer is charged like any other. The
    /// report is that of the login, the event says who wanted to know.
    pub fn verify(&mut self, mut request: Request, actor: &str, now: Timestamp) -> Report {
        self.attempt(&mut request, &Purpose::Verify(actor), now)
    }

    /// A login that proves who somebody is, whatever the rules accept: one of the account's one-time
    /// codes.
    pub fn prove(&mut self, mut request: Request, now: Timestamp) -> Report {
        self.attempt(&mut request, &Purpose::Prove, now)
    }

    fn attempt(&mut self, request: &mut Request, why: &Purpose<'_>, now: Timestamp) -> Report {
        let mut judgement = self.judge_request(request, &Snapshot::default());
        if let Purpose::Prove = why {
            judgement = judgement.for_codes();
        }
        self.try_login(request, &mut judgement, why, now)
            .unwrap_or_else(|failure| {
                self.unavailable(Visitor::of(request), &judgement, now, failure)
            })
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
            problem: Some(failure.problem),
            ..Report::new(answer, event)
        }
    }

    fn try_login(
        &mut self,
        request: &mut Request,
        judgement: &mut Judgement,
        why: &Purpose<'_>,
        now: Timestamp,
    ) -> Result<Report, Failure> {
        let kill = request
            .secret
            .kill_code()
            .filter(|_| !judgement.exempt && matches!(why, Purpose::Login));
        // Whose rules decide is known only once an alias is resolved; a kill code counts whatever they
        // say. Everybody else whom they deny costs the store nothing.
        let (mut opened, mut paid) = (None, Vec::new());
        if request.account.alias().is_some() || kill.is_some() {
            opened = Some(self.look(request, judgement, now, &mut paid)?);
        }
        if opened.is_none()
            && let Some(ruling) = decide::by_rule(judgement)
        {
            let (answer, event) = self.ending(request, judgement, &ruling, now);
            if !judgement.exempt {
                self.note(&request.account, &event);
            }
            return Ok(Report::new(answer, event));
        }
        let (mut store, snapshot) = match opened {
            Some(opened) => opened,
            None => self.look(request, judgement, now, &mut paid)?,
        };
        if let Purpose::Prove = why {
            *judgement = std::mem::take(judgement).for_codes();
        }
        let site = self.site;
        let case = Case {
            request,
            judgement,
            config: &site.config,
            keys: &site.keys,
            snapshot: &snapshot,
            now,
        };
        if let Purpose::Verify(actor) = why {
            let mut ledger = Apart(store.as_mut());
            let ruling = self.decide(&case, kill.as_ref(), &mut ledger, &mut paid)?;
            return self.verified(&case, &ruling, paid, actor, store.as_mut());
        }
        let (settlement, settled, ends) =
            self.settle(&case, kill.as_ref(), store.as_mut(), &paid)?;
        if settled == Settled::Consumed
            && settlement.must_be_durable()
            && let Some(mark) = &mut self.mark
        {
            mark(store.reached()?);
        }
        let event = settlement.event_of(settled);
        if settled == Settled::Lost {
            return Ok(Report::new(ends.lost, event));
        }
        let ruling = ends.ruling;
        let right = ruling.result.is_right();
        Ok(Report {
            user: (right && request.alias.is_some()).then(|| request.account.clone()),
            low: ruling
                .credential
                .filter(|_| settled == Settled::Consumed && ruling.consume.is_some())
                .and_then(report::Low::after),
            ..Report::new(ends.answer, event)
        })
    }

    /// The end of a login that was none: what was right is given back, and the log says who asked.
    fn verified(
        &mut self,
        case: &Case<'_>,
        ruling: &Ruling<'_>,
        paid: Vec<Charge>,
        actor: &str,
        store: &mut dyn Store,
    ) -> Result<Report, Failure> {
        let (answer, event) = self.ending(case.request, case.judgement, ruling, case.now);
        let event = Event {
            actor: Some(actor.to_owned()),
            ..event
        };
        let right = ruling.result.is_right();
        let told = Event {
            result: if right { Verdict::Passed } else { event.result },
            reason: if right {
                Reason::Verified
            } else {
                event.reason
            },
            ..event.clone()
        };
        let account = case.snapshot.account.as_ref().map(|account| account.id);
        let _ = store.settle(&Settlement {
            refund: if right { paid } else { Vec::new() },
            ..Settlement::of_event(account, &told)
        })?;
        Ok(Report::new(answer, event))
    }

    /// Reads what the store knows of the account, an alias resolved: then the request and the judgement
    /// are about the account that it stands for. One that is spent stands for it only in the window
    /// that it has opened, and is a stranger's name elsewhere.
    fn look(
        &mut self,
        request: &mut Request,
        judgement: &mut Judgement,
        now: Timestamp,
        paid: &mut Vec<Charge>,
    ) -> Result<(Box<dyn Store>, Snapshot), Failure> {
        let mut store = (self.open_store)()?;
        let snapshot = self.read(&mut *store, &request.account)?;
        let (Some(alias), Some(account), Some(_)) =
            (request.account.alias(), &snapshot.account, &snapshot.alias)
        else {
            *judgement = self.judge_request(request, &snapshot);
            return Ok((store, snapshot));
        };
        let typed = std::mem::replace(&mut request.account, account.name.clone());
        request.alias = Some(alias);
        *judgement = self.judge_request(request, &snapshot);
        let case = Case {
            request,
            judgement,
            config: &self.site.config,
            keys: &self.site.keys,
            snapshot: &snapshot,
            now,
        };
        if snapshot.fresh_alias(now).is_some()
            || self.continues(&case, &mut Apart(store.as_mut()), paid)?
        {
            return Ok((store, snapshot));
        }
        request.account = typed;
        request.alias = None;
        let snapshot = snapshot.of_a_stranger();
        *judgement = self.judge_request(request, &snapshot);
        Ok((store, snapshot))
    }

    fn read(&self, store: &mut dyn Store, name: &AccountName) -> Result<Snapshot, SiteError> {
        let tag = name
            .alias()
            .map(|alias| alias::tag(&alias, &self.site.keys));
        Ok(store.read(name, tag.as_ref())?)
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

    /// No secret at all: the password of a module before was to be used, and is not there.
    pub fn unasked(&mut self, visitor: Visitor<'_>, now: Timestamp) -> Report {
        let why = "use_first_pass: no module before has asked for a password";
        self.malformed(visitor, now, why.to_owned())
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
            problem: Some(why),
            ..Report::new(answer, event)
        }
    }

    /// Writes an event that rests on nothing in the store. Where that fails the answer stays, since
    /// no such event lets anybody in, and syslog has it all the same.
    fn note(&mut self, account: &AccountName, event: &Event) {
        let write = |mut store: Box<dyn Store>| -> Result<(), SiteError> {
            let known = store.read(account, None)?.account;
            let _ = store.settle(&Settlement::of_event(known.map(|known| known.id), event))?;
            Ok(())
        };
        let _ = (self.open_store)().and_then(write);
    }

    /// What all rules say of a request.
    fn judge_request(&self, request: &Request, snapshot: &Snapshot) -> Judgement {
        let mut judgement = self.judge_known(Visitor::of(request), snapshot);
        if request.second_step {
            judgement.accept = judgement.accept.map(|accept| accept.second_step());
        }
        judgement
    }

    /// What all rules say: the administrator's, and those that the account has made for itself.
    fn judge_known(&self, visitor: Visitor<'_>, snapshot: &Snapshot) -> Judgement {
        let config = &self.site.config;
        decide::judge(
            config,
            snapshot,
            visitor.account,
            visitor.service,
            visitor.remote,
        )
    }

    /// What the administrator's rules say.
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
