//! `~/.google_authenticator` of libpam-google-authenticator.
//!
//! The format is that of the file FILEFORMAT in its documentation: a secret in base32 on the first
//! line; options on lines that begin with a double quote and a blank; scratch codes of eight digits.
//! Codes have six digits, and are made with SHA-1.

use super::{Entry, Item, Obstacle, Token, Unreadable, What, hotp, lines, number, totp};
use crate::account::Kind;
use crate::credential::oath::{Algorithm, parse_seed};

const DIGITS: u64 = 6;

/// What the options say.
#[derive(Default)]
struct Options {
    is_totp: bool,
    counter: Option<u64>,
    step: Option<u64>,
}

pub(super) fn parse(text: &[u8]) -> Result<Vec<Entry>, Unreadable> {
    let mut lines = lines(text);
    let first = lines.next().and_then(|(_, line)| line);
    let first = first.filter(|line| !line.trim().is_empty());
    let secret = first.ok_or(Unreadable::OtherKind)?;
    let mut options = Options::default();
    let mut others = Vec::new();
    for (line, text) in lines {
        let Some(text) = text else {
            others.push(malformed(line));
            continue;
        };
        match text.strip_prefix("\" ") {
            Some(option) => others.extend(read_option(line, option, &mut options)),
            None if text.trim().is_empty() => {}
            // "Any all-numeric sequence of eight-digit numbers" (FILEFORMAT).
            None if text.len() == 8 && number(text).is_some() => {
                let scratch = Err(Obstacle::ScratchCode);
                others.push(Entry::new(line, What::ScratchCode, scratch));
            }
            None => others.push(malformed(line)),
        }
    }
    let token = Entry::new(1, What::Token, token(secret, &options));
    // A file of some other kind has neither a secret nor anything that is known.
    let is_known = |entry: &Entry| entry.what != What::Line;
    if matches!(token.item, Err(Obstacle::Malformed(_))) && !others.iter().any(is_known) {
        return Err(Unreadable::OtherKind);
    }
    others.insert(0, token);
    Ok(others)
}

fn malformed(line: usize) -> Entry {
    let why = Obstacle::Malformed("it is neither an option nor a scratch code");
    Entry::new(line, What::Line, Err(why))
}

/// What is left out here are limits and windows, which mailotp has of its own for all accounts.
fn read_option(line: usize, option: &str, options: &mut Options) -> Option<Entry> {
    let mut words = option.split_ascii_whitespace();
    let name = words.next().unwrap_or_default();
    let value = words.next();
    match name {
        "TOTP_AUTH" => options.is_totp = true,
        // "Which counter value the token will accept next" (FILEFORMAT). What is no number counts
        // as none, and then nothing is made.
        "HOTP_COUNTER" => options.counter = Some(value.and_then(number).unwrap_or(0)),
        "STEP_SIZE" => options.step = Some(value.and_then(number).unwrap_or(0)),
        "TIME_SKEW" => {
            let skew = value.and_then(|value| value.parse().ok()).unwrap_or(0);
            let entry = Entry::new(line, What::Setting, Err(Obstacle::Skew(skew)));
            return (skew != 0).then(|| entry.named(name));
        }
        _ => {}
    }
    None
}

fn token(secret: &str, options: &Options) -> Result<Item, Obstacle> {
    // The program reads what people mistype for the letters that look like it, since base32 has no
    // 0, 1 and 8.
    let letters = secret.chars().map(|letter| match letter {
        '0' => 'O',
        '1' => 'L',
        '8' => 'B',
        other => other,
    });
    let mut folded = zeroize::Zeroizing::new(String::with_capacity(secret.len()));
    folded.extend(letters);
    let seed = parse_seed(&folded).ok_or(Obstacle::Malformed("its secret is no base32"))?;
    Token::new(kind(options)?, Algorithm::Sha1, seed).map(Item::Token)
}

