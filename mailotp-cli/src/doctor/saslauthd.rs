//! saslauthd: its options, and what it does not tell PAM.

use mailotp_core::config::Config;
use mailotp_core::rule::{Place, Rule};

use super::finding::{Area, Code, Finding, Report};

/// What the init script of Debian takes where there are no options.
const DEBIANS_OPTIONS: &str = "-c -m /var/run/saslauthd";

/// A file with the settings of one.
pub struct Defaults {
    /// Its path.
    pub path: String,
    /// What it says.
    pub text: String,
}

/// Looks at all that run on a machine. `services` are those that ask mailotp.
pub fn check(files: &[Defaults], services: &[&str], config: Option<&Config>, report: &mut Report) {
    let before = report.findings.len();
    for file in files {
        settings(file, !services.is_empty(), report);
    }
    for service in services {
        addresses(service, config, report);
    }
    let stands_in_the_way =
        |one: &Finding| matches!(one.code, Code::SaslauthdCache | Code::SaslauthdMechanism);
    if !report.findings[before..].iter().any(stands_in_the_way) {
        report.checked(Area::Saslauthd, "it has no cache in front of PAM");
    }
}

fn settings(file: &Defaults, asks_mailotp: bool, report: &mut Report) {
    let (options, line) = match assigned(&file.text, &["OPTIONS", "FLAGS"]) {
        Some((value, line)) if !value.is_empty() => (value, line),
        // Elsewhere than on Debian nothing is made of nothing.
        _ if !file.path.starts_with("/etc/default/") => (String::new(), 1),
        empty => (
            DEBIANS_OPTIONS.to_owned(),
            empty.map_or(1, |(_, line)| line),
        ),
    };
    if has_cache(&options) {
        let place = format!("{}:{line}", file.path);
        if asks_mailotp {
            report.error(
                Code::SaslauthdCache,
                place,
                format!(
                    "saslauthd runs with -c (OPTIONS are \"{options}\"): it accepts \
                     a spent code again for 8 hours, and does not ask PAM"
                ),
                "Run: mailotp-cli setup saslauthd --apply && systemctl restart saslauthd",
            );
        } else {
            report.info(
                Code::SaslauthdCache,
                place,
                "saslauthd runs with -c; it does not ask mailotp, and before it does, \
                 its cache must go",
                "To let it ask mailotp: mailotp-cli setup saslauthd --apply",
            );
        }
    }
    // PAM is what Debian's takes where nothing is said.
    if let Some((mechanism, line)) = assigned(&file.text, &["MECHANISMS", "MECH"])
        && asks_mailotp
        && !mechanism.is_empty()
        && mechanism != "pam"
    {
        report.warning(
            Code::SaslauthdMechanism,
            format!("{}:{line}", file.path),
            format!(
                "saslauthd asks \"{mechanism}\", and not PAM: mailotp does not judge its logins"
            ),
            "Run: mailotp-cli setup saslauthd --apply && systemctl restart saslauthd",
        );
    }
}

/// What is assigned to the last of these variables, and where.
fn assigned(text: &str, names: &[&str]) -> Option<(String, usize)> {
    let mut found = None;
    for (number, line) in (1..).zip(text.lines()) {
        if let Some((name, value)) = line.trim().split_once('=')
            && names.contains(&name)
        {
            found = Some((unquoted(value), number));
        }
    }
    found
}

/// A value as a shell takes it.
fn unquoted(value: &str) -> String {
    let quote = value.chars().next().filter(|first| "\"'".contains(*first));
    let inner = match quote {
        Some(quote) => value[1..].split(quote).next(),
        None => value.split_whitespace().next(),
    };
    inner.unwrap_or_default().trim().to_owned()
}

/// Whether getopt finds `-c`: also among others, `-rc`, but not in the argument of another.
fn has_cache(options: &str) -> bool {
    let mut words = options.split_whitespace();
    while let Some(word) = words.next() {
        let Some(letters) = word.strip_prefix('-') else {
            continue;
        };
        let argument = letters.find(|letter| "aOmnst".contains(letter));
        if letters[..argument.unwrap_or(letters.len())].contains('c') {
            return true;
        }
        if argument.is_some_and(|at| at + 1 == letters.len()) {
            words.next();
        }
    }
    false
}

/// What rules can do for a service whose logins have no address.
fn addresses(service: &str, config: Option<&Config>, report: &mut Report) {
    let Some(Some(rules)) = config.map(|config| config.rules.as_ref()) else {
        report.info(
            Code::NoAddress,
            format!("/etc/pam.d/{service}"),
            NO_ADDRESS,
            "Give its users app passwords: mailotp-cli --user NAME add app-password",
        );
        return;
    };
    let group = config.map_or(service, |config| config.group_of(service));
    let speaks_of = |rule: &&Rule| {
        let services = rules.services(rule);
        services.is_none_or(|names| names.contains(service) || names.contains(group))
    };
    let can_match = |rule: &&Rule| {
        let places = rules.from(rule);
        places.is_none_or(|places| places.contains(&Place::Unknown))
    };
    let of_this_alone = |rule: &&Rule| {
        let names = rules.services(rule);
        names.is_some_and(|names| names.len() == 1 && names.contains(service))
    };
    let never = rules
        .iter()
        .filter(of_this_alone)
        .find(|rule| !can_match(rule));
    let place = format!("/etc/pam.d/{service}");
    if !rules.iter().filter(speaks_of).any(|rule| can_match(&rule)) {
        report.warning(
            Code::NoAddress,
            place,
            format!(
                "saslauthd tells PAM no address, and no rule for {service} matches \
                 without one: every login is refused"
            ),
            format!(
                "Add a rule with services = [\"{service}\"], from = [\"unknown\"] \
                 and accept = [\"app-password\"]"
            ),
        );
    } else if let Some(rule) = never {
        report.warning(
            Code::NoAddress,
            place,
            format!(
                "saslauthd tells PAM no address: the rule \"{}\" of networks never matches",
                rules.name(rule)
            ),
            "Write from = [\"unknown\"] into it, or remove it.",
        );
    } else {
        report.info(
            Code::NoAddress,
            place,
            NO_ADDRESS,
            "Write a rule for it with from = [\"unknown\"] and accept = [\"app-password\"].",
        );
    }
}

