//! The plugin for Roundcube, as far as it can be read without one: `make test-webmail` runs it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use harness::packaged::source;
use harness::tool::tool;

fn plugin() -> PathBuf {
    source("packaging/roundcube/mailotp")
}

/// The files below `folder` with this ending.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the plugin is there") {
        let path = entry.expect("a file").path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.extension().is_some_and(|is| is == ending) {
            found.push(path);
        }
    }
    found
}

/// What a language says: each label, and its text.
fn texts(language: &str) -> Vec<(String, String)> {
    let file = plugin().join(format!("localization/{language}.inc"));
    let file = file.display();
    let code = format!("require '{file}'; echo json_encode($labels + $messages);");
    let said = tool("PHP", "php", &["-n", "-r", &code]).done().stdout;
    let texts: serde_json::Map<_, _> = serde_json::from_str(&said).expect("JSON");
    let text = |value: serde_json::Value| value.as_str().expect("a text").to_owned();
    texts
        .into_iter()
        .map(|(label, value)| (label, text(value)))
        .collect()
}

/// The words `$name` in a text.
fn blanks(text: &str) -> BTreeSet<&str> {
    let ends = |c: char| !c.is_ascii_lowercase();
    text.split('$')
        .skip(1)
        .map(|rest| rest.split(ends).next().unwrap_or_default())
        .collect()
}

#[test]
fn php_reads_each_file_of_the_plugin() {
    for ending in ["php", "inc", "dist"] {
        let files = files(&plugin(), ending);
        assert!(!files.is_empty(), "no {ending}");
        for file in files {
            tool("PHP", "php", &["-n", "-l", &file.display().to_string()]).done();
        }
    }
}

#[test]
fn each_language_says_everything_and_leaves_out_nothing() {
    let english = texts("en_US");
    let languages = files(&plugin().join("localization"), "inc");
    assert!(languages.len() >= 3);
    for file in languages {
        let language = file
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let said = texts(&language);
        let labels = |texts: &[(String, String)]| -> Vec<String> {
            texts.iter().map(|(label, _)| label.clone()).collect()
        };
        assert_eq!(labels(&said), labels(&english), "{language}");
        for ((label, text), (_, meant)) in said.iter().zip(&english) {
            assert_eq!(blanks(text), blanks(meant), "{language} {label}");
            assert!(!text.trim().is_empty(), "{language} {label}");
        }
    }
}

/// What comes from elsewhere is text to a page: no part of the plugin writes scripts into one, where a policy of the
/// site would not let them run.
#[test]
fn no_script_stands_in_a_page() {
    for ending in ["php", "js"] {
        for file in files(&plugin(), ending) {
            let text = fs::read_to_string(&file).expect("a text");
            for bad in [
                "<script",
                "onclick",
                "javascript:",
                "eval(",
                "innerHTML",
                "add_script",
            ] {
                assert!(!text.contains(bad), "{}: {bad}", file.display());
            }
        }
    }
}
