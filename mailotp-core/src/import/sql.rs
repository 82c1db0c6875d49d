//! As much SQL as a dump holds: the rows of tables, whichever of mysqldump, phpMyAdmin, pg_dump, `sqlite3
//! .dump` and PostfixAdmin's own backup has written them.
//!
//! It is read token by token and not statement by statement: PostfixAdmin's backup leaves out semicolons.

mod lexer;

use std::collections::HashMap;
use std::rc::Rc;

use zeroize::Zeroizing;

use super::Unreadable;
use lexer::{Lexer, Token, escaped};

/// A row.
pub(super) struct Row {
    pub line: usize,
    /// Without the name of a schema before it.
    pub table: Rc<str>,
    /// Empty where the dump does not name them.
    pub columns: Rc<[String]>,
    values: Vec<Cell>,
}

/// A value; `None`: NULL.
type Cell = Option<Zeroizing<Vec<u8>>>;

impl Row {
    /// The text of a column; empty where it is NULL, or is not there.
    pub fn get(&self, column: &str) -> Zeroizing<String> {
        let at = self.columns.iter().position(|name| name == column);
        let cell = at
            .and_then(|at| self.values.get(at))
            .and_then(Option::as_ref);
        let text = cell.map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        Zeroizing::new(text.unwrap_or_default())
    }
}

/// More columns than a table has.
const MAX_COLUMNS: usize = 1000;

/// Hands out the rows of the tables that are wanted. Says whether at least one of these is there, with or
/// without rows.
pub(super) fn read(
    text: &[u8],
    wanted: impl Fn(&str) -> bool,
    each: impl FnMut(Row),
) -> Result<bool, Unreadable> {
    let mut reader = Reader {
        lexer: Lexer::new(text),
        peeked: None,
        columns: HashMap::new(),
        has_tables: false,
        wanted,
        each,
    };
    while let Some(token) = reader.next()? {
        match &token {
            Token::Word(word) if is(word, "insert") || is(word, "replace") => reader.insert()?,
            Token::Word(word) if is(word, "create") => reader.create()?,
            Token::Word(word) if is(word, "copy") => reader.copy()?,
            _ => {}
        }
    }
    Ok(reader.has_tables)
}

fn is(word: &str, keyword: &str) -> bool {
    word.eq_ignore_ascii_case(keyword)
}

struct Reader<'a, W, E> {
    lexer: Lexer<'a>,
    peeked: Option<Option<Token>>,
    columns: HashMap<Rc<str>, Rc<[String]>>,
    has_tables: bool,
    wanted: W,
    each: E,
}

