//! `replace`: the old credential goes on until the new one is used.

use harness::enrol::{Aliases, Hotp, Sheet, Totp};
use harness::sequence::PASS_PHRASE;
use harness::site::Site;
use serde_json::Value;

use crate::{ELSEWHERE, HOME};

/// Labels and IDs of what the account has.
fn shown(site: &Site) -> Vec<(Value, Value)> {
    let shown = site.json("alice", &["show"]);
    let all = shown["credentials"].as_array().expect("a list").iter();
    all.map(|credential| (credential["label"].clone(), credential["id"].clone()))
        .collect()
}

#[track_caller]
fn verdict(site: &Site, from: &str, typed: &str) -> String {
    site.verdict("imap", "alice", from, typed)
}

#[test]
fn a_half_used_sheet_goes_on_until_the_new_one_is_used() {
    let site = Site::new("");
    let old = site.sheet_with("alice", &["purse", "--count", "3", "--service", "imap"]);
    assert_eq!(verdict(&site, HOME, &old.codes[0]), "PAM_SUCCESS");
    let made = site.json("alice", &["replace", "purse"]);
    assert_eq!(made["services"], serde_json::json!(["imap"]));
    let new = Sheet::of(&made);
    assert_eq!(new.codes.len(), 3);
    let labels = [
        ("old-purse".into(), old.id.into()),
        ("purse".into(), new.id.clone().into()),
    ];
    assert_eq!(shown(&site), labels);
    assert_eq!(verdict(&site, HOME, &old.codes[1]), "PAM_SUCCESS");
    assert_eq!(verdict(&site, HOME, &new.codes[0]), "PAM_SUCCESS");
    for code in &old.codes {
        assert_eq!(
            verdict(&site, HOME, code),
            "PAM_AUTH_ERR",
            "nor its windows"
        );
    }
    assert_eq!(shown(&site), [("purse".into(), new.id.into())]);
}

#[test]
fn a_wrong_or_spent_code_takes_nobodys_place() {
    let site = Site::new("");
    let old = site.sheet_with("alice", &["--count", "2"]);
    let new = Sheet::of(&site.json("alice", &["replace", &old.id]));
    for typed in [&new.codes[1], "wrzng-00001"] {
        assert_eq!(verdict(&site, HOME, typed), "PAM_AUTH_ERR");
    }
    assert_eq!(verdict(&site, HOME, &old.codes[0]), "PAM_SUCCESS");
}

#[test]
fn an_app_password_goes_with_the_first_login_of_the_new_one() {
    let site = Site::new("");
    let old = site.app_password("alice", &["phone"]).secret;
    let made = site.json("alice", &["replace", "phone"]);
    let new = made["secret"].as_str().expect("a secret");
    for (typed, expected) in [
        (old.as_str(), "PAM_SUCCESS"),
        (new, "PAM_SUCCESS"),
        (&old, "PAM_AUTH_ERR"),
        (new, "PAM_SUCCESS"),
    ] {
        assert_eq!(verdict(&site, HOME, typed), expected);
    }
    assert_eq!(shown(&site), [("phone".into(), made["id"].clone())]);
}

#[test]
fn an_authenticator_goes_as_soon_as_the_new_one_is_confirmed() {
    let site = Site::new("otp.window = 5\n");
    let old = site.totp_with("alice", &["phone", "--no-confirm"]);
    let made = site.json("alice", &["replace", "phone"]);
    let new = Totp::new(
        made["id"].as_str().expect("an ID").to_owned(),
        made["uri"].as_str().expect("a URI").to_owned(),
    );
    assert_eq!(verdict(&site, HOME, &new.code(-1)), "PAM_AUTH_ERR");
    assert_eq!(verdict(&site, HOME, &old.code(0)), "PAM_SUCCESS");
    let confirm = ["--json", "--user", "alice", "confirm", "phone"];
    site.cli_reading(&format!("{}\n", new.code(1)), confirm)
        .done();
    assert_eq!(verdict(&site, ELSEWHERE, &old.code(2)), "PAM_AUTH_ERR");
    assert_eq!(verdict(&site, HOME, &old.code(0)), "PAM_AUTH_ERR");
    assert_eq!(verdict(&site, HOME, &new.code(3)), "PAM_SUCCESS");
}

#[test]
fn a_token_that_is_not_confirmed_goes_with_the_first_code_of_the_new_one() {
    let site = Site::new("");
    let old = site.hotp("alice");
    let new = Hotp::of(&site.json("alice", &["replace", &old.id, "--no-confirm"]));
    assert_ne!(old.parameter("secret"), new.parameter("secret"));
    assert_eq!(verdict(&site, HOME, &old.code(0)), "PAM_SUCCESS");
    assert_eq!(verdict(&site, HOME, &new.code(0)), "PAM_SUCCESS");
    assert_eq!(verdict(&site, HOME, &old.code(1)), "PAM_AUTH_ERR");
    assert_eq!(verdict(&site, HOME, &new.code(1)), "PAM_SUCCESS");
}

#[test]
fn aliases_go_with_the_first_of_the_new_ones() {
    let site = Site::new("");
    let sheet = site.sheet_with("alice", &["--count", "4"]);
    let old = site.aliases_with("alice", &["--count", "2"]);
    let new = Aliases::of(&site.json("alice", &["replace", &old.id, "--count", "3"]));
    assert_eq!(new.names.len(), 3);
    let login = |name: &str, code: &str| site.verdict("imap", name, HOME, code);
    assert_eq!(login(&old.names[0], &sheet.codes[0]), "PAM_SUCCESS");
    assert_eq!(login(&new.names[0], &sheet.codes[1]), "PAM_SUCCESS");
    assert_eq!(login(&old.names[1], &sheet.codes[2]), "PAM_AUTH_ERR");
    assert_eq!(login(&new.names[1], &sheet.codes[2]), "PAM_SUCCESS");
}

