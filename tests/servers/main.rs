//! Servers that cannot be installed beside those of the other tests, or are not in this Debian: each in a
//! root folder of its own, with its recipe. `make servers` makes the folders, which takes minutes.

#![forbid(unsafe_code)]

mod courier;
mod cyrus;
mod dovecot;
mod openrc;
mod selinux;

use std::process::Command;

use harness::enrol::Sheet;
use harness::output::Output;
use harness::packaged::Files;
use harness::sandbox::{Sandbox, output};
use harness::tool::feed;
use serde_json::Value;

/// Makes a site of the machine, with the rules of the recipes, and users with a home.
pub fn set_up(sandbox: &Sandbox, rules: &str, files: &Files) {
    for (path, content) in files {
        sandbox.write(path, 0o644, content);
    }
    sandbox.write("/etc/mailotp/mailotp.toml", 0o644, rules);
    let _ = run(&["init"]).done();
    for account in ["alice", "bob"] {
        shell(&format!("useradd -m {account}"));
    }
    shell("echo alice:alices-system-password | chpasswd");
    shell("echo 127.0.0.1 localhost >>/etc/hosts");
}

/// Runs a line of shell in the root.
#[track_caller]
pub fn shell(line: &str) {
    output(Command::new("sh").args(["-ec", line]));
}

/// Has the command do something.
pub fn run(arguments: &[&str]) -> Output {
    let command = Sandbox::command_path();
    let command = command.to_str().expect("the sandbox has a plain path");
    feed(
        "coreutils",
        "timeout",
        &[&["60", command], arguments].concat(),
        "",
    )
}

/// A sheet of an account that mailotp does not know yet.
pub fn sheet(account: &str) -> Sheet {
    let words = [
        "--json", "--user", account, "--new", "add", "sheet", "--count", "6",
    ];
    Sheet::of(&run(&words).json())
}

/// An app password of an account, which is made where it is new.
pub fn app_password(account: &str) -> String {
    let words = ["--json", "--user", account, "--new", "add", "app-password"];
    let made = run(&words).json();
    made["secret"].as_str().expect("a text").to_owned()
}

/// The last login in the log.
pub fn last_login() -> Value {
    let events = run(&["--json", "log"]).json_lines();
    let last = events
        .into_iter()
        .rfind(|event| event["result"] != "changed");
    last.expect("a login leaves an event")
}

/// Errors and warnings of `doctor`. The clock is the machine's, and no test's.
pub fn findings() -> Vec<String> {
    let said = run(&["--json", "doctor"]);
    let report: Value = serde_json::from_str(&said.stdout).expect("one JSON document");
    let all = report["findings"].as_array().expect("a list").iter();
    all.filter(|one| one["severity"] != "info" && one["code"] != "clock-unsynchronised")
        .map(Value::to_string)
        .collect()
}

/// Makes a key, and a certificate that nobody trusts.
pub fn certificate(key: &str, certificate: &str) {
    shell(&format!(
        "mkdir -p \"$(dirname {key})\" \"$(dirname {certificate})\" && openssl req -x509 -newkey ec \
         -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=mail.example.com -keyout {key} -out \
         {certificate} 2>/dev/null"
    ));
}
