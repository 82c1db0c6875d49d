//! `doctor`: looks at the site and at the servers in front of it, and changes nothing.

mod child;
mod modules;
mod print;
mod servers;
mod site;

use std::collections::BTreeSet;

use mailotp_core::clock::Timestamp;

use crate::cli::Cli;
use crate::context::actor;
use crate::doctor::finding::{Code, Report, Severity};
use crate::doctor::pam::{self, Role, Services};
use crate::doctor::{clock, store};
use crate::error::{CliError, FAILED};
use crate::output::Output;

pub fn run(cli: &Cli) -> Result<(), CliError> {
    let now = std::time::SystemTime::now().into();
    let report = examine(cli, now);
    Output::new(cli.json).show(&report.document(), || print::for_people(&report))?;
    if report.count(Severity::Error) > 0 {
        // What is wrong stands in the report.
        return Err(CliError::silent(FAILED));
    }
    Ok(())
}

fn examine(cli: &Cli, now: Timestamp) -> Report {
    let mut report = Report::default();
    // A module gets its configuration by its whole path.
    let config_path = std::path::absolute(&cli.config).unwrap_or_else(|_| cli.config.clone());
    let found = site::look(&config_path, now, &mut report);
    let newest = found.store.as_ref().and_then(|store| store.newest);
    clock::check(clock::ask(), now, newest, &mut report);

    let mut services = modules::services();
    modules::look(&mut services, &mut report);
    pam::check(&services, &config_path, &mut report);
    let asked = servers::dovecot(&services, found.key_owner.as_deref(), &mut report);
    servers::saslauthd(&services, &asked, found.config.as_ref(), &mut report);
    servers::postfix(&services, &asked, &mut report);
    servers::sshd(&services, &mut report);
    if let (Some(inspection), Some(config)) = (&found.store, &found.config) {
        let path = config.store.to_string();
        store::aliases(
            &path,
            inspection,
            takes_names_back(&services, &asked),
            &mut report,
        );
    }
    if !nix::unistd::geteuid().is_root() {
        report.info(
            Code::NotRoot,
            actor(),
            "this user is not root: what only root may read was not looked at",
            "Run as root: mailotp-cli doctor",
        );
    }
    report
}

/// Whether a server that asks mailotp takes the user name back from PAM: Dovecot and login do.
fn takes_names_back(services: &Services, asked: &BTreeSet<String>) -> bool {
    let mut all = asked.iter().map(String::as_str).chain(["login"]);
    all.any(|service| services.role(service) == Role::Pass)
}
