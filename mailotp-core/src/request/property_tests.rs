//! What is put together is taken apart again: password, PIN and code, however the code was typed.

use proptest::prelude::*;
use proptest::sample::select;

use super::oracle::covers;
use super::reading::{Form, Reading, read};
use super::{MAX_INPUT, Pin, SHEET_CODE_LENGTH, is_sheet_code, symbol};
use crate::rfc2289::Response;

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// What people and their programs choose: any bytes but control characters, and ends that look like the
/// beginning of a code.
fn password() -> impl Strategy<Value = Vec<u8>> {
    let bytes = prop::collection::vec(any::<u8>(), 0..24).prop_map(|mut bytes| {
        bytes.retain(|byte| !byte.is_ascii_control());
        bytes
    });
    let end = prop_oneof![
        Just(String::new()),
        "[0-9]{1,12}",
        "[0-9a-fA-F]{1,20}",
        "[ -]{1,3}",
        "[a-z]{1,8} ",
        "[äöüéß日·\u{200d}\u{301}]{1,3}",
        prop::collection::vec(
            select(vec!["A", "inch", "SEA", "Anne", "LONG", "ahem", "yoke"]),
            1..8
        )
        .prop_map(|words| words.join(" ")),
    ];
    (bytes, end).prop_map(|(mut bytes, end)| {
        bytes.extend(end.into_bytes());
        bytes
    })
}

/// Precomposed, and no mark that would join the letter before it.
fn pin() -> impl Strategy<Value = Option<String>> {
    prop_oneof![
        Just(None),
        "[0-9]{4,8}".prop_map(Some),
        "[!-,.-~äöüéß日]([ -~äöüéß日]{2,12})[!-,.-~äöüéß日]".prop_map(Some),
    ]
}

fn sheet_code() -> impl Strategy<Value = String> {
    prop::collection::vec(0u8..32, SHEET_CODE_LENGTH)
        .prop_map(|values| values.into_iter().map(symbol).collect::<String>())
        .prop_filter("no code of ours", |code| is_sheet_code(code))
}

fn digits() -> impl Strategy<Value = String> {
    "[0-9]{6,8}"
}

/// How somebody types: a random number for each character.
type Hand = [u8; 16];

/// A code in the case of that hand, with its look-alikes, and with the blanks and dashes that it puts
/// behind some of the characters.
fn typed(code: &str, hand: &Hand, look_alikes: bool) -> String {
    let mut text = String::new();
    for (letter, stroke) in code.chars().zip(hand) {
        let others = match letter {
            _ if !look_alikes => "",
            '0' => "0o",
            '1' => "1il",
            'v' => "vu",
            _ => "",
        };
        let other = others.chars().cycle().nth(usize::from(*stroke));
        let letter = other.unwrap_or(letter);
        text.push(if stroke & 16 == 0 {
            letter.to_ascii_uppercase()
        } else {
            letter.to_ascii_lowercase()
        });
        text.push_str(match stroke / 32 {
            0 => " ",
            1 => "- ",
            _ => "",
        });
    }
    text
}

fn before(password: &[u8], pin: Option<&String>) -> Vec<u8> {
    let pin = pin.map_or("", String::as_str);
    [password, pin.as_bytes()].concat()
}

/// Whether what stands before a code is taken apart again.
fn is_parted(before: &[u8], password: &[u8], pin: Option<&String>) -> bool {
    match pin {
        None => before == password,
        Some(pin) => {
            let length = Pin::new(pin).unwrap().length();
            Pin::split(before, length)
                .is_some_and(|(rest, typed)| rest == password && typed.text() == pin)
        }
    }
}

