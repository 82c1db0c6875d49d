//! sshd and sudo with the recipes as they are shipped.

use harness::packaged::recipe;
use harness::sshd::Sshd;
use harness::tool::{feed, tool};

use super::{findings, on_a_machine, write};
use crate::enrol::sheet;
use crate::steps::stage::{CAFE, run};

#[test]
fn sshd_with_the_recipe_asks_for_the_code_that_is_due() {
    let files = recipe("openssh");
    on_a_machine(|sandbox| {
        Sshd::install(sandbox);
        // Of the session, what needs a whole machine is left out.
        let whole = [
            "pam_selinux",
            "pam_loginuid",
            "pam_motd",
            "pam_mail.so",
            "pam_env",
        ];
        for (path, content) in &files {
            let lines = content
                .lines()
                .filter(|line| !whole.iter().any(|module| line.contains(module)));
            let content: String = lines.map(|line| format!("{line}\n")).collect();
            sandbox.write(path, 0o644, &content);
        }
        sandbox.write(
            "/etc/pam.d/common-password",
            0o644,
            "password requisite pam_deny.so\n",
        );
        let sshd = Sshd::start();
        assert_eq!(findings(), [""; 0]);
        let made = sheet("alice");
        let login = sshd.login(CAFE, "alice", &[&made.codes[0]]);
        assert!(login.is_in("alice"), "{login:?}");
        assert_eq!(login.prompts, [format!("Code {} 1: ", made.name)]);
        assert!(
            sshd.login(CAFE, "alice", &[made.codes[0].as_str(); 3])
                .is_refused(),
            "no window"
        );
    });
}

#[test]
fn sudo_with_the_recipe_wants_the_password_with_a_code_behind_it() {
    let files = recipe("sudo");
    on_a_machine(|sandbox| {
        Sshd::install(sandbox);
        sandbox.write(
            "/etc/pam.d/common-session-noninteractive",
            0o644,
            "session required pam_permit.so\n",
        );
        sandbox.write(
            "/etc/sudoers",
            0o440,
            "ALL ALL = (ALL) ALL\n@includedir /etc/sudoers.d\n",
        );
        write(sandbox, &files);
        let said = tool("sudo", "visudo", &["-c"]).done();
        assert!(
            said.stdout.contains("/etc/sudoers.d/mailotp: parsed OK"),
            "{said:?}"
        );
        sandbox.set_system_password("alice", "sesame");
        let made = sheet("alice");
        let sudo = |typed: &str| {
            let who = [
                "60",
                "setpriv",
                "--reuid",
                "alice",
                "--regid",
                "alice",
                "--clear-groups",
            ];
            let what = ["sudo", "-S", "-k", "id", "-un"];
            feed(
                "sudo",
                "timeout",
                &[&who[..], &what].concat(),
                &format!("{typed}\n"),
            )
        };
        let _ = sudo(&made.codes[0]).exits(1);
        let _ = sudo("sesame").exits(1);
        let said = sudo(&format!("sesame{}", made.codes[0])).done();
        assert_eq!(said.stdout, "root\n", "{said:?}");
        assert!(
            said.stderr
                .contains(&format!("Password and code {} 1: ", made.name)),
            "{said:?}"
        );
        let _ = sudo(&format!("sesame{}", made.codes[0])).exits(1);
        let _ = run(&["user", "lock", "alice"], "").done();
        let _ = sudo(&format!("sesame{}", made.codes[1])).exits(1);
    });
}
