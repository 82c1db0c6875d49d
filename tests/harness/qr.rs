//! QR codes as a camera sees them, read by `zbarimg`.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::tool::tool;

/// Pixels for each module of the code: `zbarimg` needs a few.
const SCALE: usize = 6;

/// A picture of squares: rows of dark (`true`) and light ones.
pub struct Picture {
    rows: Vec<Vec<bool>>,
}

/// What the QR code in an image file says.
///
/// # Panics
/// Where there is none, or `zbarimg` is missing.
#[track_caller]
#[must_use]
pub fn read(image: &Path) -> String {
    let path = image.display().to_string();
    let output = tool("zbar-tools", "zbarimg", &["--quiet", "--raw", &path]).done();
    output.stdout.trim_end().to_owned()
}

impl Picture {
    /// The picture that a terminal shows: each character is one square wide and two high.
    ///
    /// # Panics
    /// Where a character of it is no block.
    #[must_use]
    pub fn from_terminal(text: &str) -> Self {
        let mut rows = Vec::new();
        for line in text.lines().map(without_colours) {
            if !line.contains(['█', '▀', '▄']) {
                continue;
            }
            let half = |full: char| {
                line.chars()
                    .map(|block| block == '█' || block == full)
                    .collect()
            };
            rows.push(half('▀'));
            rows.push(half('▄'));
        }
        Self { rows }.same_width()
    }

    /// The picture that an SVG of dark squares on a light ground shows. It understands paths of
    /// `M x y h w v h …` and no more: what a program that draws a QR code writes.
    ///
    /// # Panics
    /// Where the drawing is another.
    #[must_use]
    pub fn from_svg(svg: &str) -> Self {
        let path = svg.split("d=\"").nth(1).expect("an SVG with a path");
        let path = path.split('"').next().expect("it ends");
        let squares: Vec<[usize; 4]> = path.split('M').skip(1).map(square).collect();
        let [.., width, height] = *squares.first().expect("a square");
        assert!(width == height, "squares: {path}");
        let side = squares.iter().map(|[x, y, ..]| x.max(y) / width).max();
        let side = side.expect("a square") + 5;
        let mut rows = vec![vec![false; side]; side];
        for [x, y, wide, high] in squares {
            for row in &mut rows[y / width..(y + high) / width] {
                row[x / width..(x + wide) / width].fill(true);
            }
        }
        Self { rows }
    }

    fn same_width(mut self) -> Self {
        let width = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        for row in &mut self.rows {
            row.resize(width, false);
        }
        self
    }

    /// What the QR code in it says, whichever of its colours is the dark one.
    ///
    /// # Panics
    /// Where there is none, or `zbarimg` is missing.
    #[track_caller]
    #[must_use]
    pub fn read(&self) -> String {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let [plain, inverted] = [false, true].map(|light| {
            let path = folder.path().join(format!("{light}.pbm"));
            fs::write(&path, self.bitmap(light)).expect("the folder is ours");
            let path = path.display().to_string();
            tool("zbar-tools", "zbarimg", &["--quiet", "--raw", &path])
        });
        let found = if plain.code == 0 { plain } else { inverted };
        found.done().stdout.trim_end().to_owned()
    }

    /// The picture as a portable bitmap, with a margin.
    fn bitmap(&self, light: bool) -> String {
        let margin = 4;
        let width = self.rows.first().map_or(0, Vec::len) + 2 * margin;
        let height = self.rows.len() + 2 * margin;
        let mut bitmap = format!("P1\n{} {}\n", width * SCALE, height * SCALE);
        for y in 0..height * SCALE {
            for x in 0..width * SCALE {
                let row = (y / SCALE)
                    .checked_sub(margin)
                    .and_then(|y| self.rows.get(y));
                let square = row.and_then(|row| row.get((x / SCALE).checked_sub(margin)?));
                let dark = square.is_some_and(|square| *square != light);
                write!(bitmap, "{} ", u8::from(dark)).expect("memory suffices");
            }
            bitmap.push('\n');
        }
        bitmap
    }
}

/// `x y h w v h` with whatever follows, as numbers.
fn square(text: &str) -> [usize; 4] {
    let numbers = text.split(|letter: char| !letter.is_ascii_digit());
    let mut numbers = numbers.filter(|number| !number.is_empty());
    std::array::from_fn(|_| {
        let number = numbers
            .next()
            .unwrap_or_else(|| panic!("no square: {text}"));
        number.parse().expect("a number")
    })
}

/// The line without the escape sequences that colour it.
fn without_colours(line: &str) -> String {
    let mut parts = line.split('\u{1b}');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push_str(part.split_once('m').map_or("", |(_, rest)| rest));
    }
    plain
}
