//! Rules in plain words, read fast.
//!
//! The file is read at every login. TOML in full costs some microseconds for each rule, so rules that
//! are written as everybody writes them are read here: `[[rule]]`, one behind the other, and keys with
//! one string, or one list of strings, without escapes. At anything else this reader gives up, and the
//! file is read by the TOML library, which knows all of it and says what is wrong where. What this one
//! does read means the same there: a test holds that.

use std::borrow::Cow;

use serde::de::value::{Error, StrDeserializer};
use serde::de::{Deserialize, IntoDeserializer};

use super::rules::{Draft, Maker};
use crate::rule::{AcceptId, Mode, Place, ServicesId};
use crate::window::Binding;

const HEADER: &str = "[[rule]]";

/// A file whose rules stand together.
pub(super) struct Plain<'t> {
    /// All of it but the rules.
    pub rest: Cow<'t, str>,
    /// All of it up to the end of the last rule.
    text: &'t str,
    /// Where the first rule begins.
    start: usize,
}

impl<'t> Plain<'t> {
    /// Takes `text` apart; `None`: it has no rules, or other sections between them.
    pub fn of(text: &'t str) -> Option<Plain<'t>> {
        let in_text = |at: usize| at + 1;
        let start = match text.starts_with(HEADER) {
            true => 0,
            false => text.find("\n[[rule]]").map(in_text)?,
        };
        let last = text.rfind("\n[[rule]]").map_or(start, in_text);
        let behind = text[last + HEADER.len()..].find("\n[").map(in_text);
        let end = behind.map_or(text.len(), |at| last + HEADER.len() + at);
        let (head, tail) = (&text[..start], &text[end..]);
        if !tail.is_empty() {
            // That rules come between the two, and not the middle of a string, is sure only where the
            // first is whole. That the second is whole is seen when the rest is read.
            toml::de::DeTable::parse(head).ok()?;
        }
        Some(Plain {
            rest: match tail {
                "" => head.into(),
                tail => format!("{head}{tail}").into(),
            },
            text: &text[..end],
            start,
        })
    }

    /// Gives the rules to `maker`. `None`: they are not plain, or there is something wrong with one.
    pub fn read(&self, maker: &mut Maker<'_, 't>) -> Option<()> {
        let mut reader = Reader {
            scanner: Scanner {
                text: self.text,
                at: self.start,
            },
            leads: Vec::new(),
            words: Vec::new(),
            places: Vec::new(),
            services: Seen(Vec::new()),
            accept: Seen(Vec::new()),
        };
        while reader.scanner.at < self.text.len() {
            reader.rule(maker)?;
        }
        Some(())
    }
}

/// Reads one rule after the other.
struct Reader<'t> {
    scanner: Scanner<'t>,
    /// What stood before each value of the rule before, in their order: rules of one file look alike.
    leads: Vec<Lead<'t>>,
    /// The users of a rule, and its networks; their room is used again.
    words: Vec<&'t str>,
    places: Vec<Place>,
    services: Seen<'t, ServicesId>,
    accept: Seen<'t, AcceptId>,
}

/// All that stands between two values: the end of a line, maybe more lines, a key and its `=`.
struct Lead<'t> {
    text: &'t [u8],
    key: Key,
}

#[derive(Clone, Copy)]
enum Key {
    Name,
    Services,
    From,
    Users,
    Accept,
    Grace,
    Mode,
}

impl Key {
    fn of(word: &[u8]) -> Option<Key> {
        Some(match word {
            b"name" => Key::Name,
            b"services" => Key::Services,
            b"from" => Key::From,
            b"users" => Key::Users,
            b"accept" => Key::Accept,
            b"grace" => Key::Grace,
            b"mode" => Key::Mode,
            _ => return None,
        })
    }
}

impl<'t> Reader<'t> {
    fn rule(&mut self, maker: &mut Maker<'_, 't>) -> Option<()> {
        let start = self.scanner.at;
        if !self.scanner.rest().starts_with(HEADER.as_bytes()) {
            return None;
        }
        self.scanner.at += HEADER.len();
        let (mut name, mut services, mut accept) = (None, None, None);
        let (mut has_from, mut has_users) = (None, None);
        let (mut grace, mut mode) = (None, None);
        let mut values = 0;
        while let Some(key) = self.key(values)? {
            values += 1;
            let scanner = &mut self.scanner;
            match key {
                Key::Name => once(&mut name, scanner.string()?)?,
                Key::Grace => once(&mut grace, value::<Binding>(scanner.string()?)?)?,
                Key::Mode => once(&mut mode, value::<Mode>(scanner.string()?)?)?,
                Key::From => {
                    once(&mut has_from, ())?;
                    scanner.list(&mut self.places, |word| word.parse().ok())?;
                }
                Key::Users => {
                    once(&mut has_users, ())?;
                    scanner.list(&mut self.words, Some)?;
                }
                Key::Services => {
                    let list = self.services.or_read(scanner, |scanner| {
                        let mut names = Vec::new();
                        scanner.list(&mut names, Some)?;
                        maker.services(&names).ok()
                    })?;
                    once(&mut services, list)?;
                }
                Key::Accept => {
                    let list = self.accept.or_read(scanner, |scanner| {
                        let mut means = Vec::new();
                        scanner.list(&mut means, value)?;
                        maker.accept(&means).ok()
                    })?;
                    once(&mut accept, list)?;
                }
            }
        }
        let draft = Draft {
            start,
            name,
            services,
            from: has_from.map(|()| &self.places[..]),
            users: has_users.map(|()| &self.words[..]),
            accept: accept?,
            grace: grace.unwrap_or_default(),
            mode,
        };
        maker.add(draft).ok()?;
        self.words.clear();
        self.places.clear();
        Some(())
    }

