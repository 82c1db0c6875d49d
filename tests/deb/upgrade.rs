//! From this version to the next, which brings a migration of the store, while people log in.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use harness::tool::feed;

use crate::machine::Machine;
use crate::{HOME, elsewhere, enforce, set_up};

fn version_of_store(machine: &Machine) -> u64 {
    let checked = machine.sh("mailotp-cli --json store check").json();
    checked["version"].as_u64().expect("a number")
}

fn app_password(machine: &Machine) -> String {
    let made = machine
        .sh("mailotp-cli --json --user alice add app-password phone")
        .json();
    made["secret"]
        .as_str()
        .expect("it is shown once")
        .to_owned()
}

fn version_of(machine: &Machine, package: &str) -> String {
    let packages = machine.packages();
    let line = packages
        .iter()
        .find(|line| line.contains(&format!(" {package} ")));
    line.unwrap_or_else(|| panic!("{package} is not there: {packages:?}"))
        .clone()
}

#[test]
fn logins_go_on_while_the_next_version_migrates_the_store() {
    Machine::run(|machine| {
        machine.install("this").done();
        let sheet = set_up(machine);
        let phone = app_password(machine);
        enforce(machine);
        let _server = machine.dovecot();
        assert!(Machine::login(HOME, "alice", &sheet.codes[0]).is_ok());
        let before = version_of_store(machine);
        let done = AtomicBool::new(false);
        let logins = thread::scope(|scope| {
            let logins = scope.spawn(|| {
                let mut logins = 0;
                while !done.load(Ordering::Relaxed) {
                    let reply = Machine::login(HOME, "alice", &phone);
                    assert!(
                        reply.is_ok(),
                        "login {logins}: {reply:?} {:#?}",
                        machine.log()
                    );
                    logins += 1;
                }
                logins
            });
            let installed = machine.install("next");
            done.store(true, Ordering::Relaxed);
            installed.done();
            logins.join().expect("everybody was let in")
        });
        assert!(logins > 10, "only {logins} logins");
        assert_eq!(version_of_store(machine), before + 1);
        // The server has the old module still.
        assert!(
            Machine::login(HOME, "alice", &sheet.codes[0]).is_ok(),
            "its window"
        );
        assert!(
            Machine::login(elsewhere(1), "alice", &sheet.codes[0]).is_no(),
            "spent stays spent"
        );
        let _ = machine.as_documented("doveadm reload");
        assert!(Machine::login(elsewhere(2), "alice", &sheet.codes[1]).is_ok());
        assert!(
            Machine::login(HOME, "alice", &sheet.codes[0]).is_ok(),
            "its window"
        );
        machine.others_are_served();
    });
}

#[test]
fn the_old_module_and_the_new_command_work_together() {
    Machine::run(|machine| {
        machine.install("this").done();
        let sheet = set_up(machine);
        enforce(machine);
        let unpacked = machine.sh("dpkg --unpack /packages/next/libpam-mailotp_*.deb");
        assert!(
            unpacked.code != 0 && unpacked.stderr.contains("pre-dep"),
            "the store comes first: {unpacked:#?}"
        );
        // As apt does it, broken off after the first package.
        machine
            .sh("dpkg -i /packages/next/mailotp-cli_*.deb")
            .done();
        let (cli, module) = (
            version_of(machine, "mailotp-cli"),
            version_of(machine, "libpam-mailotp"),
        );
        assert_ne!(cli.split(' ').next_back(), module.split(' ').next_back());
        let try_code =
            |code: &str, from: &str| machine.verdict("mailotp-imap", "alice", from, code);
        assert_eq!(try_code(&sheet.codes[0], "192.0.2.1"), "PAM_SUCCESS");
        assert_eq!(try_code(&sheet.codes[0], "198.51.100.1"), "PAM_AUTH_ERR");
        // And after the second, before it is configured.
        machine.sh("dpkg --unpack /packages/next/*.deb").done();
        assert_eq!(try_code(&sheet.codes[0], "192.0.2.1"), "PAM_SUCCESS");
        machine.others_are_served();
        machine.install("next").done();
        assert_eq!(try_code(&sheet.codes[0], "192.0.2.1"), "PAM_SUCCESS");
        assert_eq!(try_code(&sheet.codes[1], "198.51.100.1"), "PAM_SUCCESS");
    });
}

#[test]
fn a_migration_that_fails_leaves_the_old_module_and_store_to_everybody() {
    Machine::run(|machine| {
        machine.install("this").done();
        let sheet = set_up(machine);
        enforce(machine);
        let before = version_of_store(machine);
        let module = version_of(machine, "libpam-mailotp");
        let mut holder = Command::new("sqlite3")
            .arg(machine.path("/var/lib/mailotp/mailotp.db"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("sqlite3 is needed here: tests/install-dependencies --package");
        let mut words = holder.stdin.take().expect("it reads");
        writeln!(words, "BEGIN IMMEDIATE; SELECT 'locked';").expect("it reads");
        let mut said = String::new();
        let _ = BufReader::new(holder.stdout.as_mut().expect("it writes")).read_line(&mut said);
        assert_eq!(said.trim(), "locked");
        let failed = machine.install("next");
        drop(words);
        let _ = holder.kill();
        let _ = holder.wait();
        assert_ne!(failed.code, 0, "{failed:#?}");
        let told = failed.stdout + &failed.stderr;
        assert!(told.contains("dpkg --configure -a"), "{told}");
        assert_eq!(
            version_of(machine, "libpam-mailotp"),
            module,
            "it was not replaced"
        );
        let verdict = machine.verdict("mailotp-imap", "alice", "192.0.2.1", &sheet.codes[0]);
        assert_eq!(verdict, "PAM_SUCCESS", "{:#?}", machine.log());
        machine.others_are_served();

        machine.sh("dpkg --configure -a").done();
        machine.install("next").done();
        assert_eq!(version_of_store(machine), before + 1);
        let verdict = machine.verdict("mailotp-imap", "alice", "198.51.100.1", &sheet.codes[1]);
        assert_eq!(verdict, "PAM_SUCCESS");
    });
}

#[test]
fn a_store_of_the_first_version_is_brought_here_by_the_upgrade() {
    Machine::run(|machine| {
        machine.install("this").done();
        let _ = set_up(machine);
        enforce(machine);
        machine
            .sh("rm /etc/mailotp/mailotp.key /run/mailotp/generation-* /var/lib/mailotp/*")
            .done();
        let key = include_str!("../cli/version_1/mailotp.key");
        std::fs::write(machine.path("/etc/mailotp/mailotp.key"), key).expect("root may");
        let store = machine
            .path("/var/lib/mailotp/mailotp.db")
            .display()
            .to_string();
        let sql = include_str!("../cli/version_1/mailotp.sql");
        let _ = feed("sqlite3", "sqlite3", &[&store], sql).done();
        machine
            .sh("chmod 0600 /etc/mailotp/mailotp.key /var/lib/mailotp/*")
            .done();
        let code = "sjyjb-jwt8h";
        let try_code = || machine.verdict("mailotp-imap", "alice", "192.0.2.1", code);
        assert_eq!(try_code(), "PAM_AUTHINFO_UNAVAIL", "it never migrates");
        machine.others_are_served();
        machine.install("next").done();
        assert_eq!(try_code(), "PAM_SUCCESS", "{:#?}", machine.log());
    });
}
