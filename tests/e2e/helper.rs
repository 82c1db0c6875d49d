//! A real Dovecot whose workers are not root: they have the helper judge.

use std::path::Path;
use std::process::Command;

use harness::helper::Helper;
use harness::sandbox::Sandbox;

use crate::steps::sheet;
use crate::steps::stage::{CAFE, CONFIGURATION, LIBRARY, MAIN_PASSWORD, Stage};

/// The workers as the user of the rest of Dovecot.
const UNPRIVILEGED: &str = "service auth-worker {\n  user = dovecot\n}\n";

fn helper() -> Helper {
    let mut command = Command::new(Sandbox::command_path());
    command.arg("helper");
    Helper::of(command, Path::new("/run/mailotp/helper.sock").to_owned())
}

#[test]
fn workers_of_dovecot_that_are_not_root_are_served_by_the_helper_once_they_are_trusted() {
    Stage::run_with(UNPRIVILEGED, |stage| {
        // Not even the account phase of pam_unix works for them: it reads /etc/shadow.
        stage.command(&["setup", "dovecot", "--apply", "--virtual-users"], "");
        let sheet = sheet::add(stage, "alice");
        stage.refused(CAFE, "alice", &sheet.codes[0]);
        let helper = helper();
        stage.refused(CAFE, "alice", &sheet.codes[0]);
        let trusted = format!("{CONFIGURATION}\n[helper]\ntrusted = [\"dovecot\"]\n");
        stage
            .sandbox
            .write("/etc/mailotp/mailotp.toml", 0o644, &trusted);
        stage.accepted(CAFE, "alice", &sheet.codes[0]);
        stage.accepted(CAFE, "alice", &sheet.codes[0]);
        stage.refused(LIBRARY, "alice", &sheet.codes[0]);
        stage.refused(CAFE, "alice", MAIN_PASSWORD);
        let lines = stage.sandbox.syslog();
        lines.wait_for(&["result=accepted", "account=alice"]);
        helper.kill();
        stage.refused(CAFE, "alice", &sheet.codes[1]);
    });
}
