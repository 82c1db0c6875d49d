//! What a server asks for.

use std::fmt;

use super::{Algorithm, BadSeed, PassPhrase, Response, Seed};

/// The challenge of RFC 2289, section 6.0: `otp-sha1 97 ma1234`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Challenge {
    /// The hash.
    pub algorithm: Algorithm,
    /// How often the hash runs after its first time; the next challenge of a sequence has one less.
    pub count: u32,
    /// The seed.
    pub seed: Seed,
}

/// Not a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadChallenge {
    /// Not three words, of which the first begins with `otp-`.
    #[error("a challenge has the form: otp-sha1 97 ma1234")]
    Form,
    /// A hash that is none of ours.
    #[error("the algorithm of a challenge is md4, md5 or sha1")]
    Algorithm,
    /// Not a number, or beyond 32 bits.
    #[error("the count of a challenge is a number of 32 bits")]
    Count,
    /// The seed is none.
    #[error(transparent)]
    Seed(#[from] BadSeed),
}

impl Challenge {
    /// Reads a challenge as people copy it from a prompt: with any white space between its words, in
    /// any case, and with what may stand behind it: the capabilities of an extended challenge (`ext`,
    /// `ext,…`; RFC 2243, section 2.1), and a colon.
    pub fn parse(typed: &str) -> Result<Challenge, BadChallenge> {
        let colon = |letter: char| letter == ':' || letter.is_ascii_whitespace();
        let mut words = typed.trim_end_matches(colon).split_ascii_whitespace();
        let first = words.next().unwrap_or_default();
        let (mark, algorithm) = first.split_at_checked(4).ok_or(BadChallenge::Form)?;
        if !mark.eq_ignore_ascii_case("otp-") {
            return Err(BadChallenge::Form);
        }
        let challenge = Challenge::of_words(algorithm, words.next(), words.next())?;
        let extended = |word: &str| {
            let mut parts = word.split(',');
            parts
                .next()
                .is_some_and(|part| part.eq_ignore_ascii_case("ext"))
        };
        match (words.next(), words.next()) {
            (None, _) => Ok(challenge),
            (Some(word), None) if extended(word) => Ok(challenge),
            _ => Err(BadChallenge::Form),
        }
    }

    /// Reads the parameters of a new sequence, as `md5 499 ke1234` (RFC 2243, section 4).
    pub(super) fn parse_parameters(typed: &str) -> Result<Challenge, BadChallenge> {
        let mut words = typed.split_ascii_whitespace();
        let algorithm = words.next().ok_or(BadChallenge::Form)?;
        let challenge = Challenge::of_words(algorithm, words.next(), words.next())?;
        match words.next() {
            None => Ok(challenge),
            Some(_) => Err(BadChallenge::Form),
        }
    }

    fn of_words(
        algorithm: &str,
        count: Option<&str>,
        seed: Option<&str>,
    ) -> Result<Challenge, BadChallenge> {
        let (count, seed) = count.zip(seed).ok_or(BadChallenge::Form)?;
        // `parse` of a number takes a sign, which no challenge has.
        if !count.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(BadChallenge::Count);
        }
        Ok(Challenge {
            algorithm: Algorithm::parse(algorithm).ok_or(BadChallenge::Algorithm)?,
            count: count.parse().map_err(|_| BadChallenge::Count)?,
            seed: Seed::new(seed)?,
        })
    }

    /// The parameters of a new sequence, as `md5 499 ke1234`.
    pub(super) fn parameters(&self) -> String {
        format!("{} {} {}", self.algorithm.as_str(), self.count, self.seed)
    }

    /// The response to it: the hash of seed and pass phrase (RFC 2289, section 6.0, the initial step),
    /// hashed `count` times more (the computation step).
    pub fn compute(&self, pass_phrase: &PassPhrase) -> Response {
        let seed = self.seed.as_str().as_bytes();
        let mut folded = self.algorithm.fold(&[seed, pass_phrase.bytes()]);
        for _ in 0..self.count {
            folded = self.algorithm.fold(&[&*folded]);
        }
        Response::new(*folded)
    }
}

impl fmt::Display for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "otp-{}", self.parameters())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sha1_97() -> Challenge {
        Challenge {
            algorithm: Algorithm::Sha1,
            count: 97,
            seed: Seed::new("ma1234").unwrap(),
        }
    }

    #[test]
    fn a_challenge_is_read_as_it_is_shown_and_as_people_copy_it() {
        assert_eq!(sha1_97().to_string(), "otp-sha1 97 ma1234");
        for typed in [
            "otp-sha1 97 ma1234",
            "otp-sha1 97 ma1234 ",
            "  OTP-SHA1 \t 97\tMa1234\r\n",
            "otp-sha1 097 ma1234",
            "otp-sha1 97 ma1234:",
            "otp-sha1 97 ma1234 : ",
            "otp-sha1 97 ma1234 ext",
            "otp-sha1 97 ma1234 ext: ",
            "otp-sha1 97 ma1234 ext,hex,init-word",
        ] {
            assert_eq!(Challenge::parse(typed), Ok(sha1_97()), "{typed:?}");
        }
    }

    #[test]
    fn what_is_no_challenge_is_refused_with_what_is_wrong_in_it() {
        use BadChallenge::{Algorithm, Count, Form, Seed};
        for (typed, why) in [
            ("", Form),
            ("otp", Form),
            ("ötp-sha1 97 ma1234", Form),
            ("otp-sha1", Form),
            ("otp-sha1 97", Form),
            ("97 ma1234", Form),
            ("s/key 97 ma1234", Form),
            ("otp-sha1 97 ma1234 more", Form),
            ("otp-sha1 97 ma1234 extra", Form),
            ("otp-sha1 97 ma1234 ext ext", Form),
            ("otp- 97 ma1234", Algorithm),
            ("otp-sha256 97 ma1234", Algorithm),
            ("otp-sha1 +97 ma1234", Count),
            ("otp-sha1 -97 ma1234", Count),
            ("otp-sha1 4294967296 ma1234", Count),
            ("otp-sha1 many ma1234", Count),
            ("otp-sha1 97 ma_1234", Seed(BadSeed)),
            ("otp-sha1 97 LengthOfSeventeen", Seed(BadSeed)),
        ] {
            assert_eq!(Challenge::parse(typed), Err(why), "{typed:?}");
        }
    }

    #[test]
    fn the_parameters_of_a_new_sequence_are_a_challenge_without_its_mark() {
        let parameters = sha1_97().parameters();
        assert_eq!(parameters, "sha1 97 ma1234");
        assert_eq!(Challenge::parse_parameters(&parameters), Ok(sha1_97()));
        for bad in [
            "",
            "sha1",
            "sha1 97",
            "otp-sha1 97 ma1234",
            "sha1 97 ma1234 ext",
        ] {
            assert!(Challenge::parse_parameters(bad).is_err(), "{bad:?}");
        }
    }
}
