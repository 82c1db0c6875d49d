//! `add` and `confirm`

use std::fs;

use harness::site::Site;
use serde_json::{Value, json};

use crate::HOME;

/// How many credentials the account has.
fn count(site: &Site, user: &str) -> usize {
    let shown = site.json(user, &["show"]);
    shown["credentials"].as_array().expect("a list").len()
}

#[test]
fn an_account_that_is_new_needs_the_word() {
    let site = Site::new("");
    for kind in [&["sheet"][..], &["totp", "--no-confirm"], &["app-password"]] {
        let words = ["--json", "--user", "alcie", "add"].iter().chain(kind);
        let failure = site.cli(words.copied()).error(4);
        let said = format!("{} {}", failure.message, failure.remedy);
        assert!(
            said.contains("--new") && said.contains("alcie"),
            "{failure:?}"
        );
    }
    site.sheet("alice");
    site.cli(["--user", "alcie", "show"]).exits(4);
    assert_eq!(count(&site, "alice"), 1);
}

#[test]
fn the_json_says_what_was_made() {
    let site = Site::new("services.mail = [\"imap\"]\n");
    let scope = [
        "--service",
        "mail",
        "--from",
        "192.0.2.0/24",
        "--expires",
        "30d",
    ];
    for (kind, specific) in [
        (&["app-password", "phone"][..], &["secret"][..]),
        (&["sheet", "purse"], &["codes", "name"]),
    ] {
        let made = site.add("alice", &[kind, &scope].concat());
        assert_eq!(made["kind"], kind[0]);
        assert_eq!(made["label"], kind[1]);
        assert_eq!(made["services"], json!(["mail"]));
        assert_eq!(made["from"], json!(["192.0.2.0/24"]));
        assert!(
            made["expires"]
                .as_str()
                .is_some_and(|when| when.ends_with('Z')),
            "{made}"
        );
        for key in ["id"].iter().chain(specific) {
            assert!(!made[key].is_null(), "{key}: {made}");
        }
    }
    let totp = site.add("alice", &["totp", "tablet"]);
    assert_eq!(totp["expires"], Value::Null);
    assert_eq!(totp["services"], json!([]));
    assert_eq!(totp["kind"], "totp");
    assert!(
        totp["uri"]
            .as_str()
            .is_some_and(|uri| uri.starts_with("otpauth://totp/")),
        "{totp}"
    );
}

#[test]
fn a_sheet_has_as_many_codes_as_were_asked_for_each_another() {
    let site = Site::new("");
    for count in [1, 50, 200] {
        let made = site.add("alice", &["sheet", "--count", &count.to_string()]);
        let codes = made["codes"].as_array().expect("a list");
        let numbers: Vec<_> = codes.iter().map(|code| code["number"].as_u64()).collect();
        assert_eq!(numbers, (1..=count).map(Some).collect::<Vec<_>>());
        let mut texts: Vec<_> = codes.iter().map(|code| code["code"].as_str()).collect();
        texts.sort_unstable();
        texts.dedup();
        assert_eq!(texts.len(), codes.len());
    }
    for count in ["0", "-1", "many", "100000000"] {
        site.cli([
            "--json", "--user", "alice", "add", "sheet", "--count", count,
        ])
        .error(2);
    }
}

#[test]
fn a_sheet_for_people_holds_every_code_its_name_and_their_numbers() {
    let site = Site::new("");
    let printed = site
        .cli(["--user", "alice", "--new", "add", "sheet", "--count", "12"])
        .done();
    let due = site.json("alice", &["challenge"]);
    let name = due["sheets"][0]["name"]
        .as_str()
        .expect("a name")
        .to_owned();
    assert!(printed.stdout.contains(&name), "{}", printed.stdout);
    let words: Vec<&str> = printed.stdout.split_whitespace().collect();
    let is_code = |word: &&str| word.len() == 11 && word.as_bytes()[5] == b'-';
    let codes: Vec<&str> = words.iter().copied().filter(is_code).collect();
    assert_eq!(codes.len(), 12, "{}", printed.stdout);
    // However the sheet is laid out, the codes can be found by their numbers.
    let numbered = |number: usize| {
        let marks = [
            format!("{number}"),
            format!("{number}."),
            format!("{number}:"),
        ];
        let place = words
            .windows(2)
            .find(|pair| marks.iter().any(|mark| mark == pair[0]) && is_code(&pair[1]));
        place.unwrap_or_else(|| panic!("no {number}: {}", printed.stdout))[1]
    };
    for number in 1..=3 {
        assert_eq!(
            site.verdict("imap", "alice", HOME, numbered(number)),
            "PAM_SUCCESS"
        );
    }
}

