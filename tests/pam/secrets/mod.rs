//! What of secrets stays in the memory of a host: nothing, once the call is over.
//!
//! The host that looks (`pam-witness`) searches every block before it is given back, and all memory that can be
//! written to when the login is over. It searches for what was typed and for what it becomes on the way, for the
//! keys of the ring, and for all that is derived from them.

use std::collections::BTreeMap;

use harness::host::{Answer, Finding, Phase, Place, Request, mask};
use harness::site::Site;
use harness::tool::{feed, tool};

use crate::HOME;

const PIN: &str = "pIn-4711";
/// A PIN with accents, as RFC 8265 composes it, and as some keyboards type it.
const UMLAUT: &str = "g\u{e4}nsef\u{fc}\u{df}chen m\u{f6}gen";
const TYPED_UMLAUT: &str = "ga\u{308}nsefu\u{308}\u{df}chen mo\u{308}gen";
const PASSWORD: &str = "correct battery";

/// What is looked for: a name for it, and the bytes.
#[derive(Clone, Default)]
struct Needles(BTreeMap<Vec<u8>, String>);

impl Needles {
    fn add(&mut self, name: &str, bytes: impl AsRef<[u8]>) -> &mut Self {
        let bytes = bytes.as_ref();
        assert!(bytes.len() >= 6, "{name} is found by chance");
        self.0.insert(bytes.to_vec(), name.to_owned());
        self
    }

    /// A text, and what is left of it without blanks and dashes.
    fn typed(&mut self, name: &str, text: &str) -> &mut Self {
        let bare: String = text.chars().filter(|at| !" -".contains(*at)).collect();
        self.add(name, text).add(name, bare)
    }

    /// A key, and the two blocks that HMAC makes of it (RFC 2104).
    fn key(&mut self, name: &str, key: &[u8]) -> &mut Self {
        let block = |pad: u8| key.iter().map(|byte| byte ^ pad).collect::<Vec<_>>();
        self.add(name, key)
            .add(&format!("{name}, inner block"), block(0x36))
            .add(&format!("{name}, outer block"), block(0x5c))
    }

    /// The key ring of a site, and what is derived from it.
    fn ring(&mut self, site: &Site) -> &mut Self {
        let text = std::fs::read_to_string(site.path("mailotp.key")).expect("it is ours");
        for line in text.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            let (what, hex, purposes): (_, _, &[&str]) = match words[..] {
                ["decoy", hex] => ("the decoy", hex, &["seed", "alias", "decoy"]),
                ["key", _, hex] => ("the key", hex, &["seal", "window", "guess"]),
                _ => continue,
            };
            self.add(&format!("{what} in hexadecimal"), hex);
            self.add(what, bytes_of(hex));
            self.key(
                &format!("{what}, extracted"),
                &hkdf(hex, "mode:EXTRACT_ONLY"),
            );
            for purpose in purposes {
                let name = format!("{what} for {purpose}");
                self.key(&name, &hkdf(hex, &format!("info:mailotp {purpose} 1")));
            }
        }
        self
    }

    fn masked(&self) -> Vec<Vec<u8>> {
        self.0.keys().map(|needle| mask(needle)).collect()
    }

    fn name(&self, finding: &Finding) -> &str {
        self.0.values().nth(finding.secret).expect("one of ours")
    }
}

/// HKDF (RFC 5869) as OpenSSL computes it.
fn hkdf(key: &str, option: &str) -> Vec<u8> {
    let key = format!("hexkey:{key}");
    let options = ["digest:SHA256", &key, option].map(|option| ["-kdfopt", option]);
    let arguments = [&["kdf", "-keylen", "32"], options.as_flattened(), &["HKDF"]].concat();
    bytes_of(
        &tool("openssl", "openssl", &arguments)
            .done()
            .stdout
            .replace(':', ""),
    )
}

fn bytes_of(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex
        .chars()
        .filter_map(|digit| digit.to_digit(16))
        .map(|digit| digit as u8)
        .collect();
    digits
        .chunks(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect()
}

/// The bytes of a seed in base32 (RFC 4648).
fn seed(uri: &str) -> Vec<u8> {
    let (_, rest) = uri.split_once("secret=").expect("a URI holds the seed");
    let text = rest.split('&').next().expect("a value");
    let (mut bits, mut count, mut bytes) = (0_u32, 0, Vec::new());
    for letter in text.bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            _ => letter - b'2' + 26,
        };
        bits = bits << 5 | u32::from(value);
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    bytes
}

