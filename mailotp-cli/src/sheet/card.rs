//! The card: where everything stands on a panel.

use std::ops::Range;

use super::cover::{self, BODY, MARGIN, TITLE, VALUES};
use super::fit::{Face, shorten, width, wrap};
use super::pages::{
    CARD_GAP, COLUMN_GAP, Card, PANEL_HEIGHT, PANEL_WIDTH, Page, Panel, ROWS, height, pages,
};
use super::scene::{PT, Pen, Scene, Stroke};
use super::{SheetView, words};

/// The right margin of a panel.
const RIGHT: f32 = PANEL_WIDTH - MARGIN;
/// Between two lines of words.
const LEADING: f32 = 3.5;
/// Names of things.
const SMALL: f32 = 6.5 * PT;
/// The sheet's name.
const NAME: f32 = 34.0 * PT;
/// A code.
const CODE: f32 = 10.0 * PT;
/// The first code's baseline.
const FIRST: f32 = 12.2;
/// From one code to the next: room for a pen.
const STEP: f32 = 4.45;
/// What is added after every third, so that an eye keeps to its line.
const REST: f32 = 1.0;
/// From one column of codes to the next.
const COLUMN: f32 = 39.6;
/// Above the cards: a line that says what to do with them.
const TOP: f32 = 7.0;
/// At the left of the cards: marks where to fold.
const SIDE: f32 = 3.0;

/// The pages of a sheet.
pub fn draw<'a>(view: &SheetView<'a>) -> Vec<Scene<'a>> {
    let pages = pages(view.codes.len(), view.kill.is_some());
    let of = pages.len();
    let numbered = pages.iter().zip(1..);
    numbered
        .map(|(page, number)| scene(view, page, number, of))
        .collect()
}

fn scene<'a>(view: &SheetView<'a>, page: &Page, number: usize, of: usize) -> Scene<'a> {
    let mut items = Vec::new();
    let mut bottom = TOP;
    let mut pen = Pen {
        items: &mut items,
        corner: (SIDE, 0.0),
    };
    let numbered = if of > 1 {
        format!(
            "Sheet {}, page {number} of {of}. {}",
            view.name,
            words::PRINT
        )
    } else {
        words::PRINT.to_owned()
    };
    pen.text((0.0, 3.0), Face::Sans, SMALL, numbered);
    for (place, column) in page.iter().enumerate() {
        let left = SIDE + place as f32 * (PANEL_WIDTH + COLUMN_GAP);
        let mut top = TOP;
        for card in column {
            let mut pen = Pen {
                items: &mut items,
                corner: (left, top),
            };
            outline(&mut pen, card);
            for panel in card {
                draw_panel(&mut pen, view, panel);
                pen.corner.1 += PANEL_HEIGHT;
            }
            bottom = f32::max(bottom, top + height(card));
            top += height(card) + CARD_GAP;
        }
    }
    let columns = page.len() as f32;
    let width = columns * PANEL_WIDTH + (columns - 1.0) * COLUMN_GAP;
    Scene {
        width: SIDE + width + SIDE,
        height: bottom,
        items,
    }
}

/// Where to cut and where to fold.
fn outline(pen: &mut Pen<'_, '_>, card: &Card) {
    let bottom = height(card);
    let corners = [
        (0.0, 0.0),
        (PANEL_WIDTH, 0.0),
        (PANEL_WIDTH, bottom),
        (0.0, bottom),
        (0.0, 0.0),
    ];
    for side in corners.windows(2) {
        pen.line(side[0], side[1], Stroke::Cut);
    }
    for fold in 1..card.len() {
        let y = fold as f32 * PANEL_HEIGHT;
        pen.across(y, 1.0, Stroke::Fold);
        pen.line((-2.5, y), (-0.8, y), Stroke::Hair);
        pen.line((PANEL_WIDTH + 0.8, y), (PANEL_WIDTH + 2.5, y), Stroke::Hair);
    }
}

fn draw_panel<'a>(pen: &mut Pen<'_, 'a>, view: &SheetView<'a>, panel: &Panel) {
    match panel {
        Panel::Cover => draw_cover(pen, view),
        Panel::Codes(range) => draw_codes(pen, view, range),
        Panel::Kill => draw_stub(pen, view),
    }
}

