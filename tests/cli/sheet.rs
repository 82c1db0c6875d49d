//! `add sheet --format`: what other programs read of a sheet is its codes.

use std::fs;

use harness::output::Output;
use harness::site::Site;
use harness::tool::tool;
use serde_json::Value;

/// Names that are no markup, in two scripts.
const ISSUER: &str = "otp.issuer = \"R&D <mail> 'Łódź'\"\n";
const LABEL: &str = "</td> & \"東京\"";

/// A sheet in a file: its codes in order.
fn add(site: &Site, format: &str, file: &str, count: &str) -> Vec<String> {
    let made = site.add(
        "alice",
        &[
            "sheet",
            LABEL,
            "--format",
            format,
            "--output",
            file,
            "--count",
            count,
            "--service",
            "imap",
            "--from",
            "192.0.2.0/24",
            "--expires",
            "14d",
        ],
    );
    assert_eq!(site.mode(file), 0o600, "it holds codes");
    let codes = made["codes"].as_array().expect("a list");
    let text = |code: &Value| code["code"].as_str().expect("a code").to_owned();
    codes.iter().map(text).collect()
}

/// The words of a text that look like codes, in order.
fn codes(text: &str) -> Vec<&str> {
    let is_code = |word: &&str| word.len() == 11 && word.as_bytes()[5] == b'-';
    text.split_whitespace().filter(is_code).collect()
}

/// What of an XML file lies on a path.
fn xpath(site: &Site, path: &str, file: &str) -> String {
    let file = site.path(file).display().to_string();
    let arguments = ["--nonet", "--xpath", path, &file];
    let read = tool("libxml2-utils", "xmllint", &arguments).done();
    assert_eq!(read.stderr, "", "it is well-formed");
    read.stdout
}

#[test]
fn pdftotext_finds_every_code_of_a_pdf_once_and_in_order() {
    let site = Site::new(ISSUER);
    let made = add(&site, "pdf", "sheet.pdf", "130");
    let file = site.path("sheet.pdf").display().to_string();
    let read = tool("poppler-utils", "pdftotext", &["-raw", &file, "-"]).done();
    assert_eq!(read.stderr, "", "nothing is to be mended");
    assert_eq!(codes(&read.stdout), made);
    assert_eq!(read.stdout.matches('\u{c}').count(), 2, "two pages");
    for part in [
        "alice",
        "R&D <mail> 'Lódz' (in Latin letters)",
        "</td> & \"Dong Jing\" (in Latin letters)",
        "good until 20",
        "192.0.2.0/24",
        "The login names the next number",
    ] {
        assert!(read.stdout.contains(part), "{part}: {}", read.stdout);
    }
    let numbers: Vec<usize> = read
        .stdout
        .lines()
        .filter_map(|line| {
            let number = line.split_whitespace().next()?;
            number.parse().ok()
        })
        .collect();
    assert_eq!(numbers, (1..=130).collect::<Vec<_>>());
}

#[test]
fn xmllint_finds_every_code_of_a_page_of_html_once_and_in_order() {
    let site = Site::new(ISSUER);
    let made = add(&site, "html", "sheet.html", "20");
    let cells = xpath(&site, "//*[@class='code']/text()", "sheet.html");
    assert_eq!(codes(&cells), made);
    let all = xpath(&site, "string(//*[local-name()='main'])", "sheet.html");
    for part in ["alice", "R&D <mail> 'Łódź'", LABEL, "192.0.2.0/24"] {
        assert!(all.contains(part), "{part}: {all}");
    }
    // Three tables: two columns of nine codes each, and what is left.
    for header in ["col", "row"] {
        let count = format!("count(//*[local-name()='th'][@scope='{header}'])");
        let expected = if header == "col" { "9" } else { "20" };
        assert_eq!(xpath(&site, &count, "sheet.html").trim(), expected);
    }
    assert_eq!(xpath(&site, "string(/*/@lang)", "sheet.html").trim(), "en");
}

#[test]
fn xmllint_finds_every_code_of_a_drawing_once_and_in_order() {
    let site = Site::new(ISSUER);
    let made = add(&site, "svg", "sheet.svg", "20");
    let texts = xpath(&site, "//*[local-name()='text']/text()", "sheet.svg");
    assert_eq!(codes(&texts), made);
    let all = xpath(&site, "string(/*)", "sheet.svg");
    for part in ["alice", "R&D <mail> 'Łódź'", LABEL, "192.0.2.0/24"] {
        assert!(all.contains(part), "{part}: {all}");
    }
}

#[test]
fn a_sheet_of_any_format_goes_to_standard_output_and_its_codes_to_programs() {
    let site = Site::new("");
    site.sheet("alice");
    for (format, start) in [
        ("text", "Sheet "),
        ("csv", "number,code\n1,"),
        ("html", "<!DOCTYPE html>\n"),
        ("pdf", "%PDF-1.7\n"),
        ("svg", "<svg xmlns="),
    ] {
        let words = ["add", "sheet", "--count", "2", "--format", format];
        let add = ["--user", "alice"].iter().chain(&words);
        let shown = site.cli(add.copied()).done().stdout;
        assert!(shown.starts_with(start), "{format}: {shown}");
        let made = site.json("alice", &words);
        assert_eq!(made["codes"].as_array().map(Vec::len), Some(2), "{format}");
    }
}

#[test]
fn a_pdf_is_not_written_to_a_terminal() {
    let site = Site::new("");
    let at_a_terminal = |arguments: &str| -> Output {
        site.shell(&format!(
            "export CLI=\"$1\" CONFIG=\"$3\"; \
             script -qec '\"$CLI\" --config \"$CONFIG\" --user alice --new {arguments}' /dev/null"
        ))
    };
    let refused = at_a_terminal("add sheet --format pdf").exits(2);
    assert!(refused.stdout.contains("Add: --output FILE"), "{refused:?}");
    site.cli(["--user", "alice", "show"]).exits(4);
    at_a_terminal("add sheet --count 1 --format pdf --output sheet.pdf").done();
    let file = fs::read(site.path("sheet.pdf")).expect("it was written");
    assert!(file.starts_with(b"%PDF-"));
}

#[test]
fn a_wrong_format_names_the_right_ones() {
    let site = Site::new("");
    for (wrong, right) in [("htm", "html"), ("pdff", "pdf"), ("svgz", "svg")] {
        let refused = site
            .cli([
                "--user", "alice", "--new", "add", "sheet", "--format", wrong,
            ])
            .exits(2);
        let said = &refused.stderr;
        assert!(said.contains("text, csv, html, pdf, svg"), "{said}");
        assert!(said.contains(&format!("'{right}'")), "{wrong}: {said}");
    }
}
