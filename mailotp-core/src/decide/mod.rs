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
mod pin;
mod ruling;

use crate::account::{Credential, Snapshot, State};
use crate::audit::{Reason, Verdict};
use crate::clock::Timestamp;
use crate::config::{Config, Enrolment, Judgement};
use crate::credential::oath::DIGITS;
use crate::crypto::{KeyRing, Tag, TagPurpose};
use crate::request::{
    AliasName, AppPassword, Form, KillCode, Pin, Reading, Remote, Request, Typed, is_blank,
};
use crate::rule::Means;
use crate::window::{self, Binding, CLOCK_TOLERANCE, Window, WindowKey};

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
pub struct Candidate<'a>(Reading<'a>);

/// What stands before a code, for an account.
struct Parts<'a> {
    /// The PIN, where one belongs there.
    pin: Option<Pin>,
    /// The password for the next module.
    password: Option<&'a [u8]>,
}

/// What is left to be compared.
pub enum Pending<'a> {
    /// An app password: outside of all budgets.
    AppPassword(AppPassword),
    /// Codes, or a text that is none where only codes would do.
    Codes(Guess<'a>),
}

/// A text that may be a code.
pub struct Guess<'a> {
    /// The codes that it may end in.
    pub candidates: Vec<Candidate<'a>>,
    /// Whether it may be a digit code of any length, this account's or not: guesses cost the same
    /// whatever an account has.
    pub may_be_digits: bool,
    /// Whether a PIN may stand before one of them.
    pub may_be_pin: bool,
    /// The budget for PINs is used up: the right one is as good as a wrong one.
    pub pin_closed: bool,
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
    let typed = case.request.secret.read(case.digits());
    match typed {
        Typed::Question => Ok(case.refuse(Reason::Question)),
        _ if is_left_to_password(case.config, case.snapshot, case.now) => {
            Ok(case.pass(Reason::NotEnrolled))
        }
        Typed::AppPassword(password) if case.accepts(Means::AppPassword) => {
            Err(Pending::AppPassword(password))
        }
        Typed::Mistyped if case.accepts(Means::AppPassword) => Ok(case.no_match(Reason::Mistyped)),
        Typed::AppPassword(_) | Typed::Mistyped => Ok(case.no_match(Reason::NotAccepted)),
        // One that kills a sheet does not come here: see `by_kill_code`.
        Typed::Kill(_) => Ok(case.no_match(Reason::Wrong)),
        Typed::Text(readings) => {
            let candidates: Vec<Candidate<'a>> = readings
                .into_iter()
                .filter(|reading| case.has_use_for(reading))
                .map(Candidate)
                .collect();
            let guess = Guess {
                may_be_digits: case.may_be_digits(),
                may_be_pin: candidates.iter().any(|one| case.may_hold_pin(&one.0)),
                pin_closed: false,
                candidates,
            };
            let is_code = !guess.candidates.is_empty() || guess.may_be_digits;
            if is_code || (case.takes_codes() && !case.accepts(Means::Password)) {
                Err(Pending::Codes(guess))
            } else {
                Ok(case.no_match(Reason::NotAccepted))
            }
        }
    }
}

/// Judges a sheet's kill code. It counts whatever the rule says; the answer is what a wrong code gets.
pub fn by_kill_code<'a>(
    case: &Case<'a>,
    code: &KillCode,
) -> Result<Option<Ruling<'a>>, DecideError> {
    let Some(sheet) = case.killed_by(code)? else {
        return Ok(None);
    };
    let refusal = by_rule(case.judgement).unwrap_or_else(|| case.no_match(Reason::Killed));
    Ok(Some(Ruling {
        reason: Reason::Killed,
        credential: Some(sheet),
        kills: true,
        ..refusal
    }))
}

