//! The file itself: TOML in, [`Config`] out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration as StdDuration;

use serde::Deserialize;
use toml::Spanned;

use super::error::{ConfigError, line_at};
use super::groups::Groups;
use super::values::Duration;
use super::{ChallengePart, Config, Enrolment, GuessLimits, HelperSettings, MAIL, StoreLocation};
use crate::budget::Limit;
use crate::credential::{OtpSettings, oath, sheet};
use crate::request::{Case, Naming};
use crate::rule::{self, Accept, Means, Mode, Place, Rule};
use crate::window::{Binding, Limits};

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
#[derive(Default)]
struct File {
    mode: Mode,
    store: Store,
    users: Users,
    groups: BTreeMap<String, Vec<String>>,
    services: BTreeMap<String, Spanned<Vec<String>>>,
    helper: Helper,
    otp: Otp,
    grace: Grace,
    limits: LimitsTable,
    log: Log,
    rule: Option<Vec<Spanned<RuleTable>>>,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Store {
    url: Spanned<String>,
    key: PathBuf,
    timeout: Spanned<Duration>,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Users {
    enrolment: Enrolment,
    domain: String,
    case: Case,
    exempt: Spanned<Vec<String>>,
    may_exempt: bool,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Helper {
    socket: PathBuf,
    operators: Spanned<Vec<String>>,
    trusted: Vec<String>,
    managers: Vec<String>,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Otp {
    issuer: String,
    challenge: BTreeSet<ChallengePart>,
    sheet_accept: sheet::Accept,
    digits: Spanned<u32>,
    window: Spanned<u32>,
    look_ahead: Spanned<u32>,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Grace {
    idle: Duration,
    lifetime: Duration,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct LimitsTable {
    network: Spanned<u32>,
    network_refill: Spanned<Duration>,
    account: Spanned<u32>,
    account_refill: Spanned<Duration>,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Log {
    keep: Duration,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleTable {
    name: Option<String>,
    services: Option<Spanned<Vec<String>>>,
    from: Option<Vec<Place>>,
    users: Option<Spanned<Vec<String>>>,
    accept: Spanned<BTreeSet<Means>>,
    #[serde(default)]
    grace: Binding,
    mode: Option<Mode>,
}

const fn seconds(number: u64) -> Duration {
    Duration(StdDuration::from_secs(number))
}

/// A default has no place in the file.
fn unplaced<T>(value: T) -> Spanned<T> {
    Spanned::new(0..0, value)
}

impl Default for Store {
    fn default() -> Store {
        Store {
            url: unplaced("sqlite:/var/lib/mailotp/mailotp.db".into()),
            key: "/etc/mailotp/mailotp.key".into(),
            timeout: unplaced(seconds(5)),
        }
    }
}

impl Default for Users {
    fn default() -> Users {
        Users {
            enrolment: Enrolment::Required,
            domain: String::new(),
            case: Case::Fold,
            exempt: unplaced(vec!["root".into()]),
            may_exempt: false,
        }
    }
}

impl Default for Helper {
    fn default() -> Helper {
        Helper {
            socket: "/run/mailotp/helper.sock".into(),
            operators: unplaced(Vec::new()),
            trusted: Vec::new(),
            managers: Vec::new(),
        }
    }
}

impl Default for Otp {
    fn default() -> Otp {
        Otp {
            issuer: String::new(),
            challenge: [ChallengePart::Sheet].into(),
            sheet_accept: sheet::Accept::Next,
            digits: unplaced(6),
            window: unplaced(1),
            look_ahead: unplaced(2),
        }
    }
}

impl Default for Grace {
    fn default() -> Grace {
        Grace {
            idle: seconds(600),
            lifetime: seconds(7200),
        }
    }
}

impl Default for LimitsTable {
    fn default() -> LimitsTable {
        LimitsTable {
            network: unplaced(10),
            network_refill: unplaced(seconds(60)),
            account: unplaced(8),
            account_refill: unplaced(seconds(86_400)),
        }
    }
}

impl Default for Log {
    fn default() -> Log {
        Log {
            keep: seconds(90 * 86_400),
        }
    }
}

pub(super) fn parse(
    path: &Path,
    text: &str,
    system_groups: &dyn Fn() -> std::io::Result<String>,
) -> Result<Config, ConfigError> {
    let file: File = toml::from_str(text).map_err(|error| of_toml(path, text, &error))?;
    Reader { path, text }.config(file, system_groups)
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
struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Reader<'_> {
    fn error<T>(&self, at: &Spanned<T>, message: impl Into<String>, remedy: &str) -> ConfigError {
        let span = at.span();
        ConfigError {
            file: self.path.to_owned(),
            line: (!span.is_empty()).then(|| line_at(self.text, span.start)),
            message: message.into(),
            remedy: remedy.to_owned(),
        }
    }

    fn config(
        &self,
        file: File,
        system_groups: &dyn Fn() -> std::io::Result<String>,
    ) -> Result<Config, ConfigError> {
        let naming = Naming {
            domain: file.users.domain,
            case: file.users.case,
        };
        let groups = Groups {
            own: &file.groups,
            naming: &naming,
            system: system_groups,
        };
        let services = self.services(file.services)?;
        let rules = match file.rule {
            None => None,
            Some(tables) => Some(self.rules(tables, &groups)?),
        };
        let exempt = groups
            .resolve(file.users.exempt.get_ref())
            .map_err(|why| self.error(&file.users.exempt, why, "Correct users.exempt."))?;
        let operators = groups
            .resolve(file.helper.operators.get_ref())
            .map_err(|why| self.error(&file.helper.operators, why, "Correct helper.operators."))?;
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let timeout = file.store.timeout.get_ref().0;
        if timeout.is_zero() {
            return Err(self.error(
                &file.store.timeout,
                "a timeout of nothing refuses every login",
                "Write timeout = \"5s\".",
            ));
        }
        let mut config = Config {
            mode: file.mode,
            store: self.store(folder, &file.store.url)?,
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
            rules: None,
            warnings: Vec::new(),
            text: self.text.to_owned(),
            naming,
        };
        if let Some((places, rules)) = rules {
            config.warnings = self.dead_rules(&places, &rules, &config);
            config.rules = Some(rules);
        }
        Ok(config)
    }

    fn store(&self, folder: &Path, url: &Spanned<String>) -> Result<StoreLocation, ConfigError> {
        let text = url.get_ref();
        let remedy = "Write url = \"sqlite:/var/lib/mailotp/mailotp.db\".";
        match text.strip_prefix("sqlite:") {
            Some("") => Err(self.error(url, "store.url names no file", remedy)),
            Some(file) => Ok(StoreLocation::Sqlite(folder.join(file))),
            None if text.starts_with("postgresql:") => Err(self.error(
                url,
                "this build of mailotp does not speak PostgreSQL",
                remedy,
            )),
            None => Err(self.error(
                url,
                format!("store.url is \"{text}\", which is no store"),
                remedy,
            )),
        }
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
        Err(self.error(value, message, "Write a number of that range."))
    }

    fn limit(
        &self,
        burst: &Spanned<u32>,
        refill: &Spanned<Duration>,
    ) -> Result<Limit, ConfigError> {
        let every = refill.get_ref().0;
        if every.is_zero() {
            let message = "guesses that come back at once are no limit";
            return Err(self.error(refill, message, "Write a duration of at least \"1s\"."));
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
                    return Err(self.error(
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

    fn rules(
        &self,
        tables: Vec<Spanned<RuleTable>>,
        groups: &Groups<'_>,
    ) -> Result<(Vec<Spanned<()>>, Vec<Rule>), ConfigError> {
        let mut places = Vec::new();
        let mut rules: Vec<Rule> = Vec::new();
        for (table, number) in tables.into_iter().zip(1..) {
            let place = Spanned::new(table.span(), ());
            let table = table.into_inner();
            let number: u32 = number;
            let name = table.name.unwrap_or_else(|| format!("rule {number}"));
            if rules.iter().any(|rule| rule.name == name) {
                let message = format!("two rules have the name \"{name}\"");
                return Err(self.error(&place, message, "Give each rule a name of its own."));
            }
            let accept = table.accept.get_ref();
            if accept.contains(&Means::Password) && accept.contains(&Means::PasswordOtp) {
                let message =
                    "\"password\" beside \"password+otp\": the password alone would always do";
                return Err(self.error(&table.accept, message, "Remove one of the two."));
            }
            let users = match &table.users {
                None => None,
                Some(list) => Some(groups.resolve(list.get_ref()).map_err(|why| {
                    self.error(
                        list,
                        why,
                        "Correct the rule's users; groups stand in [groups] or in /etc/group.",
                    )
                })?),
            };
            let lower = |list: Spanned<Vec<String>>| {
                list.into_inner()
                    .iter()
                    .map(|name| name.to_ascii_lowercase())
                    .collect()
            };
            rules.push(Rule {
                name,
                services: table.services.map(lower),
                from: table.from,
                users,
                accept: Accept(accept.clone()),
                grace: table.grace,
                mode: table.mode,
            });
            places.push(place);
        }
        Ok((places, rules))
    }

    fn dead_rules(
        &self,
        places: &[Spanned<()>],
        rules: &[Rule],
        config: &Config,
    ) -> Vec<ConfigError> {
        let dead = rule::dead(rules, |service| config.group_of(service));
        dead.into_iter()
            .map(|dead| {
                let name = &rules[dead.rule].name;
                let (message, remedy) = match dead.behind {
                    Some(before) => (
                        format!(
                            "the rule \"{name}\" can never match: \"{}\" before it takes all of it",
                            rules[before].name
                        ),
                        "Move it up, or remove it.",
                    ),
                    None => (
                        format!("the rule \"{name}\" can never match: one of its lists is empty"),
                        "Remove the empty list to mean all, or remove the rule.",
                    ),
                };
                self.error(&places[dead.rule], message, remedy)
            })
            .collect()
    }
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
