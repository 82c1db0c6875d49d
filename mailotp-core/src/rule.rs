//! Rules: who may use what from where. The first that matches decides; where none does, nothing is
//! accepted.

use std::collections::BTreeSet;
use std::fmt;

use ipnet::IpNet;
use serde::Deserialize;

use crate::request::{AccountName, Remote, Service};
use crate::window::Binding;

/// What happens to a refusal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// It is one.
    #[default]
    Enforce,
    /// It is logged, and left to the next module.
    Observe,
}

/// Something that a rule accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Hash, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
pub enum Means {
    /// The main password, which the next module judges.
    Password,
    /// An app password.
    AppPassword,
    /// A one-time code.
    Otp,
    /// The main password with a one-time code behind it.
    #[serde(rename = "password+otp")]
    PasswordOtp,
}

impl Means {
    /// All of them.
    pub const ALL: [Means; 4] = [
        Means::Password,
        Means::AppPassword,
        Means::Otp,
        Means::PasswordOtp,
    ];

    /// The one that the configuration writes like this.
    pub fn parse(name: &str) -> Option<Means> {
        Means::ALL.into_iter().find(|means| means.as_str() == name)
    }

    /// As the configuration writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Means::Password => "password",
            Means::AppPassword => "app-password",
            Means::Otp => "otp",
            Means::PasswordOtp => "password+otp",
        }
    }
}

/// What a rule accepts; empty: it denies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accept(pub BTreeSet<Means>);

impl Accept {
    /// What every remote may use where the configuration has no rules at all.
    pub fn by_default() -> Accept {
        Accept([Means::AppPassword, Means::Otp, Means::PasswordOtp].into())
    }

    /// Whether it holds `means`.
    pub fn has(&self, means: Means) -> bool {
        self.0.contains(&means)
    }

    /// Whether a one-time code is of any use.
    pub fn takes_codes(&self) -> bool {
        self.has(Means::Otp) || self.has(Means::PasswordOtp)
    }

    /// What this and `other` accept both.
    pub fn both(&self, other: &Accept) -> Accept {
        Accept(self.0.intersection(&other.0).copied().collect())
    }

    /// What is left of it for a module behind one that judges the password: the code alone.
    pub fn second_step(&self) -> Accept {
        let alone = |means: &Means| match means {
            Means::PasswordOtp => Means::Otp,
            other => *other,
        };
        Accept(self.0.iter().map(alone).collect())
    }
}

/// Where a rule applies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A network.
    Net(IpNet),
    /// A terminal of this machine.
    Local,
    /// A login without an address.
    Unknown,
}

impl Place {
    fn holds(&self, remote: Remote) -> bool {
        match (self, remote) {
            (Place::Net(net), Remote::Address(address)) => net.contains(&address),
            (Place::Local, Remote::Local) | (Place::Unknown, Remote::Unknown) => true,
            _ => false,
        }
    }

    fn covers(&self, other: &Place) -> bool {
        match (self, other) {
            (Place::Net(wide), Place::Net(narrow)) => wide.contains(narrow),
            (one, other) => one == other,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Net(net) => net.fmt(f),
            Place::Local => f.write_str("local"),
            Place::Unknown => f.write_str("unknown"),
        }
    }
}

/// Whom a rule is about: names, and `*@domain` for everybody of a domain. Groups are resolved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Users {
    /// Names.
    pub names: BTreeSet<String>,
    /// Domains, without the `*@`.
    pub domains: BTreeSet<String>,
}

impl Users {
    /// Whether `account` is one of them.
    pub fn hold(&self, account: &AccountName) -> bool {
        let name = account.as_str();
        let domain = || {
            name.rsplit_once('@')
                .is_some_and(|(_, domain)| self.domains.contains(domain))
        };
        self.names.contains(name) || domain()
    }

    fn cover(&self, other: &Users) -> bool {
        let in_domain = |name: &String| {
            name.rsplit_once('@')
                .is_some_and(|(_, domain)| self.domains.contains(domain))
        };
        other.domains.is_subset(&self.domains)
            && other
                .names
                .iter()
                .all(|name| self.names.contains(name) || in_domain(name))
    }
}