/// Judges by the windows that are open: no hash, nothing charged, nothing used up.
pub fn by_window<'a>(case: &Case<'a>, candidates: &[Candidate<'a>]) -> Option<Ruling<'a>> {
    if case.clock_is_behind() || case.is_closed() {
        return None;
    }
    candidates.iter().find_map(|candidate| {
        let parts = case.parts(&candidate.0)?;
        let key = case.window_key(candidate, &parts)?;
        let windows = &case.snapshot.windows;
        let window = window::find(
            windows,
            &key,
            case.judgement.grace,
            case.config.grace,
            case.now,
        )?;
        let credential = case.snapshot.credential(&window.credential)?;
        // Judged again by state, scope and expiry; that its codes are all spent does not matter.
        let good = credential.state == State::Live
            && case.reaches(credential)
            && credential.scope.expires.is_none_or(|end| case.now < end);
        good.then(|| Ruling {
            credential: Some(credential),
            touch: window
                .wants_touch(case.config.grace, case.now)
                .then_some(window),
            ..case.enter(&parts, Verdict::Continued, Reason::Window)
        })
    })
}

/// Whether a window answers for what was typed.
pub fn continues(case: &Case<'_>) -> bool {
    match by_form(case) {
        Err(Pending::Codes(guess)) => by_window(case, &guess.candidates).is_some(),
        _ => false,
    }
}

impl<'a> Case<'a> {
    /// Whether the rule has a use for a code with this before it, for whichever account.
    fn has_use_for(&self, reading: &Reading<'_>) -> bool {
        let alone = self.accepts(Means::Otp) && (reading.is_bare() || self.snapshot.pins_in_use);
        alone || (self.accepts(Means::PasswordOtp) && !reading.before.is_empty())
    }

    /// Whether what stands before the code may be a PIN, for whichever account.
    fn may_hold_pin(&self, reading: &Reading<'_>) -> bool {
        self.snapshot.pins_in_use && !reading.is_bare()
    }

    /// What stands before a code, read for this account; `None`: it makes the code good for nothing,
    /// since a PIN is missing, or since there is something that the rule has no use for.
    fn parts<'r>(&self, reading: &Reading<'r>) -> Option<Parts<'r>> {
        let (rest, pin) = match self.snapshot.pin() {
            None => (reading.before, None),
            Some((_, pin)) => {
                let (rest, typed) = Pin::split(reading.before, pin.length)?;
                (rest, Some(typed))
            }
        };
        // Blanks and dashes that were typed around a code are not a password.
        if self.accepts(Means::Otp) && is_blank(rest) {
            return Some(Parts {
                pin,
                password: None,
            });
        }
        (self.accepts(Means::PasswordOtp) && !rest.is_empty()).then_some(Parts {
            pin,
            password: Some(rest),
        })
    }

    /// Whether what was typed could be somebody's digit code, of whatever length theirs are.
    fn may_be_digits(&self) -> bool {
        DIGITS.into_iter().any(|digits| {
            let reading = self.request.secret.digit_code(digits as usize);
            reading.is_some_and(|reading| self.has_use_for(&reading))
        })
    }

    /// A closed account is refused last: all the work of a login was done for it, so that its time
    /// tells nothing.
    pub fn unless_closed(&self, ruling: Ruling<'a>) -> Ruling<'a> {
        if self.is_closed() {
            self.refuse(Reason::Closed)
        } else {
            ruling
        }
    }

    /// Whether the account is locked or has expired.
    pub fn is_closed(&self) -> bool {
        let account = self.snapshot.account.as_ref();
        account.is_some_and(|account| account.is_closed(self.now))
    }

    fn window_key(&self, candidate: &Candidate<'_>, parts: &Parts<'_>) -> Option<WindowKey> {
        let account = self.snapshot.account.as_ref()?;
        let place = self.request.remote;
        let bound = match self.judgement.grace {
            Binding::Off => false,
            Binding::Secret => true,
            Binding::Address => place != Remote::Unknown,
        };
        // The PIN belongs to the code, and an alias lives as long as the window that it has opened.
        let alias = self.request.alias.as_ref().map_or("", AliasName::as_str);
        let pin = parts.pin.as_ref().map_or("", Pin::text);
        bound.then(|| WindowKey {
            tag: self.keys.tag(
                TagPurpose::Window,
                &[
                    &account.id.0.to_be_bytes(),
                    alias.as_bytes(),
                    pin.as_bytes(),
                    candidate.0.code.as_bytes(),
                ],
            ),
            group: self.judgement.group.clone(),
            network: place.network(),
            policy: policy(self.config, self.keys),
        })
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

    /// A clock that far behind was set back: it must not open windows or turn TOTP back.
    pub fn clock_is_behind(&self) -> bool {
        self.now.plus(CLOCK_TOLERANCE) < self.snapshot.newest
    }
}

/// The rules under which a window is opened: a change of any word of the configuration, or of the
/// key, closes it.
pub fn policy(config: &Config, keys: &KeyRing) -> Tag {
    keys.tag(TagPurpose::Window, &[b"rules", config.fingerprint()])
}

/// Whether enrolment is optional and the account has nothing. Who works in a window that the last
/// code has opened has something.
pub fn is_left_to_password(config: &Config, snapshot: &Snapshot, now: Timestamp) -> bool {
    let is_open = |window: &Window| {
        let credential = snapshot.credential(&window.credential);
        credential.is_some_and(|credential| credential.state == State::Live)
            && window.is_open(config.grace, now)
    };
    config.enrolment == Enrolment::Optional
        && !snapshot.is_enrolled(now)
        && !snapshot.windows.iter().any(is_open)
}

impl<'a> Guess<'a> {
    /// Whether chance may find it: of digits and PINs there are few.
    pub fn is_guessable(&self) -> bool {
        self.may_be_digits || self.may_be_pin
    }

    /// What of it chance does not find, where anything is: a budget for digits and PINs that strangers
    /// have used up keeps nobody from a sheet or a sequence without a PIN.
    pub fn beyond_chance(self) -> Option<Guess<'a>> {
        let was_guessable = self.is_guessable();
        let candidates: Vec<Candidate<'a>> = self
            .candidates
            .into_iter()
            .filter(|candidate| !matches!(candidate.0.form, Form::Digits))
            .collect();
        (was_guessable && !candidates.is_empty()).then_some(Guess {
            candidates,
            may_be_digits: false,
            may_be_pin: false,
            pin_closed: true,
        })
    }

    /// What was guessed, all of it and folded: a blank more around a code makes it no other guess, and
    /// one that was charged as less answers for none that may be more.
    pub fn tag(&self, request: &Request, keys: &KeyRing) -> Tag {
        let class = [u8::from(self.may_be_digits), u8::from(self.may_be_pin)];
        let mut parts: Vec<&[u8]> = vec![request.account.as_str().as_bytes(), &class];
        for Candidate(reading) in &self.candidates {
            let before = if reading.is_bare() {
                &[]
            } else {
                reading.before
            };
            let form: &[u8] = match reading.form {
                Form::Sheet => b"sheet",
                Form::Digits => b"digits",
                Form::Response(_) | Form::Words => b"response",
            };
            parts.extend([form, before, reading.code.as_bytes()]);
        }
        if self.candidates.is_empty() {
            parts.push(request.secret.bytes());
        }
        keys.tag(TagPurpose::Guess, &parts)
    }
}
