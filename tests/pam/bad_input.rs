//! Names, secrets and addresses that no honest client sends.

use harness::host::Request;
use harness::site::Site;

use crate::{BOTH, HOME, PASSWORD_TOO};

/// Sends this, which must be refused, and then a right code, which must not.
fn refused_and_nothing_lost(toml: &str, requests: &[Request]) {
    let site = Site::new(toml);
    let sheet = site.sheet_with("alice", &["--count", "14"]);
    assert!(requests.len() <= sheet.codes.len(), "a code for each");
    for (request, code) in requests.iter().zip(&sheet.codes) {
        let reply = site.ask(request.clone());
        let verdict = reply.verdict();
        assert!(
            ["PAM_AUTH_ERR", "PAM_PERM_DENIED", "PAM_USER_UNKNOWN"].contains(&verdict),
            "{verdict} for {request:?}"
        );
        assert_eq!(
            site.verdict("imap", "alice", HOME, code),
            "PAM_SUCCESS",
            "{request:?}"
        );
    }
}

fn named(user: &[u8]) -> Request {
    Request::new("imap", user).from(HOME).answer("wrzng-00001")
}

fn typed(secret: &[u8]) -> Request {
    Request::new("imap", "alice").from(HOME).answer(secret)
}

/// CVE-2015-3238 pam_unix, CVE-2015-9542 pam_radius: long names and answers.
#[test]
fn cve_2015_3238_names_with_control_characters_slashes_and_endless_ones_are_refused() {
    let names: [&[u8]; 14] = [
        b"ali\nce",
        b"alice\r\n",
        b"alice\t",
        b"\x01",
        b"alice\x7f",
        "alice\u{85}".as_bytes(),
        "alice\u{202e}".as_bytes(),
        b"../../etc/passwd",
        b"a/b",
        b"/",
        b"",
        b" ",
        &[b'a'; 2048],
        &[b'a'; 100_000],
    ];
    refused_and_nothing_lost("", &names.map(named));
}

/// CVE-2019-19521 OpenBSD: a user name was an option. CVE-2026-24031 Dovecot: it was SQL.
#[test]
fn cve_2019_19521_names_that_mean_something_elsewhere_are_just_unknown() {
    let names: [&[u8]; 8] = [
        b"-schallenge",
        b"--config",
        b"alice' OR '1'='1",
        b"alice\"; DROP TABLE account; --",
        b"%s%s%s%n",
        b"*",
        b"alice%",
        b"@staff",
    ];
    refused_and_nothing_lost("", &names.map(named));
}

#[test]
fn names_and_secrets_that_are_no_utf8_are_refused() {
    let bytes: [&[u8]; 4] = [b"\xff", b"alice\xff", b"\xc3\x28", b"\xed\xa0\x80"];
    refused_and_nothing_lost("", &bytes.map(named));
    refused_and_nothing_lost("", &bytes.map(typed));
    refused_and_nothing_lost(
        BOTH.replace("password+otp", "otp").as_str(),
        &bytes.map(typed),
    );
}

/// CVE-2008-1218 Dovecot: a TAB in a password put fields into a protocol.
#[test]
fn cve_2008_1218_secrets_that_are_empty_huge_or_hold_control_characters_are_refused() {
    let huge = [b'7'; 100_000];
    let secrets: [&[u8]; 9] = [
        b"",
        b"?",
        b" ",
        b"a\tb",
        b"a\nb",
        b"\x08\n\r\x7f",
        &huge[..1025],
        &huge[..8000],
        &huge,
    ];
    refused_and_nothing_lost("", &secrets.map(typed));
}

/// sshd asks for unknown users with such a password.
#[test]
fn what_is_refused_by_its_form_is_refused_also_where_passwords_are_accepted() {
    let huge = [b'x'; 2048];
    let secrets: [&[u8]; 5] = [b"", b"?", b"\x08\n\r\x7f", b"a\tb", &huge];
    refused_and_nothing_lost(PASSWORD_TOO, &secrets.map(typed));
}

#[test]
fn a_secret_cannot_smuggle_a_code_past_its_form() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    let code = &sheet.codes[0];
    let long = format!("{}{code}", "x".repeat(1020));
    let torn = format!("{}\n{}", &code[..5], &code[5..]);
    let dashes = format!("{}{}{}", &code[..5], "-".repeat(1100), &code[5..]);
    for typed in [long, torn, dashes, format!("{code}\n"), format!("\t{code}")] {
        assert_eq!(
            site.verdict("imap", "alice", HOME, &typed),
            "PAM_AUTH_ERR",
            "{typed:?}"
        );
    }
    assert_eq!(site.verdict("imap", "alice", HOME, code), "PAM_SUCCESS");
}

#[test]
fn an_address_that_is_missing_empty_or_a_name_is_just_unknown() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    let long = "a".repeat(5000);
    let strange: [Option<&[u8]>; 7] = [
        None,
        Some(b""),
        Some(b"host.example.com"),
        Some(b"\xff\n"),
        Some(b"' OR 1"),
        Some(b"../.."),
        Some(long.as_bytes()),
    ];
    for (rhost, code) in strange.into_iter().zip(&sheet.codes) {
        let mut request = Request::new("imap", "alice").answer(code);
        request.rhost = rhost.map(<[u8]>::to_vec);
        assert_eq!(site.ask(request).verdict(), "PAM_SUCCESS", "{rhost:?}");
    }
    for event in site.events() {
        let text = event.to_string();
        assert!(text.is_ascii() && !text.contains(['\n', '\r']), "{text}");
    }
}

/// CVE-2014-2583 pam_timestamp: `../` in the name of a terminal became a path.
#[test]
fn cve_2014_2583_a_terminal_may_be_called_anything() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    let long = "t".repeat(5000);
    for (tty, code) in ["", "../x", "\n", "/dev/pts/../../x", &long]
        .iter()
        .zip(&sheet.codes)
    {
        let request = Request::new("imap", "alice")
            .from(HOME)
            .on(tty)
            .answer(code);
        assert_eq!(site.ask(request).verdict(), "PAM_SUCCESS", "{tty:?}");
    }
}

#[test]
fn without_a_user_name_the_module_lets_nobody_in() {
    let site = Site::new(PASSWORD_TOO);
    let mut request = Request::new("imap", "").from(HOME).answer("");
    request.user = None;
    let reply = site.ask(request);
    assert!(
        !["PAM_SUCCESS", "PAM_IGNORE"].contains(&reply.verdict()),
        "{reply:?}"
    );
}
