use super::*;
use crate::clock::testing::Sequence;
use crate::request::{Form, Secret, Typed};

/// The forms that a text is read in.
fn forms(typed: String, digits: usize) -> Vec<&'static str> {
    let secret = Secret::new(Zeroizing::new(typed.into_bytes())).unwrap();
    let Typed::Text(readings) = secret.read(digits) else {
        return vec!["a word with a mark"];
    };
    let form = |form: &Form| match form {
        Form::Sheet => "sheet",
        Form::Digits => "digits",
        Form::Response(_) => "response",
        Form::Words => "words",
    };
    readings.iter().map(|reading| form(&reading.form)).collect()
}

/// Two of a thousand would be: they are thrown away.
#[test]
fn no_new_code_is_of_another_form() {
    let mut source = Sequence(7);
    for at in 0..20_000 {
        let code = new_code(&mut source).unwrap();
        let (left, right) = code.split_at(SHEET_CODE_LENGTH / 2);
        let before = ["", "1234", "abcdef", "se-cret "][at % 4];
        for printed in [
            format!("{before}{left}-{right}"),
            format!("{before}{}", *code).to_uppercase(),
        ] {
            assert_eq!(forms(printed, 6 + at % 3), ["sheet"], "{before}{}", *code);
        }
    }
}
