//! What a stranger could measure: whether an account exists, and what it has.
//!
//! What a login takes is counted here, in system calls. `make proof` measures it as well, in time and
//! in instructions.

use std::collections::BTreeMap;
use std::fs;

use harness::host::{Answer, Phase, Request};
use harness::postgres::shared;
use harness::site::Site;

use crate::HOME;

/// Which system calls a process makes, and how often.
type Calls = BTreeMap<String, i64>;

/// Two whom nobody knows, and one with a credential of each kind. All names are of one length.
const NOBODY: [&str; 2] = ["nobod", "noone"];
const KNOWN: [&str; 4] = ["sheet", "totps", "appss", "seque"];

fn enrol(site: &Site) {
    site.stack("imap", &["auth required MODULE"]);
    site.sheet("sheet");
    site.totp("totps");
    site.app_password("appss", &[]);
    site.sequence("seque");
}

/// A secret of every form, that is nobody's here; and none, which leaves the prompt.
fn forms(site: &Site) -> [(&'static str, Answer); 6] {
    let others = site.app_password("other", &[]).secret;
    [
        ("the prompt alone", Answer::Fails),
        ("a digit code", Answer::Text("000001".into())),
        ("a sheet code", Answer::Text("wrzng-00001".into())),
        ("an app password", Answer::Text(others.into_bytes())),
        ("a response", Answer::Text("0123 abcd efab cdef".into())),
        ("a password", Answer::Text("hunter2".into())),
    ]
}

fn calls(site: &Site, user: &str, answer: &Answer) -> Calls {
    let trace = site.path("scratch/trace");
    let mut host = site.host_under_strace(&trace);
    host.ask(&site.here(Request {
        answers: vec![answer.clone()],
        phases: vec![Phase::Authenticate],
        ..Request::new("imap", user).from(HOME)
    }));
    assert_eq!(host.finish().len(), 1);
    let text = fs::read_to_string(&trace).expect("strace has written it");
    fs::remove_file(&trace).expect("the folder is ours");
    let mut calls = Calls::new();
    for (name, _) in text.lines().filter_map(|line| line.split_once('(')) {
        *calls.entry(name.to_owned()).or_insert(0) += 1;
    }
    calls
}

/// How much more of a call one of two made.
fn more(one: &Calls, other: &Calls, call: &str) -> i64 {
    let [one, other] = [one, other].map(|calls| calls.get(call).copied().unwrap_or(0));
    one - other
}

#[test]
fn a_wrong_secret_makes_the_same_calls_whoever_has_what() {
    let site = Site::new("");
    enrol(&site);
    for (form, answer) in forms(&site) {
        let stranger = calls(&site, NOBODY[0], &answer);
        for user in NOBODY[1..].iter().chain(&KNOWN) {
            let found = calls(&site, user, &answer);
            let names = stranger.keys().chain(found.keys());
            for name in names {
                let more = more(&found, &stranger, name);
                let allowed = match &**name {
                    // The line of an account that there is: a page for the question, and one for the answer.
                    "pread64" => 3,
                    // A page of the log of events is full now and then, whoever is in it.
                    "pwrite64" => 6,
                    // The heap of the process.
                    "brk" | "mmap" | "munmap" => 2,
                    _ => 0,
                };
                assert!(
                    more.abs() <= allowed,
                    "{form}, {user}: {name} {more:+}\n{stranger:?}\n{found:?}"
                );
            }
        }
    }
}

/// Each question takes as long as the way to the database and back.
#[test]
fn a_database_is_asked_as_often_whoever_has_what() {
    let site = Site::of_server(shared(), "");
    enrol(&site);
    for (form, answer) in forms(&site) {
        // What is typed once more was charged before, and its event is only counted.
        let twice = |user| [(); 2].map(|()| calls(&site, user, &answer));
        let stranger = twice(NOBODY[0]);
        assert!(stranger[0]["sendto"] > 3, "{stranger:?}");
        for user in KNOWN {
            for (found, stranger) in twice(user).iter().zip(&stranger) {
                for name in ["sendto", "write", "connect"] {
                    let more = more(found, stranger, name);
                    assert_eq!(more, 0, "{form}, {user}: {name}");
                }
            }
        }
    }
}
