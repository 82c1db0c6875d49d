//! From an answer to a PAM code: the table of the manual, section "Return values".

use mailotp_core::authenticate::{Gate, Report};
use mailotp_core::decide::Answer;
use pam::constants::PamResultCode;

use crate::host::{Standing, Words};

/// What `auth` returns.
pub fn of_login(answer: &Answer) -> PamResultCode {
    match answer {
        Answer::Accept => PamResultCode::PAM_SUCCESS,
        Answer::PassOn(_) => PamResultCode::PAM_IGNORE,
        Answer::Refuse => PamResultCode::PAM_AUTH_ERR,
        Answer::Deny => PamResultCode::PAM_PERM_DENIED,
        Answer::Throttle => PamResultCode::PAM_MAXTRIES,
        Answer::Unavailable => PamResultCode::PAM_AUTHINFO_UNAVAIL,
    }
}

/// What the gate returns: "go on" or the end of the login, never success.
pub fn of_gate(gate: Gate) -> PamResultCode {
    match gate {
        Gate::GoOn => PamResultCode::PAM_USER_UNKNOWN,
        Gate::Stop => PamResultCode::PAM_AUTH_ERR,
    }
}

/// What the phases that follow on the same handle are told of a login that was judged by these words.
pub fn standing_of(report: &Report, words: Words) -> Standing {
    match report.answer {
        Answer::Accept => Standing::Accepted(words),
        Answer::PassOn(_) if report.event.would.is_some() => Standing::Observed,
        Answer::PassOn(_) => Standing::PassedOn,
        Answer::Refuse | Answer::Deny | Answer::Throttle | Answer::Unavailable => Standing::Refused,
    }
}
