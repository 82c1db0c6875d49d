//! Credentials, and what is public about each kind.

use std::collections::{BTreeMap, BTreeSet};

use super::{STATES, integer, state_name};
use crate::account::{Credential, Kind, LastUse, Pinned, Scope, State};
use crate::id::{AccountId, CredentialId};
use crate::rfc2289::{Algorithm, Seed};
use crate::store::StoreError;
use crate::store::sql::value::unreadable;
use crate::store::sql::{Row, Sql, one, values};

pub(in crate::store::sql) fn credentials(
    sql: &dyn Sql,
    account: AccountId,
) -> Result<Vec<Credential>, StoreError> {
    let mut struck: BTreeMap<String, BTreeSet<u32>> = BTreeMap::new();
    let found = sql.query(
        "SELECT credential, number FROM struck WHERE account = ?1",
        values![account],
    )?;
    for row in &found {
        struck.entry(row.get(0)?).or_default().insert(row.get(1)?);
    }
    let found = sql.query(
        "SELECT id, kind, handle, size, label, state, services, networks, expires, logins_left,
                created, used_at, used_for, used_from, fingerprint, sealed,
                counter, resync, period, algorithm, pinned, replaces, seq
         FROM credential WHERE account = ?1",
        values![account],
    )?;
    let mut credentials = found
        .iter()
        .map(|row| {
            let id: CredentialId = row.get(0)?;
            let struck = struck.remove(id.as_str()).unwrap_or_default();
            Ok((row.get(22)?, credential(row, id, struck)?))
        })
        .collect::<Result<Vec<(i64, Credential)>, StoreError>>()?;
    // Not by the store, which would copy every column of them to sort them.
    credentials.sort_by_key(|(seq, _)| *seq);
    Ok(credentials.into_iter().map(|(_, one)| one).collect())
}

fn credential(
    row: &Row,
    id: CredentialId,
    struck: BTreeSet<u32>,
) -> Result<Credential, StoreError> {
    let kind: String = row.get(1)?;
    let state: String = row.get(5)?;
    let words = |column| {
        row.get::<String>(column).map(|text| {
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
        kind: kind_of(row, &kind)?,
        label: row.get(4)?,
        state: STATES
            .iter()
            .find(|(_, name)| *name == state)
            .map(|(state, _)| *state)
            .ok_or_else(|| unreadable(5, &state))?,
        scope: Scope {
            services: words(6)?,
            from: networks.map_err(|_| unreadable(7, "networks"))?,
            expires: row.get(8)?,
            logins_left: row.get(9)?,
            pinned: match row.get::<Option<String>>(20)? {
                None => Pinned::No,
                Some(service) if service.is_empty() => Pinned::Open,
                Some(service) => Pinned::To(service),
            },
        },
        created: row.get(10)?,
        last_used: match row.get(11)? {
            Some(at) => Some(LastUse {
                at,
                service: row.get(12)?,
                remote: row.get(13)?,
            }),
            None => None,
        },
        struck,
        fingerprint: row.get(14)?,
        sealed: row.get(15)?,
        replaces: row.get(21)?,
    })
}

fn kind_of(row: &Row, kind: &str) -> Result<Kind, StoreError> {
    Ok(match kind {
        "sheet" => Kind::Sheet {
            name: row.get(2)?,
            size: row.get(3)?,
        },
        "sequence" => {
            let (seed, algorithm): (String, String) = (row.get(2)?, row.get(19)?);
            Kind::Sequence {
                algorithm: Algorithm::parse(&algorithm)
                    .ok_or_else(|| unreadable(19, &algorithm))?,
                seed: Seed::new(&seed).map_err(|_| unreadable(2, "seed"))?,
                count: row.get(16)?,
            }
        }
        "totp" => Kind::Totp {
            digits: row.get(3)?,
            period: row.get(18)?,
        },
        "hotp" => Kind::Hotp {
            digits: row.get(3)?,
            counter: row.get(16)?,
            resync: row.get(17)?,
        },
        "app-password" => Kind::AppPassword {
            selector: row.get(2)?,
        },
        "alias" => Kind::Alias { size: row.get(3)? },
        other => return Err(unreadable(1, other)),
    })
}

/// The columns that say what is public about a kind.
#[derive(Default)]
struct KindColumns<'a> {
    handle: Option<&'a str>,
    size: Option<u32>,
    counter: Option<i64>,
    resync: Option<i64>,
    period: Option<u32>,
    algorithm: Option<&'a str>,
}

