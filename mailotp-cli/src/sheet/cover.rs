//! What a cover says, in lines that fit it. The card that is drawn and the one in HTML have the same.

use super::fit::{Face, width, wrap};
use super::pages::PANEL_WIDTH;
use super::scene::PT;
use super::{SheetView, words};

/// The margin of a panel.
pub const MARGIN: f32 = 4.0;
/// Where the account's name begins, to the right of the sheet's.
pub const TITLE: f32 = 27.0;
/// Where the values begin, to the right of their names.
pub const VALUES: f32 = 19.0;
/// The size of the account's name.
pub const LARGE: f32 = 9.5 * PT;
/// The size of everything else.
pub const BODY: f32 = 7.5 * PT;
/// How many lines of title and limits leave room to note something.
const LINES: usize = 9;

/// The lines of a cover.
pub struct Cover {
    /// Account, of one or two lines.
    pub account: Vec<String>,
    /// The size of it.
    pub size: f32,
    /// Site and label.
    pub titles: Vec<String>,
    /// What is said of it, and what limits it, each by its name.
    pub facts: Vec<(&'static str, Vec<String>)>,
}

/// Writes a cover. Label and lists are shorter where there is too much to say.
pub fn cover(view: &SheetView<'_>) -> Cover {
    let shorter = [(2, 2), (1, 2), (2, 1)];
    let mut covers = shorter
        .map(|(label, list)| written(view, label, list))
        .into_iter();
    covers
        .find(|cover| cover.lines() <= LINES)
        .unwrap_or_else(|| written(view, 1, 1))
}

/// A text in so many lines, between `left` and the right margin.
fn fitted(text: &str, lines: usize, face: Face, size: f32, left: f32) -> Vec<String> {
    let room = PANEL_WIDTH - MARGIN - left;
    wrap(text, lines, &|line| width(line, face, size) <= room)
}

/// With so many lines for the label, and for each list.
fn written(view: &SheetView<'_>, label: usize, list: usize) -> Cover {
    let account = |size, lines| fitted(view.account, lines, Face::Bold, size, TITLE);
    let title = |text: &str, lines| fitted(text, lines, Face::Sans, BODY, TITLE);
    let value = |text: &str, lines| fitted(text, lines, Face::Sans, BODY, VALUES);
    let whole = |text: &str| value(text, list + 1).len() <= list;
    let size = if account(LARGE, 3).len() > 2 {
        BODY
    } else {
        LARGE
    };
    let made = ("Made", value(&words::made(view), 1));
    let limits = words::limits(view, &whole).into_iter();
    Cover {
        account: account(size, 2),
        size,
        titles: [title(view.issuer, 1), title(&words::label(view), label)].concat(),
        facts: [made]
            .into_iter()
            .chain(limits.map(|(name, text)| (name, value(&text, list))))
            .collect(),
    }
}

impl Cover {
    fn lines(&self) -> usize {
        let facts = self.facts.iter().map(|(_, lines)| lines.len());
        self.account.len() + self.titles.len() + facts.sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use mailotp_core::clock::Timestamp;

    #[test]
    fn a_cover_has_room_for_notes_however_much_there_is_to_say() {
        let codes = sample::codes(1);
        let long = "very-long-".repeat(100);
        let many: Vec<String> = (0..50).map(|number| format!("{long}{number}")).collect();
        let mut view = sample::view(&codes);
        (view.account, view.issuer, view.label) = (&long, &long, &long);
        (view.services, view.from) = (&many, &many);
        (view.logins, view.expires) = (Some(u32::MAX), Some(Timestamp(1_900_000_000)));
        let cover = cover(&view);
        assert!(cover.lines() <= LINES, "{}", cover.lines());
        assert!(
            cover.account[1].ends_with('\u{2026}'),
            "{:?}",
            cover.account
        );
    }

    #[test]
    fn a_cover_says_everything_where_it_can() {
        let codes = sample::codes(1);
        let services = ["imap", "pop3", "submission", "sieve", "webmail", "smtp"].map(String::from);
        let mut view = sample::view(&codes);
        view.services = &services;
        let cover = cover(&view);
        assert_eq!(cover.account, ["alice@example.com"]);
        assert_eq!(cover.titles, ["mail.example.com", "\"holiday\""]);
        let said = ["imap, pop3, submission, sieve, webmail, smtp"].map(String::from);
        assert_eq!(cover.facts[1], ("Only for", said.to_vec()));
    }
}
