//! The end of a login, inside its transaction.

use super::{Sql, change, events, rows, values};
use crate::account::{AliasUse, Consumption, Settled, Settlement, State, Use};
use crate::id::AccountId;
use crate::store::{DAY, KNOWN_NETWORKS, StoreError};
use crate::window::{self, Window};

pub(super) fn settle(sql: &dyn Sql, settlement: &Settlement) -> Result<Settled, StoreError> {
    // A stranger's is looked for as well: whether there is one must not show in how often a database is asked.
    sql.hold_account(settlement.account.unwrap_or(AccountId::NOBODY))?;
    let settled = match settlement.account {
        Some(account) => settle_account(sql, account, settlement)?,
        None => Settled::Consumed,
    };
    // Strangers have budgets, too: what an account is given back, they are.
    for charge in &settlement.refund {
        // An account's own are held with it.
        if charge.account().is_none() || charge.account() != settlement.account {
            rows::hold(sql, charge)?;
        }
        let mut buckets = rows::buckets(sql, charge)?;
        charge.refund(&mut buckets);
        rows::put_buckets(sql, charge, &buckets)?;
    }
    let event = settlement.event_of(settled);
    match settlement.account {
        Some(_) => events::insert(sql, &event)?,
        // Nothing is kept of strangers; their login takes as long as another's.
        None => events::insert_nothing(sql, &event)?,
    }
    if settled == Settled::Consumed && settlement.must_be_durable() {
        sql.count_spent(settlement.account.unwrap_or(AccountId::NOBODY))?;
    }
    Ok(settled)
}

fn settle_account(
    sql: &dyn Sql,
    account: AccountId,
    settlement: &Settlement,
) -> Result<Settled, StoreError> {
    let now = settlement.event.time;
    let mut settled = Settled::Consumed;
    if let Some(consumption) = &settlement.consume {
        if consume(sql, account, consumption, settlement)? {
            if let Some(offer) = &settlement.window {
                open_window(sql, account, consumption, settlement, offer)?;
            }
        } else {
            settled = look_for_window(sql, account, settlement)?;
        }
    }
    if let Some((credential, counter)) = &settlement.ahead {
        sql.execute(
            "UPDATE credential SET resync = ?3 WHERE account = ?1 AND id = ?2 AND counter < ?3",
            values![account, credential.as_str(), rows::integer(*counter)],
        )?;
    }
    if let Some(sheet) = &settlement.kill {
        change::revoke(sql, account, sheet)?;
    }
    if let Some(window) = &settlement.touch {
        sql.execute(
            "UPDATE grace SET used = ?3 WHERE account = ?1 AND id = ?2 AND used < ?3",
            values![account, window.as_str(), now.0],
        )?;
    }
    if let Some(network) = settlement
        .seen
        .as_ref()
        .filter(|_| settled != Settled::Lost)
    {
        remember(sql, account, network.as_str(), now.0)?;
    }
    Ok(settled)
}

/// Uses up by compare-and-set: the credential must still be live, have logins left and be for this
/// service; the number must be unspent, the step or the counter the highest, the response the next; and
/// so must the alias be. A savepoint, so that either all holds or none.
fn consume(
    sql: &dyn Sql,
    account: AccountId,
    consumption: &Consumption,
    settlement: &Settlement,
) -> Result<bool, StoreError> {
    sql.execute("SAVEPOINT consume", &[])?;
    let consumed = use_login(sql, account, consumption, settlement)? == 1
        && use_code(sql, account, consumption)? == 1
        && match &settlement.alias {
            Some(alias) => use_alias(sql, account, alias, settlement)? == 1,
            None => true,
        };
    if consumed {
        change::take_place(sql, account, &consumption.credential)?;
        if let Some(alias) = &settlement.alias {
            change::take_place(sql, account, &alias.credential)?;
        }
    } else {
        sql.execute("ROLLBACK TO SAVEPOINT consume", &[])?;
    }
    sql.execute("RELEASE SAVEPOINT consume", &[])?;
    Ok(consumed)
}

