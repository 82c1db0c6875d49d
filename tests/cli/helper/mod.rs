//! The helper, as ordinary users and programs of the system find it. All of it needs root, who makes a
//! site that others cannot open, and who can be anybody.

mod abuse;
mod answers;
mod files;
mod life;
mod operators;
mod others;
mod own;
mod programs;
mod proof;
mod systemd;
mod terminal;

use harness::enrol::Sheet;
use harness::helper::{Caller, Helper};
use harness::site::Site;

/// A site of root with a helper; what is said goes on in the section `[helper]`.
fn served(toml: &str) -> (Site, Helper) {
    let site = Site::of_root(&format!("[helper]\nsocket = \"run/helper.sock\"\n{toml}"));
    let helper = Helper::start(&site);
    (site, helper)
}

/// A user's first sheet.
#[track_caller]
fn sheet(user: &Caller<'_>) -> Sheet {
    Sheet::of(&user.json(&["add", "sheet", "--count", "5"]))
}

/// The labels of what a user has.
#[track_caller]
fn labels(user: &Caller<'_>) -> Vec<String> {
    let shown = user.json(&["show"]);
    let credentials = shown["credentials"].as_array().expect("a list");
    let label = |one: &serde_json::Value| one["label"].as_str().unwrap_or_default().to_owned();
    credentials.iter().map(label).collect()
}
