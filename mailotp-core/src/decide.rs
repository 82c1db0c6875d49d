//! The decision: what a login is worth. Pure, and in this order:
//!
//! ```text
//! form → rule → window → budget, charge → compare → settle
//! ```
//!
//! [`by_rule`] judges what needs no store, [`by_form`] what needs no comparison, [`by_window`] what
//! a window answers, [`by_code`] the rest. The charge between the last two, and the settlement after
//! them, belong to [`crate::authenticate`].

use zeroize::Zeroizing;

use crate::account::{Consumption, Credential, Kind, Snapshot, State, Use};
use crate::audit::{Reason, Verdict};
use crate::clock::Timestamp;
use crate::config::{Config, Enrolment, Judgement};
use crate::credential::{Circumstances, Code, Malformed, Match, judge_of};
use crate::crypto::{
    Arena, CodeHash, HashError, KeyRing, SealContext, SealError, Tag, TagPurpose, hash_code,
};
use crate::request::{AppPassword, Readings, Request, Split, Typed};
use crate::rule::Means;
use crate::window::{self, Binding, CLOCK_TOLERANCE, Window, WindowKey};

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
    pub consume: Option<Consumption>,
    /// What a window opened by it would bind.
    pub window: Option<WindowKey>,
    /// The window that answered, where its idle limit should move.
    pub touch: Option<&'a Window>,
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

/// A decision that the store's or the ring's state prevents.
#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    /// A credential does not open.
    #[error("credential {0}: {1}")]
    Sealed(String, SealError),
    /// A credential opens, and holds nonsense.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// No hash.
    #[error(transparent)]
    Hash(#[from] HashError),
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

/// Judges by comparing. What is computed depends on the form alone: for a sheet code one hash,
/// whether or not there is an account, and whatever it has.
pub fn by_code<'a>(
    case: &Case<'a>,
    pending: &Pending<'a>,
    arena: &mut dyn Arena,
) -> Result<Ruling<'a>, DecideError> {
    let (candidates, app_password) = match pending {
        Pending::AppPassword(password) => (&[][..], Some(password)),
        Pending::Codes(candidates) => (&candidates[..], None),
    };
    let mut best = Finding::Nothing;
    if let Some(password) = app_password {
        best = case.find(&Code::AppPassword(password), None)?;
    }
    for candidate in candidates {
        let code = if candidate.is_sheet {
            Code::Sheet(case.hash(&candidate.split.code, arena)?)
        } else {
            Code::Digits(&candidate.split.code)
        };
        best = best.or(case.find(&code, Some(candidate))?);
    }
    Ok(match best {
        Finding::Nothing => case.no_match(Reason::Wrong),
        Finding::Unfit(credential, reason) => Ruling {
            credential: Some(credential),
            ..case.no_match(reason)
        },
        Finding::Right(credential, what, candidate) => Ruling {
            credential: Some(credential),
            consume: Some(Consumption {
                credential: credential.id.clone(),
                what,
            }),
            window: candidate
                .and_then(|index| case.window_key(index))
                .filter(|_| !case.clock_is_behind()),
            ..match candidate {
                Some(candidate) => case.enter(candidate, Verdict::Accepted, Reason::Code),
                None => ruling(Answer::Accept, Verdict::Accepted, Reason::AppPassword),
            }
        },
    })
}

