//! QR codes: what `zbarimg` reads is the URI.

use std::fs;

use harness::qr::{Picture, read};
use harness::site::Site;

/// What has a QR code with a URI.
const KINDS: [&str; 2] = ["totp", "hotp"];

/// Adds an authenticator or a token with the QR code in a file: the URI.
fn add(site: &Site, kind: &str, format: &str, file: &str) -> String {
    let made = site.add("alice", &[kind, "--qr", format, "--output", file]);
    assert_eq!(site.mode(file), 0o600, "it holds the seed");
    made["uri"].as_str().expect("a URI").to_owned()
}

#[test]
fn a_png_says_the_uri() {
    let site = Site::new("otp.issuer = \"Mail of Example\"\n");
    for kind in KINDS {
        let uri = add(&site, kind, "png", kind);
        assert!(uri.starts_with(&format!("otpauth://{kind}/")), "{uri}");
        assert_eq!(read(&site.path(kind)), uri);
    }
}

#[test]
fn an_svg_says_the_uri() {
    let site = Site::new("");
    for kind in KINDS {
        let uri = add(&site, kind, "svg", kind);
        let svg = fs::read_to_string(site.path(kind)).expect("it was written");
        assert!(svg.trim_start().starts_with('<'), "{svg}");
        assert_eq!(Picture::from_svg(&svg).read(), uri);
    }
}

#[test]
fn a_terminal_shows_the_uri_twice() {
    let site = Site::new("");
    for (kind, format) in [
        ("totp", &["--qr", "terminal"][..]),
        ("totp", &[]),
        ("hotp", &[]),
    ] {
        let words = ["--user", "alice", "--new", "add", kind];
        let words = words.iter().chain(format).copied();
        let shown = site.cli(words).done().stdout;
        let mut words = shown.split_whitespace();
        let uri = words.find(|word| word.starts_with("otpauth://"));
        let uri = uri.unwrap_or_else(|| panic!("no URI: {shown}"));
        assert_eq!(Picture::from_terminal(&shown).read(), uri);
    }
}

#[test]
fn a_terminal_of_80_by_24_shows_the_whole_code() {
    let site = Site::new("otp.issuer = \"mail.example.com\"\n");
    let words = ["--user", "alice", "--new", "add", "totp"];
    let shown = site.cli(words).done().stdout;
    let blocks = ['█', '▀', '▄'];
    let rows: Vec<&str> = shown.lines().filter(|line| line.contains(blocks)).collect();
    assert!(rows.len() < 24, "{} lines", rows.len());
    assert!(rows.iter().all(|row| row.chars().count() <= 80), "{shown}");
    assert!(
        Picture::from_terminal(&shown)
            .read()
            .starts_with("otpauth://")
    );
}
