//! What is wrong with the way in which a Dovecot asks mailotp.

use super::passdb::Passdb;
use super::tree::Section;
use crate::doctor::finding::{Area, Code, Report};
use crate::doctor::pam::{Role, Services};

/// What Dovecot speaks where nothing is said.
const PROTOCOLS: [&str; 3] = ["imap", "pop3", "lmtp"];

/// Whose the key of the site is.
pub struct Site<'a> {
    /// The PAM services.
    pub pam: &'a Services,
    /// The name of the key's owner, if it is known.
    pub key_owner: Option<&'a str>,
}

/// Looks at what `doveconf -n` has printed. Returns the PAM services that it asks.
pub fn check(text: &str, site: &Site<'_>, report: &mut Report) -> Vec<String> {
    let server = Server::read(text, site.pam);
    let services = server.databases.iter();
    let services: Vec<String> = services.flat_map(|one| one.services.clone()).collect();
    let before = report.findings.len();
    let Some(first) = server.position(Role::Pass) else {
        report.info(
            Code::DovecotUnused,
            server.place(1),
            "Dovecot does not ask mailotp",
            "Put !include auth-mailotp.conf.ext into /etc/dovecot/conf.d/10-auth.conf, \
             as the README has it",
        );
        return services;
    };
    server.above(first, report);
    server.below(first, report);
    server.mailotps_own(report);
    server.services(site.pam, report);
    server.worker(site.key_owner, report);
    server.webmail(report);
    if report.findings.len() == before {
        report.checked(
            Area::Dovecot,
            "passwords go through mailotp and its gate, and no cache is in front of it",
        );
    }
    services
}

struct Server {
    whole: Section,
    databases: Vec<Passdb>,
    /// It is 2.4 or later.
    new: bool,
    /// Mechanisms that PAM cannot judge.
    others: Vec<String>,
}

impl Server {
    fn read(text: &str, pam: &Services) -> Server {
        let whole = Section::parse(text);
        let new = whole.get("dovecot_config_version").is_some() || version_is_new(text);
        let protocols = protocols(&whole);
        let databases = whole.all("passdb");
        let databases = databases
            .map(|section| Passdb::read(section, new, &protocols, pam))
            .collect();
        let mut others = whole.list("auth_mechanisms").unwrap_or_default();
        others.retain(|name| !["plain", "login"].contains(&name.to_ascii_lowercase().as_str()));
        Server {
            whole,
            databases,
            new,
            others,
        }
    }

    fn place(&self, line: usize) -> String {
        format!("doveconf -n:{line}")
    }

    fn position(&self, role: Role) -> Option<usize> {
        self.databases.iter().position(|one| one.role == role)
    }

    /// Nothing that takes passwords may stand above, and not the gate.
    fn above(&self, first: usize, report: &mut Report) {
        for database in &self.databases[..first] {
            if database.role == Role::Gate {
                report.error(
                    Code::GateOrder,
                    self.place(database.line),
                    "the gate is asked before mailotp's ordinary database, and refuses \
                     right codes too",
                    "Put the database with deny = yes behind the other one.",
                );
            } else if !database.deny && !database.master && database.takes_passwords() {
                report.error(
                    Code::PassdbUnguarded,
                    self.place(database.line),
                    format!(
                        "the database of driver {} is asked before mailotp: its \
                         passwords get in, whatever the rules say",
                        database.driver
                    ),
                    "Put it below those of mailotp, with mechanisms = plain login.",
                );
            }
        }
    }

    /// What stands below is asked by the gate's leave, and for PLAIN and LOGIN alone.
    fn below(&self, first: usize, report: &mut Report) {
        let mut guarded = !self.databases[first].goes_on;
        let mut gate = None;
        for database in &self.databases[first..] {
            match database.role {
                Role::Gate if database.deny => {
                    guarded = true;
                    gate = gate.or(Some(database));
                }
                Role::Gate => report.error(
                    Code::GateArgument,
                    self.place(database.line),
                    "the gate stands in a database without deny = yes: what it says is \
                     not shown, and it stops nobody",
                    "Put into this database: deny = yes",
                ),
                Role::Pass if database.deny => report.error(
                    Code::GateArgument,
                    self.place(database.line),
                    "a database with deny = yes asks a PAM service without the argument \
                     challenge: it spends codes, and refuses who has a right one",
                    "Put behind pam_mailotp.so in that PAM service: challenge",
                ),
                Role::Pass => {}
                Role::Other if database.deny || database.master => {}
                Role::Other => self.main_passwords(database, guarded, report),
            }
        }
        match gate {
            None => report.warning(
                Code::GateMissing,
                self.place(self.databases[first].line),
                if self.databases[first].shows {
                    "failure_show_msg alone shows nothing: without a gate, nobody sees \
                     which code is due"
                } else {
                    "there is no gate: nobody sees which code is due"
                },
                "Put behind this database the one with deny = yes that setup prints: \
                 mailotp-cli setup dovecot",
            ),
            Some(gate) if !gate.shows => report.warning(
                Code::GateMissing,
                self.place(gate.line),
                "the gate does not show its challenge: nobody sees which code is due",
                if self.new {
                    "Put into this database: failure_show_msg = yes"
                } else {
                    "Put into args of this database: failure_show_msg=yes"
                },
            ),
            Some(_) => {}
        }
    }

