//! Which rules can never match, without comparing each with each.
//!
//! Whatever takes all of a rule also takes the first service, network and user of its lists. So each
//! rule is filed under the entries of one of its own lists, and a later one is compared only with those
//! that are filed under something that covers its first entries. The module does this at a login.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::BuildHasher;

use ipnet::IpNet;

use super::users::{GroupId, Member, domain_of};
use super::{Hasher, Place, Rule, Rules};

/// A rule that can never match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dead {
    /// Its place in the list.
    pub rule: usize,
    /// The earlier rule that takes everything from it; `None`: it names nothing.
    pub behind: Option<usize>,
}

impl Rules {
    /// The rules that can never match. `group_of` names the group of a service, and a service that has
    /// none, or that is a group itself, for itself.
    pub fn dead<'a>(&'a self, group_of: impl Fn(&'a str) -> &'a str) -> Vec<Dead> {
        let mut index = Index::of(self);
        let mut dead = Vec::new();
        let rules = self.iter().as_slice();
        for (at, rule) in rules.iter().enumerate() {
            // One that names nothing takes nothing from others either.
            if self.is_void(rule) {
                dead.push(Dead {
                    rule: at,
                    behind: None,
                });
                continue;
            }
            let mut behind: Option<usize> = None;
            index.candidates(rule, &group_of, |before| {
                if behind.is_none_or(|first| before < first)
                    && self.covers(&rules[before], rule, &group_of)
                {
                    behind = Some(before);
                }
            });
            if behind.is_some() {
                dead.push(Dead { rule: at, behind });
            }
            index.file(at, rule);
        }
        dead
    }
}

/// What a rule is filed under: of an entry of a list, a number. Where two entries have the same, each is
/// looked at with the rules of the other as well, and taken for none of them.
type Key = u64;

/// The lists of a rule.
#[derive(Clone, Copy)]
enum List {
    From,
    Users,
    Services,
}

/// The rules under one key: the last of them, in [`Index::chain`].
#[derive(Clone, Copy, Default)]
struct Shelf {
    last: Link,
    count: u32,
}

/// A place in [`Index::chain`], counted from 1; 0 is none. A table of a thousand rules is small enough
/// to stay in the processor's cache.
type Link = u32;

struct Index<'a> {
    rules: &'a Rules,
    /// The first rule that applies to all.
    to_all: Option<usize>,
    shelves: HashMap<Key, Shelf, Hasher>,
    /// Rules, each with the one before it on the same shelf.
    chain: Vec<(u32, Link)>,
    /// The lengths of the prefixes on the shelves, of IPv4 and of IPv6.
    lengths: [Vec<u8>; 2],
    /// The groups on the shelves, and those that a name or a domain is in.
    opened: HashSet<GroupId, Hasher>,
    groups: HashMap<Member<'a>, Vec<GroupId>, Hasher>,
    /// Whether anything is filed by its users, or by its services.
    has_users: bool,
    has_services: bool,
}

