//! The vectors of RFC 2289, appendix C, and what holds of every response.

use proptest::prelude::*;

use super::{Algorithm, Challenge, PassPhrase, Response, Seed};

/// Pass phrase, seed, count, response in hexadecimal and in words.
type Vector = (&'static str, &'static str, u32, &'static str, &'static str);

#[rustfmt::skip]
const MD4: [Vector; 9] = [
    ("This is a test.", "TeSt", 0, "d185 4218 ebbb 0b51", "ROME MUG FRED SCAN LIVE LACE"),
    ("This is a test.", "TeSt", 1, "6347 3ef0 1cd0 b444", "CARD SAD MINI RYE COL KIN"),
    ("This is a test.", "TeSt", 99, "c5e6 1277 6e6c 237a", "NOTE OUT IBIS SINK NAVE MODE"),
    ("AbCdEfGhIjK", "alpha1", 0, "5007 6f47 eb1a de4e", "AWAY SEN ROOK SALT LICE MAP"),
    ("AbCdEfGhIjK", "alpha1", 1, "65d2 0d19 49b5 f7ab", "CHEW GRIM WU HANG BUCK SAID"),
    ("AbCdEfGhIjK", "alpha1", 99, "d150 c82c ce6f 62d1", "ROIL FREE COG HUNK WAIT COCA"),
    ("OTP's are good", "correct", 0, "849c 79d4 f6f5 5388", "FOOL STEM DONE TOOL BECK NILE"),
    ("OTP's are good", "correct", 1, "8c09 92fb 2508 47b1", "GIST AMOS MOOT AIDS FOOD SEEM"),
    ("OTP's are good", "correct", 99, "3f3b f4b4 145f d74b", "TAG SLOW NOV MIN WOOL KENO"),
];

#[rustfmt::skip]
const MD5: [Vector; 9] = [
    ("This is a test.", "TeSt", 0, "9e87 6134 d904 99dd", "INCH SEA ANNE LONG AHEM TOUR"),
    ("This is a test.", "TeSt", 1, "7965 e054 36f5 029f", "EASE OIL FUM CURE AWRY AVIS"),
    ("This is a test.", "TeSt", 99, "50fe 1962 c496 5880", "BAIL TUFT BITS GANG CHEF THY"),
    ("AbCdEfGhIjK", "alpha1", 0, "8706 6dd9 644b f206", "FULL PEW DOWN ONCE MORT ARC"),
    ("AbCdEfGhIjK", "alpha1", 1, "7cd3 4c10 40ad d14b", "FACT HOOF AT FIST SITE KENT"),
    ("AbCdEfGhIjK", "alpha1", 99, "5aa3 7a81 f212 146c", "BODE HOP JAKE STOW JUT RAP"),
    ("OTP's are good", "correct", 0, "f205 7539 43de 4cf9", "ULAN NEW ARMY FUSE SUIT EYED"),
    ("OTP's are good", "correct", 1, "ddcd ac95 6f23 4937", "SKIM CULT LOB SLAM POE HOWL"),
    ("OTP's are good", "correct", 99, "b203 e28f a525 be47", "LONG IVY JULY AJAR BOND LEE"),
];

#[rustfmt::skip]
const SHA1: [Vector; 9] = [
    ("This is a test.", "TeSt", 0, "bb9e 6ae1 979d 8ff4", "MILT VARY MAST OK SEES WENT"),
    ("This is a test.", "TeSt", 1, "63d9 3663 9734 385b", "CART OTTO HIVE ODE VAT NUT"),
    ("This is a test.", "TeSt", 99, "87fe c776 8b73 ccf9", "GAFF WAIT SKID GIG SKY EYED"),
    ("AbCdEfGhIjK", "alpha1", 0, "ad85 f658 ebe3 83c9", "LEST OR HEEL SCOT ROB SUIT"),
    ("AbCdEfGhIjK", "alpha1", 1, "d07c e229 b5cf 119b", "RITE TAKE GELD COST TUNE RECK"),
    ("AbCdEfGhIjK", "alpha1", 99, "27bc 7103 5aaf 3dc6", "MAY STAR TIN LYON VEDA STAN"),
    ("OTP's are good", "correct", 0, "d51f 3e99 bf8e 6f0b", "RUST WELT KICK FELL TAIL FRAU"),
    ("OTP's are good", "correct", 1, "82ae b52d 9437 74e4", "FLIT DOSE ALSO MEW DRUM DEFY"),
    ("OTP's are good", "correct", 99, "4f29 6a74 fe15 67ec", "AURA ALOE HURL WING BERG WAIT"),
];

