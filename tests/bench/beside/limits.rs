//! What the machine can do at all, and what the module weighs.

use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::time::Instant;

use argon2::{Algorithm, Argon2, Params, Version};
use harness::enrol::Hotp;
use harness::host::Phase;
use harness::products::MODULE;
use harness::site::Site;
use harness::tool::tool;
use harness::trace::Fate;
use rusqlite::Connection;

use super::Effort;
use crate::statistics::median;
use crate::{AWAY, login};

/// Microseconds of one, the median of each round.
pub struct Limit {
    pub name: &'static str,
    pub rounds: Vec<f64>,
}

pub const HASH: &str = "one Argon2id (19 MiB, 2 passes)";

/// In each round each of them, in turn.
pub fn measure(site: &Site, effort: Effort) -> Vec<Limit> {
    let path = site.path("limit.db");
    let open = || {
        let connection = Connection::open(&path).expect("a database");
        connection
            .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")
            .expect("a database of ours");
        connection
    };
    open()
        .execute_batch("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER) STRICT; INSERT INTO t VALUES (1, 0);")
        .expect("a table");
    let update = |connection: &Connection| {
        let change = connection.execute("UPDATE t SET n = n + 1 WHERE id = 1 AND n >= 0", ());
        assert_eq!(change, Ok(1));
    };
    let kept = open();
    let fresh = site.path("fresh.db");
    std::fs::copy(&path, &fresh).expect("a copy");
    let mut file = File::create(site.path("limit")).expect("a file");
    let params = Params::new(19 * 1024, 2, 1, Some(16)).expect("they are the product's");
    let hash = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut all = [
        "one fdatasync of 64 bytes",
        "one SQLite UPDATE, WAL, FULL, kept connection",
        "the same with a connection of its own",
        HASH,
    ]
    .map(|name| Limit {
        name,
        rounds: Vec::new(),
    });
    for _ in 0..effort.rounds {
        let measured = [
            time(effort.logins, || {
                file.seek(SeekFrom::Start(0)).expect("seek");
                file.write_all(&[7; 64]).expect("write");
                file.sync_data().expect("sync");
            }),
            time(effort.logins, || update(&kept)),
            time(effort.logins, || {
                let connection = Connection::open(&fresh).expect("a database");
                connection
                    .execute_batch("PRAGMA synchronous = FULL;")
                    .expect("ours");
                update(&connection);
            }),
            time(effort.logins.min(20), || {
                let mut out = [0; 16];
                hash.hash_password_into(b"abcdefghjk", b"0123456789abcdef", &mut out)
                    .expect("a hash");
            }),
        ];
        for (limit, measured) in all.iter_mut().zip(measured) {
            limit.rounds.push(measured);
        }
    }
    all.into()
}

/// Microseconds, the median of so many times.
fn time(times: usize, mut work: impl FnMut()) -> f64 {
    let took = (0..times).map(|_| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64() * 1e6
    });
    median(&took.collect::<Vec<_>>())
}

/// What a host gets with the module.
pub struct Module {
    /// Bytes of the file.
    pub size: u64,
    /// Microseconds that it takes to load, its libraries being there.
    pub loading: f64,
    /// System calls from `pam_authenticate` to the end of `pam_acct_mgmt` of a login by HOTP.
    pub calls: usize,
}

/// With the helper gone: what is counted is what a login does where nobody helps it.
pub fn module(site: &Site) -> Module {
    let path = site.product(MODULE);
    let load = "import ctypes, os, sys, time\nctypes.CDLL('libpam.so.0')\nstart = time.perf_counter()\n\
        ctypes.CDLL(sys.argv[1], os.RTLD_NOW)\nprint((time.perf_counter() - start) * 1e6)";
    let path = path.to_str().expect("UTF-8");
    let loading: Vec<f64> = (0..11)
        .map(|_| {
            let said = tool("Python", "python3", &["-c", load, path]).done().stdout;
            said.trim().parse().expect("a number")
        })
        .collect();
    let token = Hotp::of(&site.add("counted", &["hotp", "--no-confirm"]));
    let codes = token.codes(2);
    let login = |code: &str| login("imap", "counted", AWAY, code);
    let mut host = site.host();
    host.ask(&site.here(login(&codes[0])));
    let _ = host.reply();
    // The host says by getppid(2) where the stack begins and ends.
    let (mut calls, mut within) = (0, false);
    let reply = host.traced(&site.here(login(&codes[1])), |call| {
        if call.enters && call.number == libc::SYS_getppid {
            within = !within;
        } else if call.enters && within {
            calls += 1;
        }
        Fate::Lives
    });
    let reply = reply.expect("it lives");
    assert_eq!(reply.of(Phase::Authenticate), "PAM_SUCCESS");
    Module {
        size: std::fs::metadata(path).expect("it is there").len(),
        loading: median(&loading),
        calls,
    }
}
