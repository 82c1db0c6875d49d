//! `@groups`: those of the file, then `/etc/group`, which is read as a file: no name service.

use std::collections::BTreeMap;

use crate::request::Naming;
use crate::rule::Users;

/// Finds the members of groups.
pub(super) struct Groups<'a> {
    pub own: &'a BTreeMap<String, Vec<String>>,
    pub naming: &'a Naming,
    pub system: &'a dyn Fn() -> std::io::Result<String>,
}

impl Groups<'_> {
    /// The users that a list of names, `*@domain` and `@group` means.
    pub fn resolve(&self, list: &[String]) -> Result<Users, String> {
        let mut users = Users::default();
        for entry in list {
            match entry.strip_prefix('@') {
                None => self.add(entry, &mut users)?,
                Some(group) => {
                    for member in self.members(group)? {
                        self.add(&member, &mut users)?;
                    }
                }
            }
        }
        Ok(users)
    }

    fn add(&self, entry: &str, users: &mut Users) -> Result<(), String> {
        if entry.starts_with('@') {
            return Err(format!("\"{entry}\": a group cannot hold another group"));
        }
        if let Some(domain) = entry.strip_prefix("*@") {
            if domain.is_empty() || domain.contains(['*', '@']) {
                return Err(format!(
                    "\"{entry}\" is no pattern: write \"*@example.com\""
                ));
            }
            users.domains.insert(domain.to_ascii_lowercase());
            return Ok(());
        }
        if entry.contains('*') {
            return Err(format!(
                "\"{entry}\": a \"*\" stands only for everybody of a domain, as in \"*@example.com\""
            ));
        }
        let name = self
            .naming
            .account(entry.as_bytes())
            .map_err(|why| format!("\"{entry}\": {why}"))?;
        users.names.insert(name.as_str().to_owned());
        Ok(())
    }

    fn members(&self, group: &str) -> Result<Vec<String>, String> {
        if let Some(members) = self.own.get(group) {
            return Ok(members.clone());
        }
        let file = (self.system)()
            .map_err(|why| format!("/etc/group cannot be read for \"@{group}\": {why}"))?;
        system_members(&file, group).ok_or_else(|| {
            format!("there is no group \"{group}\", neither in [groups] nor in /etc/group")
        })
    }
}

/// The members of a group in the text of `/etc/group` (group(5)): `name:password:gid:a,b,c`.
fn system_members(file: &str, group: &str) -> Option<Vec<String>> {
    file.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next() != Some(group) {
            return None;
        }
        let members = fields.nth(2).unwrap_or_default();
        Some(
            members
                .split(',')
                .map(str::trim)
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
                .collect(),
        )
    })
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
        let groups = Groups {
            own: &own,
            naming: &Naming::default(),
            system: &|| Ok("staff:x:50:mallory\nvpn:x:51:bob, carol\nempty:x:52:\n".to_owned()),
        };
        let resolve = |entry: &str| groups.resolve(&[entry.to_owned()]);
        let staff = resolve("@staff").unwrap();
        assert!(staff.names.contains("alice") && staff.domains.contains("sales.example.com"));
        assert!(!staff.names.contains("mallory"));
        assert_eq!(resolve("@vpn").unwrap().names.len(), 2);
        assert!(resolve("@empty").unwrap().names.is_empty());
        for bad in ["@nested", "@nobody-has-it", "al*", "*@", "a/b", ""] {
            assert!(resolve(bad).is_err(), "{bad:?}");
        }
    }
}
