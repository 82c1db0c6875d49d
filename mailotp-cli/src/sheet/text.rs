//! For people, in plain characters: 80 of them fit on a line.

use std::fmt::{self, Write};

use zeroize::Zeroizing;

use super::buffer::exactly;
use super::fit::wrap;
use super::{SheetView, words};

/// The length of a line.
const WIDTH: usize = 80;
/// How many columns a sheet has on paper.
const COLUMNS: usize = 3;
/// How many codes stand below each other before the next ones begin at the left again: all of them
/// are on one page then.
const ROWS: usize = 20;
/// How wide the columns are together.
const MEASURE: usize = 60;

/// Draws it.
pub fn draw(view: &SheetView<'_>) -> Zeroizing<String> {
    exactly(|out| {
        head(out, view)?;
        out.write_char('\n')?;
        codes(out, view)?;
        writeln!(out, "\nEach code opens one login.\n{}", words::HINT)?;
        writeln!(out, "\nNotes {:_<1$}", "", MEASURE - 6)?;
        match view.kill {
            Some(kill) => stub(out, view, kill),
            None => Ok(()),
        }
    })
}

fn head(out: &mut dyn Write, view: &SheetView<'_>) -> fmt::Result {
    let title = format!("Sheet {}   ", view.name);
    let (label, made) = (words::label(view), words::made(view));
    let said = format!("{}, {label}, made {made}", view.account);
    hanging(out, &title, &said)?;
    let indent = " ".repeat(title.len());
    let site = Some(("Site", view.issuer.to_owned())).filter(|_| !view.issuer.is_empty());
    for (name, value) in site.into_iter().chain(words::limits(view, &|_| true)) {
        hanging(out, &format!("{indent}{name:<11}"), &value)?;
    }
    Ok(())
}

/// A text after its heading; further lines stand below the first.
fn hanging(out: &mut dyn Write, heading: &str, text: &str) -> fmt::Result {
    let room = WIDTH - heading.len();
    let lines = wrap(text, usize::MAX, &|line| line.chars().count() <= room);
    let mut before = heading;
    let indent = " ".repeat(heading.len());
    for line in lines {
        writeln!(out, "{before}{line}")?;
        before = &indent;
    }
    Ok(())
}

fn codes(out: &mut dyn Write, view: &SheetView<'_>) -> fmt::Result {
    for (block, codes) in view.codes.chunks(ROWS * COLUMNS).enumerate() {
        if block > 0 {
            out.write_char('\n')?;
        }
        let first = block * ROWS * COLUMNS + 1;
        let rows = codes.len().div_ceil(COLUMNS);
        for row in 0..rows {
            let mut gap = "";
            for at in (row..codes.len()).step_by(rows) {
                write!(out, "{gap}  {:>3}  {}", first + at, codes[at].as_str())?;
                gap = "   ";
            }
            out.write_char('\n')?;
        }
    }
    Ok(())
}

fn stub(out: &mut dyn Write, view: &SheetView<'_>, kill: &str) -> fmt::Result {
    writeln!(out, "\n{}cut here{}\n", "- ".repeat(13), " -".repeat(13))?;
    let heading = format!("{}   ", words::kill_heading(view));
    hanging(out, &heading, view.account)?;
    writeln!(out, "\n    {kill}\n\n{}\n{}", words::KILL, words::KEEP)
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use mailotp_core::clock::Timestamp;

    #[test]
    fn every_number_stands_before_its_code() {
        for count in [1, 2, 12, 50, 61, 500] {
            let codes = sample::codes(count);
            let text = draw(&sample::view(&codes));
            let words: Vec<&str> = text.split_whitespace().collect();
            for (code, number) in codes.iter().zip(1_u32..) {
                let pair = [number.to_string(), code.to_string()];
                let found = words.windows(2).filter(|words| *words == pair);
                assert_eq!(found.count(), 1, "{number} of {count}");
                assert_eq!(text.matches(code.as_str()).count(), 1);
            }
        }
    }

    #[test]
    fn no_line_is_longer_than_eighty_characters_or_ends_with_blanks() {
        let codes = sample::codes(500);
        let services: Vec<String> = (0..40).map(|number| format!("service-{number}")).collect();
        let account = "a".repeat(300) + "@example.com";
        let mut view = sample::view(&codes);
        view.account = &account;
        view.label = "\u{141}\u{f3}d\u{17a} \u{141}\u{f3}d\u{17a} \u{141}\u{f3}d\u{17a} \u{141}\u{f3}d\u{17a} \u{141}\u{f3}d\u{17a} \u{141}\u{f3}d\u{17a}";
        view.services = &services;
        view.expires = Some(Timestamp(1_800_000_000));
        view.kill = Some(sample::KILL);
        let text = draw(&view);
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{line}");
            assert_eq!(line.trim_end(), line);
        }
        assert!(text.contains("service-39"), "every one is said");
    }

    #[test]
    fn scope_and_site_are_said_below_the_name() {
        let codes = sample::codes(1);
        let mut view = sample::view(&codes);
        let (services, from) = ([String::from("imap")], [String::from("192.0.2.0/24")]);
        (view.services, view.from, view.logins) = (&services, &from, Some(3));
        let text = draw(&view);
        assert!(text.starts_with("Sheet kd   alice@example.com, \"holiday\", made 20"));
        let below = "\n           Site       mail.example.com\n           Only for   imap\n           \
                     Only from  192.0.2.0/24\n           Logins     3 at most\n\n";
        assert!(text.contains(below), "{}", text.as_str());
    }

    #[test]
    fn the_kill_code_stands_once_beyond_a_line() {
        let codes = sample::codes(3);
        let mut view = sample::view(&codes);
        assert!(!draw(&view).contains("cut here"));
        view.kill = Some(sample::KILL);
        let text = draw(&view);
        let (sheet, stub) = text.split_once("cut here").expect("a line to cut at");
        assert!(!sheet.contains(sample::KILL));
        assert_eq!(stub.matches(sample::KILL).count(), 1);
        assert!(stub.contains("apart from the sheet") && stub.contains("revokes"));
    }
}
