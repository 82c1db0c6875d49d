//! The end of a login, inside its transaction.

use super::{Sql, change, events, rows, values};
use crate::account::{AliasUse, Consumption, Settled, Settlement, State, Use};
use crate::id::{AccountId, CredentialId};
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
/// so must the alias be.
fn consume(
    sql: &dyn Sql,
    account: AccountId,
    consumption: &Consumption,
    settlement: &Settlement,
) -> Result<bool, StoreError> {
    let elsewhere = matches!(consumption.what, Use::Strike(_) | Use::Step(_));
    if !elsewhere && settlement.alias.is_none() {
        return use_credential(sql, account, consumption, settlement);
    }
    // Either all holds or none.
    sql.execute("SAVEPOINT consume", &[])?;
    let consumed = use_credential(sql, account, consumption, settlement)?
        && use_code(sql, account, consumption)?
        && match &settlement.alias {
            Some(alias) => use_alias(sql, account, alias, settlement)?,
            None => true,
        };
    if !consumed {
        sql.execute("ROLLBACK TO SAVEPOINT consume", &[])?;
    }
    sql.execute("RELEASE SAVEPOINT consume", &[])?;
    Ok(consumed)
}

/// One login of a credential that is live, and the code where that stands beside it: who is late changes nothing.
fn use_credential(
    sql: &dyn Sql,
    account: AccountId,
    consumption: &Consumption,
    settlement: &Settlement,
) -> Result<bool, StoreError> {
    let event = &settlement.event;
    let mut values = values![
        account,
        consumption.credential.as_str(),
        event.time.0,
        &event.service,
        &event.remote,
        rows::state_name(State::Live)
    ]
    .to_vec();
    let (becomes, still) = match consumption.what {
        Use::Login | Use::Strike(_) | Use::Step(_) => ("", ""),
        Use::Counter(counter) => {
            values.push(rows::integer(counter).into());
            (", counter = ?7 + 1, resync = NULL", " AND counter <= ?7")
        }
        Use::Response(count) => {
            values.extend(values![count, &consumption.sealed]);
            let still = " AND counter = ?7 + 1 AND ?8 IS NOT NULL";
            (", counter = ?7, sealed = ?8", still)
        }
    };
    let used = sql.execute(
        &format!(
            "UPDATE credential
             SET logins_left = logins_left - 1, used_at = ?3, used_for = ?4, used_from = ?5,
                 pinned = CASE WHEN pinned = '' THEN ?4 ELSE pinned END{becomes}
             WHERE account = ?1 AND id = ?2 AND state = ?6
               AND (logins_left IS NULL OR logins_left > 0) AND (expires IS NULL OR expires > ?3)
               AND (pinned IS NULL OR pinned IN ('', ?4)){still}"
        ),
        &values,
    )?;
    if used == 1 && consumption.takes_place {
        change::take_place(sql, account, &consumption.credential)?;
    }
    Ok(used == 1)
}

/// A code that stands elsewhere than its credential.
fn use_code(
    sql: &dyn Sql,
    account: AccountId,
    consumption: &Consumption,
) -> Result<bool, StoreError> {
    match consumption.what {
        Use::Login | Use::Counter(_) | Use::Response(_) => Ok(true),
        Use::Strike(number) => strike(sql, account, &consumption.credential, number),
        Use::Step(step) => {
            let changed = sql.execute(
                "UPDATE account SET totp_floor = ?2 WHERE id = ?1 AND totp_floor < ?2",
                values![account, step.0],
            )?;
            Ok(changed == 1)
        }
    }
}

fn use_alias(
    sql: &dyn Sql,
    account: AccountId,
    alias: &AliasUse,
    settlement: &Settlement,
) -> Result<bool, StoreError> {
    let aliases = Consumption {
        credential: alias.credential.clone(),
        what: Use::Login,
        sealed: None,
        takes_place: true,
    };
    Ok(use_credential(sql, account, &aliases, settlement)?
        && strike(sql, account, &alias.credential, alias.number)?)
}

/// Strikes a number, once.
fn strike(
    sql: &dyn Sql,
    account: AccountId,
    credential: &CredentialId,
    number: u32,
) -> Result<bool, StoreError> {
    let struck = sql.execute(
        "INSERT INTO struck (account, credential, number) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        values![account, credential, number],
    )?;
    Ok(struck == 1)
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
