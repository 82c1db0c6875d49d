//! PINs, of one account or of the site.

use super::{Admin, AdminError, Known};
use crate::account::{Change, PinOwner, SealedPin};
use crate::audit::Reason;
use crate::credential::pin;
use crate::crypto::{Salt, hash_code};
use crate::id::AccountId;
use crate::request::Pin;

impl Admin<'_> {
    /// Sets an account's own PIN, or takes it away; its windows end.
    pub fn set_pin(&mut self, known: &Known, pin: Option<&Pin>) -> Result<(), AdminError> {
        let owner = PinOwner::Account(known.account.id);
        let sealed = self.sealed(owner, &known.account.salt, pin)?;
        let change = [Change::SetPin(sealed)];
        self.change(&known.account, &change, reason(pin), None)
    }

    /// Sets the PIN of everybody who has none of their own, or takes it away; all windows end.
    pub fn set_site_pin(&mut self, pin: Option<&Pin>) -> Result<(), AdminError> {
        let salt = pin::site_salt(&self.site.keys);
        let sealed = self.sealed(PinOwner::Site, &salt, pin)?;
        let event = self.event(reason(pin));
        let change = [Change::SetSitePin(sealed)];
        self.generation = Some(self.store.change(AccountId::NOBODY, &change, &event)?);
        Ok(())
    }

    pub(super) fn sealed(
        &mut self,
        owner: PinOwner,
        salt: &Salt,
        pin: Option<&Pin>,
    ) -> Result<Option<SealedPin>, AdminError> {
        let Some(pin) = pin else {
            return Ok(None);
        };
        let hash = hash_code(pin.text(), salt, self.arena)?;
        Ok(Some(SealedPin {
            length: pin.length(),
            sealed: pin::seal(&self.site.keys, owner, &hash, self.random)?,
        }))
    }
}

fn reason(pin: Option<&Pin>) -> Reason {
    if pin.is_some() {
        Reason::PinSet
    } else {
        Reason::PinCleared
    }
}
