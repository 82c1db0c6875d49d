//! Rules: who may use what from where. The first that matches decides; where none does, nothing is
//! accepted.

mod dead;
mod list;
mod users;

use std::collections::BTreeSet;
use std::fmt;

use ipnet::IpNet;
use serde::Deserialize;

use crate::request::{AccountName, Remote, Service};

pub use dead::Dead;
pub use list::{AcceptId, Draft, Rule, Rules, ServicesId};
pub use users::{Group, GroupId};

/// For words of the configuration, which nobody chooses to collide: fast, and without a seed, which
/// would stay behind in each thread of the host.
pub(crate) type Hasher = foldhash::fast::FixedState;

/// What happens to a refusal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// It is one.
    #[default]
    Enforce,
    /// It is logged, and left to the next module.
    Observe,
}

/// Something that a rule accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Hash, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
pub enum Means {
    /// The main password, which the next module judges.
    Password,
    /// An app password.
    AppPassword,
    /// A one-time code.
    Otp,
    /// The main password with a one-time code behind it.
    #[serde(rename = "password+otp")]
    PasswordOtp,
}

impl Means {
    /// All of them.
    pub const ALL: [Means; 4] = [
        Means::Password,
        Means::AppPassword,
        Means::Otp,
        Means::PasswordOtp,
    ];

    /// The one that the configuration writes like this.
    pub fn parse(name: &str) -> Option<Means> {
        Means::ALL.into_iter().find(|means| means.as_str() == name)
    }

    /// As the configuration writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Means::Password => "password",
            Means::AppPassword => "app-password",
            Means::Otp => "otp",
            Means::PasswordOtp => "password+otp",
        }
    }
}

/// What a rule accepts; empty: it denies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accept(pub BTreeSet<Means>);

impl Accept {
    /// What every remote may use where the configuration has no rules at all.
    pub fn by_default() -> Accept {
        Accept([Means::AppPassword, Means::Otp, Means::PasswordOtp].into())
    }

    /// Whether it holds `means`.
    pub fn has(&self, means: Means) -> bool {
        self.0.contains(&means)
    }

    /// Whether a one-time code is of any use.
    pub fn takes_codes(&self) -> bool {
        self.has(Means::Otp) || self.has(Means::PasswordOtp)
    }

    /// What this and `other` accept both.
    pub fn both(&self, other: &Accept) -> Accept {
        Accept(self.0.intersection(&other.0).copied().collect())
    }

    /// What is left of it for a module behind one that judges the password: the code alone.
    pub fn second_step(&self) -> Accept {
        let alone = |means: &Means| match means {
            Means::PasswordOtp => Means::Otp,
            other => *other,
        };
        Accept(self.0.iter().map(alone).collect())
    }
}

/// Where a rule applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// A network.
    Net(IpNet),
    /// A terminal of this machine.
    Local,
    /// A login without an address.
    Unknown,
}

impl Place {
    fn holds(&self, remote: Remote) -> bool {
        match (self, remote) {
            (Place::Net(net), Remote::Address(address)) => net.contains(&address),
            (Place::Local, Remote::Local) | (Place::Unknown, Remote::Unknown) => true,
            _ => false,
        }
    }

    fn covers(&self, other: &Place) -> bool {
        match (self, other) {
            (Place::Net(wide), Place::Net(narrow)) => wide.contains(narrow),
            (one, other) => one == other,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Net(net) => net.fmt(f),
            Place::Local => f.write_str("local"),
            Place::Unknown => f.write_str("unknown"),
        }
    }
}

/// A rule that an account makes for itself. What is `None` applies to all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Own {
    /// Services and groups of services.
    pub services: Option<BTreeSet<String>>,
    /// Networks.
    pub from: Option<Vec<Place>>,
    /// What it accepts.
    pub accept: Accept,
}

/// Who asks, as rules see it.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The account.
    pub account: &'a AccountName,
    /// The service.
    pub service: &'a Service,
    /// Its group.
    pub group: &'a str,
    /// From where.
    pub remote: Remote,
}

impl Question<'_> {
    /// Whether these services and groups hold the service.
    fn is_of(&self, services: &BTreeSet<String>) -> bool {
        services.contains(self.service.as_str()) || services.contains(self.group)
    }
}

impl Own {
    /// Whether this rule speaks of this login.
    pub fn matches(&self, question: &Question<'_>) -> bool {
        let from = |places: &Vec<Place>| places.iter().any(|place| place.holds(question.remote));
        let services = self.services.as_ref();
        services.is_none_or(|names| question.is_of(names)) && self.from.as_ref().is_none_or(from)
    }
}

#[cfg(test)]
mod tests;
