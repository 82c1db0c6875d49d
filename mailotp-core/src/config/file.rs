//! The file itself: TOML in, [`Config`] out.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;
use std::sync::OnceLock;

use toml::Spanned;

use super::error::{ConfigError, line_at};
use super::groups::Groups;
use super::plain::Plain;
use super::rules::Maker;
use super::tables::{File, unplaced};
use super::values::Duration;
use super::{Config, GuessLimits, HelperSettings, MAIL};
use crate::budget::Limit;
use crate::credential::{OtpSettings, oath};
use crate::request::Naming;
use crate::window::Limits;

pub(super) fn parse(
    path: &Path,
    text: String,
    system_groups: &dyn Fn() -> std::io::Result<String>,
) -> Result<Config, ConfigError> {
    let reader = Reader { path, text: &text };
    let config = match reader.plain(system_groups) {
        Some(config) => config,
        None => reader.toml(system_groups)?,
    };
    Ok(Config { text, ..config })
}

fn of_toml(path: &Path, text: &str, error: &toml::de::Error) -> ConfigError {
    let message = error.message().trim().to_owned();
    let remedy = if message.starts_with("unknown field") {
        "Correct the key, or remove the line.".to_owned()
    } else {
        "Correct the line; mailotp.toml(5) and the README name every key and its values.".to_owned()
    };
    ConfigError {
        file: path.to_owned(),
        line: error.span().map(|span| line_at(text, span.start)),
        message,
        remedy,
    }
}

/// Turns the file's tables into a [`Config`], and knows where to point when it cannot.
pub(super) struct Reader<'a> {
    pub(super) path: &'a Path,
    pub(super) text: &'a str,
}

