//! Authenticator apps, played by `oathtool`.

use harness::site::Site;

use crate::{ELSEWHERE, HOME};

#[test]
fn a_code_is_accepted_once() {
    let site = Site::new("");
    let code = site.totp("alice").code(0);
    assert_eq!(site.verdict("imap", "alice", HOME, &code), "PAM_SUCCESS");
    assert_eq!(
        site.verdict("imap", "alice", ELSEWHERE, &code),
        "PAM_AUTH_ERR"
    );
}

#[test]
fn an_older_code_is_never_accepted_after_a_newer_one() {
    let site = Site::new("[otp]\nwindow = 2\n");
    let totp = site.totp("alice");
    assert_eq!(
        site.verdict("imap", "alice", HOME, totp.code(1)),
        "PAM_SUCCESS"
    );
    assert_eq!(
        site.verdict("imap", "alice", HOME, totp.code(0)),
        "PAM_AUTH_ERR"
    );
    assert_eq!(
        site.verdict("imap", "alice", ELSEWHERE, totp.code(1)),
        "PAM_AUTH_ERR"
    );
    assert_eq!(
        site.verdict("imap", "alice", ELSEWHERE, totp.code(2)),
        "PAM_SUCCESS"
    );
}

#[test]
fn a_code_far_from_now_is_refused() {
    let site = Site::new("");
    let totp = site.totp("alice");
    for periods in [-10, -5, 8, 100] {
        let code = totp.code(periods);
        assert_eq!(
            site.verdict("imap", "alice", HOME, code),
            "PAM_AUTH_ERR",
            "{periods}"
        );
    }
}

#[test]
fn blanks_and_dashes_do_not_matter_and_bring_no_code_back() {
    let site = Site::new("");
    let code = site.totp("alice").code(0);
    let spaced = format!("{} {}", &code[..3], &code[3..]);
    let dashed = format!("{}-{}", &code[..3], &code[3..]);
    assert_eq!(site.verdict("imap", "alice", HOME, &spaced), "PAM_SUCCESS");
    for again in [&code, &spaced, &dashed] {
        assert_eq!(
            site.verdict("imap", "alice", ELSEWHERE, again),
            "PAM_AUTH_ERR"
        );
    }
    for again in [&code, &spaced, &dashed] {
        assert_eq!(
            site.verdict("imap", "alice", HOME, again),
            "PAM_SUCCESS",
            "its window"
        );
    }
}

#[test]
fn every_algorithm_length_and_period_is_the_one_of_the_uri() {
    for arguments in [
        ["--algorithm", "sha1", "--digits", "6", "--period", "30"],
        ["--algorithm", "sha256", "--digits", "7", "--period", "60"],
        ["--algorithm", "sha512", "--digits", "8", "--period", "30"],
    ] {
        let site = Site::new("");
        let totp = site.totp_with("alice", &[&["--no-confirm"], &arguments[..]].concat());
        let code = totp.code(0);
        assert_eq!(code.len().to_string(), arguments[3]);
        assert_eq!(
            site.verdict("imap", "alice", HOME, &code),
            "PAM_SUCCESS",
            "{arguments:?}"
        );
    }
}

#[test]
fn the_site_says_how_long_new_codes_are() {
    let site = Site::new("[otp]\ndigits = 8\n");
    let code = site.totp("alice").code(0);
    assert_eq!(code.len(), 8);
    assert_eq!(site.verdict("imap", "alice", HOME, code), "PAM_SUCCESS");
}

/// google-authenticator-libpam #213: a code with a leading zero never worked.
#[test]
fn google_authenticator_213_codes_are_text() {
    let site = Site::new("otp.window = 10\n[[rule]]\naccept = [\"otp\"]\n");
    let totp = site.totp("alice");
    let code = totp.code(0);
    let number: u32 = code.parse().expect("digits");
    let padded = format!("{number:08}");
    assert_eq!(site.verdict("imap", "alice", HOME, padded), "PAM_AUTH_ERR");
    let zeros = (0..=8)
        .map(|periods| totp.code(periods))
        .find(|code| code.starts_with('0'));
    let next = zeros.unwrap_or(code);
    assert_eq!(site.verdict("imap", "alice", HOME, next), "PAM_SUCCESS");
}

#[test]
fn it_is_dead_until_a_code_has_confirmed_it() {
    let site = Site::new("");
    let totp = site.totp_with("alice", &[]);
    assert_eq!(
        site.verdict("imap", "alice", HOME, totp.code(0)),
        "PAM_AUTH_ERR"
    );
    let confirm = ["--json", "--user", "alice", "confirm", &totp.id];
    site.cli_reading("000000x\n", confirm).exits(1);
    let confirmed = site
        .cli_reading(&format!("{}\n", totp.code(0)), confirm)
        .json();
    assert_eq!(confirmed["id"], totp.id.as_str());
    assert_eq!(confirmed["kind"], "totp");
    // What confirmed it is spent.
    assert_eq!(
        site.verdict("imap", "alice", ELSEWHERE, totp.code(0)),
        "PAM_AUTH_ERR"
    );
    assert_eq!(
        site.verdict("imap", "alice", HOME, totp.code(1)),
        "PAM_SUCCESS"
    );
}

#[test]
fn a_period_is_spent_for_every_authenticator_of_the_account() {
    let site = Site::new("[otp]\nwindow = 3\n");
    let (phone, tablet) = (site.totp("alice"), site.totp("alice"));
    assert_eq!(
        site.verdict("imap", "alice", HOME, phone.code(2)),
        "PAM_SUCCESS"
    );
    for periods in [0, 1] {
        assert_eq!(
            site.verdict("imap", "alice", HOME, tablet.code(periods)),
            "PAM_AUTH_ERR"
        );
    }
    assert_eq!(
        site.verdict("imap", "alice", HOME, tablet.code(3)),
        "PAM_SUCCESS"
    );
}

#[test]
fn the_same_seed_is_not_enrolled_twice() {
    let site = Site::new("");
    let totp = site.totp("alice");
    let seed = totp.parameter("secret").expect("a seed").to_owned();
    site.write("seed", format!("{seed}\n"));
    site.chmod("seed", 0o600);
    let path = site.path("seed").display().to_string();
    for (user, new) in [("alice", None), ("bob", Some("--new"))] {
        let words = ["--json", "--user", user].into_iter().chain(new);
        let rest = ["add", "totp", "--no-confirm", "--secret-file", &path];
        site.cli(words.chain(rest)).error(1);
    }
}

#[test]
fn an_existing_seed_is_taken_from_a_file() {
    let site = Site::new("");
    site.write("seed", "jbsw y3dp ehpk 3pxp jbsw y3dp ehpk 3pxp\n");
    site.chmod("seed", 0o600);
    let path = site.path("seed").display().to_string();
    let totp = site.totp_with("alice", &["--no-confirm", "--secret-file", &path]);
    assert_eq!(
        totp.parameter("secret"),
        Some("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
    );
    assert_eq!(
        site.verdict("imap", "alice", HOME, totp.code(0)),
        "PAM_SUCCESS"
    );
}
