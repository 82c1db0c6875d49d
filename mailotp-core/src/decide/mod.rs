//! The decision: what a login is worth. Pure, and in this order:
//!
//! ```text
//! form → rule → window → budget, charge → compare → settle
//! ```
//!
//! [`by_rule`] judges what needs no store, [`by_form`] what needs no comparison, [`by_window`] what
//! a window answers, [`by_code`] the rest. The charge between the last two, and the settlement after
//! them, belong to [`crate::authenticate`].

mod compare;
mod ruling;

use zeroize::Zeroizing;

use crate::account::{Credential, Snapshot, State};
use crate::audit::{Reason, Verdict};
use crate::clock::Timestamp;
use crate::config::{Config, Enrolment, Judgement};
use crate::crypto::{KeyRing, Tag, TagPurpose};
use crate::id::CredentialId;
use crate::request::{AppPassword, Readings, Remote, Request, Split, Typed};
use crate::rule::Means;
use crate::window::{self, Binding, CLOCK_TOLERANCE, WindowKey};

pub use compare::{DecideError, by_code};
use ruling::ruling;
pub use ruling::{Answer, Handover, Ruling};

/// Everything that a decision looks at.
pub struct Case<'a> {
    /// What is asked.
    pub request: &'a Request,
    /// What the rules say.
    pub judgement: &'a Judgement,
    /// The configuration.
    pub config: &'a Config,
    /// The keys.
    pub keys: &'a KeyRing,
    /// What the store knows.
    pub snapshot: &'a Snapshot,
    /// When.
    pub now: Timestamp,
}

/// A code at the end of what was typed, where the rule has a use for it.
pub struct Candidate<'a> {
    split: Split<'a>,
    is_sheet: bool,
    /// Whether the part before it is a password for the next module.
    with_password: bool,
}

/// What is left to be compared.
pub enum Pending<'a> {
    /// An app password: outside of all budgets.
    AppPassword(AppPassword),
    /// Codes, or a text that is none where only codes would do.
    Codes(Vec<Candidate<'a>>),
}

/// Judges by the rule alone, before any store is opened: what it denies, and who is never judged.
pub fn by_rule<'a>(judgement: &Judgement) -> Option<Ruling<'a>> {
    if judgement.exempt {
        return Some(ruling(
            Answer::PassOn(Handover::Whole),
            Verdict::Passed,
            Reason::Exempt,
        ));
    }
    match &judgement.accept {
        None => Some(ruling(Answer::Deny, Verdict::Denied, Reason::NoRule)),
        Some(accept) if accept.0.is_empty() => {
            Some(ruling(Answer::Deny, Verdict::Denied, Reason::Rule))
        }
        Some(_) => None,
    }
}

/// Judges by account and form, as far as nothing need be compared.
pub fn by_form<'a>(case: &Case<'a>) -> Result<Ruling<'a>, Pending<'a>> {
    if case
        .snapshot
        .account
        .as_ref()
        .is_some_and(|account| account.is_closed(case.now))
    {
        return Ok(case.refuse(Reason::Closed));
    }
    let typed = case.request.secret.read(case.digits());
    if matches!(typed, Typed::Question) {
        return Ok(case.refuse(Reason::Question));
    }
    if case.may_skip() {
        return Ok(case.pass(Reason::NotEnrolled));
    }
    match typed {
        Typed::Question => Ok(case.refuse(Reason::Question)),
        Typed::AppPassword(password) if case.accepts(Means::AppPassword) => {
            Err(Pending::AppPassword(password))
        }
        Typed::Mistyped if case.accepts(Means::AppPassword) => Ok(case.no_match(Reason::Mistyped)),
        Typed::AppPassword(_) | Typed::Mistyped => Ok(case.no_match(Reason::NotAccepted)),
        Typed::Text(readings) => {
            let candidates = case.candidates(readings);
            if !candidates.is_empty() || (case.takes_codes() && !case.accepts(Means::Password)) {
                Err(Pending::Codes(candidates))
            } else {
                Ok(case.no_match(Reason::NotAccepted))
            }
        }
    }
}

