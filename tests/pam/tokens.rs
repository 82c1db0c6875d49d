//! Tokens with a button (HOTP, RFC 4226), played by `oathtool`.

use harness::site::Site;

use crate::{BOTH, ELSEWHERE, HOME};

#[test]
fn a_code_is_accepted_once_and_in_its_window() {
    let site = Site::new("");
    let token = site.hotp("alice");
    let code = token.code(0);
    for (from, verdict) in [
        (HOME, "PAM_SUCCESS"),
        (HOME, "PAM_SUCCESS"),
        (ELSEWHERE, "PAM_AUTH_ERR"),
        (HOME, "PAM_SUCCESS"),
    ] {
        assert_eq!(
            site.verdict("imap", "alice", from, &code),
            verdict,
            "{from}"
        );
    }
    site.json("alice", &["grace", "end"]);
    assert_eq!(site.verdict("imap", "alice", HOME, &code), "PAM_AUTH_ERR");
    let next = site.verdict("imap", "alice", HOME, token.code(1));
    assert_eq!(next, "PAM_SUCCESS");
}

#[test]
fn presses_that_nobody_typed_are_forgiven_as_far_as_the_site_says() {
    for (toml, reach) in [
        ("", 2),
        ("otp.look_ahead = 0\n", 0),
        ("otp.look_ahead = 5\n", 5),
    ] {
        let site = Site::new(toml);
        let token = site.hotp("alice");
        let beyond = site.verdict("imap", "alice", ELSEWHERE, token.code(reach + 2));
        assert_eq!(beyond, "PAM_AUTH_ERR", "{toml}");
        let within = site.verdict("imap", "alice", ELSEWHERE, token.code(reach));
        assert_eq!(within, "PAM_SUCCESS", "{toml}");
    }
}

#[test]
fn an_older_code_is_never_accepted_after_a_newer_one() {
    let site = Site::new("");
    let token = site.hotp("alice");
    assert_eq!(
        site.verdict("imap", "alice", HOME, token.code(2)),
        "PAM_SUCCESS"
    );
    for older in [0, 1] {
        for from in [HOME, ELSEWHERE] {
            let verdict = site.verdict("imap", "alice", from, token.code(older));
            assert_eq!(verdict, "PAM_AUTH_ERR", "{older}");
        }
    }
    assert_eq!(
        site.verdict("imap", "alice", HOME, token.code(3)),
        "PAM_SUCCESS"
    );
}

/// RFC 4226, section 7.4.
#[test]
fn one_that_was_pressed_in_a_pocket_finds_back_with_two_codes_in_a_row() {
    let site = Site::new("");
    let token = site.hotp("alice");
    for (pressed, verdict) in [
        (20, "PAM_AUTH_ERR"),
        (22, "PAM_AUTH_ERR"),
        (22, "PAM_AUTH_ERR"),
        (23, "PAM_SUCCESS"),
        (24, "PAM_SUCCESS"),
    ] {
        let said = site.verdict("imap", "alice", HOME, token.code(pressed));
        assert_eq!(said, verdict, "{pressed}");
    }
}

/// CVE-2019-12887 LinOTP: replay through automatic resynchronisation.
#[test]
fn cve_2019_12887_what_a_resynchronisation_has_passed_is_spent() {
    let site = Site::new("");
    let token = site.hotp("alice");
    for (pressed, verdict) in [(10, "PAM_AUTH_ERR"), (11, "PAM_SUCCESS")] {
        let said = site.verdict("imap", "alice", HOME, token.code(pressed));
        assert_eq!(said, verdict, "{pressed}");
    }
    for spent in [9, 10, 11] {
        let said = site.verdict("imap", "alice", ELSEWHERE, token.code(spent));
        assert_eq!(said, "PAM_AUTH_ERR", "{spent}");
    }
}

