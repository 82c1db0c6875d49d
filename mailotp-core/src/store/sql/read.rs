//! What is known of a name, at one moment.

use super::{Sql, rows, values};
use crate::account::Snapshot;
use crate::crypto::Tag;
use crate::id::AccountId;
use crate::request::AccountName;
use crate::store::{DAY, KNOWN_DAYS, StoreError};

/// What is asked of the table `store` for a snapshot.
pub(in crate::store) const SITE: &str = "newest, pin_length, pin, \
     CASE WHEN EXISTS (SELECT 1 FROM account WHERE pin IS NOT NULL) THEN 1 ELSE 0 END";

pub(super) fn snapshot(
    sql: &dyn Sql,
    name: &AccountName,
    alias: Option<&Tag>,
) -> Result<Snapshot, StoreError> {
    let row = sql.site()?;
    let site_pin = rows::pin(&row, 1)?;
    let site = Snapshot {
        newest: row.get(0)?,
        pins_in_use: site_pin.is_some() || row.get(3)?,
        site_pin,
        ..Snapshot::default()
    };
    let mut account = sql
        .first(rows::ACCOUNT_BY_NAME, values![name.as_str()])?
        .as_ref()
        .map(rows::account)
        .transpose()?;
    let mut used = None;
    if account.is_none()
        && let Some(tag) = alias
        && let Some((id, alias)) = rows::alias(sql, tag)?
    {
        let row = sql.row(rows::ACCOUNT_BY_ID, values![AccountId(id)])?;
        account = Some(rows::account(&row)?);
        used = Some(alias);
    }
    // A name that nobody has is asked the same of, or the time would tell that nobody has it.
    let id = account.as_ref().map_or(AccountId::NOBODY, |known| known.id);
    let since = site.newest.0 - KNOWN_DAYS * DAY;
    let of_account = Snapshot {
        credentials: rows::credentials(sql, id)?,
        windows: rows::windows(sql, id)?,
        rules: rows::own_rules(sql, id)?,
        known: rows::known(sql, id, since)?,
        account,
        alias: used,
        ..site.clone()
    };
    Ok(match of_account.account {
        Some(_) => of_account,
        None => site,
    })
}