    fn main_passwords(&self, database: &Passdb, guarded: bool, report: &mut Report) {
        if !guarded && database.takes_passwords() {
            report.error(
                Code::PassdbUnguarded,
                self.place(database.line),
                format!(
                    "no gate stands before the database of driver {}: it takes main \
                     passwords that mailotp has refused",
                    database.driver
                ),
                "Put the gate before it: mailotp-cli setup dovecot prints it",
            );
        } else if database.takes_passwords() && database.takes_any_of(&self.others) {
            report.error(
                Code::PassdbMechanisms,
                self.place(database.line),
                format!(
                    "the database of driver {} takes {} past mailotp, which judges \
                     PLAIN and LOGIN only",
                    database.driver,
                    self.others.join(" ")
                ),
                "Put into this database: mechanisms = plain login",
            );
        }
    }

    /// mailotp's own databases: no cache, and their mechanisms.
    fn mailotps_own(&self, report: &mut Report) {
        let size = self.whole.get("auth_cache_size").unwrap_or("0");
        let is_on = size
            .trim_start_matches('0')
            .starts_with(|c: char| c.is_ascii_digit());
        for database in self.databases.iter().filter(|one| one.role != Role::Other) {
            let place = self.place(database.line);
            if database.cached && is_on {
                let remedy = if self.new {
                    "Put into this database: use_cache = no"
                } else {
                    "Take cache_key= out of args of this database."
                };
                let message = format!(
                    "with auth_cache_size = {size} Dovecot answers from its cache: a \
                     spent code is good again, everywhere"
                );
                report.error(Code::DovecotCache, &place, message, remedy);
            } else if database.cached && !self.new {
                report.warning(
                    Code::DovecotCache,
                    &place,
                    "this database has a cache_key: as soon as auth_cache_size is not \
                     0, a spent code is good again",
                    "Take cache_key= out of args of this database.",
                );
            }
            if database.takes_any_of(&self.others) {
                report.warning(
                    Code::GateMechanisms,
                    &place,
                    format!(
                        "PAM judges PLAIN and LOGIN only, and this database is asked \
                         for {} too: the gate refuses all of these",
                        self.others.join(" ")
                    ),
                    "Put into this database: mechanisms = plain login",
                );
            }
        }
    }

    /// Each protocol has its files.
    fn services(&self, pam: &Services, report: &mut Report) {
        for database in self.databases.iter().filter(|one| one.role != Role::Other) {
            for name in &database.services {
                if !pam.has(name) {
                    report.error(
                        Code::PamMissing,
                        format!("/etc/pam.d/{name}"),
                        "Dovecot asks this service, and there is no such file: \
                         /etc/pam.d/other judges, which may take main passwords",
                        "Run: mailotp-cli setup dovecot --apply; for a protocol that it \
                         does not know, copy the file of another one",
                    );
                } else if pam.role(name) == Role::Other && pam.path(name).is_some() {
                    report.error(
                        Code::PassdbUnguarded,
                        format!("/etc/pam.d/{name}"),
                        "Dovecot asks this service as one of mailotp, and mailotp is not in it",
                        "Write the stack of pam_mailotp(8) into it.",
                    );
                }
            }
        }
    }

    fn worker(&self, key_owner: Option<&str>, report: &mut Report) {
        let mut services = self.whole.all("service");
        let Some(worker) = services.find(|service| service.name == "auth-worker") else {
            return;
        };
        let user = worker.get("user").unwrap_or("");
        if !["", "root", "0"].contains(&user) && key_owner != Some(user) {
            report.error(
                Code::WorkerUser,
                self.place(worker.line),
                format!(
                    "the worker that asks PAM runs as {user}, who may not open key \
                     and store: every login is refused"
                ),
                "Take user = out of service auth-worker: it is root then.",
            );
        }
    }

    fn webmail(&self, report: &mut Report) {
        let everything = self.whole.every();
        let listener = everything
            .iter()
            .find(|section| section.kind == "inet_listener" && section.name.contains("webmail"));
        let line = listener.map(|section| section.line).or_else(|| {
            let of_webmail =
                |one: &&Passdb| one.services.iter().any(|name| name == "mailotp-webmail");
            self.databases.iter().find(of_webmail).map(|one| one.line)
        });
        let forwards = |section: &&Section| {
            let networks = section.get("login_trusted_networks");
            networks.is_some_and(|networks| !networks.is_empty())
        };
        if let Some(line) = line
            && !everything.iter().any(forwards)
        {
            report.warning(
                Code::ForwardingMissing,
                self.place(line),
                "there is a listener for webmail, and login_trusted_networks is empty: \
                 all its users have the address of the webmail host, and windows of one \
                 are open to the others",
                "Set login_trusted_networks to the address of the webmail host, and \
                 have it send the address of its user.",
            );
        }
    }
}

/// Protocols whose logins PAM is asked about.
fn protocols(whole: &Section) -> Vec<String> {
    let spoken = whole.list("protocols");
    let mut protocols = spoken.unwrap_or_else(|| PROTOCOLS.map(str::to_owned).to_vec());
    // Nobody logs in to LMTP.
    protocols.retain(|name| name != "lmtp" && name != "none");
    let lends = |section: &Section| {
        let mut listeners = section.all("unix_listener");
        listeners.any(|listener| listener.name.ends_with("private/auth"))
    };
    // Postfix asks under the name of its own protocol.
    if whole.all("service").any(lends) {
        protocols.push("smtp".to_owned());
    }
    protocols
}

/// The first line has the version.
fn version_is_new(text: &str) -> bool {
    let line = text.lines().next().unwrap_or_default();
    let version = line.trim_start_matches(['#', ' ']);
    let mut numbers = version.split(['.', ' ', '-']).map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(first)), Some(Ok(second))) => (first, second) >= (2, 4),
        _ => false,
    }
}
