//! What an administrator or an owner changes, inside its transaction.

use rusqlite::{Transaction, params};

use super::{one, restore, rows};
use crate::account::{Change, State, Use};
use crate::id::{AccountId, CredentialId};

pub(super) fn apply(
    transaction: &Transaction<'_>,
    account: AccountId,
    change: &Change,
) -> rusqlite::Result<()> {
    match change {
        Change::Create(account) => rows::insert_account(transaction, account),
        Change::Add(credential) => rows::insert_credential(transaction, account, credential),
        Change::NameAliases(credential, tags) => {
            rows::insert_aliases(transaction, account, credential, tags)
        }
        Change::Renew {
            credential,
            was,
            kind,
            sealed,
        } => rows::renew(transaction, account, credential, *was, kind, sealed),
        Change::Confirm(credential, used) => {
            one(transaction.execute(
                "UPDATE credential SET state = ?3 WHERE account = ?1 AND id = ?2 AND state IN (?4, ?5)",
                params![
                    account.0,
                    credential.as_str(),
                    rows::state_name(State::Live),
                    rows::state_name(State::Pending),
                    rows::state_name(State::Suspended)
                ],
            )?)?;
            match used {
                // Both only grow: where they are higher already, they stay.
                Some(Use::Step(step)) => transaction
                    .execute(
                        "UPDATE account SET totp_floor = ?2 WHERE id = ?1 AND totp_floor < ?2",
                        params![account.0, step.0],
                    )
                    .map(|_| ())?,
                Some(Use::Counter(counter)) => transaction
                    .execute(
                        "UPDATE credential SET counter = ?3 + 1
                         WHERE account = ?1 AND id = ?2 AND counter <= ?3",
                        params![account.0, credential.as_str(), rows::integer(*counter)],
                    )
                    .map(|_| ())?,
                _ => return Ok(()),
            }
            // Its owner holds it in hand: what it takes the place of is gone.
            take_place(transaction, account, credential)
        }
        Change::Rename(credential, label) => one(transaction.execute(
            "UPDATE credential SET label = ?3 WHERE account = ?1 AND id = ?2",
            params![account.0, credential.as_str(), label],
        )?),
        Change::Revoke(credentials) => credentials
            .iter()
            .try_for_each(|credential| one(revoke(transaction, account, credential)?)),
        Change::SetPin(pin) => {
            one(transaction.execute(
                "UPDATE account SET pin_length = ?2, pin = ?3 WHERE id = ?1",
                params![
                    account.0,
                    pin.as_ref().map(|pin| pin.length),
                    pin.as_ref().map(|pin| &pin.sealed)
                ],
            )?)?;
            end_windows(transaction, account)
        }
        Change::SetSitePin(pin) => {
            one(transaction.execute(
                "UPDATE store SET pin_length = ?1, pin = ?2",
                params![
                    pin.as_ref().map(|pin| pin.length),
                    pin.as_ref().map(|pin| &pin.sealed)
                ],
            )?)?;
            transaction.execute("DELETE FROM grace", []).map(|_| ())
        }
        Change::Lock(locked) => one(transaction.execute(
            "UPDATE account SET locked = ?2 WHERE id = ?1",
            params![account.0, locked],
        )?),
        Change::RenameAccount(name) => {
            transaction.execute(
                "UPDATE event SET account = ?2
                 WHERE account = (SELECT name FROM account WHERE id = ?1)",
                params![account.0, name.as_str()],
            )?;
            one(transaction.execute(
                "UPDATE account SET name = ?2 WHERE id = ?1",
                params![account.0, name.as_str()],
            )?)
        }
        Change::Remove => remove(transaction, account),
        Change::Expire(at) => one(transaction.execute(
            "UPDATE account SET expires = ?2 WHERE id = ?1",
            params![account.0, at.map(|at| at.0)],
        )?),
        Change::AddRule(own) => {
            rows::insert_own_rule(transaction, account, own)?;
            end_windows(transaction, account)
        }
        Change::RemoveRules(rules) => {
            for rule in rules {
                rows::delete_own_rule(transaction, account, rule)?;
            }
            end_windows(transaction, account)
        }
        Change::Forgive => transaction
            .execute("DELETE FROM bucket WHERE account = ?1", [account.0])
            .map(|_| ()),
        Change::AcceptClock(now) => {
            transaction.execute("DELETE FROM grace WHERE used > ?1", [now.0])?;
            one(transaction.execute("UPDATE store SET newest = ?1", [now.0])?)
        }
        Change::EndAllWindows => transaction.execute("DELETE FROM grace", []).map(|_| ()),
        Change::Strike(credential, below) => strike(transaction, account, credential, *below),
        Change::Restore(restoration) => restore::apply(transaction, restoration),
        Change::EndWindows(None) => end_windows(transaction, account),
        Change::EndWindows(Some(windows)) => windows.iter().try_for_each(|window| {
            one(transaction.execute(
                "DELETE FROM grace WHERE account = ?1 AND id = ?2",
                params![account.0, window.as_str()],
            )?)
        }),
    }
}

