//! A drawing that stands alone: for screens, and for programs that go on drawing.

use std::fmt::{self, Write};

use zeroize::Zeroizing;

use super::buffer::exactly;
use super::fit::Face;
use super::markup::Escaped;
use super::scene::{Item, Scene};
use super::{SheetView, card};

/// Between two pages, one below the other.
const GAP: f32 = 8.0;
/// Around all of it.
const BORDER: f32 = 3.0;

/// Draws it.
pub fn draw(view: &SheetView<'_>) -> Zeroizing<String> {
    let scenes = card::draw(view);
    exactly(|out| document(out, view, &scenes))
}

fn document(out: &mut dyn Write, view: &SheetView<'_>, scenes: &[Scene<'_>]) -> fmt::Result {
    let widths = scenes.iter().map(|scene| scene.width);
    let width = widths.fold(0.0, f32::max) + 2.0 * BORDER;
    let heights: f32 = scenes.iter().map(|scene| scene.height + GAP).sum();
    let height = heights - GAP + 2.0 * BORDER;
    let (name, account) = (Escaped(view.name), Escaped(view.account));
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.2}mm\" height=\"{height:.2}mm\" \
         viewBox=\"0 0 {width:.2} {height:.2}\" xml:lang=\"en\">\n\
         <title>Sheet {name} of {account}</title>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>"
    )?;
    let mut top = BORDER;
    for scene in scenes {
        writeln!(out, "<g transform=\"translate({BORDER:.2} {top:.2})\">")?;
        scene
            .items
            .iter()
            .try_for_each(|item| draw_item(out, item))?;
        out.write_str("</g>\n")?;
        top += scene.height + GAP;
    }
    out.write_str("</svg>\n")
}

fn draw_item(out: &mut dyn Write, item: &Item<'_>) -> fmt::Result {
    match item {
        Item::Text {
            at: (x, y),
            face,
            size,
            end,
            text,
        } => {
            let family = match face {
                Face::Mono => "Courier, 'Courier New', 'Liberation Mono', monospace",
                Face::Sans | Face::Bold => "Helvetica, Arial, 'Liberation Sans', sans-serif",
            };
            let weight = if *face == Face::Sans {
                ""
            } else {
                " font-weight=\"bold\""
            };
            let anchor = if *end { " text-anchor=\"end\"" } else { "" };
            writeln!(
                out,
                "<text x=\"{x:.2}\" y=\"{y:.2}\" font-family=\"{family}\" \
                 font-size=\"{size:.2}\"{weight}{anchor}>{}</text>",
                Escaped(text)
            )
        }
        Item::Line {
            from: (x1, y1),
            to: (x2, y2),
            stroke,
        } => {
            write!(
                out,
                "<path d=\"M{x1:.2} {y1:.2}L{x2:.2} {y2:.2}\" stroke=\"#000\" stroke-width=\"{}\"",
                stroke.width()
            )?;
            if let Some([on, off]) = stroke.dashes() {
                write!(
                    out,
                    " stroke-dasharray=\"{on} {off}\" stroke-linecap=\"round\""
                )?;
            }
            out.write_str("/>\n")
        }
        Item::Square { at: (x, y), side } => writeln!(
            out,
            "<rect x=\"{x:.2}\" y=\"{y:.2}\" width=\"{side}\" height=\"{side}\" \
             fill=\"none\" stroke=\"#000\" stroke-width=\"0.2\"/>"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn every_number_and_code_is_a_text_of_its_own_once() {
        for count in [1, 18, 19, 50, 500] {
            let codes = sample::codes(count);
            let mut view = sample::view(&codes);
            view.kill = Some(sample::KILL);
            let svg = draw(&view);
            let all = codes.iter().map(|code| code.to_string());
            let numbers = (1..=count).map(|number| number.to_string());
            for text in all.chain(numbers).chain([sample::KILL.to_owned()]) {
                let element = format!(">{text}</text>");
                assert_eq!(svg.matches(&element).count(), 1, "{text}");
            }
            assert_eq!(svg.matches("<rect x=").count(), count, "a square each");
        }
    }

    #[test]
    fn names_are_text() {
        let codes = sample::codes(1);
        let mut view = sample::view(&codes);
        view.account = "</text><script>";
        (view.issuer, view.label) = ("\"&'", "<b>\u{6771}\u{4eac}\u{1b}");
        let svg = draw(&view);
        assert!(!svg.contains("<script") && !svg.contains("<b>"));
        assert!(svg.contains("&lt;/text&gt;&lt;script&gt;") && svg.contains("&quot;&amp;&#39;"));
        assert!(svg.contains("\u{6771}\u{4eac}") && !svg.contains('\u{1b}'));
    }

    #[test]
    fn it_leans_on_nothing_else() {
        let codes = sample::codes(50);
        let svg = draw(&sample::view(&codes));
        let links = svg.matches("http").count();
        assert_eq!(links, 1, "the name of the format, and no other");
        assert!(!svg.contains("href") && !svg.contains("url("));
    }
}
