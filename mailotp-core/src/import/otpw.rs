//! `~/.otpw` of OTPW.
//!
//! What it holds is written down in the program's own documentation (otpw.html): `OTPW1`, a line of four
//! numbers, and for each one-time password its number and a hash of prefix password and code. Those that
//! are spent are overwritten with dashes. Neither the codes nor the prefix password can be had from it.

use super::{Entry, Obstacle, Unreadable, What, lines};

pub(super) fn parse(text: &[u8]) -> Result<Vec<Entry>, Unreadable> {
    let mut lines = lines(text);
    let mut next = || lines.next().and_then(|(_, line)| line).map(str::trim);
    let numbers = match (next(), next()) {
        (Some("OTPW1"), Some(numbers)) => numbers.split_ascii_whitespace(),
        _ => return Err(Unreadable::OtherKind),
    };
    if numbers.count() != 4 {
        return Err(Unreadable::OtherKind);
    }
    let mut left = lines.filter_map(|(line, text)| {
        let text = text.unwrap_or("?").trim();
        let is_spent = text.bytes().all(|byte| byte == b'-');
        (!is_spent).then_some(line)
    });
    let Some(first) = left.next() else {
        let used_up = Err(Obstacle::UsedUp);
        return Ok(vec![Entry::new(1, What::OneTimePasswords(0), used_up)]);
    };
    let what = What::OneTimePasswords(1 + left.count());
    Ok(vec![Entry::new(first, what, Err(Obstacle::OneWay))])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `otpw-gen -h 8` of Debian 12 has written, shortened; one password is spent.
    const FILE: &str = "OTPW1\n20 3 12 8\n---------------\n001P9DZDs57U3zC\n011nmLW2WkYjhg=\n";

    #[test]
    fn what_is_left_is_counted_and_named() {
        let entries = parse(FILE.as_bytes()).unwrap();
        let [entry] = &entries[..] else { panic!() };
        assert_eq!((entry.line, entry.what), (4, What::OneTimePasswords(2)));
        assert_eq!(entry.item.as_ref().unwrap_err(), &Obstacle::OneWay);
        let spent = parse(b"OTPW1\n1 3 12 8\n---------------\n").unwrap();
        assert_eq!(spent[0].item.as_ref().unwrap_err(), &Obstacle::UsedUp);
    }

    #[test]
    fn a_file_of_another_kind_is_none() {
        for text in [
            "",
            "OTPW1",
            "OTPW1\n1 2 3\n",
            "OTPW2\n1 2 3 4\n",
            "alice 0499 ke1234",
        ] {
            assert_eq!(parse(text.as_bytes()).unwrap_err(), Unreadable::OtherKind);
        }
    }
}