const NO_ADDRESS: &str = "saslauthd tells PAM no address: rules of networks never match \
    its logins, no window opens, and a code is good for one login";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Severity;

    fn config(toml: &str) -> Config {
        let none = || Ok(String::new());
        Config::parse("/etc/mailotp/mailotp.toml".as_ref(), toml, &none).unwrap()
    }

    fn look(
        path: &str,
        text: &str,
        services: &[&str],
        toml: &str,
    ) -> Vec<(&'static str, Severity, String)> {
        let mut report = Report::default();
        let file = Defaults {
            path: path.to_owned(),
            text: text.to_owned(),
        };
        check(&[file], services, Some(&config(toml)), &mut report);
        let found = report.findings.into_iter();
        found
            .map(|one| (one.code.as_str(), one.severity, one.place))
            .collect()
    }

    const DEBIAN: &str = "/etc/default/saslauthd";
    const RULE: &str =
        "[[rule]]\nservices = [\"smtp\"]\nfrom = [\"unknown\"]\naccept = [\"app-password\"]\n";

    #[test]
    fn a_cache_is_an_error_however_it_is_asked_for() {
        for options in ["-c -m /run/x", "-rc", "-m /run/x -c", "-cm /run/x"] {
            let text = format!("MECHANISMS=\"pam\"\nOPTIONS=\"{options}\"\n");
            let found = look(DEBIAN, &text, &["smtp"], RULE);
            let cache = ("saslauthd-cache", Severity::Error, format!("{DEBIAN}:2"));
            assert_eq!(found[0], cache, "{options}");
        }
        for options in ["-m /run/x", "-m -c", "-m/run/c -r"] {
            let text = format!("OPTIONS='{options}'\n");
            let found = look(DEBIAN, &text, &["smtp"], RULE);
            assert!(found.iter().all(|one| one.1 == Severity::Info), "{options}");
        }
    }

    #[test]
    fn options_that_are_empty_are_debians_which_have_the_cache() {
        for text in ["", "OPTIONS=\n", "OPTIONS=\"\"\n", "#OPTIONS=\"-m x\"\n"] {
            let found = look(DEBIAN, text, &["smtp"], RULE);
            assert_eq!(
                (found[0].0, found[0].1),
                ("saslauthd-cache", Severity::Error)
            );
        }
        let elsewhere = look(
            "/etc/sysconfig/saslauthd",
            "MECH=pam\nFLAGS=\n",
            &["smtp"],
            RULE,
        );
        assert!(elsewhere.iter().all(|one| one.1 == Severity::Info));
        let flags = look("/etc/sysconfig/saslauthd", "FLAGS=-c\n", &["smtp"], RULE);
        assert_eq!(flags[0].0, "saslauthd-cache");
    }

    #[test]
    fn a_cache_in_front_of_nobody_is_good_to_know() {
        let found = look(DEBIAN, "OPTIONS=\"-c\"\n", &[], RULE);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].1, Severity::Info);
    }

    #[test]
    fn a_saslauthd_that_does_not_ask_pam_is_named() {
        let found = look(
            DEBIAN,
            "MECHANISMS=\"shadow\"\nOPTIONS=\"-m x\"\n",
            &["smtp"],
            RULE,
        );
        assert_eq!(
            (found[0].0, found[0].1),
            ("saslauthd-mechanism", Severity::Warning)
        );
    }

    #[test]
    fn rules_of_networks_never_match_without_an_address() {
        let quiet = "OPTIONS=\"-m x\"\n";
        let severity = |toml: &str| {
            let found = look(DEBIAN, quiet, &["smtp"], toml);
            assert!(found.len() == 1 && found[0].0 == "no-address", "{found:?}");
            found[0].1
        };
        let net =
            "[[rule]]\nservices = [\"mail\"]\nfrom = [\"192.0.2.0/24\"]\naccept = [\"otp\"]\n";
        assert_eq!(severity(net), Severity::Warning, "no rule matches");
        let own = net.replace("mail", "smtp");
        assert_eq!(
            severity(&format!("{own}{RULE}")),
            Severity::Warning,
            "it is for this service"
        );
        assert_eq!(severity(&format!("{net}{RULE}")), Severity::Info);
        assert_eq!(severity(RULE), Severity::Info);
        assert_eq!(severity(""), Severity::Info, "the rule that is built in");
        assert!(look(DEBIAN, quiet, &[], net).is_empty());
    }
}
