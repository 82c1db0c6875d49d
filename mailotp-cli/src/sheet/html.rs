//! For browsers, and to print from them. It is well-formed XML too, so that any reader can read it.

use std::fmt::{self, Write};
use std::ops::Range;

use zeroize::Zeroizing;

use super::buffer::exactly;
use super::cover::{LARGE, cover};
use super::markup::Escaped;
use super::pages::{Page, Panel, ROWS, pages};
use super::{SheetView, words};

/// No file, no script and no font of anybody else's.
const STYLE: &str = include_str!("html.css");

/// Draws it.
pub fn draw(view: &SheetView<'_>) -> Zeroizing<String> {
    let pages = pages(view.codes.len(), view.kill.is_some());
    exactly(|out| {
        let (name, account) = (Escaped(view.name), Escaped(view.account));
        write!(
            out,
            "<!DOCTYPE html>\n\
             <html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\" xml:lang=\"en\">\n\
             <head>\n\
             <meta charset=\"utf-8\"/>\n\
             <meta name=\"viewport\" content=\"width=device-width\"/>\n\
             <title>Sheet {name} of {account}</title>\n\
             <style>\n{STYLE}</style>\n\
             </head>\n<body>\n<main>\n"
        )?;
        for (page, number) in pages.iter().zip(1..) {
            draw_page(out, view, page, number, pages.len())?;
        }
        out.write_str("</main>\n</body>\n</html>\n")
    })
}

fn draw_page(
    out: &mut dyn Write,
    view: &SheetView<'_>,
    page: &Page,
    number: usize,
    of: usize,
) -> fmt::Result {
    out.write_str("<div class=\"page\">\n<p class=\"print\">")?;
    if of > 1 {
        write!(out, "Sheet {}, page {number} of {of}. ", Escaped(view.name))?;
    }
    writeln!(out, "{}</p>", words::PRINT)?;
    for column in page {
        out.write_str("<div>\n")?;
        for card in column {
            out.write_str("<div class=\"card\">\n")?;
            for panel in card {
                match panel {
                    Panel::Cover => draw_cover(out, view)?,
                    Panel::Codes(range) => draw_codes(out, view, range)?,
                    Panel::Kill => draw_stub(out, view)?,
                }
            }
            out.write_str("</div>\n")?;
        }
        out.write_str("</div>\n")?;
    }
    out.write_str("</div>\n")
}

fn draw_cover(out: &mut dyn Write, view: &SheetView<'_>) -> fmt::Result {
    let cover = cover(view);
    let name = Escaped(view.name);
    let long = if cover.size < LARGE { " long" } else { "" };
    write!(
        out,
        "<section class=\"panel\">\n<div class=\"title\">\n<h1><small>Sheet</small> {name}</h1>\n\
         <div>\n<p class=\"account{long}\">"
    )?;
    lines(out, &cover.account)?;
    out.write_str("</p>\n<p>")?;
    lines(out, &cover.titles)?;
    out.write_str("</p>\n</div>\n</div>\n<dl>\n")?;
    for (name, value) in &cover.facts {
        write!(out, "<dt>{name}</dt><dd>")?;
        lines(out, value)?;
        out.write_str("</dd>\n")?;
    }
    out.write_str("</dl>\n")?;
    notes(out)?;
    writeln!(out, "<p class=\"hint\">{}</p>\n</section>", words::HINT)
}

/// Lines, each isolated: a name that is written from right to left does not turn its neighbours.
fn lines(out: &mut dyn Write, lines: &[String]) -> fmt::Result {
    let mut before = "";
    for line in lines {
        write!(out, "{before}<bdi>{}</bdi>", Escaped(line))?;
        before = "<br/>";
    }
    Ok(())
}

/// More lines than there is room for: what is left over does not show.
fn notes(out: &mut dyn Write) -> fmt::Result {
    let more = "<span></span>".repeat(8);
    writeln!(out, "<div class=\"notes\"><span>Notes</span>{more}</div>")
}

