//! Rows in both directions. Every statement is parameterised (CVE-2026-24031, CVE-2026-27860).

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::account::{Account, Credential, Kind, LastUse, Scope, State};
use crate::budget::{Bucket, Charge, Guess, Owner};
use crate::clock::Timestamp;
use crate::crypto::Tag;
use crate::id::{AccountId, CredentialId};
use crate::request::{AccountName, Network};
use crate::window::{Window, WindowKey};

pub(super) const ACCOUNT_BY_NAME: &str =
    "SELECT id, name, locked, expires, salt, totp_floor, created FROM account WHERE name = ?1";

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
    })
}

pub(super) fn accounts(connection: &Connection) -> rusqlite::Result<Vec<Account>> {
    let mut statement = connection.prepare(
        "SELECT id, name, locked, expires, salt, totp_floor, created FROM account ORDER BY name",
    )?;
    statement.query_map([], account)?.collect()
}

pub(super) fn insert_account(connection: &Connection, account: &Account) -> rusqlite::Result<()> {
    super::one(connection.execute(
        "INSERT INTO account (id, name, locked, expires, salt, totp_floor, created)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            account.id.0,
            account.name.as_str(),
            account.locked,
            account.expires.map(|at| at.0),
            account.salt,
            account.totp_floor.0,
            account.created.0
        ],
    )?)
}

pub(super) fn credentials(
    connection: &Connection,
    account: AccountId,
) -> rusqlite::Result<Vec<Credential>> {
    let mut struck: BTreeMap<String, BTreeSet<u32>> = BTreeMap::new();
    let mut statement =
        connection.prepare("SELECT credential, number FROM struck WHERE account = ?1")?;
    let mut found = statement.query([account.0])?;
    while let Some(row) = found.next()? {
        struck.entry(row.get(0)?).or_default().insert(row.get(1)?);
    }
    let mut statement = connection.prepare(
        "SELECT id, kind, handle, size, label, state, services, networks, expires, logins_left,
                created, used_at, used_for, used_from, fingerprint, sealed
         FROM credential WHERE account = ?1 ORDER BY seq",
    )?;
    statement
        .query_map([account.0], |row| {
            let id = id(row, 0)?;
            let struck = struck.remove(id.as_str()).unwrap_or_default();
            credential(row, id, struck)
        })?
        .collect()
}

