//! Extended responses (RFC 2243): a response that says in which form it is, and one that begins a new
//! sequence on the way.

use zeroize::Zeroizing;

use super::{Algorithm, Challenge, PassPhrase, Response};

/// A response of RFC 2243.
#[derive(Debug, PartialEq, Eq)]
pub enum Extended {
    /// `hex:` or `word:`, sections 3.1 and 3.2.
    Response(Response),
    /// `init-hex:` or `init-word:`, section 4.
    Reinitialisation(Reinitialisation),
}

/// The response to the challenge at hand, and the start of the sequence that takes over from it. The
/// server that reads it never learns a pass phrase.
#[derive(Debug, PartialEq, Eq)]
pub struct Reinitialisation {
    /// The response to the challenge at hand.
    pub current: Response,
    /// Algorithm, count and seed of the new sequence; the next challenge has one less.
    pub next: Challenge,
    /// The response to `next`, which counts as used.
    pub new: Response,
}

/// The new sequence would be the old one, whose responses others have seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the new sequence has the pass phrase, seed and algorithm of the old one")]
pub struct Repeated;

impl Extended {
    /// Reads a line. `algorithm` is that of the challenge which it answers.
    pub fn parse(line: &str, algorithm: Algorithm) -> Option<Extended> {
        let (kind, rest) = line.trim().split_once(':')?;
        let is = |name: &str| kind.eq_ignore_ascii_case(name);
        if is("hex") {
            Response::from_hex(rest).map(Extended::Response)
        } else if is("word") {
            six_words(rest, algorithm).map(Extended::Response)
        } else if is("init-hex") {
            let read = |text: &str, _| Response::from_hex(text);
            Reinitialisation::parse(rest, algorithm, read).map(Extended::Reinitialisation)
        } else if is("init-word") {
            Reinitialisation::parse(rest, algorithm, six_words).map(Extended::Reinitialisation)
        } else {
            None
        }
    }
}

impl Reinitialisation {
    /// Answers the challenge `current`, and begins a new sequence with `next`.
    pub fn compose(
        current: &Challenge,
        pass_phrase: &PassPhrase,
        next: &Challenge,
        new_pass_phrase: &PassPhrase,
    ) -> Result<Reinitialisation, Repeated> {
        // Pass phrases may be compared as they are: both are the caller's own.
        if pass_phrase.bytes() == new_pass_phrase.bytes()
            && (current.algorithm, &current.seed) == (next.algorithm, &next.seed)
        {
            return Err(Repeated);
        }
        Ok(Reinitialisation {
            current: current.compute(pass_phrase),
            next: next.clone(),
            new: next.compute(new_pass_phrase),
        })
    }

    /// The line: `init-hex:5bf075d9959d036f:md5 499 ke1235:3712dcb4aa5316c1`.
    pub fn hex_line(&self) -> Zeroizing<String> {
        let current = self.current.hex_digits();
        let new = self.new.hex_digits();
        let parameters = self.next.parameters();
        Zeroizing::new(format!("init-hex:{}:{parameters}:{}", *current, *new))
    }

    /// Reads what stands behind the type: current response, parameters, new response.
    fn parse(
        rest: &str,
        algorithm: Algorithm,
        read: impl Fn(&str, Algorithm) -> Option<Response>,
    ) -> Option<Reinitialisation> {
        let mut parts = rest.split(':');
        let (current, parameters, new) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let next = Challenge::parse_parameters(parameters).ok()?;
        Some(Reinitialisation {
            current: read(current, algorithm)?,
            new: read(new, next.algorithm)?,
            next,
        })
    }
}

