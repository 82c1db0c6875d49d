//! XML and HTML.

use std::fmt::{self, Display, Formatter, Write};

/// Text in an element or an attribute. What somebody chose as a name stays text; what XML 1.0
/// (section 2.2) has no place for shows as U+FFFD.
pub struct Escaped<'a>(pub &'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        for letter in self.0.chars() {
            match letter {
                '&' => out.write_str("&amp;")?,
                '<' => out.write_str("&lt;")?,
                '>' => out.write_str("&gt;")?,
                '"' => out.write_str("&quot;")?,
                '\'' => out.write_str("&#39;")?,
                '\u{fffe}' | '\u{ffff}' => out.write_char('\u{fffd}')?,
                _ if letter.is_control() => out.write_char('\u{fffd}')?,
                _ => out.write_char(letter)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_text() {
        let escaped = Escaped("<b a='1'>&\"\u{1b}\u{85}\n\u{ffff}\u{e9}\u{6771}").to_string();
        assert_eq!(
            escaped,
            "&lt;b a=&#39;1&#39;&gt;&amp;&quot;\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{e9}\u{6771}"
        );
    }
}
