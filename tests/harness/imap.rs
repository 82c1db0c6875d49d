//! As much IMAP as a login, a look into the mailbox and a forwarded address need.

use std::net::Ipv4Addr;

use crate::wire::Wire;

/// A connection to an IMAP server.
pub struct Imap {
    wire: Wire,
    commands: u32,
}

/// What a server answers to one command.
#[derive(Clone, Debug)]
pub struct Reply {
    /// `OK`, `NO` or `BAD`.
    pub status: String,
    /// What follows the status: response code and text, as sent.
    pub text: String,
    /// The lines before it.
    pub untagged: Vec<String>,
}

impl Reply {
    /// Whether the command was done.
    pub fn is_ok(&self) -> bool {
        self.status == "OK"
    }

    /// Whether the command was refused.
    pub fn is_no(&self) -> bool {
        self.status == "NO"
    }
}

impl Imap {
    /// Connects from this machine, and prints nothing of what is said.
    pub fn quiet(port: u16) -> Imap {
        Imap::greeted(Wire::connect(Ipv4Addr::LOCALHOST, port), port)
    }

    /// Connects from this address and reads the greeting.
    pub fn connect(from: Ipv4Addr, port: u16) -> Imap {
        Imap::between(from, Ipv4Addr::LOCALHOST, port)
    }

    /// The same with another address of the server: where it is the client's own, Dovecot takes the connection
    /// for a secure one.
    pub fn between(from: Ipv4Addr, to: Ipv4Addr, port: u16) -> Imap {
        let mut imap = Imap::greeted(Wire::between(from, to, port), port);
        imap.wire.tell();
        imap
    }

    fn greeted(wire: nix::Result<Wire>, port: u16) -> Imap {
        let mut wire = wire.unwrap_or_else(|error| panic!("connect to port {port}: {error}"));
        let greeting = wire.line();
        assert!(
            greeting.starts_with("* OK"),
            "no greeting of an IMAP server: {greeting}"
        );
        Imap { wire, commands: 0 }
    }

    /// Logs in with the LOGIN command.
    pub fn login(&mut self, user: &str, secret: &str) -> Reply {
        self.command(&format!("LOGIN {} {}", quoted(user), quoted(secret)))
    }

    /// Says for which address this connection speaks, as webmail does (RFC 2971).
    pub fn forward(&mut self, address: &str) {
        let reply = self.command(&format!("ID (\"x-originating-ip\" \"{address}\")"));
        assert!(reply.is_ok(), "ID is refused: {}", reply.text);
    }

    /// Sends one command and reads its answer.
    pub fn command(&mut self, command: &str) -> Reply {
        self.commands += 1;
        let tag = format!("a{}", self.commands);
        self.wire.send(&format!("{tag} {command}"));
        let mut untagged = Vec::new();
        loop {
            let line = self.wire.line();
            let Some(answer) = line.strip_prefix(&format!("{tag} ")) else {
                untagged.push(line);
                continue;
            };
            let (status, text) = answer.split_once(' ').unwrap_or((answer, ""));
            return Reply {
                status: status.to_owned(),
                text: text.to_owned(),
                untagged,
            };
        }
    }

    /// Both sides of the conversation so far, a line each.
    pub fn transcript(&self) -> &[String] {
        self.wire.transcript()
    }
}

/// RFC 9051, 4.3: an atom where that says it, else a quoted string.
fn quoted(text: &str) -> String {
    assert!(
        !text.contains(['\r', '\n', '\0']),
        "a quoted string is one line"
    );
    let atom = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.?@".contains(&byte);
    if !text.is_empty() && text.bytes().all(atom) {
        return text.to_owned();
    }
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
