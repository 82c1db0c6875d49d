//! The module is a guest in somebody else's process: it leaves everything as it found it.

use std::time::{SystemTime, UNIX_EPOCH};

use harness::enrol::wrong_codes;
use harness::host::{Answer, PamHost, Phase, Request, Style};
use harness::products::HOST;
use harness::site::Site;
use harness::tool::tool;

use crate::{HOME, PASSWORD_TOO};

/// CVE-2018-9275 yubico-pam: a descriptor stayed open.
#[test]
fn cve_2018_9275_no_descriptor_thread_signal_umask_or_folder_is_another_afterwards() {
    let site = Site::new(PASSWORD_TOO);
    let sheet = site.sheet("alice");
    let sequence = site.sequence("alice");
    let alias = site.aliases("alice").names.remove(0);
    let token = site.hotp("alice");
    let login = || Request::new("imap", "alice").from(HOME);
    let requests = [
        login().answer(site.response(&sequence, 99).words),
        Request::new("imap", &alias)
            .from(HOME)
            .answer(token.code(0)),
        Request::new("imap", &alias).from(HOME).answer("123456"),
        login().answer(site.sheet_with("alice", &["--count", "1"]).kill),
        login().answer(&sheet.codes[0]),
        login().answer(&sheet.codes[0]),
        login().answer("wrzng-00001"),
        login().answer("correct horse"),
        login().answer("?"),
        login().converse(Answer::Fails),
        login().answer("x".repeat(3000)),
        Request::new("imap", "nobody-knows-me").answer("123456"),
        login().answer(&sheet.codes[1]).phases(&[
            Phase::Authenticate,
            Phase::Account,
            Phase::Credentials,
        ]),
    ];
    for reply in site.ask_in_turn(requests) {
        assert!(reply.left_behind.is_empty(), "{reply:?}");
    }
    site.configure("colour = \"blue\"\n");
    let reply = site.ask(login().answer("x"));
    assert!(reply.left_behind.is_empty(), "{reply:?}");
}

#[test]
fn it_asks_once_hidden_and_says_nothing_else() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    let app = site.app_password("alice", &[]);
    let mut typed = wrong_codes(12);
    typed.extend([
        sheet.codes[0].clone(),
        app.secret,
        "?".to_owned(),
        String::new(),
    ]);
    let login = |secret| Request::new("imap", "alice").from(HOME).answer(secret);
    for reply in site.ask_in_turn(typed.iter().map(login)) {
        assert!(reply.prompts.len() <= 1, "{reply:?}");
        assert!(
            reply
                .prompts
                .iter()
                .all(|prompt| prompt.style == Style::Hidden),
            "{reply:?}"
        );
    }
}

#[test]
fn the_name_of_the_user_stays() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    for (user, typed) in [("Alice", sheet.codes[0].as_str()), ("BOB@x", "wrzng-00001")] {
        let reply = site.login("imap", user, HOME, typed);
        assert_eq!(reply.user.as_deref(), Some(user.as_bytes()));
    }
}

/// DUO-PSA-2017-002: an environment variable chose the failure mode.
#[test]
fn duo_psa_2017_002_no_environment_variable_changes_anything() {
    let site = Site::new("");
    let totp = site.totp("alice");
    for (user, typed, verdict) in [
        ("alice", "wrzng-00001".to_owned(), "PAM_AUTH_ERR"),
        ("alice", totp.code(0), "PAM_SUCCESS"),
    ] {
        let mut host = site.program(&site.product(HOST));
        host.envs([
            ("MAILOTP_MODE", "observe"),
            ("MAILOTP_CONFIG", "/dev/null"),
            ("LC_ALL", "tr_TR.UTF-8"),
            ("RUST_BACKTRACE", "full"),
            ("RUST_LOG", "trace"),
            ("SQLITE_TMPDIR", "/nonexistent"),
            ("TMPDIR", "/nonexistent"),
            ("HOME", "/nonexistent"),
        ]);
        let mut host = PamHost::start(host);
        host.ask(&site.here(Request::new("imap", user).from(HOME).answer(typed)));
        assert_eq!(host.finish()[0].verdict(), verdict);
    }
}

/// CVE-2026-96512 sudo: TZ moved time rules.
#[test]
fn cve_2026_96512_no_time_zone_moves_what_expires_or_is_told() {
    let site = Site::new("");
    let phone = site.app_password("alice", &["--expires", "2h"]);
    for zone in ["Pacific/Kiritimati", "Etc/GMT+12", "AAA-14", ""] {
        let mut host = site.program(&site.product(HOST));
        host.env("TZ", zone);
        let mut host = PamHost::start(host);
        let login = Request::new("imap", "alice").from(HOME);
        host.ask(&site.here(login.answer(&phone.secret)));
        assert_eq!(host.finish()[0].verdict(), "PAM_SUCCESS", "{zone}");
        let told = site.last_login()["time"].to_string();
        let told = told.trim_matches('"');
        assert!(told.ends_with('Z'), "{told}");
        let seconds = ["-d", told, "+%s"];
        let seconds = tool("coreutils", "date", &seconds).done().stdout;
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let passed = now.expect("it is later").as_secs() as i64
            - seconds.trim().parse::<i64>().expect("a number");
        assert!((0..600).contains(&passed), "{told} in {zone}");
    }
}

#[test]
fn no_secret_lies_in_the_store_or_the_log_as_it_was_typed() {
    let site = Site::new(PASSWORD_TOO);
    let sheet = site.sheet("alice");
    let app = site.app_password("alice", &[]);
    let totp = site.totp("alice");
    let seed = totp.parameter("secret").expect("a seed").to_owned();
    let typed = [
        &sheet.codes[0],
        &app.secret,
        &totp.code(0),
        "wrzng-00001",
        "correct horse",
    ];
    for secret in typed {
        site.login("imap", "alice", HOME, secret);
    }
    let mut haystack = site.cli(["log"]).done().stdout.into_bytes();
    haystack.extend(site.cli(["--json", "log"]).done().stdout.into_bytes());
    for entry in std::fs::read_dir(site.path("store")).expect("the store's folder") {
        haystack.extend(std::fs::read(entry.expect("an entry").path()).expect("a file"));
    }
    haystack.make_ascii_lowercase();
    let mut needles: Vec<String> = typed.iter().map(ToString::to_string).collect();
    needles.extend(sheet.codes.iter().cloned());
    needles.push(seed.to_lowercase());
    let bare: Vec<String> = needles
        .iter()
        .map(|needle| needle.replace('-', ""))
        .collect();
    for needle in needles.iter().chain(&bare) {
        let found = haystack
            .windows(needle.len())
            .any(|window| window == needle.as_bytes());
        assert!(!found, "{needle}");
    }
}
