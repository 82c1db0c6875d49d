//! Rules that accounts have made for themselves.

use std::collections::BTreeSet;

use rusqlite::{Connection, Row, params};

use super::{id, unreadable};
use crate::account::OwnRule;
use crate::id::{AccountId, CredentialId};
use crate::rule::{Accept, Means, Own, Place};
use crate::store::sqlite::one;

pub(in crate::store::sqlite) fn own_rules(
    connection: &Connection,
    account: AccountId,
) -> rusqlite::Result<Vec<OwnRule>> {
    let mut statement = connection.prepare(
        "SELECT id, services, places, accept FROM own_rule WHERE account = ?1 ORDER BY seq",
    )?;
    statement.query_map([account.0], own_rule)?.collect()
}

fn own_rule(row: &Row<'_>) -> rusqlite::Result<OwnRule> {
    let id = id(row, 0)?;
    let (services, places): (Option<String>, Option<String>) = (row.get(1)?, row.get(2)?);
    let accept: String = row.get(3)?;
    let accept: Option<BTreeSet<Means>> =
        accept.split_ascii_whitespace().map(Means::parse).collect();
    let services = services.map(|text| text.split_ascii_whitespace().map(str::to_owned).collect());
    let from = places
        .map(|text| text.split_ascii_whitespace().map(place).collect())
        .transpose()?;
    let rule = Own {
        services,
        from,
        accept: Accept(accept.ok_or_else(|| unreadable(3, "accept"))?),
    };
    Ok(OwnRule { id, rule })
}

fn place(text: &str) -> rusqlite::Result<Place> {
    match text {
        "local" => Ok(Place::Local),
        "unknown" => Ok(Place::Unknown),
        network => network
            .parse()
            .map(Place::Net)
            .map_err(|_| unreadable(2, network)),
    }
}

pub(in crate::store::sqlite) fn insert_own_rule(
    connection: &Connection,
    account: AccountId,
    own: &OwnRule,
) -> rusqlite::Result<()> {
    let words = |words: Vec<String>| words.join(" ");
    let services = own.rule.services.as_ref();
    let places = own.rule.from.as_ref();
    let accept = own.rule.accept.0.iter();
    one(connection.execute(
        "INSERT INTO own_rule (account, seq, id, services, places, accept)
         VALUES (?1, (SELECT coalesce(max(seq), 0) + 1 FROM own_rule WHERE account = ?1), ?2, ?3, ?4, ?5)",
        params![
            account.0,
            own.id.as_str(),
            services.map(|names| words(names.iter().cloned().collect())),
            places.map(|places| words(places.iter().map(ToString::to_string).collect())),
            words(accept.map(|means| means.as_str().to_owned()).collect()),
        ],
    )?)
}

pub(in crate::store::sqlite) fn delete_own_rule(
    connection: &Connection,
    account: AccountId,
    rule: &CredentialId,
) -> rusqlite::Result<()> {
    one(connection.execute(
        "DELETE FROM own_rule WHERE account = ?1 AND id = ?2",
        params![account.0, rule.as_str()],
    )?)
}