/// Strikes the numbers below this one.
fn strike(
    transaction: &Transaction<'_>,
    account: AccountId,
    credential: &CredentialId,
    below: u32,
) -> rusqlite::Result<()> {
    let mut statement = transaction.prepare(
        "INSERT INTO struck (account, credential, number) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
    )?;
    for number in 1..below {
        statement.execute(params![account.0, credential.as_str(), number])?;
    }
    Ok(())
}

fn end_windows(transaction: &Transaction<'_>, account: AccountId) -> rusqlite::Result<()> {
    transaction
        .execute("DELETE FROM grace WHERE account = ?1", [account.0])
        .map(|_| ())
}

/// Takes a credential away for good, with the windows that it has opened. Says how many there were: one
/// or, where it is revoked already, none.
pub(super) fn revoke(
    transaction: &Transaction<'_>,
    account: AccountId,
    credential: &CredentialId,
) -> rusqlite::Result<usize> {
    let revoked = transaction.execute(
        "UPDATE credential SET state = ?3, fingerprint = NULL
         WHERE account = ?1 AND id = ?2 AND state <> ?3",
        params![
            account.0,
            credential.as_str(),
            rows::state_name(State::Revoked)
        ],
    )?;
    for table in ["grace", "alias"] {
        transaction.execute(
            &format!("DELETE FROM {table} WHERE account = ?1 AND credential = ?2"),
            params![account.0, credential.as_str()],
        )?;
    }
    Ok(revoked)
}

/// Revokes what a credential takes the place of, now that it is used.
pub(super) fn take_place(
    transaction: &Transaction<'_>,
    account: AccountId,
    credential: &CredentialId,
) -> rusqlite::Result<()> {
    let replaced: Option<String> = transaction.query_row(
        "SELECT replaces FROM credential WHERE account = ?1 AND id = ?2",
        params![account.0, credential.as_str()],
        |row| row.get(0),
    )?;
    let Some(old) = replaced.map(CredentialId::stored) else {
        return Ok(());
    };
    revoke(transaction, account, &old)?;
    one(transaction.execute(
        "UPDATE credential SET replaces = NULL WHERE account = ?1 AND id = ?2",
        params![account.0, credential.as_str()],
    )?)
}

/// Takes an account away, with everything that belongs to it.
fn remove(transaction: &Transaction<'_>, account: AccountId) -> rusqlite::Result<()> {
    transaction.execute(
        "DELETE FROM event WHERE account = (SELECT name FROM account WHERE id = ?1)",
        [account.0],
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
        transaction.execute(
            &format!("DELETE FROM {table} WHERE account = ?1"),
            [account.0],
        )?;
    }
    one(transaction.execute("DELETE FROM account WHERE id = ?1", [account.0])?)
}
