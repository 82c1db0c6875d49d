use super::*;

/// `INCH SEA ANNE LONG AHEM TOUR` (RFC 2289, appendix C), in hexadecimal digits.
const HEX: &str = "9e876134d90499dd";

/// What stands before each form, and the code, as text.
fn parts(typed: &str) -> Vec<(&'static str, String, String)> {
    read(typed.as_bytes(), 6)
        .into_iter()
        .map(|reading| {
            let form = match reading.form {
                Form::Sheet => "sheet",
                Form::Digits => "digits",
                Form::Response(_) => "response",
                Form::Words => "words",
            };
            let before = String::from_utf8(reading.before.to_vec()).unwrap();
            (form, before, reading.code.to_string())
        })
        .collect()
}

fn only(form: &'static str, before: &str, code: &str) -> Vec<(&'static str, String, String)> {
    vec![(form, before.to_owned(), code.to_owned())]
}

#[test]
fn a_code_is_read_through_case_blanks_dashes_and_look_alikes() {
    for typed in ["abcde-fghxj", "ABCDE FGHXJ", "abcdefghxj-", "abcdefghxj "] {
        assert_eq!(parts(typed), only("sheet", "", "abcdefghxj"), "{typed:?}");
    }
    let spread = parts("a b cdefg h x j");
    assert_eq!(
        spread[1..],
        only("sheet", "", "abcdefghxj"),
        "and six words"
    );
    assert_eq!(parts("oilux-oilux"), only("sheet", "", "011vx011vx"));
    for typed in ["012345", "012 345", "0-1-2-3-4-5", "012345 "] {
        assert_eq!(parts(typed), only("digits", "", "012345"), "{typed:?}");
    }
    for typed in [
        "9E8761 34d904 99dd",
        "9e87 6134 d904 99dd ",
        "9-E876134D90499DD",
    ] {
        let read = only("response", "", "9e876134d90499dd");
        assert_eq!(parts(typed), read, "{typed:?}");
    }
    for typed in [
        "INCH SEA ANNE LONG AHEM TOUR",
        "inch  sea anne-long AHEM tour ",
    ] {
        let read = only("response", "", HEX);
        assert_eq!(parts(typed), read, "{typed:?}");
    }
}

#[test]
fn what_stands_before_the_code_stays_verbatim() {
    for password in [
        "secret",
        "secret ",
        "s 12",
        "-",
        "päss wörd--",
        "12345678901x",
        "  x  ",
    ] {
        let read = |typed: &str| parts(typed).pop().unwrap();
        let digits = ("digits", password.to_owned(), "654321".to_owned());
        assert_eq!(read(&format!("{password}654321")), digits);
        let sheet = ("sheet", password.to_owned(), "abcdefghjk".to_owned());
        assert_eq!(read(&format!("{password}abcde-fghjk")), sheet);
        let hex = "1 2345678 90abcdef";
        let response = ("response", password.to_owned(), hex.replace(' ', ""));
        assert_eq!(read(&format!("{password}{hex}")), response);
        let words = "INCH SEA ANNE LONG AHEM TOUR";
        let response = ("response", password.to_owned(), HEX.to_owned());
        assert_eq!(read(&format!("{password} {words}")), response);
    }
    let glued = "1234INCH SEA ANNE LONG AHEM TOUR";
    assert_eq!(parts(glued)[0].1, "1234", "a PIN right before the words");
}

#[test]
fn a_password_that_ends_in_digits_stays_whole_before_a_digit_code() {
    let read = parts("phone 0123456789654321");
    assert_eq!(
        read,
        [
            ("response", "phone ".into(), "0123456789654321".into()),
            ("digits", "phone 0123456789".into(), "654321".into()),
        ],
        "both are tried"
    );
}

#[test]
fn a_sheet_code_is_never_a_part_of_another_form() {
    for code in ["0123456789", "abcdef0123", "xyz9123456", "abgh012345"] {
        assert!(!is_sheet_code(code), "{code}");
    }
    for code in ["abcdefghjk", "x123456789", "0000000x00", "9876543g10"] {
        assert_eq!(is_sheet_code(code), code != "x123456789", "{code}");
    }
}

#[test]
fn a_code_cut_short_is_no_code() {
    for typed in [
        "abcd",
        "12345",
        "abcde!fghjk",
        "ä",
        "inch sea anne long ahem",
        "1 sea anne long ahem tour",
    ] {
        let read: Vec<_> = parts(typed)
            .into_iter()
            .filter(|part| part.0 != "sheet")
            .collect();
        assert_eq!(read, [], "{typed:?}");
    }
}

#[test]
fn six_words_with_a_wrong_checksum_or_of_another_dictionary_are_words() {
    for typed in [
        "INCH SEA ANNE LONG AHEM TOUT",
        "größe zwei drei vier fünf sechs",
    ] {
        assert_eq!(parts(typed)[0].0, "words", "{typed:?}");
        assert_eq!(parts(typed)[0].2, typed);
    }
}
