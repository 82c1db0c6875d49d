//! Logins that are judged for modules in processes of others.

use std::time::{Instant, SystemTime};

use mailotp_core::authenticate::Door;
use mailotp_core::config::Enrolment;
use mailotp_core::crypto::HeapArena;
use mailotp_core::helper::judge::{Judged, Question};
use mailotp_core::site::{Site, load_config};

use super::Caller;
use crate::cli::Cli;
use crate::context::{System, host_name};

/// Answers a question, if the caller may ask it: about their own account, or a trusted user about any.
pub fn answer(cli: &Cli, caller: &Caller, question: Question) -> Judged {
    let Ok(mut config) = load_config(&cli.config) else {
        return Judged::NotYours;
    };
    if question.nullok {
        config.enrolment = Enrolment::Optional;
    }
    let Some(account) = question.account(&config.naming) else {
        return Judged::NotYours;
    };
    let may = caller.is_administrator
        || config.helper.trusted.contains(&caller.name)
        || caller.account(&config).as_ref() == Some(&account);
    if !may {
        return Judged::NotYours;
    }
    // A key ring or a store that cannot be used is a refusal; the module says so by itself.
    let Ok(site) = Site::of(config) else {
        return Judged::NotYours;
    };
    let deadline = Instant::now() + site.config.timeout;
    let host = host_name();
    let mut door = Door {
        site: &site,
        open_store: &mut || Ok(Box::new(site.open_store()?.until(deadline))),
        random: &mut System,
        arena: &mut HeapArena,
        host: &host,
        mark: &mut |generation| site.mark().note(generation),
    };
    question.judge(&account, &mut door, SystemTime::now().into())
}
