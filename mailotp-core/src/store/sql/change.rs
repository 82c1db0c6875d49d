//! What an administrator or an owner changes, inside its transaction.

use super::{Sql, events, one, restore, rows, values};
use crate::account::{Change, State, Use};
use crate::audit::Event;
use crate::id::{AccountId, CredentialId};
use crate::request::AccountName;
use crate::store::StoreError;

/// Changes an account, and tells of it.
pub(super) fn part(
    sql: &dyn Sql,
    account: AccountId,
    changes: &[Change],
    event: &Event,
) -> Result<(), StoreError> {
    sql.hold_account(account)?;
    for change in changes {
        apply(sql, account, change)?;
    }
    events::insert(sql, event)
}

fn apply(sql: &dyn Sql, account: AccountId, change: &Change) -> Result<(), StoreError> {
    match change {
        Change::Create(account) => {
            rows::insert_account(sql, account)?;
            forget_unenrolled(sql, &account.name)
        }
        Change::Add(credential) => rows::insert_credential(sql, account, credential),
        Change::NameAliases(credential, tags) => {
            rows::insert_aliases(sql, account, credential, tags)
        }
        Change::Renew {
            credential,
            was,
            kind,
            sealed,
        } => rows::renew(sql, account, credential, *was, kind, sealed),
        Change::Confirm(credential, used) => {
            one(sql.execute(
                "UPDATE credential SET state = ?3 WHERE account = ?1 AND id = ?2 AND state IN (?4, ?5)",
                values![
                    account,
                    credential.as_str(),
                    rows::state_name(State::Live),
                    rows::state_name(State::Pending),
                    rows::state_name(State::Suspended)
                ],
            )?)?;
            match used {
                // Both only grow: where they are higher already, they stay.
                Some(Use::Step(step)) => sql
                    .execute(
                        "UPDATE account SET totp_floor = ?2 WHERE id = ?1 AND totp_floor < ?2",
                        values![account, step.0],
                    )
                    .map(|_| ())?,
                Some(Use::Counter(counter)) => sql
                    .execute(
                        "UPDATE credential SET counter = ?3 + 1
                         WHERE account = ?1 AND id = ?2 AND counter <= ?3",
                        values![account, credential.as_str(), rows::integer(*counter)],
                    )
                    .map(|_| ())?,
                _ => return Ok(()),
            }
            // Its owner holds it in hand: what it takes the place of is gone.
            take_place(sql, account, credential)
        }
        Change::Rename(credential, label) => one(sql.execute(
            "UPDATE credential SET label = ?3 WHERE account = ?1 AND id = ?2",
            values![account, credential.as_str(), label],
        )?),
        Change::Revoke(credentials) => credentials
            .iter()
            .try_for_each(|credential| one(revoke(sql, account, credential)?)),
        Change::SetPin(pin) => {
            one(sql.execute(
                "UPDATE account SET pin_length = ?2, pin = ?3 WHERE id = ?1",
                values![
                    account,
                    pin.as_ref().map(|pin| pin.length),
                    pin.as_ref().map(|pin| &pin.sealed)
                ],
            )?)?;
            end_windows(sql, account)
        }
        Change::SetSitePin(pin) => {
            one(sql.execute(
                "UPDATE store SET pin_length = ?1, pin = ?2",
                values![
                    pin.as_ref().map(|pin| pin.length),
                    pin.as_ref().map(|pin| &pin.sealed)
                ],
            )?)?;
            sql.execute("DELETE FROM grace", &[]).map(|_| ())
        }
        Change::Lock(locked) => one(sql.execute(
            "UPDATE account SET locked = ?2 WHERE id = ?1",
            values![account, *locked],
        )?),
        Change::RenameAccount(name) => {
            forget_unenrolled(sql, name)?;
            sql.execute(
                "UPDATE event SET account = ?2
                 WHERE account = (SELECT name FROM account WHERE id = ?1)",
                values![account, name.as_str()],
            )?;
            one(sql.execute(
                "UPDATE account SET name = ?2 WHERE id = ?1",
                values![account, name.as_str()],
            )?)
        }
        Change::Remove => remove(sql, account),
        Change::Expire(at) => one(sql.execute(
            "UPDATE account SET expires = ?2 WHERE id = ?1",
            values![account, at.map(|at| at.0)],
        )?),
        Change::AddRule(own) => {
            rows::insert_own_rule(sql, account, own)?;
            end_windows(sql, account)
        }
        Change::RemoveRules(rules) => {
            for rule in rules {
                rows::delete_own_rule(sql, account, rule)?;
            }
            end_windows(sql, account)
        }
        Change::Forgive => sql
            .execute("DELETE FROM bucket WHERE account = ?1", values![account])
            .map(|_| ()),
        Change::AcceptClock { now, full_by } => {
            sql.execute("DELETE FROM grace WHERE used > ?1", values![*now])?;
            sql.execute("DELETE FROM bucket WHERE full_at > ?1", values![*full_by])?;
            one(sql.execute("UPDATE store SET newest = ?1", values![*now])?)
        }
        Change::EndAllWindows => sql.execute("DELETE FROM grace", &[]).map(|_| ()),
        Change::Strike(credential, below) => strike(sql, account, credential, *below),
        Change::Restore(restoration) => restore::apply(sql, restoration),
        Change::EndWindows(None) => end_windows(sql, account),
        Change::EndWindows(Some(windows)) => windows.iter().try_for_each(|window| {
            one(sql.execute(
                "DELETE FROM grace WHERE account = ?1 AND id = ?2",
                values![account, window.as_str()],
            )?)
        }),
    }
}

