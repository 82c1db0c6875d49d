//! Configuration profiles for Apple's devices: what another reader of property lists makes of them.

use std::fs;

use harness::plist;
use harness::site::Site;
use serde_json::json;

use crate::HOME;
use crate::phones::{NAMED, mail_of, ungrouped};

const PROFILE: [&str; 4] = ["app-password", "phone", "--format", "mobileconfig"];

#[test]
fn a_profile_sets_up_reading_and_sending() {
    let site = Site::new(NAMED);
    let made = site.add("alice", &PROFILE);
    let profile = plist::read(made["profile"].as_str().expect("a profile"));
    let password = ungrouped(&made);
    let id = made["id"].as_str().expect("an ID");

    assert_eq!(profile["PayloadType"], "Configuration");
    assert_eq!(profile["PayloadVersion"], 1);
    assert_eq!(profile["PayloadRemovalDisallowed"], false);
    assert_eq!(profile["PayloadOrganization"], "mail.example.com");
    let identifier = format!("com.example.mail.mailotp.{id}");
    assert_eq!(profile["PayloadIdentifier"], identifier);

    let mail = mail_of(&profile);
    for (key, value) in [
        ("PayloadVersion", json!(1)),
        ("PayloadIdentifier", json!(identifier + ".mail")),
        ("EmailAccountType", json!("EmailTypeIMAP")),
        ("EmailAccountName", json!("alice")),
        ("EmailAddress", json!("alice@example.com")),
        ("EmailAccountDescription", json!("mail.example.com")),
        ("IncomingMailServerHostName", json!("mail.example.com")),
        ("IncomingMailServerPortNumber", json!(993)),
        ("IncomingMailServerUseSSL", json!(true)),
        ("IncomingMailServerUsername", json!("alice")),
        (
            "IncomingMailServerAuthentication",
            json!("EmailAuthPassword"),
        ),
        ("IncomingPassword", json!(password)),
        ("OutgoingMailServerHostName", json!("mail.example.com")),
        ("OutgoingMailServerPortNumber", json!(465)),
        ("OutgoingMailServerUseSSL", json!(true)),
        ("OutgoingMailServerUsername", json!("alice")),
        (
            "OutgoingMailServerAuthentication",
            json!("EmailAuthPassword"),
        ),
        ("OutgoingPassword", json!(password)),
        ("OutgoingPasswordSameAsIncomingPassword", json!(true)),
    ] {
        assert_eq!(mail[key], value, "{key}");
    }
    for service in ["imap", "submission"] {
        let verdict = site.verdict(service, "alice", HOME, &password);
        assert_eq!(verdict, "PAM_SUCCESS");
    }
}

#[test]
fn the_identifiers_of_a_profile_are_uuids_made_for_it() {
    let site = Site::new(NAMED);
    let mut seen = Vec::new();
    for label in ["phone", "tablet"] {
        let made = site.add(
            "alice",
            &["app-password", label, "--format", "mobileconfig"],
        );
        let profile = plist::read(made["profile"].as_str().expect("a profile"));
        for payload in [&profile, &mail_of(&profile)] {
            let uuid = payload["PayloadUUID"].as_str().expect("a UUID").to_owned();
            let lengths: Vec<usize> = uuid.split('-').map(str::len).collect();
            assert_eq!(lengths, [8, 4, 4, 4, 12], "{uuid}");
            assert_eq!(uuid.as_bytes()[14], b'4', "{uuid}");
            seen.push(uuid);
        }
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 4);
}

#[test]
fn awkward_names_come_through_a_profile_as_they_were() {
    let site = Site::new("otp.issuer = \"<Caf\u{e9}> & S\u{f6}hne\"\n");
    let label = "J\u{fc}rgen's <phone> & \"tablet\" \u{1f511}";
    let address = "j\u{fc}rgen&co@example.com";
    let made = site.add(
        "alice",
        &[
            "app-password",
            label,
            "--format",
            "mobileconfig",
            "--server",
            "mx.example.com",
            "--address",
            address,
            "--imap-port",
            "143",
            "--submission-port",
            "587",
        ],
    );
    let profile = plist::read(made["profile"].as_str().expect("a profile"));
    assert_eq!(profile["PayloadOrganization"], "<Caf\u{e9}> & S\u{f6}hne");
    let name = profile["PayloadDisplayName"].as_str().expect("a name");
    assert!(name.contains(label), "{name}");
    let mail = mail_of(&profile);
    assert_eq!(mail["EmailAddress"], address);
    assert_eq!(mail["IncomingMailServerHostName"], "mx.example.com");
    assert_eq!(mail["IncomingMailServerPortNumber"], 143);
    assert_eq!(mail["OutgoingMailServerPortNumber"], 587);
}

#[test]
fn a_profile_goes_alone_to_standard_output_or_into_a_private_file() {
    let site = Site::new(NAMED);
    let words = ["--user", "alice", "--new", "add"].iter().chain(&PROFILE);
    let printed = site.cli(words.copied()).done();
    let profile = plist::read(&printed.stdout);
    let password = mail_of(&profile)["IncomingPassword"].clone();
    let password = password.as_str().expect("a password");
    assert_eq!(site.verdict("imap", "alice", HOME, password), "PAM_SUCCESS");

    let words = ["--user", "alice", "add", "app-password", "tablet"];
    let into = ["--format", "mobileconfig", "--output", "alice.mobileconfig"];
    let said = site.cli(words.into_iter().chain(into)).done().stdout;
    assert_eq!(site.mode("alice.mobileconfig"), 0o600);
    let text = fs::read_to_string(site.path("alice.mobileconfig")).expect("it was written");
    let password = mail_of(&plist::read(&text))["IncomingPassword"].clone();
    let password = password.as_str().expect("a password");
    assert_eq!(site.verdict("imap", "alice", HOME, password), "PAM_SUCCESS");
    assert!(said.contains("alice.mobileconfig"), "{said}");
    assert!(said.contains("alice@example.com"), "{said}");
    assert!(!said.contains(password), "{said}");
}
