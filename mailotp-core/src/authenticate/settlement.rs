//! What a ruling comes to in the store.

use super::Door;
use super::report::Failure;
use crate::account::{Consumption, Credential, Pinned, Settlement, WindowOffer};
use crate::audit::Event;
use crate::budget::Charge;
use crate::credential::sequence;
use crate::crypto::SealContext;
use crate::decide::{Case, Ruling};
use crate::id::{AccountId, CredentialId};
use crate::request::Remote;
use crate::window::Window;

impl Door<'_> {
    pub(super) fn settlement(
        &mut self,
        case: &Case<'_>,
        ruling: &Ruling<'_>,
        paid: Vec<Charge>,
        event: Event,
    ) -> Result<Settlement, Failure> {
        let request = case.request;
        let right = ruling.result.is_right();
        let window = match &ruling.window {
            Some(key) => Some(WindowOffer {
                key: key.clone(),
                binding: case.judgement.grace,
                id: CredentialId::generate(self.random).map_err(Failure::of_store)?,
                limits: self.site.config.grace,
            }),
            None => None,
        };
        let account = case.snapshot.account.as_ref().map(|account| account.id);
        let consume = match (&ruling.consume, ruling.credential) {
            (Some(what), Some(credential)) => Some(Consumption {
                credential: credential.id.clone(),
                what: *what,
                sealed: self.reseal(account, credential, ruling)?,
            }),
            _ => None,
        };
        let credential = ruling.credential;
        Ok(Settlement {
            counted: credential.is_some_and(|credential| {
                credential.scope.logins_left.is_some()
                    || credential.scope.pinned == Pinned::Open
                    || credential.replaces.is_some()
            }),
            alias: case
                .snapshot
                .fresh_alias(case.now)
                .filter(|_| consume.is_some())
                .cloned(),
            consume,
            window,
            touch: ruling
                .inside
                .filter(|window| window.wants_touch(self.site.config.grace, case.now))
                .map(|window| window.id.clone()),
            leans_on_another: ruling.inside.is_some_and(Window::is_fresh),
            ahead: credential
                .zip(ruling.ahead)
                .map(|(credential, counter)| (credential.id.clone(), counter)),
            kill: credential
                .filter(|_| ruling.kills)
                .map(|credential| credential.id.clone()),
            refund: if right { paid } else { Vec::new() },
            seen: (right && matches!(request.remote, Remote::Address(_)))
                .then(|| request.remote.network()),
            ..Settlement::of_event(account, &event)
        })
    }

    /// The secret part that a credential has after this login, where it gets a new one.
    fn reseal(
        &mut self,
        account: Option<AccountId>,
        credential: &Credential,
        ruling: &Ruling<'_>,
    ) -> Result<Option<Vec<u8>>, Failure> {
        let (Some(account), Some(response)) = (account, &ruling.renewed) else {
            return Ok(None);
        };
        let context = SealContext {
            account,
            credential: &credential.id,
        };
        let secret = sequence::secret_part(response);
        let sealed = self.site.keys.seal(&context, &secret, self.random);
        sealed.map(Some).map_err(Failure::of_store)
    }
}
