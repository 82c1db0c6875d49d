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
    /// The code that revokes it.
    pub kill: String,
}

/// An authenticator, held by a program that is not ours.
pub struct Totp {
    /// Its ID.
    pub id: String,
    /// What a QR code of it says.
    pub uri: String,
    born: u64,
}

/// A token with a button, held by a program that is not ours.
pub struct Hotp {
    /// Its ID.
    pub id: String,
    /// What a QR code of it says.
    pub uri: String,
}

/// One-time user names.
pub struct Aliases {
    /// Their ID: together they are one credential.
    pub id: String,
    /// The names.
    pub names: Vec<String>,
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
        self.add_reading("", user, arguments)
    }

    /// The same, with this text to read.
    ///
    /// # Panics
    /// Where it fails.
    #[track_caller]
    pub fn add_reading(&self, stdin: &str, user: &str, arguments: &[&str]) -> Value {
        let mut accounts = self.accounts.lock().expect("no test panics in here");
        let mut words = vec!["--json", "--user", user];
        if accounts.insert(user.to_owned()) {
            words.push("--new");
        }
        drop(accounts);
        words.push("add");
        words.extend(arguments);
        self.cli_reading(stdin, words).json()
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

    /// A new token that is live at once.
    #[track_caller]
    pub fn hotp(&self, user: &str) -> Hotp {
        self.hotp_with(user, &["--no-confirm"])
    }

    /// A new token, with these arguments.
    ///
    /// # Panics
    /// Where it cannot be made.
    #[track_caller]
    pub fn hotp_with(&self, user: &str, arguments: &[&str]) -> Hotp {
        Hotp::of(&self.add(user, &[&["hotp"], arguments].concat()))
    }

    /// A few new one-time user names.
    #[track_caller]
    pub fn aliases(&self, user: &str) -> Aliases {
        self.aliases_with(user, &["--count", "4"])
    }

    /// New one-time user names, with these arguments.
    ///
    /// # Panics
    /// Where they cannot be made.
    #[track_caller]
    pub fn aliases_with(&self, user: &str, arguments: &[&str]) -> Aliases {
        Aliases::of(&self.add(user, &[&["alias"], arguments].concat()))
    }

    /// Gives an account a PIN.
    #[track_caller]
    pub fn set_pin(&self, user: &str, pin: &str) {
        let set = ["--json", "--user", user, "pin", "set"];
        self.cli_reading(&format!("{pin}\n"), set).done();
    }

    /// Gives everybody a PIN who has none of their own.
    #[track_caller]
    pub fn set_site_pin(&self, pin: &str) {
        let set = ["--json", "pin", "set", "--site"];
        self.cli_reading(&format!("{pin}\n"), set).done();
    }

    /// How often the credential of this ID can still be used; `None`: as often as one likes.
    ///
    /// # Panics
    /// Where the account does not have it.
    #[track_caller]
    #[must_use]
    pub fn left(&self, user: &str, id: &str) -> Option<u64> {
        let shown = self.json(user, &["show"]);
        let mut all = shown["credentials"].as_array().expect("a list").iter();
        let found = all.find(|credential| credential["id"] == id);
        found.unwrap_or_else(|| panic!("no {id}: {shown}"))["left"].as_u64()
    }

    /// How many guesses at digit codes and PINs the account has left.
    ///
    /// # Panics
    /// Where `show` does not say it.
    #[track_caller]
    #[must_use]
    pub fn guesses_left(&self, user: &str) -> u64 {
        let left = &self.json(user, &["show"])["budget"]["left"];
        left.as_u64().expect("a number")
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
    /// The sheet that `add sheet` has made.
    ///
    /// # Panics
    /// Where it is none.
    #[track_caller]
    #[must_use]
    pub fn of(made: &Value) -> Self {
        let codes = made["codes"].as_array().expect("a sheet has codes");
        Self {
            id: text(&made["id"]),
            name: text(&made["name"]),
            codes: codes.iter().map(|code| text(&code["code"])).collect(),
            kill: text(&made["kill"]),
        }
    }
}

impl Aliases {
    /// The names that `add alias` has made.
    ///
    /// # Panics
    /// Where there are none.
    #[track_caller]
    #[must_use]
    pub fn of(made: &Value) -> Self {
        let names = made["aliases"].as_array().expect("a list of names");
        Self {
            id: text(&made["id"]),
            names: names.iter().map(text).collect(),
        }
    }
}

impl Hotp {
    /// The token that `add hotp` has made.
    ///
    /// # Panics
    /// Where it is none.
    #[track_caller]
    #[must_use]
    pub fn of(made: &Value) -> Self {
        Self {
            id: text(&made["id"]),
            uri: text(&made["uri"]),
        }
    }

    /// A value of the URI.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        parameter(&self.uri, name)
    }

    /// The first so many codes that its button shows.
    ///
    /// # Panics
    /// Where `oathtool` is missing, or does not understand the URI.
    #[track_caller]
    #[must_use]
    pub fn codes(&self, count: usize) -> Vec<String> {
        let window = format!("--window={}", count - 1);
        let codes = oathtool(&self.uri, &["--hotp", &window]);
        codes.lines().map(str::to_owned).collect()
    }

    /// The code that its button shows when it was pressed so many times before, as `oathtool` reckons it.
    ///
    /// # Panics
    /// Where `oathtool` is missing, or does not understand the URI.
    #[track_caller]
    #[must_use]
    pub fn code(&self, counter: u64) -> String {
        let counter = counter.to_string();
        match self.parameter("algorithm").unwrap_or("SHA1") {
            "SHA1" => oathtool(&self.uri, &["--hotp", "--counter", &counter]),
            // It knows HOTP with SHA-1 alone; with a period of one second the time is a counter.
            other => {
                let mode = format!("--totp={}", other.to_lowercase());
                let now = format!("@{counter}");
                oathtool(&self.uri, &[&mode, "--time-step-size", "1s", "--now", &now])
            }
        }
    }

    /// As many codes that are wrong, near to this counter and far from it.
    #[must_use]
    pub fn wrong_codes(&self, near: u64, count: usize) -> Vec<String> {
        let reach = near.saturating_sub(2)..=near + 60;
        none_of(reach.map(|counter| self.code(counter)).collect(), count)
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
        parameter(&self.uri, name)
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
        let mode = format!("--totp={}", algorithm.to_lowercase());
        let (step, now) = (format!("{period}s"), format!("@{time}"));
        oathtool(
            &self.uri,
            &[&mode, "--time-step-size", &step, "--now", &now],
        )
    }

    /// As many codes that are wrong, now and for some minutes.
    #[must_use]
    pub fn wrong_codes(&self, count: usize) -> Vec<String> {
        none_of((-4..=8).map(|periods| self.code(periods)).collect(), count)
    }
}

/// As many codes of six digits that are not among these.
fn none_of(right: Vec<String>, count: usize) -> Vec<String> {
    (100_001..)
        .map(|number: u32| number.to_string())
        .filter(|code| !right.contains(code))
        .take(count)
        .collect()
}

/// A value of an `otpauth` URI.
fn parameter<'a>(uri: &'a str, name: &str) -> Option<&'a str> {
    let (_, query) = uri.split_once('?')?;
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

/// What `oathtool` makes of the seed and the digits of a URI.
///
/// # Panics
/// Where `oathtool` is missing, or does not understand the URI.
#[track_caller]
#[must_use]
pub fn oathtool(uri: &str, mode: &[&str]) -> String {
    let digits = parameter(uri, "digits").unwrap_or("6");
    let seed = parameter(uri, "secret").expect("a URI holds the seed");
    let rest = ["--base32", "--digits", digits, seed];
    let output = tool("oathtool", "oathtool", &[mode, &rest].concat());
    output.done().stdout.trim().to_owned()
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
