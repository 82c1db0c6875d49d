//! `/etc/opiekeys` of OPIE, and `/etc/skeykeys` of S/KEY.
//!
//! opiekeys(5): name, sequence number, seed, last response in hexadecimal, date and time of the last
//! change. S/KEY of the BSDs has the hash behind the name. OPIE itself does not say which hash it was
//! built for: that is MD5, unless somebody has chosen MD4.

use super::{Entry, Item, Obstacle, Unreadable, What, lines, number};
use crate::credential::sequence::COUNTS;
use crate::rfc2289::{Algorithm, Challenge, Response, Seed};

pub(super) fn parse(text: &[u8]) -> Result<Vec<Entry>, Unreadable> {
    let mut entries = Vec::new();
    for (line, text) in lines(text) {
        let text = text.map(str::trim);
        if text.is_some_and(|text| text.is_empty() || text.starts_with('#')) {
            continue;
        }
        let entry = match text.and_then(Record::of) {
            Some(record) => {
                let item = record.item();
                Entry::new(line, What::Sequence, item).of(record.user)
            }
            None => Entry::new(line, What::Line, Err(NOT_OF_THIS_FORM)),
        };
        entries.push(entry);
    }
    match entries.iter().all(|entry| entry.what == What::Line) {
        true => Err(Unreadable::OtherKind),
        false => Ok(entries),
    }
}

const NOT_OF_THIS_FORM: Obstacle = Obstacle::Malformed("it is no line of opiekeys(5)");

/// What OPIE writes in the place of a response where somebody is switched off.
const SWITCHED_OFF: &str = "****************";

struct Record<'a> {
    user: &'a str,
    hash: &'a str,
    count: u64,
    seed: &'a str,
    last: &'a str,
}

impl Record<'_> {
    fn of(text: &str) -> Option<Record<'_>> {
        let mut words = text.split_ascii_whitespace();
        let (user, second) = (words.next()?, words.next()?);
        let (hash, count) = match number(second) {
            Some(count) => ("md5", count),
            None => (second, number(words.next()?)?),
        };
        let record = Record {
            user,
            hash,
            count,
            seed: words.next()?,
            last: words.next()?,
        };
        let response = Response::from_hex(record.last).is_some() || record.last == SWITCHED_OFF;
        response.then_some(record)
    }

    fn item(&self) -> Result<Item, Obstacle> {
        if self.last == SWITCHED_OFF {
            return Err(Obstacle::SwitchedOff);
        }
        let unknown = || Obstacle::Algorithm(self.hash.to_owned());
        let algorithm = Algorithm::parse(self.hash).ok_or_else(unknown)?;
        let seed = Seed::new(self.seed)
            .map_err(|_| Obstacle::Malformed("its seed is not 1 to 16 letters and digits"))?;
        // The number is that of the response that was accepted last; the next challenge has one less.
        if self.count < (*COUNTS.start()).into() {
            return Err(Obstacle::UsedUp);
        }
        let count = u32::try_from(self.count).ok();
        let count = count.filter(|count| COUNTS.contains(count));
        let begin = Challenge {
            algorithm,
            count: count.ok_or(Obstacle::Malformed("its sequence number is over 9999"))?,
            seed,
        };
        let last = Response::from_hex(self.last).ok_or(NOT_OF_THIS_FORM)?;
        Ok(Item::Sequence { begin, last })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(line: &str) -> Result<(String, Response), Obstacle> {
        let mut entries = parse(line.as_bytes()).unwrap();
        assert_eq!(entries[0].account.as_deref(), Some("alice"));
        entries.remove(0).item.map(|item| match item {
            Item::Sequence { begin, last } => (begin.to_string(), last),
            other => panic!("{other:?}"),
        })
    }

    /// The form is that of OPIE's `writerec.c`, the response that of RFC 2289, appendix C.
    #[test]
    fn a_sequence_goes_on_where_it_stands() {
        let last = Response::from_hex("9E876134D90499DD").unwrap();
        for (line, begin) in [
            (
                "alice 0099 te5312           9e876134d90499dd  Nov 25,2026 23:28:16\n",
                "otp-md5 99 te5312",
            ),
            (
                "alice md4 0099 te5312 9E876134D90499DD Nov 25,2026 23:28:16",
                "otp-md4 99 te5312",
            ),
            ("alice sha1 2 TE5312 9e876134d90499dd", "otp-sha1 2 te5312"),
        ] {
            assert_eq!(one(line), Ok((begin.to_owned(), last.clone())), "{line}");
        }
    }

    #[test]
    fn what_has_come_to_its_end_or_is_unknown_is_named() {
        for (line, why) in [
            ("alice 0001 te5312 9e876134d90499dd x y", Obstacle::UsedUp),
            (
                "alice 0099 te5312 **************** x y",
                Obstacle::SwitchedOff,
            ),
            (
                "alice rmd160 0099 te5312 9e876134d90499dd",
                Obstacle::Algorithm("rmd160".into()),
            ),
        ] {
            assert_eq!(one(line).unwrap_err(), why, "{line}");
        }
        assert!(one("alice 10000 te5312 9e876134d90499dd").is_err());
        assert!(one("alice 0099 te-5312 9e876134d90499dd").is_err());
        let mixed = "bob\nalice 0099 te5312 9e876134d90499dd\nbob 0099 te5312 9e87";
        let lines: Vec<_> = parse(mixed.as_bytes())
            .unwrap()
            .iter()
            .map(|entry| (entry.line, entry.what))
            .collect();
        let expected = [(1, What::Line), (2, What::Sequence), (3, What::Line)];
        assert_eq!(lines, expected);
        assert_eq!(
            parse(b"HOTP alice - 00").unwrap_err(),
            Unreadable::OtherKind
        );
    }
}
