//! Typing errors in words that carry a check character, and that none of them is another's.

use proptest::prelude::*;

use super::alphabet::{is_separator, symbol, value};
use super::{ALIAS_BODY, AliasName, AppPassword, KILL_CODE_LENGTH, KillCode, SELECTOR_LENGTH};

fn cases() -> ProptestConfig {
    ProptestConfig {
        cases: 12,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

const APP_SECRET: usize = 20;
const KILL_SECRET: usize = KILL_CODE_LENGTH - 4;

fn app_password() -> impl Strategy<Value = AppPassword> {
    any::<([u8; SELECTOR_LENGTH], [u8; APP_SECRET])>()
        .prop_map(|(selector, secret)| AppPassword::new(selector, &secret))
}

fn kill_code() -> impl Strategy<Value = KillCode> {
    any::<[u8; KILL_SECRET]>().prop_map(|secret| KillCode::new(&secret))
}

fn alias() -> impl Strategy<Value = AliasName> {
    any::<[u8; ALIAS_BODY]>().prop_map(|random| AliasName::new(&random))
}

/// The characters that count, folded.
fn folded(text: &[u8]) -> Option<String> {
    let counts = text.iter().filter(|byte| !is_separator(**byte));
    counts.map(|byte| value(*byte).map(symbol)).collect()
}

/// `text`, in one word, with one character wrong, missing, doubled or too much, or two swapped.
fn typos(text: &str) -> Vec<Vec<u8>> {
    let right = text.replace('-', "").into_bytes();
    let mut typos = Vec::new();
    for at in 0..right.len() {
        let (left, rest) = right.split_at(at);
        let tail = &rest[1..];
        for byte in (0x20..0x7f).chain([0xc3]) {
            typos.push([left, &[byte], tail].concat());
        }
        typos.push([left, tail].concat());
        typos.push([left, &rest[..1], rest].concat());
        typos.push([left, b"7", rest].concat());
        for other in 0..at {
            let mut swapped = right.clone();
            swapped.swap(at, other);
            typos.push(swapped);
        }
    }
    typos
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn no_typing_error_makes_another_app_password(password in app_password()) {
        let printed = password.grouped();
        for typo in typos(&printed) {
            if let Some(Ok(read)) = AppPassword::recognise(&typo) {
                prop_assert_eq!(folded(&typo), folded(printed.as_bytes()));
                prop_assert_eq!(read.secret(), password.secret());
                prop_assert_eq!(read.selector(), password.selector());
            }
        }
    }

    #[test]
    fn no_typing_error_makes_another_kill_code(code in kill_code()) {
        let printed = code.grouped();
        for typo in typos(&printed) {
            if let Some(Ok(read)) = KillCode::recognise(&typo) {
                prop_assert_eq!(folded(&typo), folded(printed.as_bytes()));
                prop_assert_eq!(read.secret(), code.secret());
            }
        }
    }

    #[test]
    fn no_typing_error_makes_another_alias(alias in alias()) {
        for typo in typos(alias.as_str()) {
            let Ok(typo) = String::from_utf8(typo) else { continue };
            if let Some(read) = AliasName::recognise(&typo) {
                prop_assert_eq!(&read, &alias);
            }
        }
    }

    #[test]
    fn each_is_read_back_however_it_is_typed_and_as_nothing_else(
        password in app_password(), code in kill_code(), alias in alias(),
    ) {
        let (app, kill) = (password.grouped(), code.grouped());
        for typed in [app.to_string(), app.replace('-', ""), app.replace('-', " ").to_uppercase()] {
            let read = AppPassword::recognise(typed.as_bytes()).unwrap().unwrap();
            prop_assert_eq!(read.secret(), password.secret());
            prop_assert!(KillCode::recognise(typed.as_bytes()).is_none());
            prop_assert!(AliasName::recognise(&typed).is_none());
        }
        for typed in [kill.to_string(), kill.replace('-', ""), kill.replace('-', " ").to_uppercase()] {
            let read = KillCode::recognise(typed.as_bytes()).unwrap().unwrap();
            prop_assert_eq!(read.secret(), code.secret());
            prop_assert!(AppPassword::recognise(typed.as_bytes()).is_none());
            prop_assert!(AliasName::recognise(&typed).is_none());
        }
        for typed in [alias.as_str().to_owned(), alias.as_str().to_uppercase()] {
            prop_assert_eq!(AliasName::recognise(&typed), Some(alias.clone()));
            prop_assert!(AppPassword::recognise(typed.as_bytes()).is_none());
            prop_assert!(KillCode::recognise(typed.as_bytes()).is_none());
        }
    }
}
