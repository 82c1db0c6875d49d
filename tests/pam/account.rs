//! `account`, `setcred` and `session`.

use harness::host::Phase::{Account, Authenticate, CloseSession, Credentials, OpenSession};
use harness::host::Request;
use harness::site::Site;

use crate::{HOME, PASSWORD_TOO};

/// What `account` of the module alone returns, without a login before it.
fn account(site: &Site, user: &str) -> String {
    site.stack("cron", &["account required MODULE"]);
    let request = Request::new("cron", user).on("cron").phases(&[Account]);
    site.ask(request).of(Account).to_owned()
}

#[test]
fn account_succeeds_for_programs_that_never_authenticate() {
    for toml in [
        "",
        "[[rule]]\nfrom = [\"192.0.2.0/24\"]\naccept = [\"otp\"]\n",
    ] {
        let site = Site::new(toml);
        site.sheet("alice");
        for user in ["alice", "bob", "root"] {
            assert_eq!(account(&site, user), "PAM_SUCCESS", "{user}: {toml}");
        }
    }
}

#[test]
fn account_refuses_where_the_rule_accepts_nothing() {
    let site =
        Site::new("[[rule]]\nusers = [\"mallory\"]\naccept = []\n[[rule]]\naccept = [\"otp\"]\n");
    assert_ne!(account(&site, "mallory"), "PAM_SUCCESS");
    assert_eq!(account(&site, "alice"), "PAM_SUCCESS");
}

#[test]
fn account_refuses_where_the_configuration_is_broken() {
    let site = Site::new("");
    site.configure("colour = \"blue\"\n");
    assert_ne!(account(&site, "alice"), "PAM_SUCCESS");
}

#[test]
fn account_and_setcred_succeed_after_a_login() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    let request = Request::new("imap", "alice")
        .from(HOME)
        .answer(&sheet.codes[0])
        .phases(&[
            Authenticate,
            Account,
            Credentials,
            OpenSession,
            CloseSession,
        ]);
    for (phase, code) in site.ask(request).phases {
        assert_eq!(code, "PAM_SUCCESS", "{phase:?}");
    }
}

#[test]
fn account_refuses_after_a_refused_login_on_the_same_handle() {
    let site = Site::new("");
    site.sheet("alice");
    let request = Request::new("imap", "alice")
        .from(HOME)
        .answer("wrzng-00001")
        .phases(&[Authenticate, Account, Credentials]);
    let reply = site.ask(request);
    for (phase, code) in &reply.phases {
        assert_ne!(code, "PAM_SUCCESS", "{phase:?}");
    }
}

/// login and some servers use one handle for several tries.
#[test]
fn the_last_try_on_a_handle_is_the_one_that_counts() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    let right = &sheet.codes[0];
    let tries = [Authenticate, Authenticate, Account, Credentials];
    let improved = Request::new("imap", "alice")
        .from(HOME)
        .answer("wrzng-00001")
        .answer(right);
    let reply = site.ask(improved.phases(&tries));
    assert_eq!(reply.of(Account), "PAM_SUCCESS");
    assert_eq!(reply.of(Credentials), "PAM_SUCCESS");
    let worsened = Request::new("imap", "alice")
        .from(HOME)
        .answer(right)
        .answer("wrzng-00001");
    let reply = site.ask(worsened.phases(&tries));
    assert_eq!(reply.of(Authenticate), "PAM_AUTH_ERR");
    assert_ne!(reply.of(Account), "PAM_SUCCESS");
}

#[test]
fn setcred_leaves_it_to_the_next_module_where_auth_did() {
    let site = Site::new(PASSWORD_TOO);
    let request = Request::new("imap", "alice")
        .from(HOME)
        .answer("correct horse")
        .phases(&[Authenticate, Account, Credentials]);
    // pam_permit stands for the password module: it says yes to everything.
    site.stack(
        "imap",
        &[
            "auth [success=done ignore=ignore default=die] MODULE",
            "auth [success=done default=die] pam_permit.so",
            "account required MODULE",
        ],
    );
    let reply = site.ask(request.clone());
    for (phase, code) in &reply.phases {
        assert_eq!(code, "PAM_SUCCESS", "{phase:?}");
    }
    // Alone, nobody is left to say yes.
    site.stack("imap", &["auth required MODULE", "account required MODULE"]);
    assert_ne!(site.ask(request).of(Credentials), "PAM_SUCCESS");
}

#[test]
fn setcred_alone_is_no_login() {
    let site = Site::new("");
    site.stack("imap", &["auth required MODULE"]);
    let reply = site.ask(Request::new("imap", "alice").phases(&[Credentials]));
    assert_ne!(reply.of(Credentials), "PAM_SUCCESS");
}

#[test]
fn account_stays_open_in_observe_mode() {
    let site = Site::new("mode = \"observe\"\n[[rule]]\naccept = []\n");
    assert_eq!(account(&site, "alice"), "PAM_SUCCESS");
    let request = Request::new("imap", "alice")
        .from(HOME)
        .answer("correct horse")
        .phases(&[Authenticate, Account]);
    let reply = site.ask(request);
    assert_eq!(reply.verdict(), "PAM_IGNORE");
    assert_eq!(reply.of(Account), "PAM_SUCCESS");
}
