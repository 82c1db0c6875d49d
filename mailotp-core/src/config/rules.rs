//! The rules of the file, checked and resolved.

use std::borrow::Cow;
use std::collections::hash_map::Entry::{Occupied, Vacant};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::BuildHasher;

use serde::Deserialize;
use toml::Spanned;

use super::Config;
use super::error::{ConfigError, line_at};
use super::groups::{Entry, Groups};
use crate::request::Service;
use crate::rule::{self, Accept, AcceptId, GroupId, Hasher, Means, Mode, Place, Rules, ServicesId};
use crate::window::Binding;

/// One `[[rule]]` as TOML has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleTable {
    pub name: Option<Spanned<String>>,
    pub services: Option<Spanned<Vec<String>>>,
    pub from: Option<Vec<Place>>,
    pub users: Option<Spanned<Vec<String>>>,
    pub accept: Spanned<Vec<Means>>,
    #[serde(default)]
    pub grace: Binding,
    pub mode: Option<Mode>,
}

/// One `[[rule]]`, whoever has read it.
pub(super) struct Draft<'d, 't> {
    /// Where it begins.
    pub start: usize,
    pub name: Option<&'t str>,
    pub services: Option<ServicesId>,
    pub from: Option<&'d [Place]>,
    pub users: Option<&'d [&'t str]>,
    pub accept: AcceptId,
    pub grace: Binding,
    pub mode: Option<Mode>,
}

/// What is wrong with a rule: where, what, and what mends it.
pub(super) struct Wrong {
    pub key: Key,
    pub message: String,
    pub remedy: &'static str,
}

/// The part of a rule that is to blame.
#[derive(Clone, Copy)]
pub(super) enum Key {
    Rule,
    Name,
    Services,
    Users,
    Accept,
}

impl Key {
    fn wrong<T>(self, message: impl Into<String>, remedy: &'static str) -> Result<T, Wrong> {
        Err(Wrong {
            key: self,
            message: message.into(),
            remedy,
        })
    }
}

/// Makes rules of what was read.
pub(super) struct Maker<'a, 't> {
    groups: &'a Groups<'a>,
    services: &'a BTreeMap<String, BTreeSet<String>>,
    /// Of the names that there are: they themselves are with the rules.
    names: HashSet<u64, Hasher>,
    resolved: HashMap<&'t str, GroupId, Hasher>,
    starts: Vec<usize>,
    rules: Rules,
}

impl<'a, 't> Maker<'a, 't> {
    /// With room for as many rules. `services` are the groups of services.
    pub fn new(
        groups: &'a Groups<'a>,
        services: &'a BTreeMap<String, BTreeSet<String>>,
        count: usize,
    ) -> Maker<'a, 't> {
        Maker {
            groups,
            services,
            names: HashSet::with_capacity_and_hasher(count, Hasher::default()),
            resolved: HashMap::default(),
            starts: Vec::with_capacity(count),
            rules: Rules::with_capacity(count),
        }
    }

    /// The rules, and where each begins.
    pub fn finish(self) -> (Vec<usize>, Rules) {
        (self.starts, self.rules)
    }

    /// A rule, in its place behind the others.
    pub fn add(&mut self, draft: Draft<'_, 't>) -> Result<(), Wrong> {
        let name = match draft.name {
            Some(name) => Cow::Borrowed(name),
            None => format!("rule {}", self.starts.len() + 1).into(),
        };
        self.check_name(&name)?;
        for text in draft.users.into_iter().flatten() {
            if let Err(why) = self.add_user(text) {
                let remedy = "Correct the rule's users; groups stand in [groups] or in /etc/group.";
                return Key::Users.wrong(why, remedy);
            }
        }
        self.rules.add(rule::Draft {
            name: &name,
            services: draft.services,
            from: draft.from,
            has_users: draft.users.is_some(),
            accept: draft.accept,
            grace: draft.grace,
            mode: draft.mode,
        });
        self.starts.push(draft.start);
        Ok(())
    }

    fn check_name(&mut self, name: &str) -> Result<(), Wrong> {
        // It stands in the log, on one line.
        let is_printed = |byte: u8| matches!(byte, b' '..=b'~');
        if !name.bytes().all(is_printed) && name.chars().any(char::is_control) {
            let message = format!("\"{}\" holds a control character", name.escape_debug());
            return Key::Name.wrong(message, "Give the rule a name of one line.");
        }
        if !self.names.insert(Hasher::default().hash_one(name)) {
            let mut others = self.rules.iter().map(|rule| self.rules.name(rule));
            if others.any(|other| other == name) {
                let message = format!("two rules have the name \"{name}\"");
                return Key::Rule.wrong(message, "Give each rule a name of its own.");
            }
        }
        Ok(())
    }

