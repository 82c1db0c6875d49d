//! `doctor` on machines with real servers: in order after `setup`, and each trap named.

use std::fs;

use harness::sandbox::Sandbox;
use harness::saslauthd::Saslauthd;
use harness::sshd::Sshd;
use harness::tool::tool;
use serde_json::Value;

use crate::steps::stage::{run, text};

const DOVECOT: &str = "protocols = imap submission
auth_mechanisms = plain login
ssl = no
!include conf.d/auth-mailotp.conf.ext
passdb {
  driver = passwd-file
  mechanisms = plain login
  args = /etc/dovecot/main-passwords
}
";
const DOVECOT_FILE: &str = "/etc/dovecot/dovecot.conf";
const RULES: &str = "[[rule]]\nname = \"all\"\naccept = [\"app-password\", \"otp\"]\n";

/// Errors and warnings: code and place. The clock is the machine's, and no test's.
fn findings() -> Vec<(String, String)> {
    let all = report();
    let all = all["findings"].as_array().expect("a list").iter();
    all.filter(|one| one["severity"] != "info" && one["code"] != "clock-unsynchronised")
        .map(|one| (text(&one["code"]), text(&one["where"])))
        .collect()
}

fn report() -> Value {
    let said = run(&["--json", "doctor"], "");
    let report: Value = serde_json::from_str(&said.stdout).expect("one JSON document");
    let all = report["findings"].as_array().expect("a list");
    let errors = all.iter().any(|one| one["severity"] == "error");
    assert_eq!(said.code, i32::from(errors), "{said:?}");
    report
}

/// Whether it says of something that it is in order.
fn checks(what: &str) -> bool {
    let report = report();
    let all = report["checked"].as_array().expect("a list").iter();
    let mut lines = all.filter_map(Value::as_str);
    lines.any(|line| line.contains(what))
}

#[track_caller]
fn assert_finds(code: &str, place: &str) {
    let found = findings();
    let one = |(one, at): &(String, String)| one == code && at.starts_with(place);
    assert!(found.iter().any(one), "no {code} at {place}: {found:#?}");
}

/// Puts a word in the place of another for as long as `look` takes.
#[track_caller]
fn with(sandbox: &Sandbox, path: &str, old: &str, new: &str, look: impl FnOnce()) {
    let before = fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    assert!(before.contains(old), "{old} in {before}");
    sandbox.write(path, 0o644, &before.replace(old, new));
    look();
    sandbox.write(path, 0o644, &before);
}

/// A machine with a site, and what `setup` writes for these servers.
fn on_a_machine(servers: &[&str], look: impl FnOnce(&Sandbox) + Send) {
    Sandbox::run(|sandbox| {
        sandbox.write("/etc/mailotp/mailotp.toml", 0o644, RULES);
        let _ = run(&["init"], "").done();
        Saslauthd::install(sandbox);
        for server in servers {
            match *server {
                "dovecot" => sandbox.write(DOVECOT_FILE, 0o644, DOVECOT),
                "sshd" => Sshd::install(sandbox),
                _ => {}
            }
            let _ = run(&["setup", server, "--apply"], "").done();
        }
        look(sandbox);
    });
}

#[test]
fn a_machine_without_servers_is_told_so() {
    on_a_machine(&[], |_| {
        assert_eq!(findings(), []);
        assert!(checks("Dovecot: it is installed, and not set up"));
        assert!(checks("Postfix: it is installed, and not set up"));
        assert!(checks("sshd: it does not ask mailotp"));
    });
}

#[test]
fn what_setup_dovecot_writes_is_in_order_and_traps_around_it_are_found() {
    on_a_machine(&["dovecot"], |sandbox| {
        assert_eq!(findings(), []);
        assert!(checks("Dovecot: passwords go through mailotp"));
        assert!(checks("PAM: mailotp-imap stays closed"));

        let file = "/etc/dovecot/conf.d/auth-mailotp.conf.ext";
        let cached = "args = cache_key=%u mailotp-%s\n}\nauth_cache_size = 1M\npassdb \
            {\n  driver = pam\n  mechanisms = plain login\n  args = mailotp-%s\n";
        with(sandbox, file, "args = mailotp-%s\n", cached, || {
            assert_finds("dovecot-cache", "doveconf -n:");
        });
        with(sandbox, file, "deny = yes", "deny = no", || {
            assert_finds("gate-argument", "doveconf -n:");
            assert_finds("passdb-unguarded", "doveconf -n:");
        });
        let above = "passdb {\n  driver = passwd-file\n  args = /etc/dovecot/x\n}\n!include";
        with(sandbox, DOVECOT_FILE, "!include", above, || {
            assert_finds("passdb-unguarded", "doveconf -n:");
        });
        with(
            sandbox,
            DOVECOT_FILE,
            "plain login\nssl",
            "plain cram-md5\nssl",
            || {
                assert_eq!(findings(), [], "below, the database says plain login");
            },
        );
        let worker = "ssl = no\nservice auth-worker {\n  user = dovecot\n}\n";
        with(sandbox, DOVECOT_FILE, "ssl = no\n", worker, || {
            assert_finds("worker-user", "doveconf -n:");
        });
        let webmail =
            "ssl = no\nservice imap-login {\n  inet_listener webmail {\n    port = 10143\n  }\n}\n";
        with(sandbox, DOVECOT_FILE, "ssl = no\n", webmail, || {
            assert_finds("forwarding-missing", "doveconf -n:");
        });

        let gate = "/etc/pam.d/mailotp-imap-challenge";
        fs::rename(gate, "/etc/away").expect("it was written");
        assert_finds("pam-missing", gate);
        fs::rename("/etc/away", gate).expect("it was moved there");
        let stack = "/etc/pam.d/mailotp-submission";
        with(
            sandbox,
            stack,
            "default=die]  pam_mailotp",
            "default=ignore]  pam_mailotp",
            || {
                assert_finds("pam-open", stack);
            },
        );
        assert_eq!(findings(), []);
    });
}

