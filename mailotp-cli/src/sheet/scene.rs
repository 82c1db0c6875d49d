//! What is drawn where, for the formats that need to be told: millimetres, from the top left.

use std::borrow::Cow;

use super::fit::Face;
use super::pages::PANEL_WIDTH;

/// A point, in millimetres.
pub const PT: f32 = 25.4 / 72.0;

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stroke {
    /// Thin.
    Hair,
    /// To write on.
    Rule,
    /// Dashed: cut here.
    Cut,
    /// Dotted: fold here.
    Fold,
}

impl Stroke {
    /// How thick it is.
    pub fn width(self) -> f32 {
        match self {
            Stroke::Hair => 0.2,
            Stroke::Rule => 0.12,
            Stroke::Cut => 0.25,
            Stroke::Fold => 0.4,
        }
    }

    /// Drawn and left out in turn; `None` for a whole line.
    pub fn dashes(self) -> Option<[f32; 2]> {
        match self {
            Stroke::Hair | Stroke::Rule => None,
            Stroke::Cut => Some([2.0, 1.4]),
            // Ends are round: nothing long is a dot.
            Stroke::Fold => Some([0.0, 1.4]),
        }
    }
}

/// A piece of a drawing.
pub enum Item<'a> {
    /// A line of text, on its baseline.
    Text {
        at: (f32, f32),
        face: Face,
        size: f32,
        /// It ends there, and does not begin.
        end: bool,
        text: Cow<'a, str>,
    },
    /// A line.
    Line {
        from: (f32, f32),
        to: (f32, f32),
        stroke: Stroke,
    },
    /// An empty square to cross.
    Square { at: (f32, f32), side: f32 },
}

/// A page of a drawing.
pub struct Scene<'a> {
    /// How far to the right it reaches.
    pub width: f32,
    /// How far down it reaches.
    pub height: f32,
    /// What is on it, in the order in which it is read.
    pub items: Vec<Item<'a>>,
}

/// Draws on a scene, from a corner that is its own.
pub struct Pen<'s, 'a> {
    /// Where.
    pub items: &'s mut Vec<Item<'a>>,
    /// Its corner.
    pub corner: (f32, f32),
}

impl<'a> Pen<'_, 'a> {
    fn at(&self, (x, y): (f32, f32)) -> (f32, f32) {
        (self.corner.0 + x, self.corner.1 + y)
    }

    /// Text that begins there.
    pub fn text(&mut self, at: (f32, f32), face: Face, size: f32, text: impl Into<Cow<'a, str>>) {
        self.write(at, face, size, false, text.into());
    }

    /// Text that ends there.
    pub fn text_to(
        &mut self,
        at: (f32, f32),
        face: Face,
        size: f32,
        text: impl Into<Cow<'a, str>>,
    ) {
        self.write(at, face, size, true, text.into());
    }

    fn write(&mut self, at: (f32, f32), face: Face, size: f32, end: bool, text: Cow<'a, str>) {
        let at = self.at(at);
        self.items.push(Item::Text {
            at,
            face,
            size,
            end,
            text,
        });
    }

    /// A line.
    pub fn line(&mut self, from: (f32, f32), to: (f32, f32), stroke: Stroke) {
        let (from, to) = (self.at(from), self.at(to));
        self.items.push(Item::Line { from, to, stroke });
    }

    /// A line across a panel, between its margins.
    pub fn across(&mut self, y: f32, margin: f32, stroke: Stroke) {
        self.line((margin, y), (PANEL_WIDTH - margin, y), stroke);
    }

    /// A square, by its upper left corner.
    pub fn square(&mut self, at: (f32, f32), side: f32) {
        let at = self.at(at);
        self.items.push(Item::Square { at, side });
    }
}
