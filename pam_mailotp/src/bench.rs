//! Who judges: this process, or the helper, where this process may not open the key ring and the store.

use std::cell::RefCell;
use std::path::PathBuf;
use std::time::{Instant, SystemTime};

use mailotp_core::authenticate::{Door, Earlier, Gate, Opening, Report, Visitor};
use mailotp_core::clock::{NoRandomness, Random};
use mailotp_core::config::Config;
use mailotp_core::decide::Answer;
use mailotp_core::helper::client;
use mailotp_core::helper::judge::{Judged, Phase, Question};
use mailotp_core::helper::wire::Bytes;
use mailotp_core::prompt;
use mailotp_core::request::{Request, Secret};
use mailotp_core::site::{Access, Site, SiteError};
use mailotp_core::store::Store;

use crate::ffi;
use crate::hooks::Call;
use crate::host::Typed;
use crate::sizes::Limited;

/// The kernel's randomness.
pub struct System;

impl Random for System {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        getrandom::fill(bytes).map_err(|_| NoRandomness)
    }
}

/// Who judges.
pub enum Bench {
    /// This process.
    Here(Box<Own>),
    /// The helper; and why not this process.
    Helper(Box<(Config, SiteError)>),
}

/// What this process judges with.
pub struct Own {
    site: Site,
    /// The store, while somebody is asked.
    kept: RefCell<Option<Box<dyn Store>>>,
}

impl Drop for Own {
    /// Whoever closes a store may bring its log into the file.
    fn drop(&mut self) {
        let _limited = Limited::now();
        self.kept.take();
    }
}

impl Bench {
    /// This process, if it can. Where it may not open the key ring, and the helper's socket is there, the
    /// helper. Otherwise nobody judges, and the configuration comes back.
    pub fn of(config: Config) -> Result<Bench, Box<(Config, SiteError)>> {
        match Site::of(config) {
            Ok(site) => Ok(Bench::Here(Box::new(Own {
                site,
                kept: RefCell::default(),
            }))),
            Err(failed) if failed.1.is_forbidden() && failed.0.helper.socket.exists() => {
                Ok(Bench::Helper(failed))
            }
            Err(failed) => Err(failed),
        }
    }

    /// The configuration by which it judges.
    pub fn config(&self) -> &Config {
        match self {
            Bench::Here(site) => &site.site.config,
            Bench::Helper(site) => &site.0,
        }
    }

    pub fn opening(&self, call: &Call) -> Opening {
        match self {
            Bench::Here(own) => here(call, own, |door, visitor| door.opening(visitor, call.now)),
            Bench::Helper(site) => match helper(call, site, Phase::Opening) {
                Ok(Judged::Ask(prompt)) => Opening::Ask(prompt),
                Ok(Judged::Report(told)) => Opening::Done(Box::new((*told).into())),
                // Whoever goes on to the next module all the same is asked for it.
                other => match unanswered(call, site, other) {
                    report if goes_on(&report) => Opening::Ask(prompt::PASSWORD.to_owned()),
                    report => Opening::Done(Box::new(report)),
                },
            },
        }
    }

    /// `None`: what a module before has asked for was to be used, and is not there.
    pub fn login(&self, call: &Call, typed: Option<&Typed>) -> Report {
        match (self, typed) {
            (Bench::Here(own), None) => {
                here(call, own, |door, visitor| door.unasked(visitor, call.now))
            }
            (Bench::Here(own), Some(typed)) => match Secret::new(typed.clone()) {
                Err(why) => here(call, own, |door, visitor| {
                    door.malformed(visitor, call.now, why.to_string())
                }),
                Ok(secret) => {
                    let request = Request {
                        account: call.account.clone(),
                        service: call.service.clone(),
                        remote: call.remote,
                        secret,
                        alias: None,
                        second_step: call.args.second_step,
                    };
                    // The answer may have taken minutes: the clock is read again.
                    let now = SystemTime::now().into();
                    here(call, own, |door, _| door.login(request, now))
                }
            },
            (Bench::Helper(site), typed) => {
                let phase =
                    typed.map_or(Phase::Unasked, |typed| Phase::Login(Bytes(typed.clone())));
                match helper(call, site, phase) {
                    Ok(Judged::Report(told)) => (*told).into(),
                    other => unanswered(call, site, other),
                }
            }
        }
    }