/// One login of a credential that is live.
fn use_login(
    sql: &dyn Sql,
    account: AccountId,
    consumption: &Consumption,
    settlement: &Settlement,
) -> Result<u64, StoreError> {
    let event = &settlement.event;
    sql.execute(
        "UPDATE credential
         SET logins_left = logins_left - 1, used_at = ?3, used_for = ?4, used_from = ?5,
             pinned = CASE WHEN pinned = '' THEN ?4 ELSE pinned END
         WHERE account = ?1 AND id = ?2 AND state = ?6
           AND (logins_left IS NULL OR logins_left > 0) AND (expires IS NULL OR expires > ?3)
           AND (pinned IS NULL OR pinned IN ('', ?4))",
        values![
            account,
            consumption.credential.as_str(),
            event.time.0,
            &event.service,
            &event.remote,
            rows::state_name(State::Live)
        ],
    )
}

fn use_code(
    sql: &dyn Sql,
    account: AccountId,
    consumption: &Consumption,
) -> Result<u64, StoreError> {
    let credential = consumption.credential.as_str();
    match consumption.what {
        Use::Login => Ok(1),
        Use::Strike(number) => strike(sql, account, credential, number),
        Use::Step(step) => sql.execute(
            "UPDATE account SET totp_floor = ?2 WHERE id = ?1 AND totp_floor < ?2",
            values![account, step.0],
        ),
        Use::Counter(counter) => sql.execute(
            "UPDATE credential SET counter = ?3 + 1, resync = NULL
             WHERE account = ?1 AND id = ?2 AND counter <= ?3",
            values![account, credential, rows::integer(counter)],
        ),
        Use::Response(count) => sql.execute(
            "UPDATE credential SET counter = ?3, sealed = ?4
             WHERE account = ?1 AND id = ?2 AND counter = ?3 + 1 AND ?4 IS NOT NULL",
            values![account, credential, count, &consumption.sealed],
        ),
    }
}

fn use_alias(
    sql: &dyn Sql,
    account: AccountId,
    alias: &AliasUse,
    settlement: &Settlement,
) -> Result<u64, StoreError> {
    let aliases = Consumption {
        credential: alias.credential.clone(),
        what: Use::Login,
        sealed: None,
    };
    if use_login(sql, account, &aliases, settlement)? != 1 {
        return Ok(0);
    }
    strike(sql, account, alias.credential.as_str(), alias.number)
}

/// Strikes a number, once.
fn strike(
    sql: &dyn Sql,
    account: AccountId,
    credential: &str,
    number: u32,
) -> Result<u64, StoreError> {
    sql.execute(
        "INSERT INTO struck (account, credential, number) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        values![account, credential, number],
    )
}

fn open_window(
    sql: &dyn Sql,
    account: AccountId,
    consumption: &Consumption,
    settlement: &Settlement,
    offer: &crate::account::WindowOffer,
) -> Result<(), StoreError> {
    let event = &settlement.event;
    // Those that have ended go as new ones come.
    sql.execute(
        "DELETE FROM grace WHERE account = ?1 AND (opened <= ?2 OR used <= ?3)",
        values![
            account,
            event.time.minus(offer.limits.lifetime).0,
            event.time.minus(offer.limits.idle).0
        ],
    )?;
    rows::insert_window(
        sql,
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
    sql: &dyn Sql,
    account: AccountId,
    settlement: &Settlement,
) -> Result<Settled, StoreError> {
    let Some(offer) = &settlement.window else {
        return Ok(Settled::Lost);
    };
    let windows = rows::windows(sql, account)?;
    let now = settlement.event.time;
    let found = window::find(&windows, &offer.key, offer.binding, offer.limits, now);
    Ok(if found.is_some() {
        Settled::InWindow
    } else {
        Settled::Lost
    })
}

fn remember(sql: &dyn Sql, account: AccountId, network: &str, now: i64) -> Result<(), StoreError> {
    let changed = sql.execute(
        "INSERT INTO known (account, network, seen) VALUES (?1, ?2, ?3)
         ON CONFLICT (account, network) DO UPDATE SET seen = excluded.seen WHERE known.seen < ?3 - ?4",
        values![account, network, now, DAY],
    )?;
    if changed > 0 {
        sql.execute(
            "DELETE FROM known WHERE account = ?1 AND network NOT IN
             (SELECT network FROM known WHERE account = ?1 ORDER BY seen DESC LIMIT ?2)",
            values![account, KNOWN_NETWORKS as i64],
        )?;
    }
    Ok(())
}
