//! What is copied from one store into another: every table but what a store says of itself.

use crate::store::StoreError;
use crate::store::sql::{Cell, Row, Sql, Value};

/// A table.
#[derive(Debug)]
pub(super) struct Table {
    pub name: &'static str,
    /// Its key comes first.
    pub columns: &'static [&'static str],
    /// How many columns the key has. Every store orders it by its bytes.
    key: usize,
}

/// In the order in which they can be filled.
pub(super) const TABLES: [Table; 10] = [
    Table {
        name: "account",
        key: 1,
        columns: &[
            "id",
            "name",
            "locked",
            "expires",
            "salt",
            "totp_floor",
            "created",
            "pin_length",
            "pin",
        ],
    },
    Table {
        name: "credential",
        key: 2,
        columns: &[
            "account",
            "id",
            "seq",
            "kind",
            "handle",
            "size",
            "label",
            "state",
            "services",
            "networks",
            "expires",
            "logins_left",
            "created",
            "used_at",
            "used_for",
            "used_from",
            "fingerprint",
            "sealed",
            "counter",
            "resync",
            "period",
            "algorithm",
            "pinned",
            "replaces",
        ],
    },
    Table {
        name: "struck",
        key: 3,
        columns: &["account", "credential", "number"],
    },
    Table {
        name: "alias",
        key: 1,
        columns: &["tag", "account", "credential", "number"],
    },
    Table {
        name: "own_rule",
        key: 2,
        columns: &["account", "seq", "id", "services", "places", "accept"],
    },
    Table {
        name: "grace",
        key: 2,
        columns: &[
            "account",
            "id",
            "credential",
            "tag",
            "policy",
            "grp",
            "network",
            "opened",
            "used",
            "service",
            "remote",
        ],
    },
    Table {
        name: "bucket",
        key: 1,
        columns: &[
            "owner",
            "account",
            "full_at",
            "charged",
            "forgettable",
            "holder",
        ],
    },
    Table {
        name: "known",
        key: 2,
        columns: &["account", "network", "seen"],
    },
    Table {
        name: "event",
        key: 1,
        columns: &[
            "id",
            "time",
            "host",
            "actor",
            "account",
            "service",
            "remote",
            "result",
            "reason",
            "would",
            "rule",
            "kind",
            "credential",
            "count",
        ],
    },
    Table {
        name: "unenrolled",
        key: 1,
        columns: &[
            "account", "time", "host", "service", "remote", "reason", "would", "rule", "count",
        ],
    },
];

/// So many rows are read and written at once.
const PAGE: usize = 500;

impl Table {
    fn key(&self) -> String {
        self.columns[..self.key].join(", ")
    }

    /// The key of the last row.
    pub(super) fn last(&self, sql: &dyn Sql) -> Result<Option<Row>, StoreError> {
        let key = self.key();
        let descending = self.columns[..self.key].join(" DESC, ");
        let select = format!(
            "SELECT {key} FROM {} ORDER BY {descending} DESC LIMIT 1",
            self.name
        );
        sql.first(&select, &[])
    }

    pub(super) fn count(&self, sql: &dyn Sql) -> Result<u64, StoreError> {
        let select = format!("SELECT count(*) FROM {}", self.name);
        sql.row(&select, &[])?.get(0)
    }

    /// The rows behind a key, in their order.
    pub(super) fn page(&self, sql: &dyn Sql, after: Option<&Row>) -> Result<Vec<Row>, StoreError> {
        let (columns, key) = (self.columns.join(", "), self.key());
        let values: Vec<Value<'_>> = after
            .iter()
            .flat_map(|row| &row.0[..self.key])
            .filter_map(Cell::value)
            .collect();
        let behind = if values.is_empty() {
            String::new()
        } else {
            format!("WHERE ({key}) > ({})", places(1, values.len()))
        };
        let select = format!(
            "SELECT {columns} FROM {} {behind} ORDER BY {key} LIMIT {PAGE}",
            self.name
        );
        sql.query(&select, &values)
    }

    /// Adds rows.
    pub(super) fn add(&self, sql: &dyn Sql, rows: &[Row]) -> Result<(), StoreError> {
        let width = self.columns.len();
        // Whoever speaks the protocol of PostgreSQL wants to know the type of what is NULL.
        let mut values = Vec::with_capacity(rows.len() * width);
        let mut tuples = Vec::with_capacity(rows.len());
        for row in rows {
            let mut tuple = Vec::with_capacity(width);
            for cell in &row.0 {
                match cell.value() {
                    Some(value) => {
                        values.push(value);
                        tuple.push(format!("?{}", values.len()));
                    }
                    None => tuple.push("NULL".to_owned()),
                }
            }
            tuples.push(format!("({})", tuple.join(", ")));
        }
        let insert = format!(
            "INSERT INTO {} ({}) VALUES {}",
            self.name,
            self.columns.join(", "),
            tuples.join(", ")
        );
        let added = sql.execute(&insert, &values)?;
        if added == rows.len() as u64 {
            Ok(())
        } else {
            Err(StoreError::Gone)
        }
    }

    /// Takes all rows away.
    pub(super) fn clear(&self, sql: &dyn Sql) -> Result<(), StoreError> {
        let delete = format!("DELETE FROM {}", self.name);
        sql.execute(&delete, &[]).map(|_| ())
    }
}

fn places(first: usize, count: usize) -> String {
    let places: Vec<String> = (first..first + count).map(|at| format!("?{at}")).collect();
    places.join(", ")
}
