//! A process that may open neither key nor store has the helper judge its own user; a trusted one,
//! everybody.

use harness::helper::{Caller, Helper};
use harness::host::{Phase, Reply, Request};
use harness::site::Site;

use crate::{BOTH, ELSEWHERE, HOME, PASSWORD_TOO};

/// A site of root with a helper; what is said goes on in the section `[helper]`.
fn served(toml: &str) -> (Site, Helper) {
    let site = Site::of_root(&format!("[helper]\nsocket = \"run/helper.sock\"\n{toml}"));
    let helper = Helper::start(&site);
    (site, helper)
}

fn ask(site: &Site, user: &Caller<'_>, request: Request) -> Reply {
    let mut host = user.host();
    host.ask(&site.here(request));
    let reply = host.finish().remove(0);
    assert_eq!(reply.left_behind, Vec::<String>::new());
    reply
}

fn login(site: &Site, caller: &str, user: &str, from: &str, typed: &str) -> String {
    let request = Request::new("imap", user).from(from).answer(typed);
    ask(site, &site.user(caller), request).verdict().to_owned()
}

#[test]
fn the_own_user_is_judged_through_the_helper() {
    let (site, _helper) = served("");
    let (sheet, phone) = (site.sheet("daemon"), site.app_password("daemon", &[]));
    let own = |from, typed: &str| login(&site, "daemon", "daemon", from, typed);
    assert_eq!(own(HOME, &phone.secret), "PAM_SUCCESS");
    assert_eq!(own(HOME, "wrzng-00001"), "PAM_AUTH_ERR");
    assert_eq!(own(HOME, &sheet.codes[0]), "PAM_SUCCESS");
    assert_eq!(own(HOME, &sheet.codes[0]), "PAM_SUCCESS", "in its window");
    assert_eq!(own(ELSEWHERE, &sheet.codes[0]), "PAM_AUTH_ERR");
    assert_eq!(site.last_login()["reason"], "replay");
    assert_eq!(own(HOME, "?"), "PAM_AUTH_ERR");
    assert_eq!(own(HOME, "a\tb"), "PAM_AUTH_ERR");
    assert_eq!(site.last_login()["reason"], "malformed");
    let by_root = site.verdict("imap", "daemon", ELSEWHERE, &sheet.codes[1]);
    assert_eq!(by_root, "PAM_SUCCESS", "both judge by one store");
}

#[test]
fn the_prompt_is_the_same_as_in_a_process_of_root() {
    let (site, _helper) = served("");
    let sheet = site.sheet("daemon");
    let request = || Request::new("imap", "Daemon").from(HOME).answer("?");
    let theirs = ask(&site, &site.user("daemon"), request()).prompt();
    assert_eq!(theirs, format!("Code {} 1: ", sheet.name));
    assert_eq!(theirs, site.ask(request()).prompt());
}

#[test]
fn a_password_is_handed_on_whole_and_before_a_code() {
    let (site, _helper) = served(PASSWORD_TOO);
    site.sheet("daemon");
    let daemon = site.user("daemon");
    let typed = "correct horse \u{2713}";
    let request = Request::new("imap", "daemon").from(HOME).answer(typed);
    let reply = ask(&site, &daemon, request);
    assert_eq!(reply.verdict(), "PAM_IGNORE");
    assert_eq!(reply.handed_on().as_deref(), Some(typed));

    let (site, _helper) = served(BOTH);
    let sheet = site.sheet("daemon");
    let daemon = site.user("daemon");
    let typed = format!("correct horse{}", sheet.codes[0]);
    let request = Request::new("imap", "daemon").from(HOME).answer(typed);
    let reply = ask(&site, &daemon, request);
    assert_eq!(reply.verdict(), "PAM_IGNORE");
    assert_eq!(reply.handed_on().as_deref(), Some("correct horse"));
}

#[test]
fn the_gate_and_the_account_phase_ask_the_helper_too() {
    let (site, _helper) = served(PASSWORD_TOO);
    let sheet = site.sheet("daemon");
    site.gate("mailotp-imap-challenge", "");
    let daemon = site.user("daemon");
    let gate = |typed: &str| {
        let request = Request::new("mailotp-imap-challenge", "daemon").from(HOME);
        ask(&site, &daemon, request.answer(typed))
            .verdict()
            .to_owned()
    };
    assert_eq!(gate("correct horse"), "PAM_USER_UNKNOWN");
    assert_eq!(gate("?"), "PAM_AUTH_ERR");
    let phases = |phases: &[Phase]| {
        let request = Request::new("imap", "daemon")
            .from(HOME)
            .answer(&sheet.codes[0]);
        ask(&site, &daemon, request.phases(phases))
    };
    let reply = phases(&[Phase::Account]);
    assert_eq!(reply.of(Phase::Account), "PAM_SUCCESS");
    let reply = phases(&[Phase::Authenticate, Phase::Account, Phase::Credentials]);
    assert_eq!(reply.of(Phase::Authenticate), "PAM_SUCCESS");
    assert_eq!(reply.of(Phase::Account), "PAM_SUCCESS");
    assert_eq!(reply.of(Phase::Credentials), "PAM_SUCCESS");
    site.cli(["user", "lock", "daemon"]).done();
    let reply = phases(&[Phase::Account]);
    assert_eq!(reply.of(Phase::Account), "PAM_PERM_DENIED");
    let reply = phases(&[Phase::Authenticate]);
    assert_eq!(reply.of(Phase::Authenticate), "PAM_AUTH_ERR");
}

