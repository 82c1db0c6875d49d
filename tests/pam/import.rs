//! What other programs have made lets in once it is imported: the codes go on where they were.

use std::fs;

use harness::enrol::Totp;
use harness::site::Site;
use harness::tool::tool;
use tempfile::TempDir;

use crate::{ELSEWHERE, HOME, PASSWORD_TOO};

/// The file that `google-authenticator` makes with these arguments.
fn google_authenticator(arguments: &[&str]) -> String {
    let folder = TempDir::new().expect("a temporary folder");
    let file = folder.path().join("made");
    let path = file.to_str().expect("a plain path");
    let all = [arguments, &["-f", "-q", "-Q", "none", "-s", path]].concat();
    tool("libpam-google-authenticator", "google-authenticator", &all).done();
    fs::read_to_string(&file).expect("it was just made")
}

/// Imports a text as a file.
#[track_caller]
fn import(site: &Site, options: &[&str], kind: &str, text: &str) -> serde_json::Value {
    site.write("import", text);
    let words = [&["--json", "--new"], options, &["import", kind, "import"]].concat();
    site.cli(words).json()
}

/// The authenticator of a seed in base32.
fn totp(seed: &str, parameters: &str) -> Totp {
    let uri = format!("otpauth://totp/x?secret={seed}{parameters}");
    Totp::new(String::new(), uri)
}

/// The HOTP code of a counter.
fn hotp(base32: bool, seed: &str, counter: u64, more: &[&str]) -> String {
    let counter = counter.to_string();
    let mut words = vec!["--counter", &counter];
    words.extend(more);
    words.extend(base32.then_some("--base32"));
    words.push(seed);
    let output = tool("oathtool", "oathtool", &words);
    output.done().stdout.trim().to_owned()
}

#[test]
fn an_authenticator_of_google_authenticator_goes_on() {
    let site = Site::new("[otp]\nwindow = 2\n");
    let file = google_authenticator(&["-t", "-d", "-r", "3", "-R", "30", "-w", "3"]);
    let (seed, rest) = file.split_once('\n').expect("a line");
    import(&site, &["--user", "alice"], "google-authenticator", &file);
    let phone = totp(seed, "");
    // It was good for the other program, and may have been used there.
    let old = phone.code(-2);
    assert_eq!(site.verdict("imap", "alice", HOME, old), "PAM_AUTH_ERR");
    let code = phone.code(0);
    assert_eq!(site.verdict("imap", "alice", HOME, &code), "PAM_SUCCESS");
    let again = site.verdict("imap", "alice", ELSEWHERE, &code);
    assert_eq!(again, "PAM_AUTH_ERR");
    let scratch = rest.lines().last().expect("a scratch code");
    assert_eq!(site.verdict("imap", "alice", HOME, scratch), "PAM_AUTH_ERR");
}

#[test]
fn a_token_of_google_authenticator_goes_on_with_its_counter() {
    let site = Site::new("");
    let file = google_authenticator(&["-c", "-u", "-w", "3"]);
    let file = file.replace("HOTP_COUNTER 1\n", "HOTP_COUNTER 7\n");
    let (seed, _) = file.split_once('\n').expect("a line");
    import(&site, &["--user", "alice"], "google-authenticator", &file);
    for (counter, verdict) in [(6, "PAM_AUTH_ERR"), (7, "PAM_SUCCESS"), (8, "PAM_SUCCESS")] {
        let code = hotp(true, seed, counter, &[]);
        let from = format!("192.0.2.{counter}");
        let got = site.verdict("imap", "alice", &from, code);
        assert_eq!(got, verdict, "{counter}");
    }
}

#[test]
fn what_pam_oath_has_rewritten_goes_on_with_the_next_code() {
    const SEED: &str = "3132333435363738393031323334353637383930";
    const OTHER: &str = "303938373635343332313039383736353433323130";
    let site = Site::new("");
    let file = format!("# made by hand\nHOTP alice - {SEED}\nHOTP/T30 bob 4711 {OTHER}\n");
    site.write("users.oath", file);
    site.chmod("users.oath", 0o600);
    let path = site.path("users.oath");
    let auth = format!(
        "auth required pam_oath.so usersfile={} window=5",
        path.display()
    );
    site.stack("oath", &[&auth]);
    let last = hotp(false, SEED, 2, &[]);
    let used = site.verdict("oath", "alice", HOME, &last);
    assert_eq!(used, "PAM_SUCCESS", "apt-get install libpam-oath");

    let rewritten = fs::read_to_string(&path).expect("it is there");
    assert!(rewritten.contains(&last), "{rewritten}");
    import(&site, &[], "oath", &rewritten);
    assert_eq!(site.verdict("imap", "alice", HOME, &last), "PAM_AUTH_ERR");
    let next = hotp(false, SEED, 3, &[]);
    assert_eq!(site.verdict("imap", "alice", HOME, next), "PAM_SUCCESS");

    // The other seed in base32.
    let code = totp("GA4TQNZWGU2DGMRRGA4TQNZWGU2DGMRRGA", "").code(0);
    assert_eq!(site.verdict("imap", "bob", HOME, &code), "PAM_AUTH_ERR");
    let with_pin = format!("4711{code}");
    assert_eq!(site.verdict("imap", "bob", HOME, with_pin), "PAM_SUCCESS");
}

