//! Rows in both directions. Every statement is parameterised (CVE-2026-24031, CVE-2026-27860).

mod bucket;
mod credential;
mod own_rule;
mod window;

use crate::account::{Account, AliasUse, SealedPin, State};
use crate::clock::Timestamp;
use crate::crypto::Tag;
use crate::id::{AccountId, CredentialId};
use crate::request::{AccountName, Network};
use crate::store::StoreError;
use crate::store::sql::{Row, Sql, one, values};

pub(super) use bucket::{bucket, buckets, buckets_of, hold, put_buckets};
pub(super) use credential::{credentials, insert_credential, renew};
pub(super) use own_rule::{delete_own_rule, insert_own_rule, own_rules};
pub(super) use window::{insert_window, windows};

pub(super) const ACCOUNT_BY_NAME: &str = "SELECT id, name, locked, expires, salt, totp_floor, \
     created, pin_length, pin FROM account WHERE name = ?1";
pub(super) const ACCOUNT_BY_ID: &str = "SELECT id, name, locked, expires, salt, totp_floor, \
     created, pin_length, pin FROM account WHERE id = ?1";

const STATES: [(State, &str); 4] = [
    (State::Pending, "pending"),
    (State::Live, "live"),
    (State::Suspended, "suspended"),
    (State::Revoked, "revoked"),
];

pub(super) fn state_name(state: State) -> &'static str {
    STATES
        .iter()
        .find(|(one, _)| *one == state)
        .map_or("", |(_, name)| name)
}

/// Counters are never negative, and far from the limit.
pub(super) fn integer(counter: u64) -> i64 {
    i64::try_from(counter).unwrap_or(i64::MAX)
}

pub(super) fn account(row: &Row) -> Result<Account, StoreError> {
    Ok(Account {
        id: AccountId(row.get(0)?),
        name: AccountName::stored(row.get(1)?),
        locked: row.get(2)?,
        expires: row.get(3)?,
        salt: row.get(4)?,
        totp_floor: row.get(5)?,
        created: row.get(6)?,
        pin: pin(row, 7)?,
    })
}

/// A PIN, of two columns.
pub(super) fn pin(row: &Row, column: usize) -> Result<Option<SealedPin>, StoreError> {
    let length: Option<u32> = row.get(column)?;
    let sealed: Option<Vec<u8>> = row.get(column + 1)?;
    Ok(length
        .zip(sealed)
        .map(|(length, sealed)| SealedPin { length, sealed }))
}

pub(super) fn alias(sql: &dyn Sql, tag: &Tag) -> Result<Option<(i64, AliasUse)>, StoreError> {
    let found = sql.first(
        "SELECT account, credential, number FROM alias WHERE tag = ?1",
        values![tag],
    )?;
    let Some(row) = found else { return Ok(None) };
    let alias = AliasUse {
        credential: row.get(1)?,
        number: row.get(2)?,
    };
    Ok(Some((row.get(0)?, alias)))
}

pub(super) fn insert_aliases(
    sql: &dyn Sql,
    account: AccountId,
    credential: &CredentialId,
    tags: &[Tag],
) -> Result<(), StoreError> {
    for (tag, number) in tags.iter().zip(1_u32..) {
        one(sql.execute(
            "INSERT INTO alias (tag, account, credential, number) VALUES (?1, ?2, ?3, ?4)",
            values![tag, account, credential, number],
        )?)?;
    }
    Ok(())
}

pub(super) fn accounts(sql: &dyn Sql) -> Result<Vec<Account>, StoreError> {
    let found = sql.query(
        "SELECT id, name, locked, expires, salt, totp_floor, created, pin_length, pin
         FROM account ORDER BY name",
        &[],
    )?;
    found.iter().map(account).collect()
}

pub(super) fn used_since(sql: &dyn Sql, since: Timestamp) -> Result<Vec<AccountName>, StoreError> {
    let found = sql.query(
        "SELECT name FROM account WHERE id IN
         (SELECT account FROM credential WHERE used_at >= ?1) ORDER BY name",
        values![since],
    )?;
    let name = |row: &Row| row.get(0).map(AccountName::stored);
    found.iter().map(name).collect()
}

pub(super) fn insert_account(sql: &dyn Sql, account: &Account) -> Result<(), StoreError> {
    one(sql.execute(
        "INSERT INTO account (id, name, locked, expires, salt, totp_floor, created, pin_length, pin)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        values![
            account.id,
            account.name.as_str(),
            account.locked,
            account.expires,
            &account.salt,
            account.totp_floor,
            account.created,
            account.pin.as_ref().map(|pin| pin.length),
            account.pin.as_ref().map(|pin| &pin.sealed)
        ],
    )?)
}

pub(super) fn known(
    sql: &dyn Sql,
    account: AccountId,
    since: i64,
) -> Result<Vec<Network>, StoreError> {
    let found = sql.query(
        "SELECT network FROM known WHERE account = ?1 AND seen >= ?2 ORDER BY seen DESC",
        values![account, since],
    )?;
    let network = |row: &Row| row.get(0).map(Network::stored);
    found.iter().map(network).collect()
}
