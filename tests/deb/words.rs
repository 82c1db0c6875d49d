//! What the packages say of themselves.

use crate::machine::Machine;

#[test]
fn every_package_names_its_version_and_the_licences_of_what_is_in_it() {
    Machine::run(|machine| {
        machine.install("this").done();
        let told = machine.sh("mailotp-cli --version").done().stdout;
        let version = told
            .trim()
            .rsplit(' ')
            .next()
            .expect("a version")
            .to_owned();
        for line in machine.packages() {
            assert!(
                line.contains(&format!(" {version}-")),
                "{line}, and the command says {version}"
            );
        }
        let copyright = machine.read("/usr/share/doc/libpam-mailotp/copyright");
        for part in [
            "Files: crates/argon2-",
            "Files: crates/clap-",
            "License: Expat",
            "License: BSD-3-Clause",
        ] {
            assert!(copyright.contains(part), "{part}");
        }
        assert!(!copyright.contains("crates/proptest-"), "it only tests");
        // What a package installs is as the distribution has it; no path of the machine that has built it.
        let foreign = machine.sh("grep -rlE '/root/|/home/|\\.cargo/registry|/tmp/' /usr/bin/mailotp-cli /usr/lib/*/security/pam_mailotp.so");
        assert_eq!(foreign.stdout, "");
    });
}
