//! A real sudo, which judges its users by itself and asks mailotp in the account phase alone.

use std::process::Command;

use harness::output::Output;
use harness::sandbox::Sandbox;

use crate::enrol::sheet;
use crate::steps::stage::run;

/// No password is accepted here, and there is no way to type a code.
const CONFIGURATION: &str = r#"mode = "enforce"

[[rule]]
name     = "no sudo"
services = ["sudo"]
users    = ["erin"]
accept   = []

[[rule]]
name   = "mail"
from   = ["127.0.0.0/8"]
accept = ["otp"]
"#;

/// This account has sudo say who it is.
fn sudo(account: &str) -> Output {
    let mut sudo = Command::new("timeout");
    sudo.args(["60", "setpriv", "--reuid", account, "--regid", account])
        .args(["--clear-groups", "sudo", "-n", "id", "-un"]);
    sudo.output().expect("timeout can be run").into()
}

#[test]
fn sudo_works_for_whom_no_rule_denies_and_who_is_not_locked() {
    Sandbox::run(|sandbox| {
        sandbox.write("/etc/mailotp/mailotp.toml", 0o644, CONFIGURATION);
        sandbox.write("/etc/sudoers", 0o440, "ALL ALL = (ALL) NOPASSWD: ALL\n");
        let stack = "auth required pam_deny.so\naccount required pam_mailotp.so\n\
                     account required pam_unix.so\nsession required pam_permit.so\n";
        sandbox.write("/etc/pam.d/sudo", 0o644, stack);
        let _ = run(&["init"], "").done();
        sheet("alice");

        // mailotp knows alice, not bob; the rule of mail matches neither.
        for account in ["alice", "bob", "root"] {
            assert_eq!(sudo(account).done().stdout, "root\n", "{account}");
        }
        sudo("erin").exits(1);
        let _ = run(&["user", "lock", "alice"], "").done();
        sudo("alice").exits(1);
        sudo("bob").done();
    });
}
