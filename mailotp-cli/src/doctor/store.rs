//! The store: whether it can be used, and how it ages.

use std::time::Duration;

use mailotp_core::site::SiteError;
use mailotp_core::store::Inspection;
use mailotp_core::store::StoreError;

use super::finding::{Area, Code, Report};

/// Nobody reads a log of more events.
const MANY_EVENTS: u64 = 1_000_000;
/// Or one that has made the file this large.
const LARGE: u64 = 1 << 30;
/// SQLite writes back what is in the write-ahead log from 4 MiB on, if nobody keeps it from it.
const LONG_WAL: u64 = 64 << 20;
const DAY: u64 = 86_400;

/// What there is to know of a store without opening it.
pub struct Facts {
    /// Its path.
    pub path: String,
    /// How many bytes it has.
    pub size: u64,
    /// How many its write-ahead log has.
    pub wal: u64,
    /// How long the log is to be kept.
    pub keep: Duration,
}

/// Looks at a store that could be opened.
pub fn check(facts: &Facts, found: &Inspection, report: &mut Report) {
    let before = report.findings.len();
    if let Some(damage) = found.damage.first() {
        report.error(
            Code::StoreDamaged,
            &facts.path,
            format!("SQLite finds damage in it: {damage}"),
            "Stop the mail server, keep the damaged file, and put the newest copy back, \
             as the README has it",
        );
    }
    if found.events > MANY_EVENTS || facts.size > LARGE {
        let days = facts.keep.as_secs() / DAY;
        report.warning(
            Code::StoreLog,
            &facts.path,
            format!(
                "it has {} events in {} MiB: every copy of it takes long",
                found.events,
                facts.size >> 20
            ),
            format!(
                "Run: mailotp-cli maintain, every day: it drops what is older than the {days} days of \
                 log.keep"
            ),
        );
    }
    if facts.wal > LONG_WAL {
        report.warning(
            Code::StoreWal,
            format!("{}-wal", facts.path),
            format!(
                "the write-ahead log has {} MiB: some process reads the store \
                 without an end, and every login gets slower",
                facts.wal >> 20
            ),
            format!("Look for the process, and end it: fuser -v {}", facts.path),
        );
    }
    if report.findings.len() == before {
        report.checked(
            Area::Store,
            format!("{} is sound, with {} events", facts.path, found.events),
        );
    }
}

/// Why a store could not be opened.
pub fn unusable(path: &str, error: &SiteError, report: &mut Report) {
    let code = match error {
        SiteError::Store(StoreError::Newer { .. } | StoreError::Older { .. }) => Code::StoreVersion,
        SiteError::Store(StoreError::OldCopy { .. }) => Code::StoreOld,
        SiteError::Store(StoreError::Failed(why)) if why.contains("malformed") => {
            Code::StoreDamaged
        }
        _ => Code::StoreUnusable,
    };
    report.error(
        code,
        path,
        format!("{error}: every login that needs it is refused"),
        error.remedy(),
    );
}

/// A store that can be used, and where nothing that works once only is used up.
pub fn unspendable(path: &str, why: &StoreError, report: &mut Report) {
    report.error(
        Code::StoreUnusable,
        path,
        format!("{why}: every one-time code is refused"),
        why.remedy(),
    );
}

/// One-time user names need a server that takes the name back from PAM.
pub fn aliases(path: &str, found: &Inspection, taken_back: bool, report: &mut Report) {
    if found.aliases > 0 && !taken_back {
        report.warning(
            Code::AliasIgnored,
            path,
            format!(
                "there are {} one-time user names, and no server that asks mailotp \
                 takes the user name back from PAM: sshd, saslauthd and Courier find no \
                 mailbox for them",
                found.aliases
            ),
            "Let Dovecot ask mailotp, or revoke them: mailotp-cli --user NAME revoke ID",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Severity;

    fn facts() -> Facts {
        Facts {
            path: "m.db".into(),
            size: 1 << 20,
            wal: 4 << 20,
            keep: Duration::from_secs(90 * DAY),
        }
    }

    #[track_caller]
    fn codes(report: &Report) -> Vec<(&'static str, Severity)> {
        let found = report.findings.iter();
        found.map(|one| (one.code.as_str(), one.severity)).collect()
    }

    fn look(facts: &Facts, found: &Inspection) -> Vec<(&'static str, Severity)> {
        let mut report = Report::default();
        check(facts, found, &mut report);
        codes(&report)
    }

    #[test]
    fn a_sound_store_of_today_is_in_order() {
        assert_eq!(look(&facts(), &Inspection::default()), []);
    }

    #[test]
    fn damage_is_an_error() {
        let damaged = Inspection {
            damage: vec!["wrong # of entries in index event_of_account".into()],
            ..Inspection::default()
        };
        assert_eq!(
            look(&facts(), &damaged),
            [("store-damaged", Severity::Error)]
        );
    }

    #[test]
    fn a_huge_log_is_a_warning_by_its_events_or_its_size() {
        let many = Inspection {
            events: MANY_EVENTS + 1,
            ..Inspection::default()
        };
        assert_eq!(look(&facts(), &many), [("store-log", Severity::Warning)]);
        let large = Facts {
            size: LARGE + 1,
            ..facts()
        };
        assert_eq!(
            look(&large, &Inspection::default()),
            [("store-log", Severity::Warning)]
        );
    }

    #[test]
    fn a_write_ahead_log_that_only_grows_is_a_warning() {
        let long = Facts {
            wal: LONG_WAL + 1,
            ..facts()
        };
        assert_eq!(
            look(&long, &Inspection::default()),
            [("store-wal", Severity::Warning)]
        );
    }

    #[test]
    fn what_keeps_a_store_from_being_used_has_its_code() {
        for (error, code) in [
            (StoreError::Newer { found: 9 }, "store-version"),
            (StoreError::Older { found: 1 }, "store-version"),
            (
                StoreError::OldCopy {
                    found: 1,
                    expected: 2,
                },
                "store-old",
            ),
            (
                StoreError::Failed("database disk image is malformed".into()),
                "store-damaged",
            ),
            (StoreError::Missing("m.db".into()), "store-unusable"),
        ] {
            let mut report = Report::default();
            unusable("m.db", &error.into(), &mut report);
            assert_eq!(codes(&report), [(code, Severity::Error)]);
            assert!(!report.findings[0].remedy.is_empty());
        }
    }

    #[test]
    fn one_time_user_names_want_a_server_that_takes_the_name_back() {
        let some = Inspection {
            aliases: 3,
            ..Inspection::default()
        };
        for (found, taken_back, expected) in [
            (&some, false, &[("alias-ignored", Severity::Warning)][..]),
            (&some, true, &[]),
            (&Inspection::default(), false, &[]),
        ] {
            let mut report = Report::default();
            aliases("m.db", found, taken_back, &mut report);
            assert_eq!(codes(&report), expected);
        }
    }
}
