//! The QR code from which Thunderbird sets an account up.
//!
//! The format is version 1 of Thunderbird's "Export for Mobile", as `qr-code-format.md` beside its
//! reader specifies it (thunderbird-android, `feature/migration/qrcode`). The desktop program writes
//! it, too (comm-central, `mail/modules/QRExport.sys.mjs`), and wants at most 800 characters.

use zeroize::Zeroizing;

use super::{MailAccount, Security};

const FORMAT_VERSION: u32 = 1;
/// `IncomingProtocol`.
const IMAP: u32 = 0;
/// `OutgoingProtocol`.
const SMTP: u32 = 0;
/// `ConnectionSecurity`.
const ALWAYS_STARTTLS: u32 = 2;
const TLS: u32 = 3;
/// `AuthenticationType`.
const NO_AUTHENTICATION: u32 = 0;
const PASSWORD_CLEARTEXT: u32 = 1;

/// What the QR code says: JSON in ASCII. The address must be ASCII (`EmailAddress`).
///
/// An account cannot do without a server for sending. Where the app password is not good for it,
/// the server is named without user name and password: with a user name, the reader would ask for
/// the password that is missing.
pub fn setup(account: &MailAccount<'_>) -> Zeroizing<String> {
    let server = account.server;
    // The name of the account is left empty: that says the address once more.
    let incoming = [
        number(IMAP),
        string(&server.host),
        number(server.imap.into()),
        number(security(server.imap)),
        number(PASSWORD_CLEARTEXT),
        string(account.user),
        string(""),
        string(account.password),
    ];
    let mut outgoing = vec![
        number(SMTP),
        string(&server.host),
        number(server.submission.into()),
        number(security(server.submission)),
    ];
    outgoing.extend(if account.sends {
        let user = string(account.user);
        vec![number(PASSWORD_CLEARTEXT), user, string(account.password)]
    } else {
        vec![number(NO_AUTHENTICATION), string("")]
    });
    let identity = array(&[string(account.address), string(account.name())]);
    array(&[
        number(FORMAT_VERSION),
        // The first QR code of one.
        array(&[number(1), number(1)]),
        array(&incoming),
        array(&[array(&[array(&outgoing), identity])]),
    ])
}

fn security(port: u16) -> u32 {
    match Security::of_port(port) {
        Security::Tls => TLS,
        Security::StartTls => ALWAYS_STARTTLS,
    }
}

/// JSON by hand: every piece of it wipes itself.
fn array(members: &[Zeroizing<String>]) -> Zeroizing<String> {
    let length: usize = members.iter().map(|member| member.len() + 1).sum();
    let mut text = Zeroizing::new(String::with_capacity(length + 2));
    text.push('[');
    for (at, member) in members.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        text.push_str(member);
    }
    text.push(']');
    text
}

fn number(number: u32) -> Zeroizing<String> {
    Zeroizing::new(number.to_string())
}

/// A string whose every character beyond ASCII is escaped (RFC 8259, section 7): a QR code does not
/// say how its bytes are to be read, and readers guess.
fn string(text: &str) -> Zeroizing<String> {
    let mut json = Zeroizing::new(String::with_capacity(6 * text.len() + 2));
    json.push('"');
    for unit in text.encode_utf16() {
        match u8::try_from(unit) {
            Ok(byte @ (b'"' | b'\\')) => json.extend(['\\', byte.into()]),
            Ok(byte @ b' '..=b'~') => json.push(byte.into()),
            _ => json.push_str(&format!("\\u{unit:04x}")),
        }
    }
    json.push('"');
    json
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::Server;
    use super::*;

    const PASSWORD: &str = "appnqk1gbthdhb34w0atsmwan8p5";

    fn read(user: &str, address: &str, ports: [u16; 2], sends: bool) -> Value {
        let server = Server {
            host: "mail.example.com".into(),
            imap: ports[0],
            submission: ports[1],
        };
        let setup = setup(&MailAccount {
            user,
            address,
            password: PASSWORD,
            id: "8jhvm0km",
            label: "phone",
            issuer: "Example",
            server: &server,
            sends,
        });
        assert!(setup.is_ascii() && !setup.contains(' '), "{}", *setup);
        serde_json::from_str(&setup).expect("JSON")
    }

    #[test]
    fn an_account_is_two_servers_and_an_address() {
        let incoming = json!([0, "mail.example.com", 993, 3, 1, "alice", "", PASSWORD]);
        let outgoing = json!([0, "mail.example.com", 465, 3, 1, "alice", PASSWORD]);
        let identity = json!(["alice@example.com", "alice"]);
        assert_eq!(
            read("alice", "alice@example.com", [993, 465], true),
            json!([1, [1, 1], incoming, [[outgoing, identity]]])
        );
    }

    #[test]
    fn ports_that_begin_in_plain_text_are_made_safe() {
        let setup = read("alice", "alice@example.com", [143, 587], true);
        assert_eq!((&setup[2][2], &setup[2][3]), (&json!(143), &json!(2)));
        let outgoing = &setup[3][0][0];
        assert_eq!((&outgoing[2], &outgoing[3]), (&json!(587), &json!(2)));
    }

    #[test]
    fn a_password_that_is_not_good_for_sending_is_not_given_for_it() {
        let setup = read("alice", "alice@example.com", [993, 465], false);
        let outgoing = json!([0, "mail.example.com", 465, 3, 0, ""]);
        assert_eq!(setup[3][0][0], outgoing);
        assert_eq!(setup[2][7], PASSWORD);
    }

    #[test]
    fn awkward_names_come_back_as_they_were() {
        let user = "j\u{fc}rgen\"\\\u{1f511}@example.com";
        let setup = read(user, "juergen@example.com", [993, 465], true);
        assert_eq!(setup[2][5], user);
        assert_eq!(setup[3][0][1][1], "j\u{fc}rgen\"\\\u{1f511}");
    }
}
