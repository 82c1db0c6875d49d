//! Buckets of guesses.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::time;
use crate::budget::{Bucket, Charge, Guess, Owner};
use crate::clock::Timestamp;
use crate::id::AccountId;

pub(in crate::store::sqlite) fn bucket(
    connection: &Connection,
    owner: &Owner,
) -> rusqlite::Result<Bucket> {
    let found = connection.query_row(
        "SELECT full_at, charged, holder FROM bucket WHERE owner = ?1",
        [owner.key()],
        read,
    );
    Ok(found.optional()?.unwrap_or_default())
}

fn read(row: &Row<'_>) -> rusqlite::Result<Bucket> {
    Ok(Bucket {
        full_at: time(row, 0)?,
        charged: decode_guesses(&row.get::<_, Vec<u8>>(1)?),
        holder: row.get(2)?,
    })
}

pub(in crate::store::sqlite) fn buckets_of(
    connection: &Connection,
    account: AccountId,
) -> rusqlite::Result<Vec<(Owner, Bucket)>> {
    let mut statement = connection
        .prepare("SELECT full_at, charged, holder, owner FROM bucket WHERE account = ?1")?;
    let found = statement.query_map([account.0], |row| {
        let owner = Owner::of_key(&row.get::<_, String>(3)?);
        owner.map(|owner| Ok((owner, read(row)?))).transpose()
    })?;
    found.filter_map(Result::transpose).collect()
}

pub(in crate::store::sqlite) fn buckets(
    connection: &Connection,
    charge: &Charge,
) -> rusqlite::Result<Vec<Bucket>> {
    charge
        .from
        .iter()
        .map(|(owner, _)| bucket(connection, owner))
        .collect()
}

pub(in crate::store::sqlite) fn put_buckets(
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