/// A rule. What is `None` applies to all.
#[derive(Clone, Debug)]
pub struct Rule {
    /// For the log and for people.
    pub name: String,
    /// Services and groups of services.
    pub services: Option<BTreeSet<String>>,
    /// Networks.
    pub from: Option<Vec<Place>>,
    /// Users.
    pub users: Option<Users>,
    /// What it accepts.
    pub accept: Accept,
    /// What a window binds.
    pub grace: Binding,
    /// A mode of its own.
    pub mode: Option<Mode>,
}

/// Who asks, as rules see it.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The account.
    pub account: &'a AccountName,
    /// The service.
    pub service: &'a Service,
    /// Its group.
    pub group: &'a str,
    /// From where.
    pub remote: Remote,
}

impl Rule {
    /// A rule that an account makes for itself, for all services: what is accepted from these places.
    pub fn own(from: Vec<Place>, accept: Accept) -> Rule {
        Rule {
            name: String::new(),
            services: None,
            from: Some(from),
            users: None,
            accept,
            grace: Binding::Address,
            mode: None,
        }
    }

    /// Whether this rule speaks of this login.
    pub fn matches(&self, question: &Question<'_>) -> bool {
        let service = |names: &BTreeSet<String>| {
            names.contains(question.service.as_str()) || names.contains(question.group)
        };
        self.services.as_ref().is_none_or(service)
            && self
                .from
                .as_ref()
                .is_none_or(|places| places.iter().any(|place| place.holds(question.remote)))
            && self
                .users
                .as_ref()
                .is_none_or(|users| users.hold(question.account))
    }

    /// Whether it can match nothing at all.
    fn is_void(&self) -> bool {
        self.services.as_ref().is_some_and(BTreeSet::is_empty)
            || self.from.as_ref().is_some_and(Vec::is_empty)
            || self
                .users
                .as_ref()
                .is_some_and(|users| users.names.is_empty() && users.domains.is_empty())
    }

    /// Whether every login that `other` matches is matched by this rule. `group_of` names the group
    /// of a service.
    fn covers<'a>(&self, other: &'a Rule, group_of: &dyn Fn(&'a str) -> &'a str) -> bool {
        let services = all_of(&self.services, &other.services, |mine, theirs| {
            theirs
                .iter()
                .all(|name| mine.contains(name) || mine.contains(group_of(name)))
        });
        let from = all_of(&self.from, &other.from, |mine, theirs| {
            theirs
                .iter()
                .all(|narrow| mine.iter().any(|wide| wide.covers(narrow)))
        });
        services && from && all_of(&self.users, &other.users, Users::cover)
    }
}

/// `None` covers all and is covered by `None` only.
fn all_of<'a, T>(
    mine: &Option<T>,
    theirs: &'a Option<T>,
    cover: impl Fn(&T, &'a T) -> bool,
) -> bool {
    match (mine, theirs) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(mine), Some(theirs)) => cover(mine, theirs),
    }
}

/// The first rule that matches.
pub fn first<'a>(rules: &'a [Rule], question: &Question<'_>) -> Option<&'a Rule> {
    rules.iter().find(|rule| rule.matches(question))
}

/// A rule that can never match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dead {
    /// Its place in the list.
    pub rule: usize,
    /// The earlier rule that takes everything from it; `None`: it names nothing.
    pub behind: Option<usize>,
}

