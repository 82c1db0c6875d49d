//! What a ruling comes to in the store.

use super::Door;
use super::report::Failure;
use crate::account::{Consumption, Credential, Pinned, Settled, Settlement, WindowOffer};
use crate::audit::{Event, Reason};
use crate::budget::Charge;
use crate::credential::sequence;
use crate::crypto::SealContext;
use crate::decide::{self, Answer, Case, Ruling};
use crate::id::{AccountId, CredentialId};
use crate::request::{KillCode, Remote};
use crate::store::{Ledger, Store, StoreError, judge_apart};
use crate::window::Window;

/// What a login comes to, until it is known whether somebody else was first.
pub(super) struct Ends<'c> {
    pub ruling: Ruling<'c>,
    /// Where nobody was.
    pub answer: Answer,
    /// Where somebody was.
    pub lost: Answer,
}

impl Door<'_> {
    /// Decides, and says what it comes to: in the store, and for the host. `paid` was charged before.
    fn rule<'c>(
        &mut self,
        case: &Case<'c>,
        kill: Option<&KillCode>,
        ledger: &mut dyn Ledger,
        mut paid: Vec<Charge>,
    ) -> Result<(Settlement, Ends<'c>), Failure> {
        let ruling = self.decide(case, kill, ledger, &mut paid)?;
        let (answer, event) = self.ending(case.request, case.judgement, &ruling, case.now);
        let lost = Ruling {
            credential: ruling.credential,
            ..case.no_match(Reason::Spent)
        };
        let (lost, lost_event) = self.ending(case.request, case.judgement, &lost, case.now);
        let settlement = Settlement {
            lost: ruling.consume.is_some().then_some(lost_event),
            ..self.settlement(case, &ruling, paid, event)?
        };
        let ends = Ends {
            ruling,
            answer,
            lost,
        };
        Ok((settlement, ends))
    }

    /// Charges, decides and settles; in one transaction, where nothing expensive is hashed and the store can be held for
    /// the rest. `paid` was charged before.
    pub(super) fn settle<'c>(
        &mut self,
        case: &Case<'c>,
        kill: Option<&KillCode>,
        store: &mut dyn Store,
        paid: &[Charge],
    ) -> Result<(Settlement, Settled, Ends<'c>), Failure> {
        let mut ruled = None;
        let mut decision =
            |ledger: &mut dyn Ledger| match self.rule(case, kill, ledger, paid.to_vec()) {
                Ok((settlement, ends)) => {
                    ruled = Some(Ok(ends));
                    Ok(settlement)
                }
                Err(failure) => {
                    let why = StoreError::Failed(failure.problem.clone());
                    ruled = Some(Err(failure));
                    Err(why)
                }
            };
        let judged = if store.is_at_hand() && decide::is_quick_guess(case) {
            store.judge(&mut decision)
        } else {
            judge_apart(store, &mut decision)
        };
        match (ruled, judged) {
            (Some(Err(failure)), _) => Err(failure),
            (Some(Ok(ends)), Ok((settlement, settled))) => Ok((settlement, settled, ends)),
            (None, Ok(_)) => Err(Failure::of_store("the store has asked for no decision")),
            (_, Err(failed)) => Err(failed.into()),
        }
    }

    fn settlement(
        &mut self,
        case: &Case<'_>,
        ruling: &Ruling<'_>,
        paid: Vec<Charge>,
        event: Event,
    ) -> Result<Settlement, Failure> {
        let request = case.request;
        let right = ruling.result.is_right();
        let limits = self.site.config.grace;
        let window = match &ruling.window {
            Some(key) => Some(WindowOffer {
                key: key.clone(),
                binding: case.judgement.grace,
                id: CredentialId::generate(self.random).map_err(Failure::of_store)?,
                limits,
            }),
            None => None,
        };
        let account = case.snapshot.account.as_ref().map(|account| account.id);
        let consume = match (&ruling.consume, ruling.credential) {
            (Some(what), Some(credential)) => Some(Consumption {
                credential: credential.id.clone(),
                what: *what,
                sealed: self.reseal(account, credential, ruling)?,
                takes_place: credential.replaces.is_some(),
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
                .filter(|window| window.wants_touch(limits, case.now))
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
