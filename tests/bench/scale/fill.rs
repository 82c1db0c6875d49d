//! Accounts in the form and of the size of real ones, whose secrets open for nobody.

/// What each has: the kind, its column `size`, and how many bytes its sealed part takes.
pub const KINDS: [(&str, &str, usize); 5] = [
    ("sheet", "50", 1660),
    ("totp", "6", 72),
    ("hotp", "6", 72),
    ("app-password", "NULL", 72),
    ("app-password", "NULL", 72),
];

/// A number of its own for each, which is no real account's.
const FIRST: usize = 1 << 40;

pub fn for_sqlite(from: usize, to: usize) -> String {
    let mut text = format!(
        "PRAGMA synchronous = OFF; BEGIN;
         CREATE TEMP TABLE n AS WITH RECURSIVE c(i) AS
           (SELECT {from} UNION ALL SELECT i + 1 FROM c WHERE i + 1 < {to}) SELECT i FROM c;
         INSERT INTO account (id, name, locked, salt, totp_floor, created)
           SELECT {FIRST} + i, 'filler' || i, 0, randomblob(16), 0, 1000 FROM n;\n"
    );
    for (seq, (kind, size, bytes)) in KINDS.into_iter().enumerate() {
        text += &format!(
            "INSERT INTO credential (account, id, seq, kind, handle, size, label, state, services, networks,
                                     created, fingerprint, sealed, counter, period)
               SELECT {FIRST} + i, 'f{seq}x' || i, {seq}, '{kind}', 'h' || i, {size}, '{kind} {seq}', 'live',
                      '', '', 1000, {fingerprint}, randomblob({bytes}), 0, 30 FROM n;\n",
            fingerprint = if size == "6" { "randomblob(16)" } else { "NULL" }
        );
    }
    text + "COMMIT; PRAGMA wal_checkpoint(TRUNCATE);"
}

pub fn for_postgres(from: usize, to: usize) -> String {
    let random = |bytes: usize| {
        // 16 bytes each.
        let parts = vec!["md5(random()::text)"; bytes.div_ceil(16)];
        format!("decode({}, 'hex')", parts.join(" || "))
    };
    let last = to - 1;
    let mut text = format!(
        "SET search_path = mailotp; SET synchronous_commit = off;
         INSERT INTO account (id, name, locked, salt, totp_floor, created)
           SELECT {FIRST} + i, 'filler' || i, 0, {}, 0, 1000 FROM generate_series({from}, {last}) AS i;\n",
        random(16)
    );
    for (seq, (kind, size, bytes)) in KINDS.into_iter().enumerate() {
        text += &format!(
            "INSERT INTO credential (account, id, seq, kind, handle, size, label, state, services, networks,
                                     created, fingerprint, sealed, counter, period)
               SELECT {FIRST} + i, 'f{seq}x' || i, {seq}, '{kind}', 'h' || i, {size}, '{kind} {seq}', 'live',
                      '', '', 1000, {fingerprint}, {sealed}, 0, 30
               FROM generate_series({from}, {last}) AS i;\n",
            fingerprint = if size == "6" { random(16) } else { "NULL".to_owned() },
            sealed = random(bytes)
        );
    }
    text + "ANALYZE;"
}