/// Finds the rules that can never match.
pub fn dead<'a>(rules: &'a [Rule], group_of: impl Fn(&'a str) -> &'a str) -> Vec<Dead> {
    let mut dead = Vec::new();
    for (at, rule) in rules.iter().enumerate() {
        let behind = rules[..at]
            .iter()
            .position(|before| before.covers(rule, &group_of));
        if rule.is_void() {
            dead.push(Dead {
                rule: at,
                behind: None,
            });
        } else if behind.is_some() {
            dead.push(Dead { rule: at, behind });
        }
    }
    dead
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Naming;

    fn rule(name: &str) -> Rule {
        Rule {
            name: name.into(),
            services: None,
            from: None,
            users: None,
            accept: Accept::default(),
            grace: Binding::Address,
            mode: None,
        }
    }

    fn nets(nets: &[&str]) -> Option<Vec<Place>> {
        Some(
            nets.iter()
                .map(|net| Place::Net(net.parse().unwrap()))
                .collect(),
        )
    }

    fn names(names: &[&str]) -> Option<BTreeSet<String>> {
        Some(names.iter().map(|name| (*name).to_owned()).collect())
    }

    fn matches(rule: &Rule, account: &str, service: &str, remote: &str) -> bool {
        rule.matches(&Question {
            account: &Naming::default().account(account.as_bytes()).unwrap(),
            service: &Service::new(service).unwrap(),
            group: if service == "imap" { "mail" } else { service },
            remote: Remote::parse(remote).unwrap(),
        })
    }

    #[test]
    fn networks_match_by_prefix_and_mapped_addresses_are_ipv4() {
        let rule = Rule {
            from: nets(&["192.0.2.0/24", "2001:db8::/32"]),
            ..rule("office")
        };
        assert!(matches(&rule, "a", "imap", "192.0.2.255"));
        assert!(matches(&rule, "a", "imap", "::ffff:192.0.2.1"));
        assert!(matches(&rule, "a", "imap", "2001:db8:ffff::1"));
        assert!(!matches(&rule, "a", "imap", "192.0.3.0"));
        assert!(!matches(&rule, "a", "imap", "2001:db9::"));
    }

    /// CVE-2022-28321 pam_access: an unresolvable host was let in.
    #[test]
    fn cve_2022_28321_unknown_and_local_match_only_where_they_are_named_or_all_are_meant() {
        let everywhere = Rule {
            from: nets(&["0.0.0.0/0", "::/0"]),
            ..rule("all addresses")
        };
        let unknown = Rule {
            from: Some(vec![Place::Unknown]),
            ..rule("unknown")
        };
        let local = Rule {
            from: Some(vec![Place::Local]),
            ..rule("local")
        };
        for (remote, hits) in [
            ("unknown", [false, true, false, true]),
            ("local", [false, false, true, true]),
            ("192.0.2.1", [true, false, false, true]),
        ] {
            let all = rule("all");
            let found = [&everywhere, &unknown, &local, &all]
                .map(|rule| matches(rule, "a", "imap", remote));
            assert_eq!(found, hits, "{remote}");
        }
    }

    #[test]
    fn services_match_by_name_and_by_group_users_by_name_and_by_domain() {
        let mail = Rule {
            services: names(&["mail", "sshd"]),
            ..rule("mail")
        };
        assert!(matches(&mail, "a", "imap", "local"));
        assert!(matches(&mail, "a", "sshd", "local"));
        assert!(!matches(&mail, "a", "sudo", "local"));
        let users = Users {
            names: ["alice".into()].into(),
            domains: ["sales.example.com".into()].into(),
        };
        let staff = Rule {
            users: Some(users),
            ..rule("staff")
        };
        assert!(matches(&staff, "alice", "imap", "local"));
        assert!(matches(&staff, "bob@sales.example.com", "imap", "local"));
        assert!(!matches(&staff, "bob@x.sales.example.com", "imap", "local"));
        assert!(!matches(&staff, "sales.example.com", "imap", "local"));
    }

    #[test]
    fn a_rule_that_can_never_match_names_the_one_before_it() {
        let group_of = |name: &'static str| if name == "imap" { "mail" } else { name };
        let imap = |rule: Rule| Rule {
            services: names(&["imap"]),
            ..rule
        };
        let mail = |rule: Rule| Rule {
            services: names(&["mail"]),
            ..rule
        };
        let wide = mail(Rule {
            from: nets(&["192.0.0.0/16"]),
            ..rule("wide")
        });
        let narrow = imap(Rule {
            from: nets(&["192.0.2.0/24"]),
            ..rule("narrow")
        });
        let rules: &'static [Rule] = Box::leak(Box::new([
            wide,
            narrow,
            rule("rest"),
            imap(rule("too late")),
            Rule {
                from: Some(vec![]),
                ..rule("void")
            },
        ]));
        let found: Vec<_> = dead(rules, group_of)
            .iter()
            .map(|dead| (dead.rule, dead.behind))
            .collect();
        assert_eq!(found, [(1, Some(0)), (3, Some(2)), (4, None)]);
        assert_eq!(
            dead(&rules[1..3], group_of),
            [],
            "a narrower rule first is in order"
        );
    }
}