/// Judges by the windows that are open: no hash, nothing charged, nothing used up.
pub fn by_window<'a>(case: &Case<'a>, candidates: &[Candidate<'a>]) -> Option<Ruling<'a>> {
    if case.clock_is_behind() {
        return None;
    }
    candidates.iter().find_map(|candidate| {
        let key = case.window_key(candidate)?;
        let windows = &case.snapshot.windows;
        let window = window::find(
            windows,
            &key,
            case.judgement.grace,
            case.config.grace,
            case.now,
        )?;
        let credential = case.credential(&window.credential)?;
        // Judged again by state, scope and expiry; that its codes are all spent does not matter.
        let good = credential.state == State::Live
            && case.reaches(credential)
            && credential.scope.expires.is_none_or(|end| case.now < end);
        good.then(|| Ruling {
            credential: Some(credential),
            touch: window
                .wants_touch(case.config.grace, case.now)
                .then_some(window),
            ..case.enter(candidate, Verdict::Continued, Reason::Window)
        })
    })
}

impl<'a> Case<'a> {
    /// The ways in which a text may end in a code that the rule has a use for.
    fn candidates(&self, readings: Readings<'a>) -> Vec<Candidate<'a>> {
        [(readings.sheet, true), (readings.digits, false)]
            .into_iter()
            .filter_map(|(split, is_sheet)| {
                let split = split?;
                let alone = self.accepts(Means::Otp) && split.is_bare();
                let with_password = self.accepts(Means::PasswordOtp) && !split.prefix.is_empty();
                (alone || with_password).then_some(Candidate {
                    split,
                    is_sheet,
                    with_password: !alone,
                })
            })
            .collect()
    }

    fn window_key(&self, candidate: &Candidate<'a>) -> Option<WindowKey> {
        let account = self.snapshot.account.as_ref()?;
        let place = self.request.remote;
        let bound = match self.judgement.grace {
            Binding::Off => false,
            Binding::Secret => true,
            Binding::Address => place != Remote::Unknown,
        };
        bound.then(|| WindowKey {
            tag: self.keys.tag(
                TagPurpose::Window,
                &[&account.id.0.to_be_bytes(), candidate.split.code.as_bytes()],
            ),
            group: self.judgement.group.clone(),
            network: place.network(),
            policy: policy(self.config, self.keys),
        })
    }

    fn credential(&self, id: &CredentialId) -> Option<&'a Credential> {
        self.snapshot
            .credentials
            .iter()
            .find(|credential| credential.id == *id)
    }

    fn reaches(&self, credential: &Credential) -> bool {
        let (request, group) = (self.request, &self.judgement.group);
        credential
            .scope
            .reaches(&request.service, group, request.remote)
    }

    /// How long this account's digit codes are.
    fn digits(&self) -> usize {
        self.snapshot
            .digits()
            .unwrap_or(self.config.digits as usize)
    }

    fn accepts(&self, means: Means) -> bool {
        self.judgement.accepts(means)
    }

    fn takes_codes(&self) -> bool {
        self.judgement.takes_codes()
    }

    /// Whether an account with nothing live is left to the next module.
    pub fn may_skip(&self) -> bool {
        self.config.enrolment == Enrolment::Optional && !self.snapshot.is_enrolled(self.now)
    }

    /// A clock that far behind was set back: it must not open windows or turn TOTP back.
    pub fn clock_is_behind(&self) -> bool {
        self.now.plus(CLOCK_TOLERANCE) < self.snapshot.newest
    }
}

/// The rules under which a window is opened: a change of any word of the configuration, or of the
/// key, closes it.
pub fn policy(config: &Config, keys: &KeyRing) -> Tag {
    keys.tag(TagPurpose::Window, &[b"rules", config.text.as_bytes()])
}

impl Pending<'_> {
    /// Whether a wrong answer could have been a wrong digit code.
    pub fn may_be_digits(&self) -> bool {
        matches!(self, Pending::Codes(candidates) if candidates.iter().any(|candidate| !candidate.is_sheet))
    }

    /// What was guessed, folded: a blank more makes it no other guess.
    pub fn guess(&self, request: &Request) -> Zeroizing<Vec<u8>> {
        let folded = match self {
            Pending::Codes(candidates) => candidates.first(),
            Pending::AppPassword(_) => None,
        };
        Zeroizing::new(match folded {
            Some(candidate) if candidate.with_password => {
                [candidate.split.prefix, candidate.split.code.as_bytes()].concat()
            }
            Some(candidate) => candidate.split.code.as_bytes().to_vec(),
            None => request.secret.bytes().to_vec(),
        })
    }
}
