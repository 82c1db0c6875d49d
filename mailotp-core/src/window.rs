//! The window: the time in which a spent code still opens the same door.
//!
//! ```text
//!             code accepted                 idle, or lifetime over, or ended, or
//!  (nothing) ───────────────► open ──────── key, rules or clock changed ────────► (gone)
//!                             │  ▲
//!                             └──┘ same code, account, group, network: used again
//! ```

use std::time::Duration;

use crate::clock::Timestamp;
use crate::crypto::Tag;
use crate::id::CredentialId;
use crate::request::Network;

/// How far a clock may be behind the newest event before windows and TOTP are not trusted to it.
pub const CLOCK_TOLERANCE: Duration = Duration::from_secs(60);

/// The idle limit moves at most this often: a window of webmail is used many times a second.
const TOUCH_EVERY: Duration = Duration::from_secs(60);

/// A window that was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Names it.
    pub id: CredentialId,
    /// The credential whose code opened it.
    pub credential: CredentialId,
    /// What it binds.
    pub key: WindowKey,
    /// When it was opened.
    pub opened: Timestamp,
    /// When it was used last, give or take [`TOUCH_EVERY`].
    pub used: Timestamp,
    /// For `grace list`: the service that opened it.
    pub service: String,
    /// For `grace list`: the address that opened it.
    pub remote: String,
}

/// What a window binds. The tag covers account and code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WindowKey {
    /// Of account and code.
    pub tag: Tag,
    /// The group of the service.
    pub group: String,
    /// The network of the remote.
    pub network: Network,
    /// Of the rules under which it was opened: others close it.
    pub policy: Tag,
}

/// What the rule that decides here asks of a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Binding {
    /// Same code, group and network.
    #[default]
    Address,
    /// Same code, wherever it was opened.
    Secret,
    /// There are no windows here.
    Off,
}

/// How long windows last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Since it was used last.
    pub idle: Duration,
    /// Since it was opened.
    pub lifetime: Duration,
}

impl Window {
    /// Whether it is open at `now`.
    pub fn is_open(&self, limits: Limits, now: Timestamp) -> bool {
        now < self.idle_until(limits) && now < self.until(limits)
    }

    /// When it ends if nobody uses it.
    pub fn idle_until(&self, limits: Limits) -> Timestamp {
        self.used.plus(limits.idle)
    }

    /// When it ends whatever happens.
    pub fn until(&self, limits: Limits) -> Timestamp {
        self.opened.plus(limits.lifetime)
    }

    /// Whether its idle limit should move now. It moves with the first who comes back, too: then it is known
    /// that it is not fresh.
    pub fn wants_touch(&self, limits: Limits, now: Timestamp) -> bool {
        now >= self.used.plus(TOUCH_EVERY.min(limits.idle / 8))
            || self.is_fresh() && now > self.opened
    }

    /// Whether nobody has come back in it. Then the code that opened it may be spent in the memory of the
    /// machine alone: a power cut would bring the code back, when somebody was let in by the window already.
    pub fn is_fresh(&self) -> bool {
        self.used == self.opened
    }

    /// Whether it answers for `key`.
    pub fn answers(&self, key: &WindowKey, binding: Binding) -> bool {
        self.is_at(key, binding) && self.key.tag == key.tag
    }

    /// Whether it answers for some code in the place of `key`.
    pub fn is_at(&self, key: &WindowKey, binding: Binding) -> bool {
        let same_place = self.key.group == key.group && self.key.network == key.network;
        let bound = match binding {
            Binding::Address => same_place,
            Binding::Secret => true,
            Binding::Off => false,
        };
        bound && self.key.policy == key.policy
    }
}

/// The open window that answers for `key`.
pub fn find<'a>(
    windows: &'a [Window],
    key: &WindowKey,
    binding: Binding,
    limits: Limits,
    now: Timestamp,
) -> Option<&'a Window> {
    windows
        .iter()
        .find(|window| window.answers(key, binding) && window.is_open(limits, now))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Remote;

    const LIMITS: Limits = Limits {
        idle: Duration::from_secs(600),
        lifetime: Duration::from_secs(7200),
    };

    fn key(tag: u8, group: &str, remote: &str, policy: u8) -> WindowKey {
        WindowKey {
            tag: Tag([tag; 16]),
            group: group.into(),
            network: Remote::parse(remote).unwrap().network(),
            policy: Tag([policy; 16]),
        }
    }

    fn window() -> Window {
        Window {
            id: CredentialId::stored("w".into()),
            credential: CredentialId::stored("c".into()),
            key: key(1, "mail", "192.0.2.1", 9),
            opened: Timestamp(1000),
            used: Timestamp(1000),
            service: "imap".into(),
            remote: "192.0.2.1".into(),
        }
    }

    /// CVE-2025-30189, CVE-2007-6598 Dovecot: a shared cache key gave the wrong user's answer.
    #[test]
    fn cve_2025_30189_a_window_answers_for_its_own_code_group_place_and_rules_only() {
        let found = |key: WindowKey, binding| {
            find(&[window()], &key, binding, LIMITS, Timestamp(1001)).is_some()
        };
        assert!(found(key(1, "mail", "192.0.2.1", 9), Binding::Address));
        assert!(!found(key(2, "mail", "192.0.2.1", 9), Binding::Address));
        assert!(!found(key(1, "sshd", "192.0.2.1", 9), Binding::Address));
        assert!(!found(key(1, "mail", "192.0.2.2", 9), Binding::Address));
        assert!(!found(key(1, "mail", "192.0.2.1", 8), Binding::Address));
        assert!(found(key(1, "sshd", "192.0.2.2", 9), Binding::Secret));
        assert!(!found(key(2, "mail", "192.0.2.1", 9), Binding::Secret));
        assert!(!found(key(1, "mail", "192.0.2.1", 9), Binding::Off));
    }

    #[test]
    fn a_window_ends_when_idle_and_in_any_case_after_its_lifetime() {
        let open = |used, now| {
            Window {
                used: Timestamp(used),
                ..window()
            }
            .is_open(LIMITS, Timestamp(now))
        };
        assert!(open(1000, 1599));
        assert!(!open(1000, 1600));
        assert!(open(8000, 8199));
        assert!(!open(8000, 8200));
    }

    /// In the second that it was opened in there is nothing that could move.
    #[test]
    fn the_idle_limit_moves_with_the_first_who_comes_back() {
        assert!(!window().wants_touch(LIMITS, Timestamp(1000)));
        assert!(window().wants_touch(LIMITS, Timestamp(1001)));
    }

    #[test]
    fn the_idle_limit_moves_at_most_once_a_minute() {
        let window = || Window {
            opened: Timestamp(900),
            ..window()
        };
        assert!(!window().wants_touch(LIMITS, Timestamp(1059)));
        assert!(window().wants_touch(LIMITS, Timestamp(1060)));
        let short = Limits {
            idle: Duration::from_secs(16),
            ..LIMITS
        };
        assert!(window().wants_touch(short, Timestamp(1002)));
    }
}
