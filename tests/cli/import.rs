//! `import`

use std::fs;
use std::os::unix::fs::symlink;

use harness::site::Site;
use harness::tool::{feed, tool};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A seed of twenty bytes in base32, and in hexadecimal.
const SEED: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const HEX: &str = "3132333435363738393031323334353637383930";
const OTHER: &str = "303938373635343332313039383736353433323130";

/// Runs `import` on a text.
fn import(site: &Site, options: &[&str], kind: &str, text: &str) -> harness::output::Output {
    site.write("import", text);
    let words = [options, &["import", kind, "import"]].concat();
    site.cli(words)
}

fn of<'a>(entries: &'a Value, member: &str) -> Vec<&'a Value> {
    let entries = entries.as_array().expect("a list");
    entries.iter().map(|entry| &entry[member]).collect()
}

#[test]
fn a_dry_run_says_what_would_be_made_and_changes_nothing() {
    let site = Site::new("");
    let file = format!("HOTP alice - {HEX}\nHOTP bob\nHOTP/T30 bob 4711 {OTHER}\n");
    site.write("import", &file);
    let dry = ["--json", "--new", "import", "oath", "import", "--dry-run"];
    let planned = site.cli(dry).json();
    assert_eq!(of(&planned["imported"], "line"), [1, 3, 3]);
    assert_eq!(of(&planned["imported"], "account"), ["alice", "bob", "bob"]);
    assert_eq!(of(&planned["imported"], "kind"), ["hotp", "totp", "pin"]);
    assert_eq!(of(&planned["imported"], "id"), [&Value::Null; 3]);
    assert_eq!(of(&planned["skipped"], "line"), [2]);
    for member in ["what", "why", "remedy"] {
        let said = &planned["skipped"][0][member];
        assert!(said.as_str().is_some_and(|text| !text.is_empty()), "{said}");
    }
    assert_eq!(site.cli(["--json", "user", "list"]).json(), json!([]));
    assert!(site.events().is_empty());

    let people = site
        .cli(["--new", "import", "oath", "import", "--dry-run"])
        .done();
    assert!(people.stdout.contains("Would be made"), "{}", people.stdout);
    assert!(!people.stdout.contains(HEX) && !people.stdout.contains("4711"));
    let made = import(&site, &["--json", "--new"], "oath", &file).json();
    assert_eq!(of(&made["imported"], "kind"), ["hotp", "totp", "pin"]);
    let told: Vec<Value> = site
        .events()
        .iter()
        .map(|event| event["reason"].clone())
        .collect();
    assert_eq!(told, ["added", "added", "pin-set"]);
    let shown = site.json("alice", &["show"]);
    assert_eq!(shown["credentials"][0]["id"], made["imported"][0]["id"]);
    assert_eq!(shown["credentials"][0]["state"], "live", "{shown}");
}

#[test]
fn nothing_is_imported_where_one_account_is_unknown() {
    let site = Site::new("");
    site.sheet("alice");
    let told = site.events().len();
    let file = format!("HOTP alice - {HEX}\nHOTP boob - {OTHER}\n");
    let failure = import(&site, &["--json"], "oath", &file).error(4);
    let said = format!("{} {}", failure.message, failure.remedy);
    for part in ["boob", "line 2", "--new"] {
        assert!(said.contains(part), "{said}");
    }
    assert_eq!(site.events().len(), told);
    let only_alice = import(&site, &["--json", "--user", "alice"], "oath", &file).json();
    assert_eq!(of(&only_alice["imported"], "account"), ["alice"]);
    site.cli(["--user", "boob", "show"]).exits(4);
}

#[test]
fn importing_twice_is_harmless() {
    let site = Site::new("[users]\nmay_exempt = true\n");
    let opie = "alice 0098 te5312 9e876134d90499dd Nov 25,2026 23:28:16\n";
    let dump = format!(
        "INSERT INTO mailbox (username, totp_secret) VALUES ('alice', '{SEED}');
         INSERT INTO totp_exception_address (ip, username) VALUES ('192.0.2.1', 'alice@example.com');"
    );
    for (kind, file, count) in [("opie", opie, 1), ("postfixadmin", &*dump, 2)] {
        let options = ["--json", "--new"];
        let first = import(&site, &options, kind, file).json();
        assert_eq!(of(&first["imported"], "line").len(), count, "{first}");
        let again = import(&site, &options, kind, file).json();
        assert_eq!(again["imported"], json!([]));
        assert_eq!(of(&again["skipped"], "line").len(), count, "{again}");
    }
}

#[test]
fn scratch_codes_are_named_line_by_line_and_secrets_are_never_printed() {
    let site = Site::new("");
    let folder = TempDir::new().expect("a temporary folder");
    let path = folder.path().join("made");
    let path = path.to_str().expect("a plain path");
    let words = [
        "-t", "-d", "-f", "-q", "-r", "3", "-R", "30", "-w", "3", "-e", "3", "-Q", "none", "-s",
        path,
    ];
    tool(
        "libpam-google-authenticator",
        "google-authenticator",
        &words,
    )
    .done();
    let file = fs::read_to_string(path).expect("it was just made");
    let options = ["--json", "--user", "alice", "--new"];
    let made = import(&site, &options, "google-authenticator", &file);
    let document = made.clone().json();
    assert_eq!(of(&document["imported"], "kind"), ["totp"]);
    let named = of(&document["skipped"], "line");
    let codes: Vec<usize> = (1..)
        .zip(file.lines())
        .filter(|(_, line)| line.len() == 8)
        .map(|(number, _)| number)
        .collect();
    assert_eq!((named.len(), codes.len()), (3, 3), "{document}");
    assert_eq!(named, codes);
    let remedy = document["skipped"][0]["remedy"].as_str().expect("a text");
    assert!(remedy.contains("--user alice add sheet"), "{remedy}");
    for secret in file.lines().filter(|line| !line.starts_with('"')) {
        assert!(!made.stdout.contains(secret), "{document}");
    }
    // Whose it is does not stand in the file.
    import(&site, &["--json"], "google-authenticator", &file).error(2);
}

