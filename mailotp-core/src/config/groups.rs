//! `@groups`: those of the file, then `/etc/group`, which is read as a file: no name service.

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::ops::Range;

use crate::request::Naming;
use crate::rule::{Group, Hasher};

/// Finds the members of groups.
pub(super) struct Groups<'a> {
    own: &'a BTreeMap<String, Vec<String>>,
    naming: &'a Naming,
    system: &'a dyn Fn() -> io::Result<String>,
    /// `/etc/group`, once one has been looked for in it.
    system_groups: OnceCell<io::Result<SystemGroups>>,
}

/// What an entry of a list of users stands for.
pub(super) enum Entry<'e> {
    /// A name, as it was written.
    Name(&'e str),
    /// Everybody of a domain.
    Domain(String),
    /// The members of a group.
    Group(&'e str),
}

impl<'e> Entry<'e> {
    pub fn of(text: &'e str) -> Result<Entry<'e>, String> {
        if let Some(group) = text.strip_prefix('@') {
            return Ok(Entry::Group(group));
        }
        if let Some(domain) = text.strip_prefix("*@") {
            if domain.is_empty() || domain.contains(['*', '@']) {
                return Err(format!("\"{text}\" is no pattern: write \"*@example.com\""));
            }
            return Ok(Entry::Domain(domain.to_ascii_lowercase()));
        }
        if text.bytes().any(|byte| byte == b'*') {
            return Err(format!(
                "\"{text}\": a \"*\" stands only for everybody of a domain, as in \"*@example.com\""
            ));
        }
        Ok(Entry::Name(text))
    }
}

impl<'a> Groups<'a> {
    /// `own` are those of the file, `system` reads `/etc/group`.
    pub fn new(
        own: &'a BTreeMap<String, Vec<String>>,
        naming: &'a Naming,
        system: &'a dyn Fn() -> io::Result<String>,
    ) -> Groups<'a> {
        Groups {
            own,
            naming,
            system,
            system_groups: OnceCell::new(),
        }
    }

    /// Puts a name at the end of `text`, as accounts are written.
    pub fn write_name(&self, name: &str, text: &mut String) -> Result<(), String> {
        self.naming
            .write(name, text)
            .map_err(|why| format!("\"{name}\": {why}"))
    }

    /// Everybody whom a list of names, `*@domain` and `@group` means.
    pub fn resolve(&self, list: &[String]) -> Result<Group, String> {
        let mut all = Group::default();
        for text in list {
            match Entry::of(text)? {
                Entry::Group(name) => {
                    let mut group = self.group(name)?;
                    all.names.append(&mut group.names);
                    all.domains.append(&mut group.domains);
                }
                entry => self.add(text, entry, &mut all)?,
            }
        }
        Ok(all)
    }

    /// The members of a group.
    pub fn group(&self, name: &str) -> Result<Group, String> {
        let mut group = Group::default();
        let mut add = |text: &str| self.add(text, Entry::of(text)?, &mut group);
        match self.own.get(name) {
            Some(members) => members.iter().try_for_each(|member| add(member))?,
            None => self.of_system(name)?.try_for_each(add)?,
        }
        Ok(group)
    }

    fn add(&self, text: &str, entry: Entry<'_>, group: &mut Group) -> Result<(), String> {
        match entry {
            Entry::Group(_) => {
                return Err(format!("\"{text}\": a group cannot hold another group"));
            }
            Entry::Domain(domain) => group.domains.insert(domain),
            Entry::Name(name) => {
                let mut normal = String::with_capacity(name.len());
                self.write_name(name, &mut normal)?;
                group.names.insert(normal)
            }
        };
        Ok(())
    }

    fn of_system(&self, name: &str) -> Result<impl Iterator<Item = &str>, String> {
        let system = self
            .system_groups
            .get_or_init(|| (self.system)().map(SystemGroups::new));
        let system = system
            .as_ref()
            .map_err(|why| format!("/etc/group cannot be read for \"@{name}\": {why}"))?;
        system.members(name).ok_or_else(|| {
            format!("there is no group \"{name}\", neither in [groups] nor in /etc/group")
        })
    }
}

/// The text of `/etc/group` (group(5)): lines of `name:password:gid:a,b,c`.
struct SystemGroups {
    text: String,
    /// Where the members of each group stand.
    members: HashMap<String, Range<usize>, Hasher>,
}

impl SystemGroups {
    fn new(text: String) -> SystemGroups {
        let mut members = HashMap::default();
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let fields = line.trim_end();
            let name = fields.split(':').next().unwrap_or_default();
            // Of two with one name the first counts, as for the C library.
            if !name.is_empty() && !members.contains_key(name) {
                let before: usize = fields.split(':').take(3).map(|field| field.len() + 1).sum();
                let list = fields.split(':').nth(3).unwrap_or_default();
                let at = start + before.min(fields.len());
                members.insert(name.to_owned(), at..at + list.len());
            }
            start += line.len();
        }
        SystemGroups { text, members }
    }

    fn members(&self, group: &str) -> Option<impl Iterator<Item = &str>> {
        let range = self.members.get(group)?.clone();
        let names = self.text[range].split(',').map(str::trim);
        Some(names.filter(|name| !name.is_empty()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_own_groups_come_before_etc_group() {
        let own = BTreeMap::from([
            (
                "staff".to_owned(),
                vec!["Alice".to_owned(), "*@sales.example.com".to_owned()],
            ),
            ("nested".to_owned(), vec!["@staff".to_owned()]),
        ]);
        let naming = Naming::default();
        let system = || Ok("staff:x:50:mallory\nvpn:x:51:bob, carol\nempty:x:52:\n".to_owned());
        let groups = Groups::new(&own, &naming, &system);
        let resolve = |entry: &str| groups.resolve(&[entry.to_owned()]);
        let members = |entry: &str| resolve(entry).unwrap();
        let staff = members("@staff");
        assert!(staff.names.contains("alice") && staff.domains.contains("sales.example.com"));
        assert!(!staff.names.contains("mallory"));
        assert_eq!(members("@vpn").names.len(), 2);
        assert!(members("@empty").names.is_empty());
        for bad in ["@nested", "@nobody-has-it", "al*", "*@", "a/b", ""] {
            assert!(resolve(bad).is_err(), "{bad:?}");
        }
    }
}