/// What the credentials of an account say of a code.
enum Finding<'a, 'c> {
    Nothing,
    Unfit(&'a Credential, Reason),
    Right(&'a Credential, Use, Option<&'c Candidate<'a>>),
}

impl Finding<'_, '_> {
    fn or(self, other: Self) -> Self {
        match (&self, &other) {
            (Finding::Right(..), _) | (Finding::Unfit(..), Finding::Nothing) => self,
            _ => other,
        }
    }
}

impl<'a> Case<'a> {
    fn find<'c>(
        &self,
        code: &Code<'_>,
        candidate: Option<&'c Candidate<'a>>,
    ) -> Result<Finding<'a, 'c>, DecideError> {
        let Some(account) = &self.snapshot.account else {
            return Ok(Finding::Nothing);
        };
        let circumstances = Circumstances {
            account,
            now: self.now,
            otp: &self.config.otp,
        };
        let mut best = Finding::Nothing;
        for credential in self
            .snapshot
            .credentials
            .iter()
            .filter(|credential| is_for(credential, code))
        {
            let context = SealContext {
                account: account.id,
                credential: &credential.id,
            };
            let opened = self
                .keys
                .open(&context, &credential.sealed)
                .map_err(|why| DecideError::Sealed(credential.id.to_string(), why))?;
            let finding = match judge_of(&credential.kind).judge(
                code,
                credential,
                &opened,
                &circumstances,
            )? {
                Match::No => Finding::Nothing,
                Match::Spent => Finding::Unfit(credential, self.spent(candidate)),
                Match::Right(what) => match self.unfit(credential) {
                    Some(reason) => Finding::Unfit(credential, reason),
                    None => Finding::Right(credential, what, candidate),
                },
            };
            best = best.or(finding);
        }
        Ok(best)
    }

    /// Why a credential is no good here and now, though its code is right.
    fn unfit(&self, credential: &Credential) -> Option<Reason> {
        match credential.state {
            State::Revoked => return Some(Reason::Revoked),
            State::Suspended => return Some(Reason::Suspended),
            State::Pending => return Some(Reason::Wrong),
            State::Live => {}
        }
        if !credential.scope.is_current(self.now) {
            return Some(Reason::Expired);
        }
        if !self.reaches(credential) {
            return Some(Reason::OutOfScope);
        }
        (matches!(credential.kind, Kind::Totp { .. }) && self.clock_is_behind())
            .then_some(Reason::Clock)
    }

    /// A spent code is a replay while a window that it has opened is open elsewhere.
    fn spent(&self, candidate: Option<&Candidate<'a>>) -> Reason {
        let open_elsewhere = |candidate: &Candidate<'a>| {
            self.window_key(candidate).is_some_and(|key| {
                window::find(
                    &self.snapshot.windows,
                    &key,
                    Binding::Secret,
                    self.config.grace,
                    self.now,
                )
                .is_some()
            })
        };
        if candidate.is_some_and(open_elsewhere) {
            Reason::Replay
        } else {
            Reason::Spent
        }
    }

    fn hash(&self, code: &str, arena: &mut dyn Arena) -> Result<CodeHash, HashError> {
        let salt = match &self.snapshot.account {
            Some(account) => account.salt,
            None => self.keys.tag(TagPurpose::Decoy, &[b"salt"]).0,
        };
        hash_code(code, &salt, arena)
    }

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
            Binding::Address => place != crate::request::Remote::Unknown,
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

    fn credential(&self, id: &crate::account::CredentialId) -> Option<&'a Credential> {
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

    fn pass(&self, reason: Reason) -> Ruling<'a> {
        ruling(Answer::PassOn(Handover::Whole), Verdict::Passed, reason)
    }

    fn refuse(&self, reason: Reason) -> Ruling<'a> {
        ruling(Answer::Refuse, Verdict::Refused, reason)
    }

    /// No guesses are left.
    pub fn throttle(&self) -> Ruling<'a> {
        ruling(Answer::Throttle, Verdict::Throttled, Reason::Budget)
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

    fn enter(&self, candidate: &Candidate<'a>, result: Verdict, reason: Reason) -> Ruling<'a> {
        if !candidate.with_password {
            return ruling(Answer::Accept, result, reason);
        }
        let prefix = Zeroizing::new(candidate.split.prefix.to_vec());
        let reason = if reason == Reason::Code {
            Reason::CodeAndPassword
        } else {
            reason
        };
        ruling(Answer::PassOn(Handover::Prefix(prefix)), result, reason)
    }
}

/// The rules under which a window is opened: a change of any word of the configuration, or of the
/// key, closes it.
pub fn policy(config: &Config, keys: &KeyRing) -> Tag {
    keys.tag(TagPurpose::Window, &[b"rules", config.text.as_bytes()])
}

fn ruling<'a>(answer: Answer, result: Verdict, reason: Reason) -> Ruling<'a> {
    Ruling {
        answer,
        result,
        reason,
        credential: None,
        consume: None,
        window: None,
        touch: None,
    }
}

/// Kinds that the code is not of are not compared. Of what was revoked only app passwords are, so
/// that the log can name the phone that was stolen.
fn is_for(credential: &Credential, code: &Code<'_>) -> bool {
    match (&credential.kind, code) {
        (Kind::Sheet { .. }, Code::Sheet(_)) | (Kind::Totp { .. }, Code::Digits(_)) => {
            credential.state != State::Revoked
        }
        (Kind::AppPassword { selector }, Code::AppPassword(typed)) => *selector == typed.selector(),
        _ => false,
    }
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