/// Six words with white space between, of the standard dictionary or an alternative one.
fn six_words(text: &str, algorithm: Algorithm) -> Option<Response> {
    let mut words = [""; 6];
    let mut typed = text.split_ascii_whitespace();
    for word in &mut words {
        *word = typed.next()?;
    }
    if typed.next().is_some() {
        return None;
    }
    Response::from_words(&words).or_else(|| Response::from_alternative_words(&words, algorithm))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "init-hex:5bf075d9959d036f:md5 499 ke1235:3712dcb4aa5316c1";

    fn challenge(text: &str) -> Challenge {
        Challenge::parse(text).unwrap()
    }

    fn phrase(text: &str) -> PassPhrase {
        PassPhrase::new(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_new_sequence_is_composed_and_read_as_the_examples_have_it() {
        // The vector that implementations of RFC 2243 share, computed with another program, too.
        let phrase = phrase("This is a test.");
        let current = challenge("otp-md5 499 ke1234 ext");
        let next = challenge("otp-md5 499 ke1235");
        let composed = Reinitialisation::compose(&current, &phrase, &next, &phrase).unwrap();
        assert_eq!(*composed.hex_line(), HEX);
        let read = Some(Extended::Reinitialisation(composed));
        for line in [
            HEX,
            "INIT-HEX:5BF0 75D9 959D 036F:MD5 499 KE1235:3712 DCB4 AA53 16C1\r\n",
            "init-word:BOND FOGY DRAB NE RISE MART:md5 499 ke1235:RED HERD NOW BEAN PA BURG",
            "init-word:bond fogy drab ne rise mart: md5 499 ke1235 : red herd now bean pa burg ",
        ] {
            assert_eq!(Extended::parse(line, Algorithm::Md5), read, "{line:?}");
        }
    }

    #[test]
    fn a_response_may_say_its_form() {
        // The example of RFC 2444, whose pass phrase is this one.
        let response = challenge("otp-md5 123 ke1234").compute(&phrase("this is a test"));
        let read = Some(Extended::Response(response));
        for line in [
            "hex:11d4c147e227c1f1",
            "hex:11d4 c147 e227 c1f1",
            "word:END KERN BALM NICK EROS WAVY",
        ] {
            assert_eq!(Extended::parse(line, Algorithm::Md5), read, "{line:?}");
        }
    }

    #[test]
    fn the_words_of_each_response_are_hashed_with_the_algorithm_of_its_sequence() {
        let old = "Batva buwme büwle dufre Figdu fönrä";
        let new = "bepge bösso Dakpi Dugmö Fabva fossö";
        let line = format!("init-word:{old}:sha1 499 ke1235:{new}");
        let Some(Extended::Reinitialisation(read)) = Extended::parse(&line, Algorithm::Md5) else {
            panic!("{line}");
        };
        assert_eq!(*read.current.hex(), "9e87 6134 d904 99dd");
        assert_eq!(*read.new.hex(), "bb9e 6ae1 979d 8ff4");
    }

    #[test]
    fn the_lines_that_others_send_are_read() {
        // As the tests of Dovecot have them.
        for (line, current, next, new) in [
            (
                "init-hex:f6bd 6b33 89b8 7203:md5 499 ke6118:23d1 b253 5ae0 2b7e",
                "f6bd 6b33 89b8 7203",
                "otp-md5 499 ke6118",
                "23d1 b253 5ae0 2b7e",
            ),
            (
                "init-word:END KERN BALM NICK EROS WAVY:md5 499 ke1235:BABY FAIN OILY NIL TIDY DADE",
                "11d4 c147 e227 c1f1",
                "otp-md5 499 ke1235",
                "506f a71d 15fe b4dc",
            ),
        ] {
            let Some(Extended::Reinitialisation(read)) = Extended::parse(line, Algorithm::Md5)
            else {
                panic!("{line}");
            };
            assert_eq!(*read.current.hex(), current);
            assert_eq!(read.next, challenge(next));
            assert_eq!(*read.new.hex(), new);
        }
    }

    #[test]
    fn anything_else_is_no_extended_response() {
        for line in [
            "",
            "9e876134d90499dd",
            "hexa:9e876134d90499dd",
            "hex:9e876134d90499d",
            "word:INCH SEA ANNE LONG AHEM",
            "word:INCH SEA ANNE LONG AHEM TOUR TOUR",
            "word:INCH SEA ANNE LONG AHEM MART",
            "init-hex:5bf075d9959d036f",
            "init-hex:5bf075d9959d036f:md5 499 ke1235",
            "init-hex:5bf075d9959d036f:md5 499 ke1235:",
            "init-hex:5bf075d9959d036f:md5 499:3712dcb4aa5316c1",
            "init-hex:5bf075d9959d036f:md6 499 ke1235:3712dcb4aa5316c1",
            "init-hex:5bf075d9959d036f:md5 499 ke1235:3712dcb4aa5316c1:",
            "init-word:5bf075d9959d036f:md5 499 ke1235:3712dcb4aa5316c1",
        ] {
            assert_eq!(Extended::parse(line, Algorithm::Md5), None, "{line:?}");
        }
    }

    #[test]
    fn a_sequence_is_never_begun_again() {
        let current = challenge("otp-md5 12 ke1234");
        let old = phrase("This is a test.");
        let compose = |next, new: &str| {
            Reinitialisation::compose(&current, &old, &challenge(next), &phrase(new)).is_ok()
        };
        assert!(!compose("otp-md5 499 KE1234", "This is a test."));
        assert!(compose("otp-md5 499 ke1235", "This is a test."));
        assert!(compose("otp-md5 499 ke1234", "This is another test."));
        assert!(compose("otp-sha1 499 ke1234", "This is a test."));
    }

    #[test]
    fn it_prints_no_response() {
        let read = Extended::parse(HEX, Algorithm::Md5);
        let printed = format!("{read:?}");
        assert!(printed.contains("ke1235"), "{printed}");
        assert!(
            !printed.contains("5bf0") && !printed.contains("91"),
            "{printed}"
        );
    }
}
