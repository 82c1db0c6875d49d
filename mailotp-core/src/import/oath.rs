//! The users file of pam_oath (`/etc/users.oath`).
//!
//! What it may hold is what liboath's `usersfile.c` reads: `TYPE USER PASSWORD SECRET`, with any blanks
//! between, and behind them what it writes itself, `COUNTER LAST-CODE TIME`. The counter is that of the
//! code that was accepted last: the next one is one higher.

use zeroize::Zeroizing;

use super::{Entry, Item, Obstacle, Token, Unreadable, What, hotp, lines, number, totp};
use crate::credential::oath::Algorithm;
use crate::request::Pin;

pub(super) fn parse(text: &[u8]) -> Result<Vec<Entry>, Unreadable> {
    let mut entries = Vec::new();
    for (line, text) in lines(text) {
        let text = text.map(str::trim);
        if text.is_some_and(|text| text.is_empty() || text.starts_with('#')) {
            continue;
        }
        match text.ok_or(NOT_OF_THIS_FORM).and_then(read) {
            Ok(token) => {
                entries.push(Entry::new(line, What::Token, token.item).of(token.user));
                if token.after_login_password {
                    let why = Err(Obstacle::LoginPassword);
                    entries.push(Entry::new(line, What::Pin, why).of(token.user));
                }
            }
            Err(why) => entries.push(Entry::new(line, What::Line, Err(why))),
        }
    }
    match entries.iter().all(|entry| entry.what == What::Line) {
        true => Err(Unreadable::OtherKind),
        false => Ok(entries),
    }
}

const NOT_OF_THIS_FORM: Obstacle = Obstacle::Malformed("it is no line of pam_oath");

struct Line<'a> {
    user: &'a str,
    item: Result<Item, Obstacle>,
    after_login_password: bool,
}

fn read(text: &str) -> Result<Line<'_>, Obstacle> {
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let [kind, user, password, secret, log @ ..] = &words[..] else {
        return Err(NOT_OF_THIS_FORM);
    };
    let (moves, digits) = read_type(kind).ok_or(NOT_OF_THIS_FORM)?;
    let item = || {
        let kind = match moves {
            Some(period) => totp(digits, period)?,
            None => hotp(digits, next_counter(log)?)?,
        };
        let seed = hex(secret).ok_or(Obstacle::Malformed("its secret is not hexadecimal"))?;
        let pin = match *password {
            // "+" is one that another module has verified.
            "-" | "+" => None,
            pin => Some(Pin::new(pin).map_err(Obstacle::Pin)?),
        };
        Ok(Item::Token(Token {
            pin,
            ..Token::new(kind, Algorithm::Sha1, seed)?
        }))
    };
    Ok(Line {
        user,
        item: item(),
        after_login_password: *password == "+",
    })
}

/// The period of a TOTP, and the digits. liboath knows these words and no others.
fn read_type(word: &str) -> Option<(Option<u64>, u64)> {
    let mut parts = word.split('/');
    let first = parts.next();
    let (moves, digits, rest) = (parts.next(), parts.next(), parts.next());
    let period = match moves {
        None | Some("E") => None,
        Some("T30") => Some(30),
        Some("T60") => Some(60),
        Some(_) => return None,
    };
    let digits = match digits {
        None | Some("6") => 6,
        Some("7") => 7,
        Some("8") => 8,
        Some(_) => return None,
    };
    (first == Some("HOTP") && rest.is_none()).then_some((period, digits))
}

/// The counter of the next code of an HOTP.
fn next_counter(log: &[&str]) -> Result<u64, Obstacle> {
    let counter = |text| number(text).ok_or(NOT_OF_THIS_FORM);
    match log {
        [] => Ok(0),
        // Somebody has written it; nothing says that its code was used.
        [next] => counter(next),
        [last, _, _] => counter(last)?.checked_add(1).ok_or(Obstacle::Counter),
        _ => Err(NOT_OF_THIS_FORM),
    }
}