impl Reader<'_> {
    /// All of it by the TOML library.
    pub(super) fn toml(
        &self,
        system_groups: &dyn Fn() -> std::io::Result<String>,
    ) -> Result<Config, ConfigError> {
        let mut file: File =
            toml::from_str(self.text).map_err(|error| of_toml(self.path, self.text, &error))?;
        let tables = file.rule.take();
        let count = tables.as_ref().map(Vec::len);
        self.config(file, system_groups, count, |maker| {
            for table in tables.iter().flatten() {
                maker.add_table(table).map_err(|wrong| {
                    let span = table.get_ref().span(wrong.key);
                    let span = if span.is_empty() { table.span() } else { span };
                    self.error(span, wrong.message, wrong.remedy)
                })?;
            }
            Ok(())
        })
    }

    /// Plain rules by the fast reader, the rest by the library. `None`: the rules are not plain, or
    /// there is something wrong, which [`Reader::toml`] knows better to tell.
    pub(super) fn plain(
        &self,
        system_groups: &dyn Fn() -> std::io::Result<String>,
    ) -> Option<Config> {
        let plain = Plain::of(self.text)?;
        let file: File = toml::from_str(&plain.rest).ok()?;
        if file.rule.is_some() {
            return None;
        }
        let count = Some(self.text.len() / 128);
        self.config(file, system_groups, count, |maker| {
            let nothing = || self.error(0..0, String::new(), "");
            plain.read(maker).ok_or_else(nothing)
        })
        .ok()
    }

    pub(super) fn wrong<T>(
        &self,
        at: &Spanned<T>,
        message: impl Into<String>,
        remedy: &str,
    ) -> ConfigError {
        self.error(at.span(), message, remedy)
    }

    /// What is wrong at this place of the text; an empty one is that of a default.
    pub fn error(&self, at: Range<usize>, message: impl Into<String>, remedy: &str) -> ConfigError {
        ConfigError {
            file: self.path.to_owned(),
            line: (!at.is_empty()).then(|| line_at(self.text, at.start)),
            message: message.into(),
            remedy: remedy.to_owned(),
        }
    }

    /// `read` makes the rules, if there are any: about `count`.
    fn config<'t>(
        &self,
        file: File,
        system_groups: &dyn Fn() -> std::io::Result<String>,
        count: Option<usize>,
        read: impl FnOnce(&mut Maker<'_, 't>) -> Result<(), ConfigError>,
    ) -> Result<Config, ConfigError> {
        let naming = Naming {
            domain: file.users.domain,
            case: file.users.case,
        };
        let groups = Groups::new(&file.groups, &naming, system_groups);
        let services = self.services(file.services)?;
        let (starts, rules) = match count {
            None => (Vec::new(), None),
            Some(count) => {
                let mut maker = Maker::new(&groups, &services, count);
                read(&mut maker)?;
                let (starts, rules) = maker.finish();
                (starts, Some(rules))
            }
        };
        let exempt = groups
            .resolve(file.users.exempt.get_ref())
            .map_err(|why| self.wrong(&file.users.exempt, why, "Correct users.exempt."))?;
        let operators = groups
            .resolve(file.helper.operators.get_ref())
            .map_err(|why| self.wrong(&file.helper.operators, why, "Correct helper.operators."))?;
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let timeout = file.store.timeout.get_ref().0;
        if timeout.is_zero() {
            return Err(self.wrong(
                &file.store.timeout,
                "a timeout of nothing refuses every login",
                "Write timeout = \"5s\".",
            ));
        }
        Ok(Config {
            mode: file.mode,
            store: self.store(folder, &file.store)?,
            key: folder.join(file.store.key),
            timeout,
            enrolment: file.users.enrolment,
            may_exempt: file.users.may_exempt,
            exempt,
            services,
            helper: HelperSettings {
                socket: folder.join(file.helper.socket),
                operators,
                trusted: file.helper.trusted.into_iter().collect(),
                managers: file.helper.managers.into_iter().collect(),
            },
            issuer: file.otp.issuer,
            challenge: file.otp.challenge,
            digits: self.within(&file.otp.digits, oath::DIGITS, "otp.digits")?,
            otp: OtpSettings {
                sheet_accept: file.otp.sheet_accept,
                window: self.within(&file.otp.window, 0..=10, "otp.window")?,
                look_ahead: self.within(&file.otp.look_ahead, 0..=20, "otp.look_ahead")?,
            },
            grace: Limits {
                idle: file.grace.idle.0,
                lifetime: file.grace.lifetime.0,
            },
            limits: GuessLimits {
                network: self.limit(&file.limits.network, &file.limits.network_refill)?,
                account: self.limit(&file.limits.account, &file.limits.account_refill)?,
            },
            log_keep: file.log.keep.0,
            rules,
            starts,
            file: self.path.to_owned(),
            text: String::new(),
            fingerprint: OnceLock::new(),
            naming,
        })
    }

    fn within(
        &self,
        value: &Spanned<u32>,
        range: std::ops::RangeInclusive<u32>,
        key: &str,
    ) -> Result<u32, ConfigError> {
        let number = *value.get_ref();
        if range.contains(&number) {
            return Ok(number);
        }
        let message = format!(
            "{key} is {number}, and must be from {} to {}",
            range.start(),
            range.end()
        );
        Err(self.wrong(value, message, "Write a number of that range."))
    }

    fn limit(
        &self,
        burst: &Spanned<u32>,
        refill: &Spanned<Duration>,
    ) -> Result<Limit, ConfigError> {
        let every = refill.get_ref().0;
        if every.is_zero() {
            let message = "guesses that come back at once are no limit";
            return Err(self.wrong(refill, message, "Write a duration of at least \"1s\"."));
        }
        Ok(Limit {
            burst: self.within(burst, 1..=1000, "a limit")?,
            refill: every,
        })
    }

    fn services(
        &self,
        tables: BTreeMap<String, Spanned<Vec<String>>>,
    ) -> Result<BTreeMap<String, BTreeSet<String>>, ConfigError> {
        let mut services = BTreeMap::new();
        let mut group_of: BTreeMap<String, String> = BTreeMap::new();
        let default = unplaced(MAIL.1.iter().map(|&name| name.to_owned()).collect());
        // Services are folded wherever they are named (libpam does so too), and so are their groups.
        let tables: Vec<_> = tables
            .into_iter()
            .map(|(group, members)| (group.to_ascii_lowercase(), members))
            .collect();
        let has_mail = tables.iter().any(|(group, _)| group == MAIL.0);
        let default = (!has_mail).then(|| (MAIL.0.to_owned(), default));
        for (group, members) in default.into_iter().chain(tables) {
            let lower = || {
                members
                    .get_ref()
                    .iter()
                    .map(|name| name.to_ascii_lowercase())
            };
            for member in lower() {
                if let Some(other) = group_of
                    .insert(member.clone(), group.clone())
                    .filter(|other| *other != group)
                {
                    let message = format!(
                        "the service \"{member}\" is in two groups, \"{other}\" and \"{group}\""
                    );
                    return Err(self.wrong(
                        &members,
                        message,
                        "Leave it in one of them; to change \"mail\", write it out.",
                    ));
                }
            }
            services.insert(group.clone(), lower().collect());
        }
        Ok(services)
    }
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
