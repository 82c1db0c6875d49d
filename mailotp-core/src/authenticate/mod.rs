//! The one driver of a login: open → decide → settle → audit. Everything that can go wrong on the
//! way ends in [`Answer::Unavailable`], and only observe mode turns that into something milder.

mod budgets;
mod charge;
mod compare;
mod phases;
mod report;

use crate::account::{Consumption, Credential, Pinned, Settled, Settlement, Snapshot, WindowOffer};
use crate::audit::{Event, Reason, Verdict};
use crate::budget::Charge;
use crate::clock::{Random, Timestamp};
use crate::config::Judgement;
use crate::credential::alias;
use crate::crypto::{Arena, SealContext};
use crate::decide::{self, Answer, Case, Handover, Ruling};
use crate::id::{AccountId, CredentialId};
use crate::prompt::{self, Place};
use crate::request::{AccountName, Remote, Request, Service};
use crate::rule::{Accept, Means, Mode};
use crate::site::{Site, SiteError};
use crate::store::Store;

pub use budgets::{Budgets, Left, Refused};
pub use phases::{Earlier, Gate};
use report::{Failure, event, observed};
pub use report::{Low, Report, without_site};

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
        let mut judgement = self.judge(visitor);
        let needs_store = judgement.takes_codes()
            || self.site.config.may_exempt
            || visitor.account.alias().is_some();
        let snapshot = if judgement.exempt || !needs_store {
            Snapshot::default()
        } else {
            match (self.open_store)().and_then(|mut store| self.read(&mut *store, visitor.account))
            {
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
        // An alias that can be spent shows what the account has; one that cannot, what a stranger has.
        let (mut account, mut snapshot) = (visitor.account.clone(), snapshot);
        if snapshot.alias.is_some() {
            match (snapshot.fresh_alias(now), &snapshot.account) {
                (Some(_), Some(known)) => account = known.name.clone(),
                _ => snapshot = snapshot.of_a_stranger(),
            }
        }
        let visitor = Visitor {
            account: &account,
            ..visitor
        };
        judgement = self.judge_known(visitor, &snapshot);
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
                return Report::new(Answer::PassOn(Handover::Untouched), event).into();
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

    /// The prompt for [`Door::prove`]: what is due, of an account whose user asks.
    pub fn challenge(&mut self, account: &AccountName, now: Timestamp) -> String {
        let snapshot = (self.open_store)()
            .and_then(|mut store| self.read(&mut *store, account))
            .unwrap_or_default();
        let real = prompt::due(&snapshot, None, now);
        prompt::text(&real, &Accept([Means::Otp].into()))
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
        let ruling = self.decide(&case, kill.as_ref(), store.as_mut(), &mut paid)?;
        if let Purpose::Verify(actor) = why {
            return self.verified(&case, &ruling, paid, actor, store.as_mut());
        }
        let (answer, event) = self.ending(request, judgement, &ruling, now);
        // What it comes to where somebody else was first.
        let lost = Ruling {
            credential: ruling.credential,
            ..case.no_match(Reason::Spent)
        };
        let (lost_answer, lost_event) = self.ending(request, judgement, &lost, now);
        let settlement = Settlement {
            lost: ruling.consume.is_some().then_some(lost_event),
            ..self.settlement(&case, &ruling, paid, event)?
        };
        let settled = store.settle(&settlement)?;
        if settled == Settled::Consumed && settlement.must_be_durable() {
            (self.mark)(store.identity()?.generation);
        }
        let event = settlement.event_of(settled);
        if settled == Settled::Lost {
            return Ok(Report::new(lost_answer, event));
        }
        let right = matches!(ruling.result, Verdict::Accepted | Verdict::Continued);
        Ok(Report {
            user: (right && request.alias.is_some()).then(|| request.account.clone()),
            low: ruling
                .credential
                .filter(|_| settled == Settled::Consumed && ruling.consume.is_some())
                .and_then(report::Low::after),
            ..Report::new(answer, event)
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
        let right = matches!(ruling.result, Verdict::Accepted | Verdict::Continued);
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
        if snapshot.fresh_alias(now).is_some() || self.continues(&case, &mut *store, paid)? {
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

    fn settlement(
        &mut self,
        case: &Case<'_>,
        ruling: &Ruling<'_>,
        paid: Vec<Charge>,
        event: Event,
    ) -> Result<Settlement, Failure> {
        let request = case.request;
        let right = matches!(ruling.result, Verdict::Accepted | Verdict::Continued);
        let window = match &ruling.window {
            Some(key) => Some(WindowOffer {
                key: key.clone(),
                binding: case.judgement.grace,
                id: CredentialId::generate(self.random).map_err(Failure::of_store)?,
                limits: self.site.config.grace,
            }),
            None => None,
        };
        let account = case.snapshot.account.as_ref().map(|account| account.id);
        let consume = match (&ruling.consume, ruling.credential) {
            (Some(what), Some(credential)) => Some(Consumption {
                credential: credential.id.clone(),
                what: *what,
                sealed: self.reseal(account, credential, ruling)?,
            }),
            _ => None,
        };
        let credential = ruling.credential;
        Ok(Settlement {
            counted: credential.is_some_and(|credential| {
                credential.scope.logins_left.is_some()
                    || credential.scope.pinned == Pinned::Open
                    || credential.replaces.is_some()
            }),
            alias: case
                .snapshot
                .fresh_alias(case.now)
                .filter(|_| consume.is_some())
                .cloned(),
            consume,
            window,
            touch: ruling.touch.map(|window| window.id.clone()),
            ahead: credential
                .zip(ruling.ahead)
                .map(|(credential, counter)| (credential.id.clone(), counter)),
            kill: credential
                .filter(|_| ruling.kills)
                .map(|credential| credential.id.clone()),
            refund: if right { paid } else { Vec::new() },
            seen: (right && matches!(request.remote, Remote::Address(_)))
                .then(|| request.remote.network()),
            ..Settlement::of_event(account, &event)
        })
    }

    /// The secret part that a credential has after this login, where it gets a new one.
    fn reseal(
        &mut self,
        account: Option<AccountId>,
        credential: &Credential,
        ruling: &Ruling<'_>,
    ) -> Result<Option<Vec<u8>>, Failure> {
        let (Some(account), Some(secret)) = (account, &ruling.renewed) else {
            return Ok(None);
        };
        let context = SealContext {
            account,
            credential: &credential.id,
        };
        let sealed = self.site.keys.seal(&context, secret, self.random);
        sealed.map(Some).map_err(Failure::of_store)
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
