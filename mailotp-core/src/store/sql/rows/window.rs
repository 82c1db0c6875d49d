//! Windows.

use crate::id::AccountId;
use crate::request::Network;
use crate::store::StoreError;
use crate::store::sql::{Sql, one, values};
use crate::window::{Window, WindowKey};

pub(in crate::store::sql) fn windows(
    sql: &dyn Sql,
    account: AccountId,
) -> Result<Vec<Window>, StoreError> {
    let found = sql.query(
        "SELECT id, credential, tag, policy, grp, network, opened, used, service, remote
         FROM grace WHERE account = ?1 ORDER BY opened, id",
        values![account],
    )?;
    found
        .iter()
        .map(|row| {
            Ok(Window {
                id: row.get(0)?,
                credential: row.get(1)?,
                key: WindowKey {
                    tag: row.get(2)?,
                    policy: row.get(3)?,
                    group: row.get(4)?,
                    network: Network::stored(row.get(5)?),
                },
                opened: row.get(6)?,
                used: row.get(7)?,
                service: row.get(8)?,
                remote: row.get(9)?,
            })
        })
        .collect()
}

pub(in crate::store::sql) fn insert_window(
    sql: &dyn Sql,
    account: AccountId,
    window: &Window,
) -> Result<(), StoreError> {
    one(sql.execute(
        "INSERT INTO grace (account, id, credential, tag, policy, grp, network, opened, used, service, remote)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        values![
            account,
            &window.id,
            &window.credential,
            &window.key.tag,
            &window.key.policy,
            &window.key.group,
            window.key.network.as_str(),
            window.opened,
            window.used,
            &window.service,
            &window.remote
        ],
    )?)
}
