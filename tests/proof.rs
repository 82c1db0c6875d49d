//! `attacks.md` names tests that there are, and all that cite a failure of another program.

#![forbid(unsafe_code)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What the name of such a test begins with.
const CITES: [&str; 7] = [
    "cve_",
    "duo_psa_",
    "google_authenticator_",
    "kanidm_",
    "linotp_",
    "otpw_",
    "postfixadmin_",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The names of the tests below a folder. A case of the contract of stores is one where it is listed.
fn functions(folder: &Path, all: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder of the sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            functions(&path, all);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("a source");
            let mut is_test = false;
            for line in text.lines().map(str::trim) {
                let name = line
                    .strip_prefix("pub(crate) fn ")
                    .or_else(|| line.strip_prefix("fn ").filter(|_| is_test))
                    .and_then(|rest| rest.split(['(', '<']).next());
                if let Some(name) = name
                    && (is_test || text.contains(&format!("{name},\n")))
                {
                    all.insert(name.to_owned());
                }
                is_test = line == "#[test]" || (is_test && line.starts_with("#["));
            }
        }
    }
}

fn tests() -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for folder in [
        "mailotp-core/src",
        "pam_mailotp/src",
        "mailotp-cli/src",
        "tests",
    ] {
        functions(&root().join(folder), &mut all);
    }
    all
}

/// The first column of each row, and the tests that it names.
fn rows(list: &str) -> Vec<(String, Vec<String>)> {
    let rows = list.lines().filter_map(|line| line.strip_prefix("| "));
    let rows = rows.filter(|row| !row.starts_with("seen in"));
    rows.map(|row| {
        let cells: Vec<&str> = row.split(" | ").collect();
        assert_eq!(cells.len(), 3, "{row}");
        let named = cells[2].split('`').skip(1).step_by(2);
        (cells[0].to_owned(), named.map(str::to_owned).collect())
    })
    .collect()
}

/// Whether the name of a test cites something of a first column, as `cve_2013_7322_…` does CVE-2013-7322.
fn cites(test: &str, seen_in: &str) -> bool {
    let flat = seen_in
        .to_lowercase()
        .replace("-libpam #", "_")
        .replace('-', "_");
    flat.split([' ', ',', '`'])
        .filter(|word| word.len() > 3)
        .any(|word| test.starts_with(word) || test.contains(&format!("_{word}_")))
}

#[test]
fn every_row_names_a_test_that_cites_it_and_every_such_test_is_named() {
    let list = fs::read_to_string(root().join("tests/attacks.md")).expect("attacks.md");
    let (rows, tests) = (rows(&list), tests());
    assert!(rows.len() >= 34, "{} rows", rows.len());
    let mut named = BTreeSet::new();
    for (seen_in, proofs) in rows {
        assert!(
            proofs.iter().any(|proof| cites(proof, &seen_in)),
            "no test cites {seen_in}"
        );
        for proof in &proofs {
            assert!(tests.contains(proof), "{seen_in}: there is no test {proof}");
        }
        named.extend(proofs);
    }
    let unnamed: Vec<&String> = tests
        .iter()
        .filter(|test| CITES.iter().any(|begin| test.starts_with(begin)))
        .filter(|test| !named.contains(*test))
        .collect();
    assert!(unnamed.is_empty(), "not in attacks.md: {unnamed:?}");
}
