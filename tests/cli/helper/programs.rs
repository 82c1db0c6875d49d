//! Programs of the system: trusted ones have logins judged, managers act with an account's secret.

use harness::enrol::Sheet;
use harness::output::Output;
use serde_json::json;

use super::served;
use crate::HOME;

const WEBMAIL: &str = "managers = [\"www-data\"]\ntrusted = [\"news\"]\n";
const PLACE: [&str; 4] = ["--service", "imap", "--from", HOME];

fn check(site: &harness::site::Site, program: &str, user: &str, typed: &str) -> Output {
    let words = [&["--json", "--user", user, "check"], &PLACE[..]].concat();
    site.user(program).reading(&format!("{typed}\n"), &words)
}

#[test]
fn a_trusted_program_has_the_login_of_any_account_judged() {
    let (site, _helper) = served(WEBMAIL);
    let sheet = site.sheet("alice");
    let accepted = check(&site, "news", "alice", &sheet.codes[0]).json();
    assert_eq!(accepted, json!({"result": "accepted", "user": null}));
    let again = check(&site, "news", "alice", &sheet.codes[0]).json();
    assert_eq!(again["result"], "continued");
    for (user, typed, result) in [
        ("alice", "wrzng-00001", "refused"),
        ("alice", "?", "refused"),
        ("alice", "", "refused"),
        ("nobody-at-all", "wrzng-00001", "refused"),
        ("root", "whatever", "passed"),
    ] {
        let output = check(&site, "news", user, typed).exits(1);
        let said: serde_json::Value = serde_json::from_str(&output.stdout).expect("JSON");
        assert_eq!(said["result"], result, "{user} {typed}");
    }
    assert_eq!(site.last_login()["account"], "alice");
}

#[test]
fn a_one_time_user_name_is_resolved_for_a_trusted_program() {
    let (site, _helper) = served(WEBMAIL);
    let sheet = site.sheet("alice");
    let aliases = site.add("alice", &["alias", "--count", "1"]);
    let alias = aliases["aliases"][0].as_str().expect("an alias");
    let accepted = check(&site, "news", alias, &sheet.codes[0]).json();
    assert_eq!(accepted, json!({"result": "accepted", "user": "alice"}));
}

#[test]
fn a_trusted_program_may_do_nothing_else_for_others() {
    let (site, _helper) = served(WEBMAIL);
    let sheet = site.sheet("alice");
    let news = site.user("news");
    for words in [
        &["show"][..],
        &["challenge"],
        &["log"],
        &["add", "sheet"],
        &["revoke", "--all"],
        &[&["verify"], &PLACE[..]].concat(),
    ] {
        let words = [&["--json", "--user", "alice"], words].concat();
        news.reading(&format!("{}\n", sheet.codes[0]), &words)
            .error(3);
    }
    let words = [&["--json", "--user", "alice", "check"], &PLACE[..]].concat();
    site.user("www-data")
        .reading(&sheet.codes[0], &words)
        .error(3);
}

#[test]
fn a_manager_acts_for_an_account_with_its_secret() {
    let (site, _helper) = served(WEBMAIL);
    let sheet = site.sheet("alice");
    let webmail = site.user("www-data");
    let code = format!("{}\n", sheet.codes[0]);
    let shown = webmail.json_reading(&code, &["--user", "alice", "show"]);
    assert_eq!(shown["account"], "alice");
    let words = ["--user", "Alice", "add", "sheet", "--count", "1"];
    let made = Sheet::of(&webmail.json_reading(&code, &words));
    assert_eq!(made.codes.len(), 1);
    let events = site.events();
    let login = events.iter().find(|event| event["service"] == "manage");
    assert_eq!(login.expect("an event")["result"], "accepted");
    let added = events.last().expect("an event");
    assert_eq!(
        (&added["actor"], &added["account"]),
        (&json!("www-data"), &json!("alice"))
    );
}

#[test]
fn a_manager_without_the_right_secret_is_refused() {
    let (site, _helper) = served(WEBMAIL);
    let sheet = site.sheet("alice");
    let mail_only = site.app_password("alice", &["--service", "mail"]);
    let webmail = site.user("www-data");
    for user in ["alice", "nobody-at-all", "root"] {
        for typed in ["", "?", "wrzng-00001", "a main password", &mail_only.secret] {
            for words in [
                &["show"][..],
                &["add", "sheet"],
                &["revoke", "--all"],
                &["--new", "add", "sheet"],
            ] {
                let words = [&["--json", "--user", user], words].concat();
                webmail.reading(&format!("{typed}\n"), &words).error(3);
            }
        }
    }
    let administration: &[&[&str]] = &[
        &["user", "list"],
        &["user", "forgive", "alice"],
        &["maintain"],
        &["pin", "set", "--site"],
    ];
    for words in administration {
        let words = [&["--json", "--user", "alice"], *words].concat();
        webmail
            .reading(&format!("{}\n", sheet.codes[0]), &words)
            .error(3);
    }
    let accounts = site.cli(["--json", "user", "list"]).json();
    assert_eq!(accounts.as_array().map(Vec::len), Some(1));
}

