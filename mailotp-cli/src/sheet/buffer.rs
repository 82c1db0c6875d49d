//! Buffers of the right size: one that grows leaves copies of what it held behind.

use std::fmt::{self, Write};

use zeroize::Zeroizing;

/// What `write` writes, which it is asked to do twice: once to count.
pub fn exactly(write: impl Fn(&mut dyn Write) -> fmt::Result) -> Zeroizing<String> {
    let mut length = Length(0);
    let mut text = Zeroizing::new(String::new());
    // Neither a count nor a string refuses to be written to.
    let _ = write(&mut length);
    text.reserve_exact(length.0);
    let _ = write(&mut *text);
    text
}

/// How much was written.
struct Length(usize);

impl Write for Length {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 += text.len();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_as_large_as_what_is_in_it() {
        let text = exactly(|out| {
            (0..100).try_for_each(|number| write!(out, "{number} "))?;
            out.write_str("\u{e9}")
        });
        assert_eq!(text.capacity(), text.len());
        assert!(text.starts_with("0 1 2 ") && text.ends_with("98 99 \u{e9}"));
    }
}