#[test]
fn a_sequence_of_opie_goes_on_where_it_stands() {
    const PHRASE: &str = "This is a test.\n";
    let site = Site::new("");
    let compute = |challenge: &str| {
        let computed = site
            .cli_reading(PHRASE, ["--json", "compute", challenge])
            .json();
        computed["hex"].as_str().expect("a text").replace(' ', "")
    };
    let last = compute("otp-md5 98 te5312");
    let file = format!("alice 0098 te5312           {last}  Nov 25,2026 23:28:16\n");
    import(&site, &[], "opie", &file);
    let due = site.json("alice", &["challenge"]);
    assert_eq!(due["sequence"], "otp-md5 97 te5312");
    let next = compute("otp-md5 97 te5312");
    for (from, code, verdict) in [
        (HOME, &last, "PAM_AUTH_ERR"),
        (HOME, &next, "PAM_SUCCESS"),
        (ELSEWHERE, &next, "PAM_AUTH_ERR"),
    ] {
        assert_eq!(site.verdict("imap", "alice", from, code), verdict, "{code}");
    }
}

#[test]
fn what_authenticators_export_lets_in() {
    const SEED: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
    const AEGIS: &str = r#"{"version": 1, "header": {"slots": null, "params": null}, "db":
        {"version": 2, "entries": [{"type": "hotp", "name": "alice", "issuer": "Example", "info":
        {"secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "algo": "SHA1", "digits": 8, "counter": 5}}]}}"#;
    const FREEOTP: &str = r#"{"tokenOrder": [], "tokens": [{"algo": "SHA256", "digits": 7, "label": "alice",
        "period": 60, "type": "TOTP", "secret": [49, 50, 51, 52, 53, 54, 55, 56, 57, 48,
        49, 50, 51, 52, 53, 54, 55, 56, 57, 48]}]}"#;
    // The twenty bytes of the same secret, and the name alice.
    const MIGRATION: &str =
        "otpauth-migration://offline?data=Ch8KFDEyMzQ1Njc4OTAxMjM0NTY3ODkwEgVhbGljZTACEAEYASAA";
    let uri = format!("otpauth://totp/Example:alice?secret={SEED}&algorithm=SHA512&digits=8");
    let sha256 = "&algorithm=SHA256&digits=7&period=60";
    for (file, code) in [
        (AEGIS, hotp(true, SEED, 5, &["--digits", "8"])),
        (FREEOTP, totp(SEED, sha256).code(0)),
        (MIGRATION, totp(SEED, "").code(0)),
        (&uri, totp(SEED, "&algorithm=SHA512&digits=8").code(0)),
    ] {
        let site = Site::new("");
        import(&site, &[], "otpauth", file);
        let verdict = site.verdict("imap", "alice", HOME, code);
        assert_eq!(verdict, "PAM_SUCCESS", "{file}");
    }
}

#[test]
fn mailboxes_of_postfixadmin_keep_their_authenticators_and_their_exceptions() {
    const SEED: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
    const ALICE: &str = "alice@example.com";
    let dump = format!(
        "CREATE TABLE `mailbox` (`username` varchar(255), `active` tinyint(1), `totp_secret` varchar(255));
         INSERT INTO `mailbox` VALUES ('{ALICE}',1,'{SEED}'),('bob@example.com',1,NULL);
         INSERT INTO `totp_exception_address` (`id`,`ip`,`username`) VALUES (1,'{HOME}','{ALICE}');"
    );
    let rules = PASSWORD_TOO.replace("\"password\", ", "");
    let site = Site::new(&format!("[users]\nmay_exempt = true\n{rules}"));
    import(&site, &[], "postfixadmin", &dump);
    let verdict = |from: &str, secret: &str| site.verdict("imap", ALICE, from, secret);
    assert_eq!(verdict(ELSEWHERE, "main password"), "PAM_AUTH_ERR");
    let at_home = site.login("imap", ALICE, HOME, "main password");
    assert_eq!(at_home.handed_on().as_deref(), Some("main password"));
    let code = totp(SEED, "").code(0);
    assert_eq!(verdict(ELSEWHERE, &code), "PAM_SUCCESS");
}
