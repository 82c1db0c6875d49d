//! The gate and the `account` phase: they consume, charge and compare nothing.

use super::report::{Failure, Report, observed};
use super::{Door, Visitor};
use crate::account::Snapshot;
use crate::audit::{Event, Reason, Verdict};
use crate::clock::Timestamp;
use crate::config::Judgement;
use crate::decide::{self, Answer};
use crate::request::AccountName;
use crate::rule::{Means, Mode};

/// What the gate says.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Databases that mailotp does not guard may be asked.
    GoOn,
    /// They may not: the challenge is the answer.
    Stop,
}

/// How `auth` ended on the same handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Earlier {
    /// It did not run, or left the login to others.
    Nothing,
    /// It let the account in.
    Accepted,
    /// It left the login to others, and only since the rule observes.
    WouldRefuse,
}

impl Door<'_> {
    /// The gate: may databases that mailotp does not guard be asked? Consumes, charges and compares
    /// nothing. `typed` is what the prompt of [`Door::opening`] brought.
    pub fn gate(
        &mut self,
        visitor: Visitor<'_>,
        typed: &[u8],
        now: Timestamp,
    ) -> Result<Gate, Box<Report>> {
        if typed.is_empty() || typed == b"?" {
            return Ok(Gate::Stop);
        }
        let owner = self.owner_of_alias(visitor, now)?;
        let visitor = Visitor {
            account: owner.as_ref().unwrap_or(visitor.account),
            ..visitor
        };
        let judgement = self.judge(visitor);
        if judgement.exempt || judgement.mode == Mode::Observe {
            return Ok(Gate::GoOn);
        }
        let open = match &judgement.accept {
            None => false,
            Some(accept) if accept.0.is_empty() => false,
            Some(_) => self
                .gate_of_account(visitor, now)
                .map_err(|failure| Box::new(self.unavailable(visitor, &judgement, now, failure)))?,
        };
        Ok(if open { Gate::GoOn } else { Gate::Stop })
    }

    /// The account that an alias stands for, where it can still be spent: its rules decide. Observe mode
    /// goes on without a store.
    fn owner_of_alias(
        &mut self,
        visitor: Visitor<'_>,
        now: Timestamp,
    ) -> Result<Option<AccountName>, Box<Report>> {
        if visitor.account.alias().is_none() {
            return Ok(None);
        }
        match (self.open_store)().and_then(|mut store| self.read(&mut *store, visitor.account)) {
            Ok(snapshot) => {
                let is_fresh = snapshot.fresh_alias(now).is_some();
                let owner = snapshot.account.filter(|_| is_fresh);
                Ok(owner.map(|owner| owner.name))
            }
            Err(error) => {
                let judgement = self.judge(visitor);
                if judgement.mode == Mode::Observe {
                    return Ok(None);
                }
                let failure = Failure::from(error);
                Err(Box::new(
                    self.unavailable(visitor, &judgement, now, failure),
                ))
            }
        }
    }

    fn gate_of_account(&mut self, visitor: Visitor<'_>, now: Timestamp) -> Result<bool, Failure> {
        let snapshot = (self.open_store)()?.read(visitor.account, None)?;
        let judgement = self.judge_known(visitor, &snapshot);
        if is_closed(&snapshot, now) || judgement.denies() {
            return Ok(false);
        }
        let nothing = decide::is_left_to_password(&self.site.config, &snapshot, now);
        Ok(judgement.accepts(Means::Password) || nothing)
    }

    /// The `account` phase: denied by the rule, locked or expired. `None`: nothing stands against it.
    /// Where `auth` has accepted the account a moment ago, it is not looked up again.
    pub fn account(
        &mut self,
        visitor: Visitor<'_>,
        earlier: Earlier,
        now: Timestamp,
    ) -> Option<Report> {
        let judgement = self.judge(visitor);
        if judgement.exempt {
            return None;
        }
        if earlier == Earlier::WouldRefuse && judgement.mode == Mode::Observe {
            self.tell_of_unenrolled(visitor, &judgement, now);
        }
        let (answer, result, reason, problem) = if judgement.denies() {
            (Answer::Deny, Verdict::Denied, Reason::Rule, None)
        } else if earlier == Earlier::Accepted {
            return None;
        } else {
            match (self.open_store)().and_then(|mut store| Ok(store.read(visitor.account, None)?)) {
                Ok(snapshot) if is_closed(&snapshot, now) => {
                    (Answer::Deny, Verdict::Denied, Reason::Closed, None)
                }
                Ok(snapshot) if self.judge_known(visitor, &snapshot).denies() => {
                    (Answer::Deny, Verdict::Denied, Reason::Rule, None)
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
        self.note(visitor.account, &event);
        Some(Report {
            problem,
            ..Report::new(answer, event)
        })
    }

    /// Observe mode: who is in this phase is in, by the word of the whole stack; so it is no stranger's name
    /// that is kept. Whose account is known is in the log already. Where it cannot be written, the login
    /// goes on.
    fn tell_of_unenrolled(&mut self, visitor: Visitor<'_>, judgement: &Judgement, now: Timestamp) {
        let ruling = decide::by_rule(judgement);
        let (would, reason) = ruling.map_or((Verdict::Refused, Reason::NotEnrolled), |ruling| {
            (ruling.result, ruling.reason)
        });
        let event = Event {
            would: Some(would),
            ..self.event(visitor, judgement, now, Verdict::Passed, reason)
        };
        let _ = (self.open_store)().and_then(|mut store| Ok(store.tell_of_unenrolled(&event)?));
    }
}

fn is_closed(snapshot: &Snapshot, now: Timestamp) -> bool {
    snapshot
        .account
        .as_ref()
        .is_some_and(|account| account.is_closed(now))
}
