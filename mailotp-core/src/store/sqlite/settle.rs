//! The end of a login, inside its transaction.

use rusqlite::{Transaction, params};

use super::{change, events, rows};
use crate::account::{AliasUse, Consumption, Settled, Settlement, State, Use};
use crate::id::AccountId;
use crate::store::{DAY, KNOWN_NETWORKS};
use crate::window::{self, Window};

pub(super) fn settle(
    transaction: &Transaction<'_>,
    settlement: &Settlement,
) -> rusqlite::Result<Settled> {
    let settled = match settlement.account {
        Some(account) => settle_account(transaction, account, settlement)?,
        None => Settled::Consumed,
    };
    // Strangers have budgets, too: what an account is given back, they are.
    for charge in &settlement.refund {
        let mut buckets = rows::buckets(transaction, charge)?;
        charge.refund(&mut buckets);
        rows::put_buckets(transaction, charge, &buckets)?;
    }
    if settled == Settled::Consumed && settlement.must_be_durable() {
        transaction.execute("UPDATE store SET generation = generation + 1", [])?;
    }
    let event = settlement.event_of(settled);
    match settlement.account {
        Some(_) => events::insert(transaction, &event)?,
        // Nothing is kept of strangers; their login takes as long as another's.
        None => events::insert_nothing(transaction, &event)?,
    }
    Ok(settled)
}

fn settle_account(
    transaction: &Transaction<'_>,
    account: AccountId,
    settlement: &Settlement,
) -> rusqlite::Result<Settled> {
    let now = settlement.event.time;
    let mut settled = Settled::Consumed;
    if let Some(consumption) = &settlement.consume {
        if consume(transaction, account, consumption, settlement)? {
            if let Some(offer) = &settlement.window {
                open_window(transaction, account, consumption, settlement, offer)?;
            }
        } else {
            settled = look_for_window(transaction, account, settlement)?;
        }
    }
    if let Some((credential, counter)) = &settlement.ahead {
        transaction.execute(
            "UPDATE credential SET resync = ?3 WHERE account = ?1 AND id = ?2 AND counter < ?3",
            params![account.0, credential.as_str(), rows::integer(*counter)],
        )?;
    }
    if let Some(sheet) = &settlement.kill {
        change::revoke(transaction, account, sheet)?;
    }
    if let Some(window) = &settlement.touch {
        transaction.execute(
            "UPDATE grace SET used = ?3 WHERE account = ?1 AND id = ?2 AND used < ?3",
            params![account.0, window.as_str(), now.0],
        )?;
    }
    if let Some(network) = settlement
        .seen
        .as_ref()
        .filter(|_| settled != Settled::Lost)
    {
        remember(transaction, account, network.as_str(), now.0)?;
    }
    Ok(settled)
}

/// Uses up by compare-and-set: the credential must still be live, have logins left and be for this
/// service; the number must be unspent, the step or the counter the highest, the response the next; and
/// so must the alias be. A savepoint, so that either all holds or none.
fn consume(
    transaction: &Transaction<'_>,
    account: AccountId,
    consumption: &Consumption,
    settlement: &Settlement,
) -> rusqlite::Result<bool> {
    transaction.execute_batch("SAVEPOINT consume")?;
    let consumed = use_login(transaction, account, consumption, settlement)? == 1
        && use_code(transaction, account, consumption)? == 1
        && match &settlement.alias {
            Some(alias) => use_alias(transaction, account, alias, settlement)? == 1,
            None => true,
        };
    let end = if consumed {
        change::take_place(transaction, account, &consumption.credential)?;
        if let Some(alias) = &settlement.alias {
            change::take_place(transaction, account, &alias.credential)?;
        }
        "RELEASE consume"
    } else {
        "ROLLBACK TO consume; RELEASE consume"
    };
    transaction.execute_batch(end)?;
    Ok(consumed)
}

/// One login of a credential that is live.
fn use_login(
    transaction: &Transaction<'_>,
    account: AccountId,
    consumption: &Consumption,
    settlement: &Settlement,
) -> rusqlite::Result<usize> {
    let event = &settlement.event;
    transaction.execute(
        "UPDATE credential
         SET logins_left = logins_left - 1, used_at = ?3, used_for = ?4, used_from = ?5,
             pinned = CASE WHEN pinned = '' THEN ?4 ELSE pinned END
         WHERE account = ?1 AND id = ?2 AND state = ?6
           AND (logins_left IS NULL OR logins_left > 0) AND (expires IS NULL OR expires > ?3)
           AND (pinned IS NULL OR pinned IN ('', ?4))",
        params![
            account.0,
            consumption.credential.as_str(),
            event.time.0,
            event.service,
            event.remote,
            rows::state_name(State::Live)
        ],
    )
}

