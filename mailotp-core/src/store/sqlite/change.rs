//! What an administrator or an owner changes, inside its transaction.

use rusqlite::{Transaction, params};

use super::{events, one, restore, rows};
use crate::account::{Change, State, Use};
use crate::audit::Event;
use crate::id::{AccountId, CredentialId};
use crate::request::AccountName;

/// Changes an account, tells of it, and counts the generation up.
pub(super) fn part(
    transaction: &Transaction<'_>,
    account: AccountId,
    changes: &[Change],
    event: &Event,
) -> rusqlite::Result<u64> {
    for change in changes {
        apply(transaction, account, change)?;
    }
    events::insert(transaction, event)?;
    transaction.execute("UPDATE store SET generation = generation + 1", [])?;
    generation(transaction)
}

/// The generation that the store has come to.
pub(super) fn generation(transaction: &Transaction<'_>) -> rusqlite::Result<u64> {
    transaction.query_row("SELECT generation FROM store", [], |row| {
        row.get::<_, i64>(0).map(|generation| generation as u64)
    })
}

fn apply(
    transaction: &Transaction<'_>,
    account: AccountId,
    change: &Change,
) -> rusqlite::Result<()> {
    match change {
        Change::Create(account) => {
            rows::insert_account(transaction, account)?;
            forget_unenrolled(transaction, &account.name)
        }
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
            forget_unenrolled(transaction, name)?;
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

/// From now on the account's own events say what would become of it.
fn forget_unenrolled(transaction: &Transaction<'_>, name: &AccountName) -> rusqlite::Result<()> {
    transaction
        .execute("DELETE FROM unenrolled WHERE account = ?1", [name.as_str()])
        .map(|_| ())
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

/// Revokes what a credential takes the place of, now that it is used; and what that one was to take the
/// place of, and never did.
pub(super) fn take_place(
    transaction: &Transaction<'_>,
    account: AccountId,
    credential: &CredentialId,
) -> rusqlite::Result<()> {
    let mut replaced = replaced_by(transaction, account, credential)?;
    if replaced.is_none() {
        return Ok(());
    }
    // Each is older than the one that it was read from: this ends.
    while let Some(old) = replaced {
        revoke(transaction, account, &old)?;
        replaced = replaced_by(transaction, account, &old)?;
    }
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

fn replaced_by(
    transaction: &Transaction<'_>,
    account: AccountId,
    credential: &CredentialId,
) -> rusqlite::Result<Option<CredentialId>> {
    let replaced: Option<String> = transaction.query_row(
        "SELECT replaces FROM credential WHERE account = ?1 AND id = ?2",
        params![account.0, credential.as_str()],
        |row| row.get(0),
    )?;
    Ok(replaced.map(CredentialId::stored))
}
