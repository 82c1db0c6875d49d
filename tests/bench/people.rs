//! Who logs in: accounts with one credential, with a hundred of its kind, and with a hundred of all kinds.

use std::time::{SystemTime, UNIX_EPOCH};

use harness::enrol::{Hotp, Sheet, Totp, oathtool};
use harness::site::Site;

/// The kinds whose codes are used up or typed again.
pub const KINDS: [&str; 5] = ["app-password", "sheet", "totp", "hotp", "sequence"];
const MANY: usize = 100;

const PASS_PHRASE: &str = "a pass phrase of the bench";
const SEED: &str = "bench1";
const COUNT: usize = 500;
/// Of the first authenticator; the next is a second slower. No round takes as long.
const PERIOD: u64 = 3600;

/// An account, and what its owner can type.
pub struct Person {
    pub name: String,
    pub app_password: String,
    pub sheet: Vec<String>,
    totp: Vec<Totp>,
    pub hotp: Vec<String>,
}

impl Person {
    /// Somebody with `each` credentials of these kinds; of sheets, the first has codes for `logins`.
    fn with(site: &Site, name: &str, kinds: &[&str], each: usize, logins: usize) -> Person {
        let mut person = Person {
            name: name.to_owned(),
            app_password: String::new(),
            sheet: Vec::new(),
            totp: Vec::new(),
            hotp: Vec::new(),
        };
        for at in 0..each {
            for kind in kinds {
                match *kind {
                    "app-password" => person.app_password = site.app_password(name, &[]).secret,
                    "sheet" => {
                        let count = if at == 0 { logins + 1 } else { 1 };
                        let Sheet { codes, .. } =
                            site.sheet_with(name, &["--count", &count.to_string()]);
                        person.sheet.extend(codes);
                    }
                    "totp" => {
                        let period = (PERIOD + at as u64).to_string();
                        person
                            .totp
                            .push(site.totp_with(name, &["--no-confirm", "--period", &period]));
                    }
                    "hotp" => {
                        let made = site.add(name, &["hotp", "--no-confirm"]);
                        if at == 0 {
                            person.hotp = Hotp::of(&made).codes(logins);
                        }
                    }
                    _ => add_sequence(site, name, at),
                }
            }
        }
        person
    }

    /// Codes in the order in which an account accepts them: each of a later step than the one before.
    /// Authenticators of other periods have steps that begin in other seconds, and of each the one at
    /// hand and the next are good. They are made when everybody is enrolled, however long that takes:
    /// codes do not live longer than an hour or two.
    pub fn totp_codes(&self, count: usize) -> Vec<String> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let mut steps: Vec<(u64, u64, &Totp)> = self
            .totp
            .iter()
            .zip(PERIOD..)
            .flat_map(|(phone, period)| {
                let this = now.as_secs() / period * period;
                [this, this + period].map(|begin| (begin, period, phone))
            })
            .collect();
        steps.sort_by_key(|(begin, ..)| *begin);
        steps.dedup_by_key(|(begin, ..)| *begin);
        let code = |(begin, period, phone): (u64, u64, &Totp)| {
            let step = format!("--time-step-size={period}s");
            oathtool(&phone.uri, &["--totp", &step, &format!("--now=@{begin}")])
        };
        steps.into_iter().take(count).map(code).collect()
    }
}

/// What the bench works with.
pub struct People {
    /// Of each kind, in the order of [`KINDS`]: with one, and with a hundred.
    pub one: Vec<Person>,
    pub many: Vec<Person>,
    pub mixed: Person,
    /// A step is accepted once for an account: each login with the only one has an account of its own.
    pub phones: Vec<Person>,
    /// The responses to the sequence of everybody, in the order in which they are due.
    pub responses: Vec<String>,
}

impl People {
    pub fn enrol(site: &Site, logins: usize) -> People {
        let of = |each: usize| -> Vec<Person> {
            KINDS
                .iter()
                .map(|kind| Person::with(site, &format!("{kind}-{each}"), &[kind], each, logins))
                .collect()
        };
        People {
            one: of(1),
            many: of(MANY),
            mixed: Person::with(site, "mixed", &KINDS, MANY / KINDS.len(), logins),
            phones: (0..logins)
                .map(|at| Person::with(site, &format!("phone-{at}"), &["totp"], 1, 1))
                .collect(),
            responses: responses(site, logins),
        }
    }
}

/// The first so many responses to the sequence that [`add_sequence`] makes first.
pub fn responses(site: &Site, count: usize) -> Vec<String> {
    let answer = |at: usize| {
        let challenge = format!("otp-sha1 {} {SEED}", COUNT - at);
        let typed = format!("{PASS_PHRASE}\n");
        let output = site.cli_reading(&typed, ["--json", "compute", &challenge]);
        output.json()["hex"].as_str().unwrap().to_owned()
    };
    (1..=count).map(answer).collect()
}

pub fn add_sequence(site: &Site, name: &str, at: usize) {
    let count = COUNT.to_string();
    let seed = if at == 0 {
        SEED.to_owned()
    } else {
        format!("other{at}")
    };
    let words = [
        "--user", name, "--new", "add", "sequence", "--seed", &seed, "--count", &count,
    ];
    site.cli_reading(&format!("{PASS_PHRASE}\n"), words).done();
}
