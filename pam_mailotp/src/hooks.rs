//! The phases. Each reads what the host knows, asks the core, and tells the host.

use std::ffi::CStr;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::time::SystemTime;

use mailotp_core::audit::{Event, Quoted, host_name};
use mailotp_core::authenticate::{self, Earlier, Gate, Low, Opening, Report, Visitor};
use mailotp_core::clock::Timestamp;
use mailotp_core::config::{Config, Enrolment};
use mailotp_core::decide::{Answer, Handover};
use mailotp_core::request::{AccountName, Remote, Service};
use mailotp_core::site::{self, SiteError};
use pam::constants::PamResultCode;

use crate::args::{Args, SecretSource};
use crate::bench::Bench;
use crate::host::{Host, Standing, Typed, Words};
use crate::{answer, log};

type Code = PamResultCode;

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
            Err(Stop::Unjudged(args)) => leave_to_the_next(host, &args),
        }
    };
    authenticate(host).unwrap_or_else(|code| code)
}

/// The `account` phase.
pub fn account(host: &mut dyn Host, args: &[&CStr]) -> Code {
    let standing = host.standing();
    let is_told = standing.is_some();
    let earlier = match standing {
        Some(Standing::Refused) => return Code::PAM_AUTH_ERR,
        Some(Standing::Accepted(words)) if is_unchanged(host, args, words) => {
            return Code::PAM_SUCCESS;
        }
        Some(Standing::Accepted(_)) => Earlier::Accepted,
        Some(Standing::Observed) => Earlier::WouldRefuse,
        Some(Standing::PassedOn) | None => Earlier::Nothing,
    };
    match Call::prepare(host, args) {
        Ok((call, config)) => {
            // Once a login: `auth` on this handle has said it already.
            if !is_told {
                warn(&config);
            }
            call.account(config, earlier)
        }
        Err(Stop::At(code)) => code,
        Err(Stop::Unjudged(_)) => Code::PAM_SUCCESS,
    }
}

/// Whether `account` would judge by the very words by which `auth` has let this login in a moment ago.
/// Then it would come to the same, and rules that may be a thousand are read once a login. The file is
/// trusted no more than at any other time: its owner and mode are looked at again.
fn is_unchanged(host: &mut dyn Host, args: &[&CStr], words: Words) -> bool {
    let same = |host: &mut dyn Host| {
        // Each call is logged.
        let args = Args::parse(args).ok().filter(|args| !args.debug)?;
        let text = site::config_text(&args.config).ok()?;
        let user = host.user().ok()?;
        let now = words_of(host, &args, &user, Config::fingerprint_of(&text));
        Some(now == words)
    };
    same(host).unwrap_or(false)
}

/// By what a login is judged. Nobody but root chooses all of it, and on one handle: no seed is needed.
fn words_of(host: &dyn Host, args: &Args, user: &[u8], configuration: u64) -> Words {
    let mut hasher = DefaultHasher::new();
    let host = (host.service(), host.rhost(), host.tty());
    (configuration, &args.config, &args.service, user, host).hash(&mut hasher);
    Words(hasher.finish())
}

/// Why a call ends before there is anything to judge.
enum Stop {
    /// With this code.
    At(Code),
    /// No rule can be found for a name or a service like this, and the site only observes.
    Unjudged(Args),
}

impl Stop {
    /// What cannot be judged goes on only where no rule enforces anything.
    fn unjudged(config: &Config, args: &Args, refusal: Code) -> Stop {
        if config.only_observes() {
            Stop::Unjudged(args.clone())
        } else {
            Stop::At(refusal)
        }
    }
}

/// Observe mode, for whom no rule can be found: asks, and hands on what was typed.
fn leave_to_the_next(host: &mut dyn Host, args: &Args) -> Result<Code, Code> {
    let typed = secret(host, args, mailotp_core::prompt::PASSWORD)?;
    if args.challenge {
        let asks = typed.is_none_or(|typed| typed.is_empty() || typed.as_slice() == b"?");
        return Ok(answer::of_gate(if asks { Gate::Stop } else { Gate::GoOn }));
    }
    if let Some(typed) = typed.filter(|_| !args.second_step) {
        host.set_authtok(&typed)?;
    }
    host.remember(Standing::PassedOn)?;
    Ok(Code::PAM_IGNORE)
}

/// What was typed: asked for, or taken from a module before. `None`: that was to be used, and is not there.
fn secret(host: &mut dyn Host, args: &Args, prompt: &str) -> Result<Option<Typed>, Code> {
    // As a second step the password that is there already is not the code.
    let there = if args.second_step {
        None
    } else {
        host.authtok()
    };
    match (args.secret, there) {
        (SecretSource::Use | SecretSource::Try, Some(secret)) => Ok(Some(secret)),
        (SecretSource::Use, None) if !args.second_step => Ok(None),
        _ => host.ask(prompt).map(Some),
    }
}

/// `setcred` succeeds where `auth` on this handle did.
pub fn setcred(host: &dyn Host) -> Code {
    match host.standing() {
        Some(Standing::Accepted(_)) => Code::PAM_SUCCESS,
        _ => Code::PAM_IGNORE,
    }
}

