//! Many connections at once, as webmail opens them.

use std::net::Ipv4Addr;
use std::sync::Barrier;
use std::thread;

use harness::dovecot::{self, WEBMAIL_HOST};
use harness::imap::Imap;

use crate::steps::sheet;
use crate::steps::stage::{CAFE, Stage};

/// One login from each of these addresses, at the same moment: how many succeed.
fn at_once(code: &str, addresses: &[Ipv4Addr]) -> usize {
    let start = Barrier::new(addresses.len());
    thread::scope(|scope| {
        let login = |from: Ipv4Addr| {
            let start = &start;
            scope.spawn(move || {
                let mut imap = Imap::connect(from, dovecot::IMAP);
                start.wait();
                imap.login("alice", code).is_ok()
            })
        };
        let logins: Vec<_> = addresses.iter().map(|from| login(*from)).collect();
        logins
            .into_iter()
            .filter_map(|login| login.join().ok())
            .filter(|ok| *ok)
            .count()
    })
}

#[test]
fn five_connections_of_one_browser_share_a_fresh_code() {
    Stage::run(|stage| {
        let sheet = sheet::add(stage, "alice");
        for code in &sheet.codes[..3] {
            assert_eq!(at_once(code, &[CAFE; 5]), 5);
            stage.ask("alice", &["grace", "end"]);
        }
    });
}

#[test]
fn of_five_addresses_with_one_fresh_code_one_gets_in() {
    Stage::run(|stage| {
        let sheet = sheet::add(stage, "alice");
        let addresses = [1, 2, 3, 4, 5].map(|last| Ipv4Addr::new(127, 0, 30, last));
        for code in &sheet.codes[..3] {
            assert_eq!(at_once(code, &addresses), 1);
        }
    });
}

#[test]
fn a_window_that_was_ended_is_closed() {
    Stage::run(|stage| {
        let sheet = sheet::add(stage, "alice");
        let code = &sheet.codes[0];
        stage.accepted(CAFE, "alice", code);
        let open = stage.ask("alice", &["grace", "list"]);
        assert_eq!(open[0]["remote"], CAFE.to_string(), "{open}");
        let ended = stage.ask("alice", &["grace", "end"]);
        assert_eq!(ended["ended"], serde_json::json!([open[0]["id"]]));
        stage.refused(CAFE, "alice", code);
    });
}

/// One login of alice at the webmail listener, for a user at this address.
fn webmail(address: &str, code: &str) -> bool {
    let mut imap = Imap::connect(WEBMAIL_HOST, dovecot::WEBMAIL);
    imap.forward(address);
    imap.login("alice", code).is_ok()
}

#[test]
fn a_forwarded_address_in_another_spelling_is_the_same_address() {
    Stage::run(|stage| {
        let sheet = sheet::add(stage, "alice");
        let spellings = [
            ["203.0.113.9", "::ffff:203.0.113.9"],
            ["2001:db8::5", "2001:0DB8:0:0::0005"],
        ];
        for (code, [one, other]) in sheet.codes.iter().zip(spellings) {
            assert!(webmail(one, code), "{one}");
            assert!(webmail(other, code), "{other}");
        }
    });
}

#[test]
fn a_window_is_closed_to_the_neighbours() {
    Stage::run(|stage| {
        let sheet = sheet::add(stage, "alice");
        // One host has many addresses with IPv6, all in its /64: that is the place.
        let neighbours = [
            ["203.0.113.9", "203.0.113.10"],
            ["2001:db8::5", "2001:db8:0:1::5"],
        ];
        for (code, [mine, next]) in sheet.codes.iter().zip(neighbours) {
            assert!(webmail(mine, code), "{mine}");
            assert!(!webmail(next, code), "{next}");
        }
    });
}
