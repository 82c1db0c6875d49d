//! Removed, and purged.

use crate::machine::Machine;
use crate::{HOME, elsewhere, enforce, set_up};

#[test]
fn the_module_stays_while_something_asks_it_and_purge_leaves_what_it_says() {
    Machine::run(|machine| {
        let before = machine.files();
        machine.install("this").done();
        let sheet = set_up(machine);
        enforce(machine);
        let server = machine.dovecot();
        let stack = "auth required pam_mailotp.so\n# auth required pam_unix.so\naccount required pam_mailotp.so\n";
        std::fs::write(machine.path("/etc/pam.d/probe"), stack).expect("root may");
        std::fs::write(
            machine.path("/etc/pam.d/unused"),
            "# auth required pam_mailotp.so\n",
        )
        .expect("root may");

        let installed = machine.packages();
        for command in [
            "apt-get -y purge libpam-mailotp",
            "apt-get -y purge mailotp-cli",
            // A PAM service that is gone sends its logins to `other`, past mailotp.
            "dpkg --purge --force-depends libpam-mailotp-common",
        ] {
            let refused = machine.sh(command);
            let said = refused.stdout + &refused.stderr;
            assert_ne!(refused.code, 0, "{said}");
            assert!(
                said.contains("/etc/pam.d/probe") && said.contains("Dovecot"),
                "{said}"
            );
            assert!(
                !said.contains("unused") && !said.contains("pam.d/mailotp-"),
                "{said}"
            );
            assert_eq!(machine.packages(), installed);
        }
        assert!(Machine::login(HOME, "alice", &sheet.codes[0]).is_ok());
        machine.others_are_served();

        // Back, as the README says.
        let include = "s/^!include auth-mailotp.conf.ext$/!include auth-system.conf.ext/";
        machine
            .sh(&format!(
                "sed -i '{include}' /etc/dovecot/conf.d/10-auth.conf"
            ))
            .done();
        machine
            .sh("rm /etc/dovecot/conf.d/auth-mailotp.conf.ext /etc/pam.d/probe /etc/pam.d/unused")
            .done();
        let _ = machine.as_documented("doveadm reload");
        drop(server);
        machine.sh("apt-get -y remove libpam-mailotp").done();
        let _server = machine.dovecot();
        assert!(Machine::login(elsewhere(1), "alice", "alices-main").is_ok());
        machine.others_are_served();

        let purged = machine
            .sh("apt-get -y purge 'libpam-mailotp*' 'mailotp-cli*'")
            .done();
        let stays = "rm -r /etc/mailotp /var/lib/mailotp";
        assert!(purged.stdout.contains(stays), "{purged:#?}");
        assert_eq!(
            machine
                .packages()
                .iter()
                .filter(|line| line.starts_with("installed"))
                .count(),
            0
        );
        machine.others_are_served();
        machine.sh(stays).done();
        // What apt installed for it.
        machine.sh("apt-get -y autoremove --purge").done();
        let after = machine.files();
        let left: Vec<_> = after.difference(&before).collect();
        assert!(left.is_empty(), "{left:#?}");
        let gone: Vec<_> = before.difference(&after).collect();
        assert!(gone.is_empty(), "{gone:#?}");
    });
}