    /// The end of the line, then the next key and its `=`, before the value of this number in a rule;
    /// `Some(None)`: the next table, or the end.
    fn key(&mut self, number: usize) -> Option<Option<Key>> {
        let scanner = &mut self.scanner;
        let rest = scanner.rest();
        if let Some(lead) = self.leads.get(number)
            && rest.starts_with(lead.text)
        {
            scanner.at += lead.text.len();
            scanner.blanks();
            return Some(Some(lead.key));
        }
        scanner.line_end()?;
        let Some(word) = scanner.key()? else {
            return Some(None);
        };
        let lead = Lead {
            text: &rest[..rest.len() - scanner.rest().len()],
            key: Key::of(word)?,
        };
        let key = lead.key;
        match self.leads.get_mut(number) {
            Some(old) => *old = lead,
            None => self.leads.push(lead),
        }
        Some(Some(key))
    }
}

/// A key that comes twice is an error that the TOML library tells.
fn once<T>(slot: &mut Option<T>, value: T) -> Option<()> {
    slot.replace(value).is_none().then_some(())
}

/// One of the words that an enumeration knows.
fn value<'t, T: Deserialize<'t>>(word: &'t str) -> Option<T> {
    let word: StrDeserializer<'t, Error> = word.into_deserializer();
    T::deserialize(word).ok()
}

/// Lists that rules before had, and what was made of them. Neighbours often have the same, and the same
/// text is the same list.
struct Seen<'t, T>(Vec<(&'t str, T)>);

impl<'t, T: Copy> Seen<'t, T> {
    /// How many of the last ones are looked at.
    const LAST: usize = 8;

    fn or_read(
        &mut self,
        scanner: &mut Scanner<'t>,
        read: impl FnOnce(&mut Scanner<'t>) -> Option<T>,
    ) -> Option<T> {
        let (start, rest) = (scanner.at, scanner.rest());
        let mut last = self.0.iter().rev().take(Self::LAST);
        if let Some((text, list)) = last.find(|(text, _)| rest.starts_with(text.as_bytes())) {
            scanner.at += text.len();
            return Some(*list);
        }
        let list = read(scanner)?;
        self.0.push((&scanner.text[start..scanner.at], list));
        Some(list)
    }
}

/// Where a string on one line may end, or stops being plain: a quote, an escape, a control character.
const ENDS: [bool; 256] = {
    let mut ends = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        ends[byte] = true;
        byte += 1;
    }
    ends[0x7f] = true;
    ends[b'"' as usize] = true;
    ends[b'\'' as usize] = true;
    ends[b'\\' as usize] = true;
    ends
};

struct Scanner<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Scanner<'t> {
    fn rest(&self) -> &'t [u8] {
        &self.text.as_bytes()[self.at..]
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// How many of the next bytes are of a kind.
    fn count(&self, kind: impl Fn(u8) -> bool) -> usize {
        let rest = self.rest();
        rest.iter()
            .position(|&byte| !kind(byte))
            .unwrap_or(rest.len())
    }

    fn blanks(&mut self) {
        while let Some(b' ' | b'\t') = self.byte() {
            self.at += 1;
        }
    }

    fn is_next(&mut self, byte: u8) -> bool {
        let is_next = self.byte() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    /// Blanks, maybe a comment, and the end of the line or the file.
    fn line_end(&mut self) -> Option<()> {
        self.blanks();
        if self.is_next(b'#') {
            self.at += self.count(|byte| byte == b'\t' || !byte.is_ascii_control());
        }
        (self.is_next(b'\n') || self.byte().is_none()).then_some(())
    }

    /// Blanks, comments and ends of lines.
    fn lines(&mut self) -> Option<()> {
        loop {
            match self.byte() {
                Some(b' ' | b'\t' | b'\n') => self.at += 1,
                Some(b'#') => self.line_end()?,
                _ => return Some(()),
            }
        }
    }

    /// The next key and its `=`; `Some(None)`: the next table, or the end.
    fn key(&mut self) -> Option<Option<&'t [u8]>> {
        self.lines()?;
        if matches!(self.byte(), None | Some(b'[')) {
            return Some(None);
        }
        let length = self.count(|byte| byte.is_ascii_lowercase());
        let key = &self.rest()[..length];
        self.at += length;
        self.blanks();
        let found = self.is_next(b'=');
        self.blanks();
        found.then_some(Some(key))
    }

    /// A string on one line, of either kind.
    fn string(&mut self) -> Option<&'t str> {
        let (&quote, rest) = self.rest().split_first()?;
        if !matches!(quote, b'"' | b'\'') {
            return None;
        }
        let mut length = 0;
        loop {
            let byte = *rest.get(length)?;
            if ENDS[usize::from(byte)] {
                match byte {
                    byte if byte == quote => break,
                    b'"' | b'\'' => {}
                    _ => return None,
                }
            }
            length += 1;
        }
        // Two quotes may be the begin of three, which are a string of many lines.
        if length == 0 && rest.get(1) == Some(&quote) {
            return None;
        }
        let start = self.at + 1;
        self.at = start + length + 1;
        Some(&self.text[start..start + length])
    }

    /// A list of strings, put behind `all` as what `read` makes of each.
    fn list<T>(&mut self, all: &mut Vec<T>, read: impl Fn(&'t str) -> Option<T>) -> Option<()> {
        if !self.is_next(b'[') {
            return None;
        }
        loop {
            self.lines()?;
            if self.is_next(b']') {
                return Some(());
            }
            all.push(read(self.string()?)?);
            self.lines()?;
            if !self.is_next(b',') {
                return self.is_next(b']').then_some(());
            }
        }
    }
}

#[cfg(test)]
#[path = "plain_tests.rs"]
mod tests;
