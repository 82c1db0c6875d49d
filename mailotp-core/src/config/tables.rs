//! The tables of the file as TOML has them, with their defaults.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration as StdDuration;

use serde::Deserialize;
use toml::Spanned;

use super::rules::RuleTable;
use super::values::Duration;
use super::{ChallengePart, Enrolment};
use crate::credential::sheet;
use crate::request::Case;
use crate::rule::Mode;

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
#[derive(Default)]
pub(super) struct File {
    pub mode: Mode,
    pub store: Store,
    pub users: Users,
    pub groups: BTreeMap<String, Vec<String>>,
    pub services: BTreeMap<String, Spanned<Vec<String>>>,
    pub helper: Helper,
    pub otp: Otp,
    pub grace: Grace,
    pub limits: LimitsTable,
    pub log: Log,
    pub rule: Option<Vec<Spanned<RuleTable>>>,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(
    not(feature = "postgres"),
    allow(dead_code, reason = "read by builds that speak PostgreSQL")
)]
pub(super) struct Store {
    pub url: Spanned<String>,
    pub key: PathBuf,
    pub timeout: Spanned<Duration>,
    pub password_file: Option<PathBuf>,
    pub owner: Option<String>,
    pub owner_password_file: Option<PathBuf>,
    pub ca_file: Option<PathBuf>,
    pub accept_loss: bool,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Users {
    pub enrolment: Enrolment,
    pub domain: String,
    pub case: Case,
    pub exempt: Spanned<Vec<String>>,
    #[allow(
        dead_code,
        reason = "read by users' own rules, which this version does not have yet"
    )]
    pub may_exempt: bool,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
#[allow(
    dead_code,
    reason = "whom the helper obeys is read by the helper, which this version does not have yet"
)]
pub(super) struct Helper {
    pub socket: PathBuf,
    pub operators: Spanned<Vec<String>>,
    pub trusted: Vec<String>,
    pub managers: Vec<String>,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Otp {
    pub issuer: String,
    pub challenge: BTreeSet<ChallengePart>,
    pub sheet_accept: sheet::Accept,
    pub digits: Spanned<u32>,
    pub window: Spanned<u32>,
    pub look_ahead: Spanned<u32>,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Grace {
    pub idle: Duration,
    pub lifetime: Duration,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct LimitsTable {
    pub network: Spanned<u32>,
    pub network_refill: Spanned<Duration>,
    pub account: Spanned<u32>,
    pub account_refill: Spanned<Duration>,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Log {
    pub keep: Duration,
}

const fn seconds(number: u64) -> Duration {
    Duration(StdDuration::from_secs(number))
}

/// A default has no place in the file.
pub(super) fn unplaced<T>(value: T) -> Spanned<T> {
    Spanned::new(0..0, value)
}

impl Default for Store {
    fn default() -> Store {
        Store {
            url: unplaced("sqlite:/var/lib/mailotp/mailotp.db".into()),
            key: "/etc/mailotp/mailotp.key".into(),
            timeout: unplaced(seconds(5)),
            password_file: None,
            owner: None,
            owner_password_file: None,
            ca_file: None,
            accept_loss: false,
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
