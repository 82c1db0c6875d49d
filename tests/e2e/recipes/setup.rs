//! What `setup` writes too is the same in a recipe, byte for byte.

use std::process::Command;

use harness::packaged::{Files, pam_services, recipe, text_of};
use harness::sandbox::{Sandbox, output};
use serde_json::Value;

use crate::steps::stage::{run, text};

/// What `setup` prints for a machine on which nothing was set up.
fn printed(arguments: &[&str]) -> Value {
    run(&[&["--json", "setup"], arguments].concat(), "").json()
}

fn files_of(plan: &Value) -> Files {
    let files = plan["files"].as_array().expect("a list").iter();
    let mut files: Files = files
        .map(|file| (text(&file["path"]), text(&file["content"])))
        .collect();
    files.sort();
    files
}

/// The files of a recipe without those that an administrator writes.
fn without(mut files: Files, own: &[&str]) -> Files {
    files.retain(|(path, _)| !own.contains(&path.as_str()));
    files
}

/// What the README does with the file that `setup dovecot` writes, where there is a webmail.
const FOR_WEBMAIL: &str = r"sed -e 1d -e 's/mailotp-%s/%{if;%a;*;10*;mailotp-webmail;mailotp-%s}/'";

#[test]
fn the_recipes_are_what_setup_prints() {
    let (dovecot, pam) = (recipe("dovecot-2.3"), pam_services());
    let (cyrus, ssh) = (recipe("cyrus"), recipe("openssh"));
    let postfix = ["dovecot", "saslauthd"].map(|sasl| (sasl, recipe(&format!("postfix-{sasl}"))));
    let readme = text_of("README.md");
    assert!(
        readme.contains(&FOR_WEBMAIL.replace(" -e 's", " \\\n        -e 's"))
            || readme.contains(FOR_WEBMAIL),
        "{FOR_WEBMAIL}"
    );
    Sandbox::run(|_| {
        let mut files = files_of(&printed(&["dovecot"]));
        let databases = files.remove(0);
        assert!(
            databases.0.ends_with("/auth-mailotp.conf.ext"),
            "{databases:?}"
        );
        assert_eq!(files, pam);
        let webmail = output(Command::new("sh").args([
            "-c",
            "printf %s \"$1\" | eval \"$0\"",
            FOR_WEBMAIL,
            &databases.1,
        ]));
        let place = "/etc/dovecot/conf.d/auth-mailotp-webmail.conf.ext";
        assert!(dovecot.contains(&(place.to_owned(), webmail)), "{place}");

        let services = [
            "--service",
            "imap",
            "--service",
            "pop",
            "--service",
            "sieve",
        ];
        let files = files_of(&printed(&[&["saslauthd"][..], &services].concat()));
        assert_eq!(
            files,
            without(cyrus, &["/etc/cyrus.conf", "/etc/imapd.conf"])
        );
        let files = files_of(&printed(&["sshd"]));
        assert_eq!(files, without(ssh, &["/etc/pam.d/sshd"]));
        for (sasl, recipe) in postfix {
            let plan = printed(&["postfix", "--sasl", sasl]);
            let main = recipe.iter().find(|(path, _)| path.ends_with("/main.cf"));
            let main = main.expect("it has one").1.clone();
            let own = ["/etc/postfix/main.cf", "/etc/postfix/master.cf"];
            assert_eq!(files_of(&plan), without(recipe, &own));
            // What `setup` tells Postfix, but for the switch, which stands in master.cf.
            let steps = plan["next"].as_array().expect("a list").iter().map(text);
            let steps: Vec<String> = steps.collect();
            let set = steps
                .iter()
                .find_map(|step| step.split_once("postconf -e "));
            let settings = set.expect("a step").1.trim_matches('\'').split("' '");
            let settings: Vec<&str> = settings.collect();
            let (switch, settings) = settings.split_last().expect("some");
            assert_eq!(*switch, "smtpd_sasl_auth_enable = yes");
            for line in settings {
                assert!(main.lines().any(|is| is == *line), "{sasl}: {line}");
            }
        }
    });
}

/// The stack is the same everywhere, whatever stands around it.
#[test]
fn the_stack_of_courier_and_sudo_is_that_of_the_others() {
    let lines = |text: &str| -> Vec<String> {
        let all = text
            .lines()
            .filter(|line| line.starts_with("auth") || line.starts_with("account"));
        all.map(str::to_owned).collect()
    };
    let (_, imap) = &pam_services()[2];
    let stack = lines(imap);
    assert_eq!(stack.len(), 5, "{imap}");
    for (path, content) in recipe("courier") {
        if path.contains("/pam.d/") {
            assert_eq!(lines(&content), stack, "{path}");
        }
    }
    let sudo = recipe("sudo");
    let (_, sudo) = sudo
        .iter()
        .find(|(path, _)| path.contains("/pam.d/"))
        .expect("a file");
    assert_eq!(lines(sudo), stack[..4], "pam_unix is in common-account");
    let masters = ["dovecot", "saslauthd"].map(|sasl| {
        let files = recipe(&format!("postfix-{sasl}"));
        files
            .into_iter()
            .find(|(path, _)| path.ends_with("/master.cf"))
    });
    assert_eq!(masters[0], masters[1]);
}
