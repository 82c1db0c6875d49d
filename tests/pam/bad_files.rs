//! Files that cannot be trusted: the command says what is wrong and what mends it, the module lets
//! nobody in, and nothing is lost.

use std::fs;

use harness::output::Failure;
use harness::site::Site;
use harness::tool::tool;

use crate::HOME;

/// A site with a sheet, and what shows that it is whole.
struct Case {
    site: Site,
    codes: Vec<String>,
}

impl Case {
    fn new() -> Self {
        let site = Site::new("");
        let codes = site.sheet("alice").codes;
        Self { site, codes }
    }

    /// Module and command refuse to work: what the command says.
    fn is_refused(&self) -> Failure {
        let verdict = self.site.verdict("imap", "alice", HOME, &self.codes[0]);
        assert_eq!(verdict, "PAM_AUTHINFO_UNAVAIL");
        for command in [&["show"][..], &["add", "sheet"]] {
            let words = ["--user", "alice"].iter().chain(command);
            let human = self.site.cli(words.clone().copied()).exits(5);
            assert!(
                human.stdout.is_empty() && !human.stderr.contains("panicked"),
                "{human:?}"
            );
        }
        self.site
            .cli(["--json", "--user", "alice", "show"])
            .error(5)
    }

    /// All is as before.
    fn is_whole(&self) {
        let shown = self.site.json("alice", &["show"]);
        assert_eq!(shown["credentials"].as_array().map(Vec::len), Some(1));
        let verdict = self.site.verdict("imap", "alice", HOME, &self.codes[0]);
        assert_eq!(verdict, "PAM_SUCCESS");
    }

    fn with_mode(&self, name: &str, mode: u32) -> Failure {
        let proper = self.site.mode(name);
        self.site.chmod(name, mode);
        let failure = self.is_refused();
        self.site.chmod(name, proper);
        self.is_whole();
        failure
    }

    fn with_content(&self, name: &str, content: &[u8]) -> Failure {
        let (path, aside) = (self.site.path(name), self.site.path("aside"));
        let mode = self.site.mode(name);
        fs::rename(&path, &aside).expect("the file is there");
        self.site.write(name, content);
        self.site.chmod(name, mode);
        let failure = self.is_refused();
        assert_eq!(
            fs::read(&path).expect("it is there"),
            content,
            "it is left as it is"
        );
        fs::rename(&aside, &path).expect("the file is there");
        self.is_whole();
        failure
    }
}

#[test]
fn a_key_that_others_can_read_is_refused_with_the_command_that_mends_it() {
    for mode in [0o640, 0o604, 0o644, 0o660] {
        let failure = Case::new().with_mode("mailotp.key", mode);
        assert!(failure.remedy.contains("chmod"), "{failure:?}");
        assert!(failure.remedy.contains("mailotp.key"), "{failure:?}");
    }
}

#[test]
fn a_store_that_others_can_read_is_refused_with_the_command_that_mends_it() {
    for mode in [0o640, 0o644, 0o666] {
        let failure = Case::new().with_mode("store/mailotp.db", mode);
        assert!(failure.remedy.contains("chmod"), "{failure:?}");
        assert!(failure.remedy.contains("mailotp.db"), "{failure:?}");
    }
}

#[test]
fn a_configuration_that_others_can_write_is_refused_with_the_command_that_mends_it() {
    for mode in [0o664, 0o646, 0o666] {
        let failure = Case::new().with_mode("mailotp.toml", mode);
        assert!(failure.remedy.contains("chmod"), "{failure:?}");
        assert!(failure.remedy.contains("mailotp.toml"), "{failure:?}");
    }
}

#[test]
fn a_store_that_is_no_database_is_refused() {
    for content in [
        &b"this is no database, and it never was one\n".repeat(200)[..],
        b"x",
    ] {
        let failure = Case::new().with_content("store/mailotp.db", content);
        assert!(failure.message.contains("mailotp.db"), "{failure:?}");
    }
}

#[test]
fn an_empty_store_is_refused_and_not_taken_for_a_new_one() {
    Case::new().with_content("store/mailotp.db", b"");
}

#[test]
fn a_store_from_a_newer_version_is_refused() {
    let case = Case::new();
    let path = case.site.path("store/mailotp.db").display().to_string();
    let sql = |text: &str| tool("sqlite3", "sqlite3", &[&path, text]).done().stdout;
    let version = sql("PRAGMA user_version");
    let _ = sql("PRAGMA user_version = 9999");
    let failure = case.is_refused();
    assert!(failure.message.contains("version"), "{failure:?}");
    let _ = sql(&format!("PRAGMA user_version = {version}"));
    case.is_whole();
}

#[test]
fn a_key_that_is_torn_or_another_sites_is_refused() {
    let other = fs::read(Site::new("").path("mailotp.key")).expect("a site has a key");
    for content in [&b""[..], b"nonsense\n", &other[..other.len() / 2], &other] {
        let failure = Case::new().with_content("mailotp.key", content);
        assert!(failure.message.contains("mailotp.key"), "{failure:?}");
    }
}