impl<W: Fn(&str) -> bool, E: FnMut(Row)> Reader<'_, W, E> {
    fn next(&mut self) -> Result<Option<Token>, Unreadable> {
        match self.peeked.take() {
            Some(token) => Ok(token),
            None => self.lexer.next(),
        }
    }

    fn peek(&mut self) -> Result<Option<&Token>, Unreadable> {
        if self.peeked.is_none() {
            self.peeked = Some(self.lexer.next()?);
        }
        Ok(self.peeked.as_ref().and_then(Option::as_ref))
    }

    fn take_mark(&mut self, mark: u8) -> Result<bool, Unreadable> {
        let found = matches!(self.peek()?, Some(Token::Mark(found)) if *found == mark);
        if found {
            self.next()?;
        }
        Ok(found)
    }

    fn take_word(&mut self, keyword: &str) -> Result<bool, Unreadable> {
        let found = matches!(self.peek()?, Some(Token::Word(found)) if is(found, keyword));
        if found {
            self.next()?;
        }
        Ok(found)
    }

    /// Passes over words up to and with this one; false where something else comes first.
    fn skip_to(&mut self, keyword: &str) -> Result<bool, Unreadable> {
        while !self.take_word(keyword)? {
            if !matches!(self.peek()?, Some(Token::Word(_))) {
                return Ok(false);
            }
            self.next()?;
        }
        Ok(true)
    }

    /// A name, of which the last part counts.
    fn name(&mut self) -> Result<Option<String>, Unreadable> {
        loop {
            let (Some(Token::Word(name)) | Some(Token::Name(name))) = self.next()? else {
                return Ok(None);
            };
            if !self.take_mark(b'.')? {
                return Ok(Some(name.to_lowercase()));
            }
        }
    }

    /// The name of a table, if it is wanted.
    fn table(&mut self) -> Result<Option<Rc<str>>, Unreadable> {
        let table = self.name()?.filter(|name| (self.wanted)(name));
        self.has_tables |= table.is_some();
        Ok(table.map(Rc::from))
    }

    /// `CREATE TABLE … (name type …, …, CONSTRAINT …)`.
    fn create(&mut self) -> Result<(), Unreadable> {
        // CREATE DATABASE and the like have names or marks behind them.
        if !self.skip_to("table")? {
            return Ok(());
        }
        if self.take_word("if")? {
            self.skip_to("exists")?;
        }
        let Some(table) = self.table()? else {
            return Ok(());
        };
        if self.take_mark(b'(')? {
            let columns = self.names()?;
            self.columns.insert(table, columns);
        }
        Ok(())
    }

    /// The first name of every part of a list, up to its end.
    fn names(&mut self) -> Result<Rc<[String]>, Unreadable> {
        let mut names = Vec::new();
        let (mut depth, mut is_first) = (0u32, true);
        loop {
            match self.next()?.ok_or(self.broken_off())? {
                Token::Mark(b'(') => depth += 1,
                Token::Mark(b')') if depth == 0 => return Ok(names.into()),
                _ if names.len() > MAX_COLUMNS => return Err(self.broken_off()),
                Token::Mark(b')') => depth -= 1,
                Token::Mark(b',') if depth == 0 => {
                    is_first = true;
                    continue;
                }
                Token::Word(word) if is_first && !is_no_column(&word) => {
                    names.push(word.to_lowercase());
                }
                Token::Name(name) if is_first => names.push(name.to_lowercase()),
                _ => {}
            }
            is_first = false;
        }
    }

    /// `INSERT INTO table [(columns)] VALUES (…), (…)`.
    fn insert(&mut self) -> Result<(), Unreadable> {
        if !self.skip_to("into")? {
            return Ok(());
        }
        let Some(table) = self.table()? else {
            return Ok(());
        };
        let columns = match self.take_mark(b'(')? {
            true => self.names()?,
            false => self.columns.get(&table).cloned().unwrap_or_default(),
        };
        if !self.skip_to("values")? {
            return Ok(());
        }
        while self.take_mark(b'(')? {
            let row = Row {
                line: self.lexer.line,
                table: table.clone(),
                columns: columns.clone(),
                values: self.values()?,
            };
            (self.each)(row);
            if !self.take_mark(b',')? {
                break;
            }
        }
        Ok(())
    }

    /// The values of a row. Of an expression the first text counts: SQLite writes line breaks as
    /// `replace('…','\n',char(10))`.
    fn values(&mut self) -> Result<Vec<Cell>, Unreadable> {
        let mut cells = Vec::new();
        let (mut text, mut word) = (None, String::new());
        let mut depth = 0u32;
        loop {
            let token = self.next()?.ok_or(self.broken_off())?;
            if cells.len() > MAX_COLUMNS {
                return Err(self.broken_off());
            }
            match token {
                Token::Mark(b')' | b',') if depth == 0 => {
                    let is_null = is(&word, "null");
                    let plain = (!is_null).then(|| Zeroizing::new(word.into_bytes()));
                    cells.push(text.take().or(plain));
                    word = String::new();
                    if matches!(token, Token::Mark(b')')) {
                        return Ok(cells);
                    }
                }
                Token::Mark(b'(') => depth += 1,
                Token::Mark(b')') => depth -= 1,
                Token::Mark(_) => {}
                Token::Word(found) => word += &found,
                Token::Name(found) => word += &found,
                Token::Text(found) => text = text.or(Some(found)),
            }
        }
    }

    /// `COPY table (columns) FROM stdin;` and the rows as lines, of which the last is `\.`.
    fn copy(&mut self) -> Result<(), Unreadable> {
        let table = self.table()?;
        if !self.take_mark(b'(')? {
            return Ok(());
        }
        let columns = self.names()?;
        if !self.skip_to("stdin")? || !self.take_mark(b';')? {
            return Ok(());
        }
        self.lexer.line();
        loop {
            let line = self.lexer.line;
            let text = self.lexer.line().ok_or(self.broken_off())?;
            if text == b"\\." {
                return Ok(());
            }
            if let Some(table) = &table {
                let values = text.split(|byte| *byte == b'\t').take(MAX_COLUMNS);
                (self.each)(Row {
                    line,
                    table: table.clone(),
                    columns: columns.clone(),
                    values: values.map(copied).collect(),
                });
            }
        }
    }

    fn broken_off(&self) -> Unreadable {
        Unreadable::BreaksOff(self.lexer.line)
    }
}

/// What may stand in the place of a column.
fn is_no_column(word: &str) -> bool {
    const OTHERS: [&str; 10] = [
        "primary",
        "key",
        "unique",
        "constraint",
        "index",
        "fulltext",
        "spatial",
        "foreign",
        "check",
        "exclude",
    ];
    OTHERS.iter().any(|other| is(word, other))
}

/// A value of COPY (the manual of PostgreSQL, COPY, "Text Format").
fn copied(text: &[u8]) -> Cell {
    if text == b"\\N" {
        return None;
    }
    let mut value = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut bytes = text.iter().copied();
    while let Some(byte) = bytes.next() {
        value.push(match byte {
            b'\\' => bytes.next().map_or(b'\\', escaped),
            plain => plain,
        });
    }
    Some(value)
}