#[test]
fn arguments_of_the_stack_go_along() {
    let (site, _helper) = served("");
    let daemon = site.user("daemon");
    site.app_password("mail", &[]);
    site.guard("imap", "nullok");
    let request = Request::new("imap", "daemon")
        .from(HOME)
        .answer("main password");
    let reply = ask(&site, &daemon, request);
    assert_eq!(reply.handed_on().as_deref(), Some("main password"));
    let sheet = site.sheet("daemon");
    site.stack("second", &["auth required MODULE second_step service=imap"]);
    let request = Request::new("second", "daemon")
        .from(HOME)
        .answer(&sheet.codes[0]);
    assert_eq!(
        ask(&site, &daemon, request).of(Phase::Authenticate),
        "PAM_SUCCESS"
    );
    assert_eq!(site.last_login()["service"], "imap");
}

#[test]
fn the_account_of_somebody_else_is_not_judged() {
    let (site, _helper) = served("");
    let (sheet, phone) = (site.sheet("mail"), site.app_password("mail", &[]));
    let before = site.events().len();
    for user in ["mail", "nobody-at-all"] {
        for typed in [&sheet.codes[0], &phone.secret, "wrzng-00001", "?"] {
            let verdict = login(&site, "daemon", user, HOME, typed);
            assert_eq!(verdict, "PAM_AUTHINFO_UNAVAIL", "{user} {typed}");
        }
        let request = Request::new("imap", user)
            .from(HOME)
            .phases(&[Phase::Account]);
        let reply = ask(&site, &site.user("daemon"), request);
        assert_eq!(reply.of(Phase::Account), "PAM_AUTHINFO_UNAVAIL");
    }
    assert_eq!(site.events().len(), before, "and nothing is charged");
}

#[test]
fn a_trusted_process_has_anybody_judged_and_learns_the_name_behind_an_alias() {
    let (site, _helper) = served("trusted = [\"news\"]\n");
    let sheet = site.sheet("alice");
    let aliases = site.add("alice", &["alias", "--count", "1"]);
    let alias = aliases["aliases"][0].as_str().expect("an alias");
    let request = Request::new("imap", alias)
        .from(HOME)
        .answer(&sheet.codes[0]);
    let reply = ask(&site, &site.user("news"), request);
    assert_eq!(reply.verdict(), "PAM_SUCCESS");
    assert_eq!(reply.user.as_deref(), Some(&b"alice"[..]));
    assert_eq!(
        login(&site, "news", "alice", HOME, &sheet.codes[1]),
        "PAM_SUCCESS"
    );
    assert_eq!(
        login(&site, "news", "alice", HOME, "wrzng-00001"),
        "PAM_AUTH_ERR"
    );
    assert_eq!(
        login(&site, "news", "nobody-at-all", HOME, "?"),
        "PAM_AUTH_ERR"
    );
    assert_eq!(
        login(&site, "daemon", "alice", HOME, &sheet.codes[2]),
        "PAM_AUTHINFO_UNAVAIL"
    );
}

/// A mail server has thirty workers, all of one user.
#[test]
fn thirty_logins_of_one_trusted_user_at_once_are_all_judged() {
    let (site, _helper) = served("trusted = [\"news\"]\n");
    let phone = site.app_password("alice", &[]);
    let news = site.user("news");
    let mut hosts: Vec<_> = (0..30).map(|_| news.host()).collect();
    for host in &mut hosts {
        let request = Request::new("imap", "alice")
            .from(HOME)
            .answer(&phone.secret);
        host.ask(&site.here(request));
    }
    for host in hosts {
        assert_eq!(host.finish()[0].verdict(), "PAM_SUCCESS");
    }
}

#[test]
fn without_a_helper_or_a_key_everything_is_as_before() {
    let (site, helper) = served("");
    let phone = site.app_password("daemon", &[]);
    let own = || login(&site, "daemon", "daemon", HOME, &phone.secret);
    assert_eq!(own(), "PAM_SUCCESS");
    helper.kill();
    assert_eq!(own(), "PAM_AUTHINFO_UNAVAIL", "nobody listens any more");
    std::fs::remove_file(site.path("run/helper.sock")).expect("it was left");
    assert_eq!(own(), "PAM_AUTHINFO_UNAVAIL");
    let _helper = Helper::start(&site);
    assert_eq!(own(), "PAM_SUCCESS");
    site.chmod("mailotp.key", 0o644);
    assert_eq!(own(), "PAM_AUTHINFO_UNAVAIL", "not even the helper can");
}

#[test]
fn observe_mode_without_a_helper_goes_on_to_the_next_module() {
    let site = Site::of_root("mode = \"observe\"\n[helper]\nsocket = \"run/helper.sock\"\n");
    assert_eq!(
        login(&site, "daemon", "daemon", HOME, "main password"),
        "PAM_IGNORE"
    );
    let _helper = Helper::start(&site);
    assert_eq!(
        login(&site, "daemon", "daemon", HOME, "main password"),
        "PAM_IGNORE"
    );
    site.gate("mailotp-imap-challenge", "");
    for user in ["mail", "root"] {
        let request = Request::new("imap", user)
            .from(HOME)
            .answer("main password");
        let reply = ask(&site, &site.user("daemon"), request);
        assert_eq!(reply.verdict(), "PAM_IGNORE", "{user}");
        assert_eq!(
            reply.handed_on().as_deref(),
            Some("main password"),
            "{user}"
        );
        for (typed, code) in [("main password", "PAM_USER_UNKNOWN"), ("?", "PAM_AUTH_ERR")] {
            let request = Request::new("mailotp-imap-challenge", user)
                .from(HOME)
                .answer(typed);
            let reply = ask(&site, &site.user("daemon"), request);
            assert_eq!(reply.verdict(), code, "{user} {typed}");
        }
    }
}
