//! The command alone: where one stands, and what to do next.

use harness::site::Site;
use serde_json::json;

#[test]
fn alone_it_tells_an_administrator_what_the_site_does_and_the_next_step() {
    let site = Site::new("mode = \"observe\"\n");
    let said = site.cli([]).done().stdout;
    assert!(
        said.contains("observe") && said.contains("--new add"),
        "{said}"
    );
    site.app_password("alice", &[]);
    let said = site.cli([]).done().stdout;
    assert!(said.contains("--would-refuse"), "{said}");
    let status = site.cli(["--json"]).json();
    assert_eq!(status["accounts"], json!(1));
    assert_eq!(status["mode"], json!("observe"));
}

#[test]
fn for_an_account_it_says_what_there_is_and_what_is_missing() {
    let site = Site::new("");
    let alone = |user: &str| site.cli(["--user", user]).done().stdout;
    let nothing = alone("alice");
    assert!(nothing.contains("alice has nothing yet"), "{nothing}");
    assert!(nothing.contains("add app-password") && nothing.contains("add sheet"));
    let sheet = site.sheet("alice");
    let some = alone("alice");
    assert!(
        some.contains(&format!("Sheet {}: number 1", sheet.name)),
        "{some}"
    );
    assert!(some.contains("add app-password"), "{some}");
    site.app_password("alice", &[]);
    assert!(!alone("alice").contains("add app-password"));
}

#[test]
fn completions_and_pages_are_made_from_the_words_of_the_command_line() {
    let site = Site::bare();
    for (shell, word) in [
        ("bash", "complete"),
        ("zsh", "#compdef"),
        ("fish", "complete -c"),
    ] {
        let script = site.cli(["completions", shell]).done().stdout;
        assert!(
            script.contains(word) && script.contains("app-password"),
            "{shell}"
        );
    }
    let folder = site.path("scratch").display().to_string();
    site.cli(["man", &folder]).done();
    for (page, word) in [
        ("mailotp-cli-add-sheet.8", "Example: mailotp-cli"),
        ("mailotp-cli-user-lock.8", "--at"),
    ] {
        let text = std::fs::read_to_string(site.path("scratch").join(page)).unwrap();
        let text = text.replace('\\', "");
        assert!(text.contains(word), "{page}: {text}");
    }
    site.cli(["man", "/nonexistent"]).exits(1);
}
