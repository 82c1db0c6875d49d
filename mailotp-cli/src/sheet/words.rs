//! The words on a sheet, alike in every format.

use std::ops::Range;

use super::SheetView;
use crate::time;

/// Which code is next.
pub const HINT: &str = "The login names the next number; cross it out after use.";
/// What a kill code does.
pub const KILL: &str = "Typed anywhere as a password it revokes this sheet and ends its windows.";
/// Where it belongs.
pub const KEEP: &str =
    "Keep it apart from the sheet, for the day when the sheet is lost or copied.";
/// What to do with the paper.
pub const PRINT: &str = "Print at 100%. Cut along the dashed lines, fold along the dotted ones.";

/// The heading of a stub.
pub fn kill_heading(view: &SheetView<'_>) -> String {
    format!("Kill code of sheet {}", view.name)
}

/// The label, as it is shown.
pub fn label(view: &SheetView<'_>) -> String {
    format!("\"{}\"", view.label)
}

/// When it was made, and how long it is good.
pub fn made(view: &SheetView<'_>) -> String {
    let made = time::local_day(view.made);
    match view.expires {
        Some(at) => format!("{made}, good until {}", time::local(at)),
        None => made,
    }
}

/// Which of its codes are on a panel, the first one at 0.
pub fn numbers(view: &SheetView<'_>, range: &Range<usize>) -> String {
    let (first, last, of) = (range.start + 1, range.end, view.codes.len());
    if first == last {
        format!("{first} of {of}")
    } else {
        format!("{first}\u{2013}{last} of {of}")
    }
}

/// What limits it, each by its name. Where a list is too long, its rest is counted.
pub fn limits(view: &SheetView<'_>, fits: &dyn Fn(&str) -> bool) -> Vec<(&'static str, String)> {
    let mut limits = Vec::new();
    for (name, items) in [("Only for", view.services), ("Only from", view.from)] {
        if !items.is_empty() {
            limits.push((name, listed(items, fits)));
        }
    }
    if let Some(logins) = view.logins {
        limits.push(("Logins", format!("{logins} at most")));
    }
    limits
}

/// As many as fit, and how many more there are.
fn listed(items: &[String], fits: &dyn Fn(&str) -> bool) -> String {
    let whole = items.join(", ");
    if fits(&whole) {
        return whole;
    }
    let shown = (1..items.len()).rev().map(|shown| {
        let rest = items.len() - shown;
        format!("{} and {rest} more", items[..shown].join(", "))
    });
    let mut shown = shown.filter(|text| fits(text));
    shown.next().unwrap_or(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_ends_with_how_many_more_there_are() {
        let items = ["imap", "pop3", "submission", "sieve"].map(String::from);
        assert_eq!(listed(&items, &|_| true), "imap, pop3, submission, sieve");
        let short = listed(&items, &|text| text.len() <= 24);
        assert_eq!(short, "imap, pop3 and 2 more");
        assert_eq!(listed(&items[..1], &|_| false), "imap");
    }
}