#[test]
fn a_sheet_may_be_a_table() {
    let site = Site::new("");
    let arguments = [
        "--user", "alice", "--new", "add", "sheet", "--count", "3", "--format", "csv",
    ];
    let table = site.cli(arguments).done().stdout;
    let rows: Vec<&str> = table.lines().collect();
    let codes = rows.iter().filter_map(|row| row.rsplit(',').next());
    let codes: Vec<&str> = codes.filter(|cell| cell.len() == 11).collect();
    assert_eq!(codes.len(), 3, "{table}");
    assert_eq!(site.verdict("imap", "alice", HOME, codes[0]), "PAM_SUCCESS");
}

#[test]
fn an_app_password_is_printed_once_for_people() {
    let site = Site::new("");
    let printed = site
        .cli(["--user", "alice", "--new", "add", "app-password", "phone"])
        .done();
    let mut words = printed.stdout.split_whitespace();
    let secret = words.find(|word| word.len() == 34 && word.starts_with("app"));
    let secret = secret.unwrap_or_else(|| panic!("{printed:?}"));
    assert_eq!(site.verdict("imap", "alice", HOME, secret), "PAM_SUCCESS");
    for command in [
        &["show"][..],
        &["log"],
        &["--json", "show"],
        &["--json", "log"],
    ] {
        let words = ["--user", "alice"].iter().chain(command);
        let said = site.cli(words.copied()).done().stdout;
        assert!(!said.contains(&secret[10..]), "{said}");
    }
}

#[test]
fn a_totp_uri_names_issuer_account_and_parameters() {
    let site = Site::new("otp.issuer = \"Mail of Example\"\n");
    let totp = site.totp_with(
        "alice@example.org",
        &["--algorithm", "sha256", "--digits", "8"],
    );
    assert!(totp.uri.starts_with("otpauth://totp/"), "{}", totp.uri);
    assert!(totp.uri.contains("alice"), "{}", totp.uri);
    assert_eq!(totp.parameter("issuer"), Some("Mail%20of%20Example"));
    assert_eq!(totp.parameter("algorithm"), Some("SHA256"));
    assert_eq!(totp.parameter("digits"), Some("8"));
    assert_eq!(totp.parameter("period").unwrap_or("30"), "30");
    let seed = totp.parameter("secret").expect("a seed");
    assert!(seed.len() >= 32, "160 bits at least: {seed}");
    assert_eq!(totp.code(0).len(), 8, "oathtool reads it");
}

#[test]
fn confirm_reads_the_code_from_standard_input() {
    let site = Site::new("");
    let totp = site.totp_with("alice", &["phone"]);
    let confirm = ["--json", "--user", "alice", "confirm", "phone"];
    site.cli(confirm).exits(1);
    let wrong = totp.wrong_codes(1).remove(0);
    site.cli_reading(&format!("{wrong}\n"), confirm).error(1);
    let done = site
        .cli_reading(&format!("{}\n", totp.code(0)), confirm)
        .json();
    assert_eq!(
        done,
        json!({"id": totp.id, "kind": "totp", "label": "phone"})
    );
    assert_eq!(
        site.verdict("imap", "alice", HOME, totp.code(1)),
        "PAM_SUCCESS"
    );
}

