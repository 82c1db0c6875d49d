//! How much room words take, and how they are made to fit.

/// What words are set in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// Helvetica, or what stands for it.
    Sans,
    /// The same, bold.
    Bold,
    /// Courier, bold: for what is typed.
    Mono,
}

/// The widths of Helvetica-Bold in thousandths of its size, from the blank to the tilde, as Adobe's
/// font metrics have them. The upright face is hardly ever wider, and figures are alike in both.
const WIDTHS: [u16; 95] = [
    278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278,
    278, // blank to /
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 333, 333, 584, 584, 584, 611, // 0 to ?
    1015, 722, 722, 722, 722, 667, 611, 778, 722, 278, 556, 722, 611, 833, 722, 778, // @ to O
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 333, 278, 333, 584, 556, // P to _
    333, 556, 611, 556, 611, 556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611, // ` to o
    611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389, 280, 389, 584, // p to ~
];

/// How wide a text is at most, in the unit of `size`.
pub fn width(text: &str, face: Face, size: f32) -> f32 {
    let one = |letter: char| -> u16 {
        if face == Face::Mono {
            return 600;
        }
        let place = (letter as usize).checked_sub(' ' as usize);
        match (place.and_then(|place| WIDTHS.get(place)), letter) {
            (Some(width), _) => *width,
            (None, '\u{2013}') => 556,
            (None, ..'\u{300}') => 778,
            // Nothing is wider than high, but for what no name needs.
            (None, _) => 1000,
        }
    };
    text.chars()
        .map(|letter| f32::from(one(letter)))
        .sum::<f32>()
        * size
        / 1000.0
}

/// Breaks a text into so many lines at most; what is left over then is cut off, visibly. A word that
/// is longer than a line is broken too.
pub fn wrap(text: &str, lines: usize, fits: &dyn Fn(&str) -> bool) -> Vec<String> {
    let mut done = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() && done.len() < lines {
        if fits(rest) {
            done.push(rest.to_owned());
            break;
        }
        if done.len() + 1 == lines {
            done.push(shorten(rest, fits));
            break;
        }
        let end = longest(rest, fits);
        let end = if rest[end..].starts_with(' ') {
            end
        } else {
            break_before(&rest[..end]).unwrap_or(end)
        };
        let (line, others) = rest.split_at(end);
        done.push(line.trim_end().to_owned());
        rest = others.trim_start();
    }
    done
}

/// The text, or as much of its beginning as fits with an ellipsis.
pub fn shorten(text: &str, fits: &dyn Fn(&str) -> bool) -> String {
    if fits(text) {
        return text.to_owned();
    }
    let end = longest(text, &|start| fits(&format!("{start}\u{2026}")));
    format!("{}\u{2026}", text[..end].trim_end())
}

/// How many bytes of the text's beginning fit; one character at least.
fn longest(text: &str, fits: &dyn Fn(&str) -> bool) -> usize {
    let mut ends = text
        .char_indices()
        .map(|(at, letter)| at + letter.len_utf8());
    let first = ends.next().unwrap_or(0);
    ends.take_while(|end| fits(&text[..*end]))
        .last()
        .unwrap_or(first)
}

/// Where a line that is full is best broken: at a blank, or before the domain.
fn break_before(line: &str) -> Option<usize> {
    line.rfind(' ')
        .or_else(|| line.rfind('@'))
        .filter(|at| *at > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eight(text: &str) -> bool {
        text.chars().count() <= 8
    }

    #[test]
    fn lines_break_at_blanks_before_domains_and_else_anywhere() {
        assert_eq!(wrap("one two three", 9, &eight), ["one two", "three"]);
        assert_eq!(wrap("alice@example", 9, &eight), ["alice", "@example"]);
        assert_eq!(wrap("abcdefghijkl", 9, &eight), ["abcdefgh", "ijkl"]);
        assert_eq!(wrap("  ", 9, &eight), [""; 0]);
    }

    #[test]
    fn what_is_cut_off_shows() {
        assert_eq!(
            wrap("one two three four", 2, &eight),
            ["one two", "three f\u{2026}"]
        );
        assert_eq!(shorten("\u{e9}\u{e9}\u{e9}", &eight), "\u{e9}\u{e9}\u{e9}");
        assert_eq!(shorten("ab", &|_| false), "a\u{2026}", "and it ends");
    }

    #[test]
    fn widths_are_those_of_the_font() {
        assert_eq!(width("0123456789", Face::Bold, 10.0), 55.6);
        assert_eq!(width("~", Face::Sans, 1000.0), 584.0);
        assert_eq!(width("abcde-fghjk", Face::Mono, 10.0), 66.0);
    }
}
