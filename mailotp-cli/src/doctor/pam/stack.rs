//! Stacks: the lines of a service and of what it includes, in the order in which libpam asks them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::code::Control;
use super::lines::{Group, Line, Says, parse};

/// libpam goes no deeper either.
const MAX_DEPTH: usize = 16;

/// The services of a machine, and the modules that it has.
#[derive(Default)]
pub struct Services {
    files: BTreeMap<String, File>,
    /// Files that are there, and cannot be read.
    pub unreadable: BTreeSet<String>,
    /// Paths and names of modules that cannot be loaded.
    pub absent_modules: BTreeSet<String>,
}

struct File {
    path: String,
    lines: Vec<Line>,
}

/// A line of a stack.
#[derive(Clone, Debug)]
pub struct Handler {
    /// How deep: 0, and one more in each `substack`.
    pub level: usize,
    /// What it does with what its module returns.
    pub control: Control,
    /// What is asked.
    pub asks: Asks,
    /// Where it stands.
    pub place: Place,
}

/// What a line asks.
#[derive(Clone, Debug)]
pub enum Asks {
    /// A module.
    Module {
        path: String,
        arguments: Vec<String>,
    },
    /// Nothing: a `substack` begins behind it.
    Substack,
    /// Nothing that could say yes.
    Nothing,
}

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub path: String,
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.path, self.line)
    }
}

impl Services {
    /// One more. The first of a name counts.
    pub fn add(&mut self, name: &str, path: &str, text: &str) {
        let file = || File {
            path: path.to_owned(),
            lines: parse(text),
        };
        self.files.entry(name.to_owned()).or_insert_with(file);
    }

    /// Their names. What is included by its whole path is none.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let names = self.files.keys().map(String::as_str);
        names.filter(|name| !name.starts_with('/'))
    }

    /// Whether a service has a file of its own, readable or not.
    pub fn has(&self, name: &str) -> bool {
        // libpam folds the names of services.
        let name = name.to_ascii_lowercase();
        self.files.contains_key(&name) || self.unreadable.contains(&name)
    }

    /// The path of a service's file.
    pub fn path(&self, name: &str) -> Option<&str> {
        self.files.get(name).map(|file| file.path.as_str())
    }

    /// Files that are included by their whole path, and were not added yet.
    pub fn wanted(&self) -> Vec<String> {
        self.included()
            .filter(|file| file.starts_with('/') && !self.files.contains_key(*file))
            .cloned()
            .collect()
    }

    /// Whether another file includes this one.
    pub fn is_included(&self, name: &str) -> bool {
        self.included().any(|file| file == name)
    }

    fn included(&self) -> impl Iterator<Item = &String> {
        let lines = self.files.values().flat_map(|file| &file.lines);
        lines.filter_map(|line| match &line.says {
            Says::IncludeAll(file) | Says::Include { file, .. } => Some(file),
            _ => None,
        })
    }

    /// All modules that are named, as they are named.
    pub fn module_paths(&self) -> BTreeSet<String> {
        let lines = self.files.values().flat_map(|file| &file.lines);
        let modules = lines.filter_map(|line| match &line.says {
            Says::Module { path, .. } => Some(path.clone()),
            _ => None,
        });
        modules.collect()
    }

    /// The stack of a service's own file; empty where that says nothing of this group, and libpam
    /// takes the one of `other`.
    pub fn stack(&self, service: &str, group: Group) -> Vec<Handler> {
        let mut stack = Vec::new();
        if let Some(file) = self.files.get(service) {
            self.gather(file, group, 0, 0, &mut stack);
        }
        stack
    }

    fn gather(
        &self,
        file: &File,
        wanted: Group,
        level: usize,
        depth: usize,
        stack: &mut Vec<Handler>,
    ) {
        for line in &file.lines {
            let place = Place {
                path: file.path.clone(),
                line: line.number,
            };
            let handler = |level, control, asks| Handler {
                level,
                control,
                asks,
                place: place.clone(),
            };
            match &line.says {
                Says::IncludeAll(other) => self.include(
                    other,
                    wanted,
                    level,
                    depth,
                    handler(level, Control::bad(), Asks::Nothing),
                    stack,
                ),
                Says::Include {
                    group,
                    file: other,
                    apart,
                } if *group == wanted => {
                    if *apart {
                        stack.push(handler(level, Control::bad(), Asks::Substack));
                    }
                    let failing = handler(level, Control::bad(), Asks::Nothing);
                    let level = level + usize::from(*apart);
                    self.include(other, wanted, level, depth, failing, stack);
                }
                Says::Module {
                    group,
                    control,
                    path,
                    arguments,
                } if *group == wanted => {
                    let asks = Asks::Module {
                        path: path.clone(),
                        arguments: arguments.clone(),
                    };
                    stack.push(handler(level, control.clone(), asks));
                }
                Says::Nonsense { group, control } if *group == wanted => {
                    stack.push(handler(level, control.clone(), Asks::Nothing));
                }
                _ => {}
            }
        }
    }

    /// Another file's lines; where it is not there, a line that fails.
    fn include(
        &self,
        name: &str,
        wanted: Group,
        level: usize,
        depth: usize,
        failing: Handler,
        stack: &mut Vec<Handler>,
    ) {
        match self.files.get(name) {
            Some(file) if depth < MAX_DEPTH => self.gather(file, wanted, level, depth + 1, stack),
            _ => stack.push(failing),
        }
    }
}

