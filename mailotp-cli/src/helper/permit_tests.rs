//! Whatever is asked, nobody gets more than is theirs.

use std::path::Path;

use clap::Parser;
use mailotp_core::helper::Hello;
use proptest::prelude::*;

use super::super::{FromUser, Run};
use super::*;

const NOW: Timestamp = Timestamp(1_800_000_000);

/// Commands, and some that are none.
const COMMANDS: &[&str] = &[
    "add app-password",
    "add sheet",
    "add totp",
    "add hotp",
    "add sequence",
    "add alias",
    "confirm x",
    "show",
    "challenge",
    "compute x",
    "revoke x",
    "revoke --all",
    "rename x y",
    "replace x",
    "pin set",
    "pin clear",
    "pin set --site",
    "pin clear --site",
    "grace list",
    "grace end",
    "rule list",
    "rule add --deny",
    "rule remove x",
    "explain --service imap --from local",
    "verify --service imap --from local",
    "check --service imap --from local",
    "user list",
    "user show bob",
    "user lock bob",
    "user unlock bob",
    "user forgive bob",
    "user rename bob alice",
    "user remove bob",
    "store migrate",
    "maintain",
    "clock accept",
    "log",
    "init",
    "setup dovecot",
    "setup sshd --apply",
    "helper",
    "helper --listen /x",
    "import x y",
    "key use",
    "frobnicate",
    "",
];

/// What stands before or behind them.
const OPTIONS: &[&str] = &[
    "--user bob",
    "--user alice",
    "--user Alice",
    "--user root",
    "--user=",
    "--user=a/b",
    "--new",
    "--json",
    "--config /etc/shadow",
    "--expires 1d",
    "--expires 8d",
    "--expires 2027-01-18",
    "--output /x",
    "--secret-file /etc/shadow",
    "--help",
    "--",
    "-x",
    "@x",
    "--site",
];

fn config() -> Config {
    let toml = "[helper]\noperators = [\"olga\", \"@staff\"]\ntrusted = [\"dovecot\"]\nmanagers = [\"www-data\"]\n\
                [groups]\nstaff = [\"stan\"]\n";
    Config::parse(Path::new("/etc/mailotp/mailotp.toml"), toml, &|| {
        Ok(String::new())
    })
    .unwrap()
}

fn caller(name: &str) -> Caller {
    Caller {
        name: name.to_owned(),
        is_administrator: false,
    }
}

/// Holds what a permit was given for against the table of this module.
fn holds(name: &str, words: &[String], config: &Config) {
    let words = std::iter::once("mailotp-cli".to_owned()).chain(words.iter().cloned());
    let Ok(cli) = Cli::try_parse_from(words) else {
        return;
    };
    let account = |text: &str| config.naming.account(text.as_bytes()).ok();
    let own = account(name);
    let named = cli.user.as_deref().map_or(own.clone(), account);
    match caller(name).permit(&cli, config, NOW) {
        Err(error) => assert_eq!(error.exit, NOT_PERMITTED),
        Ok(Permit::Everything) => panic!("{name} is no administrator: {cli:?}"),
        Ok(Permit::Own) => assert!(named.is_some() && named == own, "{name}: {cli:?}"),
        Ok(Permit::Operator) => assert!(["olga", "stan"].contains(&name), "{name}: {cli:?}"),
        Ok(Permit::Check) => {
            let is_check = matches!(cli.command, Command::Check { .. });
            assert!(name == "dovecot" && is_check, "{name}: {cli:?}");
        }
        Ok(Permit::Manager) => {
            assert!(name == "www-data" && cli.user.is_some(), "{name}: {cli:?}");
            assert!(whose(&cli.command) == Whose::Users, "{cli:?}");
        }
    }
}

#[test]
fn not_even_an_administrator_has_the_helper_open_files() {
    let config = config();
    let root = Caller {
        name: "root".to_owned(),
        is_administrator: true,
    };
    let permit = |words: &[&str]| {
        let words = ["mailotp-cli"].iter().chain(words);
        root.permit(&Cli::try_parse_from(words).unwrap(), &config, NOW)
    };
    for words in [
        &["init"][..],
        &["setup", "sshd", "--apply"],
        &["store", "migrate"],
        &["helper"],
    ] {
        assert_eq!(permit(words).unwrap_err().exit, NOT_PERMITTED, "{words:?}");
    }
    assert_eq!(permit(&["user", "list"]).unwrap(), Permit::Everything);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nobody_gets_more_than_is_theirs(
        name in prop::sample::select(&["alice", "olga", "stan", "dovecot", "www-data", "uid 4000000", "a/b", ""]),
        command in prop::sample::select(COMMANDS),
        before in prop::collection::vec(prop::sample::select(OPTIONS), 0..2),
        behind in prop::collection::vec(prop::sample::select(OPTIONS), 0..3),
    ) {
        let phrases = before.into_iter().chain([command]).chain(behind);
        let words: Vec<String> = phrases.flat_map(str::split_whitespace).map(str::to_owned).collect();
        holds(name, &words, &config());
    }

    /// Every message that can be read is judged, whatever it says.
    #[test]
    fn whatever_a_client_says_is_an_error_or_something_that_it_may(
        words in prop::collection::vec(".{0,12}", 0..5),
        cut in 0..200_usize,
        noise in any::<u8>(),
    ) {
        let run = Run { arguments: words, can_ask: true, is_read: true, is_coloured: false, zone: Some("../..".to_owned()) };
        let mut text = serde_json::to_vec(&Hello::Run(run)).unwrap();
        if let Some(byte) = text.get_mut(cut) {
            *byte = noise;
        }
        if let Ok(Hello::Run(run)) = serde_json::from_slice::<Hello<Run>>(&text) {
            holds("alice", &run.arguments, &config());
        }
        let _ = serde_json::from_slice::<FromUser>(&text);
    }
}
