//! A mail account as the program on a device has it: what that program is told so that nobody has to
//! type anything. Pure: facts come in, text goes out.

pub mod mobileconfig;
pub mod thunderbird;

/// Everything that a mail program has to know.
pub struct MailAccount<'a> {
    /// The user name of its logins: the account.
    pub user: &'a str,
    /// The mail address.
    pub address: &'a str,
    /// The app password, without dashes.
    pub password: &'a str,
    /// The ID of the app password.
    pub id: &'a str,
    /// The owner's name for the app password.
    pub label: &'a str,
    /// Who runs the server.
    pub issuer: &'a str,
    /// The server.
    pub server: &'a Server,
    /// The app password is good for sending, too.
    pub sends: bool,
}

/// A mail server, for reading and for sending.
pub struct Server {
    /// Its name.
    pub host: String,
    /// The port of IMAP.
    pub imap: u16,
    /// The port of submission.
    pub submission: u16,
}

/// How a connection is made safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// From the first byte.
    Tls,
    /// By a command.
    StartTls,
}

impl Security {
    /// How it is on a port: these three begin in plain text, all others are taken for the TLS
    /// that RFC 8314, section 3, wants.
    pub fn of_port(port: u16) -> Security {
        match port {
            25 | 143 | 587 => Security::StartTls,
            _ => Security::Tls,
        }
    }
}

impl MailAccount<'_> {
    /// What stands beside the address in the mails that are sent: nothing better is known.
    pub fn name(&self) -> &str {
        self.user.split('@').next().unwrap_or(self.user)
    }
}

/// Whether `text` can be the name of a host: labels of letters, digits and inner hyphens (RFC 1123,
/// section 2.1; RFC 1035, section 2.3.4).
pub fn is_host_name(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    text.len() <= 253 && text.split('.').all(is_label)
}

/// Whether `text` can be a mail address: the two parts around its last `@`, without blanks. RFC 5321,
/// section 4.5.3.1.3, has 256 bytes for it, with its angle brackets.
pub fn is_address(text: &str) -> bool {
    let is_clean = |part: &str| {
        !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c.is_control())
    };
    text.len() <= 254
        && text
            .rsplit_once('@')
            .is_some_and(|(local, domain)| is_clean(local) && is_clean(domain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_names_are_labels_of_letters_digits_and_inner_hyphens() {
        for host in [
            "mail.example.com",
            "mx1",
            "xn--bcher-kva.example",
            "192.0.2.1",
        ] {
            assert!(is_host_name(host), "{host}");
        }
        let long = format!("{}.example", "a".repeat(64));
        for text in [
            "",
            "Mail of Example",
            "mail..example",
            "mail.example.",
            "-mail.example",
            "m\u{fc}nchen.example",
            "mail_1.example",
            "mail.example:993",
            long.as_str(),
        ] {
            assert!(!is_host_name(text), "{text}");
        }
    }

    #[test]
    fn addresses_have_two_parts_and_no_blanks() {
        for address in ["a@b", "alice@example.com", "j\u{fc}rgen&co@example.com"] {
            assert!(is_address(address), "{address}");
        }
        let long = format!("alice@{}", "a".repeat(260));
        for text in [
            "",
            "alice",
            "@example.com",
            "alice@",
            "a b@c",
            "a@b\n",
            &long,
        ] {
            assert!(!is_address(text), "{text}");
        }
    }

    #[test]
    fn ports_that_begin_in_plain_text_are_made_safe_by_a_command() {
        assert_eq!(
            [993, 465, 10_993].map(Security::of_port),
            [Security::Tls; 3]
        );
        assert_eq!([143, 587].map(Security::of_port), [Security::StartTls; 2]);
    }
}