impl<'a> From<&'a Kind> for KindColumns<'a> {
    fn from(kind: &'a Kind) -> KindColumns<'a> {
        let none = KindColumns::default();
        match kind {
            Kind::Sheet { name, size } => KindColumns {
                handle: Some(name),
                size: Some(*size),
                ..none
            },
            Kind::Sequence {
                algorithm,
                seed,
                count,
            } => KindColumns {
                handle: Some(seed.as_str()),
                counter: Some(i64::from(*count)),
                algorithm: Some(algorithm.as_str()),
                ..none
            },
            Kind::Totp { digits, period } => KindColumns {
                size: Some(*digits),
                period: Some(*period),
                ..none
            },
            Kind::Hotp {
                digits,
                counter,
                resync,
            } => KindColumns {
                size: Some(*digits),
                counter: Some(integer(*counter)),
                resync: resync.map(integer),
                ..none
            },
            Kind::AppPassword { selector } => KindColumns {
                handle: Some(selector),
                ..none
            },
            Kind::Alias { size } => KindColumns {
                size: Some(*size),
                ..none
            },
        }
    }
}

pub(in crate::store::sql) fn renew(
    sql: &dyn Sql,
    account: AccountId,
    credential: &CredentialId,
    was: u32,
    kind: &Kind,
    sealed: &[u8],
) -> Result<(), StoreError> {
    let columns = KindColumns::from(kind);
    one(sql.execute(
        "UPDATE credential SET handle = ?4, size = ?5, counter = ?6, resync = ?7, period = ?8,
                algorithm = ?9, sealed = ?10,
                -- Whoever began it anew has looked at it.
                state = CASE WHEN state = ?13 THEN ?14 ELSE state END
         WHERE account = ?1 AND id = ?2 AND kind = ?3 AND state <> ?11 AND counter = ?12",
        values![
            account,
            credential,
            kind.as_str(),
            columns.handle,
            columns.size,
            columns.counter,
            columns.resync,
            columns.period,
            columns.algorithm,
            sealed,
            state_name(State::Revoked),
            was,
            state_name(State::Suspended),
            state_name(State::Live)
        ],
    )?)
}

pub(in crate::store::sql) fn insert_credential(
    sql: &dyn Sql,
    account: AccountId,
    credential: &Credential,
) -> Result<(), StoreError> {
    let columns = KindColumns::from(&credential.kind);
    let networks: Vec<String> = credential
        .scope
        .from
        .iter()
        .map(ToString::to_string)
        .collect();
    let pinned = match &credential.scope.pinned {
        Pinned::No => None,
        Pinned::Open => Some(""),
        Pinned::To(service) => Some(service.as_str()),
    };
    one(sql.execute(
        "INSERT INTO credential (account, id, seq, kind, handle, size, label, state, services, networks,
                                 expires, logins_left, created, fingerprint, sealed,
                                 counter, resync, period, algorithm, pinned, replaces)
         VALUES (?1, ?2, (SELECT count(*) FROM credential WHERE account = ?1), ?3, ?4, ?5, ?6, ?7, ?8,
                 ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)",
        values![
            account,
            &credential.id,
            credential.kind.as_str(),
            columns.handle,
            columns.size,
            &credential.label,
            state_name(credential.state),
            &credential.scope.services.join(" "),
            &networks.join(" "),
            credential.scope.expires,
            credential.scope.logins_left,
            credential.created,
            credential.fingerprint.as_ref(),
            &credential.sealed,
            columns.counter,
            columns.resync,
            columns.period,
            columns.algorithm,
            pinned,
            credential.replaces.as_ref()
        ],
    )?)
}
