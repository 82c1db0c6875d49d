//! What is to be reached, as ratios within one run.

use super::Measured;
use super::contestant::Outcome;
use super::limits::{HASH, Limit, Module};
use super::peers::{FLOOR, YARDSTICK};
use crate::statistics::median;

/// Something that is to be reached.
pub struct Goal {
    pub what: String,
    pub measured: f64,
    pub limit: f64,
    /// Whether more is better.
    pub at_least: bool,
}

impl Goal {
    pub fn is_reached(&self) -> bool {
        if self.at_least {
            self.measured >= self.limit
        } else {
            self.measured <= self.limit
        }
    }
}

/// What was measured of `name`, with the helper or without.
pub fn find<'a>(
    measured: &'a [Measured],
    name: &str,
    processes: usize,
    helped: bool,
) -> &'a Measured {
    let mut all = measured.iter();
    all.find(|one| (&*one.name, one.processes, one.helped) == (name, processes, helped))
        .unwrap_or_else(|| panic!("{name} was not measured in {processes} processes"))
}

/// One's value by the other's, of each round.
pub fn ratios(one: &Measured, other: &Measured, of: impl Fn(&Outcome) -> f64) -> Vec<f64> {
    let pairs = one.rounds.iter().zip(&other.rounds);
    pairs.map(|(one, other)| of(one) / of(other)).collect()
}

fn ratio(one: &Measured, other: &Measured, of: impl Fn(&Outcome) -> f64) -> f64 {
    median(&ratios(one, other, of))
}

pub fn middle(outcome: &Outcome) -> f64 {
    outcome.at(50) as f64
}

/// Those of logins are of a machine where the helper runs.
pub fn all(measured: &[Measured], limits: &[Limit], module: &Module) -> Vec<Goal> {
    let beside = |name: &str, processes| find(measured, name, processes, true);
    let ours = |name: &str, processes| beside(&format!("mailotp: {name}"), processes);
    let mut goals = Vec::new();
    let mut goal = |what: String, measured: f64, limit: f64, at_least: bool| {
        goals.push(Goal {
            what,
            measured,
            limit,
            at_least,
        });
    };
    for (name, processes, limit) in [
        ("HOTP", 1, 1.8),
        ("HOTP", 4, 2.5),
        ("TOTP", 1, 1.8),
        ("sequence", 1, 1.8),
        ("app password", 1, 1.8),
    ] {
        let rate = ratio(
            ours(name, processes),
            beside(YARDSTICK, processes),
            Outcome::rate,
        );
        let what = format!("{name}, {processes} at once: logins/s, × google-authenticator's HOTP");
        goal(what, rate, limit, true);
    }
    let lost = ours("HOTP", 64).refused() as f64;
    goal("HOTP, 64 at once: not accepted".into(), lost, 0.0, false);
    let worst = ours("HOTP", 64).worst();
    goal(
        "HOTP, 64 at once: the longest, ms".into(),
        worst,
        250.0,
        false,
    );
    for name in ["in a window", "gate"] {
        let what = format!("{name}: time, × pam_permit");
        goal(
            what,
            ratio(ours(name, 1), beside(FLOOR, 1), middle),
            2.0,
            false,
        );
    }
    let many = ratio(
        ours("app password, one of 100", 1),
        ours("app password", 1),
        middle,
    );
    goal(
        "app password, one of 100: time, × one of one".into(),
        many,
        1.1,
        false,
    );
    let hash = limits
        .iter()
        .find(|limit| limit.name == HASH)
        .expect("it was measured");
    let sheet = ours("sheet code", 1).median(middle);
    let sum = median(&hash.rounds) + ours("HOTP", 1).median(middle);
    goal(
        "sheet code: time, × one Argon2id and an HOTP login".into(),
        sheet / sum,
        1.1,
        false,
    );
    for name in ["wrong digit code", "unknown account"] {
        let what = format!("{name}: time, × the right one");
        goal(
            what,
            ratio(ours(name, 1), ours("HOTP", 1), middle),
            1.1,
            false,
        );
    }
    let megabytes = module.size as f64 / 1e6;
    goal("the module's file, MB".into(), megabytes, 2.5, false);
    goal("loading it, µs".into(), module.loading, 400.0, false);
    goal(
        "system calls of an HOTP login".into(),
        module.calls as f64,
        130.0,
        false,
    );
    goals
}
