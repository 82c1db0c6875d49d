//! Pages to print. The fonts are those that every reader has (ISO 32000-1, 9.6.2.2), so none is in
//! the file.

use pdf_writer::types::LineCapStyle;
use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, Str, TextStr};
use zeroize::Zeroizing;

use super::fit::{Face, width};
use super::latin;
use super::scene::{Item, PT, Scene};
use super::{SheetView, card};

/// As wide as A4, as high as US Letter: a printer need not shrink it for either.
const PAPER: (f32, f32) = (210.0, 279.4);
/// What is drawn begins here: in the middle of the paper, if there are two columns of it.
const TOP: f32 = 23.0;
/// The same, from the left.
const LEFT: f32 = 12.4;

/// What is there once: catalog, list of pages, information, and three fonts.
const CATALOG: Ref = Ref::new(1);
const PAGES: Ref = Ref::new(2);
const INFORMATION: Ref = Ref::new(3);
const FONTS: [(Face, Ref, &[u8], &[u8]); 3] = [
    (Face::Sans, Ref::new(4), b"S", b"Helvetica"),
    (Face::Bold, Ref::new(5), b"B", b"Helvetica-Bold"),
    (Face::Mono, Ref::new(6), b"M", b"Courier-Bold"),
];
/// The first page; its content is the next, then comes another page.
const FIRST: i32 = 7;

/// More than any piece takes, beside its text; a text takes four bytes for one at most.
const PIECE: usize = 160;
/// More than a page takes, beside its content, and more than all the rest.
const FRAME: usize = 1024;

/// Draws it.
pub fn draw(view: &SheetView<'_>) -> Zeroizing<Vec<u8>> {
    let [account, issuer, label] = [view.account, view.issuer, view.label].map(latin::written);
    let view = SheetView {
        account: &account,
        issuer: &issuer,
        label: &label,
        ..*view
    };
    let contents: Vec<_> = card::draw(&view).iter().map(content).collect();
    let length: usize = contents.iter().map(|content| content.len()).sum();
    // A buffer that grows leaves codes behind.
    let capacity = length + FRAME * (contents.len() + 4);
    let mut pdf = Pdf::with_capacity(capacity);
    frame(&mut pdf, &view, contents.len());
    for (content, place) in contents.iter().zip(0..) {
        let id = Ref::new(FIRST + 2 * place);
        let mut page = pdf.page(id);
        page.parent(PAGES).contents(id.next());
        page.media_box(Rect::new(0.0, 0.0, PAPER.0 / PT, PAPER.1 / PT));
        let mut resources = page.resources();
        let mut fonts = resources.fonts();
        for (_, font, short, _) in FONTS {
            fonts.pair(Name(short), font);
        }
        fonts.finish();
        resources.finish();
        page.finish();
        pdf.stream(id.next(), content);
    }
    let file = Zeroizing::new(pdf.finish());
    debug_assert!(file.len() <= capacity, "it has grown");
    file
}

fn frame(pdf: &mut Pdf, view: &SheetView<'_>, pages: usize) {
    let mut catalog = pdf.catalog(CATALOG);
    catalog.pages(PAGES).lang(TextStr("en"));
    let mut preferences = catalog.viewer_preferences();
    preferences.display_doc_title(true);
    // A card that was scaled does not fit where a bank card does.
    preferences.pair(Name(b"PrintScaling"), Name(b"None"));
    preferences.finish();
    catalog.finish();
    let count = i32::try_from(pages).unwrap_or(i32::MAX);
    let kids = (0..count).map(|place| Ref::new(FIRST + 2 * place));
    pdf.pages(PAGES).kids(kids).count(count);
    let title = format!("Sheet {}", view.name);
    pdf.document_info(INFORMATION).title(TextStr(&title));
    for (_, id, _, name) in FONTS {
        let mut font = pdf.type1_font(id);
        font.base_font(Name(name));
        font.encoding_predefined(Name(b"WinAnsiEncoding"));
    }
}

/// The content of a page.
fn content(scene: &Scene<'_>) -> Zeroizing<Vec<u8>> {
    let needed = scene.items.iter().map(|item| match item {
        Item::Text { text, .. } => PIECE + 4 * text.len(),
        _ => PIECE,
    });
    let capacity = needed.sum();
    let mut content = Content::with_capacity(capacity);
    for item in &scene.items {
        draw_item(&mut content, item);
    }
    let content = Zeroizing::new(content.finish().into_vec());
    debug_assert!(content.len() <= capacity, "it has grown");
    content
}

