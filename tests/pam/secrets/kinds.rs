//! A login of every kind.

use harness::host::{Answer, Phase, Request, mask};
use harness::site::Site;
use harness::tool::feed;

use super::needles::{Needles, bytes_of, seed, values};
use crate::HOME;

const PIN: &str = "pIn-4711";
/// A PIN with accents, as RFC 8265 composes it, and as some keyboards type it.
const UMLAUT: &str = "g\u{e4}nsef\u{fc}\u{df}chen m\u{f6}gen";
const TYPED_UMLAUT: &str = "ga\u{308}nsefu\u{308}\u{df}chen mo\u{308}gen";
const PASSWORD: &str = "correct battery";

/// One login, and what it must come to.
pub struct Case {
    pub name: &'static str,
    pub user: String,
    pub service: &'static str,
    pub answer: Answer,
    pub code: &'static str,
    pub needles: Needles,
}

impl Case {
    /// The login, with what must not be found of it.
    pub fn request(&self) -> Request {
        Request {
            answers: vec![self.answer.clone()],
            secrets: self.needles.masked(),
            ..Request::new(self.service, &self.user)
                .from(HOME)
                .phases(&[Phase::Authenticate, Phase::Account])
        }
    }
}

/// What the site of these tests holds, and all the ways to log in to it.
pub struct Stage {
    pub site: Site,
    pub cases: Vec<Case>,
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

/// Who is looked at instruction by instruction is slow.
const RULES: &str = r#"
[store]
url = "sqlite:store/mailotp.db"
key = "mailotp.key"
timeout = "60s"
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

pub fn stage() -> Stage {
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
