//! All that is sealed, a few at a time.

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use crate::id::{AccountId, CredentialId};
use crate::store::{Place, Resealed, Sealed};

/// Up to `limit` values behind `after`.
pub(super) fn select(
    connection: &Connection,
    after: Option<&Place>,
    limit: u32,
) -> rusqlite::Result<Vec<Sealed>> {
    let mut found = Vec::new();
    let behind = match after {
        None => Some((i64::MIN, "")),
        Some(Place::Credential(account, credential)) => Some((account.0, credential.as_str())),
        Some(_) => None,
    };
    if let Some((account, credential)) = behind {
        let mut statement = connection.prepare(
            "SELECT account, id, sealed FROM credential WHERE (account, id) > (?1, ?2)
             ORDER BY account, id LIMIT ?3",
        )?;
        let mut rows = statement.query(params![account, credential, limit])?;
        while let Some(row) = rows.next()? {
            let credential = CredentialId::stored(row.get(1)?);
            found.push(Sealed {
                place: Place::Credential(AccountId(row.get(0)?), credential),
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
        let mut statement = connection.prepare(
            "SELECT id, pin FROM account WHERE pin IS NOT NULL AND id > ?1 ORDER BY id LIMIT ?2",
        )?;
        let mut rows = statement.query(params![account, limit - found.len() as u32])?;
        while let Some(row) = rows.next()? {
            found.push(Sealed {
                place: Place::Pin(AccountId(row.get(0)?)),
                value: row.get(1)?,
            });
        }
    }
    if after != Some(&Place::SitePin) && found.len() < limit as usize {
        let select = "SELECT pin FROM store WHERE pin IS NOT NULL";
        let pin = connection.query_row(select, [], |row| row.get(0));
        found.extend(pin.optional()?.map(|value| Sealed {
            place: Place::SitePin,
            value,
        }));
    }
    Ok(found)
}

/// Puts others in their places: how many were still there.
pub(super) fn replace(transaction: &Transaction<'_>, values: &[Resealed]) -> rusqlite::Result<u64> {
    let mut replaced = 0;
    for Resealed { was, becomes } in values {
        replaced += match &was.place {
            Place::Credential(account, credential) => transaction.execute(
                "UPDATE credential SET sealed = ?4 WHERE account = ?1 AND id = ?2 AND sealed = ?3",
                params![account.0, credential.as_str(), was.value, becomes],
            )?,
            Place::Pin(account) => transaction.execute(
                "UPDATE account SET pin = ?3 WHERE id = ?1 AND pin = ?2",
                params![account.0, was.value, becomes],
            )?,
            Place::SitePin => transaction.execute(
                "UPDATE store SET pin = ?2 WHERE pin = ?1",
                params![was.value, becomes],
            )?,
        } as u64;
    }
    if replaced > 0 {
        transaction.execute("UPDATE store SET generation = generation + 1", [])?;
    }
    Ok(replaced)
}
