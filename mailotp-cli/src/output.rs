//! Output for people and for programs.

use std::io;

use comfy_table::Table;
use comfy_table::presets::NOTHING;
use serde_json::Value;

use crate::terminal;

/// How to print.
pub struct Output {
    /// One JSON document.
    pub json: bool,
}

impl Output {
    /// For people, or as JSON.
    pub fn new(json: bool) -> Output {
        Output { json }
    }

    /// Prints a document, or a line of a log, for programs, or what `people` says. Fails where nobody takes it: what
    /// was to be shown once was not shown.
    pub fn show(&self, document: &Value, people: impl FnOnce() -> String) -> io::Result<()> {
        let mut text = if self.json {
            document.to_string()
        } else {
            people()
        };
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        write(text.as_bytes())
    }

    /// Says how far something is that takes its time; at a terminal only.
    pub fn progress(&self, what: &str, done: u32, of: u32) {
        if self.json || !terminal::can_ask() {
            return;
        }
        // A hundred steps are enough to see it move.
        if done == of {
            terminal::note("\r\x1b[K");
        } else if done.is_multiple_of(of.div_ceil(100)) {
            terminal::note(&format!("\r{what} {done}/{of}"));
        }
    }
}

/// Writes to standard output, and sees to it that it arrived.
pub fn write(bytes: &[u8]) -> io::Result<()> {
    terminal::with(|terminal| terminal.print(bytes))
}

/// Columns that line up.
pub fn table(header: &[&str], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(header.to_vec());
    for row in rows {
        table.add_row(row);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let mut lines = table.lines();
    let header = lines.next().unwrap_or_default();
    let rows = lines.map(|line| line.trim_end().to_owned() + "\n");
    let first = coloured(Colour::Bold, header.trim_end()) + "\n";
    std::iter::once(first).chain(rows).collect()
}

/// What a line is painted with, where its reader wants that: SGR codes (ECMA-48, section 8.3.117).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// A heading.
    Bold,
    /// All went well.
    Green,
    /// Somebody was refused.
    Yellow,
    /// Something is broken.
    Red,
}

/// A line in a colour.
pub fn coloured(colour: Colour, line: &str) -> String {
    let code = match colour {
        Colour::Bold => 1,
        Colour::Green => 32,
        Colour::Yellow => 33,
        Colour::Red => 31,
    };
    if terminal::is_coloured() {
        format!("\x1b[{code}m{line}\x1b[0m")
    } else {
        line.to_owned()
    }
}
