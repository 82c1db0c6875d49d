//! A store that comes back from a backup.

use rusqlite::{Transaction, params};

use super::rows;
use crate::account::{Restoration, State};

/// No code of the time between works again: TOTP goes on from now, and everything else that was live
/// waits until somebody has looked at it. What wrong guesses have cost stays as it was.
pub(super) fn apply(
    transaction: &Transaction<'_>,
    restoration: &Restoration,
) -> rusqlite::Result<()> {
    transaction.execute("DELETE FROM grace", [])?;
    transaction.execute(
        "UPDATE account SET totp_floor = max(totp_floor, ?1)",
        [restoration.now.0],
    )?;
    transaction.execute(
        "UPDATE credential SET state = ?1 WHERE state = ?2 AND kind <> 'totp'",
        params![
            rows::state_name(State::Suspended),
            rows::state_name(State::Live)
        ],
    )?;
    transaction.execute(
        "UPDATE store SET generation = max(generation, ?1)",
        [rows::integer(restoration.generation)],
    )?;
    Ok(())
}
