//! The PIN before a code.

use super::compare::DecideError;
use super::{Case, Parts};
use crate::account::PinOwner;
use crate::credential::pin;
use crate::crypto::{Arena, Salt, hash_code};
use crate::request::{Form, Pin, Reading};

impl Case<'_> {
    /// The salt of the account; for one that is not known, the site's.
    pub(super) fn salt(&self) -> Salt {
        match &self.snapshot.account {
            Some(account) => account.salt,
            None => pin::site_salt(self.keys),
        }
    }

    /// Whether this account's PIN could stand before a code that chance does not find. Digits are charged
    /// as such, with all that stands before them.
    pub(super) fn holds_pin(&self, reading: &Reading<'_>) -> bool {
        self.snapshot.pin().is_some()
            && self.may_hold_pin(reading)
            && !matches!(reading.form, Form::Digits)
    }

    /// Whether the PIN before a code is right, or none belongs there. A hash is computed whether or not
    /// this account has a PIN.
    pub(super) fn pin_is_right(
        &self,
        parts: Option<&Parts<'_>>,
        arena: &mut dyn Arena,
    ) -> Result<bool, DecideError> {
        let typed = parts.and_then(|parts| parts.pin.as_ref());
        let salt = match self.snapshot.pin() {
            Some((PinOwner::Site, _)) => pin::site_salt(self.keys),
            _ => self.salt(),
        };
        let hash = hash_code(typed.map_or("", Pin::text), &salt, arena)?;
        match (self.snapshot.pin(), typed) {
            (None, _) => Ok(parts.is_some()),
            (Some(_), None) => Ok(false),
            (Some((owner, stored)), Some(_)) => {
                let opened = pin::open(self.keys, owner, stored)
                    .map_err(|why| DecideError::Sealed("pin".to_owned(), why))?;
                Ok(hash.matches(&opened))
            }
        }
    }
}
