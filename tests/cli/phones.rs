//! Phones that are set up without typing: profiles, and QR codes of mail accounts.

use std::fs;

use harness::plist;
use harness::qr::{Picture, read};
use harness::site::Site;
use serde_json::{Value, json};

use crate::HOME;

/// A site whose users have addresses, and whose issuer is the name of its server.
pub const NAMED: &str = "otp.issuer = \"mail.example.com\"\nusers.domain = \"example.com\"\n";

const QR: [&str; 3] = ["app-password", "phone", "--qr"];

/// How many credentials the account has.
fn count(site: &Site) -> usize {
    let shown = site.json("alice", &["show"]);
    shown["credentials"].as_array().expect("a list").len()
}

/// The words of the password for people, without dashes.
pub fn ungrouped(made: &Value) -> String {
    made["secret"].as_str().expect("a secret").replace('-', "")
}

/// What a profile says of the one mail account in it.
#[track_caller]
pub fn mail_of(profile: &Value) -> Value {
    let payloads = profile["PayloadContent"].as_array().expect("a list");
    let [mail] = payloads.as_slice() else {
        panic!("one account: {profile}");
    };
    assert_eq!(mail["PayloadType"], "com.apple.mail.managed");
    mail.clone()
}

/// What a QR code says, which must be JSON of this one account.
#[track_caller]
fn setup_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn a_qr_code_sets_up_reading_and_sending_whatever_it_is_drawn_with() {
    let site = Site::new(NAMED);
    site.sheet("alice");
    for format in ["terminal", "png", "svg"] {
        let words = [
            "--user",
            "alice",
            "add",
            "app-password",
            format,
            "--qr",
            format,
        ];
        let into = ["--output", format];
        let said = if format == "terminal" {
            let shown = site.cli(words).done().stdout;
            Picture::from_terminal(&shown).read()
        } else {
            site.cli(words.into_iter().chain(into)).done();
            assert_eq!(site.mode(format), 0o600);
            match format {
                "png" => read(&site.path(format)),
                _ => {
                    let svg = fs::read_to_string(site.path(format)).expect("it was written");
                    Picture::from_svg(&svg).read()
                }
            }
        };
        let setup = setup_of(&said);
        let password = setup[2][7].as_str().expect("a password");
        let incoming = json!([0, "mail.example.com", 993, 3, 1, "alice", "", password]);
        let outgoing = json!([0, "mail.example.com", 465, 3, 1, "alice", password]);
        let identity = json!(["alice@example.com", "alice"]);
        let expected = json!([1, [1, 1], incoming, [[outgoing, identity]]]);
        assert_eq!(setup, expected, "{format}");
        for service in ["imap", "submission"] {
            let verdict = site.verdict(service, "alice", HOME, password);
            assert_eq!(verdict, "PAM_SUCCESS", "{format}");
        }
    }
}

#[test]
fn a_terminal_shows_the_app_password_below_its_qr_code() {
    let site = Site::new(NAMED);
    let words = ["--user", "alice", "--new", "add"].iter().chain(&QR);
    let shown = site.cli(words.copied().chain(["terminal"])).done().stdout;
    let setup = setup_of(&Picture::from_terminal(&shown).read());
    let (_, below) = shown.rsplit_once('█').expect("blocks");
    let mut words = below.split_whitespace();
    let secret = words.find(|word| word.len() == 34 && word.starts_with("app"));
    let secret = secret.unwrap_or_else(|| panic!("{below}"));
    assert_eq!(setup[2][7], secret.replace('-', ""));
    for fact in ["alice@example.com", "mail.example.com", "993", "465"] {
        assert!(below.contains(fact), "{fact}: {below}");
    }
}

#[test]
fn an_svg_goes_alone_to_standard_output() {
    let site = Site::new(NAMED);
    let words = ["--user", "alice", "--new", "add"].iter().chain(&QR);
    let shown = site.cli(words.copied().chain(["svg"])).done().stdout;
    assert!(shown.trim_end().ends_with("</svg>"), "{shown}");
    let setup = setup_of(&Picture::from_svg(&shown).read());
    assert_eq!(setup[2][1], "mail.example.com");
}

#[test]
fn names_beyond_ascii_come_through_a_qr_code() {
    let site = Site::new(NAMED);
    let arguments = [&QR[..], &["svg", "--address", "juergen@example.com"]].concat();
    let made = site.add("j\u{fc}rgen", &arguments);
    let setup = setup_of(made["setup"].as_str().expect("the text of the QR code"));
    assert_eq!(setup[2][5], "j\u{fc}rgen");
    assert_eq!(
        setup[3][0][1],
        json!(["juergen@example.com", "j\u{fc}rgen"])
    );
    assert_eq!(setup[2][7], ungrouped(&made));
}

#[test]
fn the_domain_of_an_account_is_its_address_already() {
    let site = Site::new("users.domain = \"example.com\"\n");
    let server = ["svg", "--server", "mx.example.com"];
    let made = site.add("bob@example.org", &[&QR[..], &server].concat());
    let setup = setup_of(made["setup"].as_str().expect("the text of the QR code"));
    assert_eq!(setup[2][5], "bob@example.org");
    assert_eq!(setup[3][0][1], json!(["bob@example.org", "bob"]));
}