/// The values of the characters of an app password.
fn values(secret: &str) -> Vec<u8> {
    let symbols = "0123456789abcdefghjkmnpqrstvwxyz";
    let value = |letter| symbols.find(letter).map(|at| at as u8);
    secret.chars().filter_map(value).collect()
}

/// One login, and what it must come to.
struct Case {
    name: &'static str,
    user: String,
    service: &'static str,
    answer: Answer,
    code: &'static str,
    needles: Needles,
}

/// What the site of these tests holds, and all the ways to log in to it.
struct Stage {
    site: Site,
    cases: Vec<Case>,
}

impl Stage {
    fn case(
        &mut self,
        name: &'static str,
        (user, service): (&str, &'static str),
        typed: &str,
        code: &'static str,
    ) -> &mut Needles {
        let mut needles = Needles::default();
        needles.ring(&self.site);
        if typed.len() > 1 {
            needles.typed("what was typed", typed);
        }
        self.cases.push(Case {
            name,
            user: user.to_owned(),
            service,
            answer: Answer::Masked(mask(typed.as_bytes())),
            code,
            needles,
        });
        &mut self.cases.last_mut().expect("just pushed").needles
    }
}

const RULES: &str = r#"
[otp]
digits = 8
[[rule]]
services = ["pop3"]
accept = ["password+otp"]
[[rule]]
services = ["sieve"]
accept = ["password", "otp"]
[[rule]]
accept = ["otp", "app-password"]
"#;

fn stage() -> Stage {
    let site = Site::new(RULES);
    for service in ["imap", "pop3", "sieve"] {
        let auth = "auth [success=done ignore=ignore default=die] MODULE";
        let account = "account required MODULE";
        site.stack(service, &[auth, "auth required pam_permit.so", account]);
    }
    let mut stage = Stage {
        site,
        cases: Vec::new(),
    };
    let site = &stage.site;
    let sheet = site.sheet("sheet");
    let totp = site.totp("totp");
    let hotp = site.hotp("hotp");
    let app = site.app_password("app", &[]);
    let sequence = site.sequence("sequence");
    let responses = [99, 98].map(|count| site.response(&sequence, count));
    let first = bytes_of(&site.response(&sequence, 100).hex);
    let pinned = site.sheet("pinned");
    site.set_pin("pinned", PIN);
    let pinned_totp = site.totp("pinned");
    let umlaut = site.sheet("umlaut");
    site.set_pin("umlaut", UMLAUT);
    let another = site.app_password("another", &[]).secret;
    let aliases = site.aliases("sheet");
    let hotp_codes = hotp.codes(2);

    let code = &sheet.codes[0];
    stage.case(
        "a right code of a sheet",
        ("sheet", "imap"),
        code,
        "PAM_SUCCESS",
    );
    stage.case(
        "the same in its window",
        ("sheet", "imap"),
        code,
        "PAM_SUCCESS",
    );
    stage.case(
        "a wrong code of a sheet",
        ("sheet", "imap"),
        "wrzng-00001",
        "PAM_AUTH_ERR",
    );
    stage.case(
        "a wrong code of nobody",
        ("nobody", "imap"),
        "wrzng-00002",
        "PAM_AUTH_ERR",
    );
    let with_alias = (aliases.names[0].as_str(), "imap");
    stage.case("an alias", with_alias, &sheet.codes[1], "PAM_SUCCESS");
    stage.case(
        "a kill code",
        ("sheet", "imap"),
        &sheet.kill,
        "PAM_AUTH_ERR",
    );

    let right = totp.code(0);
    let totp_seed = seed(&totp.uri);
    for name in ["a right code by the clock", "the same in its window"] {
        let needles = stage.case(name, ("totp", "imap"), &right, "PAM_SUCCESS");
        needles.key("the seed", &totp_seed);
    }
    let wrong = &totp.wrong_codes(1)[0];
    stage
        .case(
            "a wrong code by the clock",
            ("totp", "imap"),
            &format!("00{wrong}"),
            "PAM_AUTH_ERR",
        )
        .key("the seed", &totp_seed);
    stage
        .case(
            "a right code of a token",
            ("hotp", "imap"),
            &hotp_codes[0],
            "PAM_SUCCESS",
        )
        .key("the seed", &seed(&hotp.uri));
    stage
        .case(
            "password and code",
            ("hotp", "pop3"),
            &format!("{PASSWORD}{}", hotp_codes[1]),
            "PAM_SUCCESS",
        )
        .key("the seed", &seed(&hotp.uri))
        .add("the password", PASSWORD)
        .add("the code", &hotp_codes[1]);

    let values = values(&app.secret);
    let text: String = values[7..27]
        .iter()
        .map(|value| char::from(*value))
        .collect();
    let digest = feed("openssl", "openssl", &["dgst", "-sha256", "-r"], &text).done();
    let digest = bytes_of(&digest.stdout[..64]);
    for (name, secret, code) in [
        ("an app password", app.secret.clone(), "PAM_SUCCESS"),
        ("an app password of another", another, "PAM_AUTH_ERR"),
    ] {
        let needles = stage.case(name, ("app", "imap"), &secret, code);
        needles
            .add("its values", &values[7..27])
            .add("its digest", &digest);
    }

    for (name, typed) in [
        ("a response", &responses[0].hex),
        ("its words", &responses[1].words),
    ] {
        let needles = stage.case(name, ("sequence", "imap"), typed, "PAM_SUCCESS");
        needles
            .add("the response before", &first)
            .add("the response", bytes_of(&responses[0].hex))
            .add("the other response", bytes_of(&responses[1].hex));
    }

    for (name, typed, code) in [
        (
            "a code behind a PIN",
            format!("{PIN}{}", pinned.codes[0]),
            "PAM_SUCCESS",
        ),
        (
            "a digit code behind a PIN",
            format!("{PIN}{}", pinned_totp.code(0)),
            "PAM_SUCCESS",
        ),
        (
            "a code behind a wrong PIN",
            format!("pIn-4712{}", pinned.codes[1]),
            "PAM_AUTH_ERR",
        ),
    ] {
        stage
            .case(name, ("pinned", "imap"), &typed, code)
            .add("the PIN", PIN)
            .add("a wrong PIN", "pIn-4712");
    }

    let typed = format!("{TYPED_UMLAUT}{}", umlaut.codes[0]);
    let needles = stage.case(
        "a PIN that is composed",
        ("umlaut", "imap"),
        &typed,
        "PAM_SUCCESS",
    );
    for (name, pin) in [("the PIN", UMLAUT), ("the PIN as typed", TYPED_UMLAUT)] {
        let bytes = pin.as_bytes();
        needles
            .add(name, pin)
            .add("its begin", &bytes[..8])
            .add("its end", &bytes[bytes.len() - 8..]);
    }

    stage.case("a password", ("sheet", "sieve"), PASSWORD, "PAM_SUCCESS");
    stage.case("a question", ("sheet", "imap"), "?", "PAM_AUTH_ERR");
    for (name, answer) in [
        ("no answer", Answer::Fails),
        (
            "an answer and an error",
            Answer::FailsAfter(mask(pinned.codes[2].as_bytes())),
        ),
    ] {
        stage.case(name, ("sheet", "imap"), &pinned.codes[2], "PAM_CONV_ERR");
        stage.cases.last_mut().expect("just pushed").answer = answer;
    }
    stage
}

#[test]
fn no_secret_is_left_in_memory_after_a_login_of_any_kind() {
    let Stage { site, cases } = stage();
    let requests = cases.iter().map(|case| Request {
        answers: vec![case.answer.clone()],
        secrets: case.needles.masked(),
        ..Request::new(case.service, &case.user)
            .from(HOME)
            .phases(&[Phase::Authenticate, Phase::Account])
    });
    let replies = site.witness(requests.collect::<Vec<_>>());
    assert_eq!(replies.len(), cases.len());
    let mut found = Vec::new();
    for (case, reply) in cases.iter().zip(replies) {
        assert_eq!(reply.of(Phase::Authenticate), case.code, "{}", case.name);
        found.extend(reply.found.iter().map(|finding| {
            let (name, by) = (case.needles.name(finding), finding.by.join("\n        "));
            let (place, times) = (finding.place, finding.times);
            format!(
                "{}: {name}, {place:?}, {times} times\n        {by}",
                case.name
            )
        }));
    }
    assert!(
        found.is_empty(),
        "addr2line says what these are:\n{}",
        found.join("\n")
    );
}

/// A witness that sees nothing would be content with anything.
#[test]
fn the_witness_sees_what_a_host_keeps() {
    let site = Site::new("");
    site.stack("imap", &["auth required pam_permit.so"]);
    let user = "a-name-like-any-other";
    let mut request = Request::new("imap", user).from(HOME);
    // libpam keeps the name until `pam_end`; the host itself gives it back before and after.
    request.secrets = vec![mask(user.as_bytes()), mask(b"nobody says this")];
    let found = &site.witness([request])[0].found;
    for place in [Place::Held, Place::GivenBack] {
        assert!(
            found
                .iter()
                .any(|one| (one.secret, one.place) == (0, place)),
            "{found:?}"
        );
    }
    assert!(found.iter().all(|one| one.secret == 0), "{found:?}");
}
