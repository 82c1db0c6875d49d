//! Password databases, in the words of 2.3 and of 2.4.

use super::service_name::expand;
use super::tree::{Section, is_yes};
use crate::doctor::pam::{Role, Services};

/// A password database.
#[derive(Debug)]
pub struct Passdb {
    /// Its line in what `doveconf -n` prints.
    pub line: usize,
    /// Of which kind.
    pub driver: String,
    /// The PAM services that it asks, as far as they can be told.
    pub services: Vec<String>,
    /// What it is to mailotp.
    pub role: Role,
    /// Whoever is in it is refused.
    pub deny: bool,
    /// For logins as somebody else.
    pub master: bool,
    /// The mechanisms that it is for; empty: all.
    pub mechanisms: Vec<String>,
    /// Whether it shows what PAM said.
    pub shows: bool,
    /// Whether Dovecot may keep what it said: in 2.3 with `cache_key`, in 2.4 unless told not to.
    pub cached: bool,
    /// Whether the next database is asked when it refuses.
    pub goes_on: bool,
}

impl Passdb {
    /// Reads one. `new` says that it is in the words of 2.4.
    pub fn read(section: &Section, new: bool, protocols: &[String], pam: &Services) -> Passdb {
        // In 2.4 each key may have the names of the section before it, or not.
        let get = |key: &str| {
            let long = [
                key.to_owned(),
                format!("passdb_{key}"),
                format!("pam_{key}"),
                format!("passdb_pam_{key}"),
            ];
            long.iter().find_map(|key| section.get(key))
        };
        let yes = |key: &str| get(key).is_some_and(is_yes);
        let driver = get("driver").unwrap_or(&section.name).to_owned();
        let args = if new { "" } else { get("args").unwrap_or("") };
        let option = |name: &str| {
            let mut words = args.split_whitespace();
            words.find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
        };
        let template = if new {
            get("service_name").unwrap_or("dovecot")
        } else {
            let name = args.split_whitespace().find(|word| is_name(word));
            // A star is short for the protocol.
            name.map_or("dovecot", |name| if name == "*" { "%s" } else { name })
        };
        let services: Vec<String> = if driver == "pam" {
            expand(template, protocols).into_iter().flatten().collect()
        } else {
            Vec::new()
        };
        let names: &[&str] = if new {
            &["mechanisms_filter", "passdb_mechanisms_filter"]
        } else {
            &["mechanisms"]
        };
        let mechanisms = names.iter().find_map(|name| section.list(name));
        Passdb {
            line: section.line,
            role: role(&services, pam),
            services,
            driver,
            deny: yes("deny"),
            master: yes("master"),
            mechanisms: mechanisms.unwrap_or_default(),
            shows: if new {
                yes("failure_show_msg")
            } else {
                option("failure_show_msg").is_some_and(is_yes)
            },
            cached: if new {
                get("use_cache").is_none_or(is_yes)
            } else {
                option("cache_key").is_some()
            },
            goes_on: get("result_failure").is_none_or(|value| value.starts_with("continue")),
        }
    }

    /// Whether PLAIN and LOGIN ask it: mechanisms that PAM can judge.
    pub fn takes_passwords(&self) -> bool {
        let plain =
            |name: &String| ["plain", "login"].contains(&name.to_ascii_lowercase().as_str());
        self.mechanisms.is_empty() || self.mechanisms.iter().any(plain)
    }

    /// Whether it is asked by another mechanism of these.
    pub fn takes_any_of(&self, others: &[String]) -> bool {
        let same = |name: &String| others.iter().any(|other| other.eq_ignore_ascii_case(name));
        !others.is_empty() && (self.mechanisms.is_empty() || self.mechanisms.iter().any(same))
    }
}

/// Whether a word of `args` in 2.3 is the service, and no option. A condition in it has a `=`, too.
fn is_name(word: &str) -> bool {
    let is_key = |key: &str| key.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    !word.starts_with('-') && !word.split_once('=').is_some_and(|(key, _)| is_key(key))
}

/// What a database is that asks these services. A service without its file is taken by its name.
fn role(services: &[String], pam: &Services) -> Role {
    let role = |name: &String| match pam.role(name) {
        Role::Other if !pam.has(name) && name.starts_with("mailotp-") => {
            if name.ends_with("-challenge") {
                Role::Gate
            } else {
                Role::Pass
            }
        }
        role => role,
    };
    let roles: Vec<Role> = services.iter().map(role).collect();
    if roles.contains(&Role::Pass) {
        Role::Pass
    } else if roles.contains(&Role::Gate) {
        Role::Gate
    } else {
        Role::Other
    }
}