/// From now on the account's own events say what would become of it.
fn forget_unenrolled(sql: &dyn Sql, name: &AccountName) -> Result<(), StoreError> {
    sql.execute(
        "DELETE FROM unenrolled WHERE account = ?1",
        values![name.as_str()],
    )
    .map(|_| ())
}

/// Strikes the numbers below this one.
fn strike(
    sql: &dyn Sql,
    account: AccountId,
    credential: &CredentialId,
    below: u32,
) -> Result<(), StoreError> {
    for number in 1..below {
        sql.execute(
            "INSERT INTO struck (account, credential, number) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            values![account, credential, number],
        )?;
    }
    Ok(())
}

fn end_windows(sql: &dyn Sql, account: AccountId) -> Result<(), StoreError> {
    sql.execute("DELETE FROM grace WHERE account = ?1", values![account])
        .map(|_| ())
}

/// Takes a credential away for good, with the windows that it has opened. Says how many there were: one
/// or, where it is revoked already, none.
pub(super) fn revoke(
    sql: &dyn Sql,
    account: AccountId,
    credential: &CredentialId,
) -> Result<u64, StoreError> {
    let revoked = sql.execute(
        "UPDATE credential SET state = ?3, fingerprint = NULL
         WHERE account = ?1 AND id = ?2 AND state <> ?3",
        values![
            account,
            credential.as_str(),
            rows::state_name(State::Revoked)
        ],
    )?;
    for table in ["grace", "alias"] {
        sql.execute(
            &format!("DELETE FROM {table} WHERE account = ?1 AND credential = ?2"),
            values![account, credential.as_str()],
        )?;
    }
    Ok(revoked)
}

/// Revokes what a credential takes the place of, now that it is used; and what that one was to take the
/// place of, and never did.
pub(super) fn take_place(
    sql: &dyn Sql,
    account: AccountId,
    credential: &CredentialId,
) -> Result<(), StoreError> {
    let mut replaced = replaced_by(sql, account, credential)?;
    if replaced.is_none() {
        return Ok(());
    }
    // Each is older than the one that it was read from: this ends.
    while let Some(old) = replaced {
        revoke(sql, account, &old)?;
        replaced = replaced_by(sql, account, &old)?;
    }
    one(sql.execute(
        "UPDATE credential SET replaces = NULL WHERE account = ?1 AND id = ?2",
        values![account, credential.as_str()],
    )?)
}

/// Takes an account away, with everything that belongs to it.
fn remove(sql: &dyn Sql, account: AccountId) -> Result<(), StoreError> {
    sql.execute(
        "DELETE FROM event WHERE account = (SELECT name FROM account WHERE id = ?1)",
        values![account],
    )?;
    for table in [
        "credential",
        "struck",
        "alias",
        "own_rule",
        "grace",
        "bucket",
        "known",
    ] {
        sql.execute(
            &format!("DELETE FROM {table} WHERE account = ?1"),
            values![account],
        )?;
    }
    one(sql.execute("DELETE FROM account WHERE id = ?1", values![account])?)
}

fn replaced_by(
    sql: &dyn Sql,
    account: AccountId,
    credential: &CredentialId,
) -> Result<Option<CredentialId>, StoreError> {
    let row = sql.row(
        "SELECT replaces FROM credential WHERE account = ?1 AND id = ?2",
        values![account, credential.as_str()],
    )?;
    row.get(0)
}