/// "HOTP mode is used only if HOTP_COUNTER is present", and TOTP mode only with TOTP_AUTH and without
/// HOTP_COUNTER (FILEFORMAT).
fn kind(options: &Options) -> Result<Kind, Obstacle> {
    match (options.counter, options.is_totp) {
        (Some(0), _) => Err(Obstacle::Malformed("its counter is no number above 0")),
        (Some(counter), _) => hotp(DIGITS, counter),
        (None, true) => totp(DIGITS, options.step.unwrap_or(30)),
        (None, false) => Err(Obstacle::Malformed(
            "it says neither TOTP_AUTH nor HOTP_COUNTER, so nothing accepts its codes",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `google-authenticator -t -d -f -r 3 -R 30 -w 3` of Debian 12 has written, shortened.
    const TOTP: &str = "2VJ6NXVBXP3FAXXDA4RD5LM6KU\n\" RATE_LIMIT 3 30\n\" WINDOW_SIZE 3\n\
                        \" DISALLOW_REUSE\n\" TOTP_AUTH\n17993956\n67115113\n";
    /// The same with `-c -u -e 2`.
    const HOTP: &str =
        "YBWFYSCESGHH4PSFUHNC3EBUXM\n\" WINDOW_SIZE 3\n\" HOTP_COUNTER 1\n17501234\n31750143\n";

    fn token_of(text: &str) -> Result<(Kind, usize), Obstacle> {
        let entries = parse(text.as_bytes()).unwrap();
        match &entries[0].item {
            Ok(Item::Token(token)) => Ok((token.kind.clone(), token.seed.0.len())),
            Ok(other) => panic!("{other:?}"),
            Err(why) => Err(why.clone()),
        }
    }

    #[test]
    fn a_secret_is_taken_over_with_period_or_counter_and_scratch_codes_are_named() {
        assert_eq!(token_of(TOTP), Ok((totp(6, 30).unwrap(), 16)));
        assert_eq!(token_of(HOTP), Ok((hotp(6, 1).unwrap(), 16)));
        let slow = TOTP.replace("\" TOTP_AUTH", "\" STEP_SIZE 60\n\" TOTP_AUTH");
        assert_eq!(token_of(&slow), Ok((totp(6, 60).unwrap(), 16)));
        let both = format!("{TOTP}\" HOTP_COUNTER 7\n");
        assert_eq!(token_of(&both), Ok((hotp(6, 7).unwrap(), 16)));
        let named: Vec<_> = parse(TOTP.as_bytes()).unwrap()[1..]
            .iter()
            .map(|entry| (entry.line, entry.what))
            .collect();
        assert_eq!(named, [(6, What::ScratchCode), (7, What::ScratchCode)]);
    }

    #[test]
    fn secrets_of_80_bits_are_taken_over_also_mistyped_and_shorter_ones_are_not() {
        let of = |secret: &str| token_of(&format!("{secret}\n\" TOTP_AUTH\n"));
        let right = of("JBSWY3DPEHPK3PXO").unwrap();
        assert_eq!(right.1, 10);
        assert_eq!(of("jbswy3dpehpk3pxo").unwrap(), right);
        assert!(of("LOB1OLBOB18OOO00").is_ok());
        assert_eq!(of("JBSWY3DPEHPK3"), Err(Obstacle::SeedLength(8)));
    }

    #[test]
    fn what_makes_codes_wrong_or_useless_is_named() {
        let skewed = format!("{TOTP}\" TIME_SKEW -4\n");
        let entries = parse(skewed.as_bytes()).unwrap();
        let last = entries.last().unwrap();
        assert_eq!(
            (last.line, last.item.as_ref().unwrap_err()),
            (8, &Obstacle::Skew(-4))
        );
        for text in [
            TOTP.replace("\" TOTP_AUTH\n", ""),
            HOTP.replace("COUNTER 1", "COUNTER 0"),
            HOTP.replace("COUNTER 1", "COUNTER x"),
            HOTP.replace("COUNTER 1", "COUNTER 99999999999999999999"),
            HOTP.replace("COUNTER 1", "COUNTER 9223372036854775807"),
            TOTP.replace("\" TOTP_AUTH", "\" TOTP_AUTH\n\" STEP_SIZE 0"),
        ] {
            assert!(token_of(&text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_file_of_another_kind_is_none() {
        for text in [
            "",
            "\n",
            "OTPW1\n280 3 12 8\n",
            "otpauth://totp/x?secret=JBSW\n",
        ] {
            assert_eq!(
                parse(text.as_bytes()).unwrap_err(),
                Unreadable::OtherKind,
                "{text}"
            );
        }
    }
}
