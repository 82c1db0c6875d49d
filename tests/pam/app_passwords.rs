//! App passwords: one for each device.

use std::thread::sleep;
use std::time::{Duration, Instant};

use harness::site::Site;

use crate::{ELSEWHERE, HOME, MAIL};

#[test]
fn it_works_again_and_again_from_everywhere() {
    let site = Site::new("");
    let app = site.app_password("alice", &["phone"]);
    for from in [HOME, ELSEWHERE, "2001:db8::7", HOME] {
        assert_eq!(
            site.verdict("imap", "alice", from, &app.secret),
            "PAM_SUCCESS"
        );
    }
}

#[test]
fn it_has_the_form_of_the_manual() {
    let site = Site::new("");
    let app = site.app_password("alice", &[]);
    let groups: Vec<&str> = app.secret.split('-').collect();
    assert!(
        groups.len() == 7 && groups.iter().all(|group| group.len() == 4),
        "{}",
        app.secret
    );
    assert!(app.secret.starts_with("app"));
}

#[test]
fn case_blanks_and_dashes_do_not_matter() {
    let site = Site::new("");
    let secret = site.app_password("alice", &[]).secret;
    for typed in [
        secret.to_uppercase(),
        secret.replace('-', ""),
        secret.replace('-', " "),
    ] {
        assert_eq!(
            site.verdict("imap", "alice", HOME, &typed),
            "PAM_SUCCESS",
            "{typed}"
        );
    }
}

#[test]
fn it_works_for_its_services_and_groups_only() {
    let site = Site::new(MAIL);
    let one = site.app_password("alice", &["--service", "imap", "--service", "sieve"]);
    let group = site.app_password("alice", &["--service", "mail"]);
    for (secret, service, verdict) in [
        (&one.secret, "imap", "PAM_SUCCESS"),
        (&one.secret, "sieve", "PAM_SUCCESS"),
        (&one.secret, "pop3", "PAM_AUTH_ERR"),
        (&group.secret, "imap", "PAM_SUCCESS"),
        (&group.secret, "pop3", "PAM_SUCCESS"),
        (&group.secret, "sieve", "PAM_AUTH_ERR"),
    ] {
        assert_eq!(
            site.verdict(service, "alice", HOME, secret),
            verdict,
            "{service}"
        );
    }
}

#[test]
fn it_works_from_its_networks_only() {
    let site = Site::new("");
    let networks = ["--from", "192.0.2.0/24", "--from", "2001:db8:1::/48"];
    let app = site.app_password("alice", &networks);
    for (from, verdict) in [
        ("192.0.2.255", "PAM_SUCCESS"),
        ("::ffff:192.0.2.1", "PAM_SUCCESS"),
        ("2001:db8:1:ffff::1", "PAM_SUCCESS"),
        ("192.0.3.1", "PAM_AUTH_ERR"),
        ("2001:db8:2::1", "PAM_AUTH_ERR"),
        ("host.example.com", "PAM_AUTH_ERR"),
        ("", "PAM_AUTH_ERR"),
    ] {
        assert_eq!(
            site.verdict("imap", "alice", from, &app.secret),
            verdict,
            "{from}"
        );
    }
}

#[test]
fn it_ends_with_its_last_login() {
    let site = Site::new("");
    let app = site.app_password("alice", &["--max-logins", "2"]);
    for verdict in ["PAM_SUCCESS", "PAM_SUCCESS", "PAM_AUTH_ERR"] {
        assert_eq!(site.verdict("imap", "alice", HOME, &app.secret), verdict);
    }
}

#[test]
fn it_is_refused_where_the_rule_takes_no_app_passwords() {
    let site = Site::new("[[rule]]\naccept = [\"otp\", \"password+otp\"]\n");
    let app = site.app_password("alice", &[]);
    assert_eq!(
        site.verdict("imap", "alice", HOME, &app.secret),
        "PAM_AUTH_ERR"
    );
}

#[test]
fn a_pinned_one_belongs_to_the_first_service_that_it_opens() {
    let site = Site::new(
        "services.mail = [\"imap\", \"submission\"]\n\
         [[rule]]\nservices = [\"sieve\"]\naccept = [\"otp\"]\n[[rule]]\naccept = [\"app-password\"]\n",
    );
    let phone = site.app_password("alice", &["--pinned"]);
    let pinned = || site.json("alice", &["show"])["credentials"][0]["pinned"].clone();
    assert_eq!(pinned(), "");
    // What the rule refuses opens nothing, and pins nothing.
    for (service, user, verdict) in [
        ("sieve", "alice", "PAM_AUTH_ERR"),
        ("pop3", "bob", "PAM_AUTH_ERR"),
        ("imap", "alice", "PAM_SUCCESS"),
        ("submission", "alice", "PAM_AUTH_ERR"),
        ("pop3", "alice", "PAM_AUTH_ERR"),
        ("imap", "alice", "PAM_SUCCESS"),
    ] {
        let said = site.verdict(service, user, HOME, &phone.secret);
        assert_eq!(said, verdict, "{service} {user}");
    }
    assert_eq!(pinned(), "imap");
}

#[test]
fn one_that_has_expired_is_refused_and_the_log_says_why() {
    let site = Site::new("");
    let app = site.app_password("alice", &["--expires", "2s"]);
    let given_up = Instant::now() + Duration::from_secs(20);
    while site.verdict("imap", "alice", HOME, &app.secret) == "PAM_SUCCESS" {
        assert!(Instant::now() < given_up, "it is still good");
        sleep(Duration::from_millis(100));
    }
    assert_eq!(site.last_login()["reason"], "expired");
}

#[test]
fn it_is_nobody_elses() {
    let site = Site::new("");
    let app = site.app_password("alice", &[]);
    site.app_password("bob", &[]);
    assert_eq!(
        site.verdict("imap", "bob", HOME, &app.secret),
        "PAM_AUTH_ERR"
    );
}

#[test]
fn revoking_one_leaves_the_others_alone() {
    let site = Site::new("");
    let phone = site.app_password("alice", &["phone"]);
    let laptop = site.app_password("alice", &["laptop"]);
    site.json("alice", &["revoke", "phone"]);
    assert_eq!(
        site.verdict("imap", "alice", HOME, &phone.secret),
        "PAM_AUTH_ERR"
    );
    assert_eq!(
        site.verdict("imap", "alice", HOME, &laptop.secret),
        "PAM_SUCCESS"
    );
}

#[test]
fn a_typing_error_is_not_charged() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    let secret = site.app_password("alice", &[]).secret;
    for index in (8..secret.len()).filter(|index| !secret[*index..].starts_with('-')) {
        for other in ['7', '8'] {
            let mut typed = secret.clone();
            typed.replace_range(index..=index, &other.to_string());
            if typed != secret {
                assert_eq!(
                    site.verdict("imap", "alice", HOME, &typed),
                    "PAM_AUTH_ERR",
                    "{typed}"
                );
            }
        }
    }
    assert_eq!(
        site.verdict("imap", "alice", HOME, &sheet.codes[0]),
        "PAM_SUCCESS"
    );
}
