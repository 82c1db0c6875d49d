use std::net::IpAddr;

use ipnet::IpNet;
use proptest::prelude::*;

use super::*;
use crate::request::Naming;
use crate::window::Binding;

/// A rule before it is part of a list.
#[derive(Clone, Debug, Default)]
struct Spec {
    name: &'static str,
    services: Option<Vec<&'static str>>,
    from: Option<Vec<Place>>,
    users: Option<Vec<User>>,
}

#[derive(Clone, Debug)]
enum User {
    Name(&'static str),
    Domain(&'static str),
    Group(usize),
}

fn list(groups: &[Group], specs: &[Spec]) -> Rules {
    let mut rules = Rules::with_capacity(specs.len());
    let ids: Vec<GroupId> = groups
        .iter()
        .map(|group| rules.add_group(group.clone()))
        .collect();
    let accept = rules.add_accept(Accept::default());
    for spec in specs {
        for user in spec.users.iter().flatten() {
            match user {
                User::Name(name) => rules
                    .add_name(|text| {
                        text.push_str(name);
                        Ok::<(), ()>(())
                    })
                    .unwrap(),
                User::Domain(domain) => rules.add_domain(domain),
                User::Group(at) => rules.add_members(ids[*at]),
            }
        }
        let services = spec
            .services
            .as_ref()
            .map(|names| rules.add_services(names.iter().map(|&name| name.into()).collect()));
        rules.add(Draft {
            name: spec.name,
            services,
            from: spec.from.as_deref(),
            has_users: spec.users.is_some(),
            accept,
            grace: Binding::Address,
            mode: None,
        });
    }
    rules
}

fn nets(nets: &[&str]) -> Option<Vec<Place>> {
    Some(
        nets.iter()
            .map(|net| Place::Net(net.parse().unwrap()))
            .collect(),
    )
}

/// The name of the rule that decides.
fn first<'a>(rules: &'a Rules, account: &str, service: &str, remote: Remote) -> Option<&'a str> {
    let rule = rules.first(&Question {
        account: &Naming::default().account(account.as_bytes()).unwrap(),
        service: &Service::new(service).unwrap(),
        group: group_of(service),
        remote,
    });
    rule.map(|rule| rules.name(rule))
}

fn matches(spec: &Spec, account: &str, service: &str, remote: &str) -> bool {
    let rules = list(&[], std::slice::from_ref(spec));
    first(&rules, account, service, Remote::parse(remote).unwrap()).is_some()
}

fn group_of(service: &str) -> &str {
    match service {
        "imap" | "pop3" => "mail",
        other => other,
    }
}

