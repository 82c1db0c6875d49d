//! What is said before an answer is typed.

use super::report::Report;
use super::{Door, Visitor};
use crate::account::Snapshot;
use crate::audit::{Reason, Verdict};
use crate::clock::Timestamp;
use crate::decide::{self, Answer, Handover};
use crate::prompt::{self, Place};
use crate::request::AccountName;
use crate::rule::{Accept, Means, Mode};

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
            let read = (self.open_store)().and_then(|mut store| {
                let snapshot = self.read(&mut *store, visitor.account)?;
                if let Some(keep) = &mut self.keep_store {
                    keep(store);
                }
                Ok(snapshot)
            });
            match read {
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

    /// The prompt for [`Door::prove`]: what is due, of an account whose user asks.
    pub fn challenge(&mut self, account: &AccountName, now: Timestamp) -> String {
        let snapshot = (self.open_store)()
            .and_then(|mut store| self.read(&mut *store, account))
            .unwrap_or_default();
        let real = prompt::due(&snapshot, None, now);
        prompt::text(&real, &Accept([Means::Otp].into()))
    }
}
