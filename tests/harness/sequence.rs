//! RFC 2289 sequences as their owners hold them: a pass phrase, and a calculator.

use serde_json::Value;

use crate::site::Site;

/// What every sequence of these tests is computed from, unless a test says another.
pub const PASS_PHRASE: &str = "a pass phrase of tests";

/// A sequence of an account.
pub struct Sequence {
    /// Its ID.
    pub id: String,
    /// `sha1`, `md5` or `md4`.
    pub hash: String,
    /// The integer of the first challenge.
    pub first: u32,
    /// Its seed.
    pub seed: String,
}

/// A response, in both of its forms.
pub struct Response {
    /// Four groups of four hexadecimal digits.
    pub hex: String,
    /// Six words of the standard dictionary.
    pub words: String,
}

impl Site {
    /// A new sequence that begins at 100.
    #[track_caller]
    pub fn sequence(&self, user: &str) -> Sequence {
        self.sequence_with(user, &["--count", "100"])
    }

    /// A new sequence, with these arguments.
    ///
    /// # Panics
    /// Where it cannot be made.
    #[track_caller]
    pub fn sequence_with(&self, user: &str, arguments: &[&str]) -> Sequence {
        let words = [&["sequence"], arguments].concat();
        Sequence::of(&self.add_reading(&format!("{PASS_PHRASE}\n"), user, &words))
    }

    /// What its owner answers to the challenge of this integer.
    #[track_caller]
    #[must_use]
    pub fn response(&self, sequence: &Sequence, count: u32) -> Response {
        self.compute(&sequence.challenge(count), PASS_PHRASE)
    }

    /// The response to a challenge.
    ///
    /// # Panics
    /// Where the command does not compute it.
    #[track_caller]
    #[must_use]
    pub fn compute(&self, challenge: &str, pass_phrase: &str) -> Response {
        let lines = format!("{pass_phrase}\n");
        Response::of(
            &self
                .cli_reading(&lines, ["--json", "compute", challenge])
                .json(),
        )
    }
}

impl Sequence {
    /// The sequence that `add sequence` has made.
    ///
    /// # Panics
    /// Where it is none.
    #[track_caller]
    #[must_use]
    pub fn of(made: &Value) -> Self {
        let challenge = text(&made["challenge"]);
        let words: Vec<&str> = challenge.split(' ').collect();
        let [hash, first, seed] = words[..] else {
            panic!("no challenge: {challenge}");
        };
        let hash = hash.strip_prefix("otp-").expect("a hash of RFC 2289");
        Self {
            id: text(&made["id"]),
            hash: hash.to_owned(),
            first: first.parse().expect("an integer"),
            seed: seed.to_owned(),
        }
    }

    /// The challenge of this integer.
    #[must_use]
    pub fn challenge(&self, count: u32) -> String {
        format!("otp-{} {count} {}", self.hash, self.seed)
    }
}

impl Response {
    /// What `compute` has printed.
    ///
    /// # Panics
    /// Where that is no response.
    #[track_caller]
    #[must_use]
    pub fn of(said: &Value) -> Self {
        Self {
            hex: text(&said["hex"]),
            words: text(&said["words"]),
        }
    }
}

/// As many responses that nobody's sequence has. None of them ends like a digit code.
#[must_use]
pub fn wrong_responses(count: usize) -> Vec<String> {
    (0..count)
        .map(|number| format!("{number:04x} abcd efab cdef"))
        .collect()
}

#[track_caller]
fn text(value: &Value) -> String {
    let text = value.as_str();
    text.unwrap_or_else(|| panic!("a text was expected: {value}"))
        .to_owned()
}
