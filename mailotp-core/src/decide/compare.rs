//! Comparing what was typed with what an account has.

use super::ruling::{Answer, Ruling, ruling};
use super::{Candidate, Case, Pending};
use crate::account::{Consumption, Credential, Kind, State, Use};
use crate::audit::{Reason, Verdict};
use crate::credential::{Circumstances, Code, Malformed, Match, judge_of};
use crate::crypto::{Arena, CodeHash, HashError, SealContext, SealError, TagPurpose, hash_code};
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

/// Judges by comparing. What is computed depends on the form alone: for a sheet code one hash,
/// whether or not there is an account, and whatever it has.
pub fn by_code<'a>(
    case: &Case<'a>,
    pending: &Pending<'a>,
    arena: &mut dyn Arena,
) -> Result<Ruling<'a>, DecideError> {
    let (candidates, app_password) = match pending {
        Pending::AppPassword(password) => (&[][..], Some(password)),
        Pending::Codes(guess) => (&guess.candidates[..], None),
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