#[test]
fn a_configuration_that_dovecot_refuses_is_said() {
    on_a_machine(&["dovecot"], |sandbox| {
        with(sandbox, DOVECOT_FILE, "ssl = no", "ssl = perhaps {", || {
            assert_finds("dovecot-unreadable", "doveconf -n");
        });
    });
}

#[test]
fn what_setup_saslauthd_writes_is_in_order_and_its_cache_is_found() {
    on_a_machine(&["saslauthd"], |sandbox| {
        assert_eq!(findings(), []);
        assert!(checks("saslauthd: it has no cache"));
        let file = "/etc/default/saslauthd";
        for (old, new) in [
            ("OPTIONS=\"", "OPTIONS=\"-c "),
            ("OPTIONS=\"", "OPTIONS=\"\" # "),
        ] {
            with(sandbox, file, old, new, || {
                assert_finds("saslauthd-cache", file)
            });
        }
        with(
            sandbox,
            file,
            "MECHANISMS=\"pam\"",
            "MECHANISMS=\"shadow\"",
            || {
                assert_finds("saslauthd-mechanism", file);
            },
        );
        let networks = "accept = [\"otp\"]\nfrom = [\"192.0.2.0/24\"]";
        let toml = "/etc/mailotp/mailotp.toml";
        with(
            sandbox,
            toml,
            "accept = [\"app-password\", \"otp\"]",
            networks,
            || {
                assert_finds("no-address", "/etc/pam.d/smtp");
            },
        );
        let _ = run(&["--user", "alice", "--new", "add", "alias"], "").done();
        assert_finds("alias-ignored", "/var/lib/mailotp/mailotp.db");
    });
}

#[test]
fn what_setup_sshd_writes_is_in_order_and_traps_around_it_are_found() {
    on_a_machine(&["sshd"], |sandbox| {
        assert!(checks("sshd: it does not ask mailotp"));
        let pam = "/etc/pam.d/sshd";
        let before = fs::read_to_string(pam).expect("it was written");
        let after = before.replace("@include common-auth\n", "@include mailotp-sshd\n");
        sandbox.write(pam, 0o644, &after);
        assert_eq!(findings(), []);
        assert!(checks("sshd: it asks PAM, by keyboard-interactive"));

        let file = "/etc/ssh/sshd_config.d/00-mailotp.conf";
        for (old, new, code) in [
            ("\nUsePAM yes", "\nUsePAM no", "sshd-pam"),
            (
                "\nKbdInteractiveAuthentication yes",
                "\nKbdInteractiveAuthentication no",
                "sshd-prompt",
            ),
            (
                "\nPasswordAuthentication no",
                "\nPasswordAuthentication yes",
                "sshd-password",
            ),
            ("\nUseDNS no", "\nUseDNS yes", "sshd-names"),
        ] {
            with(sandbox, file, old, new, || assert_finds(code, "sshd -T"));
        }
        // Without its folder it says nothing, and its files are read.
        fs::remove_dir("/run/sshd").expect("it was made");
        assert_eq!(findings(), []);
        with(sandbox, file, "\nUseDNS no", "\nUseDNS yes", || {
            assert_finds("sshd-names", "/etc/ssh/sshd_config");
        });
        let common = "@include mailotp-sshd\n";
        with(
            sandbox,
            pam,
            common,
            "auth sufficient pam_unix.so\n@include mailotp-sshd\n",
            || {
                assert_finds("pam-bypass", "/etc/pam.d/sshd:1");
            },
        );
    });
}

#[test]
fn who_is_not_root_is_told_what_could_not_be_read() {
    on_a_machine(&["dovecot"], |_| {
        let command = Sandbox::command_path();
        let command = command.to_str().expect("the sandbox has a plain path");
        let nobody = ["--reuid", "65534", "--regid", "65534", "--clear-groups"];
        let doctor = [&nobody[..], &[command, "--json", "doctor"]].concat();
        let said = tool("util-linux", "setpriv", &doctor);
        let report: Value = serde_json::from_str(&said.stdout).expect("one JSON document");
        let all = report["findings"].as_array().expect("a list").iter();
        let found: Vec<_> = all
            .map(|one| (text(&one["code"]), text(&one["where"])))
            .collect();
        for (code, place) in [
            ("file", "/etc/mailotp/mailotp.key"),
            ("not-root", "uid 65534"),
        ] {
            assert!(
                found.contains(&(code.to_owned(), place.to_owned())),
                "{found:?}"
            );
        }
        assert_eq!(said.code, 0, "{said:?}");
    });
}

#[test]
fn a_module_that_is_gone_is_an_error() {
    on_a_machine(&["dovecot"], |sandbox| {
        let elsewhere = "/etc/pam.d/mailotp-imap";
        with(
            sandbox,
            elsewhere,
            " pam_mailotp.so",
            " /opt/pam_mailotp.so",
            || {
                assert_finds("module-missing", "/opt/pam_mailotp.so");
            },
        );
    });
}