#[test]
fn networks_match_by_prefix_and_mapped_addresses_are_ipv4() {
    let rule = Spec {
        from: nets(&["192.0.2.0/24", "2001:db8::/32"]),
        ..Spec::default()
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
    let from = |from| Spec {
        from,
        ..Spec::default()
    };
    let everywhere = from(nets(&["0.0.0.0/0", "::/0"]));
    let unknown = from(Some(vec![Place::Unknown]));
    let local = from(Some(vec![Place::Local]));
    for (remote, hits) in [
        ("unknown", [false, true, false, true]),
        ("local", [false, false, true, true]),
        ("192.0.2.1", [true, false, false, true]),
        ("2001:db8::1", [true, false, false, true]),
    ] {
        let found = [&everywhere, &unknown, &local, &from(None)]
            .map(|rule| matches(rule, "a", "imap", remote));
        assert_eq!(found, hits, "{remote}");
    }
}

#[test]
fn services_match_by_name_and_by_group_users_by_name_by_domain_and_by_group() {
    let mail = Spec {
        services: Some(vec!["mail", "sshd"]),
        ..Spec::default()
    };
    assert!(matches(&mail, "a", "imap", "local"));
    assert!(matches(&mail, "a", "sshd", "local"));
    assert!(!matches(&mail, "a", "sudo", "local"));
    let of = |users| Spec {
        users: Some(users),
        ..Spec::default()
    };
    let staff = of(vec![User::Name("alice"), User::Domain("sales.example.com")]);
    assert!(matches(&staff, "alice", "imap", "local"));
    assert!(matches(&staff, "bob@sales.example.com", "imap", "local"));
    assert!(!matches(&staff, "bob@x.sales.example.com", "imap", "local"));
    assert!(!matches(&staff, "sales.example.com", "imap", "local"));
    let group = Group {
        names: ["carol".into()].into(),
        domains: ["example.org".into()].into(),
    };
    let rules = list(&[group], &[of(vec![User::Name("dave"), User::Group(0)])]);
    for (account, is_one) in [
        ("carol", true),
        ("x@example.org", true),
        ("dave", true),
        ("x@example.com", false),
        ("caro", false),
    ] {
        let found = first(&rules, account, "imap", Remote::Local);
        assert_eq!(found.is_some(), is_one, "{account}");
    }
}

#[test]
fn a_rule_that_can_never_match_names_the_one_before_it() {
    let spec = |name, services: &[&'static str], from| Spec {
        name,
        services: (!services.is_empty()).then(|| services.to_vec()),
        from,
        users: None,
    };
    let specs = [
        spec("wide", &["mail"], nets(&["192.0.0.0/16"])),
        spec("narrow", &["imap"], nets(&["192.0.2.0/24"])),
        spec("rest", &[], None),
        spec("too late", &["imap"], None),
        spec("void", &[], Some(vec![])),
    ];
    let found: Vec<_> = list(&[], &specs)
        .dead(group_of)
        .iter()
        .map(|dead| (dead.rule, dead.behind))
        .collect();
    assert_eq!(found, [(1, Some(0)), (3, Some(2)), (4, None)]);
    assert_eq!(
        list(&[], &specs[1..3]).dead(group_of),
        [],
        "a narrower rule first is in order"
    );
}

/// A prefix by the definition: as many bits as its length says are the same.
fn holds_bit_by_bit(net: IpAddr, length: u8, address: IpAddr) -> bool {
    let bits = |address: IpAddr| -> Vec<bool> {
        let bytes = match address {
            IpAddr::V4(v4) => v4.octets().to_vec(),
            IpAddr::V6(v6) => v6.octets().to_vec(),
        };
        let bit = |byte: u8| (0..8).rev().map(move |at| byte >> at & 1 == 1);
        bytes.into_iter().flat_map(bit).collect()
    };
    net.is_ipv4() == address.is_ipv4()
        && bits(net)
            .iter()
            .zip(bits(address))
            .take(length.into())
            .all(|(mine, theirs)| *mine == theirs)
}

proptest! {
    #[test]
    fn a_prefix_of_any_length_holds_what_it_holds_bit_by_bit(
        net in any::<IpAddr>(),
        other in any::<IpAddr>(),
        flip in 0_u32..128,
    ) {
        // One that differs in a single bit is told apart by one length only.
        let near = match net {
            IpAddr::V4(v4) => IpAddr::from(std::net::Ipv4Addr::from(v4.to_bits() ^ 1 << (flip % 32))),
            IpAddr::V6(v6) => IpAddr::from(std::net::Ipv6Addr::from(v6.to_bits() ^ 1 << flip)),
        };
        let longest = if net.is_ipv4() { 32 } else { 128 };
        for length in 0..=longest {
            let place = Place::Net(IpNet::new(net, length).unwrap());
            for address in [net, near, other] {
                let remote = Remote::of_address(address);
                let Remote::Address(seen) = remote else { unreachable!() };
                let expected = holds_bit_by_bit(net, length, seen);
                prop_assert_eq!(place.holds(remote), expected, "{}/{} {}", net, length, seen);
            }
        }
    }
}

/// The same by comparing each with each, and users by what their groups come to.
fn dead_by_definition(groups: &[Group], specs: &[Spec]) -> Vec<Dead> {
    let everybody = |users: &[User]| {
        let mut all = Group::default();
        for user in users {
            match user {
                User::Name(name) => drop(all.names.insert((*name).into())),
                User::Domain(domain) => drop(all.domains.insert((*domain).into())),
                User::Group(at) => {
                    all.names.extend(groups[*at].names.iter().cloned());
                    all.domains.extend(groups[*at].domains.iter().cloned());
                }
            }
        }
        all
    };
    let is_void = |spec: &Spec| {
        spec.services.as_ref().is_some_and(Vec::is_empty)
            || spec.from.as_ref().is_some_and(Vec::is_empty)
            || spec.users.as_ref().is_some_and(|users| {
                let all = everybody(users);
                all.names.is_empty() && all.domains.is_empty()
            })
    };
    let takes = |mine: &Spec, theirs: &Spec| {
        let services = match (&mine.services, &theirs.services) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(mine), Some(theirs)) => theirs
                .iter()
                .all(|name| mine.contains(name) || mine.contains(&group_of(name))),
        };
        let from = match (&mine.from, &theirs.from) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(mine), Some(theirs)) => theirs.iter().all(|place| {
                mine.iter().any(|wide| match (wide, place) {
                    (Place::Net(wide), Place::Net(narrow)) => wide.contains(narrow),
                    (one, other) => one == other,
                })
            }),
        };
        let users = match (&mine.users, &theirs.users) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(mine), Some(theirs)) => {
                let (mine, theirs) = (everybody(mine), everybody(theirs));
                let named = |name: &String| {
                    let domain = name.rsplit_once('@').map(|(_, domain)| domain);
                    mine.names.contains(name)
                        || domain.is_some_and(|domain| mine.domains.contains(domain))
                };
                theirs.domains.is_subset(&mine.domains) && theirs.names.iter().all(named)
            }
        };
        services && from && users
    };
    let mut dead = Vec::new();
    for (rule, spec) in specs.iter().enumerate() {
        let behind = specs[..rule].iter().position(|before| takes(before, spec));
        if is_void(spec) {
            dead.push(Dead { rule, behind: None });
        } else if behind.is_some() {
            dead.push(Dead { rule, behind });
        }
    }
    dead
}

