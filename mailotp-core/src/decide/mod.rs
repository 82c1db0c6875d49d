//! The decision: what a login is worth. Pure, and in this order:
//!
//! ```text
//! form → rule → window → budget, charge → compare → settle
//! ```
//!
//! [`by_rule`] judges what needs no store, [`by_form`] what needs no comparison, [`by_window`] what
//! a window answers, [`by_code`] the rest. The charge between the last two, that for a look into windows
//! whose code chance may find, and the settlement after them belong to [`crate::authenticate`].

mod compare;
mod pin;
mod ruling;
mod windows;

use crate::account::{Credential, Snapshot, State};
use crate::audit::{Reason, Verdict};
use crate::clock::Timestamp;
use crate::config::{Config, Enrolment, Judgement};
use crate::credential::oath::DIGITS;
use crate::crypto::{KeyRing, Tag, TagPurpose};
use crate::request::{
    AccountName, AppPassword, Form, KillCode, Pin, Reading, Remote, Request, Secret, Service,
    Typed, is_blank,
};
use crate::rule::{Means, Question};
use crate::window::{CLOCK_TOLERANCE, Window};

pub use compare::{DecideError, by_code};
use ruling::ruling;
pub use ruling::{Answer, Handover, Ruling};
pub use windows::{AtRisk, at_risk, by_window, policy};

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
    /// Whether a PIN may stand before a digit code of any length.
    digits_may_hold_pin: bool,
}

/// What all rules say of a login: the administrator's, narrowed by those that the account has made for
/// itself.
pub fn judge(
    config: &Config,
    snapshot: &Snapshot,
    account: &AccountName,
    service: &Service,
    remote: Remote,
) -> Judgement {
    let question = Question {
        account,
        service,
        group: config.group_of(service.as_str()),
        remote,
    };
    let own = snapshot
        .rules
        .iter()
        .map(|own| (own.id.as_str(), &own.rule));
    let judgement =
        config
            .judge(account, service, remote)
            .narrowed(own, &question, config.may_exempt);
    if snapshot.alias.is_some() {
        judgement.under_alias()
    } else {
        judgement
    }
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
        Typed::Text(readings) => {
            let candidates: Vec<Candidate<'a>> = readings
                .into_iter()
                .filter(|reading| case.has_use_for(reading))
                .map(Candidate)
                .collect();
            let may_be_digits = case.digit_codes().next().is_some();
            let digits_may_hold_pin = case.digit_codes().any(|code| case.may_hold_pin(&code));
            let guess = Guess {
                may_be_digits,
                digits_may_hold_pin,
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

/// Whether this is a guess, and judging it takes no time: no hash is computed that is expensive on purpose. It depends on
/// the form alone, and on whether anybody at the site has a PIN.
pub fn is_quick_guess(case: &Case<'_>) -> bool {
    let Err(Pending::Codes(guess)) = by_form(case) else {
        return false;
    };
    let is_hashed = |Candidate(reading): &Candidate<'_>| {
        matches!(reading.form, Form::Sheet) || case.may_hold_pin(reading)
    };
    !guess.digits_may_hold_pin && !guess.candidates.iter().any(is_hashed)
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

impl<'a> Case<'a> {
    /// Whether the rule has a use for a code with this before it, for whichever account.
    fn has_use_for(&self, reading: &Reading<'_>) -> bool {
        let alone = self.accepts(Means::Otp) && (reading.is_bare() || self.may_hold_pin(reading));
        alone || (self.accepts(Means::PasswordOtp) && !reading.before.is_empty())
    }

    /// Whether what stands before the code may be a PIN, for whichever account.
    fn may_hold_pin(&self, reading: &Reading<'_>) -> bool {
        self.snapshot.pins_in_use && Pin::may_end(reading.before)
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

    /// The digit codes that what was typed could be for somebody, of whatever length theirs are.
    fn digit_codes(&self) -> impl Iterator<Item = Reading<'_>> {
        digit_codes(&self.request.secret).filter(|reading| self.has_use_for(reading))
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
        clock_is_behind(self.snapshot, self.now)
    }
}

/// Whether the clock stands so far behind the newest event that it was set back.
pub fn clock_is_behind(snapshot: &Snapshot, now: Timestamp) -> bool {
    now.plus(CLOCK_TOLERANCE) < snapshot.newest
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

/// The digit codes that a text may end in, of every length.
fn digit_codes(secret: &Secret) -> impl Iterator<Item = Reading<'_>> {
    DIGITS.filter_map(|digits| secret.digit_code(digits as usize))
}

impl<'a> Guess<'a> {
    /// What of it chance does not find, where anything is: a budget for digits that strangers have used
    /// up keeps nobody from a sheet or a sequence.
    pub fn beyond_chance(self) -> Option<Guess<'a>> {
        let candidates: Vec<Candidate<'a>> = self
            .candidates
            .into_iter()
            .filter(|candidate| !matches!(candidate.0.form, Form::Digits))
            .collect();
        (self.may_be_digits && !candidates.is_empty()).then_some(Guess {
            candidates,
            may_be_digits: false,
            digits_may_hold_pin: false,
        })
    }

    /// What was guessed, all of it and folded: a blank more around a code makes it no other guess, and
    /// one that was charged as less answers for none that may be more.
    pub fn tag(&self, request: &Request, keys: &KeyRing) -> Tag {
        let class = [u8::from(self.may_be_digits)];
        let name = request.account.as_str().as_bytes();
        let mut parts: Vec<&[u8]> = vec![name, &class];
        // Of digit codes those of every length: guesses cost the same, whatever the account's own have.
        let digits: Vec<Reading<'_>> = if self.may_be_digits {
            digit_codes(&request.secret).collect()
        } else {
            Vec::new()
        };
        let others = self.candidates.iter().map(|Candidate(reading)| reading);
        let others = others.filter(|reading| !matches!(reading.form, Form::Digits));
        for reading in others.chain(&digits) {
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
        if parts.len() == 2 {
            parts.push(request.secret.bytes());
        }
        keys.tag(TagPurpose::Guess, &parts)
    }
}