#[test]
fn every_hash_length_and_counter_is_the_one_of_the_uri() {
    let site = Site::new("");
    for (algorithm, digits, counter) in
        [("sha1", 6, 0), ("sha256", 7, 17), ("sha512", 8, 1_000_000)]
    {
        let (length, first) = (digits.to_string(), counter.to_string());
        let token = site.hotp_with(
            algorithm,
            &[
                "--no-confirm",
                "--algorithm",
                algorithm,
                "--digits",
                &length,
                "--counter",
                &first,
            ],
        );
        assert_eq!(token.parameter("counter"), Some(&*first));
        let code = token.code(counter);
        assert_eq!(code.len(), digits);
        if let Some(before) = counter.checked_sub(1) {
            let verdict = site.verdict("imap", algorithm, ELSEWHERE, token.code(before));
            assert_eq!(verdict, "PAM_AUTH_ERR", "{algorithm}");
        }
        let verdict = site.verdict("imap", algorithm, HOME, code);
        assert_eq!(verdict, "PAM_SUCCESS", "{algorithm}");
    }
}

#[test]
fn blanks_and_dashes_do_not_matter_and_bring_no_code_back() {
    let site = Site::new("");
    let code = site.hotp("alice").code(0);
    let spaced = format!(" {} {} ", &code[..3], &code[3..]);
    let dashed = format!("{}-{}", &code[..3], &code[3..]);
    assert_eq!(site.verdict("imap", "alice", HOME, &dashed), "PAM_SUCCESS");
    for typed in [&code, &spaced, &dashed] {
        let elsewhere = site.verdict("imap", "alice", ELSEWHERE, typed);
        assert_eq!(elsewhere, "PAM_AUTH_ERR", "{typed}");
        assert_eq!(
            site.verdict("imap", "alice", HOME, typed),
            "PAM_SUCCESS",
            "{typed}"
        );
    }
}

#[test]
fn it_is_dead_until_a_code_has_confirmed_it_and_that_one_is_spent() {
    let site = Site::new("");
    let token = site.hotp_with("alice", &[]);
    let early = site.verdict("imap", "alice", HOME, token.code(0));
    assert_eq!(early, "PAM_AUTH_ERR");
    let confirm = ["--json", "--user", "alice", "confirm", &token.id];
    let wrong = token.wrong_codes(0, 1).remove(0);
    site.cli_reading(&format!("{wrong}\n"), confirm).error(1);
    // Whoever has tried the button out is no stranger.
    let confirmed = site
        .cli_reading(&format!("{}\n", token.code(4)), confirm)
        .json();
    assert_eq!(confirmed["id"], token.id.as_str());
    assert_eq!(confirmed["kind"], "hotp");
    for spent in [0, 3, 4] {
        let verdict = site.verdict("imap", "alice", HOME, token.code(spent));
        assert_eq!(verdict, "PAM_AUTH_ERR", "{spent}");
    }
    let next = site.verdict("imap", "alice", HOME, token.code(5));
    assert_eq!(next, "PAM_SUCCESS");
}

#[test]
fn it_goes_on_beside_an_authenticator_and_spends_nothing_of_it() {
    let site = Site::new("otp.window = 3\n");
    let (token, phone) = (site.hotp("alice"), site.totp("alice"));
    for code in [token.code(0), phone.code(0), token.code(1), phone.code(1)] {
        assert_eq!(site.verdict("imap", "alice", HOME, code), "PAM_SUCCESS");
    }
}

#[test]
fn two_tokens_each_count_for_themselves() {
    let site = Site::new("");
    let (one, other) = (site.hotp("alice"), site.hotp("alice"));
    for (token, counter) in [(&one, 0), (&other, 2), (&one, 1), (&other, 3)] {
        let verdict = site.verdict("imap", "alice", HOME, token.code(counter));
        assert_eq!(verdict, "PAM_SUCCESS", "{counter}");
    }
}

#[test]
fn its_seed_is_enrolled_nowhere_else() {
    let site = Site::new("");
    let token = site.hotp("alice");
    let seed = token.parameter("secret").expect("a seed");
    site.write("seed", format!("{seed}\n"));
    site.chmod("seed", 0o600);
    for kind in ["hotp", "totp"] {
        let words = [
            "--json",
            "--user",
            "alice",
            "add",
            kind,
            "--secret-file",
            "seed",
        ];
        site.cli(words).error(1);
    }
    site.json("alice", &["revoke", &token.id]);
    let again = site.hotp_with(
        "alice",
        &["--no-confirm", "--secret-file", "seed", "--counter", "1"],
    );
    assert_eq!(again.parameter("secret"), Some(seed));
}

