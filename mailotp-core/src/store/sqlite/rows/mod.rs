//! Rows in both directions. Every statement is parameterised (CVE-2026-24031, CVE-2026-27860).

mod bucket;
mod credential;
mod own_rule;
mod window;

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::account::{Account, AliasUse, SealedPin, State};
use crate::clock::Timestamp;
use crate::crypto::Tag;
use crate::id::{AccountId, CredentialId};
use crate::request::{AccountName, Network};

pub(super) use bucket::{bucket, buckets, buckets_of, put_buckets};
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

pub(super) fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    row.get(column).map(Timestamp)
}

fn maybe_time(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Timestamp))
}

/// Counters are never negative, and far from the limit.
pub(super) fn integer(counter: u64) -> i64 {
    i64::try_from(counter).unwrap_or(i64::MAX)
}

/// A value that this version cannot read: the row is refused, and with it the login.
fn unreadable(column: usize, what: &str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, what.to_owned().into())
}

fn tag(row: &Row<'_>, column: usize) -> rusqlite::Result<Tag> {
    row.get(column).map(Tag)
}

fn id(row: &Row<'_>, column: usize) -> rusqlite::Result<CredentialId> {
    row.get(column).map(CredentialId::stored)
}

pub(super) fn account(row: &Row<'_>) -> rusqlite::Result<Account> {
    Ok(Account {
        id: AccountId(row.get(0)?),
        name: AccountName::stored(row.get(1)?),
        locked: row.get(2)?,
        expires: maybe_time(row, 3)?,
        salt: row.get(4)?,
        totp_floor: time(row, 5)?,
        created: time(row, 6)?,
        pin: pin(row, 7)?,
    })
}

/// A PIN, of two columns.
pub(super) fn pin(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<SealedPin>> {
    let length: Option<u32> = row.get(column)?;
    let sealed: Option<Vec<u8>> = row.get(column + 1)?;
    Ok(length
        .zip(sealed)
        .map(|(length, sealed)| SealedPin { length, sealed }))
}

pub(super) fn alias(
    connection: &Connection,
    tag: &Tag,
) -> rusqlite::Result<Option<(i64, AliasUse)>> {
    let found = connection.query_row(
        "SELECT account, credential, number FROM alias WHERE tag = ?1",
        [tag.0],
        |row| {
            let alias = AliasUse {
                credential: id(row, 1)?,
                number: row.get(2)?,
            };
            Ok((row.get(0)?, alias))
        },
    );
    found.optional()
}

pub(super) fn insert_aliases(
    connection: &Connection,
    account: AccountId,
    credential: &CredentialId,
    tags: &[Tag],
) -> rusqlite::Result<()> {
    let mut statement = connection
        .prepare("INSERT INTO alias (tag, account, credential, number) VALUES (?1, ?2, ?3, ?4)")?;
    for (tag, number) in tags.iter().zip(1..) {
        let number: u32 = number;
        super::one(statement.execute(params![tag.0, account.0, credential.as_str(), number])?)?;
    }
    Ok(())
}

pub(super) fn accounts(connection: &Connection) -> rusqlite::Result<Vec<Account>> {
    let mut statement = connection.prepare(
        "SELECT id, name, locked, expires, salt, totp_floor, created, pin_length, pin
         FROM account ORDER BY name",
    )?;
    statement.query_map([], account)?.collect()
}

pub(super) fn used_since(
    connection: &Connection,
    since: Timestamp,
) -> rusqlite::Result<Vec<AccountName>> {
    let mut statement = connection.prepare(
        "SELECT name FROM account WHERE id IN
         (SELECT account FROM credential WHERE used_at >= ?1) ORDER BY name",
    )?;
    statement
        .query_map([since.0], |row| row.get(0).map(AccountName::stored))?
        .collect()
}

pub(super) fn insert_account(connection: &Connection, account: &Account) -> rusqlite::Result<()> {
    super::one(connection.execute(
        "INSERT INTO account (id, name, locked, expires, salt, totp_floor, created, pin_length, pin)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            account.id.0,
            account.name.as_str(),
            account.locked,
            account.expires.map(|at| at.0),
            account.salt,
            account.totp_floor.0,
            account.created.0,
            account.pin.as_ref().map(|pin| pin.length),
            account.pin.as_ref().map(|pin| &pin.sealed)
        ],
    )?)
}

pub(super) fn known(
    connection: &Connection,
    account: AccountId,
    since: i64,
) -> rusqlite::Result<Vec<Network>> {
    let mut statement = connection.prepare(
        "SELECT network FROM known WHERE account = ?1 AND seen >= ?2 ORDER BY seen DESC",
    )?;
    statement
        .query_map(params![account.0, since], |row| {
            row.get(0).map(Network::stored)
        })?
        .collect()
}
