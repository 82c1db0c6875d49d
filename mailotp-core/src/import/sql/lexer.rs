//! The words, texts and marks of SQL.

use zeroize::Zeroizing;

use crate::import::Unreadable;

/// What a dump is made of.
pub(super) enum Token {
    /// A keyword, a number, or a name without quotes.
    Word(String),
    /// A name in quotes.
    Name(String),
    Text(Zeroizing<Vec<u8>>),
    Mark(u8),
}

/// Whether a backslash in a string means what follows. It does in MySQL and MariaDB, and neither in
/// SQLite nor in PostgreSQL, which say who they are.
fn has_backslashes(text: &[u8]) -> bool {
    let start = String::from_utf8_lossy(&text[..text.len().min(4096)]);
    let others = [
        "PRAGMA foreign_keys",
        "PostgreSQL database dump",
        "standard_conforming_strings = on",
    ];
    !others.iter().any(|mark| start.contains(mark))
}

/// Reads a dump.
pub(super) struct Lexer<'a> {
    rest: &'a [u8],
    /// The line that it has come to.
    pub line: usize,
    backslash: bool,
}

impl<'a> Lexer<'a> {
    pub fn new(text: &'a [u8]) -> Lexer<'a> {
        Lexer {
            rest: text,
            line: 1,
            backslash: has_backslashes(text),
        }
    }

    pub fn next(&mut self) -> Result<Option<Token>, Unreadable> {
        loop {
            let Some(&byte) = self.rest.first() else {
                return Ok(None);
            };
            match (byte, self.rest.get(1)) {
                // A backslash outside of strings is a command of psql.
                (b'-', Some(b'-')) | (b'#' | b'\\', _) => {
                    self.line();
                }
                (b'/', Some(b'*')) => self.skip_behind(2, b"*/")?,
                (b'\'', _) => {
                    return self
                        .text(self.backslash)
                        .map(|text| Some(Token::Text(text)));
                }
                (b'E' | b'e', Some(b'\'')) => {
                    self.advance(1);
                    return self.text(true).map(|text| Some(Token::Text(text)));
                }
                (b'"' | b'`', _) => return self.quoted(byte).map(Some),
                (b'$', _) if self.dollar_quote().is_some() => {
                    let tag = self.dollar_quote().unwrap_or_default();
                    self.skip_behind(tag.len(), tag)?;
                }
                _ if is_of_word(byte) => {
                    let end = self.rest.iter().position(|byte| !is_of_word(*byte));
                    let word = self.advance(end.unwrap_or(self.rest.len()));
                    let word = String::from_utf8_lossy(word).into_owned();
                    return Ok(Some(Token::Word(word)));
                }
                _ => {
                    self.advance(1);
                    if !byte.is_ascii_whitespace() {
                        return Ok(Some(Token::Mark(byte)));
                    }
                }
            }
        }
    }

    fn advance(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at(count.min(self.rest.len()));
        self.line += taken.iter().filter(|byte| **byte == b'\n').count();
        self.rest = rest;
        taken
    }

    /// The rest of the line; `None` at the end.
    pub fn line(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let end = self.rest.iter().position(|byte| *byte == b'\n');
        let line = self.advance(end.map_or(self.rest.len(), |end| end + 1));
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }

    fn skip_behind(&mut self, from: usize, end: &[u8]) -> Result<(), Unreadable> {
        let begins = self.line;
        self.advance(from);
        let found = self.rest.windows(end.len()).position(|here| here == end);
        let found = found.ok_or(Unreadable::BreaksOff(begins))?;
        self.advance(found + end.len());
        Ok(())
    }

    /// `$$` or `$tag$`, with which PostgreSQL quotes functions.
    fn dollar_quote(&self) -> Option<&'a [u8]> {
        let tag = self.rest.get(1..)?;
        let end = tag.iter().position(|byte| *byte == b'$')?;
        let is_tag = tag[..end]
            .iter()
            .all(|byte| byte.is_ascii_alphabetic() || *byte == b'_');
        is_tag.then(|| &self.rest[..end + 2])
    }

    fn text(&mut self, backslash: bool) -> Result<Zeroizing<Vec<u8>>, Unreadable> {
        let broken_off = Unreadable::BreaksOff(self.line);
        let end = end_of_text(self.rest, backslash).ok_or(broken_off)?;
        let inside = &self.advance(end + 1)[1..end];
        let mut text = Zeroizing::new(Vec::with_capacity(inside.len()));
        let mut bytes = inside.iter().copied();
        while let Some(byte) = bytes.next() {
            text.push(match byte {
                b'\\' if backslash => bytes.next().map_or(b'\\', escaped),
                // The second of two is the one that is meant.
                b'\'' => bytes.next().unwrap_or(b'\''),
                plain => plain,
            });
        }
        Ok(text)
    }

    fn quoted(&mut self, quote: u8) -> Result<Token, Unreadable> {
        let broken_off = Unreadable::BreaksOff(self.line);
        let end = self.rest[1..].iter().position(|byte| *byte == quote);
        let end = end.ok_or(broken_off)? + 1;
        let inside = &self.advance(end + 1)[1..end];
        Ok(Token::Name(String::from_utf8_lossy(inside).into_owned()))
    }
}

/// Where the string that begins here has its last quote.
fn end_of_text(text: &[u8], backslash: bool) -> Option<usize> {
    let mut at = 1;
    loop {
        match (text.get(at)?, text.get(at + 1)) {
            (b'\\', _) if backslash => at += 2,
            (b'\'', Some(b'\'')) => at += 2,
            (b'\'', _) => return Some(at),
            _ => at += 1,
        }
    }
}

fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// What a letter behind a backslash stands for.
pub(super) fn escaped(letter: u8) -> u8 {
    match letter {
        b'0' => 0,
        b'b' => 8,
        b't' => b'\t',
        b'n' => b'\n',
        b'r' => b'\r',
        plain => plain,
    }
}
