//! Sheets of one-time codes.

use harness::site::Site;

use crate::{ELSEWHERE, HOME};

const ANY: &str = "[otp]\nsheet_accept = \"any\"\n";

/// A code as somebody may type it.
fn spellings(code: &str) -> [String; 5] {
    let bare: String = code.chars().filter(|letter| *letter != '-').collect();
    let spaced: Vec<String> = bare.chars().map(String::from).collect();
    [
        code.to_uppercase(),
        bare.clone(),
        spaced.join(" "),
        format!("{}--{}", &bare[..3], &bare[3..]),
        // The look-alikes of the alphabet, as people read them off a sheet.
        bare.replace('0', "o").replace('1', "l"),
    ]
}

#[test]
fn codes_have_the_form_of_the_manual() {
    let site = Site::new("");
    let sheet = site.sheet_with("alice", &[]);
    assert_eq!(sheet.codes.len(), 50);
    for code in &sheet.codes {
        let (left, right) = code.split_once('-').expect("a dash in the middle");
        assert!(left.len() == 5 && right.len() == 5, "{code}");
        assert!(
            code.chars()
                .all(|letter| letter == '-' || letter.is_ascii_alphanumeric())
        );
        assert!(
            !code.contains(['i', 'l', 'o', 'I', 'L', 'O']),
            "no look-alikes: {code}"
        );
    }
}

#[test]
fn the_next_code_is_accepted_and_a_later_one_is_not() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    assert_eq!(
        site.verdict("imap", "alice", HOME, &sheet.codes[1]),
        "PAM_AUTH_ERR"
    );
    for code in &sheet.codes[..3] {
        assert_eq!(site.verdict("imap", "alice", HOME, code), "PAM_SUCCESS");
    }
}

#[test]
fn any_code_is_accepted_where_the_site_says_so_and_each_once() {
    let site = Site::new(ANY);
    let sheet = site.sheet("alice");
    for index in [7, 0, 9, 3] {
        let code = &sheet.codes[index];
        assert_eq!(
            site.verdict("imap", "alice", HOME, code),
            "PAM_SUCCESS",
            "{index}"
        );
        assert_eq!(
            site.verdict("imap", "alice", ELSEWHERE, code),
            "PAM_AUTH_ERR",
            "{index}"
        );
    }
}

#[test]
fn of_several_sheets_the_next_code_of_each_is_accepted() {
    let site = Site::new("");
    let sheets = [
        site.sheet("alice"),
        site.sheet("alice"),
        site.sheet("alice"),
    ];
    for sheet in sheets.iter().rev() {
        assert_eq!(
            site.verdict("imap", "alice", HOME, &sheet.codes[0]),
            "PAM_SUCCESS"
        );
    }
}

/// CVE-2013-7322 pam_oath: the wrong line was marked as used.
#[test]
fn cve_2013_7322_the_code_that_matched_is_the_one_that_is_spent() {
    let site = Site::new("");
    let (first, second) = (site.sheet("alice"), site.sheet("alice"));
    assert_eq!(
        site.verdict("imap", "alice", HOME, &second.codes[0]),
        "PAM_SUCCESS"
    );
    let due = site.json("alice", &["challenge"]);
    assert_eq!(due["sheets"][0]["name"], first.name.as_str());
    assert_eq!(due["sheets"][0]["number"], 1);
    assert_eq!(due["sheets"][1]["name"], second.name.as_str());
    assert_eq!(due["sheets"][1]["number"], 2);
}

#[test]
fn case_blanks_dashes_and_look_alikes_do_not_matter() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    let spelt = sheet.codes.iter().enumerate();
    for (index, code) in spelt {
        let typed = &spellings(code)[index % 5];
        assert_eq!(
            site.verdict("imap", "alice", HOME, typed),
            "PAM_SUCCESS",
            "{code} as {typed}"
        );
    }
}

/// CVE-2025-6014 Vault: a code was used again with a blank in it.
#[test]
fn cve_2025_6014_a_spent_code_stays_spent_in_every_spelling() {
    for toml in ["", ANY] {
        let site = Site::new(toml);
        let sheet = site.sheet("alice");
        let code = &sheet.codes[0];
        assert_eq!(site.verdict("imap", "alice", HOME, code), "PAM_SUCCESS");
        for typed in spellings(code) {
            assert_eq!(
                site.verdict("imap", "alice", ELSEWHERE, &typed),
                "PAM_AUTH_ERR",
                "{typed}"
            );
        }
    }
}

#[test]
fn a_code_that_is_cut_or_longer_is_wrong() {
    let site = Site::new("[[rule]]\naccept = [\"otp\"]\n");
    let sheet = site.sheet("alice");
    let code = &sheet.codes[0];
    for typed in [
        &code[..10],
        &code[1..],
        &format!("{code}0"),
        &format!("0{code}"),
    ] {
        assert_eq!(
            site.verdict("imap", "alice", HOME, typed),
            "PAM_AUTH_ERR",
            "{typed}"
        );
    }
    assert_eq!(site.verdict("imap", "alice", HOME, code), "PAM_SUCCESS");
}

#[test]
fn a_code_of_somebody_else_is_wrong() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    site.sheet("bob");
    assert_eq!(
        site.verdict("imap", "bob", HOME, &sheet.codes[0]),
        "PAM_AUTH_ERR"
    );
    assert_eq!(
        site.verdict("imap", "alice", HOME, &sheet.codes[0]),
        "PAM_SUCCESS"
    );
}

#[test]
fn a_sheet_ends_with_its_last_code() {
    let site = Site::new("");
    let sheet = site.sheet_with("alice", &["--count", "2"]);
    for code in &sheet.codes {
        assert_eq!(site.verdict("imap", "alice", HOME, code), "PAM_SUCCESS");
    }
    assert_eq!(
        site.verdict("imap", "alice", HOME, "wrzng-00001"),
        "PAM_AUTH_ERR"
    );
    assert_eq!(
        site.verdict("imap", "alice", ELSEWHERE, &sheet.codes[1]),
        "PAM_AUTH_ERR"
    );
}

/// The window of the old code stays open beside the new one: mail programs take turns.
#[test]
fn a_new_code_does_not_shut_the_window_of_the_one_before() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    for index in [0, 1, 0, 1] {
        assert_eq!(
            site.verdict("imap", "alice", HOME, &sheet.codes[index]),
            "PAM_SUCCESS"
        );
    }
}