fn head(out: &mut dyn Write, view: &SheetView<'_>, title: &str, right: &str) -> fmt::Result {
    let (title, account) = (Escaped(title), Escaped(view.account));
    writeln!(
        out,
        "<div class=\"head\"><h2>{title}</h2><span class=\"account\"><bdi>{account}</bdi></span>\
         <b>{right}</b></div>"
    )
}

fn draw_codes(out: &mut dyn Write, view: &SheetView<'_>, range: &Range<usize>) -> fmt::Result {
    out.write_str("<section class=\"panel\">\n")?;
    head(out, view, view.name, &words::numbers(view, range))?;
    out.write_str("<div class=\"codes\">\n")?;
    for start in [range.start, range.start + ROWS] {
        let column = start..range.end.min(start + ROWS);
        out.write_str("<div class=\"column\">\n")?;
        if !column.is_empty() {
            table(out, view, column.clone())?;
        }
        if start > range.start && column.len() < ROWS {
            notes(out)?;
        }
        out.write_str("</div>\n")?;
    }
    out.write_str("</div>\n</section>\n")
}

fn table(out: &mut dyn Write, view: &SheetView<'_>, range: Range<usize>) -> fmt::Result {
    out.write_str(
        "<table>\n<thead><tr><th class=\"used\" scope=\"col\">Used</th>\
         <th class=\"number\" scope=\"col\">Number</th><th scope=\"col\">Code</th></tr></thead>\n<tbody>\n",
    )?;
    for at in range {
        let (number, code) = (at + 1, Escaped(&view.codes[at]));
        writeln!(
            out,
            "<tr><td class=\"used\"></td><th class=\"number\" scope=\"row\">{number}</th>\
             <td class=\"code\">{code}</td></tr>"
        )?;
    }
    out.write_str("</tbody>\n</table>\n")
}

fn draw_stub(out: &mut dyn Write, view: &SheetView<'_>) -> fmt::Result {
    let Some(kill) = view.kill else { return Ok(()) };
    out.write_str("<section class=\"panel stub\">\n")?;
    head(out, view, &words::kill_heading(view), "")?;
    let (kill, what, keep) = (Escaped(kill), words::KILL, words::KEEP);
    writeln!(
        out,
        "<p class=\"kill\">{kill}</p>\n<p>{what}</p>\n<p>{keep}</p>"
    )?;
    notes(out)?;
    out.write_str("</section>\n")
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn every_number_and_code_is_a_cell_once() {
        for count in [1, 9, 10, 50, 500] {
            let codes = sample::codes(count);
            let mut view = sample::view(&codes);
            view.kill = Some(sample::KILL);
            let page = draw(&view);
            for (code, number) in codes.iter().zip(1..) {
                let code = code.as_str();
                let row = format!(">{number}</th><td class=\"code\">{code}</td>");
                assert_eq!(page.matches(&row).count(), 1, "{number}");
                assert_eq!(page.matches(code).count(), 1, "{code}");
            }
            assert_eq!(page.matches(sample::KILL).count(), 1);
            let pages = if count == 500 { 4 } else { 1 };
            assert_eq!(page.matches("<div class=\"page\">").count(), pages);
        }
    }

    #[test]
    fn names_are_text() {
        let codes = sample::codes(50);
        let mut view = sample::view(&codes);
        view.account = "\"><script>alert(1)</script>";
        (view.issuer, view.label) = ("A & B", "'\u{6771}\u{4eac}' <b>");
        let page = draw(&view);
        assert!(!page.contains("<script") && !page.contains("<b>alert") && !page.contains("A & B"));
        assert!(
            page.contains("A &amp; B") && page.contains("&#39;\u{6771}\u{4eac}&#39; &lt;b&gt;")
        );
    }

    #[test]
    fn it_leans_on_nothing_else() {
        let codes = sample::codes(1);
        let page = draw(&sample::view(&codes));
        for word in ["href", "src=", "url(", "@import", "<script"] {
            assert!(!page.contains(word), "{word}");
        }
        assert_eq!(page.matches("http").count(), 1, "the name of the format");
        assert!(!STYLE.contains(['<', '&']), "that would not be well-formed");
    }
}