fn use_code(
    transaction: &Transaction<'_>,
    account: AccountId,
    consumption: &Consumption,
) -> rusqlite::Result<usize> {
    let credential = consumption.credential.as_str();
    match consumption.what {
        Use::Login => Ok(1),
        Use::Strike(number) => strike(transaction, account, credential, number),
        Use::Step(step) => transaction.execute(
            "UPDATE account SET totp_floor = ?2 WHERE id = ?1 AND totp_floor < ?2",
            params![account.0, step.0],
        ),
        Use::Counter(counter) => transaction.execute(
            "UPDATE credential SET counter = ?3 + 1, resync = NULL
             WHERE account = ?1 AND id = ?2 AND counter <= ?3",
            params![account.0, credential, rows::integer(counter)],
        ),
        Use::Response(count) => transaction.execute(
            "UPDATE credential SET counter = ?3, sealed = ?4
             WHERE account = ?1 AND id = ?2 AND counter = ?3 + 1 AND ?4 IS NOT NULL",
            params![account.0, credential, count, consumption.sealed],
        ),
    }
}

fn use_alias(
    transaction: &Transaction<'_>,
    account: AccountId,
    alias: &AliasUse,
    settlement: &Settlement,
) -> rusqlite::Result<usize> {
    let aliases = Consumption {
        credential: alias.credential.clone(),
        what: Use::Login,
        sealed: None,
    };
    if use_login(transaction, account, &aliases, settlement)? != 1 {
        return Ok(0);
    }
    strike(
        transaction,
        account,
        alias.credential.as_str(),
        alias.number,
    )
}

/// Strikes a number, once.
fn strike(
    transaction: &Transaction<'_>,
    account: AccountId,
    credential: &str,
    number: u32,
) -> rusqlite::Result<usize> {
    transaction.execute(
        "INSERT INTO struck (account, credential, number) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        params![account.0, credential, number],
    )
}

fn open_window(
    transaction: &Transaction<'_>,
    account: AccountId,
    consumption: &Consumption,
    settlement: &Settlement,
    offer: &crate::account::WindowOffer,
) -> rusqlite::Result<()> {
    let event = &settlement.event;
    // Those that have ended go as new ones come.
    transaction.execute(
        "DELETE FROM grace WHERE account = ?1 AND (opened <= ?2 OR used <= ?3)",
        params![
            account.0,
            event.time.minus(offer.limits.lifetime).0,
            event.time.minus(offer.limits.idle).0
        ],
    )?;
    rows::insert_window(
        transaction,
        account,
        &Window {
            id: offer.id.clone(),
            credential: consumption.credential.clone(),
            key: offer.key.clone(),
            opened: event.time,
            used: event.time,
            service: event.service.clone().unwrap_or_default(),
            remote: event.remote.clone().unwrap_or_default(),
        },
    )
}

/// Somebody was first. Was it another connection of the same place?
fn look_for_window(
    transaction: &Transaction<'_>,
    account: AccountId,
    settlement: &Settlement,
) -> rusqlite::Result<Settled> {
    let Some(offer) = &settlement.window else {
        return Ok(Settled::Lost);
    };
    let windows = rows::windows(transaction, account)?;
    let now = settlement.event.time;
    let found = window::find(&windows, &offer.key, offer.binding, offer.limits, now);
    Ok(if found.is_some() {
        Settled::InWindow
    } else {
        Settled::Lost
    })
}

fn remember(
    transaction: &Transaction<'_>,
    account: AccountId,
    network: &str,
    now: i64,
) -> rusqlite::Result<()> {
    let changed = transaction.execute(
        "INSERT INTO known (account, network, seen) VALUES (?1, ?2, ?3)
         ON CONFLICT (account, network) DO UPDATE SET seen = excluded.seen WHERE seen < ?3 - ?4",
        params![account.0, network, now, DAY],
    )?;
    if changed > 0 {
        transaction.execute(
            "DELETE FROM known WHERE account = ?1 AND network NOT IN
             (SELECT network FROM known WHERE account = ?1 ORDER BY seen DESC LIMIT ?2)",
            params![account.0, KNOWN_NETWORKS as i64],
        )?;
    }
    Ok(())
}
