//! Windows.

use rusqlite::{Connection, params};

use super::{id, tag, time};
use crate::id::AccountId;
use crate::request::Network;
use crate::store::sqlite::one;
use crate::window::{Window, WindowKey};

pub(in crate::store::sqlite) fn windows(
    connection: &Connection,
    account: AccountId,
) -> rusqlite::Result<Vec<Window>> {
    let mut statement = connection.prepare(
        "SELECT id, credential, tag, policy, grp, network, opened, used, service, remote
         FROM grace WHERE account = ?1 ORDER BY opened, id",
    )?;
    statement
        .query_map([account.0], |row| {
            Ok(Window {
                id: id(row, 0)?,
                credential: id(row, 1)?,
                key: WindowKey {
                    tag: tag(row, 2)?,
                    policy: tag(row, 3)?,
                    group: row.get(4)?,
                    network: Network::stored(row.get(5)?),
                },
                opened: time(row, 6)?,
                used: time(row, 7)?,
                service: row.get(8)?,
                remote: row.get(9)?,
            })
        })?
        .collect()
}

pub(in crate::store::sqlite) fn insert_window(
    connection: &Connection,
    account: AccountId,
    window: &Window,
) -> rusqlite::Result<()> {
    one(connection.execute(
        "INSERT INTO grace (account, id, credential, tag, policy, grp, network, opened, used, service, remote)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        params![
            account.0,
            window.id.as_str(),
            window.credential.as_str(),
            window.key.tag.0,
            window.key.policy.0,
            window.key.group,
            window.key.network.as_str(),
            window.opened.0,
            window.used.0,
            window.service,
            window.remote
        ],
    )?)
}