fn credential(
    row: &Row<'_>,
    id: CredentialId,
    struck: BTreeSet<u32>,
) -> rusqlite::Result<Credential> {
    let kind: String = row.get(1)?;
    let state: String = row.get(5)?;
    let words = |column| {
        row.get::<_, String>(column).map(|text| {
            text.split_ascii_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
    };
    let networks = words(7)?
        .iter()
        .map(|net| net.parse())
        .collect::<Result<_, _>>();
    Ok(Credential {
        id,
        kind: match kind.as_str() {
            "sheet" => Kind::Sheet {
                name: row.get(2)?,
                size: row.get(3)?,
            },
            "totp" => Kind::Totp {
                digits: row.get(3)?,
            },
            "app-password" => Kind::AppPassword {
                selector: row.get(2)?,
            },
            other => return Err(unreadable(1, other)),
        },
        label: row.get(4)?,
        state: STATES
            .iter()
            .find(|(_, name)| *name == state)
            .map(|(state, _)| *state)
            .ok_or_else(|| unreadable(5, &state))?,
        scope: Scope {
            services: words(6)?,
            from: networks.map_err(|_| unreadable(7, "networks"))?,
            expires: maybe_time(row, 8)?,
            logins_left: row.get(9)?,
        },
        created: time(row, 10)?,
        last_used: match maybe_time(row, 11)? {
            Some(at) => Some(LastUse {
                at,
                service: row.get(12)?,
                remote: row.get(13)?,
            }),
            None => None,
        },
        struck,
        fingerprint: row.get::<_, Option<[u8; 16]>>(14)?.map(Tag),
        sealed: row.get(15)?,
    })
}

pub(super) fn insert_credential(
    connection: &Connection,
    account: AccountId,
    credential: &Credential,
) -> rusqlite::Result<()> {
    let (handle, size) = match &credential.kind {
        Kind::Sheet { name, size } => (Some(name), Some(*size)),
        Kind::Totp { digits } => (None, Some(*digits)),
        Kind::AppPassword { selector } => (Some(selector), None),
    };
    let networks: Vec<String> = credential
        .scope
        .from
        .iter()
        .map(ToString::to_string)
        .collect();
    super::one(connection.execute(
        "INSERT INTO credential (account, id, seq, kind, handle, size, label, state, services, networks,
                                 expires, logins_left, created, fingerprint, sealed)
         VALUES (?1, ?2, (SELECT count(*) FROM credential WHERE account = ?1), ?3, ?4, ?5, ?6, ?7, ?8,
                 ?9, ?10, ?11, ?12, ?13, ?14)",
        params![
            account.0,
            credential.id.as_str(),
            credential.kind.as_str(),
            handle,
            size,
            credential.label,
            state_name(credential.state),
            credential.scope.services.join(" "),
            networks.join(" "),
            credential.scope.expires.map(|at| at.0),
            credential.scope.logins_left,
            credential.created.0,
            credential.fingerprint.map(|tag| tag.0),
            credential.sealed
        ],
    )?)
}

pub(super) fn windows(
    connection: &Connection,
    account: AccountId,
) -> rusqlite::Result<Vec<Window>> {
    let mut statement = connection.prepare(
        "SELECT id, credential, tag, policy, grp, network, opened, used, service, remote
         FROM grace WHERE account = ?1 ORDER BY opened, id",
    )?;
    statement
        .query_map([account.0], |row| {
            Ok(Window {
                id: id(row, 0)?,
                credential: id(row, 1)?,
                key: WindowKey {
                    tag: tag(row, 2)?,
                    policy: tag(row, 3)?,
                    group: row.get(4)?,
                    network: Network::stored(row.get(5)?),
                },
                opened: time(row, 6)?,
                used: time(row, 7)?,
                service: row.get(8)?,
                remote: row.get(9)?,
            })
        })?
        .collect()
}

pub(super) fn insert_window(
    connection: &Connection,
    account: AccountId,
    window: &Window,
) -> rusqlite::Result<()> {
    super::one(connection.execute(
        "INSERT INTO grace (account, id, credential, tag, policy, grp, network, opened, used, service, remote)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        params![
            account.0,
            window.id.as_str(),
            window.credential.as_str(),
            window.key.tag.0,
            window.key.policy.0,
            window.key.group,
            window.key.network.as_str(),
            window.opened.0,
            window.used.0,
            window.service,
            window.remote
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

pub(super) fn bucket(connection: &Connection, owner: &Owner) -> rusqlite::Result<Bucket> {
    let found = connection.query_row(
        "SELECT full_at, charged, holder FROM bucket WHERE owner = ?1",
        [owner.key()],
        |row| {
            Ok(Bucket {
                full_at: time(row, 0)?,
                charged: decode_guesses(&row.get::<_, Vec<u8>>(1)?),
                holder: row.get(2)?,
            })
        },
    );
    Ok(found.optional()?.unwrap_or_default())
}

pub(super) fn buckets(connection: &Connection, charge: &Charge) -> rusqlite::Result<Vec<Bucket>> {
    charge
        .from
        .iter()
        .map(|(owner, _)| bucket(connection, owner))
        .collect()
}

pub(super) fn put_buckets(
    connection: &Connection,
    charge: &Charge,
    buckets: &[Bucket],
) -> rusqlite::Result<()> {
    for ((owner, _), bucket) in charge.from.iter().zip(buckets) {
        connection.execute(
            "INSERT INTO bucket (owner, account, full_at, charged, forgettable, holder)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (owner) DO UPDATE
             SET full_at = excluded.full_at, charged = excluded.charged,
                 forgettable = excluded.forgettable, holder = excluded.holder",
            params![
                owner.key(),
                owner.account().map(|account| account.0),
                bucket.full_at.0,
                encode_guesses(&bucket.charged),
                bucket.forgettable_at().0,
                bucket.holder
            ],
        )?;
        // Nobody fills the store: what matters no more goes as something new comes.
        if let Some(account) = owner.account() {
            connection.execute(
                "DELETE FROM bucket WHERE account = ?1 AND forgettable < ?2",
                params![account.0, charge.at.0],
            )?;
        }
    }
    Ok(())
}

/// Ten bytes each: the tag, then the time, big endian.
fn encode_guesses(guesses: &[Guess]) -> Vec<u8> {
    let bytes =
        |guess: &Guess| [&guess.tag.to_be_bytes()[..], &guess.until.0.to_be_bytes()].concat();
    guesses.iter().flat_map(bytes).collect()
}

fn decode_guesses(bytes: &[u8]) -> Vec<Guess> {
    let (guesses, _) = bytes.as_chunks::<10>();
    guesses
        .iter()
        .map(|[high, low, time @ ..]| Guess {
            tag: u16::from_be_bytes([*high, *low]),
            until: Timestamp(i64::from_be_bytes(*time)),
        })
        .collect()
}
