//! Credentials as their owners hold them.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::site::Site;
use crate::tool::tool;

/// A sheet of codes.
pub struct Sheet {
    /// Its ID.
    pub id: String,
    /// The two letters that a prompt names it by.
    pub name: String,
    /// Its codes, the first one at 0.
    pub codes: Vec<String>,
}

/// An authenticator, held by a program that is not ours.
pub struct Totp {
    /// Its ID.
    pub id: String,
    /// What a QR code of it says.
    pub uri: String,
    born: u64,
}

/// A secret of one device.
pub struct AppPassword {
    /// Its ID.
    pub id: String,
    /// The secret.
    pub secret: String,
}

impl Site {
    /// `add` for an account, which is made where it is new: the JSON.
    ///
    /// # Panics
    /// Where it fails.
    #[track_caller]
    pub fn add(&self, user: &str, arguments: &[&str]) -> Value {
        let mut accounts = self.accounts.lock().expect("no test panics in here");
        let mut words = vec!["--json", "--user", user];
        if accounts.insert(user.to_owned()) {
            words.push("--new");
        }
        drop(accounts);
        words.push("add");
        words.extend(arguments);
        self.cli(words).json()
    }

    /// A new sheet of a few codes: each costs a hash that is meant to be slow.
    #[track_caller]
    pub fn sheet(&self, user: &str) -> Sheet {
        self.sheet_with(user, &["--count", "10"])
    }

    /// A new sheet, with these arguments.
    ///
    /// # Panics
    /// Where it cannot be made.
    #[track_caller]
    pub fn sheet_with(&self, user: &str, arguments: &[&str]) -> Sheet {
        Sheet::of(&self.add(user, &[&["sheet"], arguments].concat()))
    }

    /// A new authenticator that is live at once.
    #[track_caller]
    pub fn totp(&self, user: &str) -> Totp {
        self.totp_with(user, &["--no-confirm"])
    }

    /// A new authenticator, with these arguments.
    ///
    /// # Panics
    /// Where it cannot be made.
    #[track_caller]
    pub fn totp_with(&self, user: &str, arguments: &[&str]) -> Totp {
        let made = self.add(user, &[&["totp"], arguments].concat());
        Totp::new(text(&made["id"]), text(&made["uri"]))
    }

    /// A new app password, with these arguments.
    ///
    /// # Panics
    /// Where it cannot be made.
    #[track_caller]
    pub fn app_password(&self, user: &str, arguments: &[&str]) -> AppPassword {
        let made = self.add(user, &[&["app-password"], arguments].concat());
        AppPassword {
            id: text(&made["id"]),
            secret: text(&made["secret"]),
        }
    }
}

impl Sheet {
    /// The sheet that this JSON of `add sheet` shows.
    ///
    /// # Panics
    /// Where it shows none.
    #[track_caller]
    #[must_use]
    pub fn of(made: &Value) -> Self {
        let codes = made["codes"].as_array().expect("a sheet has codes");
        Self {
            id: text(&made["id"]),
            name: text(&made["name"]),
            codes: codes.iter().map(|code| text(&code["code"])).collect(),
        }
    }
}

impl Totp {
    /// The authenticator that scanned this URI now.
    ///
    /// # Panics
    /// Where the clock stands before 1970.
    #[must_use]
    pub fn new(id: String, uri: String) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let born = now.expect("it is after 1970").as_secs();
        Self { id, uri, born }
    }

    /// A value of the URI.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let (_, query) = self.uri.split_once('?')?;
        query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find_map(|(key, value)| (key == name).then_some(value))
    }

    /// The code of this many periods after the authenticator was made, as `oathtool` reckons it.
    /// It stays the same however long the test takes.
    ///
    /// # Panics
    /// Where `oathtool` is missing, or does not understand the URI.
    #[track_caller]
    #[must_use]
    pub fn code(&self, periods: i64) -> String {
        let period: u64 = self
            .parameter("period")
            .unwrap_or("30")
            .parse()
            .expect("a number");
        let offset = periods * i64::try_from(period).expect("a short period");
        let time = self.born.checked_add_signed(offset).expect("after 1970");
        let algorithm = self.parameter("algorithm").unwrap_or("SHA1");
        let output = tool(
            "oathtool",
            "oathtool",
            &[
                "--base32",
                &format!("--totp={}", algorithm.to_lowercase()),
                "--digits",
                self.parameter("digits").unwrap_or("6"),
                "--time-step-size",
                &format!("{period}s"),
                "--now",
                &format!("@{time}"),
                self.parameter("secret").expect("a URI holds the seed"),
            ],
        );
        output.done().stdout.trim().to_owned()
    }

    /// As many codes that are wrong, now and for some minutes.
    #[must_use]
    pub fn wrong_codes(&self, count: usize) -> Vec<String> {
        let right: Vec<String> = (-4..=8).map(|periods| self.code(periods)).collect();
        (100_001..)
            .map(|number: u32| number.to_string())
            .filter(|code| !right.contains(code))
            .take(count)
            .collect()
    }
}

/// As many codes that have the form of a sheet's and are on none.
#[must_use]
pub fn wrong_codes(count: usize) -> Vec<String> {
    (0..count)
        .map(|number| format!("wrzng-{number:05}"))
        .collect()
}

fn text(value: &Value) -> String {
    let text = value.as_str();
    text.unwrap_or_else(|| panic!("a text was expected: {value}"))
        .to_owned()
}