    pub fn gate(&self, call: &Call, typed: &Typed) -> Result<Gate, Box<Report>> {
        match self {
            Bench::Here(own) => here(call, own, |door, visitor| {
                door.gate(visitor, typed, call.now)
            }),
            Bench::Helper(site) => match helper(call, site, Phase::Gate(Bytes(typed.clone()))) {
                Ok(Judged::Gate(true)) => Ok(Gate::GoOn),
                Ok(Judged::Gate(false)) => Ok(Gate::Stop),
                Ok(Judged::Report(told)) => Err(Box::new((*told).into())),
                other => match unanswered(call, site, other) {
                    report if goes_on(&report) => Ok(match typed.as_slice() {
                        b"" | b"?" => Gate::Stop,
                        _ => Gate::GoOn,
                    }),
                    report => Err(Box::new(report)),
                },
            },
        }
    }

    pub fn account(&self, call: &Call, earlier: Earlier) -> Option<Report> {
        match self {
            Bench::Here(own) => here(call, own, |door, visitor| {
                door.account(visitor, earlier, call.now)
            }),
            Bench::Helper(site) => match helper(call, site, Phase::Account(earlier)) {
                Ok(Judged::Clear) => None,
                Ok(Judged::Report(told)) => Some((*told).into()),
                other => Some(unanswered(call, site, other)),
            },
        }
    }
}

fn here<T>(call: &Call, own: &Own, work: impl FnOnce(&mut Door<'_>, Visitor<'_>) -> T) -> T {
    let Own { site, kept } = own;
    // One deadline over all that one question to the store takes, the hash included.
    let deadline = Instant::now() + site.config.timeout;
    ffi::sleep_until(deadline);
    ffi::hang_bell();
    let _limited = Limited::now();
    let mut mark = site.marker();
    let mut door = Door {
        site,
        open_store: &mut || {
            if let Some(mut store) = kept.take()
                && store.resume(deadline)
            {
                return Ok(store);
            }
            Ok(site.open_store(Access::Login(deadline))?)
        },
        keep_store: Some(&mut |mut store| {
            if store.pause() {
                kept.replace(Some(store));
            }
        }),
        random: &mut System,
        arena: &mut ffi::MappedArena,
        host: &call.host_name,
        mark: mark.as_mut().map(|mark| mark as &mut dyn FnMut(u64)),
    };
    work(&mut door, call.visitor())
}

fn helper(
    call: &Call,
    site: &(Config, SiteError),
    phase: Phase,
) -> Result<Judged, client::ClientError> {
    let config = &site.0;
    let question = Question {
        phase,
        account: call.account.to_string(),
        service: call.service.to_string(),
        remote: call.remote.to_string(),
        second_step: call.args.second_step,
        nullok: call.args.nullok,
    };
    let socket: &PathBuf = &config.helper.socket;
    let deadline = Instant::now() + config.timeout;
    client::judge(socket, &call.args.config, question, deadline)
}

/// The user is exempt, or the mode observes.
fn goes_on(report: &Report) -> bool {
    matches!(report.answer, Answer::PassOn(_))
}

/// The helper has said nothing that is of use: as if the key ring could not be opened at all.
fn unanswered(
    call: &Call,
    site: &(Config, SiteError),
    said: Result<Judged, client::ClientError>,
) -> Report {
    let (config, error) = site;
    let report = call.unavailable(config, error);
    let why = match said {
        Err(why) => why.to_string(),
        Ok(_) => "the helper does not judge this account for this process".to_owned(),
    };
    Report {
        problem: Some(match report.problem {
            Some(problem) => format!("{why}; {problem}"),
            None => why,
        }),
        ..report
    }
}