const NAMES: [&str; 5] = ["a", "b", "a@x", "b@y", "c@x"];
const DOMAINS: [&str; 2] = ["x", "y"];
const SERVICES: [&str; 5] = ["mail", "imap", "pop3", "sshd", "sudo"];

fn some_places() -> impl Strategy<Value = Place> {
    let net = |text: &str| Place::Net(text.parse().unwrap());
    prop_oneof![
        Just(Place::Local),
        Just(Place::Unknown),
        (
            0_u8..4,
            0_u8..4,
            prop_oneof![Just(0_u8), Just(8), Just(16), Just(17), Just(32)]
        )
            .prop_map(move |(one, two, length)| net(&format!("10.{one}.{two}.1/{length}"))),
        (
            0_u8..3,
            prop_oneof![Just(0_u8), Just(32), Just(48), Just(128)]
        )
            .prop_map(move |(one, length)| net(&format!("2001:db8:{one}::1/{length}"))),
    ]
}

fn some_users() -> impl Strategy<Value = User> {
    prop_oneof![
        3 => proptest::sample::select(&NAMES[..]).prop_map(User::Name),
        1 => proptest::sample::select(&DOMAINS[..]).prop_map(User::Domain),
        2 => (0_usize..3).prop_map(User::Group),
    ]
}

fn some_rules() -> impl Strategy<Value = Vec<Spec>> {
    let few = 0_usize..4;
    let services = proptest::collection::vec(proptest::sample::select(&SERVICES[..]), few.clone());
    let from = proptest::collection::vec(some_places(), few.clone());
    let users = proptest::collection::vec(some_users(), few);
    let spec = (
        proptest::option::of(services),
        proptest::option::of(from),
        proptest::option::weighted(0.7, users),
    );
    let spec = spec.prop_map(|(services, from, users)| Spec {
        name: "",
        services,
        from,
        users,
    });
    proptest::collection::vec(spec, 0..24)
}

fn some_groups() -> impl Strategy<Value = [Group; 3]> {
    let names = proptest::collection::btree_set(proptest::sample::select(&NAMES[..]), 0..3);
    let domains = proptest::collection::btree_set(proptest::sample::select(&DOMAINS[..]), 0..2);
    let group = (names, domains).prop_map(|(names, domains)| Group {
        names: names.into_iter().map(str::to_owned).collect(),
        domains: domains.into_iter().map(str::to_owned).collect(),
    });
    proptest::array::uniform3(group)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn the_dead_rules_are_those_that_each_with_each_finds(
        groups in some_groups(),
        specs in some_rules(),
    ) {
        let found = list(&groups, &specs).dead(group_of);
        prop_assert_eq!(found, dead_by_definition(&groups, &specs));
    }

    #[test]
    fn a_dead_rule_decides_nothing(
        groups in some_groups(),
        specs in some_rules(),
        account in proptest::sample::select(&NAMES[..]),
        service in proptest::sample::select(&SERVICES[..]),
        place in some_places(),
    ) {
        let rules = list(&groups, &specs);
        let remote = match place {
            Place::Net(net) => Remote::of_address(net.addr()),
            Place::Local => Remote::Local,
            Place::Unknown => Remote::Unknown,
        };
        let question = Question {
            account: &Naming::default().account(account.as_bytes()).unwrap(),
            service: &Service::new(service).unwrap(),
            group: group_of(service),
            remote,
        };
        if let Some(rule) = rules.first(&question) {
            let at = rules.iter().position(|one| std::ptr::eq(one, rule)).unwrap();
            let dead = rules.dead(group_of);
            prop_assert!(dead.iter().all(|dead| dead.rule != at), "{at} {dead:?}");
        }
    }
}
