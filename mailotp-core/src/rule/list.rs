//! Rules in their order.

use std::collections::BTreeSet;
use std::ops::Range;

use super::users::{Group, GroupId, Member, Users};
use super::{Accept, Mode, Place, Question};
use crate::window::Binding;

/// Rules. The first that matches decides; where none does, nothing is accepted.
///
/// A file may have thousands and is read at every login, so a rule owns nothing: names stand one
/// behind the other in one text, the entries of all lists in one list each, and a rule says where.
#[derive(Debug, Default)]
pub struct Rules {
    rules: Vec<Rule>,
    text: String,
    places: Vec<Place>,
    members: Vec<Entry>,
    groups: Vec<Group>,
    services: Vec<BTreeSet<String>>,
    accept: Vec<Accept>,
    /// Where the users of the next rule begin.
    users_start: u32,
}

/// One of [`Rules`]. What is `None` applies to all.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    name: Span,
    services: Option<ServicesId>,
    from: Option<Span>,
    users: Option<Span>,
    accept: AcceptId,
    /// What a window binds.
    pub grace: Binding,
    /// A mode of its own.
    pub mode: Option<Mode>,
}

/// A rule that is added. What is `None` applies to all.
#[derive(Clone, Copy, Debug)]
pub struct Draft<'d> {
    /// For the log and for people.
    pub name: &'d str,
    /// Services and groups of services.
    pub services: Option<ServicesId>,
    /// Networks.
    pub from: Option<&'d [Place]>,
    /// Whether it names users: those that were added before it, and behind the rule before.
    pub has_users: bool,
    /// What it accepts.
    pub accept: AcceptId,
    /// What a window binds.
    pub grace: Binding,
    /// A mode of its own.
    pub mode: Option<Mode>,
}

/// A list of services. Most rules have one of a few.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServicesId(u32);

/// A list of what is accepted. There are hardly more than ten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AcceptId(u32);

/// A part of a text or a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    start: u32,
    end: u32,
}

impl Span {
    fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A [`Member`] whose text stands in [`Rules::text`].
#[derive(Clone, Copy, Debug)]
enum Entry {
    Name(Span),
    Domain(Span),
    Group(GroupId),
}

/// A place in a text or a list.
fn place(length: usize) -> u32 {
    u32::try_from(length).expect("a configuration has at most 4 MiB")
}

impl Rules {
    /// An empty list with room for as many rules.
    pub fn with_capacity(count: usize) -> Rules {
        Rules {
            rules: Vec::with_capacity(count),
            text: String::with_capacity(16 * count),
            places: Vec::with_capacity(2 * count),
            members: Vec::with_capacity(2 * count),
            ..Rules::default()
        }
    }

    /// Adds a list of services, for rules to name.
    pub fn add_services(&mut self, names: BTreeSet<String>) -> ServicesId {
        self.services.push(names);
        ServicesId(place(self.services.len() - 1))
    }

    /// Adds a list of what is accepted, for rules to name.
    pub fn add_accept(&mut self, accept: Accept) -> AcceptId {
        self.accept.push(accept);
        AcceptId(place(self.accept.len() - 1))
    }

    /// Adds a group, for rules to name.
    pub fn add_group(&mut self, group: Group) -> GroupId {
        self.groups.push(group);
        GroupId(place(self.groups.len() - 1))
    }

    /// Adds a name that `write` puts at the end of a text to the users of the next rule.
    pub fn add_name<E>(
        &mut self,
        write: impl FnOnce(&mut String) -> Result<(), E>,
    ) -> Result<(), E> {
        let start = place(self.text.len());
        write(&mut self.text)?;
        let end = place(self.text.len());
        self.members.push(Entry::Name(Span { start, end }));
        Ok(())
    }

    /// Adds everybody of a domain to the users of the next rule.
    pub fn add_domain(&mut self, domain: &str) {
        let domain = self.keep(domain);
        self.members.push(Entry::Domain(domain));
    }

    /// Adds the members of a group to the users of the next rule.
    pub fn add_members(&mut self, group: GroupId) {
        self.members.push(Entry::Group(group));
    }

    /// Adds a rule behind the others.
    pub fn add(&mut self, draft: Draft<'_>) {
        let users = Span {
            start: self.users_start,
            end: place(self.members.len()),
        };
        self.users_start = users.end;
        let rule = Rule {
            name: self.keep(draft.name),
            services: draft.services,
            from: draft.from.map(|places| {
                let start = place(self.places.len());
                self.places.extend_from_slice(places);
                let end = place(self.places.len());
                Span { start, end }
            }),
            users: draft.has_users.then_some(users),
            accept: draft.accept,
            grace: draft.grace,
            mode: draft.mode,
        };
        self.rules.push(rule);
    }

