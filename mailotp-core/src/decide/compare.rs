//! Comparing what was typed with what an account has.

use zeroize::Zeroizing;

use super::ruling::{Answer, Ruling, ruling};
use super::{Candidate, Case, Guess, Pending};
use crate::account::{Credential, Kind, State, Use};
use crate::audit::{Reason, Verdict};
use crate::credential::{Circumstances, Code, Malformed, Match, Response, judge_of, sheet};
use crate::crypto::{Arena, HashError, SealContext, SealError, hash_code};
use crate::request::{Form, KillCode};
use crate::window::{self, Binding};

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

/// Judges by comparing. What is hashed depends on the form alone: for a sheet code one hash, and one more
/// where a PIN may stand before a code, whether or not there is an account, and whatever it has.
pub fn by_code<'a>(
    case: &Case<'a>,
    pending: &Pending<'a>,
    arena: &mut dyn Arena,
) -> Result<Ruling<'a>, DecideError> {
    match pending {
        Pending::AppPassword(password) => {
            let found = case.find(&Code::AppPassword(password), None)?;
            Ok(case.rule_on(found, None))
        }
        Pending::Codes(guess) => case.compare_codes(guess, arena),
    }
}

/// What the credentials of an account say of a code.
enum Finding<'a> {
    Nothing,
    /// A right HOTP code, too far ahead.
    Ahead(&'a Credential, u64),
    Unfit(&'a Credential, Reason),
    Right(&'a Credential, Use, Option<Response>),
}

impl Finding<'_> {
    fn rank(&self) -> u8 {
        match self {
            Finding::Nothing => 0,
            Finding::Ahead(..) => 1,
            Finding::Unfit(..) => 2,
            Finding::Right(..) => 3,
        }
    }

    /// The better one; of two as good, the first.
    fn or(self, other: Self) -> Self {
        if other.rank() > self.rank() {
            other
        } else {
            self
        }
    }
}

impl<'a> Case<'a> {
    fn compare_codes(
        &self,
        guess: &Guess<'a>,
        arena: &mut dyn Arena,
    ) -> Result<Ruling<'a>, DecideError> {
        let mut best = self.no_match(Reason::Wrong);
        let mut rank = 0;
        let mut judges_pin = false;
        for candidate in &guess.candidates {
            let (found, pin_is_right) = self.compare(candidate, guess, arena)?;
            let right = matches!(found, Finding::Right(..));
            judges_pin |= right && self.holds_pin(&candidate.0);
            // Which part was wrong is for nobody to know.
            let found = if pin_is_right {
                found
            } else {
                Finding::Nothing
            };
            if found.rank() > rank {
                rank = found.rank();
                best = self.rule_on(found, Some(candidate));
            }
        }
        // The account's own digit codes may be of another length.
        let is_digits = |candidate: &Candidate<'_>| matches!(candidate.0.form, Form::Digits);
        if guess.digits_may_hold_pin && !guess.candidates.iter().any(is_digits) {
            let _ = self.pin_is_right(None, arena)?;
        }
        Ok(Ruling { judges_pin, ..best })
    }

    /// What a code comes to, and whether the PIN before it is right.
    fn compare(
        &self,
        candidate: &Candidate<'a>,
        guess: &Guess<'a>,
        arena: &mut dyn Arena,
    ) -> Result<(Finding<'a>, bool), DecideError> {
        let reading = &candidate.0;
        let parts = self.parts(reading);
        let hash;
        let words;
        let code = match &reading.form {
            Form::Sheet => {
                hash = hash_code(&reading.code, &self.salt(), arena)?;
                Code::Sheet(&hash)
            }
            Form::Digits => Code::Digits(&reading.code),
            Form::Response(response) => Code::Response(response),
            Form::Words => match reading.words() {
                Some(six) => {
                    words = six;
                    Code::Words(&words)
                }
                None => return Ok((Finding::Nothing, false)),
            },
        };
        let may_hold_pin = match reading.form {
            Form::Digits => guess.digits_may_hold_pin,
            _ => self.may_hold_pin(reading),
        };
        let pin_is_right = if may_hold_pin {
            self.pin_is_right(parts.as_ref(), arena)?
        } else {
            parts.is_some()
        };
        let key = parts.and_then(|parts| self.window_key(candidate, &parts));
        Ok((self.find(&code, key.as_ref())?, pin_is_right))
    }

    fn rule_on(&self, found: Finding<'a>, candidate: Option<&Candidate<'a>>) -> Ruling<'a> {
        match found {
            Finding::Nothing => self.no_match(Reason::Wrong),
            Finding::Ahead(credential, counter) => Ruling {
                credential: Some(credential),
                ahead: Some(counter),
                ..self.no_match(Reason::Ahead)
            },
            Finding::Unfit(credential, reason) => Ruling {
                credential: Some(credential),
                ..self.no_match(reason)
            },
            Finding::Right(credential, what, renewed) => {
                let parts = candidate.and_then(|candidate| self.parts(&candidate.0));
                let entered = match &parts {
                    Some(parts) => self.enter(parts, Verdict::Accepted, Reason::Code),
                    None => ruling(Answer::Accept, Verdict::Accepted, Reason::AppPassword),
                };
                let window = candidate
                    .zip(parts)
                    .and_then(|(candidate, parts)| self.window_key(candidate, &parts));
                Ruling {
                    credential: Some(credential),
                    consume: Some(what),
                    renewed,
                    window: window.filter(|_| !self.clock_is_behind()),
                    ..entered
                }
            }
        }
    }

    /// Asks every credential that the code may be of. `key` is that of the window that it may have
    /// opened.
    fn find(
        &self,
        code: &Code<'_>,
        key: Option<&window::WindowKey>,
    ) -> Result<Finding<'a>, DecideError> {
        let Some(account) = &self.snapshot.account else {
            return Ok(Finding::Nothing);
        };
        let circumstances = Circumstances {
            account,
            now: self.now,
            otp: &self.config.otp,
        };
        let mut best = Finding::Nothing;
        for credential in &self.snapshot.credentials {
            let Some(judge) = judge_of(&credential.kind).filter(|_| is_for(credential, code))
            else {
                continue;
            };
            let opened = self.open(credential)?;
            let finding = match judge.judge(code, credential, &opened, &circumstances)? {
                Match::No => Finding::Nothing,
                Match::Spent => Finding::Unfit(credential, self.spent(key)),
                Match::Ahead(counter) => Finding::Ahead(credential, counter),
                Match::Right { what, renewed } => match self.unfit(credential) {
                    Some(reason) => Finding::Unfit(credential, reason),
                    None => Finding::Right(credential, what, renewed),
                },
            };
            best = best.or(finding);
        }
        Ok(best)
    }

    fn open(&self, credential: &Credential) -> Result<Zeroizing<Vec<u8>>, DecideError> {
        let account = self.snapshot.account.as_ref();
        let context = SealContext {
            account: account.map_or(crate::id::AccountId::NOBODY, |account| account.id),
            credential: &credential.id,
        };
        self.keys
            .open(&context, &credential.sealed)
            .map_err(|why| DecideError::Sealed(credential.id.to_string(), why))
    }

    /// The sheet that a kill code belongs to.
    pub(super) fn killed_by(&self, code: &KillCode) -> Result<Option<&'a Credential>, DecideError> {
        for credential in &self.snapshot.credentials {
            let is_sheet = matches!(credential.kind, Kind::Sheet { .. });
            if is_sheet
                && credential.state != State::Revoked
                && sheet::is_killed_by(code, credential, &self.open(credential)?)?
            {
                return Ok(Some(credential));
            }
        }
        Ok(None)
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
    fn spent(&self, key: Option<&window::WindowKey>) -> Reason {
        let windows = &self.snapshot.windows;
        let open_elsewhere = |key| {
            let (limits, now) = (self.config.grace, self.now);
            window::find(windows, key, Binding::Secret, limits, now).is_some()
        };
        if key.is_some_and(open_elsewhere) {
            Reason::Replay
        } else {
            Reason::Spent
        }
    }
}

/// Kinds that the code is not of are not compared. Of what was revoked only app passwords are, so
/// that the log can name the phone that was stolen.
fn is_for(credential: &Credential, code: &Code<'_>) -> bool {
    match (&credential.kind, code) {
        (Kind::Sheet { .. }, Code::Sheet(_))
        | (Kind::Totp { .. } | Kind::Hotp { .. }, Code::Digits(_))
        | (Kind::Sequence { .. }, Code::Response(_) | Code::Words(_)) => {
            credential.state != State::Revoked
        }
        (Kind::AppPassword { selector }, Code::AppPassword(typed)) => *selector == typed.selector(),
        _ => false,
    }
}
