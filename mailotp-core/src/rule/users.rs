//! Whom a rule is about: names, everybody of a domain, and groups.

use std::collections::BTreeSet;

use crate::request::AccountName;

/// The members of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// Names of accounts, normalised.
    pub names: BTreeSet<String>,
    /// Domains of which everybody is a member.
    pub domains: BTreeSet<String>,
}

/// A group of a list of rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GroupId(pub(super) u32);

/// One entry of a rule's users.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Member<'a> {
    Name(&'a str),
    /// Everybody of it.
    Domain(&'a str),
    Group(GroupId),
}

/// The users of a rule.
#[derive(Clone, Copy)]
pub(super) struct Users<'a, M> {
    pub members: M,
    /// Those that [`GroupId`] counts.
    pub groups: &'a [Group],
}

/// The domain of a name, where it has one.
pub(super) fn domain_of(name: &str) -> Option<&str> {
    name.rsplit_once('@').map(|(_, domain)| domain)
}

impl Group {
    /// Whether `account` is one of them.
    pub fn holds(&self, account: &AccountName) -> bool {
        let name = account.as_str();
        self.has(name, domain_of(name))
    }

    fn has(&self, name: &str, domain: Option<&str>) -> bool {
        self.names.contains(name) || domain.is_some_and(|domain| self.domains.contains(domain))
    }

    /// Whether nobody is in it.
    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty() && self.domains.is_empty()
    }
}

impl<'a, M: Iterator<Item = Member<'a>> + Clone> Users<'a, M> {
    fn any(&self, test: impl FnMut(Member<'a>) -> bool) -> bool {
        self.members.clone().any(test)
    }

    pub fn hold_name(&self, name: &str) -> bool {
        let domain = domain_of(name);
        self.any(|member| match member {
            Member::Name(one) => one == name,
            Member::Domain(one) => domain == Some(one),
            Member::Group(id) => self.groups[id.0 as usize].has(name, domain),
        })
    }

    fn hold_domain(&self, domain: &str) -> bool {
        self.any(|member| match member {
            Member::Name(_) => false,
            Member::Domain(one) => one == domain,
            Member::Group(id) => self.groups[id.0 as usize].domains.contains(domain),
        })
    }

    fn hold_group(&self, id: GroupId) -> bool {
        let group = &self.groups[id.0 as usize];
        self.any(|member| member == Member::Group(id))
            || (group.names.iter().all(|name| self.hold_name(name))
                && group.domains.iter().all(|domain| self.hold_domain(domain)))
    }

    /// Whether all of `other`, of the same list of rules, are among these.
    pub fn cover(&self, other: &Users<'a, M>) -> bool {
        !other.any(|member| match member {
            Member::Name(name) => !self.hold_name(name),
            Member::Domain(domain) => !self.hold_domain(domain),
            Member::Group(id) => !self.hold_group(id),
        })
    }

    /// Whether they are nobody: an empty list, or one of empty groups.
    pub fn are_none(&self) -> bool {
        !self.any(|member| match member {
            Member::Name(_) | Member::Domain(_) => true,
            Member::Group(id) => !self.groups[id.0 as usize].is_empty(),
        })
    }
}
