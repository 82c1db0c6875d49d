//! The configuration: what `mailotp.toml` says, checked and with its defaults.

mod error;
mod file;
mod groups;
mod network;
#[cfg(any(test, fuzzing))]
pub(crate) mod oracle;
mod plain;
mod rules;
mod store;
mod tables;
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, Hasher};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

pub use error::ConfigError;
pub use network::parse_network;
pub use store::StoreLocation;
pub use values::Duration as DurationText;

use crate::budget::Limit;
use crate::credential::OtpSettings;
use crate::request::{AccountName, Naming, Remote, Service};
use crate::rule::{self, Accept, Mode, Question, Rule, Rules};
use crate::window::{Binding, Limits};

/// Where the configuration is, unless the command or the module is told otherwise.
pub const DEFAULT_PATH: &str = "/etc/mailotp/mailotp.toml";

/// The group of services that exists unless the configuration defines another of this name.
const MAIL: (&str, &[&str]) = (
    "mail",
    &[
        "dovecot",
        "imap",
        "pop3",
        "submission",
        "smtp",
        "sieve",
        "webmail",
    ],
);

/// A whole configuration.
#[derive(Debug)]
pub struct Config {
    /// The mode of rules that have none of their own.
    pub mode: Mode,
    /// Where the store is.
    pub store: StoreLocation,
    /// Where the key ring is.
    pub key: PathBuf,
    /// How long the store may take.
    pub timeout: Duration,
    /// What becomes of an account with nothing live.
    pub enrolment: Enrolment,
    /// How names are written.
    pub naming: Naming,
    /// Whether users' own rules may accept more than the administrator's.
    pub may_exempt: bool,
    /// Users that are never judged.
    pub exempt: rule::Group,
    /// Groups of services.
    pub services: BTreeMap<String, BTreeSet<String>>,
    /// `[helper]`.
    pub helper: HelperSettings,
    /// The issuer that authenticators show; empty: this machine's name.
    pub issuer: String,
    /// What every prompt names.
    pub challenge: BTreeSet<ChallengePart>,
    /// Digits of new TOTP credentials, and of made-up ones.
    pub digits: u32,
    /// How codes are judged.
    pub otp: OtpSettings,
    /// How long windows last.
    pub grace: Limits,
    /// How many guesses there are.
    pub limits: GuessLimits,
    /// How long the log is kept.
    pub log_keep: Duration,
    /// The rules; `None`: the built-in one.
    pub rules: Option<Rules>,
    /// Where each rule begins in the text.
    starts: Vec<usize>,
    file: PathBuf,
    text: String,
    fingerprint: OnceLock<u64>,
}

/// `[helper]`: where it listens, and whom it obeys beyond their own accounts. All of them are users of
/// the system.
#[derive(Clone, Debug, Default)]
pub struct HelperSettings {
    /// The socket.
    pub socket: PathBuf,
    /// Who may help others.
    pub operators: rule::Group,
    /// For whom it judges any account's login.
    pub trusted: BTreeSet<String>,
    /// Who may act for an account with that account's secret.
    pub managers: BTreeSet<String>,
}

/// What becomes of an account with nothing live.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Enrolment {
    /// Refused.
    #[default]
    Required,
    /// Left to the next module.
    Optional,
}

/// What a prompt can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChallengePart {
    /// Sheets and their next numbers.
    Sheet,
    /// The RFC 2289 challenge.
    Sequence,
}

/// `[limits]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuessLimits {
    /// Every wrong code, by network and account.
    pub network: Limit,
    /// Wrong digit codes and PINs, by account.
    pub account: Limit,
}

/// What the rules say of one login.
#[must_use]
#[derive(Debug, Default)]
pub struct Judgement {
    /// The rule that decides; `None`: the built-in one, or none matches.
    pub rule: Option<String>,
    /// What is accepted; `None`: no rule matches.
    pub accept: Option<Accept>,
    /// What happens to a refusal.
    pub mode: Mode,
    /// What a window binds.
    pub grace: Binding,
    /// The group of the service.
    pub group: String,
    /// The user is never judged.
    pub exempt: bool,
}

