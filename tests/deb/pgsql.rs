//! The module that knows PostgreSQL as well takes the place of the other, and back.

use crate::machine::Machine;
use crate::{HOME, elsewhere, enforce, set_up};

const PLAIN: &str = "libpam-mailotp";
const PGSQL: &str = "libpam-mailotp-pgsql";

/// The packages have it as soon as the module has the feature.
fn there_is_one() -> bool {
    include_str!("../../pam_mailotp/Cargo.toml").contains("\npostgres = ")
}

#[test]
fn one_build_of_the_module_takes_the_place_of_the_other_while_people_log_in() {
    if !there_is_one() {
        return;
    }
    Machine::run(|machine| {
        machine.install("this").done();
        let sheet = set_up(machine);
        enforce(machine);
        let _server = machine.dovecot();
        assert!(Machine::login(HOME, "alice", &sheet.codes[0]).is_ok());
        let owner = || {
            machine
                .sh("dpkg-query -S '*/security/pam_mailotp.so'")
                .stdout
        };
        for (at, (new, old)) in (1..).zip([(PGSQL, PLAIN), (PLAIN, PGSQL)]) {
            // apt would take the one away before it has the other.
            let by_apt = machine.sh(&format!("apt install /packages/this/{new}_*.deb"));
            let said = by_apt.stdout + &by_apt.stderr;
            assert!(
                said.contains("dpkg --install") && by_apt.code != 0,
                "{said}"
            );
            let install = machine
                .sh(&format!("dpkg --install /packages/this/{new}_*.deb"))
                .done();
            assert!(
                owner().starts_with(&format!("{new}:")),
                "{install:#?} {}",
                owner()
            );
            // What it was configured with is not its own: nothing of it goes with it.
            machine.sh(&format!("dpkg --purge {old}")).done();
            for from in ["192.0.2.1", "198.51.100.1"] {
                let spent = machine.verdict("mailotp-imap", "alice", from, &sheet.codes[at - 1]);
                assert_eq!(spent, "PAM_AUTH_ERR", "spent stays spent");
            }
            assert!(
                Machine::login(HOME, "alice", &sheet.codes[0]).is_ok(),
                "its window"
            );
            let next = Machine::login(elsewhere(at as u8), "alice", &sheet.codes[at]);
            assert!(next.is_ok(), "{next:?} {:#?}", machine.log());
            machine.others_are_served();
        }
    });
}

/// A mail server that keeps its store in a file loads no client of a database, and no TLS.
#[test]
fn the_plain_module_is_built_without_what_postgresql_takes() {
    if !there_is_one() {
        return;
    }
    Machine::run(|machine| {
        for (package, has_it) in [(PLAIN, false), (PGSQL, true)] {
            let look = format!(
                "dpkg -x /packages/this/{package}_*.deb /scratch/{package} && \
                 grep -q rustls /scratch/{package}/usr/lib/*/security/pam_mailotp.so"
            );
            assert_eq!(machine.sh(&look).code == 0, has_it, "{package}");
        }
    });
}
