//! What a decision says.

use zeroize::Zeroizing;

use super::{Case, Parts};
use crate::account::{Credential, Use};
use crate::audit::{Reason, Verdict};
use crate::credential::Response;
use crate::rule::Means;
use crate::window::{Window, WindowKey};

/// What the host is told.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Let in.
    Accept,
    /// Leave it to the next module.
    PassOn(Handover),
    /// The secret does not do.
    Refuse,
    /// The rule does not allow it.
    Deny,
    /// No guesses left.
    Throttle,
    /// Something that must work does not.
    Unavailable,
}

/// What the next module finds as the password.
#[derive(Clone, PartialEq, Eq)]
pub enum Handover {
    /// What was typed.
    Whole,
    /// The part before the code.
    Prefix(Zeroizing<Vec<u8>>),
    /// Whatever is there already.
    Untouched,
}

impl std::fmt::Debug for Handover {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

/// A decision, and what it rests on.
#[must_use]
#[derive(Debug)]
pub struct Ruling<'a> {
    /// What the host is told.
    pub answer: Answer,
    /// For the log.
    pub result: Verdict,
    /// For the log.
    pub reason: Reason,
    /// The credential that decided.
    pub credential: Option<&'a Credential>,
    /// What must be used up for it.
    pub consume: Option<Use>,
    /// The response that is the last accepted one of its sequence with that.
    pub renewed: Option<Response>,
    /// A right HOTP code that is too far ahead: the counter that would resynchronise.
    pub ahead: Option<u64>,
    /// The credential is a sheet that is revoked by this.
    pub kills: bool,
    /// The code was right, and chance does not find it; so it is the PIN before it that was judged.
    pub judges_pin: bool,
    /// What a window opened by it would bind.
    pub window: Option<WindowKey>,
    /// The window that answered.
    pub inside: Option<&'a Window>,
}

pub(super) fn ruling<'a>(answer: Answer, result: Verdict, reason: Reason) -> Ruling<'a> {
    Ruling {
        answer,
        result,
        reason,
        credential: None,
        consume: None,
        renewed: None,
        ahead: None,
        kills: false,
        judges_pin: false,
        window: None,
        inside: None,
    }
}

impl<'a> Case<'a> {
    pub(super) fn pass(&self, reason: Reason) -> Ruling<'a> {
        ruling(Answer::PassOn(Handover::Whole), Verdict::Passed, reason)
    }

    pub(super) fn refuse(&self, reason: Reason) -> Ruling<'a> {
        ruling(Answer::Refuse, Verdict::Refused, reason)
    }

    /// No guesses are left.
    pub fn throttle(&self) -> Ruling<'a> {
        ruling(Answer::Throttle, Verdict::Throttled, Reason::Budget)
    }

    /// No guesses at the PIN are left: the right one is as good as a wrong one.
    pub fn closed_pin(&self, ruling: Ruling<'a>) -> Ruling<'a> {
        Ruling {
            credential: ruling.credential,
            ..self.no_match(Reason::Budget)
        }
    }

    /// Nothing that was typed is an accepted right secret: where the rule accepts the main password,
    /// it may be that.
    pub fn no_match(&self, reason: Reason) -> Ruling<'a> {
        if self.accepts(Means::Password) {
            self.pass(Reason::Password)
        } else {
            self.refuse(reason)
        }
    }

    pub(super) fn enter(&self, parts: &Parts<'_>, result: Verdict, reason: Reason) -> Ruling<'a> {
        let Some(password) = parts.password else {
            return ruling(Answer::Accept, result, reason);
        };
        let prefix = Zeroizing::new(password.to_vec());
        let reason = if reason == Reason::Code {
            Reason::CodeAndPassword
        } else {
            reason
        };
        ruling(Answer::PassOn(Handover::Prefix(prefix)), result, reason)
    }
}