#[test]
fn output_goes_to_a_new_file_that_nobody_else_can_read() {
    for umask in ["000", "077"] {
        let site = Site::new("");
        let add = "\"$@\" --user alice --new add sheet --output sheet.txt";
        site.shell(&format!("umask {umask}; {add}")).done();
        assert_eq!(site.mode("sheet.txt"), 0o600);
        let sheet = fs::read_to_string(site.path("sheet.txt")).expect("it was written");
        let due = site.json("alice", &["challenge"]);
        assert!(
            sheet.contains(due["sheets"][0]["name"].as_str().expect("a name")),
            "{sheet}"
        );
    }
}

#[test]
fn a_sheet_whose_output_cannot_be_written_is_not_live() {
    let site = Site::new("");
    site.sheet("alice");
    site.write("taken", "an old file\n");
    std::os::unix::fs::symlink(site.path("target"), site.path("link")).expect("the folder is ours");
    for output in [
        "no/such/folder/sheet",
        "taken",
        "link",
        "/dev/full",
        "pam.d",
        "/proc/sheet",
    ] {
        let add = [
            "--json", "--user", "alice", "add", "sheet", "--output", output,
        ];
        site.cli(add).error(1);
        assert_eq!(count(&site, "alice"), 1, "{output}");
    }
    assert_eq!(
        fs::read(site.path("taken")).expect("it is there"),
        b"an old file\n"
    );
    assert!(!site.path("target").exists());
}

#[test]
fn a_sheet_that_nobody_has_seen_is_not_live() {
    let site = Site::new("");
    site.sheet("alice");
    for add in ["sheet", "app-password", "totp --no-confirm"] {
        for json in ["", "--json"] {
            let script = format!("\"$@\" {json} --user alice add {add} > /dev/full");
            let refused = site.shell(&script).exits(1);
            assert!(!refused.stderr.contains("panicked"), "{refused:?}");
            assert_eq!(count(&site, "alice"), 1, "{add}");
        }
    }
}

#[test]
fn a_full_disk_leaves_no_half_of_a_sheet() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    for blocks in [0, 8] {
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; \"$@\" --user alice add sheet");
        let refused = site.shell(&script);
        assert!(
            refused.code != 0 && !refused.stderr.contains("panicked"),
            "{refused:?}"
        );
        assert_eq!(count(&site, "alice"), 1);
    }
    assert_eq!(
        site.verdict("imap", "alice", HOME, &sheet.codes[0]),
        "PAM_SUCCESS"
    );
}

#[test]
fn labels_are_free_but_each_only_once() {
    let site = Site::new("");
    site.app_password("alice", &["phone"]);
    site.cli(["--json", "--user", "alice", "add", "app-password", "phone"])
        .error(1);
    site.app_password("bob", &["phone"]);
    site.app_password("alice", &["Caf\u{e9} tablet"]);
    for label in ["", "a\nb", "\u{1b}[31m", &"x".repeat(2000)] {
        site.cli(["--json", "--user", "alice", "add", "app-password", label])
            .error(2);
    }
    assert_eq!(count(&site, "alice"), 2);
}

#[test]
fn a_scope_that_cannot_be_meant_is_refused() {
    let site = Site::new("");
    site.sheet("alice");
    for scope in [
        ["--from", "mail.example.com"],
        ["--from", "192.0.2.0/99"],
        ["--expires", "soon"],
        ["--max-logins", "0"],
        ["--max-logins", "-3"],
        ["--service", ""],
    ] {
        let words = ["--json", "--user", "alice", "add", "app-password"];
        site.cli(words.into_iter().chain(scope)).error(2);
    }
    assert_eq!(count(&site, "alice"), 1);
}

#[test]
fn two_at_once_are_both_made() {
    let site = Site::new("");
    site.sheet("alice");
    let add = "\"$@\" --json --user alice add app-password >";
    let script = format!("{add} 1 & {add} 2 & {add} 3 & {add} 4 & wait");
    site.shell(&script).done();
    assert_eq!(count(&site, "alice"), 5);
}
