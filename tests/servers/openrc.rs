//! The service of OpenRC, as Alpine has it, started by the real OpenRC.

use harness::packaged::{Files, rules_enforced, text_of};
use harness::root::Root;
use harness::sandbox::Sandbox;
use harness::server::Server;
use harness::tool::tool;

use crate::{set_up, shell};

/// What starts it must not be the first process of its namespace; a machine that has started says so there.
/// A process has its number in there, and so it is killed from there.
const START: &str = "#!/bin/sh
set -e
mkdir -p /run/openrc
touch /run/openrc/softlevel
rc-service mailotp-helper start
while sleep 0.1; do
    [ -e /kill-it ] || continue
    kill -KILL \"$(cat /run/openrc/options/mailotp-helper/child_pid)\"
    rm /kill-it
done
";

/// A machine whose file systems are there.
const MOUNTS: &str = "#!/sbin/openrc-run\nstart() { :; }\n";

#[test]
fn openrc_starts_the_helper_again_when_it_ends_and_not_before_there_is_a_site() {
    let (rules, none) = (rules_enforced(), Files::new());
    let service = text_of("packaging/alpine/mailotp-helper.initd");
    let daily = text_of("packaging/alpine/mailotp-maintain.daily");
    Root::of("openrc", "bookworm", &["openrc"]).run(|sandbox| {
        shell(&format!(
            "cp {} /usr/bin/mailotp-cli",
            Sandbox::command_path().display()
        ));
        sandbox.write("/etc/init.d/mailotp-helper", 0o755, &service);
        sandbox.write("/etc/init.d/localmount", 0o755, MOUNTS);
        sandbox.write("/etc/periodic/daily/mailotp-maintain", 0o755, &daily);
        shell("/etc/periodic/daily/mailotp-maintain");
        shell(
            "mkdir -p /run/openrc; touch /run/openrc/softlevel; ! rc-service mailotp-helper start",
        );

        set_up(sandbox, &rules, &none);
        sandbox.write("/start", 0o755, START);
        let mut server = Server::start("/start", &[]);
        let log = || sandbox.syslog().lines().join("\n");
        let show = |words: &[&str]| {
            let alice = [
                "--reuid",
                "alice",
                "--regid",
                "alice",
                "--clear-groups",
                "mailotp-cli",
            ];
            tool("util-linux", "setpriv", &[&alice[..], words].concat())
        };
        server.wait_until(|| show(&["add", "app-password"]).code == 0, log);
        let child = || std::fs::read_to_string("/run/openrc/options/mailotp-helper/child_pid");
        let before = child().expect("OpenRC keeps it");
        sandbox.write("/kill-it", 0o644, "");
        server.wait_until(
            || child().is_ok_and(|now| now != before && !now.is_empty()),
            log,
        );
        server.wait_until(|| show(&["show"]).code == 0, log);
        shell("/etc/periodic/daily/mailotp-maintain");
    });
}
