//! A reader of JSON (RFC 8259), for exports: it knows the line of every value, and wipes the texts that
//! it has read. Both is what the libraries do not.

use zeroize::Zeroizing;

/// Deeper than any export goes.
const MAX_DEPTH: usize = 32;

/// A value, and the line that it begins on.
pub(super) struct Value {
    pub line: usize,
    pub data: Data,
}

pub(super) enum Data {
    /// `null`, `true` and `false`.
    Word,
    /// As it is written.
    Number(String),
    Text(Zeroizing<String>),
    List(Vec<Value>),
    Map(Vec<(String, Value)>),
}

impl Value {
    /// A member of a map.
    pub fn get(&self, name: &str) -> Option<&Value> {
        match &self.data {
            Data::Map(members) => {
                let found = members.iter().find(|(key, _)| key == name);
                found.map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// A text that is a member of a map; empty where there is none.
    pub fn text(&self, name: &str) -> &str {
        match self.get(name).map(|value| &value.data) {
            Some(Data::Text(text)) => text,
            _ => "",
        }
    }

    /// A list that is a member of a map.
    pub fn list(&self, name: &str) -> Option<&[Value]> {
        match &self.get(name)?.data {
            Data::List(values) => Some(values),
            _ => None,
        }
    }

    /// A whole number from 0 on that is a member of a map.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.get(name)?.integer()?.try_into().ok()
    }

    /// A whole number.
    pub fn integer(&self) -> Option<i64> {
        match &self.data {
            Data::Number(text) => text.parse().ok(),
            _ => None,
        }
    }
}

/// Reads a document; else the line where it ends to be one.
pub(super) fn parse(text: &str) -> Result<Value, usize> {
    let mut reader = Reader {
        rest: text,
        line: 1,
    };
    let value = reader.value(0).ok_or(reader.line)?;
    reader.blanks();
    match reader.rest.is_empty() {
        true => Ok(value),
        false => Err(reader.line),
    }
}

struct Reader<'a> {
    rest: &'a str,
    line: usize,
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Option<Value> {
        self.blanks();
        let line = self.line;
        let data = match self.rest.as_bytes().first()? {
            _ if depth > MAX_DEPTH => return None,
            b'"' => Data::Text(self.string()?),
            b'[' => Data::List(self.list(depth)?),
            b'{' => Data::Map(self.map(depth)?),
            b'-' | b'0'..=b'9' => Data::Number(self.while_in(b"+-.0123456789eE").to_owned()),
            _ => match self.while_in(b"aeflnrstu") {
                "null" | "true" | "false" => Data::Word,
                _ => return None,
            },
        };
        Some(Value { line, data })
    }

    fn list(&mut self, depth: usize) -> Option<Vec<Value>> {
        self.take('[')?;
        let mut values = Vec::new();
        if self.take(']').is_some() {
            return Some(values);
        }
        loop {
            values.push(self.value(depth + 1)?);
            if self.take(',').is_none() {
                self.take(']')?;
                return Some(values);
            }
        }
    }

    fn map(&mut self, depth: usize) -> Option<Vec<(String, Value)>> {
        self.take('{')?;
        let mut members = Vec::new();
        if self.take('}').is_some() {
            return Some(members);
        }
        loop {
            self.blanks();
            let key = self.string()?.to_string();
            self.take(':')?;
            members.push((key, self.value(depth + 1)?));
            if self.take(',').is_none() {
                self.take('}')?;
                return Some(members);
            }
        }
    }

    fn string(&mut self) -> Option<Zeroizing<String>> {
        self.rest = self.rest.strip_prefix('"')?;
        // What is written is never shorter than what it means, so the text does not move.
        let end = self.end_of_string()?;
        let mut text = Zeroizing::new(String::with_capacity(end));
        let mut letters = self.rest[..end].chars();
        while let Some(letter) = letters.next() {
            text.push(match letter {
                '\\' => escaped(&mut letters)?,
                '\0'..='\x1f' => return None,
                plain => plain,
            });
        }
        self.rest = &self.rest[end + 1..];
        Some(text)
    }

    /// Where the quote stands that is not escaped.
    fn end_of_string(&self) -> Option<usize> {
        let mut is_escaped = false;
        self.rest.bytes().position(|byte| {
            let ends = byte == b'"' && !is_escaped;
            is_escaped = byte == b'\\' && !is_escaped;
            ends
        })
    }

    fn blanks(&mut self) {
        let blanks = self.while_in(b" \t\r\n");
        self.line += blanks.bytes().filter(|byte| *byte == b'\n').count();
    }

    fn take(&mut self, wanted: char) -> Option<()> {
        self.blanks();
        self.rest = self.rest.strip_prefix(wanted)?;
        Some(())
    }
}

impl<'a> Reader<'a> {
    fn while_in(&mut self, bytes: &[u8]) -> &'a str {
        let other = |byte: u8| !bytes.contains(&byte);
        let end = self.rest.bytes().position(other);
        let (taken, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        taken
    }
}

fn escaped(letters: &mut std::str::Chars<'_>) -> Option<char> {
    match letters.next()? {
        plain @ ('"' | '\\' | '/') => Some(plain),
        'b' => Some('\x08'),
        'f' => Some('\x0c'),
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        'u' => {
            let first = four_digits(letters)?;
            if !(0xd800..0xdc00).contains(&first) {
                return char::from_u32(first);
            }
            // RFC 8259, section 7: a character beyond 16 bits is a pair of surrogates.
            (letters.next()? == '\\' && letters.next()? == 'u').then_some(())?;
            let second = four_digits(letters)?.checked_sub(0xdc00)?;
            char::from_u32(0x1_0000 + (first - 0xd800) * 0x400 + second)
        }
        _ => None,
    }
}

fn four_digits(letters: &mut std::str::Chars<'_>) -> Option<u32> {
    (0..4).try_fold(0, |number, _| {
        Some(number << 4 | letters.next()?.to_digit(16)?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_with_their_lines() {
        let text = "{\"a\": [1, -2, true, null,\n \"x\\n\\u00e9\\ud83d\\ude00\\\"\"],\n\"b\": {}, \"c\": []}";
        let value = parse(text).unwrap_or_else(|line| panic!("line {line}"));
        let list = value.list("a").unwrap();
        let numbers: Vec<_> = list.iter().map(Value::integer).collect();
        assert_eq!(numbers, [Some(1), Some(-2), None, None, None]);
        assert!(matches!(&list[4].data, Data::Text(text) if **text == "x\né😀\""));
        assert_eq!((list[0].line, list[4].line), (1, 2));
        assert_eq!(value.get("b").unwrap().line, 3);
        assert!(value.get("d").is_none() && value.list("c").unwrap().is_empty());
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for bad in [
            "",
            "{",
            "[1,]",
            "{\"a\"}",
            "{\"a\":1,}",
            "[1 2]",
            "\"a",
            "\"\\x\"",
            "\"\\ud800\"",
            "\"\\ud800\\u0041\"",
            "nul",
            "1 2",
            "\"a\nb\"",
            "{a:1}",
            "é",
        ] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
        assert!(parse(&"[".repeat(100_000)).is_err());
        assert!(parse(&"[".repeat(30)).is_err());
        let deep = "[".repeat(30) + &"]".repeat(30);
        assert!(parse(&deep).is_ok());
    }
}