#[test]
fn what_the_scope_refuses_is_not_set_up() {
    let site = Site::new(&format!(
        "{NAMED}services.mail = [\"imap\", \"submission\"]\nservices.letters = [\"smtp\"]\n"
    ));
    site.sheet("alice");
    for (services, sends) in [
        (&["imap"][..], false),
        (&["imap", "sieve"], false),
        (&["imap", "submission"], true),
        (&["imap", "letters"], true),
        (&["mail"], true),
    ] {
        let label = services.join(" ");
        let scope: Vec<&str> = services
            .iter()
            .flat_map(|name| ["--service", name])
            .collect();
        let scanned = [&["app-password", &label, "--qr", "svg"], &scope[..]].concat();
        let made = site.add("alice", &scanned);
        let setup = setup_of(made["setup"].as_str().expect("the text of the QR code"));
        let outgoing = if sends {
            json!([0, "mail.example.com", 465, 3, 1, "alice", ungrouped(&made)])
        } else {
            json!([0, "mail.example.com", 465, 3, 0, ""])
        };
        assert_eq!(setup[3][0][0], outgoing, "{label}");

        let label = format!("{label}, profile");
        let form = ["app-password", &label, "--format", "mobileconfig"];
        let made = site.add("alice", &[&form, &scope[..]].concat());
        let mail = mail_of(&plist::read(made["profile"].as_str().expect("a profile")));
        let (means, password) = if sends {
            ("EmailAuthPassword", json!(ungrouped(&made)))
        } else {
            ("EmailAuthNone", Value::Null)
        };
        assert_eq!(mail["OutgoingMailServerAuthentication"], means, "{label}");
        assert_eq!(mail["OutgoingPassword"], password, "{label}");
        assert_eq!(mail["IncomingPassword"], ungrouped(&made), "{label}");
    }
    let before = count(&site);
    let words = ["--json", "--user", "alice", "add", "app-password"];
    let scope = ["--qr", "svg", "--service", "submission"];
    let failure = site.cli(words.into_iter().chain(scope)).error(2);
    assert!(failure.remedy.contains("--service imap"), "{failure:?}");
    assert_eq!(count(&site), before);
}

#[test]
fn what_is_not_known_of_the_server_is_asked_for() {
    let site = Site::new("otp.issuer = \"mail.example.com\"\n");
    site.sheet("alice");
    let words = ["--json", "--user", "alice", "add", "app-password"];
    let failure = site.cli(words.into_iter().chain(["--qr", "svg"])).error(2);
    assert!(failure.remedy.contains("--address"), "{failure:?}");
    for wrong in [
        &["--qr", "svg", "--address", "alice"][..],
        &["--qr", "svg", "--address", "a b@example.com"],
        &["--qr", "svg", "--address", "j\u{fc}rgen@example.com"],
        &["--qr", "svg", "--address", "a@b", "--server", "Our Server"],
        &["--qr", "svg", "--address", "a@b", "--server", ""],
        &["--qr", "svg", "--address", "a@b", "--imap-port", "0"],
        &[
            "--qr",
            "svg",
            "--address",
            "a@b",
            "--submission-port",
            "65536",
        ],
        &["--qr", "png", "--address", "a@b"],
        &[
            "--qr",
            "svg",
            "--address",
            "a@b",
            "--format",
            "mobileconfig",
        ],
        &["--address", "a@b"],
        &["--server", "mx.example.com"],
        &["--imap-port", "993"],
    ] {
        site.cli(words.into_iter().chain(wrong.iter().copied()))
            .error(2);
    }
    assert_eq!(count(&site), 1);
}

#[test]
fn a_phone_whose_output_cannot_be_written_has_no_password() {
    let site = Site::new(NAMED);
    site.sheet("alice");
    site.write("taken", "an old file\n");
    for form in [
        &["--format", "mobileconfig"][..],
        &["--qr", "png"],
        &["--qr", "svg"],
        &["--qr", "terminal"],
        &[],
    ] {
        for output in ["no/such/folder/file", "taken", "/dev/full", "pam.d"] {
            let words = ["--json", "--user", "alice", "add", "app-password"];
            let into = ["--output", output];
            let words = words.iter().chain(form).chain(&into);
            site.cli(words.copied()).error(1);
            assert_eq!(count(&site), 1, "{form:?} {output}");
        }
        let add = format!("--user alice add app-password {}", form.join(" "));
        for json in ["", "--json"] {
            // A PNG has no place but a file where JSON is asked for.
            if form.contains(&"png") && !json.is_empty() {
                continue;
            }
            let refused = site
                .shell(&format!("\"$@\" {json} {add} > /dev/full"))
                .exits(1);
            assert!(!refused.stderr.contains("panicked"), "{refused:?}");
            assert_eq!(count(&site), 1, "{form:?}");
        }
    }
    let taken = fs::read(site.path("taken")).expect("it is there");
    assert_eq!(taken, b"an old file\n");
}

#[test]
fn an_app_password_to_be_typed_may_go_into_a_file() {
    let site = Site::new("");
    let words = ["--user", "alice", "--new", "add", "app-password"];
    let said = site
        .cli(words.into_iter().chain(["--output", "phone"]))
        .done()
        .stdout;
    assert_eq!(site.mode("phone"), 0o600);
    let text = fs::read_to_string(site.path("phone")).expect("it was written");
    let mut words = text.split_whitespace();
    let secret = words.find(|word| word.len() == 34 && word.starts_with("app"));
    let secret = secret.unwrap_or_else(|| panic!("{text}"));
    assert_eq!(site.verdict("imap", "alice", HOME, secret), "PAM_SUCCESS");
    assert!(!said.contains(secret), "{said}");
}

#[test]
fn a_phone_is_set_up_from_a_terminal_of_80_columns() {
    let site = Site::new(NAMED);
    let words = ["--user", "alice", "--new", "add"].iter().chain(&QR);
    let shown = site.cli(words.copied().chain(["terminal"])).done().stdout;
    let rows: Vec<&str> = shown.lines().filter(|line| line.contains('█')).collect();
    // Version 8: 49 modules and the border, 57 by 57.
    assert_eq!(rows.len(), 29, "as the manual has it");
    assert!(rows.iter().all(|row| row.chars().count() == 57), "{shown}");
}
