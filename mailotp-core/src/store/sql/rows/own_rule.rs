//! Rules that accounts have made for themselves.

use std::collections::BTreeSet;

use crate::account::OwnRule;
use crate::id::{AccountId, CredentialId};
use crate::rule::{Accept, Means, Own, Place};
use crate::store::StoreError;
use crate::store::sql::value::unreadable;
use crate::store::sql::{Row, Sql, one, values};

pub(in crate::store::sql) fn own_rules(
    sql: &dyn Sql,
    account: AccountId,
) -> Result<Vec<OwnRule>, StoreError> {
    let found = sql.query(
        "SELECT id, services, places, accept FROM own_rule WHERE account = ?1 ORDER BY seq",
        values![account],
    )?;
    found.iter().map(own_rule).collect()
}

fn own_rule(row: &Row) -> Result<OwnRule, StoreError> {
    let id = row.get(0)?;
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

fn place(text: &str) -> Result<Place, StoreError> {
    match text {
        "local" => Ok(Place::Local),
        "unknown" => Ok(Place::Unknown),
        network => network
            .parse()
            .map(Place::Net)
            .map_err(|_| unreadable(2, network)),
    }
}

pub(in crate::store::sql) fn insert_own_rule(
    sql: &dyn Sql,
    account: AccountId,
    own: &OwnRule,
) -> Result<(), StoreError> {
    let words = |words: Vec<String>| words.join(" ");
    let services = own.rule.services.as_ref();
    let places = own.rule.from.as_ref();
    let accept = own.rule.accept.0.iter();
    one(sql.execute(
        "INSERT INTO own_rule (account, seq, id, services, places, accept)
         VALUES (?1, (SELECT coalesce(max(seq), 0) + 1 FROM own_rule WHERE account = ?1), ?2, ?3, ?4, ?5)",
        values![
            account,
            &own.id,
            &services.map(|names| words(names.iter().cloned().collect())),
            &places.map(|places| words(places.iter().map(ToString::to_string).collect())),
            &words(accept.map(|means| means.as_str().to_owned()).collect()),
        ],
    )?)
}

pub(in crate::store::sql) fn delete_own_rule(
    sql: &dyn Sql,
    account: AccountId,
    rule: &CredentialId,
) -> Result<(), StoreError> {
    one(sql.execute(
        "DELETE FROM own_rule WHERE account = ?1 AND id = ?2",
        values![account, rule],
    )?)
}
