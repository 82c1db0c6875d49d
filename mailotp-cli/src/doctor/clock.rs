//! The clock: whether anybody keeps it.

use mailotp_core::clock::Timestamp;

use super::finding::{Area, Code, Report};

/// The store does not trust a clock that is further behind its newest event.
const TOLERANCE: i64 = 60;

/// What the kernel says of its clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sync {
    /// Somebody keeps it.
    Kept,
    /// Nobody does.
    Free,
    /// It does not say: containers often may not ask.
    Unknown,
}

/// Looks at the clock. `newest` is the time of the newest event.
pub fn check(sync: Sync, now: Timestamp, newest: Option<Timestamp>, report: &mut Report) {
    match sync {
        Sync::Kept => report.checked(Area::Clock, "it is synchronised"),
        Sync::Unknown => report.checked(
            Area::Clock,
            "the kernel does not say whether \
             it is synchronised",
        ),
        Sync::Free => report.warning(
            Code::ClockUnsynchronised,
            "the clock",
            "the clock is not synchronised: once it is off by more than a period, no \
             code of an authenticator is right",
            "Run: timedatectl set-ntp true (or install chrony)",
        ),
    }
    if let Some(newest) = newest.filter(|newest| newest.0 > now.0 + TOLERANCE) {
        report.warning(
            Code::ClockBehind,
            "the clock",
            format!(
                "the clock is {} seconds behind the newest event: no window opens, and \
                 no code of an authenticator is taken",
                newest.0 - now.0
            ),
            "Set the clock; if it is right: mailotp-cli clock accept",
        );
    }
}

/// Asks the kernel, and changes nothing.
pub fn ask() -> Sync {
    // SAFETY: `timex` is plain numbers, for which all zeroes are valid; `modes` of 0 only reads, and
    // the kernel writes within the struct that is ours.
    let (state, status) = unsafe {
        let mut answer: libc::timex = std::mem::zeroed();
        let state = libc::adjtimex(&raw mut answer);
        (state, answer.status)
    };
    if state < 0 {
        Sync::Unknown
    } else if state == libc::TIME_ERROR || status & libc::STA_UNSYNC != 0 {
        Sync::Free
    } else {
        Sync::Kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(sync: Sync, newest: Option<i64>) -> Vec<&'static str> {
        let mut report = Report::default();
        check(sync, Timestamp(1_000), newest.map(Timestamp), &mut report);
        let found = report.findings.iter().map(|one| one.code.as_str());
        found.collect()
    }

    #[test]
    fn a_clock_that_nobody_keeps_is_a_warning_and_one_that_does_not_say_is_none() {
        assert_eq!(look(Sync::Free, None), ["clock-unsynchronised"]);
        assert_eq!(look(Sync::Unknown, None), [] as [&str; 0]);
        assert_eq!(look(Sync::Kept, Some(1_060)), [] as [&str; 0]);
    }

    #[test]
    fn a_clock_behind_the_newest_event_is_a_warning() {
        assert_eq!(look(Sync::Kept, Some(1_061)), ["clock-behind"]);
    }

    #[test]
    fn the_kernel_may_be_asked() {
        let _ = ask();
    }
}
