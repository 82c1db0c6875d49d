//! Where a guess is charged: by itself, or inside the transaction of the login that makes it.

use super::{Store, StoreError};
use crate::account::{Settled, Settlement};
use crate::budget::{Charge, Charged};

/// Takes guesses, before anything is compared.
pub trait Ledger {
    /// Charges a guess.
    fn charge(&mut self, charge: &Charge) -> Result<Charged, StoreError>;
}

/// A decision about a login, made while its guesses are charged. It may be asked for again from the beginning.
pub type Decision<'a> = dyn FnMut(&mut dyn Ledger) -> Result<Settlement, StoreError> + 'a;

/// A store that charges each guess by itself, which survives the death of the process. For decisions that take their
/// time: nobody else waits for them.
pub struct Apart<'a, S: ?Sized>(pub &'a mut S);

impl<S: Store + ?Sized> Ledger for Apart<'_, S> {
    fn charge(&mut self, charge: &Charge) -> Result<Charged, StoreError> {
        self.0.charge(charge)
    }
}

/// Charges each guess by itself, decides, and settles: what [`Store::judge`] does at one go.
pub fn judge_apart<S: Store + ?Sized>(
    store: &mut S,
    decision: &mut Decision<'_>,
) -> Result<(Settlement, Settled), StoreError> {
    let settlement = decision(&mut Apart(store))?;
    let settled = store.settle(&settlement)?;
    Ok((settlement, settled))
}