impl Handler {
    /// The name of the module's file, without its folder.
    pub fn module(&self) -> &str {
        match &self.asks {
            Asks::Module { path, .. } => path.rsplit('/').next().unwrap_or(path),
            Asks::Substack | Asks::Nothing => "",
        }
    }

    /// What stands behind the module.
    pub fn arguments(&self) -> &[String] {
        match &self.asks {
            Asks::Module { arguments, .. } => arguments,
            Asks::Substack | Asks::Nothing => &[],
        }
    }

    /// Whether it has this argument.
    pub fn has(&self, argument: &str) -> bool {
        self.arguments().iter().any(|one| one == argument)
    }

    /// Whether mailotp is asked here.
    pub fn is_mailotp(&self) -> bool {
        // The linker's name, too: who has built it tries it out under that.
        matches!(self.module(), "pam_mailotp.so" | "libpam_mailotp.so")
    }

    /// Whether it is the gate.
    pub fn is_gate(&self) -> bool {
        self.is_mailotp() && self.has("challenge")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn services(files: &[(&str, &str)]) -> Services {
        let mut services = Services::default();
        for (name, text) in files {
            services.add(name, &format!("/etc/pam.d/{name}"), text);
        }
        services
    }

    #[test]
    fn a_stack_has_what_is_included_with_its_place_and_depth() {
        let services = services(&[
            (
                "imap",
                "auth required a.so\n@include b\nauth substack c\nsession required \
                 s.so\nauth required d.so",
            ),
            ("b", "account required b0.so\nauth include e\n"),
            ("c", "auth required c.so\naccount required c0.so"),
            ("e", "auth required e.so"),
        ]);
        let stack = services.stack("imap", Group::Auth);
        let shown: Vec<String> = stack
            .iter()
            .map(|handler| format!("{} {} {}", handler.level, handler.module(), handler.place))
            .collect();
        assert_eq!(
            shown,
            [
                "0 a.so /etc/pam.d/imap:1",
                "0 e.so /etc/pam.d/e:1",
                "0  /etc/pam.d/imap:3",
                "1 c.so /etc/pam.d/c:1",
                "0 d.so /etc/pam.d/imap:5",
            ]
        );
    }

    #[test]
    fn a_file_that_is_missing_or_includes_itself_fails_and_ends() {
        let services = services(&[("a", "auth include a\n"), ("b", "auth include nowhere\n")]);
        for name in ["a", "b"] {
            let stack = services.stack(name, Group::Auth);
            assert!(
                matches!(stack[..], [Handler { asks: Asks::Nothing, ref control, .. }] if *control == Control::bad()),
                "{stack:?}"
            );
        }
    }
}
