//! Operators help others: `show`, `revoke`, `forgive`, and a sheet that expires soon.

use harness::enrol::{Sheet, wrong_codes};

use super::served;
use crate::HOME;

const OPERATORS: &str = "operators = [\"News\", \"@help\"]\n[groups]\nhelp = [\"games\"]\n";

#[test]
fn an_operator_shows_revokes_forgives_and_makes_a_sheet_for_a_week() {
    let (site, _helper) = served(OPERATORS);
    let phone = site.app_password("mail", &["phone"]);
    for name in ["news", "games"] {
        let operator = site.user(name);
        let shown = operator.json(&["--user", "mail", "show"]);
        assert_eq!(shown["account"], "mail");
        assert_eq!(operator.json(&["user", "show", "mail"]), shown);
        operator.cli(&["user", "forgive", "mail"]).done();
        for expires in ["7d", "3h"] {
            let words = [
                "--user",
                "mail",
                "add",
                "sheet",
                "--count",
                "1",
                "--expires",
                expires,
            ];
            let sheet = Sheet::of(&operator.json(&words));
            assert_eq!(
                site.verdict("imap", "mail", HOME, &sheet.codes[0]),
                "PAM_SUCCESS"
            );
        }
    }
    let news = site.user("news");
    news.cli(&["--user", "mail", "revoke", "phone"]).done();
    assert_eq!(
        site.verdict("imap", "mail", HOME, &phone.secret),
        "PAM_AUTH_ERR"
    );
    let events = site.events();
    let revoked = events
        .iter()
        .rfind(|event| event["reason"] == "revoked" && event["result"] == "changed");
    assert_eq!(revoked.expect("an event")["actor"], "news");
}

#[test]
fn forgiving_by_an_operator_gives_the_guesses_back() {
    let (site, _helper) = served(OPERATORS);
    let sheet = site.sheet("mail");
    for code in wrong_codes(10) {
        assert_eq!(site.verdict("imap", "mail", HOME, code), "PAM_AUTH_ERR");
    }
    let right = || site.verdict("imap", "mail", HOME, &sheet.codes[0]);
    assert_eq!(right(), "PAM_MAXTRIES");
    site.user("news").cli(&["user", "forgive", "mail"]).done();
    assert_eq!(right(), "PAM_SUCCESS");
}

#[test]
fn an_operator_may_no_more() {
    let (site, _helper) = served(OPERATORS);
    site.app_password("mail", &["phone"]);
    let news = site.user("news");
    let sheet = ["add", "sheet", "--count", "1"];
    let place = ["--service", "imap", "--from", HOME];
    let commands: &[&[&str]] = &[
        &sheet,
        &[&sheet[..], &["--expires", "8d"]].concat(),
        &[&sheet[..], &["--expires", "169h"]].concat(),
        &[&sheet[..], &["--expires", "2999-01-01"]].concat(),
        &[&sheet[..], &["--expires", "nonsense"]].concat(),
        &["add", "app-password", "--expires", "1d"],
        &["add", "totp", "--no-confirm"],
        &["add", "alias"],
        &["replace", "phone"],
        &["rename", "phone", "x"],
        &["challenge"],
        &["log"],
        &["pin", "clear"],
        &["grace", "end"],
        &["rule", "add", "--deny"],
        &[&["verify"], &place[..]].concat(),
        &[&["check"], &place[..]].concat(),
        &["user", "list"],
        &["user", "lock", "mail"],
        &["user", "unlock", "mail"],
        &["user", "remove", "mail"],
        &["user", "rename", "mail", "x"],
    ];
    let before = site.json("mail", &["show"]);
    for command in commands {
        let words = [&["--json", "--user", "mail"], *command].concat();
        news.reading("1234\n1234\n", &words).error(3);
    }
    let new = [
        "--json",
        "--user",
        "mallory",
        "--new",
        "add",
        "sheet",
        "--expires",
        "1d",
    ];
    news.cli(&new).error(3);
    let unknown = [
        "--json",
        "--user",
        "mallory",
        "add",
        "sheet",
        "--expires",
        "1d",
    ];
    news.cli(&unknown).error(4);
    news.cli(&["--json", "log"]).done();
    assert_eq!(site.json("mail", &["show"]), before);
}

/// For themselves operators are users like all others: with codes, they need one.
#[test]
fn an_operator_has_no_way_around_the_own_codes() {
    let (site, _helper) = served(OPERATORS);
    let news = site.user("news");
    let sheet = super::sheet(&news);
    let add = [
        "--user",
        "news",
        "add",
        "sheet",
        "--count",
        "1",
        "--expires",
        "1d",
    ];
    news.cli(&[&["--json"], &add[..]].concat()).error(3);
    news.reading(&format!("{}\n", sheet.codes[0]), &add).done();
}
