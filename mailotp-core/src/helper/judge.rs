//! Logins that the helper judges for a module that cannot open the store: in the process of an ordinary
//! user, or of a mail server that is not root.

use serde::{Deserialize, Serialize};

use super::wire::Bytes;
use crate::audit::Event;
use crate::authenticate::{Door, Earlier, Gate, Low, Opening, Report, Visitor};
use crate::clock::Timestamp;
use crate::decide::{Answer, Handover};
use crate::request::{AccountName, Naming, Remote, Request, Secret, Service};

/// What is asked of the helper.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Which phase of a login.
    pub phase: Phase,
    /// The account, as the host names it.
    pub account: String,
    /// The service.
    pub service: String,
    /// The remote, as [`Remote`] is displayed.
    pub remote: String,
    /// Whether a module before has judged the password.
    pub second_step: bool,
    /// Whether the PAM stack leaves accounts with nothing to the next module.
    pub nullok: bool,
}

/// A phase, and what belongs to it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Phase {
    /// Which prompt to show.
    Opening,
    /// What was typed, at the ordinary pass.
    Login(Bytes),
    /// The same, at the gate.
    Gate(Bytes),
    /// There is none: the password of a module before was to be used, and is not there.
    Unasked,
    /// Whether the account may be used at all, and how `auth` ended.
    Account(Earlier),
}

impl std::fmt::Debug for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Phase::Opening => "opening",
            Phase::Login(_) => "login",
            Phase::Unasked => "unasked",
            Phase::Gate(_) => "gate",
            Phase::Account(_) => "account",
        })
    }
}

/// What the helper answers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Judged {
    /// Show this prompt.
    Ask(String),
    /// It is over.
    Report(Box<Told>),
    /// The gate: may other databases be asked?
    Gate(bool),
    /// Nothing stands against the account.
    Clear,
    /// The helper does not judge this account for this caller, or does not understand.
    NotYours,
}

/// A report, as it travels.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Told {
    answer: Said,
    event: Event,
    problem: Option<String>,
    user: Option<String>,
    low: Option<u32>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Said {
    Accept,
    PassWhole,
    PassPrefix(Bytes),
    PassUntouched,
    Refuse,
    Deny,
    Throttle,
    Unavailable,
}

impl std::fmt::Debug for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

impl From<Report> for Told {
    fn from(report: Report) -> Told {
        Told {
            answer: match report.answer {
                Answer::Accept => Said::Accept,
                Answer::PassOn(Handover::Whole) => Said::PassWhole,
                Answer::PassOn(Handover::Prefix(prefix)) => Said::PassPrefix(Bytes(prefix)),
                Answer::PassOn(Handover::Untouched) => Said::PassUntouched,
                Answer::Refuse => Said::Refuse,
                Answer::Deny => Said::Deny,
                Answer::Throttle => Said::Throttle,
                Answer::Unavailable => Said::Unavailable,
            },
            event: report.event,
            problem: report.problem,
            user: report.user.map(|user| user.as_str().to_owned()),
            low: report.low.map(|low| low.left),
        }
    }
}

impl From<Told> for Report {
    fn from(told: Told) -> Report {
        Report {
            answer: match told.answer {
                Said::Accept => Answer::Accept,
                Said::PassWhole => Answer::PassOn(Handover::Whole),
                Said::PassPrefix(prefix) => Answer::PassOn(Handover::Prefix(prefix.0)),
                Said::PassUntouched => Answer::PassOn(Handover::Untouched),
                Said::Refuse => Answer::Refuse,
                Said::Deny => Answer::Deny,
                Said::Throttle => Answer::Throttle,
                Said::Unavailable => Answer::Unavailable,
            },
            low: told.low.map(|left| Low { left }),
            event: told.event,
            problem: told.problem,
            user: told.user.map(AccountName::stored),
        }
    }
}

impl Question {
    /// The account that it is about, if it can be one.
    pub fn account(&self, naming: &Naming) -> Option<AccountName> {
        naming.account(self.account.as_bytes()).ok()
    }

    /// Answers it at this door.
    pub fn judge(self, account: &AccountName, door: &mut Door<'_>, now: Timestamp) -> Judged {
        let (Ok(service), Some(remote)) =
            (Service::new(&self.service), Remote::parse(&self.remote))
        else {
            return Judged::NotYours;
        };
        let visitor = Visitor {
            account,
            service: &service,
            remote,
            second_step: self.second_step,
        };
        match self.phase {
            Phase::Opening => match door.opening(visitor, now) {
                Opening::Ask(prompt) => Judged::Ask(prompt),
                Opening::Done(report) => Judged::report(*report),
            },
            Phase::Login(typed) => Judged::report(match Secret::new(typed.0) {
                Err(why) => door.malformed(visitor, now, why.to_string()),
                Ok(secret) => {
                    let request = Request {
                        account: account.clone(),
                        service: service.clone(),
                        remote,
                        secret,
                        alias: None,
                        second_step: self.second_step,
                    };
                    door.login(request, now)
                }
            }),
            Phase::Gate(typed) => match door.gate(visitor, &typed.0, now) {
                Ok(gate) => Judged::Gate(gate == Gate::GoOn),
                Err(report) => Judged::report(*report),
            },
            Phase::Unasked => Judged::report(door.unasked(visitor, now)),
            Phase::Account(earlier) => match door.account(visitor, earlier, now) {
                None => Judged::Clear,
                Some(report) => Judged::report(report),
            },
        }
    }
}

impl Judged {
    fn report(report: Report) -> Judged {
        Judged::Report(Box::new(report.into()))
    }
}
