//! What is shipped beside the programs: each file read by the program that it is for.

#![forbid(unsafe_code)]

mod fail2ban;

use std::path::{Path, PathBuf};

/// A path in the repository.
fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

/// A text in the repository.
#[track_caller]
fn read(name: &str) -> String {
    let path = source(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
