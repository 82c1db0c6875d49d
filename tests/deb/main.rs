//! The Debian packages, in a Debian of its own: what an administrator does with them, and a real Dovecot.

#![forbid(unsafe_code)]

mod machine;
mod pgsql;
mod removal;
mod upgrade;
mod words;

use std::net::Ipv4Addr;

use harness::enrol::Sheet;
use serde_json::Value;

use machine::Machine;

/// Where alice sits.
const HOME: Ipv4Addr = Ipv4Addr::new(127, 0, 20, 1);
/// Where somebody else does; each of them once, for Dovecot lets an address that failed wait.
const fn elsewhere(number: u8) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 21, number)
}

/// Follows the README up to Dovecot, with a sheet for alice.
fn set_up(machine: &Machine) -> Sheet {
    let _ = machine.as_documented("mailotp-cli init");
    let _ = machine.as_documented("mailotp-cli setup dovecot --apply");
    let include = "s/^!include auth-system.conf.ext$/!include auth-mailotp.conf.ext/";
    machine
        .sh(&format!(
            "sed -i '{include}' /etc/dovecot/conf.d/10-auth.conf"
        ))
        .done();
    let _ = machine.as_documented("doveconf -n");
    let made: Value = machine
        .sh("mailotp-cli --json --user alice --new add sheet")
        .json();
    Sheet::of(&made)
}

/// The last step of the README.
fn enforce(machine: &Machine) {
    let script = "sed -i 's/^mode = \"observe\"/mode = \"enforce\"/; s/^mode  *= .*/mode = \"enforce\"/' /etc/mailotp/mailotp.toml && grep -q '^mode = \"enforce\"' /etc/mailotp/mailotp.toml";
    machine.sh(script).done();
}

#[test]
fn a_new_machine_logs_in_with_a_challenge_and_a_code() {
    Machine::run(|machine| {
        machine.others_are_served();
        machine.install("this").done();
        machine.others_are_served();
        for path in ["/etc/mailotp", "/var/lib/mailotp"] {
            assert!(
                !machine.path(path).exists(),
                "machines that are copies of one another would share {path}"
            );
        }
        // Nothing uses it yet.
        let server = machine.dovecot();
        assert!(Machine::login(HOME, "alice", "alices-main").is_ok());
        drop(server);

        let sheet = set_up(machine);
        let server = machine.dovecot();
        assert!(
            Machine::login(HOME, "alice", "alices-main").is_ok(),
            "observed: {:#?}",
            machine.log()
        );
        let asked = Machine::login(HOME, "alice", "?");
        let challenge = format!("[ALERT] Code {} 1:", sheet.name);
        assert!(
            asked.is_no() && asked.text.contains(&challenge),
            "{asked:?}"
        );
        enforce(machine);
        drop(server);
        let _server = machine.dovecot();
        for (from, secret, lets_in) in [
            (HOME, &sheet.codes[0], true),
            (HOME, &sheet.codes[0], true),
            (elsewhere(1), &sheet.codes[0], false),
            (elsewhere(2), &"alices-main".to_owned(), false),
            (elsewhere(3), &sheet.codes[1], true),
        ] {
            let reply = Machine::login(from, "alice", secret);
            assert_eq!(
                reply.is_ok(),
                lets_in,
                "{from} {secret}: {reply:?} {:#?}",
                machine.log()
            );
        }
        machine.others_are_served();
        let found = machine.sh("mailotp-cli --json doctor");
        assert!(!found.stdout.contains("\"error\""), "{found:#?}");
    });
}
