//! Who may import whom. A module that is not in this list, or that reaches for more than it may, is
//! a change of the design: make it here first.

mod source;

use std::fs;
use std::path::Path;

use source::{is_test, rust_files};

/// A module, and what it may know of this crate, beside itself. From the bottom up.
const LAYERS: &[(&str, &[&str])] = &[
    ("clock", &[]),
    ("files", &[]),
    ("location", &[]),
    ("rfc2289", &[]),
    ("request", &["rfc2289"]),
    ("id", &["clock", "request"]),
    ("crypto", &["clock", "id"]),
    ("budget", &["clock", "id", "request"]),
    ("window", &["clock", "crypto", "id", "request"]),
    ("audit", &["clock"]),
    ("rule", &["request", "window"]),
    (
        "account",
        &[
            "audit", "budget", "clock", "crypto", "id", "request", "window", "rfc2289", "rule",
        ],
    ),
    (
        "credential",
        &["account", "clock", "crypto", "id", "request", "rfc2289"],
    ),
    // Readers of other programs' files: pure, and known to administration alone.
    ("import", &["account", "credential", "request", "rfc2289"]),
    (
        "config",
        &[
            "budget",
            "credential",
            "location",
            "request",
            "rule",
            "window",
        ],
    ),
    (
        "prompt",
        &[
            "account",
            "clock",
            "config",
            "credential",
            "crypto",
            "request",
            "rule",
            "rfc2289",
        ],
    ),
    // Decisions see no store and no file.
    (
        "decide",
        &[
            "account",
            "audit",
            "clock",
            "config",
            "credential",
            "crypto",
            "id",
            "request",
            "rule",
            "window",
        ],
    ),
    // Stores know accounts and what is below them, and nothing of decisions. One that is a database reads its
    // password, and what the host remembers of it.
    (
        "store",
        &[
            "account", "audit", "budget", "clock", "crypto", "files", "id", "location", "request",
            "window", "rfc2289", "rule",
        ],
    ),
    ("mark", &["files"]),
    ("site", &["config", "crypto", "files", "mark", "store"]),
    // The two that know both.
    (
        "authenticate",
        &[
            "account",
            "audit",
            "budget",
            "clock",
            "config",
            "credential",
            "crypto",
            "decide",
            "id",
            "prompt",
            "request",
            "rule",
            "site",
            "store",
            "window",
        ],
    ),
    (
        "admin",
        &[
            "account",
            "audit",
            "clock",
            "config",
            "credential",
            "crypto",
            "decide",
            "files",
            "id",
            "import",
            "rule",
            "request",
            "site",
            "store",
            "rfc2289",
        ],
    ),
    // The only one that speaks with another process.
    (
        "helper",
        &["audit", "authenticate", "clock", "decide", "request"],
    ),
];

#[test]
fn every_module_keeps_to_its_layer() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for file in rust_files(&source) {
        let module = module_of(&source, &file);
        if module == "lib" || is_test(&file) {
            continue;
        }
        let (_, allowed) = LAYERS
            .iter()
            .find(|(name, _)| *name == module)
            .unwrap_or_else(|| panic!("{} is in no layer", file.display()));
        for used in imports(&fs::read_to_string(&file).unwrap()) {
            assert!(
                used == module || allowed.contains(&used.as_str()),
                "{}: {module} may not know {used}",
                file.display()
            );
        }
    }
}

#[test]
fn a_layer_knows_only_what_stands_above_it_in_the_list() {
    for (at, (module, allowed)) in LAYERS.iter().enumerate() {
        for used in *allowed {
            let below = LAYERS[..at].iter().any(|(name, _)| name == used);
            assert!(below, "{module} knows {used}, which is not below it");
        }
    }
}

fn module_of(source: &Path, file: &Path) -> String {
    let first = file
        .strip_prefix(source)
        .unwrap()
        .components()
        .next()
        .unwrap();
    let name = first.as_os_str().to_str().unwrap();
    name.strip_suffix(".rs").unwrap_or(name).to_owned()
}

/// The modules of this crate that a file names before its tests.
fn imports(text: &str) -> Vec<String> {
    let code = text
        .split("#[cfg(test)]\nmod tests {")
        .next()
        .unwrap_or_default();
    let lines = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    lines
        .flat_map(|line| line.split("crate::").skip(1))
        .map(|rest| {
            rest.chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                .collect()
        })
        .collect()
}
