//! The phases. Each reads what the host knows, asks the core, and tells the host.

use std::ffi::CStr;
use std::path::Path;
use std::time::{Instant, SystemTime};

use mailotp_core::audit::{Event, Quoted};
use mailotp_core::authenticate::{self, Door, Gate, Low, Opening, Report, Visitor};
use mailotp_core::clock::{NoRandomness, Random, Timestamp};
use mailotp_core::config::{Config, Enrolment};
use mailotp_core::decide::{Answer, Handover};
use mailotp_core::request::{AccountName, Remote, Request, Secret, Service};
use mailotp_core::site::{self, Site, SiteError};
use pam::constants::PamResultCode;

use crate::args::{Args, SecretSource};
use crate::host::{Host, Standing, Typed};
use crate::{answer, ffi, log};

type Code = PamResultCode;

/// The kernel's randomness.
struct System;

impl Random for System {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        getrandom::fill(bytes).map_err(|_| NoRandomness)
    }
}

/// The `auth` phase.
pub fn authenticate(host: &mut dyn Host, args: &[&CStr]) -> Code {
    // Whatever happens from here on, an earlier success on this handle counts no more.
    let authenticate = |host: &mut dyn Host| -> Result<Code, Code> {
        host.remember(Standing::Refused)?;
        match Call::prepare(host, args) {
            Ok((call, config)) => {
                warn(&config);
                call.authenticate(host, config)
            }
            Err(Stop::At(code)) => Err(code),
            Err(Stop::Nameless(args)) => leave_to_the_next(host, &args),
        }
    };
    authenticate(host).unwrap_or_else(|code| code)
}

/// The `account` phase.
pub fn account(host: &mut dyn Host, args: &[&CStr]) -> Code {
    let standing = host.standing();
    if standing == Some(Standing::Refused) {
        return Code::PAM_AUTH_ERR;
    }
    let judged = standing == Some(Standing::Accepted);
    match Call::prepare(host, args) {
        Ok((call, config)) => {
            // Once a login: `auth` on this handle has said it already.
            if standing.is_none() {
                warn(&config);
            }
            call.account(config, judged)
        }
        Err(Stop::At(code)) => code,
        Err(Stop::Nameless(_)) => Code::PAM_SUCCESS,
    }
}

/// Why a call ends before there is anything to judge.
enum Stop {
    /// With this code.
    At(Code),
    /// No account can have this name, and the site only observes.
    Nameless(Args),
}

/// Observe mode, for whom no rule can be found: asks, and hands on what was typed.
fn leave_to_the_next(host: &mut dyn Host, args: &Args) -> Result<Code, Code> {
    let typed = secret(host, args, mailotp_core::prompt::PASSWORD)?;
    if args.challenge {
        let asks = typed.is_empty() || typed.as_slice() == b"?";
        return Ok(answer::of_gate(if asks { Gate::Stop } else { Gate::GoOn }));
    }
    if !args.second_step {
        host.set_authtok(&typed)?;
    }
    host.remember(Standing::PassedOn)?;
    Ok(Code::PAM_IGNORE)
}

/// What was typed: asked for, or taken from a module before.
fn secret(host: &mut dyn Host, args: &Args, prompt: &str) -> Result<Typed, Code> {
    // As a second step the password that is there already is not the code.
    let there = if args.second_step {
        None
    } else {
        host.authtok()
    };
    match (args.secret, there) {
        (SecretSource::Use | SecretSource::Try, Some(secret)) => Ok(secret),
        (SecretSource::Use, None) if !args.second_step => {
            log::error("use_first_pass: no module before has asked for a password");
            Err(Code::PAM_AUTH_ERR)
        }
        _ => host.ask(prompt),
    }
}

/// `setcred` succeeds where `auth` on this handle did.
pub fn setcred(host: &dyn Host) -> Code {
    match host.standing() {
        Some(Standing::Accepted) => Code::PAM_SUCCESS,
        _ => Code::PAM_IGNORE,
    }
}

