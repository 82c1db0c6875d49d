//! The configuration: what is legal in it, and seldom meant to stay.

use mailotp_core::clock::Timestamp;
use mailotp_core::config::{Config, Enrolment};
use mailotp_core::rule::Mode;

use super::finding::{Area, Code, Report};

/// Nobody watches for longer.
const OBSERVED_LONG: i64 = 30;
const DAY: i64 = 86_400;

/// Looks at a configuration. `since` is from when on nothing was refused, as far as it is known.
pub fn check(
    config: &Config,
    place: &str,
    now: Timestamp,
    since: Option<Timestamp>,
    report: &mut Report,
) {
    let before = report.findings.len();
    for dead in &config.warnings() {
        let line = dead.line.map_or(String::new(), |line| format!(":{line}"));
        report.error(
            Code::RuleDead,
            format!("{place}{line}"),
            dead.message.clone(),
            dead.remedy.clone(),
        );
    }
    observe(config, place, now, since, report);
    if config.mode == Mode::Enforce && config.enrolment == Enrolment::Optional {
        report.info(
            Code::EnrolmentOptional,
            place,
            "enrolment is optional: accounts with nothing enrolled get in with their \
             main passwords, also where no rule accepts these",
            "Once everybody is enrolled, write into [users]: enrolment = \"required\"",
        );
    }
    if report.findings.len() == before {
        report.checked(
            Area::Rules,
            format!("{place} is enforced, and every rule can match"),
        );
    }
}

fn observe(
    config: &Config,
    place: &str,
    now: Timestamp,
    since: Option<Timestamp>,
    report: &mut Report,
) {
    let observed: Vec<&str> = config.rules.as_ref().map_or_else(Vec::new, |rules| {
        let observed = rules.iter().filter(|rule| rule.mode == Some(Mode::Observe));
        observed.map(|rule| rules.name(rule)).collect()
    });
    let what = match (config.mode, &observed[..]) {
        (Mode::Observe, _) => "mode is \"observe\"".to_owned(),
        (Mode::Enforce, []) => return,
        (Mode::Enforce, rules) => format!("these rules are only observed: {}", rules.join(", ")),
    };
    let remedy = "Look who would be refused: mailotp-cli log --since 7d --would-refuse; \
        then write mode = \"enforce\"";
    let days = since.map_or(0, |since| (now.0 - since.0) / DAY);
    if days >= OBSERVED_LONG {
        report.warning(
            Code::Observe,
            place,
            format!("{what}, since {days} days at least: nothing is refused"),
            remedy,
        );
    } else {
        report.info(
            Code::Observe,
            place,
            format!("{what}: what would be refused is logged, and left to the next PAM module"),
            remedy,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Severity;

    fn look(toml: &str, days: i64) -> Vec<(&'static str, Severity, String)> {
        let none = || Ok(String::new());
        let config = Config::parse("/etc/mailotp/mailotp.toml".as_ref(), toml, &none).unwrap();
        let mut report = Report::default();
        let now = Timestamp(1_000 * DAY);
        let since = Timestamp(now.0 - days * DAY);
        check(&config, "mailotp.toml", now, Some(since), &mut report);
        let found = report.findings.into_iter();
        found
            .map(|one| (one.code.as_str(), one.severity, one.place))
            .collect()
    }

    fn at(code: &'static str, severity: Severity) -> [(&'static str, Severity, String); 1] {
        [(code, severity, "mailotp.toml".to_owned())]
    }

    #[test]
    fn what_is_enforced_and_can_match_is_in_order() {
        assert_eq!(look("", 400), []);
    }

    #[test]
    fn observing_is_good_to_know_and_after_a_month_a_warning() {
        let observe = "mode = \"observe\"\n";
        assert_eq!(look(observe, 29), at("observe", Severity::Info));
        assert_eq!(look(observe, 30), at("observe", Severity::Warning));
        let rule = "[[rule]]\nmode = \"observe\"\naccept = [\"otp\"]\n";
        assert_eq!(look(rule, 1), at("observe", Severity::Info));
    }

    #[test]
    fn optional_enrolment_in_enforce_mode_is_good_to_know() {
        let optional = "users.enrolment = \"optional\"\n";
        assert_eq!(look(optional, 0), at("enrolment-optional", Severity::Info));
        let both = format!("mode = \"observe\"\n{optional}");
        assert_eq!(look(&both, 0), at("observe", Severity::Info));
    }

    #[test]
    fn a_rule_that_can_never_match_is_named_with_its_line() {
        let rules =
            "[[rule]]\naccept = [\"otp\"]\n\n[[rule]]\nservices = [\"imap\"]\naccept = [\"otp\"]\n";
        let found = look(rules, 0);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].0, found[0].1), ("rule-dead", Severity::Error));
        assert_eq!(found[0].2, "mailotp.toml:4");
    }
}