    /// A list of services, for rules to name.
    pub fn services(&mut self, list: &[&str]) -> Result<ServicesId, Wrong> {
        let names: BTreeSet<String> = list.iter().map(|name| name.to_ascii_lowercase()).collect();
        for name in &names {
            if !self.services.contains_key(name)
                && let Err(why) = Service::new(name)
            {
                let message = format!("\"{}\": {why}", name.escape_debug());
                let remedy = "Write names of services, and of groups in [services].";
                return Key::Services.wrong(message, remedy);
            }
        }
        Ok(self.rules.add_services(names))
    }

    /// A list of what is accepted, for rules to name.
    pub fn accept(&mut self, means: &[Means]) -> Result<AcceptId, Wrong> {
        let accept = Accept(means.iter().copied().collect());
        if accept.has(Means::Password) && accept.has(Means::PasswordOtp) {
            let message =
                "\"password\" beside \"password+otp\": the password alone would always do";
            return Key::Accept.wrong(message, "Remove one of the two.");
        }
        Ok(self.rules.add_accept(accept))
    }

    fn add_user(&mut self, text: &'t str) -> Result<(), String> {
        match Entry::of(text)? {
            Entry::Name(name) => self
                .rules
                .add_name(|text| self.groups.write_name(name, text))?,
            Entry::Domain(domain) => self.rules.add_domain(&domain),
            Entry::Group(name) => {
                let id = match self.resolved.entry(name) {
                    Occupied(known) => *known.get(),
                    Vacant(new) => *new.insert(self.rules.add_group(self.groups.group(name)?)),
                };
                self.rules.add_members(id);
            }
        }
        Ok(())
    }

    /// A rule that the TOML library has read.
    pub fn add_table(&mut self, table: &'t Spanned<RuleTable>) -> Result<(), Wrong> {
        let words = |list: &'t Spanned<Vec<String>>| -> Vec<&'t str> {
            list.get_ref().iter().map(String::as_str).collect()
        };
        let start = table.span().start;
        let table = table.get_ref();
        let accept = self.accept(table.accept.get_ref())?;
        let services = table
            .services
            .as_ref()
            .map(|list| self.services(&words(list)));
        let users = table.users.as_ref().map(words);
        self.add(Draft {
            start,
            name: table.name.as_ref().map(|name| name.get_ref().as_str()),
            services: services.transpose()?,
            from: table.from.as_deref(),
            users: users.as_deref(),
            accept,
            grace: table.grace,
            mode: table.mode,
        })
    }
}

impl RuleTable {
    /// Where a part of it stands; an empty range: nowhere of its own.
    pub fn span(&self, key: Key) -> std::ops::Range<usize> {
        let list = |list: &Option<Spanned<Vec<String>>>| list.as_ref().map(Spanned::span);
        match key {
            Key::Rule => None,
            Key::Name => self.name.as_ref().map(Spanned::span),
            Key::Services => list(&self.services),
            Key::Users => list(&self.users),
            Key::Accept => Some(self.accept.span()),
        }
        .unwrap_or_default()
    }
}

impl Config {
    /// Rules that can never match: an error of the command, a warning of the module.
    pub fn warnings(&self) -> Vec<ConfigError> {
        let Some(rules) = &self.rules else {
            return Vec::new();
        };
        // A name that is both a group and a member of another one means the group.
        let group_of = |service| {
            if self.services.contains_key(service) {
                service
            } else {
                self.group_of(service)
            }
        };
        let warning = |dead: rule::Dead| {
            let name_of = |at: usize| rules.name(&rules.iter().as_slice()[at]);
            let name = name_of(dead.rule);
            let (message, remedy) = match dead.behind {
                Some(before) => (
                    format!(
                        "the rule \"{name}\" can never match: \"{}\" before it takes all of it",
                        name_of(before)
                    ),
                    "Move it up, or remove it.",
                ),
                None => (
                    format!("the rule \"{name}\" can never match: one of its lists is empty"),
                    "Remove the empty list to mean all, or remove the rule.",
                ),
            };
            ConfigError {
                file: self.file.clone(),
                line: Some(line_at(&self.text, self.starts[dead.rule])),
                message,
                remedy: remedy.to_owned(),
            }
        };
        rules.dead(group_of).into_iter().map(warning).collect()
    }
}