/// Points from the bottom left, out of millimetres from the top left; to a thousandth, which is less
/// than any printer's dot.
fn point((x, y): (f32, f32)) -> (f32, f32) {
    let round = |mm: f32| (mm / PT * 1000.0).round() / 1000.0;
    (round(LEFT + x), round(PAPER.1 - TOP - y))
}

fn draw_item(content: &mut Content, item: &Item<'_>) {
    match item {
        Item::Text {
            at,
            face,
            size,
            end,
            text,
        } => {
            let before = if *end { width(text, *face, *size) } else { 0.0 };
            let (x, y) = point((at.0 - before, at.1));
            let short = FONTS.iter().find(|font| font.0 == *face);
            let short = short.map_or(&b"S"[..], |font| font.2);
            content.begin_text();
            content.set_font(Name(short), (size / PT * 100.0).round() / 100.0);
            content.next_line(x, y);
            content.show(Str(&latin::encode(text)));
            content.end_text();
        }
        Item::Line { from, to, stroke } => {
            let (from, to) = (point(*from), point(*to));
            content.save_state();
            content.set_line_width(stroke.width() / PT);
            if let Some(dashes) = stroke.dashes() {
                content.set_line_cap(LineCapStyle::RoundCap);
                content.set_dash_pattern(dashes.map(|length| length / PT), 0.0);
            }
            content.move_to(from.0, from.1).line_to(to.0, to.1).stroke();
            content.restore_state();
        }
        Item::Square { at, side } => {
            let (x, y) = point((at.0, at.1 + side));
            content.set_line_width(0.2 / PT);
            content.rect(x, y, side / PT, side / PT).stroke();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    fn drawn(view: &SheetView<'_>) -> String {
        String::from_utf8_lossy(&draw(view)).into_owned()
    }

    #[test]
    fn every_number_and_code_is_shown_once() {
        for count in [1, 50, 100, 500] {
            let codes = sample::codes(count);
            let mut view = sample::view(&codes);
            view.kill = Some(sample::KILL);
            let pdf = drawn(&view);
            let all = codes.iter().map(|code| code.to_string());
            let numbers = (1..=count).map(|number| number.to_string());
            for text in all.chain(numbers).chain([sample::KILL.to_owned()]) {
                assert_eq!(pdf.matches(&format!("({text}) Tj")).count(), 1, "{text}");
            }
        }
    }

    #[test]
    fn there_are_as_many_pages_as_the_codes_need() {
        for (count, pages) in [(1, 1), (50, 1), (126, 1), (127, 2), (500, 4)] {
            let codes = sample::codes(count);
            let pdf = drawn(&sample::view(&codes));
            assert_eq!(pdf.matches("/Type /Page\n").count(), pages, "{count}");
        }
    }

    #[test]
    fn everything_lies_within_what_every_printer_reaches() {
        let codes = sample::codes(500);
        let mut view = sample::view(&codes);
        view.kill = Some(sample::KILL);
        for scene in card::draw(&view) {
            assert!(scene.width <= 190.0 && scene.height <= 250.0);
            for item in &scene.items {
                let ends = match item {
                    Item::Text { at, end: true, .. } => vec![*at],
                    Item::Text {
                        at,
                        face,
                        size,
                        text,
                        ..
                    } => vec![*at, (at.0 + width(text, *face, *size), at.1)],
                    Item::Line { from, to, .. } => vec![*from, *to],
                    Item::Square { at, side } => vec![*at, (at.0 + side, at.1 + side)],
                };
                for (x, y) in ends {
                    assert!((0.0..=scene.width).contains(&x), "{x}");
                    assert!((0.0..=scene.height).contains(&y), "{y}");
                }
            }
        }
    }

    #[test]
    fn names_that_the_fonts_lack_are_in_latin_letters_and_end_no_string() {
        let codes = sample::codes(1);
        let mut view = sample::view(&codes);
        view.account = "a)(\\";
        view.label = "\u{438}\u{432}\u{430}\u{43d}";
        let pdf = drawn(&view);
        assert_eq!(
            pdf.matches("(a\\)\\(\\\\) Tj").count(),
            2,
            "cover and codes"
        );
        assert_eq!(pdf.matches("(\"ivan (in Latin letters)\") Tj").count(), 1);
    }
}