/// One call of libpam, once it is known what it is about.
struct Call {
    args: Args,
    account: AccountName,
    service: Service,
    remote: Remote,
    now: Timestamp,
    host_name: String,
}

impl Call {
    fn prepare(host: &mut dyn Host, args: &[&CStr]) -> Result<(Call, Config), Stop> {
        let unavailable = |why: String| {
            log::error(&why);
            Stop::At(Code::PAM_AUTHINFO_UNAVAIL)
        };
        let args = Args::parse(args).map_err(unavailable)?;
        let mut config = load(&args.config).map_err(unavailable)?;
        if args.nullok {
            config.enrolment = Enrolment::Optional;
        }
        let service = match &args.service {
            Some(service) => service.clone(),
            None => {
                let pam_service = host.service().unwrap_or_default();
                let name = String::from_utf8_lossy(&pam_service);
                Service::of_pam(&name).map_err(|why| unavailable(why.to_string()))?
            }
        };
        let user = host.user().map_err(Stop::At)?;
        let account = config.naming.account(&user).map_err(|why| {
            log::error(&format!(
                "no account can have the name of this login to {service}: {why}"
            ));
            // No rule can be found for it, so it goes on only where none enforces anything.
            if config.only_observes() {
                Stop::Nameless(args.clone())
            } else {
                Stop::At(Code::PAM_AUTH_ERR)
            }
        })?;
        let call = Call {
            remote: Remote::of_pam(host.rhost().as_deref(), host.tty().as_deref()),
            host_name: host_name(),
            now: SystemTime::now().into(),
            args,
            account,
            service,
        };
        call.tell();
        Ok((call, config))
    }

    fn authenticate(&self, host: &mut dyn Host, config: Config) -> Result<Code, Code> {
        let site = match Site::of(config) {
            Ok(site) => site,
            Err(failed) => return self.without_site(host, &failed.0, &failed.1),
        };
        let typed = match self.door(&site, |door, visitor| door.opening(visitor, self.now)) {
            Opening::Ask(prompt) => secret(host, &self.args, &prompt)?,
            Opening::Done(report) => return self.finish(host, *report, &[]),
        };
        if self.args.challenge {
            return Ok(self.gate(&site, &typed));
        }
        let report = match Secret::new(typed.clone()) {
            Err(why) => self.door(&site, |door, visitor| {
                door.malformed(visitor, self.now, why.to_string())
            }),
            Ok(secret) => {
                let request = Request {
                    account: self.account.clone(),
                    service: self.service.clone(),
                    remote: self.remote,
                    secret,
                    alias: None,
                    second_step: self.args.second_step,
                };
                // The answer may have taken minutes: the clock is read again.
                let now = SystemTime::now().into();
                self.door(&site, |door, _| door.login(request, now))
            }
        };
        self.finish(host, report, &typed)
    }

    fn gate(&self, site: &Site, typed: &[u8]) -> Code {
        match self.door(site, |door, visitor| door.gate(visitor, typed, self.now)) {
            Ok(gate) => answer::of_gate(gate),
            Err(report) => {
                log::event(&report.event, report.problem.as_deref());
                Code::PAM_AUTHINFO_UNAVAIL
            }
        }
    }

    fn account(&self, config: Config, judged: bool) -> Code {
        let report = match Site::of(config) {
            Ok(site) => self.door(&site, |door, visitor| {
                door.account(visitor, judged, self.now)
            }),
            Err(failed) => {
                let (config, error) = &*failed;
                let (visitor, host) = (self.visitor(), &self.host_name);
                Some(authenticate::without_site(
                    config, visitor, host, error, self.now,
                ))
            }
        };
        let Some(report) = report else {
            return Code::PAM_SUCCESS;
        };
        match report.answer {
            Answer::PassOn(_) => Code::PAM_SUCCESS,
            refusal => {
                log::event(&report.event, report.problem.as_deref());
                answer::of_login(&refusal)
            }
        }
    }