/// What the rules accept for the service `manage` is what a manager may come with.
#[test]
fn the_rules_for_manage_decide_which_secrets_of_an_account_do() {
    let (site, _helper) = served(&format!(
        "{WEBMAIL}[[rule]]\nservices = [\"manage\"]\naccept = [\"otp\"]\n[[rule]]\naccept = [\"app-password\", \"password\"]\n"
    ));
    let (sheet, phone) = (site.sheet("alice"), site.app_password("alice", &[]));
    let webmail = site.user("www-data");
    let show = ["--json", "--user", "alice", "show"];
    webmail
        .reading(&format!("{}\n", phone.secret), &show)
        .error(3);
    webmail
        .reading(&format!("{}\n", sheet.codes[0]), &show)
        .done();
}

#[test]
fn a_manager_shows_nothing_where_the_rules_only_observe_or_leave_all_to_the_password() {
    for rules in [
        "[[rule]]\naccept = [\"password\"]\n",
        "[[rule]]\nmode = \"observe\"\naccept = [\"otp\"]\n",
        "[[rule]]\naccept = []\n",
    ] {
        let (site, _helper) = served(&format!("{WEBMAIL}{rules}"));
        site.app_password("alice", &[]);
        let show = ["--json", "--user", "alice", "show"];
        site.user("www-data")
            .reading("a main password\n", &show)
            .error(3);
    }
}

/// CVE-2021-32688 Nextcloud: a token of an application made itself more. An app password is on a device
/// that stores it: beside codes it opens nothing new.
#[test]
fn cve_2021_32688_a_manager_with_an_app_password_adds_nothing_where_there_are_codes() {
    let (site, _helper) = served(WEBMAIL);
    let phone = site.app_password("alice", &["phone"]);
    let webmail = site.user("www-data");
    let typed = format!("{}\n", phone.secret);
    let add = ["--json", "--user", "alice", "add", "app-password"];
    webmail.reading(&typed, &add).done();
    let sheet = site.sheet("alice");
    for words in [
        &["add", "app-password"][..],
        &["add", "sheet"],
        &["replace", "phone"],
        &["pin", "clear"],
        &["rule", "add", "--accept", "otp"],
    ] {
        let words = [&["--json", "--user", "alice"], words].concat();
        webmail.reading(&typed, &words).error(3);
    }
    webmail.reading(&typed, &["--user", "alice", "show"]).done();
    webmail
        .reading(&format!("{}\n", sheet.codes[0]), &add)
        .done();
}

/// The code of a user who is at work in a webmail is spent; where `manage` is in the group of services whose window it
/// has opened, it shows what is left, and ends that window, and it is good for no more.
#[test]
fn a_manager_says_where_a_user_is_whose_window_is_good_there_and_widens_nothing() {
    let (site, _helper) = served(&format!(
        "{WEBMAIL}[services]\nmail = [\"imap\", \"webmail\", \"manage\"]\n"
    ));
    let sheet = site.sheet("alice");
    let accepted = check(&site, "news", "alice", &sheet.codes[0]).json();
    assert_eq!(accepted["result"], "accepted");
    let webmail = site.user("www-data");
    let code = format!("{}\n", sheet.codes[0]);
    let run = |at: &[&str], words: &[&str]| {
        let words = [&["--json", "--user", "alice"], at, words].concat();
        webmail.reading(&code, &words)
    };
    let shown = run(&["--at", HOME], &["show"]).json();
    let count = sheet.codes.len();
    assert_eq!(shown["credentials"][0]["left"], count - 1);
    let login = site.last_login();
    assert_eq!(
        (&login["service"], &login["remote"]),
        (&json!("manage"), &json!(HOME))
    );
    // Neither elsewhere, nor for who does not say where.
    run(&["--at", "198.51.100.9"], &["show"]).error(3);
    run(&[], &["show"]).error(3);
    for words in [
        &["add", "app-password"][..],
        &["pin", "clear"],
        &["rule", "add", "--accept", "otp"],
    ] {
        let error = run(&["--at", HOME], words).error(3);
        assert!(
            error.message.contains("a code of its own"),
            "{}",
            error.message
        );
        run(&[], words).error(3);
    }
    run(&["--at", HOME], &["grace", "end"]).done();
    run(&["--at", HOME], &["show"]).error(3);
    let left = site.cli(["--json", "--user", "alice", "show"]).json();
    assert_eq!(left["credentials"][0]["left"], count - 1);
}

#[test]
fn nobody_but_a_manager_says_where_a_user_is() {
    let (site, _helper) = served("operators = [\"news\"]\ntrusted = [\"news\"]\n");
    site.sheet("alice");
    let words = ["--json", "--user", "alice", "--at", HOME, "show"];
    let own = ["--json", "--user", "daemon", "--at", HOME, "show"];
    for output in [
        site.cli(words),
        site.user("news").cli(&words),
        site.user("daemon").cli(&own),
    ] {
        let error = output.error(3);
        assert!(
            error.message.contains("--at is for managers"),
            "{}",
            error.message
        );
    }
    let nowhere = ["--json", "--user", "alice", "--at", "elsewhere", "show"];
    site.cli(nowhere).error(2);
}

/// Who is both may help without a secret, and needs one for the rest.
#[test]
fn a_manager_who_is_an_operator_is_not_asked_for_what_operators_may() {
    let (site, _helper) = served("managers = [\"news\"]\noperators = [\"news\"]\n");
    let sheet = site.sheet("alice");
    let news = site.user("news");
    news.cli(&["--user", "alice", "show"]).done();
    news.cli(&["--json", "--user", "alice", "log"]).error(3);
    news.reading(
        &format!("{}\n", sheet.codes[0]),
        &["--user", "alice", "log"],
    )
    .done();
}