impl Judgement {
    /// The same once the account's own rules are asked: the first that matches narrows what is accepted.
    /// One that names networks replaces it where `may_exempt` says so, but opens nothing that is denied:
    /// so a user can leave out the second factor at an address that they know.
    pub fn narrowed<'a>(
        mut self,
        own: impl IntoIterator<Item = (&'a str, &'a rule::Own)>,
        question: &Question<'_>,
        may_exempt: bool,
    ) -> Judgement {
        let Some(accept) = self.accept.as_mut().filter(|accept| !accept.0.is_empty()) else {
            return self;
        };
        let found = own.into_iter().find(|(_, rule)| rule.matches(question));
        if let Some((id, rule)) = found {
            let at_an_address = rule.from.as_ref().is_some_and(|places| {
                let mut places = places.iter();
                places.all(|place| matches!(place, rule::Place::Net(_)))
            });
            *accept = if may_exempt && at_an_address {
                rule.accept.clone()
            } else {
                accept.both(&rule.accept)
            };
            self.rule = Some(format!("own {id}"));
        }
        self
    }

    /// Whether a rule matches, and accepts nothing.
    pub fn denies(&self) -> bool {
        self.accept
            .as_ref()
            .is_some_and(|accept| accept.0.is_empty())
    }

    /// Whether a one-time code is of any use.
    pub fn takes_codes(&self) -> bool {
        self.accept.as_ref().is_some_and(Accept::takes_codes)
    }

    /// What is asked of somebody who has to prove who they are: a code, and no less.
    pub fn for_codes(self) -> Judgement {
        Judgement {
            accept: Some(Accept([rule::Means::Otp].into())),
            mode: Mode::Enforce,
            exempt: false,
            ..self
        }
    }

    /// The same for whoever has typed an alias: it lets in with one-time codes, and a device that
    /// stores an app password has no use for it.
    pub fn under_alias(mut self) -> Judgement {
        if let Some(accept) = &mut self.accept {
            accept.0.remove(&rule::Means::AppPassword);
        }
        self
    }

    /// Whether `means` is accepted.
    pub fn accepts(&self, means: rule::Means) -> bool {
        self.accept.as_ref().is_some_and(|accept| accept.has(means))
    }
}

impl Config {
    /// Reads and checks the text of the file at `path`; other paths in it are relative to its
    /// folder. `system_groups` is `/etc/group`, asked for only where a rule needs it.
    pub fn parse(
        path: &Path,
        text: impl Into<String>,
        system_groups: &dyn Fn() -> std::io::Result<String>,
    ) -> Result<Config, ConfigError> {
        file::parse(path, text.into(), system_groups)
    }

    /// Whether it is the machine's own, at [`DEFAULT_PATH`].
    pub fn is_of_the_machine(&self) -> bool {
        self.file == Path::new(DEFAULT_PATH)
    }

    /// Of the file's own words, but for those that say where things are: hosts that share a store need not
    /// have them in the same places. A window that was opened under others is closed.
    ///
    /// It is computed at each login with a code, of a text that may be long, and tells an
    /// administrator's next text from the one before. Nobody else writes the file, so the hash need not
    /// stand up to somebody who looks for two texts with one number, and by chance two in 2⁶⁴ have it.
    /// Another version of the library, or another kind of processor, may come to another number: that
    /// closes windows, and opens none.
    pub fn fingerprint(&self) -> u64 {
        *self
            .fingerprint
            .get_or_init(|| Config::fingerprint_of(&self.text))
    }

    /// The same of a text that is not read yet.
    pub fn fingerprint_of(text: &str) -> u64 {
        let mut hasher = foldhash::quality::FixedState::default().build_hasher();
        for piece in deciding(text) {
            hasher.write(piece.as_bytes());
        }
        hasher.finish()
    }

    /// Whether nothing is ever refused, by whatever rule.
    pub fn only_observes(&self) -> bool {
        let observes = |rule: &Rule| rule.mode.unwrap_or(self.mode) == Mode::Observe;
        self.mode == Mode::Observe && self.rules.iter().flat_map(Rules::iter).all(observes)
    }

    /// The group of a service: a service in none is its own.
    pub fn group_of<'a>(&'a self, service: &'a str) -> &'a str {
        self.services
            .iter()
            .find(|(_, members)| members.contains(service))
            .map_or(service, |(group, _)| group)
    }

    /// What the rules say. `nullok` is left to the caller: it concerns enrolment.
    pub fn judge(&self, account: &AccountName, service: &Service, remote: Remote) -> Judgement {
        let group = self.group_of(service.as_str());
        let question = Question {
            account,
            service,
            group,
            remote,
        };
        let found = self
            .rules
            .as_ref()
            .and_then(|rules| Some((rules, rules.first(&question)?)));
        let rule = found.map(|(_, rule)| rule);
        Judgement {
            rule: found.map(|(rules, rule)| rules.name(rule).to_owned()),
            accept: match &self.rules {
                None => Some(Accept::by_default()),
                Some(_) => found.map(|(rules, rule)| rules.accept(rule).clone()),
            },
            mode: rule.and_then(|rule| rule.mode).unwrap_or(self.mode),
            grace: rule.map_or(Binding::Address, |rule| rule.grace),
            group: group.to_owned(),
            exempt: self.exempt.holds(account),
        }
    }
}

/// The text without `[store]` and `[helper]`, where they are written plainly.
fn deciding(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut from, mut is_skipped) = (0, false);
    for (at, _) in text.match_indices('[') {
        if at > 0 && text.as_bytes()[at - 1] != b'\n' {
            continue;
        }
        let header = &text[at..];
        let skips = header.starts_with("[store]") || header.starts_with("[helper]");
        if skips != is_skipped {
            if skips {
                pieces.push(&text[from..at]);
            }
            (from, is_skipped) = (at, skips);
        }
    }
    if !is_skipped {
        pieces.push(&text[from..]);
    }
    pieces
}