fn draw_cover<'a>(pen: &mut Pen<'_, 'a>, view: &SheetView<'a>) {
    let cover = cover::cover(view);
    pen.text((MARGIN, 6.2), Face::Sans, SMALL, "Sheet");
    pen.text((MARGIN - 0.6, 16.2), Face::Bold, NAME, view.name);
    let mut y = 6.8;
    for line in cover.account {
        pen.text((TITLE, y), Face::Bold, cover.size, line);
        y += 4.0;
    }
    for line in cover.titles {
        pen.text((TITLE, y), Face::Sans, BODY, line);
        y += LEADING;
    }
    y = f32::max(y - 1.0, 19.5);
    pen.across(y, MARGIN, Stroke::Hair);
    y += 4.4;
    for (name, lines) in cover.facts {
        pen.text((MARGIN, y), Face::Sans, SMALL, name);
        for line in lines {
            pen.text((VALUES, y), Face::Sans, BODY, line);
            y += LEADING;
        }
    }
    let hint = 50.2;
    draw_notes(pen, (MARGIN, RIGHT), y + 1.8, hint - 4.2, 5.2);
    pen.text((MARGIN, hint), Face::Bold, 7.2 * PT, words::HINT);
}

/// Lines to write on, from `first` to `last`.
fn draw_notes(pen: &mut Pen<'_, '_>, sides: (f32, f32), first: f32, last: f32, step: f32) {
    let lines = ((last - first) / step).floor();
    let mut y = last - lines * step;
    if lines >= 0.0 {
        pen.text((sides.0, y - 0.8), Face::Sans, SMALL, "Notes");
    }
    let mut left = sides.0 + 8.5;
    while y <= last + 0.01 && lines >= 0.0 {
        pen.line((left, y), (sides.1, y), Stroke::Rule);
        left = sides.0;
        y += step;
    }
}

/// The name of the sheet and its account, again: a card that was cut off still says what it is.
fn draw_head<'a>(pen: &mut Pen<'_, 'a>, title: String, account: &str, right: String) {
    let size = 9.0 * PT;
    let left = MARGIN + width(&title, Face::Bold, size) + 2.5;
    let room = RIGHT - width(&right, Face::Bold, BODY) - 2.5 - left;
    let account = shorten(account, &|text| width(text, Face::Sans, BODY) <= room);
    pen.text((MARGIN, 6.2), Face::Bold, size, title);
    pen.text((left, 6.2), Face::Sans, BODY, account);
    if !right.is_empty() {
        pen.text_to((RIGHT, 6.2), Face::Bold, BODY, right);
    }
    pen.across(8.0, MARGIN, Stroke::Hair);
}

/// The baseline of a row of codes.
fn row(row: usize) -> f32 {
    FIRST + row as f32 * STEP + (row / 3) as f32 * REST
}

fn draw_codes<'a>(pen: &mut Pen<'_, 'a>, view: &SheetView<'a>, range: &Range<usize>) {
    let codes: &'a [_] = view.codes;
    let numbers = words::numbers(view, range);
    draw_head(pen, view.name.to_owned(), view.account, numbers);
    for (place, at) in range.clone().enumerate() {
        let (left, y) = (MARGIN + (place / ROWS) as f32 * COLUMN, row(place % ROWS));
        pen.square((left, y - 2.65), 2.8);
        pen.text_to((left + 9.4, y), Face::Bold, 8.0 * PT, (at + 1).to_string());
        pen.text((left + 11.4, y), Face::Mono, CODE, codes[at].as_str());
    }
    let middle = MARGIN + COLUMN - 1.3;
    pen.line((middle, 9.6), (middle, 51.4), Stroke::Rule);
    // What is left of the second column is for notes.
    let used = range.len().saturating_sub(ROWS);
    if used < ROWS {
        let first = row(used) + if used == 0 { 0.0 } else { 1.5 };
        draw_notes(pen, (MARGIN + COLUMN, RIGHT), first, row(ROWS - 1), 5.4);
    }
}

fn draw_stub<'a>(pen: &mut Pen<'_, 'a>, view: &SheetView<'a>) {
    let Some(kill) = view.kill else { return };
    draw_head(pen, words::kill_heading(view), view.account, String::new());
    let room = RIGHT - MARGIN;
    let natural = width(kill, Face::Mono, 1.0).max(1.0);
    let size = f32::min(13.0 * PT, room / natural);
    pen.text((MARGIN, 20.0), Face::Mono, size, kill);
    let mut y = 29.0;
    for sentence in [words::KILL, words::KEEP] {
        for line in wrap(sentence, 3, &|line| width(line, Face::Bold, BODY) <= room) {
            pen.text((MARGIN, y), Face::Sans, BODY, line);
            y += LEADING;
        }
        y += 1.0;
    }
    draw_notes(pen, (MARGIN, RIGHT), y + 1.5, 50.2, 5.2);
}