/// One call of libpam, once it is known what it is about.
pub(crate) struct Call {
    pub args: Args,
    pub account: AccountName,
    pub service: Service,
    pub remote: Remote,
    pub now: Timestamp,
    pub host_name: String,
    /// The site's own domain, as it stood in `PAM_USER`.
    pub domain: Option<String>,
    /// `PAM_USER`, before anything was asked.
    user: Vec<u8>,
    /// By what it is judged.
    words: Words,
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
                Service::of_pam(&name).map_err(|why| {
                    log::error(&why.to_string());
                    Stop::unjudged(&config, &args, Code::PAM_AUTHINFO_UNAVAIL)
                })?
            }
        };
        let user = host.user().map_err(Stop::At)?;
        let account = config.naming.account(&user).map_err(|why| {
            log::error(&format!(
                "no account can have the name of this login to {service}: {why}"
            ));
            Stop::unjudged(&config, &args, Code::PAM_AUTH_ERR)
        })?;
        let call = Call {
            words: words_of(host, &args, &user, config.fingerprint()),
            remote: Remote::of_pam(host.rhost().as_deref(), host.tty().as_deref()),
            host_name: host_name(),
            domain: std::str::from_utf8(&user)
                .ok()
                .and_then(|user| user.split_once('@'))
                .map(|(_, domain)| domain.to_owned())
                .filter(|domain| config.naming.is_own(domain)),
            now: SystemTime::now().into(),
            args,
            account,
            service,
            user,
        };
        call.tell();
        Ok((call, config))
    }

    fn authenticate(&self, host: &mut dyn Host, config: Config) -> Result<Code, Code> {
        let bench = match Bench::of(config) {
            Ok(bench) => bench,
            Err(failed) => return self.without_site(host, &failed.0, &failed.1),
        };
        let typed = match bench.opening(self) {
            Opening::Ask(prompt) => self.typed(host, bench.config(), &prompt)?,
            Opening::Done(report) => return self.finish(host, *report, None),
        };
        if self.args.challenge {
            return Ok(self.gate(&bench, &typed.unwrap_or_default()));
        }
        let report = bench.login(self, typed.as_ref());
        self.finish(host, report, typed)
    }

    /// What was typed, by the user who is judged: a conversation may make another one of `PAM_USER`, and
    /// then alice's code would let bob in.
    fn typed(
        &self,
        host: &mut dyn Host,
        config: &Config,
        prompt: &str,
    ) -> Result<Option<Typed>, Code> {
        let typed = secret(host, &self.args, prompt)?;
        if config.only_observes() || host.user().is_ok_and(|user| user == self.user) {
            return Ok(typed);
        }
        log::error(&format!(
            "PAM_USER was changed while {} was asked to log in to {}; the login was refused",
            self.account, self.service
        ));
        Err(Code::PAM_AUTH_ERR)
    }

    fn gate(&self, bench: &Bench, typed: &Typed) -> Code {
        match bench.gate(self, typed) {
            Ok(gate) => answer::of_gate(gate),
            Err(report) => {
                log::event(&report.event, report.problem.as_deref());
                Code::PAM_AUTHINFO_UNAVAIL
            }
        }
    }

    fn account(&self, config: Config, earlier: Earlier) -> Code {
        let report = match Bench::of(config) {
            Ok(bench) => bench.account(self, earlier),
            Err(failed) => {
                let (config, error) = &*failed;
                Some(self.unavailable(config, error))
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
        let report = self.unavailable(config, error);
        if self.args.challenge {
            let Answer::PassOn(_) = report.answer else {
                log::event(&report.event, report.problem.as_deref());
                return Ok(Code::PAM_AUTHINFO_UNAVAIL);
            };
            return leave_to_the_next(host, &self.args);
        }
        let typed = match report.answer {
            Answer::PassOn(_) => self.typed(host, config, mailotp_core::prompt::PASSWORD)?,
            _ => None,
        };
        self.finish(host, report, typed)
    }

    /// What becomes of a login that cannot be judged.
    pub(crate) fn unavailable(&self, config: &Config, error: &SiteError) -> Report {
        authenticate::without_site(config, self.visitor(), &self.host_name, error, self.now)
    }

    /// Event, next module's password, standing, user, code: in this order.
    fn finish(
        &self,
        host: &mut dyn Host,
        report: Report,
        typed: Option<Typed>,
    ) -> Result<Code, Code> {
        log::event(&report.event, report.problem.as_deref());
        match (&report.answer, typed) {
            (Answer::PassOn(Handover::Whole), Some(typed)) if !self.args.second_step => {
                host.set_authtok(&typed)?;
            }
            (Answer::PassOn(Handover::Prefix(prefix)), _) => host.set_authtok(prefix)?,
            _ => {}
        }
        if let Some(low) = &report.low {
            log::warning(&notice(&report.event, low));
        }
        host.remember(answer::standing_of(&report, self.words))?;
        if let Some(user) = &report.user {
            host.set_user(&self.named_as_typed(user))?;
        }
        Ok(answer::of_login(&report.answer))
    }

    /// The account, in the form in which the host names others: whoever types an alias with the site's own
    /// domain would have typed it behind the account as well, and the mailbox may be named by it.
    fn named_as_typed(&self, user: &AccountName) -> String {
        match &self.domain {
            Some(domain) if !user.as_str().contains('@') => format!("{user}@{domain}"),
            _ => user.to_string(),
        }
    }

    pub(crate) fn visitor(&self) -> Visitor<'_> {
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
        name(&event.kind),
        low.left
    )
}

fn load(path: &Path) -> Result<Config, String> {
    site::load_config(path).map_err(|error| format!("{error}. {}", error.remedy()))
}

#[cfg(test)]
#[path = "hooks_tests.rs"]
mod tests;
