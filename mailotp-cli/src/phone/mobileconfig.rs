//! A configuration profile for Apple's devices, with one mail account in it.
//!
//! Keys and values are those of Apple's device management schema: `TopLevel`, `CommonPayloadKeys`
//! and `com.apple.mail.managed` (github.com/apple/device-management, `mdm/profiles`; the pages "Mail"
//! and "TopLevel" of developer.apple.com/documentation/devicemanagement).

use zeroize::Zeroizing;

use super::MailAccount;

/// 16 random bytes for each UUID: of the profile, and of what is in it.
pub type Randomness = [[u8; 16]; 2];

const HEAD: &str = "\
<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">
<plist version=\"1.0\">
";

/// The profile, as an XML property list.
pub fn profile(account: &MailAccount<'_>, randomness: Randomness) -> Zeroizing<String> {
    let [of_profile, of_payload] = randomness;
    let identifier = identifier(&account.server.host, account.id);
    // Twice the room that it can take: it never grows, and leaves no copy of the password behind.
    let names = account.user.len() + account.address.len() + account.issuer.len();
    let names = names + account.label.len() + account.server.host.len();
    let mut plist = Plist(Zeroizing::new(String::with_capacity(8192 + 64 * names)));
    plist.raw(HEAD);
    plist.raw("<dict>\n");
    plist.payload("Configuration", &identifier, of_profile, account);
    plist.boolean("PayloadRemovalDisallowed", false);
    plist.string(
        "PayloadDescription",
        &format!(
            "Sets up mail for {}, with an app password of its own.",
            account.address
        ),
    );
    plist.raw("<key>PayloadContent</key>\n<array>\n<dict>\n");
    let identifier = format!("{identifier}.mail");
    plist.payload("com.apple.mail.managed", &identifier, of_payload, account);
    plist.mail(account);
    plist.raw("</dict>\n</array>\n</dict>\n</plist>\n");
    plist.0
}

/// In the style of reverse DNS, the same whenever the profile of a credential is made: a device
/// replaces a profile of the same name.
fn identifier(host: &str, id: &str) -> String {
    let labels: Vec<&str> = host.rsplit('.').collect();
    format!("{}.mailotp.{id}", labels.join(".").to_ascii_lowercase())
}

/// A version 4 UUID (RFC 4122, section 4.4).
fn uuid(random: [u8; 16]) -> String {
    let number = u128::from_be_bytes(random);
    let number = number & !(0xf << 76) | (0x4 << 76);
    let number = number & !(0b11 << 62) | (0b10 << 62);
    let hex = format!("{number:032X}");
    let (a, b, c) = (&hex[..8], &hex[8..12], &hex[12..16]);
    format!("{a}-{b}-{c}-{}-{}", &hex[16..20], &hex[20..])
}

struct Plist(Zeroizing<String>);

impl Plist {
    /// What every dictionary of a profile says of itself.
    fn payload(&mut self, kind: &str, identifier: &str, random: [u8; 16], of: &MailAccount<'_>) {
        self.string("PayloadType", kind);
        self.integer("PayloadVersion", 1);
        self.string("PayloadIdentifier", identifier);
        self.string("PayloadUUID", &uuid(random));
        self.string(
            "PayloadDisplayName",
            &format!("{} ({})", of.issuer, of.label),
        );
        self.string("PayloadOrganization", of.issuer);
    }

    fn mail(&mut self, account: &MailAccount<'_>) {
        let server = account.server;
        self.string("EmailAccountType", "EmailTypeIMAP");
        self.string("EmailAccountDescription", account.issuer);
        self.string("EmailAccountName", account.name());
        self.string("EmailAddress", account.address);
        self.server("Incoming", &server.host, server.imap);
        self.string("IncomingMailServerAuthentication", "EmailAuthPassword");
        self.string("IncomingMailServerUsername", account.user);
        self.string("IncomingPassword", account.password);
        self.server("Outgoing", &server.host, server.submission);
        if account.sends {
            self.string("OutgoingMailServerAuthentication", "EmailAuthPassword");
            self.string("OutgoingMailServerUsername", account.user);
            self.string("OutgoingPassword", account.password);
            self.boolean("OutgoingPasswordSameAsIncomingPassword", true);
        } else {
            // The server for sending must be named. Without this, a password would be asked for.
            self.string("OutgoingMailServerAuthentication", "EmailAuthNone");
            self.boolean("OutgoingPasswordSameAsIncomingPassword", false);
        }
    }

