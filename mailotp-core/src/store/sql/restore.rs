//! A store that comes back from a backup.

use super::{Sql, rows, values};
use crate::account::{Restoration, State};
use crate::store::StoreError;

/// No code of the time between works again: TOTP goes on from now, and everything else that was live
/// waits until somebody has looked at it. What wrong guesses have cost stays as it was.
pub(super) fn apply(sql: &dyn Sql, restoration: &Restoration) -> Result<(), StoreError> {
    sql.execute("DELETE FROM grace", &[])?;
    sql.execute(
        "UPDATE account SET totp_floor = ?1 WHERE totp_floor < ?1",
        values![restoration.now],
    )?;
    sql.execute(
        "UPDATE credential SET state = ?1 WHERE state = ?2 AND kind <> 'totp'",
        values![
            rows::state_name(State::Suspended),
            rows::state_name(State::Live)
        ],
    )?;
    sql.raise_generation(restoration.generation)
}