#[test]
fn hashes_of_otpw_are_refused_with_their_number_and_what_to_do() {
    let site = Site::new("");
    let folder = TempDir::new().expect("a temporary folder");
    let path = folder.path().join("made");
    let path = path.to_str().expect("a plain path");
    let words = ["-h", "8", "-s", "1", "-f", path];
    feed("otpw-bin", "otpw-gen", &words, "prefix\nprefix\n").done();
    let file = fs::read_to_string(path).expect("it was just made");
    let count = file.lines().count() - 2;
    let refused = import(&site, &["--user", "alice", "--new"], "otpw", &file).exits(1);
    for said in [
        &*format!("{count} one-time passwords"),
        "add sheet",
        "prefix password",
    ] {
        assert!(refused.stdout.contains(said), "{refused:#?}");
    }
    assert_eq!(site.cli(["--json", "user", "list"]).json(), json!([]));
}

#[test]
fn one_persons_file_is_taken_for_one_account_and_of_several_only_that_persons_part() {
    let site = Site::new("");
    let uri = |label: &str, seed: &str| format!("otpauth://totp/{label}?secret={seed}\n");
    let options = ["--json", "--new", "--user", "alice"];
    let one = uri("Example:whoever", SEED);
    let made = import(&site, &options, "otpauth", &one).json();
    assert_eq!(of(&made["imported"], "account"), ["alice"]);
    assert_eq!(of(&made["imported"], "label"), ["Example"]);
    let several = uri("alice", "JBSWY3DPEHPK3PXO") + &uri("Shop:me", "JBSWY3DPEHPK3PXP");
    let made = import(&site, &options, "otpauth", &several).json();
    assert_eq!(of(&made["imported"], "line"), [1]);
    assert_eq!(of(&made["skipped"], "line"), [2]);
}

#[test]
fn an_account_keeps_one_pin_and_one_length_of_codes() {
    let site = Site::new("");
    let file = format!(
        "HOTP alice 4711 {HEX}\nHOTP alice 4712 {OTHER}\nHOTP/E/8 alice 4711 {OTHER}\n\
         HOTP bob 12 {OTHER}\nHOTP carol + {OTHER}\n"
    );
    let made = import(&site, &["--json", "--new"], "oath", &file).json();
    assert_eq!(of(&made["imported"], "line"), [1, 1, 5]);
    assert_eq!(of(&made["skipped"], "line"), [2, 3, 4, 5]);
    let pins = of(&made["skipped"], "what");
    assert_eq!(pins, ["token", "token", "token", "PIN"]);
}

#[test]
fn exceptions_that_no_account_can_make_come_as_rules_to_write() {
    let site = Site::new("");
    let dump = "INSERT INTO totp_exception_address (ip, username, description) VALUES
        ('192.0.2.1', 'alice@example.com', 'office'),
        ('192.0.2.2', 'example.com', 'branch'),
        ('192.0.2.3', NULL, 'all\u{1b}[2J');
        INSERT INTO mailbox_app_password (username, description, password_hash) VALUES
        ('alice@example.com', 'phone', '$2y$10$hash');";
    let output = import(&site, &["--new"], "postfixadmin", dump).exits(1);
    for said in [
        "from   = [\"192.0.2.1\"]\n    users  = [\"alice@example.com\"]",
        "from   = [\"192.0.2.2\"]\n    users  = [\"*@example.com\"]",
        "from   = [\"192.0.2.3\"]\n    accept = ",
        "app password \"phone\" of alice@example.com",
    ] {
        assert!(output.stdout.contains(said), "{said}: {}", output.stdout);
    }
    assert!(!output.stdout.contains('\u{1b}') && !output.stdout.contains("$hash"));
}

/// CVE-2024-47191: pam_oath followed links in somebody's home as root.
#[test]
fn cve_2024_47191_links_and_what_is_no_file_are_refused() {
    let site = Site::new("");
    site.write("secret", format!("otpauth://totp/alice?secret={SEED}\n"));
    symlink(site.path("secret"), site.path("link")).expect("the folder is ours");
    site.shell("mkfifo fifo").done();
    for name in ["link", "fifo", ".", "/dev/null", "/dev/zero", "none"] {
        let words = ["--json", "--new", "import", "otpauth", name];
        site.cli(words).error(1);
    }
}

#[test]
fn files_of_another_kind_and_encrypted_ones_are_refused_with_a_remedy() {
    let site = Site::new("");
    let encrypted = r#"{"version": 1, "header": {"slots": [], "params": {}}, "db": "c2VjcmV0"}"#;
    let long = "#\n".repeat(600_000);
    for (kind, text, said) in [
        ("otpauth", encrypted, "encrypted"),
        ("otpauth", "{\"db\":", "line 1"),
        ("oath", "hello\n", "kind"),
        ("opie", "", "kind"),
        ("postfixadmin", "SELECT 1;", "kind"),
        (
            "postfixadmin",
            "INSERT INTO mailbox (username) VALUES ('a",
            "breaks off",
        ),
        ("oath", &long, "too large"),
    ] {
        let failure = import(&site, &["--json", "--new"], kind, text).error(1);
        assert!(failure.message.contains(said), "{failure:?}");
        assert!(!failure.remedy.is_empty(), "{failure:?}");
    }
}
