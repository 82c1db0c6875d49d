//! How many wrong guesses there are.

use harness::enrol::wrong_codes;
use harness::host::Request;
use harness::site::Site;

use crate::{ELSEWHERE, HOME, PASSWORD_TOO};

/// Types these one after the other: the verdicts.
fn try_all(site: &Site, user: &str, from: &str, typed: &[String]) -> Vec<String> {
    let login = |code| Request::new("imap", user).from(from).answer(code);
    let replies = site.ask_in_turn(typed.iter().map(login));
    replies
        .iter()
        .map(|reply| reply.verdict().to_owned())
        .collect()
}

/// Uses up what this address may guess at this account.
fn use_up(site: &Site, user: &str, from: &str) {
    let verdicts = try_all(site, user, from, &wrong_codes(11));
    assert_eq!(verdicts[..10], ["PAM_AUTH_ERR"; 10], "{user} from {from}");
    assert_eq!(verdicts[10], "PAM_MAXTRIES", "{user} from {from}");
}

#[test]
fn an_address_has_ten_wrong_codes_for_an_account() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    use_up(&site, "alice", HOME);
    assert_eq!(
        site.verdict("imap", "alice", HOME, &sheet.codes[0]),
        "PAM_MAXTRIES"
    );
}

#[test]
fn it_shuts_out_neither_other_addresses_nor_other_accounts() {
    let site = Site::new("");
    let (alice, bob) = (site.sheet("alice"), site.sheet("bob"));
    use_up(&site, "alice", HOME);
    assert_eq!(
        site.verdict("imap", "alice", "192.0.2.8", &alice.codes[0]),
        "PAM_SUCCESS"
    );
    assert_eq!(
        site.verdict("imap", "alice", "2001:db8::1", &alice.codes[1]),
        "PAM_SUCCESS"
    );
    assert_eq!(
        site.verdict("imap", "bob", HOME, &bob.codes[0]),
        "PAM_SUCCESS"
    );
}

#[test]
fn unknown_accounts_and_such_without_codes_look_alike() {
    let site = Site::new("");
    site.app_password("bob", &[]);
    for user in ["nobody-knows-me", "bob"] {
        use_up(&site, user, HOME);
    }
}

#[test]
fn ipv6_addresses_of_one_network_share_a_budget() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    use_up(&site, "alice", "2001:db8::1");
    let code = &sheet.codes[0];
    assert_eq!(
        site.verdict("imap", "alice", "2001:db8::ffff:ffff", code),
        "PAM_MAXTRIES"
    );
    assert_eq!(
        site.verdict("imap", "alice", "2001:db8:0:1::1", code),
        "PAM_SUCCESS"
    );
}

#[test]
fn the_same_wrong_secret_is_charged_once() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    let stale = vec!["wrzng-99999".to_owned(); 15];
    assert_eq!(try_all(&site, "alice", HOME, &stale), ["PAM_AUTH_ERR"; 15]);
    let verdicts = try_all(&site, "alice", HOME, &wrong_codes(9));
    assert_eq!(verdicts, ["PAM_AUTH_ERR"; 9]);
    assert_eq!(
        site.verdict("imap", "alice", HOME, &sheet.codes[0]),
        "PAM_MAXTRIES"
    );
}

/// CVE-2025-6015 Vault: another spelling got round the limit, or was counted again.
#[test]
fn cve_2025_6015_another_spelling_of_a_wrong_secret_is_the_same() {
    let site = Site::new("");
    site.sheet("alice");
    let spellings = [
        "wrzng00001",
        "WRZNG-00001",
        "wrzng 00001",
        "w-r-z-n-g-0-0-0-0-1",
    ];
    let typed: Vec<String> = spellings
        .iter()
        .cycle()
        .take(12)
        .map(ToString::to_string)
        .collect();
    assert_eq!(try_all(&site, "alice", HOME, &typed), ["PAM_AUTH_ERR"; 12]);
}

#[test]
fn a_right_code_is_not_charged() {
    let site = Site::new("");
    let sheet = site.sheet_with("alice", &["--count", "15"]);
    let verdicts = try_all(&site, "alice", HOME, &sheet.codes);
    assert_eq!(verdicts, ["PAM_SUCCESS"; 15]);
    use_up(&site, "alice", HOME);
}

#[test]
fn questions_cost_nothing() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    for typed in ["?", ""] {
        let questions = vec![typed.to_owned(); 15];
        assert_eq!(
            try_all(&site, "alice", HOME, &questions),
            ["PAM_AUTH_ERR"; 15]
        );
    }
    assert_eq!(
        site.verdict("imap", "alice", HOME, &sheet.codes[0]),
        "PAM_SUCCESS"
    );
    use_up(&site, "alice", HOME);
}

