//! What is told: to the host, and to the log.

use super::Visitor;
use crate::account::Credential;
use crate::audit::{Event, Reason, Verdict};
use crate::clock::Timestamp;
use crate::config::{Config, Judgement};
use crate::decide::{Answer, DecideError, Handover};
use crate::request::AccountName;
use crate::rule::Mode;
use crate::site::SiteError;
use crate::store::StoreError;

/// What became of a login.
#[must_use]
pub struct Report {
    /// What the host is told.
    pub answer: Answer,
    /// For syslog. The store has it already, if it is one that a store keeps.
    pub event: Event,
    /// What went wrong, in words for an administrator.
    pub problem: Option<String>,
    /// The account that an alias stands for: the host should know it by this name from now on.
    pub user: Option<AccountName>,
    /// The credential runs out.
    pub low: Option<Low>,
}

/// A credential that runs out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Low {
    /// How many codes are left after this login.
    pub left: u32,
}

impl Low {
    /// What a credential comes to, once a code of it is spent.
    pub(super) fn after(credential: &Credential) -> Option<Low> {
        let left = credential.left()?.saturating_sub(1);
        credential.would_be_low(left).then_some(Low { left })
    }
}

impl Report {
    pub(super) fn new(answer: Answer, event: Event) -> Report {
        Report {
            answer,
            event,
            problem: None,
            user: None,
            low: None,
        }
    }
}

/// A failure on the way, and where.
pub(super) struct Failure {
    pub reason: Reason,
    pub problem: String,
}

impl Failure {
    pub(super) fn of_store(why: impl std::fmt::Display) -> Failure {
        Failure {
            reason: Reason::Store,
            problem: why.to_string(),
        }
    }
}

impl From<DecideError> for Failure {
    fn from(error: DecideError) -> Failure {
        match &error {
            DecideError::Sealed(_, why) => {
                Failure::of_store(format_args!("{error}. {}", why.remedy()))
            }
            _ => Failure::of_store(error),
        }
    }
}

impl From<SiteError> for Failure {
    fn from(error: SiteError) -> Failure {
        Failure {
            reason: Reason::Store,
            problem: format!("{error}. {}", error.remedy()),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        SiteError::from(error).into()
    }
}

/// An event about a visitor.
pub(super) fn event(
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
        problem: Some(format!("{error}. {}", error.remedy())),
        ..Report::new(answer, event)
    }
}

/// Observe mode: what would be a refusal or an error is left to the next module, and the event says
/// what it would have been.
pub(super) fn observed(judgement: &Judgement, answer: Answer, event: Event) -> (Answer, Event) {
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
