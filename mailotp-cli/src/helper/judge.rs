//! Logins that are judged for modules in processes of others.

use std::time::{Instant, SystemTime};

use mailotp_core::config::Enrolment;
use mailotp_core::helper::judge::{Judged, Question};
use mailotp_core::site::{Site, load_config};

use super::Caller;
use super::guests::Seat;
use crate::cli::Cli;
use crate::door;

/// Answers a question, if the caller may ask it: about their own account, or a trusted user about any.
pub fn answer(cli: &Cli, caller: &Caller, seat: &Seat, question: Question) -> Judged {
    let Ok(mut config) = load_config(&cli.config) else {
        return Judged::NotYours;
    };
    if question.nullok {
        config.enrolment = Enrolment::Optional;
    }
    let Some(account) = question.account(&config.naming) else {
        return Judged::NotYours;
    };
    let is_trusted = caller.is_administrator || config.helper.trusted.contains(&caller.name);
    if !is_trusted && caller.account(&config).as_ref() != Some(&account) {
        return Judged::NotYours;
    }
    // Mail servers have many workers; other users have no more questions at once than commands.
    let table = if is_trusted { None } else { seat.table() };
    if !is_trusted && table.is_none() {
        return Judged::NotYours;
    }
    // A key ring or a store that cannot be used is a refusal; the module says so by itself.
    let Ok(site) = Site::of(config) else {
        return Judged::NotYours;
    };
    let deadline = Instant::now() + site.config.timeout;
    door::at(&site, Some(deadline), |door| {
        question.judge(&account, door, SystemTime::now().into())
    })
}