fn form(reading: &Reading<'_>) -> &'static str {
    match reading.form {
        Form::Sheet => "sheet",
        Form::Digits => "digits",
        Form::Response(_) => "response",
        Form::Words => "words",
    }
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn password_pin_and_sheet_code_are_taken_apart(
        password in password(), pin in pin(), code in sheet_code(), hand: Hand,
    ) {
        let mut text = before(&password, pin.as_ref());
        text.extend(typed(&code, &hand, true).into_bytes());
        let readings = read(&text, 6);
        let found = readings.iter().find(|reading| matches!(reading.form, Form::Sheet));
        // Blanks inside of a code may make six words of the dictionary of it, with a right checksum.
        let hidden = matches!(readings.first().map(|first| &first.form), Some(Form::Response(_)));
        prop_assert!(hidden || found.is_some());
        if let Some(found) = found {
            prop_assert_eq!(found.code.as_str(), code);
            prop_assert!(is_parted(found.before, &password, pin.as_ref()));
        }
    }

    #[test]
    fn password_pin_and_digit_code_are_taken_apart(
        password in password(), pin in pin(), code in digits(), hand: Hand,
    ) {
        let mut text = before(&password, pin.as_ref());
        text.extend(typed(&code, &hand, false).into_bytes());
        let readings = read(&text, code.len());
        let found = readings.iter().find(|reading| matches!(reading.form, Form::Digits));
        prop_assert_eq!(found.map(|found| found.code.as_str()), Some(code.as_str()));
        prop_assert!(is_parted(found.unwrap().before, &password, pin.as_ref()));
    }

    #[test]
    fn password_pin_and_hexadecimal_response_are_taken_apart(
        password in password(), pin in pin(), bytes: [u8; 8], hand: Hand,
    ) {
        let response = Response::new(bytes);
        let mut text = before(&password, pin.as_ref());
        let digits = response.hex().replace(' ', "");
        text.extend(typed(&digits, &hand, false).into_bytes());
        let readings = read(&text, 6);
        prop_assert!(matches!(&readings[0].form, Form::Response(read) if *read == response));
        prop_assert!(is_parted(readings[0].before, &password, pin.as_ref()));
    }

    /// One blank separates six words from what stands before them, and belongs to no password. Without
    /// it, a letter at the end would belong to the first word.
    #[test]
    fn password_pin_and_six_words_are_taken_apart(
        password in password(), pin in pin(), bytes: [u8; 8], hand: Hand, glue: bool,
    ) {
        let response = Response::new(bytes);
        let mut text = before(&password, pin.as_ref());
        let last = String::from_utf8_lossy(&text).chars().last();
        if !(glue && last.is_none_or(|last| !last.is_alphabetic() && last != ' ')) {
            text.push(b' ');
        }
        let six = response.words();
        for (word, stroke) in six.split(' ').zip(hand) {
            text.extend(typed(word, &[stroke | 64; 16], false).into_bytes());
            text.extend([" ", "-", "  "][usize::from(stroke) % 3].bytes());
        }
        let readings = read(&text, 6);
        prop_assert!(matches!(&readings[0].form, Form::Response(read) if *read == response));
        prop_assert_eq!(readings.len(), 1);
        prop_assert!(is_parted(readings[0].before, &password, pin.as_ref()));
    }

    #[test]
    fn a_code_alone_is_read_in_its_own_form_alone(
        code in sheet_code(), number in digits(), bytes: [u8; 8], dash in "[ -]?",
    ) {
        let forms = |text: &str| -> Vec<&'static str> {
            read(text.as_bytes(), 6).iter().map(form).collect()
        };
        let (left, right) = code.split_at(5);
        prop_assert_eq!(forms(&format!("{left}{dash}{right}")), ["sheet"]);
        prop_assert_eq!(forms(&number), ["digits"]);
        let response = Response::new(bytes);
        prop_assert_eq!(forms(&response.words()), ["response"]);
        // Sixteen hexadecimal digits may end in six digits: both are tried.
        let hex = response.hex();
        let ends_in_digits = hex.replace(' ', "")[10..].bytes().all(|byte| byte.is_ascii_digit());
        let expected: &[_] = if ends_in_digits { &["response", "digits"] } else { &["response"] };
        prop_assert_eq!(forms(&hex), expected);
    }

    #[test]
    fn a_sheet_code_is_no_digit_code_and_no_hexadecimal_response_whatever_stands_before_it(
        password in password(), code in sheet_code(), hand: Hand, digits in 6usize..=8,
    ) {
        let mut text = password;
        text.extend(typed(&code, &hand, true).into_bytes());
        for reading in read(&text, digits) {
            let is_hex = reading.before.len() + 16 <= text.len()
                && text[reading.before.len()..].iter().all(u8::is_ascii_hexdigit);
            prop_assert!(!matches!(reading.form, Form::Digits));
            prop_assert!(!(is_hex && matches!(reading.form, Form::Response(_))));
        }
    }

    #[test]
    fn no_reading_invents_or_loses_a_byte(text in anything(), digits in 6usize..=8) {
        for reading in read(&text, digits) {
            prop_assert!(covers(&reading, &text), "{}", form(&reading));
        }
    }

    #[test]
    fn the_length_of_an_accounts_digit_codes_changes_no_other_reading(text in anything()) {
        let others = |digits| -> Vec<_> {
            let readings = read(&text, digits).into_iter();
            readings
                .filter(|reading| !matches!(reading.form, Form::Digits))
                .map(|reading| (form(&reading), reading.before.to_vec(), reading.code.to_string()))
                .collect()
        };
        prop_assert_eq!(others(6), others(7));
        prop_assert_eq!(others(6), others(8));
    }

    #[test]
    fn a_pin_of_any_length_is_cut_off_without_a_panic(text in anything(), length in 0u32..=33) {
        if let Some((rest, pin)) = Pin::split(&text, length) {
            prop_assert!(text.starts_with(rest));
            prop_assert_eq!(pin.length(), length);
        }
    }
}

/// Up to 1 KiB of whatever, and of what may be cut in the middle of a letter.
fn anything() -> impl Strategy<Value = Vec<u8>> {
    let cut = |text: String, from: usize| {
        let bytes = text.into_bytes();
        let from = from.min(bytes.len());
        bytes[from..].to_vec()
    };
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..64),
        prop::collection::vec(
            select(b"aF09 -\xc3\xa4\xe6\x97\xa5\xf0\x9f".to_vec()),
            0..64
        ),
        ("[äöü日🔑a-f0-9 -]{0,40}", 0usize..4).prop_map(move |(text, from)| cut(text, from)),
        "([a-zA-Z]{1,5}[ -]{1,2}){5,8}[a-zA-Zä]{1,5}".prop_map(String::into_bytes),
        ("[0-9a-fä ·]{1,12}", 0usize..=MAX_INPUT).prop_map(|(part, length)| {
            part.into_bytes().into_iter().cycle().take(length).collect()
        }),
    ]
}
