//! Our own source, as tests read it.

use std::fs;
use std::path::{Path, PathBuf};

/// Every file of Rust below a folder.
pub fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// Tests may know everything, and show it.
pub fn is_test(file: &Path) -> bool {
    let name = file.file_stem().unwrap().to_str().unwrap();
    let folder = file.parent();
    let is_of = |kind| folder.is_some_and(|folder| folder.ends_with(kind));
    ["tests", "model", "oracle"].into_iter().any(is_of)
        || name.ends_with("tests")
        || matches!(name, "contract" | "memory" | "oracle" | "fuzz")
}
