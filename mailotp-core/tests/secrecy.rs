//! What is secret is never printed, by `{:?}` neither: whoever holds it says so by hand, and says "[redacted]".

mod source;

use std::fs;
use std::path::Path;

use source::{is_test, rust_files};

/// A type that derives `Debug`.
struct Printed {
    name: String,
    /// What it derives, and its fields.
    text: String,
}

/// The types that derive `Debug`, and what they are made of.
fn printed(text: &str) -> impl Iterator<Item = Printed> {
    text.split("#[derive(").skip(1).filter_map(|rest| {
        let (derived, rest) = rest.split_once(")]")?;
        derived.split(", ").find(|one| *one == "Debug")?;
        // Attributes and comments between them and the name hold neither word.
        let at = ["struct ", "enum "]
            .iter()
            .filter_map(|word| Some(rest.find(word)? + word.len()))
            .min()?;
        let rest = &rest[at..];
        let end = rest
            .find("\n}\n")
            .into_iter()
            .chain(rest.find(";\n"))
            .min()?;
        let body: String = rest[..end]
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect();
        let name = body
            .split(|c: char| !c.is_alphanumeric())
            .next()?
            .to_owned();
        let text = format!("{derived} {body}");
        Some(Printed { name, text })
    })
}

/// Other names for what wipes itself and prints itself.
fn aliases(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let (name, what) = line.split_once("type ")?.1.split_once(" = ")?;
        what.starts_with("Zeroizing<").then_some(name)
    })
}

/// The types that wipe themselves by hand.
fn wiped(text: &str) -> impl Iterator<Item = &str> {
    text.split("impl Drop for ").skip(1).filter_map(|rest| {
        let (name, rest) = rest.split_once(" {")?;
        let body = &rest[..rest.find("\n}\n")?];
        body.contains("zeroize").then_some(name)
    })
}

fn names(text: &str, word: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .any(|one| one == word)
}

#[test]
fn no_type_that_holds_a_secret_derives_how_it_is_printed() {
    let crates = ["mailotp-core", "pam_mailotp", "mailotp-cli"];
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let files = crates
        .map(|one| rust_files(&root.join(one).join("src")))
        .concat();
    let files: Vec<_> = (files.iter().filter(|file| !is_test(file)))
        .map(|file| (file.display(), fs::read_to_string(file).unwrap()))
        .collect();
    let mut secret = vec!["Zeroizing", "Zeroize", "ZeroizeOnDrop"];
    secret.extend(files.iter().flat_map(|(_, text)| aliases(text)));
    let wiped: Vec<&str> = files.iter().flat_map(|(_, text)| wiped(text)).collect();
    assert!(
        wiped.len() > 1 && secret.len() > 3,
        "they are found: {wiped:?} {secret:?}"
    );
    let mut seen = 0;
    for (file, text) in &files {
        for Printed { name, text } in printed(text) {
            seen += 1;
            // A variant of the name of an alias holds something else: its type is named behind it.
            let held = secret
                .iter()
                .find(|word| names(&text, word) && !text.contains(&format!("{word}(")));
            assert_eq!(held, None, "{file}: {name}");
            assert!(!wiped.contains(&&*name), "{file}: {name}");
        }
    }
    assert!(seen > 100, "{seen} types");
}
