//! A store that moves to another place, with people at the door.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use harness::postgres::{OWNER, shared};
use harness::site::Site;

use crate::{ELSEWHERE, HOME};

/// A site with a file, of the build that speaks PostgreSQL.
fn with_a_file() -> Site {
    let site = Site::bare_with_postgres();
    site.configure("");
    site.cli(["init"]).done();
    site
}

fn arguments<'a>(url: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let move_there = [
        "store",
        "move",
        "--to",
        url,
        "--owner",
        OWNER,
        "--accept-loss",
    ];
    [&move_there[..], more].concat()
}

#[test]
fn a_store_moves_there_and_back_while_people_log_in_and_no_code_works_twice() {
    let site = with_a_file();
    let sheet = site.sheet("alice");
    let phone = site.app_password("bob", &[]).secret;
    let try_code = |at: usize, from| site.verdict("imap", "alice", from, &sheet.codes[at]);
    assert_eq!(try_code(0, HOME), "PAM_SUCCESS");
    let url = shared().url(&shared().database());
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let knock = scope.spawn(|| {
            let mut let_in = 0;
            while !done.load(Ordering::Relaxed) {
                match site.verdict("imap", "bob", HOME, &phone).as_str() {
                    "PAM_SUCCESS" => let_in += 1,
                    "PAM_AUTHINFO_UNAVAIL" => {}
                    other => panic!("{other}"),
                }
            }
            let_in
        });
        site.cli(arguments(&url, &[])).done();
        let configured = std::fs::read_to_string(site.path("mailotp.toml"));
        assert!(configured.expect("it is there").contains(&url));
        assert_eq!(try_code(0, ELSEWHERE), "PAM_AUTH_ERR", "spent before");
        assert_eq!(try_code(0, HOME), "PAM_SUCCESS", "in its window");
        assert_eq!(try_code(1, HOME), "PAM_SUCCESS");
        site.cli(["store", "move", "--to", "sqlite:store/mailotp.db"])
            .done();
        assert_eq!(try_code(1, ELSEWHERE), "PAM_AUTH_ERR", "spent there");
        assert_eq!(try_code(2, HOME), "PAM_SUCCESS");
        done.store(true, Ordering::Relaxed);
        assert!(knock.join().expect("it knocks") > 0);
    });
    let moves = site.events();
    let moves = moves
        .iter()
        .filter(|event| event["reason"] == "store-moved");
    assert_eq!(moves.count(), 2);
}

#[test]
fn a_move_that_was_killed_lets_nobody_in_until_it_goes_on_or_is_taken_back() {
    let site = with_a_file();
    let sheet = site.sheet("alice");
    let try_code = |at: usize| site.verdict("imap", "alice", HOME, &sheet.codes[at]);
    // Enough to be in the middle of it.
    site.write(
        "fill.sql",
        "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 100000)
         INSERT INTO event (time, host, result, reason, count) SELECT 1000, 'h', 'changed', 'added', 1 FROM c;",
    );
    site.shell("sqlite3 store/mailotp.db <fill.sql").done();
    let url = shared().url(&shared().database());
    let killed = || {
        site.shell(&format!(
            "\"$@\" store move --to '{url}' --owner {OWNER} --accept-loss & move=$!
             sleep 0.4; kill -9 $move; wait $move; true"
        ))
        .done();
        let before = std::fs::read_to_string(site.path("mailotp.toml"));
        assert!(
            before.expect("it is there").contains("sqlite:"),
            "in the middle"
        );
    };
    killed();
    assert_eq!(try_code(0), "PAM_AUTHINFO_UNAVAIL");
    let elsewhere = shared().url(&shared().database());
    let output = site.cli(arguments(&elsewhere, &[]));
    assert!(output.stderr.contains("moves to"), "{}", output.stderr);
    site.cli(arguments(&url, &["--cancel"])).done();
    assert_eq!(try_code(0), "PAM_SUCCESS");
    killed();
    assert_eq!(try_code(1), "PAM_AUTHINFO_UNAVAIL");
    site.cli(arguments(&url, &[])).done();
    assert_eq!(
        site.verdict("imap", "alice", ELSEWHERE, &sheet.codes[0]),
        "PAM_AUTH_ERR",
        "spent when it was taken back"
    );
    assert_eq!(try_code(1), "PAM_SUCCESS");
    let output = site.cli(arguments(&url, &["--cancel"]));
    assert_ne!(output.code, 0, "it is over: {output:?}");
}

#[test]
fn nothing_moves_to_where_every_code_would_be_refused() {
    let site = with_a_file();
    let sheet = site.sheet("alice");
    let url = shared().url(&shared().database());
    let output = site.cli(["store", "move", "--to", &url, "--owner", OWNER]);
    assert_eq!(output.code, 5);
    assert!(output.stderr.contains("accept_loss"), "{}", output.stderr);
    assert_eq!(
        site.verdict("imap", "alice", HOME, &sheet.codes[0]),
        "PAM_SUCCESS"
    );
}