/// The line that a calculator prints for the next sequence (RFC 2243).
fn init(site: &Site, due: &str, next: &str) -> String {
    let lines = format!("{PASS_PHRASE}\nanother pass phrase\n");
    let words = ["compute", due, "--init", next];
    site.cli_reading(&lines, words).done().stdout
}

#[test]
fn a_sequence_begins_anew_with_the_response_that_is_due() {
    let site = Site::new("");
    let sequence = site.sequence("alice");
    let replace = ["--json", "--user", "alice", "replace", &sequence.id];
    let spent = site.response(&sequence, 99);
    assert_eq!(verdict(&site, HOME, &spent.hex), "PAM_SUCCESS");
    for (due, next) in [(99, "otp-sha1 50 ke1234"), (97, "otp-sha1 50 ke1234")] {
        let line = init(&site, &sequence.challenge(due), next);
        site.cli_reading(&line, replace).error(1);
    }
    let same_seed = init(
        &site,
        &sequence.challenge(98),
        &format!("otp-sha1 50 {}", sequence.seed),
    );
    site.cli_reading(&same_seed, replace).error(1);
    assert_eq!(
        site.json("alice", &["challenge"])["sequence"],
        sequence.challenge(98)
    );

    let line = init(&site, &sequence.challenge(98), "otp-md5 50 ke1234");
    let made = site.cli_reading(&line, replace).json();
    assert_eq!(made["challenge"], "otp-md5 49 ke1234");
    assert_eq!(made["id"], sequence.id.as_str());
    site.cli_reading(&line, replace).error(1);
    let old = site.response(&sequence, 98);
    for typed in [&old.hex, &old.words] {
        assert_eq!(verdict(&site, ELSEWHERE, typed), "PAM_AUTH_ERR");
    }
    let new = site.compute("otp-md5 49 ke1234", "another pass phrase");
    assert_eq!(verdict(&site, ELSEWHERE, &new.words), "PAM_SUCCESS");
}

/// One of each kind that `replace` makes a new one of.
fn one_of_each(site: &Site) {
    site.sheet_with("alice", &["purse", "--count", "2"]);
    site.app_password("alice", &["phone"]);
    site.totp_with("alice", &["tablet", "--no-confirm"]);
    site.hotp_with("alice", &["token", "--no-confirm"]);
    site.aliases_with("alice", &["names", "--count", "2"]);
}

#[test]
fn what_could_not_be_handed_over_takes_nobodys_place_and_no_label() {
    let site = Site::new("");
    one_of_each(&site);
    site.write("taken", "an old file\n");
    let before = shown(&site);
    for name in ["purse", "phone", "tablet", "token", "names"] {
        for json in ["", "--json"] {
            let script = format!("\"$@\" {json} --user alice replace {name} > /dev/full");
            let failed = site.shell(&script).exits(1);
            assert!(!failed.stderr.contains("panicked"), "{failed:?}");
            assert_eq!(shown(&site), before, "{name} {json}");
        }
        if name == "names" {
            continue;
        }
        for output in ["no/such/folder/file", "taken", "/dev/full"] {
            let words = [
                "--json", "--user", "alice", "replace", name, "--output", output,
            ];
            site.cli(words).error(1);
            assert_eq!(shown(&site), before, "{name} {output}");
        }
    }
}

#[test]
fn one_that_was_replaced_twice_goes_with_the_others() {
    let site = Site::new("");
    let first = site.sheet_with("alice", &["purse", "--count", "2"]);
    // The second one was made on a printer that had no ink.
    let second = Sheet::of(&site.json("alice", &["replace", "purse"]));
    let third = Sheet::of(&site.json("alice", &["replace", "purse"]));
    assert_eq!(verdict(&site, HOME, &first.codes[0]), "PAM_SUCCESS");
    assert_eq!(verdict(&site, HOME, &third.codes[0]), "PAM_SUCCESS");
    for gone in [&first.codes[1], &second.codes[0]] {
        assert_eq!(verdict(&site, HOME, gone), "PAM_AUTH_ERR");
    }
    assert_eq!(shown(&site), [("purse".into(), third.id.into())]);
}

#[test]
fn one_that_was_replaced_before_it_was_confirmed_goes_too() {
    let site = Site::new("");
    site.hotp_with("alice", &["token", "--no-confirm"]);
    site.json("alice", &["replace", "token"]);
    let third = Hotp::of(&site.json("alice", &["replace", "token", "--no-confirm"]));
    assert_eq!(verdict(&site, HOME, &third.code(0)), "PAM_SUCCESS");
    assert_eq!(shown(&site), [("token".into(), third.id.into())]);
}

#[test]
fn a_pinned_one_stays_pinned() {
    let site = Site::new("");
    let old = site.app_password("alice", &["phone", "--pinned"]).secret;
    for (service, expected) in [
        ("submission", "PAM_SUCCESS"),
        ("imap", "PAM_AUTH_ERR"),
        ("submission", "PAM_SUCCESS"),
    ] {
        assert_eq!(
            site.verdict(service, "alice", HOME, &old),
            expected,
            "{service}"
        );
    }
    let made = site.json("alice", &["replace", "phone"]);
    let new = made["secret"].as_str().expect("a secret");
    for (service, expected) in [("imap", "PAM_AUTH_ERR"), ("submission", "PAM_SUCCESS")] {
        assert_eq!(
            site.verdict(service, "alice", HOME, new),
            expected,
            "{service}"
        );
    }
}
