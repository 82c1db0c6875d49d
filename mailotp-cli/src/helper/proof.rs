//! Proof that it is the account's user who asks, and not only somebody who sits at their shell.

use std::net::IpAddr;

use mailotp_core::account::{Credential, Kind};
use mailotp_core::authenticate::{Door, Opening, Visitor};
use mailotp_core::clock::Timestamp;
use mailotp_core::decide::Answer;
use mailotp_core::request::{AccountName, Remote, Request, Secret, Service};
use mailotp_core::site::{Access, Site, SiteError};

use crate::door;
use crate::error::{CliError, NOT_PERMITTED, UNUSABLE};
use crate::input;

/// The service as which a proof is judged.
const MANAGE: &str = "manage";

/// Asks for one of the account's one-time codes, if it has any that is live. Its window lets several
/// commands in a row go on with one.
pub fn of_a_code(site: &Site, account: &AccountName, now: Timestamp) -> Result<(), CliError> {
    match Codes::of(site, account, now)? {
        Codes::None => Ok(()),
        Codes::Elsewhere => Err(CliError::new(
            NOT_PERMITTED,
            "the account's codes are for other services or networks, and prove nothing here",
            "Ask an operator or an administrator for a sheet without a scope.",
        )),
        Codes::Here => prove(site, account, Remote::Local, Asked::Code),
    }
}

/// Asks for a secret of the account that the rules accept for the service `manage`. Where the account
/// has codes, an app password, which some device stores, does not widen it.
///
/// `at` is where the user sits, if not here: a window that their code has opened there is good for `manage`, where it is in the
/// same group of services.
pub fn of_a_secret(
    site: &Site,
    account: &AccountName,
    at: Option<IpAddr>,
    widens: bool,
    now: Timestamp,
) -> Result<(), CliError> {
    let wants_code = widens && !matches!(Codes::of(site, account, now)?, Codes::None);
    let remote = at.map_or(Remote::Local, Remote::of_address);
    prove(site, account, remote, Asked::Secret { wants_code })
}

/// What codes an account has.
enum Codes {
    /// None that is live.
    None,
    /// Live ones, and all of them with a scope that does not reach here.
    Elsewhere,
    /// Some that is good here.
    Here,
}

impl Codes {
    fn of(site: &Site, account: &AccountName, now: Timestamp) -> Result<Codes, CliError> {
        let mut store = site.open_store(Access::Command)?;
        let snapshot = store.read(account, None).map_err(SiteError::from)?;
        let service = manage();
        let group = site.config.group_of(MANAGE);
        let mut codes = snapshot
            .credentials
            .iter()
            .filter(|credential| credential.is_live(now) && is_code(&credential.kind))
            .peekable();
        if codes.peek().is_none() {
            return Ok(Codes::None);
        }
        let reach =
            |credential: &Credential| credential.scope.reaches(&service, group, Remote::Local);
        Ok(if codes.any(reach) {
            Codes::Here
        } else {
            Codes::Elsewhere
        })
    }
}

/// Each kind is named: a new one is a code, or it is not.
fn is_code(kind: &Kind) -> bool {
    match kind {
        Kind::Sheet { .. } | Kind::Sequence { .. } | Kind::Totp { .. } | Kind::Hotp { .. } => true,
        Kind::AppPassword { .. } | Kind::Alias { .. } => false,
    }
}

fn manage() -> Service {
    Service::new(MANAGE).expect("a service name")
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    Code,
    Secret { wants_code: bool },
}

fn prove(site: &Site, account: &AccountName, remote: Remote, asked: Asked) -> Result<(), CliError> {
    door::at(site, None, |door| prove_at(door, account, remote, asked))
}

fn prove_at(
    door: &mut Door<'_>,
    account: &AccountName,
    remote: Remote,
    asked: Asked,
) -> Result<(), CliError> {
    let service = manage();
    let visitor = Visitor {
        account,
        service: &service,
        remote,
        second_step: false,
    };
    let prompt = match (asked, door.opening(visitor, now())) {
        (Asked::Code, _) => door.challenge(account, now()),
        (_, Opening::Ask(prompt)) => prompt,
        (_, Opening::Done(_)) => "Password: ".to_owned(),
    };
    let typed = input::secret(&prompt)?;
    let refused = || {
        CliError::new(
            NOT_PERMITTED,
            "this is not one of the account's codes that are due",
            "Look at the challenge, and type that code; `mailotp-cli challenge` names it.",
        )
    };
    let secret = Secret::new(typed.as_bytes().to_vec().into()).map_err(|_| refused())?;
    let request = Request {
        account: account.clone(),
        service: service.clone(),
        remote,
        secret,
        alias: None,
        second_step: false,
    };
    let report = match asked {
        Asked::Code => door.prove(request, now()),
        Asked::Secret { .. } => door.login(request, now()),
    };
    let is_stored = report.event.kind.as_deref() == Some("app-password");
    match report.answer {
        Answer::Accept if is_stored && asked == (Asked::Secret { wants_code: true }) => {
            Err(refused())
        }
        Answer::Accept => Ok(()),
        Answer::Unavailable => Err(CliError::new(
            UNUSABLE,
            report.problem.unwrap_or_default(),
            "Ask an administrator.",
        )),
        Answer::Throttle => Err(CliError::new(
            NOT_PERMITTED,
            "too many wrong codes were typed",
            "Wait a minute, or ask an administrator for: mailotp-cli user forgive",
        )),
        _ => Err(refused()),
    }
}

fn now() -> Timestamp {
    std::time::SystemTime::now().into()
}
