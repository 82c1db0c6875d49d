//! Wrong usage, and what may not come in by an argument.

use harness::site::Site;

use crate::HOME;

#[test]
fn what_is_not_understood_is_wrong_usage_in_both_forms() {
    let site = Site::new("");
    site.sheet("alice");
    for words in [
        &["--user", "alice", "frobnicate"][..],
        &["--user", "alice", "show", "--colour"],
        &["--user", "alice", "add"],
        &["--user", "alice", "add", "fax"],
        &["--user", "alice", "add", "sheet", "--format", "wax"],
        &["--user", "alice", "add", "totp", "--digits", "12"],
        &["--user", "alice", "add", "totp", "--algorithm", "md5"],
        &["--user", "alice", "add", "totp", "--qr", "jpeg"],
        &["--user", "alice", "confirm"],
        &["--user", "alice", "rename", "x"],
        &["log", "--limit", "many"],
        &["log", "--since", "yesterdayish"],
    ] {
        let human = site.cli(words.iter().copied()).exits(2);
        assert!(
            human.stdout.is_empty() && !human.stderr.is_empty(),
            "{human:?}"
        );
        let words = ["--json"].iter().chain(words);
        site.cli(words.copied()).error(2);
    }
}

#[test]
fn a_command_about_an_account_needs_its_name() {
    let site = Site::new("");
    site.sheet("alice");
    for words in [
        &["show"][..],
        &["challenge"],
        &["add", "sheet"],
        &["revoke", "--all"],
        &["rename", "a", "b"],
        &["confirm", "a"],
        &["grace", "list"],
        &["grace", "end"],
        &["explain", "--service", "imap", "--from", HOME],
    ] {
        let failure = site.cli(["--json"].iter().chain(words).copied()).error(2);
        let said = format!("{} {}", failure.message, failure.remedy);
        assert!(said.contains("--user"), "{words:?}: {failure:?}");
    }
}

#[test]
fn an_account_that_is_not_there_is_no_such_thing() {
    let site = Site::new("");
    site.sheet("alice");
    for words in [
        &["show"][..],
        &["challenge"],
        &["revoke", "--all"],
        &["grace", "list"],
    ] {
        let words = ["--json", "--user", "bob"].iter().chain(words);
        site.cli(words.copied()).error(4);
    }
    for words in [
        &["revoke", "x"][..],
        &["rename", "x", "y"],
        &["confirm", "x"],
    ] {
        let words = ["--json", "--user", "alice"].iter().chain(words);
        site.cli(words.copied()).error(4);
    }
}

#[test]
fn names_that_cannot_be_an_account_are_wrong_usage() {
    let site = Site::new("");
    let long = "a".repeat(2048);
    for name in [
        "",
        " ",
        "a\nb",
        "a\tb",
        "\u{7f}",
        "\u{85}",
        "a/b",
        "../x",
        long.as_str(),
    ] {
        let failure = site
            .cli(["--json", "--user", name, "--new", "add", "sheet"])
            .error(2);
        assert!(!failure.message.contains(['\n', '\t']), "{failure:?}");
    }
    let nothing = site.cli(["--json", "--user", "alice", "show"]).error(4);
    assert!(nothing.message.contains("alice"), "{nothing:?}");
}

#[test]
fn names_of_accounts_that_look_like_options_are_names() {
    let site = Site::new("");
    let add = ["--json", "--user=-schallenge", "--new", "add", "sheet"];
    let made = site.cli(add).json();
    let code = made["codes"][0]["code"].as_str().expect("a code");
    assert_eq!(
        site.verdict("imap", "-schallenge", HOME, code),
        "PAM_SUCCESS"
    );
}

#[test]
fn no_secret_comes_in_by_an_argument() {
    let site = Site::new("");
    let totp = site.totp_with("alice", &["phone"]);
    let code = totp.code(0);
    for words in [
        &["confirm", "phone", &code][..],
        &["confirm", "phone", "--code", &code],
        &[
            "add",
            "totp",
            "tablet",
            "--secret",
            "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
        ],
        &["add", "totp", "tablet", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"],
        &["add", "app-password", "tablet", "my own secret"],
    ] {
        let words = ["--json", "--user", "alice"].iter().chain(words);
        site.cli(words.copied()).error(2);
    }
}

#[test]
fn a_seed_that_is_too_short_or_no_base32_is_refused_and_not_shown() {
    let site = Site::new("");
    site.sheet("alice");
    for seed in ["JBSWY3DP\n", "\n", "not base 32 at all!\n"] {
        site.write("seed", seed);
        site.chmod("seed", 0o600);
        let words = [
            "--user",
            "alice",
            "add",
            "totp",
            "--no-confirm",
            "--secret-file",
            "seed",
        ];
        let refused = site.cli(words);
        assert!(refused.code != 0, "{refused:?}");
        let seed = seed.trim();
        let shown = !seed.is_empty() && (refused.stdout + &refused.stderr).contains(seed);
        assert!(!shown, "{seed}");
    }
    let shown = site.json("alice", &["show"]);
    assert_eq!(shown["credentials"].as_array().map(Vec::len), Some(1));
}

#[test]
fn help_and_version_need_no_site() {
    let site = Site::bare();
    for words in [
        &["--help"][..],
        &["add", "--help"],
        &["add", "sheet", "--help"],
        &["--version"],
    ] {
        let said = site.cli(words.iter().copied()).done();
        assert!(
            !said.stdout.is_empty() && said.stderr.is_empty(),
            "{said:?}"
        );
    }
}