impl<'a> Index<'a> {
    fn of(rules: &'a Rules) -> Index<'a> {
        let room = rules.iter().len() * 3 / 2;
        Index {
            rules,
            to_all: None,
            shelves: HashMap::with_capacity_and_hasher(room, Hasher::default()),
            chain: Vec::with_capacity(room),
            lengths: Default::default(),
            opened: HashSet::default(),
            groups: HashMap::default(),
            has_users: false,
            has_services: false,
        }
    }

    /// Calls `found` with every rule that may take all of `rule`, in no order, and maybe twice.
    fn candidates(
        &self,
        rule: &Rule,
        group_of: &dyn Fn(&'a str) -> &'a str,
        mut found: impl FnMut(usize),
    ) {
        let mut look = |key: Key| {
            let mut next = self.shelves.get(&key).map_or(0, |shelf| shelf.last);
            while next > 0 {
                let (before, rest) = self.chain[next as usize - 1];
                found(before as usize);
                next = rest;
            }
        };
        if let Some(place) = self.rules.from(rule).and_then(<[Place]>::first) {
            self.around(*place, |wide| look(key_of_place(wide)));
        }
        let users = self.rules.users(rule).filter(|_| self.has_users);
        if let Some(member) =
            users.and_then(|mut users| users.members.find_map(|one| self.somebody(one)))
        {
            self.with(member, &mut look);
        }
        let service = self.rules.services(rule).and_then(BTreeSet::first);
        if let Some(service) = service.filter(|_| self.has_services) {
            let group = group_of(service);
            look(key_of_service(service));
            if group != service {
                look(key_of_service(group));
            }
        }
        if let Some(at) = self.to_all {
            found(at);
        }
    }

    /// The places on the shelves that hold all of `place`.
    fn around(&self, place: Place, mut look: impl FnMut(Place)) {
        let Place::Net(net) = place else {
            return look(place);
        };
        for &length in &self.lengths[family(net)] {
            if length <= net.prefix_len()
                && let Ok(wide) = IpNet::new(net.addr(), length)
            {
                look(Place::Net(wide.trunc()));
            }
        }
    }

    /// A name or a domain of an entry; `None`: a group without members.
    fn somebody(&self, member: Member<'a>) -> Option<Member<'a>> {
        match member {
            Member::Group(id) => {
                let group = &self.rules.groups()[id.0 as usize];
                let name = group.names.first().map(|name| Member::Name(name));
                name.or_else(|| group.domains.first().map(|domain| Member::Domain(domain)))
            }
            other => Some(other),
        }
    }

    /// The keys on the shelves that hold a name or a domain.
    fn with(&self, member: Member<'a>, look: &mut impl FnMut(Key)) {
        let domain = match member {
            Member::Name(name) => domain_of(name).map(Member::Domain),
            _ => None,
        };
        for member in [Some(member), domain].into_iter().flatten() {
            look(key_of_member(member));
            for &group in self.groups.get(&member).into_iter().flatten() {
                look(key_of_member(Member::Group(group)));
            }
        }
    }

    /// Files a rule, in the list whose first entry has the fewest yet.
    fn file(&mut self, at: usize, rule: &Rule) {
        let rules = self.rules;
        let mut best: Option<(u32, List)> = None;
        for list in [List::From, List::Users, List::Services] {
            let Some(key) = self.first_key(rule, list) else {
                continue;
            };
            let count = self.shelves.get(&key).map_or(0, |shelf| shelf.count);
            if best.is_none_or(|(least, _)| count < least) {
                best = Some((count, list));
            }
            if count == 0 {
                break;
            }
        }
        match best {
            None => {
                self.to_all.get_or_insert(at);
            }
            Some((_, List::From)) => {
                for &place in rules.from(rule).into_iter().flatten() {
                    if let Place::Net(net) = place {
                        let lengths = &mut self.lengths[family(net)];
                        if !lengths.contains(&net.prefix_len()) {
                            lengths.push(net.prefix_len());
                        }
                    }
                    self.put(key_of_place(place), at);
                }
            }
            Some((_, List::Users)) => {
                self.has_users = true;
                for member in rules
                    .users(rule)
                    .into_iter()
                    .flat_map(|users| users.members)
                {
                    if let Member::Group(id) = member {
                        self.open_up(id);
                    }
                    self.put(key_of_member(member), at);
                }
            }
            Some((_, List::Services)) => {
                self.has_services = true;
                for name in rules.services(rule).into_iter().flatten() {
                    self.put(key_of_service(name), at);
                }
            }
        }
    }

    fn first_key(&self, rule: &Rule, list: List) -> Option<Key> {
        let rules = self.rules;
        match list {
            List::From => rules.from(rule)?.first().copied().map(key_of_place),
            List::Users => rules.users(rule)?.members.next().map(key_of_member),
            List::Services => rules
                .services(rule)?
                .first()
                .map(|name| key_of_service(name)),
        }
    }

    fn put(&mut self, key: Key, at: usize) {
        let shelf = self.shelves.entry(key).or_default();
        self.chain.push((small(at), shelf.last));
        shelf.last = small(self.chain.len());
        shelf.count += 1;
    }

    /// Notes who is in a group, where no rule has been filed under it yet.
    fn open_up(&mut self, id: GroupId) {
        if !self.opened.insert(id) {
            return;
        }
        let group = &self.rules.groups()[id.0 as usize];
        let names = group.names.iter().map(|name| Member::Name(name));
        let domains = group.domains.iter().map(|domain| Member::Domain(domain));
        for member in names.chain(domains) {
            self.groups.entry(member).or_default().push(id);
        }
    }
}

/// Two prefixes that differ in bits behind their length only are the same.
fn key_of_place(place: Place) -> Key {
    let hasher = Hasher::default();
    match place {
        Place::Net(IpNet::V4(net)) => hasher.hash_one((net.network().to_bits(), net.prefix_len())),
        Place::Net(IpNet::V6(net)) => hasher.hash_one((net.network().to_bits(), net.prefix_len())),
        Place::Local => 0,
        Place::Unknown => 1,
    }
}

fn key_of_member(member: Member<'_>) -> Key {
    Hasher::default().hash_one(member)
}

fn key_of_service(name: &str) -> Key {
    Hasher::default().hash_one(name)
}

fn small(number: usize) -> u32 {
    u32::try_from(number).expect("a configuration has at most 4 MiB")
}

fn family(net: IpNet) -> usize {
    usize::from(matches!(net, IpNet::V6(_)))
}
