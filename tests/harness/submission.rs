//! As much SMTP as a login at a submission server needs.

use std::net::Ipv4Addr;

use crate::wire::Wire;

/// A connection to a submission server.
pub struct Submission {
    wire: Wire,
    offers: Vec<String>,
}

/// What a server answers to one command.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The three digits: 235 where a login succeeded, 535 where it was refused.
    pub code: u16,
    /// What follows them on the last line.
    pub text: String,
}

impl Submission {
    /// Connects from this address, reads the greeting and introduces itself.
    pub fn connect(from: Ipv4Addr, port: u16) -> Submission {
        let wire = Wire::connect(from, port)
            .unwrap_or_else(|error| panic!("connect from {from} to port {port}: {error}"));
        let mut it = Submission {
            wire,
            offers: Vec::new(),
        };
        let greeting = it.reply();
        assert_eq!(
            greeting.code, 220,
            "no greeting of an SMTP server: {}",
            greeting.text
        );
        let before = it.wire.transcript().len();
        let hello = it.say("EHLO client.example");
        assert_eq!(hello.code, 250, "EHLO is refused: {}", hello.text);
        let said = it.wire.transcript()[before..].iter();
        let lines = said.filter_map(|line| line.split_once(" 250").map(|(_, offer)| offer));
        it.offers = lines.map(|offer| offer[1..].to_owned()).collect();
        it.wire.tell();
        it
    }

    /// What it says that it can do, a line each: `AUTH PLAIN LOGIN`.
    #[must_use]
    pub fn offers(&self) -> &[String] {
        &self.offers
    }

    /// Logs in with AUTH PLAIN (RFC 4616).
    pub fn login(&mut self, user: &str, secret: &str) -> Reply {
        self.say(&format!("AUTH PLAIN {}", Self::plain(user, secret)))
    }

    /// The message of a login with AUTH PLAIN.
    #[must_use]
    pub fn plain(user: &str, secret: &str) -> String {
        base64(format!("\0{user}\0{secret}").as_bytes())
    }

    /// Sends a line, and reads the answer.
    pub fn say(&mut self, line: &str) -> Reply {
        self.wire.send(line);
        self.reply()
    }

    fn reply(&mut self) -> Reply {
        loop {
            let line = self.wire.line();
            // RFC 5321, 4.2.1: a dash after the code says that more lines follow.
            if line.as_bytes().get(3) == Some(&b'-') {
                continue;
            }
            let (code, text) = line.split_once(' ').unwrap_or((&line, ""));
            let code = code
                .parse()
                .unwrap_or_else(|_| panic!("no SMTP reply: {line}"));
            return Reply {
                code,
                text: text.to_owned(),
            };
        }
    }
}

/// RFC 4648, 4.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let byte = |at| u32::from(*group.get(at).unwrap_or(&0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= group.len() {
                char::from(digit)
            } else {
                '='
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_is_that_of_rfc_4648() {
        let made = ["", "f", "fo", "foo", "foobar"].map(|text| base64(text.as_bytes()));
        assert_eq!(made, ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYmFy"]);
    }
}
