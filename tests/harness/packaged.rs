//! The files of `packaging/`. A sandbox may cover them: they are read before it is entered.

use std::fs;
use std::path::{Path, PathBuf};

/// Files and what is in them, by the place where they lie on a machine.
pub type Files = Vec<(String, String)>;

/// A path in the repository.
#[must_use]
pub fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

/// A text in the repository.
///
/// # Panics
/// Where it is not there.
#[must_use]
#[track_caller]
pub fn text_of(name: &str) -> String {
    let path = source(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The texts of a recipe, by the place where they go.
#[must_use]
pub fn recipe(name: &str) -> Files {
    let folder = source("packaging/recipes").join(name);
    let mut files = Files::new();
    walk(&folder, &folder, "", &mut files);
    files.sort();
    files
}

/// The PAM services of a Dovecot.
#[must_use]
pub fn pam_services() -> Files {
    let folder = source("packaging/pam.d");
    let mut files = Files::new();
    walk(&folder, &folder, "/etc/pam.d", &mut files);
    files.sort();
    files
}

/// The site's configuration of the recipes, which is to count: with the words for it.
///
/// # Panics
/// Where it does not observe only, as it is shipped.
#[must_use]
pub fn rules_enforced() -> String {
    let toml = text_of("packaging/recipes/mailotp.toml");
    let swap = |text: &str, old: &str, new: &str| {
        assert!(text.contains(old), "no {old}");
        text.replace(old, new)
    };
    let toml = swap(&toml, "\nmode = \"observe\"\n", "\nmode = \"enforce\"\n");
    let (optional, required) = (
        "\nenrolment = \"optional\"\n",
        "\nenrolment = \"required\"\n",
    );
    swap(&toml, optional, required)
}

fn walk(folder: &Path, from: &Path, to: &str, files: &mut Files) {
    let entries = fs::read_dir(folder);
    let entries = entries.unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let path = entry.expect("it can be listed").path();
        if path.is_dir() {
            walk(&path, from, to, files);
            continue;
        }
        let place = path.strip_prefix(from).expect("it lies in there");
        let content = fs::read_to_string(&path).expect("it is a text");
        files.push((format!("{to}/{}", place.display()), content));
    }
}