#[test]
fn a_file_that_is_missing_is_refused_and_not_made_anew() {
    for name in ["mailotp.toml", "mailotp.key", "store/mailotp.db"] {
        let case = Case::new();
        let (path, aside) = (case.site.path(name), case.site.path("aside"));
        fs::rename(&path, &aside).expect("the file is there");
        case.is_refused();
        assert!(!path.exists(), "{name}");
        fs::rename(&aside, &path).expect("the file is there");
        case.is_whole();
    }
}

/// CVE-2024-47191 pam_oath: root followed a symlink.
#[test]
fn cve_2024_47191_a_store_that_is_a_symlink_is_refused() {
    let case = Case::new();
    let (path, aside) = (
        case.site.path("store/mailotp.db"),
        case.site.path("aside.db"),
    );
    fs::rename(&path, &aside).expect("the file is there");
    std::os::unix::fs::symlink(&aside, &path).expect("the folder is ours");
    case.is_refused();
    fs::rename(&aside, &path).expect("the file is there");
    case.is_whole();
}

#[test]
fn last_nights_copy_of_the_store_is_refused() {
    let case = Case::new();
    case.site.shell("cp -a store copy").done();
    // What the copy does not know yet is undone in the store, or its codes would come back.
    let gone = case.site.sheet("alice");
    case.site.json("alice", &["revoke", &gone.id]);
    case.site.shell("mv store newer && mv copy store").done();
    let failure = case.is_refused();
    assert!(failure.message.contains("older"), "{failure:?}");
    case.site.shell("mv store copy && mv newer store").done();
    case.is_whole();
}

#[test]
fn a_copy_of_the_store_that_lacks_nothing_but_a_login_is_refused() {
    let case = Case::new();
    let sheet = case.site.sheet("bob");
    let login = |from: &str| case.site.verdict("imap", "bob", from, &sheet.codes[0]);
    case.site.shell("cp -a store copy").done();
    assert_eq!(login("192.0.2.1"), "PAM_SUCCESS");
    for put_back in ["cp -a copy/. store/", "mv store newer && cp -a copy store"] {
        case.site.shell("cp -a store kept").done();
        case.site.shell(put_back).done();
        assert_eq!(login("192.0.2.2"), "PAM_AUTHINFO_UNAVAIL", "{put_back}");
        case.site.shell("rm -rf store && mv kept store").done();
    }
    assert_eq!(login("192.0.2.2"), "PAM_AUTH_ERR", "spent, and stays so");
}

/// Each with the line of the mistake.
const MISTAKES: [(&str, usize); 19] = [
    ("mode = \"enforce\"\ncolour = \"blue\"\n", 2),
    ("mode = \"maybe\"\n", 1),
    ("mode = 3\n", 1),
    ("[users]\nenrolment = \"never\"\n", 2),
    ("[users]\n\nexempts = []\n", 3),
    ("[users]\ncase = \"upper\"\n", 2),
    ("[grace]\nidle = \"ten minutes\"\n", 2),
    ("[grace]\nidle = 600\n", 2),
    ("[otp]\ndigits = 12\n", 2),
    ("[otp]\nsheet_accept = \"all\"\n", 2),
    ("[otp]\nchallenge = [\"totp\"]\n", 2),
    ("[[rule]]\naccept = [\"pasword\"]\n", 2),
    ("[[rule]]\naccept = [\"password\", \"password+otp\"]\n", 2),
    ("[[rule]]\nfrom = [\"192.0.2.0/33\"]\naccept = []\n", 2),
    ("[[rule]]\nfrom = [\"mail.example.com\"]\naccept = []\n", 2),
    ("[[rule]]\naccept = [\"otp\"]\ngrace = \"on\"\n", 3),
    ("[[rule]]\naccept = [\"otp\"]\nform = [\"local\"]\n", 3),
    ("[[rules]]\naccept = [\"otp\"]\n", 1),
    ("[users\n", 1),
];

#[test]
fn a_mistake_in_the_configuration_is_named_with_file_line_and_remedy() {
    let case = Case::new();
    for (toml, line) in MISTAKES {
        case.site.configure(toml);
        let failure = case.is_refused();
        assert!(
            failure.message.contains("mailotp.toml"),
            "{toml}{failure:?}"
        );
        let named = [format!(":{line}"), format!("line {line}")];
        assert!(
            named.iter().any(|name| failure.message.contains(name)),
            "{toml}{failure:?}"
        );
    }
    case.site.configure("");
    case.is_whole();
}

#[test]
fn a_rule_without_accept_is_a_mistake() {
    let case = Case::new();
    case.site.configure("[[rule]]\nservices = [\"imap\"]\n");
    let failure = case.is_refused();
    assert!(failure.message.contains("accept"), "{failure:?}");
}

#[test]
fn a_configuration_that_is_no_utf8_or_huge_is_refused() {
    for content in [
        &b"issuer = \"\xff\"\n"[..],
        &b"# a comment\n".repeat(1_000_000),
    ] {
        let case = Case::new();
        case.site.write("mailotp.toml", content);
        case.is_refused();
    }
}
