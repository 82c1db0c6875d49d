//! What must be true of whatever is read as an answer or a challenge: held by fuzzing.

use super::{Algorithm, Challenge, Extended, Response};

/// Whatever is read is what it is written as, in each of its forms.
pub(crate) fn text(text: &str) {
    if let Some(response) = Response::from_hex(text) {
        read_back(&response);
    }
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    if let Ok(six) = <[&str; 6]>::try_from(words) {
        if let Some(response) = Response::from_words(&six) {
            assert!(response.words().eq_ignore_ascii_case(&six.join(" ")));
            read_back(&response);
        }
        for algorithm in Algorithm::ALL {
            if let Some(response) = Response::from_alternative_words(&six, algorithm) {
                read_back(&response);
            }
        }
    }
    if let Ok(challenge) = Challenge::parse(text) {
        assert_eq!(
            Challenge::parse(&challenge.to_string()).as_ref(),
            Ok(&challenge)
        );
    }
    for algorithm in Algorithm::ALL {
        if let Some(Extended::Reinitialisation(new)) = Extended::parse(text, algorithm) {
            assert!(Extended::parse(&new.hex_line(), algorithm).is_some());
        }
    }
}

fn read_back(response: &Response) {
    let words = response.words();
    let six: Vec<&str> = words.split(' ').collect();
    let six = <[&str; 6]>::try_from(six).expect("six words");
    assert_eq!(Response::from_words(&six).as_ref(), Some(response));
    assert_eq!(Response::from_hex(&response.hex()).as_ref(), Some(response));
}
