//! Rules of a few words each, and who asks: which of them decides, told by tables.

use super::{reader, system_groups};
use crate::config::Config;
use crate::request::{Naming, Remote, Service};

/// Each with the services that it holds.
const SERVICES: [(&str, &[&str]); 4] = [
    ("imap", &["imap"]),
    ("pop3", &["pop3"]),
    ("sshd", &["sshd"]),
    ("Mail", &["imap", "pop3"]),
];
const ASKED: [&str; 4] = ["imap", "pop3", "sshd", "sudo"];

/// Each with the remotes that it holds.
const PLACES: [(&str, &[&str]); 7] = [
    ("10.0.0.0/8", &["10.1.2.3", "10.1.2.4", "10.2.0.0"]),
    ("10.1.0.0/16", &["10.1.2.3", "10.1.2.4"]),
    ("10.1.2.3", &["10.1.2.3"]),
    ("2001:db8::/32", &["2001:db8:1::1", "2001:db8:2::"]),
    ("2001:db8:1::1", &["2001:db8:1::1"]),
    ("local", &["local"]),
    ("unknown", &["unknown"]),
];
const REMOTES: [&str; 9] = [
    "10.1.2.3",
    "10.1.2.4",
    "10.2.0.0",
    "11.0.0.1",
    "2001:db8:1::1",
    "2001:db8:2::",
    "2001:db9::",
    "local",
    "unknown",
];

/// Each with the accounts that it holds.
const USERS: [(&str, &[&str]); 5] = [
    ("alice", &["alice"]),
    ("bob@x.org", &["bob@x.org"]),
    ("*@x.org", &["bob@x.org", "erin@x.org"]),
    ("@staff", &["alice", "erin@x.org"]),
    ("@vpn", &["carol", "dave"]),
];
const ACCOUNTS: [&str; 6] = ["alice", "bob@x.org", "erin@x.org", "carol", "dave", "frank"];

const HEAD: &str =
    "[groups]\nstaff = [\"alice\", \"erin@x.org\"]\n[services]\nMail = [\"imap\", \"pop3\"]\n";

/// One bit for each word of a list; the highest: there is no such list.
#[derive(Clone, Copy)]
struct List(u8);

impl List {
    const ABSENT: u8 = 1 << 7;

    fn words(self, all: &[(&'static str, &'static [&'static str])]) -> Vec<&'static str> {
        let chosen =
            |(at, (word, _)): (usize, &(&'static str, _))| (self.0 >> at & 1 == 1).then_some(*word);
        all.iter().enumerate().filter_map(chosen).collect()
    }

    fn written(self, key: &str, all: &[(&'static str, &'static [&'static str])]) -> String {
        match self.0 & List::ABSENT {
            0 => format!("{key} = {:?}\n", self.words(all)),
            _ => String::new(),
        }
    }

    fn holds(self, all: &[(&'static str, &'static [&'static str])], asked: &str) -> bool {
        let holds = |(at, (_, held)): (usize, &(_, &[&str]))| {
            self.0 >> at & 1 == 1 && held.contains(&asked)
        };
        self.0 & List::ABSENT != 0 || all.iter().enumerate().any(holds)
    }
}

/// Three bytes make a rule; of as many rules as the bytes are good for, the first that holds decides, and none
/// that is said to be dead.
pub(crate) fn decide(bytes: &[u8]) {
    let rules: Vec<[List; 3]> = bytes
        .chunks_exact(3)
        .take(12)
        .map(|rule| [List(rule[0]), List(rule[1]), List(rule[2])])
        .collect();
    let mut text = HEAD.to_owned();
    for (at, [services, from, users]) in rules.iter().enumerate() {
        text += &format!("[[rule]]\nname = \"{at}\"\naccept = [\"otp\"]\n");
        text += &services.written("services", &SERVICES);
        text += &from.written("from", &PLACES);
        text += &users.written("users", &USERS);
    }
    let config = Config::parse(reader(&text).path, text.as_str(), &system_groups);
    let config = config.unwrap_or_else(|error| panic!("{error}\n{text}"));
    let dead = config.rules.as_ref().map(|rules| {
        let dead = rules.dead(|service| config.group_of(service));
        dead.into_iter().map(|dead| dead.rule).collect::<Vec<_>>()
    });
    let dead = dead.unwrap_or_default();
    for account in ACCOUNTS {
        for service in ASKED {
            for remote in REMOTES {
                let first = rules.iter().position(|[services, from, users]| {
                    services.holds(&SERVICES, service)
                        && from.holds(&PLACES, remote)
                        && users.holds(&USERS, account)
                });
                let judgement = config.judge(
                    &Naming::default()
                        .account(account.as_bytes())
                        .expect("a name"),
                    &Service::new(service).expect("a service"),
                    Remote::parse(remote).expect("a remote"),
                );
                let asked = format!("{account} {service} {remote}\n{text}");
                assert_eq!(judgement.rule, first.map(|at| at.to_string()), "{asked}");
                assert!(first.is_none_or(|at| !dead.contains(&at)), "{asked}");
                // Where there are rules, nothing is accepted of whom none of them speaks of.
                let accepts = first.is_some() || rules.is_empty();
                assert_eq!(judgement.accept.is_some(), accepts, "{asked}");
            }
        }
    }
}
