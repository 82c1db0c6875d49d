//! Whether a database is the one that was written to last.
//!
//! A standby that is promoted may lack what was committed last: codes that were spent there are unspent
//! again. PostgreSQL says that a server was promoted, by a new *timeline*, but not what it lacks. So every
//! host remembers outside of the database how far the counters had come that it has seen ([`Witness`]), and
//! says with the next login whether the database still has all of it.
//!
//! ```text
//!   timeline as it was   counters as far as this host has seen   ▶ sound
//!                        behind that                             ▶ an old copy: refused
//!   a new timeline       behind                                  ▶ commits are lost: as after a restore
//!                        as far                                  ▶ this host vouches, and waits until the others have,
//!                                                                  unless every commit has waited for a standby
//! ```
//!
//! [`Witness`]: super::witness::Witness

use super::witness::{Counts, HostId};
use crate::clock::Timestamp;
use crate::store::DAY;

/// A host that has not been seen for so long is not waited for.
const AWAY: i64 = 30 * DAY;

/// A mail host that uses this store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// What it remembers itself by.
    pub id: HostId,
    /// How it calls itself.
    pub name: String,
    /// For which timeline it has vouched.
    pub timeline: i64,
    /// When it came last, to the day.
    pub seen: Timestamp,
}

/// What the database says.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// The timeline that all hosts have vouched for.
    pub vouched: i64,
    /// The one that it is on.
    pub timeline: i64,
    pub counts: Counts,
    pub generation: u64,
    /// The database's clock.
    pub now: Timestamp,
}

/// What this host knows.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub me: HostId,
    pub counts: Counts,
    pub generation: u64,
    /// Every commit has waited for a standby, by what the configuration says.
    pub in_step: bool,
    /// The timeline that this host has vouched for last, as the database remembers it.
    pub vouched: Option<i64>,
}

/// What to make of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lineage {
    /// Nothing has happened.
    Sound,
    /// Somebody has put an old copy in its place.
    OldCopy,
    /// It was promoted, and lacks what this host has seen.
    Lost,
    /// It was promoted, and has all that this host has seen.
    Promoted,
}

pub(super) fn judge(found: &Found, known: &Known) -> Lineage {
    let behind = found.generation < known.generation || found.counts.is_behind(&known.counts);
    match behind {
        // A host that has vouched for this very timeline has seen more of it.
        true if known.vouched == Some(found.timeline) => Lineage::OldCopy,
        true => Lineage::Lost,
        false if found.vouched == found.timeline => Lineage::Sound,
        false => Lineage::Promoted,
    }
}

/// The hosts whose word for a promoted database is waited for.
pub(super) fn silent(hosts: &[Host], found: &Found, known: &Known) -> Vec<String> {
    let waited_for = hosts.iter().filter(|host| {
        !known.in_step
            && host.id != known.me
            && host.timeline != found.timeline
            && found.now.0 - host.seen.0 < AWAY
    });
    waited_for.map(|host| host.name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(id: &str, timeline: i64, seen: i64) -> Host {
        Host {
            id: HostId::new(id),
            name: format!("mail-{id}"),
            timeline,
            seen: Timestamp(seen),
        }
    }

    fn counts(number: u64) -> Counts {
        let mut counts = Counts::default();
        counts.raise(3, number);
        counts
    }

    fn found(timeline: i64, count: u64) -> Found {
        Found {
            vouched: 1,
            timeline,
            counts: counts(count),
            generation: 9,
            now: Timestamp(1000),
        }
    }

    fn known(count: u64) -> Known {
        Known {
            me: HostId::new("a"),
            counts: counts(count),
            generation: 9,
            in_step: false,
            vouched: Some(1),
        }
    }

    #[test]
    fn what_has_all_that_was_seen_is_sound() {
        assert_eq!(judge(&found(1, 5), &known(5)), Lineage::Sound);
        assert_eq!(judge(&found(1, 7), &known(5)), Lineage::Sound);
        assert_eq!(judge(&found(2, 5), &known(5)), Lineage::Promoted);
    }

    #[test]
    fn what_is_behind_is_an_old_copy_or_has_lost_something() {
        assert_eq!(judge(&found(1, 4), &known(5)), Lineage::OldCopy);
        assert_eq!(judge(&found(2, 4), &known(5)), Lineage::Lost);
        let newer = Known {
            generation: 10,
            ..known(5)
        };
        assert_eq!(judge(&found(1, 5), &newer), Lineage::OldCopy);
        // Others have vouched already, and this host comes late.
        let late = Found {
            vouched: 2,
            ..found(2, 4)
        };
        assert_eq!(judge(&late, &known(5)), Lineage::Lost);
        // It had just come, and that is lost with the rest.
        let new = Known {
            vouched: None,
            ..known(5)
        };
        assert_eq!(judge(&found(1, 4), &new), Lineage::Lost);
    }

    #[test]
    fn other_hosts_are_waited_for_unless_a_standby_was_or_they_are_long_gone() {
        let hosts = [host("a", 1, 0), host("b", 1, 0), host("c", 2, 0)];
        assert_eq!(silent(&hosts, &found(2, 5), &known(5)), ["mail-b"]);
        let in_step = Known {
            in_step: true,
            ..known(5)
        };
        assert!(silent(&hosts, &found(2, 5), &in_step).is_empty());
        let later = Found {
            now: Timestamp(AWAY),
            ..found(2, 5)
        };
        assert!(silent(&hosts, &later, &known(5)).is_empty());
    }
}
