//! The recipes of `packaging/`: what `setup` writes, and what real servers start and judge with.

mod mail;
mod setup;
mod shell;

use harness::output::Output;
use harness::packaged::{Files, rules_enforced};
use harness::sandbox::Sandbox;
use serde_json::Value;

use crate::steps::stage::run;

fn write(sandbox: &Sandbox, files: &Files) {
    for (path, content) in files {
        let mode = if path.contains("sudoers") {
            0o440
        } else {
            0o644
        };
        sandbox.write(path, mode, content);
    }
}

/// A machine with the site of the recipes.
fn on_a_machine(play: impl FnOnce(&Sandbox) + Send) {
    let rules = rules_enforced();
    Sandbox::run(|sandbox| {
        sandbox.write("/etc/mailotp/mailotp.toml", 0o644, &rules);
        let _ = run(&["init"], "").done();
        play(sandbox);
    });
}

/// Errors and warnings of `doctor`. The clock is the machine's, and no test's.
fn findings() -> Vec<String> {
    let said: Output = run(&["--json", "doctor"], "");
    let report: Value = serde_json::from_str(&said.stdout).expect("one JSON document");
    let all = report["findings"].as_array().expect("a list").iter();
    all.filter(|one| one["severity"] != "info" && one["code"] != "clock-unsynchronised")
        .map(Value::to_string)
        .collect()
}
