//! Accounts of others, and what is nobody's own, stay closed.

use super::served;
use crate::HOME;

#[test]
fn the_account_of_somebody_else_is_refused_however_it_is_named() {
    let (site, _helper) = served("[users]\ndomain = \"example.com\"\n");
    site.app_password("mail", &[]);
    site.sheet("mail");
    let daemon = site.user("daemon");
    daemon.cli(&["add", "app-password"]).done();
    let place = ["--service", "imap", "--from", HOME];
    let commands: &[&[&str]] = &[
        &["show"],
        &["challenge"],
        &["log"],
        &["add", "sheet"],
        &["add", "sheet", "--expires", "1d"],
        &["--new", "add", "app-password"],
        &["revoke", "--all"],
        &["rename", "sheet", "x"],
        &["replace", "sheet"],
        &["confirm", "sheet"],
        &["pin", "set"],
        &["grace", "list"],
        &["grace", "end"],
        &["rule", "list"],
        &["rule", "add", "--deny"],
        &[&["explain"], &place[..]].concat(),
        &[&["verify"], &place[..]].concat(),
        &[&["check"], &place[..]].concat(),
    ];
    let before = site.json("mail", &["show"]);
    for command in commands {
        for name in [
            "mail",
            "MAIL",
            "mail@example.com",
            "nobody-at-all",
            "../daemon",
            "",
        ] {
            for words in [
                [&["--json", "--user", name][..], command].concat(),
                [command, &["--user", name, "--json"][..]].concat(),
            ] {
                let failure = daemon.reading("1234\n1234\n", &words).error(3);
                assert_eq!(failure.code, "not-permitted", "{words:?}");
            }
        }
    }
    assert_eq!(site.json("mail", &["show"]), before);
    assert!(
        site.events()
            .iter()
            .all(|event| event["actor"] != "daemon" || event["account"] == "daemon")
    );
}

#[test]
fn what_belongs_to_administrators_is_refused() {
    let (site, _helper) = served("");
    site.app_password("mail", &[]);
    let daemon = site.user("daemon");
    daemon.cli(&["add", "app-password"]).done();
    let commands: &[&[&str]] = &[
        &["user", "list"],
        &["user", "show", "mail"],
        &["user", "show", "daemon"],
        &["user", "lock", "daemon"],
        &["user", "unlock", "daemon"],
        &["user", "forgive", "daemon"],
        &["user", "rename", "daemon", "root"],
        &["user", "remove", "daemon"],
        &["pin", "set", "--site"],
        &["pin", "clear", "--site"],
        &["clock", "accept"],
        &["maintain"],
        &["check", "--service", "imap", "--from", HOME],
    ];
    for command in commands {
        for user in [&[][..], &["--user", "daemon"]] {
            let words = [&["--json"], *command, user].concat();
            daemon.reading("1234\n1234\n", &words).error(3);
        }
    }
    assert_eq!(site.json("daemon", &["show"])["locked"], false);
}

/// A client may say anything: what its own command would never send is refused like the rest.
#[test]
fn commands_that_open_files_are_not_served() {
    let (site, helper) = served("");
    let daemon = site.user("daemon");
    daemon.cli(&["add", "app-password"]).done();
    let target = daemon.path("made").display().to_string();
    for words in [
        &["init"][..],
        &["--config", &target, "init"],
        &["setup", "dovecot", "--apply"],
        &["setup", "sshd", "--apply"],
        &["store", "migrate"],
        &["helper", "--listen", &target],
        &["compute", "otp-sha1 9 ma1234"],
    ] {
        let end = daemon.says(&helper, words);
        assert_eq!(end["end"]["exit"], 3, "{words:?}: {end}");
    }
    for words in [
        &["@made"][..],
        &["--help"],
        &["--version"],
        &["frobnicate"],
        &[],
        &["show", "--colour"],
    ] {
        let end = daemon.says(&helper, words);
        assert_eq!(end["end"]["exit"], 2, "{words:?}: {end}");
    }
    assert!(!daemon.path("made").exists());
}

#[test]
fn a_log_holds_nothing_of_others() {
    let (site, _helper) = served("");
    site.app_password("mail", &[]);
    site.app_password("daemon", &[]);
    let _ = site.login("imap", "mail", HOME, "wrzng-00001");
    let daemon = site.user("daemon");
    for words in [
        &["log"][..],
        &["log", "--limit", "100"],
        &["log", "--since", "1d"],
        &["--user", "daemon", "log"],
    ] {
        let log = daemon.cli(&[&["--json"], words].concat()).json_lines();
        assert!(!log.is_empty());
        assert!(
            log.iter().all(|event| event["account"] == "daemon"),
            "{log:?}"
        );
    }
    let would = daemon
        .cli(&["--json", "log", "--would-refuse"])
        .json_lines();
    assert!(would.is_empty(), "{would:?}");
}

/// Whom no name belongs to has no account, whatever the number looks like.
#[test]
fn a_user_without_a_name_has_no_account() {
    let (site, _helper) = served("");
    let mut command = std::process::Command::new("timeout");
    use std::os::unix::process::CommandExt as _;
    command
        .args(["60"])
        .arg(site.product("mailotp-cli"))
        .args(site.config());
    command
        .args(["--json", "show"])
        .uid(4_000_000)
        .gid(4_000_000);
    let output = harness::output::Output::from(command.output().expect("it can be run"));
    output.error(3);
}
