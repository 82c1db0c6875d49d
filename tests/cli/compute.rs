//! `compute`

use harness::output::Output;
use harness::site::Site;
use harness::tool::tool;
use serde_json::json;

/// Runs it where nothing of mailotp is set up, with these lines to read.
fn compute(lines: &str, arguments: &[&str]) -> Output {
    let site = Site::bare();
    let output = site.cli_reading(lines, ["compute"].iter().chain(arguments).copied());
    for made in ["mailotp.toml", "mailotp.key", "store"] {
        assert!(!site.path(made).exists(), "it made {made}");
    }
    output
}

/// The response in hexadecimal without blanks.
fn hex(challenge: &str, pass_phrase: &str) -> String {
    let said = compute(&format!("{pass_phrase}\n"), &["--json", challenge]).json();
    said["hex"].as_str().expect("a text").replace(' ', "")
}

#[test]
fn it_prints_the_response_in_hexadecimal_and_in_words_without_a_site() {
    // RFC 2289, appendix C.
    let said = compute("AbCdEfGhIjK\n", &["otp-sha1 99 alpha1"]).done();
    assert_eq!(
        said.stdout,
        "27bc 7103 5aaf 3dc6\nMAY STAR TIN LYON VEDA STAN\n"
    );
    assert_eq!(said.stderr, "");
}

#[test]
fn programs_get_both_forms_by_name() {
    for (challenge, hex, words) in [
        (
            "otp-md4 99 alpha1",
            "d150 c82c ce6f 62d1",
            "ROIL FREE COG HUNK WAIT COCA",
        ),
        (
            "otp-md5 99 alpha1",
            "5aa3 7a81 f212 146c",
            "BODE HOP JAKE STOW JUT RAP",
        ),
    ] {
        let said = compute("AbCdEfGhIjK\n", &["--json", challenge]).json();
        assert_eq!(said, json!({ "hex": hex, "words": words }));
    }
}

#[test]
fn a_challenge_may_be_pasted_as_a_prompt_shows_it() {
    let right = compute("AbCdEfGhIjK\n", &["otp-sha1 99 alpha1"]).done();
    for pasted in [
        " otp-sha1 99 alpha1 ext: ",
        "OTP-SHA1 99 Alpha1 ext,hex",
        "otp-sha1\t99  alpha1:",
    ] {
        let said = compute("AbCdEfGhIjK", &[pasted]).done();
        assert_eq!(said.stdout, right.stdout, "{pasted:?}");
    }
}

#[test]
fn what_is_no_challenge_is_wrong_usage_with_a_remedy() {
    for bad in [
        "",
        "ma1234",
        "otp-sha1 97",
        "otp-sha2 97 ma1234",
        "otp-sha1 x ma1234",
        "otp-sha1 97 ma_1234",
        "otp-sha1 97 ma1234 ma1234",
    ] {
        for arguments in [&[bad][..], &["otp-sha1 97 ma1234", "--init", bad]] {
            let lines = "secret pass phrase\na newer pass phrase\n";
            let human = compute(lines, arguments).exits(2);
            assert_eq!(human.stdout, "");
            assert!(human.stderr.contains("otp-sha1 97 ma1234"), "{human:?}");
            let arguments: Vec<&str> = ["--json"].iter().chain(arguments).copied().collect();
            let failure = compute(lines, &arguments).error(2);
            assert!(failure.message.contains(bad), "{failure:?}");
        }
    }
    compute("", &[]).exits(2);
}

#[test]
fn a_pass_phrase_has_5_to_63_bytes_and_is_not_shown() {
    let long = "x".repeat(63);
    for good in ["12345", &long] {
        compute(&format!("{good}\n"), &["otp-sha1 97 ma1234"]).done();
    }
    for bad in ["", "\n", "1234\n", &format!("{long}x\n")] {
        let failure = compute(bad, &["--json", "otp-sha1 97 ma1234"]).error(2);
        let said = failure.message + &failure.remedy;
        assert!(said.contains("5 to 63"), "{said}");
        assert!(!said.contains("1234") && !said.contains(&long), "{said}");
    }
}

#[test]
fn no_pass_phrase_comes_in_by_an_argument() {
    for arguments in [
        &["--json", "otp-sha1 97 ma1234", "secret pass phrase"][..],
        &["--json", "otp-sha1 97 ma1234", "--pass-phrase", "secret"],
    ] {
        compute("", arguments).error(2);
    }
}

#[test]
fn a_new_sequence_is_begun_without_its_pass_phrase_in_the_response() {
    // Computed with another program.
    let line = "init-hex:1f9951394a97ee32:sha1 499 ma1235:dcec5c5cea367ba0";
    let lines = "secret pass phrase\na newer pass phrase\n";
    let arguments = ["otp-sha1 97 ma1234", "--init", "otp-sha1 499 ma1235"];
    let said = compute(lines, &arguments).done();
    assert_eq!(said.stdout, format!("{line}\n"));
    let arguments: Vec<&str> = ["--json"].iter().chain(&arguments).copied().collect();
    assert_eq!(
        compute(lines, &arguments).json(),
        json!({ "response": line })
    );
}

#[test]
fn a_new_sequence_may_have_the_old_pass_phrase_or_the_old_seed_but_not_both() {
    let begin = |new_phrase: &str, next: &str| {
        let lines = format!("secret pass phrase\n{new_phrase}\n");
        compute(&lines, &["--json", "otp-sha1 3 ma1234", "--init", next])
    };
    begin("secret pass phrase", "otp-sha1 499 ma1235").done();
    begin("a newer pass phrase", "otp-sha1 499 ma1234").done();
    let failure = begin("secret pass phrase", "otp-sha1 499 MA1234").error(2);
    assert!(failure.remedy.contains("seed"), "{failure:?}");
    begin("", "otp-sha1 499 ma1235").error(2);
}

/// `doveadm pw`, which no configuration of this machine reaches.
fn doveadm(arguments: &[&str]) -> Output {
    let all: Vec<&str> = ["-c", "/dev/null", "pw"]
        .iter()
        .chain(arguments)
        .copied()
        .collect();
    tool("dovecot-core", "doveadm", &all)
}

#[test]
fn it_computes_what_dovecot_stores() {
    let made = doveadm(&["-s", "OTP", "-p", "pass phrase here"]).done();
    // {OTP}, then algorithm, count, seed, and the response at this count.
    let stored = made.stdout.trim().strip_prefix("{OTP}").expect("a scheme");
    let (parameters, response) = stored.rsplit_once(' ').expect("four words");
    let challenge = format!("otp-{parameters}");
    assert_eq!(hex(&challenge, "pass phrase here"), response, "{challenge}");
}

#[test]
fn dovecot_takes_what_it_computes() {
    for parameters in ["md4 7 ke1234", "md5 99 ke1234", "sha1 499 ke1234"] {
        let response = hex(&format!("otp-{parameters}"), "pass phrase here");
        let stored = format!("{{OTP}}{parameters} {response}");
        let said = doveadm(&["-t", &stored, "-p", "pass phrase here"]).done();
        assert!(said.stdout.contains("(verified)"), "{said:?}");
        let wrong = doveadm(&["-t", &stored, "-p", "pass phrase there"]);
        assert!(wrong.code != 0, "{wrong:?}");
    }
}
