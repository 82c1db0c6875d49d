//! Buckets of guesses.

use crate::budget::{Bucket, Charge, Guess, Owner};
use crate::clock::Timestamp;
use crate::id::AccountId;
use crate::store::StoreError;
use crate::store::sql::{Row, Sql, values};

pub(in crate::store::sql) fn bucket(sql: &dyn Sql, owner: &Owner) -> Result<Bucket, StoreError> {
    let found = sql.first(
        "SELECT full_at, charged, holder FROM bucket WHERE owner = ?1",
        values![&owner.key()],
    )?;
    Ok(found.as_ref().map(read).transpose()?.unwrap_or_default())
}

fn read(row: &Row) -> Result<Bucket, StoreError> {
    Ok(Bucket {
        full_at: row.get(0)?,
        charged: decode_guesses(&row.get::<Vec<u8>>(1)?),
        holder: row.get(2)?,
    })
}

pub(in crate::store::sql) fn buckets_of(
    sql: &dyn Sql,
    account: AccountId,
) -> Result<Vec<(Owner, Bucket)>, StoreError> {
    let found = sql.query(
        "SELECT full_at, charged, holder, owner FROM bucket WHERE account = ?1",
        values![account],
    )?;
    let mut buckets = Vec::new();
    for row in &found {
        if let Some(owner) = Owner::of_key(&row.get::<String>(3)?) {
            buckets.push((owner, read(row)?));
        }
    }
    Ok(buckets)
}

/// Nobody else changes the buckets of a charge until the end of the transaction.
pub(in crate::store::sql) fn hold(sql: &dyn Sql, charge: &Charge) -> Result<(), StoreError> {
    // One statement, whoever is charged: how often a database is asked must not tell.
    if let Some(account) = charge.account() {
        sql.hold_account(account)?;
    }
    let owners = charge.from.iter().map(|(owner, _)| owner);
    let slots: Vec<&Owner> = owners.filter(|owner| owner.account().is_none()).collect();
    if slots.is_empty() {
        return Ok(());
    }
    sql.hold_slots(&slots)
}

/// The buckets of a charge, in its order. Whoever changes them holds them.
pub(in crate::store::sql) fn buckets(
    sql: &dyn Sql,
    charge: &Charge,
) -> Result<Vec<Bucket>, StoreError> {
    let owners = charge.from.iter().map(|(owner, _)| owner);
    owners.map(|owner| bucket(sql, owner)).collect()
}

pub(in crate::store::sql) fn put_buckets(
    sql: &dyn Sql,
    charge: &Charge,
    buckets: &[Bucket],
) -> Result<(), StoreError> {
    for ((owner, _), bucket) in charge.from.iter().zip(buckets) {
        sql.execute(
            "INSERT INTO bucket (owner, account, full_at, charged, forgettable, holder)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (owner) DO UPDATE
             SET full_at = excluded.full_at, charged = excluded.charged,
                 forgettable = excluded.forgettable, holder = excluded.holder",
            values![
                &owner.key(),
                owner.account(),
                bucket.full_at,
                &encode_guesses(&bucket.charged),
                bucket.forgettable_at(),
                bucket.holder
            ],
        )?;
    }
    // Nobody fills the store: what matters no more goes as something new comes. Of strangers nothing goes here,
    // and it is asked for all the same.
    let account = charge.account().unwrap_or(AccountId::NOBODY);
    sql.execute(
        "DELETE FROM bucket WHERE account = ?1 AND forgettable < ?2",
        values![account, charge.at],
    )
    .map(|_| ())
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