    /// One key, `UseSSL`, stands for both: TLS from the first byte and STARTTLS.
    fn server(&mut self, direction: &str, host: &str, port: u16) {
        self.string(&format!("{direction}MailServerHostName"), host);
        self.integer(&format!("{direction}MailServerPortNumber"), port);
        self.boolean(&format!("{direction}MailServerUseSSL"), true);
    }

    fn string(&mut self, key: &str, value: &str) {
        self.key(key);
        self.raw("<string>");
        for character in value.chars() {
            match character {
                '&' => self.raw("&amp;"),
                '<' => self.raw("&lt;"),
                '>' => self.raw("&gt;"),
                // Nothing else is a character in XML 1.0 (section 2.2), not even as a reference.
                '\t' | '\n' | ' '..='\u{fffd}' | '\u{10000}'.. => self.0.push(character),
                _ => self.0.push('\u{fffd}'),
            }
        }
        self.raw("</string>\n");
    }

    fn integer(&mut self, key: &str, value: u16) {
        self.key(key);
        self.raw(&format!("<integer>{value}</integer>\n"));
    }

    fn boolean(&mut self, key: &str, value: bool) {
        self.key(key);
        self.raw(if value { "<true/>\n" } else { "<false/>\n" });
    }

    fn key(&mut self, key: &str) {
        self.raw("<key>");
        self.raw(key);
        self.raw("</key>\n");
    }

    fn raw(&mut self, text: &str) {
        self.0.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::super::Server;
    use super::*;

    const PASSWORD: &str = "appnqk1gbthdhb34w0atsmwan8p5";

    fn made(label: &str, issuer: &str, sends: bool) -> Zeroizing<String> {
        let server = Server {
            host: "Mail.Example.com".into(),
            imap: 993,
            submission: 587,
        };
        let account = MailAccount {
            user: "alice",
            address: "a&b@example.com",
            password: PASSWORD,
            id: "8jhvm0km",
            label,
            issuer,
            server: &server,
            sends,
        };
        profile(&account, [[0xff; 16], [0; 16]])
    }

    #[test]
    fn what_has_a_meaning_in_xml_is_escaped() {
        let profile = made("<Caf\u{e9}> & \"so\"", "A & B", true);
        assert!(profile.contains("<string>a&amp;b@example.com</string>"));
        assert!(profile.contains("<string>A &amp; B (&lt;Caf\u{e9}&gt; &amp; \"so\")</string>"));
        assert!(!profile.contains("& "), "{}", *profile);
    }

    #[test]
    fn what_is_no_character_in_xml_is_replaced() {
        let profile = made("\u{ffff}\u{7}\u{1f511}", "x", true);
        assert!(profile.contains("(\u{fffd}\u{fffd}\u{1f511})"));
    }

    #[test]
    fn uuids_are_of_version_4_and_differ() {
        let profile = made("phone", "x", true);
        assert!(profile.contains("<string>FFFFFFFF-FFFF-4FFF-BFFF-FFFFFFFFFFFF</string>"));
        assert!(profile.contains("<string>00000000-0000-4000-8000-000000000000</string>"));
    }

    #[test]
    fn a_profile_is_named_after_server_and_credential() {
        let profile = made("phone", "x", true);
        assert!(profile.contains("<string>com.example.mail.mailotp.8jhvm0km</string>"));
        assert!(profile.contains("<string>com.example.mail.mailotp.8jhvm0km.mail</string>"));
    }

    #[test]
    fn a_password_that_is_not_good_for_sending_is_not_given_for_it() {
        assert_eq!(made("phone", "x", true).matches(PASSWORD).count(), 2);
        let profile = made("phone", "x", false);
        assert_eq!(profile.matches(PASSWORD).count(), 1);
        assert!(profile.contains("<string>EmailAuthNone</string>"));
        assert!(!profile.contains("OutgoingMailServerUsername"));
    }

    #[test]
    fn the_text_never_outgrows_its_room() {
        let label = "&".repeat(64);
        let profile = made(&label, &"&".repeat(1024), true);
        let names = label.len() + 1024 + "alice".len();
        assert!(profile.len() < 8192 + 64 * names, "{}", profile.len());
    }
}
