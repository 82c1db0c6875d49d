//! What the open windows answer, before anything is compared.

use super::ruling::Ruling;
use super::{Candidate, Case, Guess, Parts};
use crate::account::State;
use crate::audit::{Reason, Verdict};
use crate::config::Config;
use crate::crypto::{KeyRing, Tag, TagPurpose};
use crate::request::{AliasName, Form, Pin, Remote};
use crate::window::{self, Binding, WindowKey};

/// Judges by the windows that are open: no hash, nothing used up. `with_chance`: also codes that chance
/// may find; they are charged first.
pub fn by_window<'a>(
    case: &Case<'a>,
    candidates: &[Candidate<'a>],
    with_chance: bool,
) -> Option<Ruling<'a>> {
    let windows = &case.snapshot.windows;
    if windows.is_empty() || case.clock_is_behind() || case.is_closed() {
        return None;
    }
    let looked_for = |candidate: &&Candidate<'_>| with_chance || !case.is_left_to_chance(candidate);
    candidates.iter().filter(looked_for).find_map(|candidate| {
        let parts = case.parts(&candidate.0)?;
        let key = case.window_key(candidate, &parts)?;
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
            inside: Some(window),
            ..case.enter(&parts, Verdict::Continued, Reason::Window)
        })
    })
}

/// An open window whose code chance may find.
pub struct AtRisk {
    /// It was opened in the network of this login, or the network is one that is known.
    pub at_home: bool,
}

/// Whether what was typed could be a guess at an open window.
pub fn at_risk(case: &Case<'_>, guess: &Guess<'_>) -> Option<AtRisk> {
    if case.snapshot.windows.is_empty() {
        return None;
    }
    let (binding, limits) = (case.judgement.grace, case.config.grace);
    let here = case.request.remote.network();
    let mut found = None;
    for candidate in &guess.candidates {
        let parts = case.parts(&candidate.0);
        let key = parts.and_then(|parts| case.window_key(candidate, &parts));
        let Some(key) = key.filter(|_| case.is_left_to_chance(candidate)) else {
            continue;
        };
        let is_digits = matches!(candidate.0.form, Form::Digits);
        for window in &case.snapshot.windows {
            let credential = case.snapshot.credential(&window.credential);
            let same_form = credential.is_some_and(|one| one.kind.digits().is_some() == is_digits);
            if same_form && window.is_at(&key, binding) && window.is_open(limits, case.now) {
                let found = found.get_or_insert(AtRisk {
                    at_home: case.snapshot.known.contains(&here),
                });
                found.at_home |= window.key.network == here;
            }
        }
    }
    found
}

/// The rules under which a window is opened: a change of any word of the configuration, or of the
/// key, closes it.
pub fn policy(config: &Config, keys: &KeyRing) -> Tag {
    keys.tag(
        TagPurpose::Window,
        &[b"rules", &config.fingerprint().to_be_bytes()],
    )
}

impl Case<'_> {
    /// Digits, and whatever a PIN may stand before: who has a stolen sheet knows its codes.
    fn is_left_to_chance(&self, candidate: &Candidate<'_>) -> bool {
        matches!(candidate.0.form, Form::Digits) || self.may_hold_pin(&candidate.0)
    }

    pub(super) fn window_key(
        &self,
        candidate: &Candidate<'_>,
        parts: &Parts<'_>,
    ) -> Option<WindowKey> {
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
}
