//! `add hotp`, and both kinds of digit codes in every form against `oathtool`.

use harness::enrol::{Hotp, Totp};
use harness::site::Site;
use serde_json::{Value, json};

use crate::HOME;

const ALGORITHMS: [&str; 3] = ["sha1", "sha256", "sha512"];
const DIGITS: [&str; 2] = ["6", "8"];

/// Confirms with a code, and logs in with the next.
fn confirm_and_log_in(site: &Site, user: &str, id: &str, codes: [String; 2], digits: &str) {
    let [first, next] = codes;
    assert_eq!(first.len().to_string(), digits, "{user}");
    let confirm = ["--json", "--user", user, "confirm", id];
    site.cli_reading(&format!("{first}\n"), confirm).done();
    let verdict = site.verdict("imap", user, HOME, next);
    assert_eq!(verdict, "PAM_SUCCESS", "{user}");
}

#[test]
fn every_authenticator_shows_what_is_taken() {
    let site = Site::new("");
    for algorithm in ALGORITHMS {
        for digits in DIGITS {
            for period in ["15", "60"] {
                let user = format!("{algorithm}-{digits}-{period}");
                let form = [
                    "--algorithm",
                    algorithm,
                    "--digits",
                    digits,
                    "--period",
                    period,
                ];
                let totp = site.totp_with(&user, &form);
                assert_eq!(
                    totp.parameter("algorithm"),
                    Some(&*algorithm.to_uppercase())
                );
                assert_eq!(totp.parameter("digits"), Some(digits));
                assert_eq!(totp.parameter("period"), Some(period));
                let codes = [totp.code(0), totp.code(1)];
                confirm_and_log_in(&site, &user, &totp.id, codes, digits);
            }
        }
    }
}

#[test]
fn every_token_shows_what_is_taken() {
    let site = Site::new("");
    for algorithm in ALGORITHMS {
        for (digits, counter) in DIGITS.into_iter().zip([0, 4_294_967_296]) {
            let (user, first) = (format!("{algorithm}-{digits}"), counter.to_string());
            let form = [
                "--algorithm",
                algorithm,
                "--digits",
                digits,
                "--counter",
                &first,
            ];
            let token = site.hotp_with(&user, &form);
            assert!(token.uri.starts_with("otpauth://hotp/"), "{}", token.uri);
            assert_eq!(
                token.parameter("algorithm"),
                Some(&*algorithm.to_uppercase())
            );
            assert_eq!(token.parameter("digits"), Some(digits));
            assert_eq!(token.parameter("counter"), Some(&*first));
            assert_eq!(token.parameter("period"), None);
            let codes = [token.code(counter), token.code(counter + 1)];
            confirm_and_log_in(&site, &user, &token.id, codes, digits);
        }
    }
}

#[test]
fn the_json_says_what_was_made() {
    let site = Site::new("otp.issuer = \"Mail of Example\"\n");
    let made = site.add("alice", &["hotp", "token"]);
    let (id, uri) = (made["id"].clone(), made["uri"].clone());
    assert!(id.is_string() && uri.is_string());
    assert_eq!(
        made,
        json!({
            "id": id, "kind": "hotp", "label": "token", "services": [], "from": [],
            "expires": null, "uri": uri,
        })
    );
    let shown = &site.json("alice", &["show"])["credentials"][0];
    assert_eq!(
        (&shown["state"], &shown["left"]),
        (&json!("pending"), &Value::Null)
    );
    let token = Hotp::of(&made);
    assert_eq!(token.parameter("issuer"), Some("Mail%20of%20Example"));
    let seed = token.parameter("secret").expect("a seed");
    assert!(seed.len() >= 32, "160 bits at least: {seed}");
}

#[test]
fn an_existing_token_comes_with_its_seed_in_a_file_and_its_counter() {
    let site = Site::new("");
    // RFC 4226, appendix D: "12345678901234567890" and the codes that it makes.
    site.write("seed", "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ\n");
    site.chmod("seed", 0o600);
    let arguments = ["--no-confirm", "--secret-file", "seed", "--counter", "7"];
    let token = site.hotp_with("alice", &arguments);
    assert_eq!(token.code(7), "162583");
    for (code, verdict) in [("287922", "PAM_AUTH_ERR"), ("162583", "PAM_SUCCESS")] {
        assert_eq!(site.verdict("imap", "alice", HOME, code), verdict, "{code}");
    }
}

#[test]
fn what_no_token_can_be_is_refused() {
    let site = Site::new("");
    site.app_password("alice", &[]);
    site.write("short", "GEZDGNBV\n");
    site.write("words", "no seed at all!\n");
    for (arguments, code) in [
        (&["--digits", "5"][..], 2),
        (&["--digits", "9"], 2),
        (&["--counter", "-1"], 2),
        (&["--counter", "18446744073709551615"], 2),
        (&["--period", "30"], 2),
        (&["--algorithm", "md5"], 2),
        (&["--qr", "jpeg"], 2),
        (&["--secret-file", "short"], 2),
        (&["--secret-file", "words"], 1),
        (&["--secret-file", "no such file"], 1),
        (&["token", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"], 2),
        (&["--secret", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"], 2),
    ] {
        let words = ["--json", "--user", "alice", "add", "hotp"];
        site.cli(words.iter().chain(arguments).copied()).error(code);
    }
    let shown = site.json("alice", &["show"]);
    assert_eq!(shown["credentials"].as_array().map(Vec::len), Some(1));
}

#[test]
fn all_digit_codes_of_an_account_are_of_one_length() {
    let site = Site::new("otp.digits = 7\n");
    let token = site.hotp("alice");
    assert_eq!(token.parameter("digits"), Some("7"));
    let words = ["--json", "--user", "alice", "add", "totp", "--digits", "8"];
    let failure = site.cli(words).error(1);
    assert!(failure.remedy.contains("--digits"), "{failure:?}");
    site.configure("otp.digits = 6\n");
    assert_eq!(site.totp("alice").parameter("digits"), Some("7"));
}

#[test]
fn a_token_is_made_live_by_its_code_and_by_no_other() {
    let site = Site::new("");
    let (token, phone) = (
        site.hotp_with("alice", &["token"]),
        site.totp_with("alice", &[]),
    );
    let confirm = ["--json", "--user", "alice", "confirm", "token"];
    for wrong in [
        Totp::code(&phone, 0),
        token.wrong_codes(0, 1).remove(0),
        String::new(),
    ] {
        site.cli_reading(&format!("{wrong}\n"), confirm).error(1);
    }
    let done = site
        .cli_reading(&format!("{}\n", token.code(0)), confirm)
        .json();
    assert_eq!(
        done,
        json!({"id": token.id, "kind": "hotp", "label": "token"})
    );
    site.cli_reading(&format!("{}\n", token.code(1)), confirm)
        .error(1);
}
