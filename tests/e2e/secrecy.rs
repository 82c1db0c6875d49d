//! What the system log is told, and what nobody is told.

use std::fs;

use crate::steps::sheet;
use crate::steps::stage::{CAFE, LIBRARY, MAIN_PASSWORD, OFFICE, Stage, text};

/// A password that nobody has: what is typed is as secret as what is right.
const TYPED: &str = "typed-by-mistake-77";

#[test]
fn the_system_log_tells_of_every_login_and_no_log_tells_a_secret() {
    Stage::run(|stage| {
        let sheet = sheet::add(stage, "alice");
        let phone = stage.ask("dora", &["--new", "add", "app-password"]);
        let phone = text(&phone["secret"]);
        stage.accepted(CAFE, "alice", &sheet.codes[0]);
        stage.refused(LIBRARY, "alice", &sheet.codes[0]);
        stage.refused(LIBRARY, "alice", TYPED);
        stage.accepted(OFFICE, "alice", MAIN_PASSWORD);
        stage.accepted(CAFE, "dora", &phone);
        stage.refused(CAFE, "nobody", TYPED);

        let log = stage.sandbox.syslog();
        for event in [
            ["alice", "accepted", "127.0.20.1"],
            ["alice", "refused", "127.0.21.1"],
            ["alice", "passed", "127.0.10.1"],
            ["dora", "accepted", "127.0.20.1"],
            ["nobody", "refused", "127.0.20.1"],
        ] {
            log.wait_for(&event);
        }

        let logs = [
            log.lines().join("\n"),
            stage.dovecot.log(),
            stage.command(&["--json", "log"], ""),
        ];
        let typed = [TYPED, MAIN_PASSWORD, &phone].map(str::to_owned);
        for secret in sheet.codes.iter().chain(&typed) {
            let bare = secret.replace('-', "");
            for log in &logs {
                assert!(
                    !log.contains(secret) && !log.contains(&bare),
                    "{secret} in a log:\n{log}"
                );
            }
        }
    });
}

#[test]
fn what_the_store_holds_is_sealed() {
    Stage::run(|stage| {
        let sheet = sheet::add(stage, "alice");
        let made = stage.ask("bob", &["--new", "add", "totp", "--no-confirm"]);
        let phone = text(&stage.ask("dora", &["--new", "add", "app-password"])["secret"]);
        stage.accepted(CAFE, "alice", &sheet.codes[0]);
        stage.refused(CAFE, "alice", TYPED);

        let uri = text(&made["uri"]);
        let seed = uri
            .split(['?', '&'])
            .find_map(|part| part.strip_prefix("secret="));
        let seed = seed.unwrap_or_else(|| panic!("no seed in {uri}"));
        let mut secrets = vec![
            TYPED.to_owned(),
            seed.to_owned(),
            phone.replace('-', ""),
            phone,
        ];
        secrets.extend(
            sheet
                .codes
                .iter()
                .flat_map(|code| [code.clone(), code.replace('-', "")]),
        );

        for file in fs::read_dir("/var/lib/mailotp").expect("the store has a folder") {
            let path = file.expect("the folder can be read").path();
            let content = fs::read(&path).expect("root reads the store");
            for secret in &secrets {
                let found = content
                    .windows(secret.len())
                    .any(|bytes| bytes == secret.as_bytes());
                assert!(!found, "{secret} in {}", path.display());
            }
        }
    });
}