    fn keep(&mut self, text: &str) -> Span {
        let start = place(self.text.len());
        self.text.push_str(text);
        let end = place(self.text.len());
        Span { start, end }
    }

    /// The first rule that matches.
    pub fn first(&self, question: &Question<'_>) -> Option<&Rule> {
        self.rules.iter().find(|rule| self.matches(rule, question))
    }

    /// All of them.
    pub fn iter(&self) -> std::slice::Iter<'_, Rule> {
        self.rules.iter()
    }

    /// A rule's name, for the log and for people.
    pub fn name(&self, rule: &Rule) -> &str {
        &self.text[rule.name.range()]
    }

    /// What a rule accepts.
    pub fn accept(&self, rule: &Rule) -> &Accept {
        &self.accept[rule.accept.0 as usize]
    }

    /// How many groups, lists of services and lists of means the rules share.
    #[cfg(test)]
    pub(crate) fn shared(&self) -> [usize; 3] {
        [self.groups.len(), self.services.len(), self.accept.len()]
    }

    /// Each rule with all that it says, wherever that is kept.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn written(&self) -> Vec<String> {
        let written = |rule: &Rule| {
            let users: Option<Vec<String>> = self.users(rule).map(|users| {
                let member = |member| match member {
                    Member::Group(id) => format!("{:?}", self.groups[id.0 as usize]),
                    other => format!("{other:?}"),
                };
                users.members.map(member).collect()
            });
            format!(
                "{:?} {:?} {:?} {users:?} {:?} {:?} {:?}",
                self.name(rule),
                self.services(rule),
                self.from(rule),
                self.accept(rule),
                rule.grace,
                rule.mode
            )
        };
        self.iter().map(written).collect()
    }

    /// Services and groups of services of a rule; `None`: all.
    pub fn services(&self, rule: &Rule) -> Option<&BTreeSet<String>> {
        rule.services.map(|id| &self.services[id.0 as usize])
    }

    /// Networks of a rule; `None`: all.
    pub fn from(&self, rule: &Rule) -> Option<&[Place]> {
        rule.from.map(|list| &self.places[list.range()])
    }

    pub(super) fn users<'a>(
        &'a self,
        rule: &Rule,
    ) -> Option<Users<'a, impl Iterator<Item = Member<'a>> + Clone + use<'a>>> {
        let entries = &self.members[rule.users?.range()];
        let members = entries.iter().map(|entry| match entry {
            Entry::Name(name) => Member::Name(&self.text[name.range()]),
            Entry::Domain(domain) => Member::Domain(&self.text[domain.range()]),
            Entry::Group(id) => Member::Group(*id),
        });
        Some(Users {
            members,
            groups: &self.groups,
        })
    }

    pub(super) fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// Whether a rule speaks of this login. Addresses first: they are compared fastest.
    fn matches(&self, rule: &Rule, question: &Question<'_>) -> bool {
        let from = |places: &[Place]| places.iter().any(|place| place.holds(question.remote));
        self.from(rule).is_none_or(from)
            && self
                .services(rule)
                .is_none_or(|names| question.is_of(names))
            && self
                .users(rule)
                .is_none_or(|users| users.hold_name(question.account.as_str()))
    }

    /// Whether a rule can match nothing at all.
    pub(super) fn is_void(&self, rule: &Rule) -> bool {
        self.services(rule).is_some_and(BTreeSet::is_empty)
            || self.from(rule).is_some_and(<[Place]>::is_empty)
            || self.users(rule).is_some_and(|users| users.are_none())
    }

    /// Whether every login that `other` matches is matched by `rule`. `group_of` names the group of a
    /// service.
    pub(super) fn covers<'a>(
        &'a self,
        rule: &Rule,
        other: &Rule,
        group_of: &dyn Fn(&'a str) -> &'a str,
    ) -> bool {
        let services = |mine: &BTreeSet<String>, theirs: &'a BTreeSet<String>| {
            rule.services == other.services
                || theirs
                    .iter()
                    .all(|name| mine.contains(name) || mine.contains(group_of(name)))
        };
        let from = |mine: &[Place], theirs: &[Place]| {
            theirs
                .iter()
                .all(|narrow| mine.iter().any(|wide| wide.covers(narrow)))
        };
        covered(self.services(rule), self.services(other), services)
            && covered(self.from(rule), self.from(other), from)
            && covered(self.users(rule), self.users(other), |mine, theirs| {
                mine.cover(&theirs)
            })
    }
}

/// `None` covers all and is covered by `None` only.
fn covered<T>(mine: Option<T>, theirs: Option<T>, cover: impl Fn(T, T) -> bool) -> bool {
    match (mine, theirs) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(mine), Some(theirs)) => cover(mine, theirs),
    }
}
