//! What the servers of this machine say of themselves.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

use mailotp_core::config::Config;

use super::child;
use crate::doctor::dovecot;
use crate::doctor::finding::{Area, Code, Report};
use crate::doctor::pam::{Role, Services};
use crate::doctor::postfix;
use crate::doctor::saslauthd::{self, Defaults};
use crate::doctor::sshd;

const SSHD_CONFIG: &str = "/etc/ssh/sshd_config";

/// The service of all logins to Postfix.
const POSTFIX: &str = "smtp";
/// Where its SASL library looks: what `setup` says, and what it is built with.
const SASL_FOLDERS: [&str; 3] = ["/etc/postfix/sasl", "/etc/sasl2", "/usr/lib/sasl2"];

/// Services that no saslauthd asks.
const LOCAL: [&str; 14] = [
    "chfn",
    "chsh",
    "cron",
    "dovecot",
    "login",
    "other",
    "passwd",
    "runuser",
    "runuser-l",
    "sshd",
    "su",
    "su-l",
    "sudo",
    "sudo-i",
];

/// Looks at Dovecot. Returns the PAM services that it asks.
pub fn dovecot(
    services: &Services,
    key_owner: Option<&str>,
    report: &mut Report,
) -> BTreeSet<String> {
    let Some(program) = child::find("doveconf") else {
        report.checked(Area::Dovecot, "there is none on this machine");
        return BTreeSet::new();
    };
    match child::run(&program, &["-n"]) {
        Ok(text) => {
            let site = dovecot::Site {
                pam: services,
                key_owner,
            };
            dovecot::check(&text, &site, report).into_iter().collect()
        }
        Err(why) if why.contains("dovecot.conf") && why.contains("No such file") => {
            report.checked(Area::Dovecot, "it is installed, and not set up");
            BTreeSet::new()
        }
        Err(why) => {
            report.warning(
                Code::DovecotUnreadable,
                "doveconf -n",
                format!("it was not looked at: {why}"),
                "Run as root, until it has no complaint: doveconf -n",
            );
            BTreeSet::new()
        }
    }
}

/// Looks at saslauthd. `asked` are the services of Dovecot.
pub fn saslauthd(
    services: &Services,
    asked: &BTreeSet<String>,
    config: Option<&Config>,
    report: &mut Report,
) {
    if child::find("saslauthd").is_none() {
        report.checked(Area::Saslauthd, "there is none on this machine");
        return;
    }
    let files = defaults(report);
    if files.is_empty() {
        report.checked(Area::Saslauthd, "it is installed, and not set up");
        return;
    }
    let its = services.names().filter(|name| {
        let others = name.starts_with("mailotp-") || LOCAL.contains(name) || asked.contains(*name);
        !others && services.role(name) == Role::Pass && !services.is_included(name)
    });
    let its: Vec<&str> = its.collect();
    saslauthd::check(&files, &its, config, report);
}

/// Debian has one file for each that runs, other distributions one alone.
fn defaults(report: &mut Report) -> Vec<Defaults> {
    let debian = fs::read_dir("/etc/default").into_iter().flatten().flatten();
    let names = debian.filter_map(|entry| entry.file_name().into_string().ok());
    let mut paths: Vec<String> = names
        .filter(|name| name == "saslauthd" || name.starts_with("saslauthd-") && !name.contains("."))
        .map(|name| format!("/etc/default/{name}"))
        .collect();
    paths.sort();
    paths.push("/etc/sysconfig/saslauthd".to_owned());
    let mut files = Vec::new();
    for path in paths.into_iter().filter(|path| Path::new(path).is_file()) {
        match fs::read_to_string(&path) {
            Ok(text) => files.push(Defaults { path, text }),
            Err(why) => report.warning(
                Code::SaslauthdUnreadable,
                path,
                format!("it was not looked at: {why}"),
                "Run as root: mailotp-cli doctor",
            ),
        }
    }
    files
}

/// Looks at Postfix, which asks Dovecot or saslauthd. `asked` are the services of Dovecot.
pub fn postfix(services: &Services, asked: &BTreeSet<String>, report: &mut Report) {
    let Some(program) = child::find("postconf") else {
        report.checked(Area::Postfix, "there is none on this machine");
        return;
    };
    if !Path::new("/etc/postfix/main.cf").is_file() {
        report.checked(Area::Postfix, "it is installed, and not set up");
        return;
    }
    let arguments = [&["-x"], &postfix::NAMES[..]].concat();
    let said = child::run(&program, &arguments)
        .and_then(|main| Ok((main, child::run(&program, &["-P"])?)));
    let (main, master) = match said {
        Ok(said) => said,
        Err(why) => {
            report.warning(
                Code::PostfixUnreadable,
                "postconf",
                format!("it was not looked at: {why}"),
                "Run as root, until it has no complaint: postfix check",
            );
            return;
        }
    };
    let is_asked = |name: &String| name.ends_with(POSTFIX) && services.role(name) == Role::Pass;
    let site = postfix::Site {
        main: &main,
        master: &master,
        dovecot_asks: asked.iter().any(is_asked),
        saslauthd_asks: services.role(POSTFIX) == Role::Pass,
        is_socket: &|path| fs::metadata(path).is_ok_and(|found| found.file_type().is_socket()),
        application: &|name| {
            let paths = SASL_FOLDERS.map(|folder| format!("{folder}/{name}.conf"));
            paths.into_iter().find_map(|path| {
                let text = fs::read_to_string(&path).ok()?;
                Some((path, text))
            })
        },
    };
    postfix::check(&site, report);
}

/// Looks at sshd, if it asks mailotp.
pub fn sshd(services: &Services, report: &mut Report) {
    if services.role("sshd") != Role::Pass {
        report.checked(Area::Sshd, "it does not ask mailotp");
        return;
    }
    let said = child::find("sshd").map(|program| child::run(&program, &["-T"]));
    let (text, place) = match said {
        Some(Ok(text)) => (text, "sshd -T"),
        // It wants root, and its keys: the files say nearly as much.
        _ => match fs::read_to_string(SSHD_CONFIG) {
            Ok(text) => (text, SSHD_CONFIG),
            Err(why) => {
                report.warning(
                    Code::SshdUnreadable,
                    SSHD_CONFIG,
                    format!("its settings were not looked at: {why}"),
                    "Run as root, until it has no complaint: sshd -T",
                );
                return;
            }
        },
    };
    let settings = sshd::settings(&text, &included);
    sshd::check(&settings, place, services, report);
}

/// The texts of the files that a pattern of sshd names, in their order. A star stands in the name of
/// the file alone, as in every distribution.
fn included(pattern: &str) -> Vec<String> {
    let path = Path::new("/etc/ssh").join(pattern);
    let (Some(folder), Some(name)) = (
        path.parent(),
        path.file_name().and_then(|name| name.to_str()),
    ) else {
        return Vec::new();
    };
    let Some((begin, end)) = name.split_once('*') else {
        return fs::read_to_string(&path).into_iter().collect();
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.starts_with(begin) && name.ends_with(end) && !name.starts_with('.'))
        .collect();
    names.sort();
    let texts = names
        .iter()
        .map(|name| fs::read_to_string(folder.join(name)));
    texts.flatten().collect()
}
