//! All that is sealed, a few at a time.

use super::{Row, Sql, values};
use crate::id::AccountId;
use crate::store::{Place, Resealed, Sealed, StoreError};

/// Up to `limit` values behind `after`.
pub(super) fn select(
    sql: &dyn Sql,
    after: Option<&Place>,
    limit: u32,
) -> Result<Vec<Sealed>, StoreError> {
    let mut found = Vec::new();
    let behind = match after {
        None => Some((i64::MIN, "")),
        Some(Place::Credential(account, credential)) => Some((account.0, credential.as_str())),
        Some(_) => None,
    };
    if let Some((account, credential)) = behind {
        let rows = sql.query(
            "SELECT account, id, sealed FROM credential WHERE (account, id) > (?1, ?2)
             ORDER BY account, id LIMIT ?3",
            values![account, credential, limit],
        )?;
        for row in &rows {
            found.push(Sealed {
                place: Place::Credential(AccountId(row.get(0)?), row.get(1)?),
                value: row.get(2)?,
            });
        }
    }
    let behind = match after {
        None | Some(Place::Credential(..)) => Some(i64::MIN),
        Some(Place::Pin(account)) => Some(account.0),
        Some(Place::SitePin) => None,
    };
    if let Some(account) = behind {
        let rows = sql.query(
            "SELECT id, pin FROM account WHERE pin IS NOT NULL AND id > ?1 ORDER BY id LIMIT ?2",
            values![account, limit - found.len() as u32],
        )?;
        for row in &rows {
            found.push(Sealed {
                place: Place::Pin(AccountId(row.get(0)?)),
                value: row.get(1)?,
            });
        }
    }
    if after != Some(&Place::SitePin) && found.len() < limit as usize {
        let select = "SELECT pin FROM store WHERE pin IS NOT NULL";
        let pin = sql.first(select, &[])?;
        let value = pin.map(|row: Row| row.get(0)).transpose()?;
        found.extend(value.map(|value| Sealed {
            place: Place::SitePin,
            value,
        }));
    }
    Ok(found)
}

/// Puts others in their places: how many were still there.
pub(super) fn replace(sql: &dyn Sql, values: &[Resealed]) -> Result<u64, StoreError> {
    let mut replaced = 0;
    for Resealed { was, becomes } in values {
        replaced += match &was.place {
            Place::Credential(account, credential) => sql.execute(
                "UPDATE credential SET sealed = ?4 WHERE account = ?1 AND id = ?2 AND sealed = ?3",
                values![*account, credential, &was.value, becomes],
            )?,
            Place::Pin(account) => sql.execute(
                "UPDATE account SET pin = ?3 WHERE id = ?1 AND pin = ?2",
                values![*account, &was.value, becomes],
            )?,
            Place::SitePin => sql.execute(
                "UPDATE store SET pin = ?2 WHERE pin = ?1",
                values![&was.value, becomes],
            )?,
        };
    }
    if replaced > 0 {
        sql.count_change(AccountId::NOBODY)?;
    }
    Ok(replaced)
}