fn compute(algorithm: Algorithm, pass_phrase: &str, seed: &str, count: u32) -> Response {
    let challenge = Challenge {
        algorithm,
        count,
        seed: Seed::new(seed).unwrap(),
    };
    challenge.compute(&PassPhrase::new(pass_phrase.as_bytes()).unwrap())
}

fn six(words: &str) -> [&str; 6] {
    let words: Vec<&str> = words.split_whitespace().collect();
    words.try_into().expect("six words")
}

#[test]
fn every_response_of_appendix_c_is_computed_and_read_in_both_forms() {
    for (algorithm, vectors) in [
        (Algorithm::Md4, MD4),
        (Algorithm::Md5, MD5),
        (Algorithm::Sha1, SHA1),
    ] {
        for (pass_phrase, seed, count, hex, words) in vectors {
            let response = compute(algorithm, pass_phrase, seed, count);
            assert_eq!(*response.hex(), hex);
            assert_eq!(*response.words(), words);
            assert_eq!(Response::from_hex(hex).as_ref(), Some(&response));
            assert_eq!(Response::from_words(&six(words)), Some(response));
        }
    }
}

#[test]
fn a_step_leads_to_the_response_that_was_due_before() {
    for algorithm in Algorithm::ALL {
        let at = |count| compute(algorithm, "This is a test.", "TeSt", count);
        assert_eq!(at(0).step(algorithm), at(1));
        assert_eq!(at(98).step(algorithm), at(99));
        assert_ne!(at(99).step(algorithm), at(98));
    }
}

#[test]
fn the_case_of_the_seed_does_not_matter_and_that_of_the_pass_phrase_does() {
    let response = compute(Algorithm::Sha1, "AbCdEfGhIjK", "alpha1", 99);
    assert_eq!(
        response,
        compute(Algorithm::Sha1, "AbCdEfGhIjK", "ALPHA1", 99)
    );
    assert_ne!(
        response,
        compute(Algorithm::Sha1, "abcdefghijk", "alpha1", 99)
    );
}

/// The text with each letter in the case that `upper` says, and with these blanks between its parts.
fn retyped(parts: &[&str], upper: u64, blanks: &[String]) -> String {
    let mut text = String::new();
    for (part, blank) in parts.iter().zip(blanks) {
        text += blank;
        text += part;
    }
    let cased = text.chars().enumerate().map(|(at, letter)| {
        if upper >> (at % 64) & 1 == 1 {
            letter.to_ascii_uppercase()
        } else {
            letter.to_ascii_lowercase()
        }
    });
    cased.collect()
}

proptest! {
    #[test]
    fn every_response_is_read_back_from_its_words_however_they_are_typed(
        bytes: [u8; 8],
        upper: u64,
        blanks in prop::collection::vec("[ \t]{1,3}", 6),
    ) {
        let response = Response::new(bytes);
        let words = response.words();
        let typed = retyped(&six(&words), upper, &blanks);
        let read = Response::from_words(&six(&typed));
        prop_assert_eq!(read.as_ref(), Some(&response));
        prop_assert_eq!(read.unwrap().words(), words);
    }

    #[test]
    fn every_response_is_read_back_from_its_hexadecimal_however_it_is_typed(
        bytes: [u8; 8],
        upper: u64,
        blanks in prop::collection::vec("[ \t-]{0,2}", 16),
    ) {
        let response = Response::new(bytes);
        let digits = response.hex_digits();
        let parts: Vec<&str> = (0..16).map(|at| &digits[at..=at]).collect();
        let typed = retyped(&parts, upper, &blanks);
        prop_assert_eq!(Response::from_hex(&typed), Some(response));
    }

    #[test]
    fn what_is_read_as_words_are_those_words(words in prop::collection::vec(0..2048usize, 6)) {
        let words: Vec<&str> = words.into_iter().map(|at| super::dictionary::WORDS[at]).collect();
        let typed = words.join(" ");
        // Every fourth has the right checksum.
        if let Some(response) = Response::from_words(&six(&typed)) {
            prop_assert_eq!(&*response.words(), &typed);
        }
    }

    #[test]
    fn every_challenge_is_read_back(count: u32, seed in "[a-z0-9]{1,16}", which in 0..3usize) {
        let challenge = Challenge {
            algorithm: Algorithm::ALL[which],
            count,
            seed: Seed::new(&seed).unwrap(),
        };
        prop_assert_eq!(Challenge::parse(&challenge.to_string()), Ok(challenge));
    }

    #[test]
    fn no_text_is_too_odd_to_be_refused(text: String) {
        let _ = Challenge::parse(&text);
        let _ = Response::from_hex(&text);
        let _ = super::Extended::parse(&text, Algorithm::Sha1);
    }
}
