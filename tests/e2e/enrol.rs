//! Credentials on a machine without a stage.

use harness::enrol::Sheet;

use crate::steps::stage::{run, text};

/// A sheet of an account that mailotp does not know yet.
#[track_caller]
pub fn sheet(account: &str) -> Sheet {
    let who = ["--json", "--user", account, "--new"];
    let what = ["add", "sheet", "--count", "8"];
    Sheet::of(&run(&[&who[..], &what].concat(), "").json())
}

/// An app password of an account, which is made where it is new.
#[track_caller]
pub fn app_password(account: &str) -> String {
    let who = ["--json", "--user", account, "--new", "add", "app-password"];
    text(&run(&who, "").json()["secret"])
}

/// The number of the code that is due on the account's one sheet.
#[track_caller]
pub fn due(account: &str) -> u64 {
    let due = run(&["--json", "--user", account, "challenge"], "").json();
    let number = due["sheets"][0]["number"].as_u64();
    number.unwrap_or_else(|| panic!("no sheet in {due}"))
}