fn hex(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() / 2));
    for pair in text.as_bytes().chunks(2) {
        let &[high, low] = pair else { return None };
        let digit = |byte: u8| char::from(byte).to_digit(16);
        bytes.push((digit(high)? << 4 | digit(low)?) as u8);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::BadPin;

    const SECRET: &str = "3132333435363738393031323334353637383930";

    fn one(line: &str) -> (Option<String>, Result<Token, Obstacle>) {
        let mut entries = parse(line.as_bytes()).unwrap();
        let entry = entries.remove(0);
        let token = entry.item.map(|item| match item {
            Item::Token(token) => token,
            other => panic!("{other:?}"),
        });
        (entry.account, token)
    }

    #[test]
    fn every_type_that_liboath_knows_is_read() {
        for (word, kind) in [
            ("HOTP", hotp(6, 0)),
            ("HOTP/E", hotp(6, 0)),
            ("HOTP/E/7", hotp(7, 0)),
            ("HOTP/T30", totp(6, 30)),
            ("HOTP/T30/6", totp(6, 30)),
            ("HOTP/T60/8", totp(8, 60)),
        ] {
            let (user, token) = one(&format!("{word} alice - {SECRET}\n"));
            assert_eq!(user.as_deref(), Some("alice"));
            let token = token.unwrap();
            assert_eq!(token.kind, kind.unwrap(), "{word}");
            assert_eq!(&**token.seed.0, b"12345678901234567890");
        }
        for word in [
            "HOTP/T30/9",
            "HOTP/T45",
            "HOTP/6",
            "TOTP",
            "HOTP/E/6/6",
            "MOTP/E",
            "HOTP/",
        ] {
            let text = format!("{word} alice - {SECRET}\n");
            assert!(parse(text.as_bytes()).is_err(), "{word}");
        }
    }

    /// As liboath 2.6.7 has rewritten the line after the code of counter 2.
    #[test]
    fn the_next_code_is_the_one_behind_the_last_that_was_accepted() {
        let of = |log: &str| one(&format!("HOTP\talice\t-\t{SECRET}{log}\n")).1;
        let next = |log: &str| of(log).unwrap().kind;
        assert_eq!(next(""), hotp(6, 0).unwrap());
        assert_eq!(
            next("\t2\t359152\t2026-11-25T23:28:16L"),
            hotp(6, 3).unwrap()
        );
        assert_eq!(next(" 2"), hotp(6, 2).unwrap());
        assert!(of("\tx\t359152\t2026-11-25T23:28:16L").is_err());
        assert!(of("\t2\t0\t359152\t2026-11-25T23:28:16L\t192.0.2.1").is_err());
        assert_eq!(
            of(" 18446744073709551615 1 1").unwrap_err(),
            Obstacle::Counter
        );
    }

    #[test]
    fn a_pin_comes_with_its_token_or_neither_does() {
        let pin = |word: &str| one(&format!("HOTP/T30 alice {word} {SECRET}")).1;
        assert_eq!(pin("4711").unwrap().pin.unwrap().text(), "4711");
        assert!(pin("-").unwrap().pin.is_none());
        assert_eq!(pin("123").unwrap_err(), Obstacle::Pin(BadPin::Length));
        let both = parse(format!("HOTP alice + {SECRET}").as_bytes()).unwrap();
        assert_eq!(both[1].item.as_ref().unwrap_err(), &Obstacle::LoginPassword);
    }

    #[test]
    fn comments_are_passed_over_and_lines_of_no_form_are_named() {
        let text = format!("# users\n\nHOTP bob - 00\nHOTP carol\nHOTP dora - {SECRET}0\n");
        let found: Vec<_> = parse(&[text.as_bytes(), b"\xff\n"].concat())
            .unwrap()
            .into_iter()
            .map(|entry| (entry.line, entry.item.unwrap_err()))
            .collect();
        let no_hex = Obstacle::Malformed("its secret is not hexadecimal");
        assert_eq!(
            found,
            [
                (3, Obstacle::SeedLength(1)),
                (4, NOT_OF_THIS_FORM),
                (5, no_hex),
                (6, NOT_OF_THIS_FORM)
            ]
        );
        assert_eq!(
            parse(b"2VJ6NXVBXP3FAXXDA4RD5LM6KU\n").unwrap_err(),
            Unreadable::OtherKind
        );
    }
}