#[test]
fn app_passwords_are_outside_all_budgets() {
    let site = Site::new("");
    let app = site.app_password("alice", &[]);
    site.sheet("alice");
    use_up(&site, "alice", HOME);
    assert_eq!(
        site.verdict("imap", "alice", HOME, &app.secret),
        "PAM_SUCCESS"
    );
    assert_eq!(
        site.verdict("imap", "alice", HOME, &app.secret),
        "PAM_SUCCESS"
    );
}

#[test]
fn an_open_window_stays_open() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    assert_eq!(
        site.verdict("imap", "alice", HOME, &sheet.codes[0]),
        "PAM_SUCCESS"
    );
    use_up(&site, "alice", HOME);
    assert_eq!(
        site.verdict("imap", "alice", HOME, &sheet.codes[0]),
        "PAM_SUCCESS"
    );
}

#[test]
fn an_account_has_eight_wrong_digit_codes_from_everywhere() {
    let site = Site::new("");
    let totp = site.totp("alice");
    let sheet = site.sheet("alice");
    for (index, code) in totp.wrong_codes(8).iter().enumerate() {
        let from = format!("203.0.113.{index}");
        assert_eq!(site.verdict("imap", "alice", &from, code), "PAM_AUTH_ERR");
    }
    assert_eq!(
        site.verdict("imap", "alice", HOME, totp.code(0)),
        "PAM_MAXTRIES"
    );
    // Codes of 50 bits are not what it protects.
    assert_eq!(
        site.verdict("imap", "alice", HOME, &sheet.codes[0]),
        "PAM_SUCCESS"
    );
}

/// Promise 7: a stranger never keeps an owner out.
#[test]
fn where_the_owner_has_logged_in_a_budget_of_their_own_is_left() {
    let site = Site::new("[otp]\nwindow = 3\n");
    let totp = site.totp("alice");
    assert_eq!(
        site.verdict("imap", "alice", HOME, totp.code(0)),
        "PAM_SUCCESS"
    );
    let wrong = totp.wrong_codes(9);
    let verdicts: Vec<String> = (wrong.iter().enumerate())
        .map(|(index, code)| site.verdict("imap", "alice", &format!("203.0.113.{index}"), code))
        .collect();
    assert_eq!(verdicts[8], "PAM_MAXTRIES", "{verdicts:?}");
    assert_eq!(
        site.verdict("imap", "alice", ELSEWHERE, totp.code(1)),
        "PAM_MAXTRIES"
    );
    assert_eq!(
        site.verdict("imap", "alice", HOME, totp.code(1)),
        "PAM_SUCCESS"
    );
}

#[test]
fn where_passwords_are_accepted_only_secrets_of_a_codes_form_are_charged() {
    let site = Site::new(PASSWORD_TOO);
    let sheet = site.sheet("alice");
    let passwords: Vec<String> = (0..15)
        .map(|number| format!("pass word {number}!"))
        .collect();
    assert_eq!(
        try_all(&site, "alice", HOME, &passwords),
        ["PAM_IGNORE"; 15]
    );
    let verdicts = try_all(&site, "alice", HOME, &wrong_codes(11));
    assert_eq!(verdicts[..10], ["PAM_IGNORE"; 10]);
    assert_eq!(verdicts[10], "PAM_MAXTRIES");
    assert_eq!(
        site.verdict("imap", "alice", HOME, "pass word!"),
        "PAM_IGNORE"
    );
    assert_eq!(
        site.verdict("imap", "alice", ELSEWHERE, &sheet.codes[0]),
        "PAM_SUCCESS"
    );
}

/// CVE-2026-35597 Vikunja: the counter was rolled back; and guesses in parallel are as many guesses.
#[test]
fn cve_2026_35597_guesses_at_the_same_time_are_all_counted() {
    let site = Site::new("");
    site.sheet("alice");
    let guesses = wrong_codes(16);
    let logins = guesses
        .iter()
        .map(|code| Request::new("imap", "alice").from(HOME).answer(code));
    let replies = site.ask_at_once(logins);
    let judged = replies
        .iter()
        .filter(|reply| reply.verdict() == "PAM_AUTH_ERR")
        .count();
    let stopped = replies
        .iter()
        .filter(|reply| reply.verdict() == "PAM_MAXTRIES")
        .count();
    assert_eq!((judged, stopped), (10, 6), "{replies:?}");
}

#[test]
fn a_guess_is_counted_also_where_its_process_is_killed() {
    let site = Site::new("");
    site.sheet("alice");
    let mut answered = 0;
    for code in wrong_codes(40) {
        let mut host = site.host();
        host.ask(&site.here(Request::new("imap", "alice").from(HOME).answer(&code)));
        std::thread::sleep(std::time::Duration::from_millis(60));
        let replies = host.kill();
        answered += replies
            .iter()
            .filter(|reply| reply.verdict() == "PAM_AUTH_ERR")
            .count();
    }
    assert!(answered <= 10, "{answered} guesses were answered");
}
