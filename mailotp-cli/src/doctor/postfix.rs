//! Postfix: whether the logins that it takes are asked about at whoever asks mailotp, and nowhere else.

use std::collections::BTreeMap;

use super::finding::{Area, Code, Report};

/// What is looked at of main.cf.
pub const NAMES: [&str; 9] = [
    "smtpd_sasl_auth_enable",
    "smtpd_sasl_type",
    "smtpd_sasl_path",
    "smtpd_sasl_security_options",
    "smtpd_sasl_tls_security_options",
    "smtpd_tls_auth_only",
    "smtpd_tls_security_level",
    "smtpd_tls_wrappermode",
    "queue_directory",
];

/// What the machine says.
pub struct Site<'a> {
    /// `postconf -x` of [`NAMES`]: with `$names` put in.
    pub main: &'a str,
    /// `postconf -P`: what master.cf says otherwise.
    pub master: &'a str,
    /// Whether Dovecot asks mailotp about Postfix's logins.
    pub dovecot_asks: bool,
    /// Whether saslauthd does.
    pub saslauthd_asks: bool,
    /// Whether there is a socket at a path.
    pub is_socket: &'a dyn Fn(&str) -> bool,
    /// The file of the SASL library for an application: its path and its text.
    pub application: &'a dyn Fn(&str) -> Option<(String, String)>,
}

/// The parameters of one smtpd.
type Parameters = BTreeMap<String, String>;

/// Looks at each smtpd that takes logins.
pub fn check(site: &Site<'_>, report: &mut Report) {
    let main = parameters(site.main.lines());
    let mut all = vec![("postconf".to_owned(), main.clone())];
    all.extend(services(site.master, &main));
    all.retain(|(_, one)| is_yes(one, "smtpd_sasl_auth_enable"));
    if all.is_empty() {
        report.checked(Area::Postfix, "it takes no logins");
        return;
    }
    let before = report.findings.len();
    let mut asks = false;
    for (place, one) in &all {
        let asks_here = match value(one, "smtpd_sasl_type") {
            "dovecot" => site.dovecot_asks,
            "cyrus" => site.saslauthd_asks,
            _ => false,
        };
        if asks_here {
            asks = true;
            look(site, place, one, report);
        }
    }
    if !asks {
        report.checked(
            Area::Postfix,
            "whoever judges its logins does not ask mailotp",
        );
    } else if report.findings.len() == before {
        report.checked(
            Area::Postfix,
            "its logins go over TLS, to whoever asks mailotp",
        );
    }
}

/// An smtpd whose logins mailotp is to judge.
fn look(site: &Site<'_>, place: &str, one: &Parameters, report: &mut Report) {
    let options = |name: &str| {
        let mut words = value(one, name).split([',', ' ', '\t']);
        words.any(|word| word == "noanonymous")
    };
    if ![
        "smtpd_sasl_security_options",
        "smtpd_sasl_tls_security_options",
    ]
    .into_iter()
    .all(options)
    {
        report.error(
            Code::PostfixAnonymous,
            place,
            "noanonymous is missing in its security options: a login without name and secret \
             passes mailotp by",
            "Run: postconf -e 'smtpd_sasl_security_options = noanonymous' \
             'smtpd_sasl_tls_security_options = noanonymous' && postfix reload",
        );
    }
    let over_tls = is_yes(one, "smtpd_tls_auth_only")
        || is_yes(one, "smtpd_tls_wrappermode")
        || value(one, "smtpd_tls_security_level") == "encrypt";
    if !over_tls {
        report.warning(
            Code::PostfixClear,
            place,
            "it takes passwords and codes without TLS: whoever listens on the way reads them",
            "Run: postconf -e smtpd_tls_auth_only=yes && postfix reload; and look at postconf -P",
        );
    }
    let path = value(one, "smtpd_sasl_path");
    if value(one, "smtpd_sasl_type") == "dovecot" {
        let socket = match path.starts_with('/') {
            true => path.to_owned(),
            false => format!("{}/{path}", value(one, "queue_directory")),
        };
        if !path.starts_with("inet:") && !(site.is_socket)(&socket) {
            report.error(
                Code::PostfixSocket,
                place,
                format!(
                    "there is no socket of Dovecot at {socket}: nobody can log in, and no mail \
                     comes in over TLS"
                ),
                "Run: mailotp-cli setup postfix --apply, and what that says",
            );
        }
        return;
    }
    let said = (site.application)(path);
    let place = said.as_ref().map_or(place, |(file, _)| file);
    let text = said.as_ref().map_or("", |(_, text)| text);
    let remedy = "Run: mailotp-cli setup postfix --sasl saslauthd --apply, and what that says";
    let method = of_library(text, "pwcheck_method");
    if method != Some("saslauthd") {
        report.error(
            Code::PostfixLibrary,
            place,
            format!(
                "pwcheck_method is {}: saslauthd is not asked alone, and mailotp is passed by",
                method.unwrap_or("auxprop, which is what is taken where nothing is said")
            ),
            remedy,
        );
    }
    let others = of_library(text, "mech_list").is_none_or(|list| {
        list.split_whitespace()
            .any(|word| !["plain", "login"].contains(&&*word.to_ascii_lowercase()))
    });
    if others {
        report.warning(
            Code::PostfixMechanisms,
            place,
            "mech_list names others than PLAIN and LOGIN, or nothing: they pass saslauthd by, and \
             mailotp with it",
            remedy,
        );
    }
}

fn parameters<'a>(lines: impl Iterator<Item = &'a str>) -> Parameters {
    lines
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        .collect()
}

/// Each service of master.cf that says something of its own about logins.
fn services(master: &str, main: &Parameters) -> Vec<(String, Parameters)> {
    let mut found: BTreeMap<&str, Parameters> = BTreeMap::new();
    for line in master.lines() {
        let Some((name, value)) = line.split_once('=') else {
            continue;
        };
        let Some((service, name)) = name.trim().rsplit_once('/') else {
            continue;
        };
        if NAMES.contains(&name) {
            let own = found.entry(service).or_insert_with(|| main.clone());
            own.insert(name.to_owned(), value.trim().to_owned());
        }
    }
    let place = |service: &str| format!("postconf -P: {service}");
    let all = found.into_iter();
    all.map(|(service, own)| (place(service), own)).collect()
}

fn value<'p>(parameters: &'p Parameters, name: &str) -> &'p str {
    parameters.get(name).map_or("", String::as_str)
}

fn is_yes(parameters: &Parameters, name: &str) -> bool {
    value(parameters, name).eq_ignore_ascii_case("yes")
}

/// A value of the SASL library's file: `name: value`.
fn of_library<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    let mut values = lines.filter(|(key, _)| key.trim() == name);
    values.next_back().map(|(_, value)| value.trim())
}

#[cfg(test)]
#[path = "postfix_tests.rs"]
mod tests;