#[test]
fn wrong_codes_are_charged_to_the_account_and_right_ones_are_not() {
    let site = Site::new("");
    let token = site.hotp("alice");
    for counter in 0..3 {
        let verdict = site.verdict("imap", "alice", HOME, token.code(counter));
        assert_eq!(verdict, "PAM_SUCCESS");
    }
    assert_eq!(site.guesses_left("alice"), 8);
    for (index, code) in token.wrong_codes(3, 8).iter().enumerate() {
        let from = format!("203.0.113.{index}");
        assert_eq!(site.verdict("imap", "alice", &from, code), "PAM_AUTH_ERR");
    }
    assert_eq!(site.guesses_left("alice"), 0);
    let strange = site.verdict("imap", "alice", ELSEWHERE, token.code(3));
    assert_eq!(strange, "PAM_MAXTRIES");
    let at_home = site.verdict("imap", "alice", HOME, token.code(3));
    assert_eq!(at_home, "PAM_SUCCESS", "promise 7");
}

#[test]
fn a_revoked_one_is_over_and_so_is_its_window() {
    let site = Site::new("");
    let token = site.hotp("alice");
    assert_eq!(
        site.verdict("imap", "alice", HOME, token.code(0)),
        "PAM_SUCCESS"
    );
    site.json("alice", &["revoke", &token.id]);
    for counter in [0, 1] {
        let verdict = site.verdict("imap", "alice", HOME, token.code(counter));
        assert_eq!(verdict, "PAM_AUTH_ERR", "{counter}");
    }
}

#[test]
fn what_the_rule_or_a_lock_refuses_is_not_spent() {
    let site = Site::new(
        "otp.look_ahead = 0\n\
         [[rule]]\nservices = [\"imap\"]\naccept = [\"app-password\"]\n\
         [[rule]]\nservices = [\"sieve\"]\naccept = [\"otp\"]\n",
    );
    let code = site.hotp("alice").code(0);
    assert_eq!(site.verdict("imap", "alice", HOME, &code), "PAM_AUTH_ERR");
    assert_eq!(
        site.verdict("pop3", "alice", HOME, &code),
        "PAM_PERM_DENIED"
    );
    site.cli(["user", "lock", "alice"]).done();
    assert_eq!(site.verdict("sieve", "alice", HOME, &code), "PAM_AUTH_ERR");
    site.cli(["user", "unlock", "alice"]).done();
    assert_eq!(site.verdict("sieve", "alice", HOME, &code), "PAM_SUCCESS");
}

#[test]
fn a_code_of_somebody_else_is_wrong() {
    let site = Site::new("");
    let code = site.hotp("alice").code(0);
    site.hotp("bob");
    assert_eq!(site.verdict("imap", "bob", HOME, &code), "PAM_AUTH_ERR");
    assert_eq!(site.verdict("imap", "alice", HOME, &code), "PAM_SUCCESS");
}

#[test]
fn a_password_before_it_goes_on_verbatim_in_and_out_of_the_window() {
    let site = Site::new(BOTH);
    let token = site.hotp_with("alice", &["--no-confirm", "--digits", "8"]);
    for (counter, before) in (0..).zip(["correct horse", "digits123456", "trailing  ", "7"]) {
        let typed = format!("{before}{}", token.code(counter));
        for _ in 0..2 {
            let reply = site.login("imap", "alice", HOME, &typed);
            assert_eq!(reply.verdict(), "PAM_IGNORE", "{typed}");
            assert_eq!(reply.handed_on().as_deref(), Some(before), "{typed}");
        }
        let elsewhere = site.verdict("imap", "alice", ELSEWHERE, &typed);
        assert_eq!(elsewhere, "PAM_AUTH_ERR", "{typed}");
        let alone = site.verdict("imap", "alice", HOME, token.code(counter));
        assert_eq!(alone, "PAM_AUTH_ERR", "{typed}");
    }
}
