//! What is known of a name, at one moment.

use rusqlite::{OptionalExtension, Transaction};

use super::rows;
use crate::account::Snapshot;
use crate::crypto::Tag;
use crate::request::AccountName;
use crate::store::{DAY, KNOWN_DAYS};

pub(super) fn snapshot(
    transaction: &Transaction<'_>,
    name: &AccountName,
    alias: Option<&Tag>,
) -> rusqlite::Result<Snapshot> {
    let site = transaction.query_row("SELECT newest, pin_length, pin FROM store", [], |row| {
        Ok(Snapshot {
            newest: rows::time(row, 0)?,
            site_pin: rows::pin(row, 1)?,
            ..Snapshot::default()
        })
    })?;
    let somebody_has_a_pin = || {
        transaction.query_row(
            "SELECT EXISTS (SELECT 1 FROM account WHERE pin IS NOT NULL)",
            [],
            |row| row.get(0),
        )
    };
    let site = Snapshot {
        pins_in_use: site.site_pin.is_some() || somebody_has_a_pin()?,
        ..site
    };
    let mut account = transaction
        .query_row(rows::ACCOUNT_BY_NAME, [name.as_str()], rows::account)
        .optional()?;
    let mut used = None;
    if account.is_none()
        && let Some(tag) = alias
        && let Some((id, alias)) = rows::alias(transaction, tag)?
    {
        account = Some(transaction.query_row(rows::ACCOUNT_BY_ID, [id], rows::account)?);
        used = Some(alias);
    }
    let Some(account) = account else {
        return Ok(site);
    };
    let since = site.newest.0 - KNOWN_DAYS * DAY;
    Ok(Snapshot {
        credentials: rows::credentials(transaction, account.id)?,
        windows: rows::windows(transaction, account.id)?,
        rules: rows::own_rules(transaction, account.id)?,
        known: rows::known(transaction, account.id, since)?,
        account: Some(account),
        alias: used,
        ..site
    })
}
