//! Which panel goes where. A panel has the size of a bank card; up to four of them, one below the
//! other, are a card that is cut out and folded; a page has two columns of cards.

use std::ops::Range;

/// The size of a panel in millimetres: ID-1 of ISO/IEC 7810, as bank cards have it.
pub const PANEL_WIDTH: f32 = 85.6;
/// The same.
pub const PANEL_HEIGHT: f32 = 54.0;
/// Between two columns.
pub const COLUMN_GAP: f32 = 8.0;
/// Between two cards of a column.
pub const CARD_GAP: f32 = 6.0;

/// How many codes stand below each other.
pub const ROWS: usize = 9;
/// How many codes a panel has.
pub const CODES: usize = 2 * ROWS;
/// More than four layers of paper do not fold well.
const PANELS: usize = 4;
/// How long a column may get: a page fits A4 and US Letter alike.
const COLUMN_HEIGHT: f32 = PANELS as f32 * PANEL_HEIGHT + CARD_GAP;
/// How many columns a page has.
const COLUMNS: usize = 2;

/// A panel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Panel {
    /// What sheet it is.
    Cover,
    /// These of its codes, the first one at 0.
    Codes(Range<usize>),
    /// The code that revokes it.
    Kill,
}

/// Panels that stay together.
pub type Card = Vec<Panel>;
/// Cards below each other.
pub type Column = Vec<Card>;
/// Columns beside each other.
pub type Page = Vec<Column>;

/// How high a card is.
pub fn height(card: &Card) -> f32 {
    card.len() as f32 * PANEL_HEIGHT
}

/// The pages of a sheet with so many codes.
pub fn pages(codes: usize, kill: bool) -> Vec<Page> {
    let starts = (0..codes).step_by(CODES);
    let listed = starts.map(|start| Panel::Codes(start..codes.min(start + CODES)));
    let panels: Vec<Panel> = [Panel::Cover].into_iter().chain(listed).collect();
    let cards = panels.chunks(PANELS).map(<[Panel]>::to_vec);
    // What revokes a sheet is of no use together with it: it is a card of its own.
    let cards = cards.chain(kill.then(|| vec![Panel::Kill]));

    let mut columns: Vec<Column> = Vec::new();
    let mut room = 0.0;
    for card in cards {
        let needed = height(&card) + CARD_GAP;
        match columns.last_mut().filter(|_| needed <= room) {
            Some(column) => {
                room -= needed;
                column.push(card);
            }
            None => {
                room = COLUMN_HEIGHT - height(&card);
                columns.push(vec![card]);
            }
        }
    }
    columns.chunks(COLUMNS).map(<[Column]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(codes: usize, kill: bool) -> Vec<Vec<Vec<usize>>> {
        let of_page = |page: &Page| page.iter().map(of_column).collect();
        fn of_column(column: &Column) -> Vec<usize> {
            column.iter().map(Vec::len).collect()
        }
        pages(codes, kill).iter().map(of_page).collect()
    }

    #[test]
    fn fifty_codes_are_one_card_and_its_stub_is_another() {
        assert_eq!(counted(50, false), [[[4]]]);
        assert_eq!(counted(50, true), [[[4], [1]]]);
        assert_eq!(counted(10, true), [[[2, 1]]]);
        assert_eq!(counted(100, true), [[vec![4], vec![3, 1]]]);
    }

    #[test]
    fn every_code_has_one_place_and_every_page_fits_the_paper() {
        for codes in 1..=500 {
            let mut next = 0;
            let pages = pages(codes, true);
            for column in pages.iter().flatten() {
                let cards: f32 = column.iter().map(height).sum();
                let gaps = (column.len() - 1) as f32 * CARD_GAP;
                assert!(cards + gaps <= COLUMN_HEIGHT, "{codes}");
                for panel in column.iter().flatten() {
                    if let Panel::Codes(range) = panel {
                        assert_eq!(range.start, next);
                        assert!((1..=CODES).contains(&range.len()));
                        next = range.end;
                    }
                }
            }
            assert_eq!(next, codes);
            let stubs = pages.iter().flatten().flatten();
            assert_eq!(stubs.filter(|card| **card == [Panel::Kill]).count(), 1);
        }
        assert_eq!(pages(500, true).len(), 4);
    }
}