    /// The key ring cannot be used: nothing is accepted, and only who is never judged, and observe
    /// mode, go on to the next module.
    fn without_site(
        &self,
        host: &mut dyn Host,
        config: &Config,
        error: &SiteError,
    ) -> Result<Code, Code> {
        let report =
            authenticate::without_site(config, self.visitor(), &self.host_name, error, self.now);
        if self.args.challenge {
            let Answer::PassOn(_) = report.answer else {
                log::event(&report.event, report.problem.as_deref());
                return Ok(Code::PAM_AUTHINFO_UNAVAIL);
            };
            return leave_to_the_next(host, &self.args);
        }
        let typed = match report.answer {
            Answer::PassOn(_) => secret(host, &self.args, mailotp_core::prompt::PASSWORD)?,
            _ => Typed::default(),
        };
        self.finish(host, report, &typed)
    }

    /// Event, next module's password, standing, user, code: in this order.
    fn finish(&self, host: &mut dyn Host, report: Report, typed: &[u8]) -> Result<Code, Code> {
        log::event(&report.event, report.problem.as_deref());
        match &report.answer {
            Answer::PassOn(Handover::Whole) if !self.args.second_step => host.set_authtok(typed)?,
            Answer::PassOn(Handover::Prefix(prefix)) => host.set_authtok(prefix)?,
            _ => {}
        }
        if let Some(low) = &report.low {
            log::warning(&notice(&report.event, low));
        }
        host.remember(answer::standing_of(&report.answer))?;
        if let Some(user) = &report.user {
            host.set_user(user.as_str())?;
        }
        Ok(answer::of_login(&report.answer))
    }

    fn door<T>(&self, site: &Site, work: impl FnOnce(&mut Door<'_>, Visitor<'_>) -> T) -> T {
        // One deadline over all that one question to the store takes, the hash included.
        let deadline = Instant::now() + site.config.timeout;
        let mut door = Door {
            site,
            open_store: &mut || Ok(Box::new(site.open_store()?.until(deadline))),
            random: &mut System,
            arena: &mut ffi::MappedArena,
            host: &self.host_name,
            mark: &mut |generation| site.mark().note(generation),
        };
        work(&mut door, self.visitor())
    }

    fn visitor(&self) -> Visitor<'_> {
        Visitor {
            account: &self.account,
            service: &self.service,
            remote: self.remote,
            second_step: self.args.second_step,
        }
    }

    fn tell(&self) {
        if self.args.debug {
            let Call {
                account,
                service,
                remote,
                ..
            } = self;
            log::debug(&format!(
                "account {account} service {service} remote {remote}"
            ));
        }
    }
}

/// Says what is odd about the configuration, and yet no reason to refuse.
fn warn(config: &Config) {
    for warning in config.warnings() {
        log::warning(&format!("{warning}. {}", warning.remedy));
    }
}

/// What is said of a credential that runs out. Not to the host: mail servers drop it, and a second
/// message in the conversation is one that some of them are not made for.
fn notice(event: &Event, low: &Low) -> String {
    let name = |text: &Option<String>| Quoted(text.as_deref().unwrap_or_default()).to_string();
    format!(
        "running low: account={} credential={} kind={} left={}",
        name(&event.account),
        name(&event.credential),
        low.kind,
        low.left
    )
}

fn load(path: &Path) -> Result<Config, String> {
    site::load_config(path).map_err(|error| format!("{error}. {}", error.remedy()))
}

fn host_name() -> String {
    nix::unistd::gethostname()
        .ok()
        .and_then(|name| name.into_string().ok())
        .unwrap_or_else(|| "localhost".to_owned())
}

#[cfg(test)]
#[path = "hooks_tests.rs"]
mod tests;
