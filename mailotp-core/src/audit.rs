//! Events: what happened, for the log of the store and for syslog. No secret has a field here.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::clock::Timestamp;

/// One line of the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// When; of several equal ones, the last.
    pub time: Timestamp,
    /// On which machine.
    pub host: String,
    /// Who changed something; `None` for logins.
    pub actor: Option<String>,
    /// The account, normalised; of a name that cannot be normalised, nothing.
    pub account: Option<String>,
    /// The service.
    pub service: Option<String>,
    /// An address, `local` or `unknown`.
    pub remote: Option<String>,
    /// What became of it.
    pub result: Verdict,
    /// Why.
    pub reason: Reason,
    /// Observe mode: the result would have been this.
    pub would: Option<Verdict>,
    /// The rule that decided.
    pub rule: Option<String>,
    /// The kind of the credential.
    pub kind: Option<String>,
    /// Its id.
    pub credential: Option<String>,
    /// How many equal ones this stands for.
    pub count: u32,
}

impl Event {
    /// Somebody has changed something; without an `actor`, it came about by itself. Whose account, and which
    /// credential of it, is for whoever knows to add.
    pub fn of_change(reason: Reason, time: Timestamp, host: &str, actor: Option<&str>) -> Event {
        Event {
            time,
            host: host.to_owned(),
            actor: actor.map(str::to_owned),
            account: None,
            service: None,
            remote: None,
            result: Verdict::Changed,
            reason,
            would: None,
            rule: None,
            kind: None,
            credential: None,
            count: 1,
        }
    }
}

/// The name of this machine, for events.
pub fn host_name() -> String {
    let name = nix::unistd::gethostname().ok();
    name.and_then(|name| name.into_string().ok())
        .unwrap_or_else(|| "localhost".to_owned())
}

/// Declares an enum whose variants have fixed names, readable in both directions.
macro_rules! names {
    ($(#[$meta:meta])* $type:ident { $($(#[$doc:meta])* $variant:ident = $name:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $type { $($(#[$doc])* $variant,)* }

        impl $type {
            /// Every one of them.
            pub const ALL: &[$type] = &[$($type::$variant,)*];

            /// Its name in the log.
            pub fn as_str(self) -> &'static str {
                match self { $($type::$variant => $name,)* }
            }

            /// The one of that name.
            pub fn parse(name: &str) -> Option<$type> {
                Self::ALL.iter().copied().find(|one| one.as_str() == name)
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<$type, D::Error> {
                let name = String::deserialize(from)?;
                $type::parse(&name).ok_or_else(|| de::Error::custom("no such word"))
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

names! {
    /// What became of it.
    Verdict {
        /// A fresh credential was right.
        Accepted = "accepted",
        /// A spent code, inside of its window.
        Continued = "continued",
        /// Left to the next module.
        Passed = "passed",
        /// The secret did not do.
        Refused = "refused",
        /// The rule did not allow it.
        Denied = "denied",
        /// The budget was used up.
        Throttled = "throttled",
        /// Something that must work did not.
        Unavailable = "unavailable",
        /// An administrator or owner changed something.
        Changed = "changed",
    }
}

impl Verdict {
    /// Whether a secret was right, and has let somebody in.
    pub fn is_right(self) -> bool {
        matches!(self, Verdict::Accepted | Verdict::Continued)
    }
}

names! {
    /// Why.
    Reason {
        /// A one-time code was right.
        Code = "code",
        /// A one-time code was right; the part before it goes to the next module.
        CodeAndPassword = "code-and-password",
        /// An app password was right.
        AppPassword = "app-password",
        /// The code's window is open.
        Window = "window",
        /// The rule accepts the main password.
        Password = "password",
        /// Nothing is enrolled, and enrolment is optional; in observe mode, also where it is required.
        NotEnrolled = "not-enrolled",
        /// The user is never judged.
        Exempt = "exempt",
        /// The password was judged before, and is enough here.
        SecondStep = "second-step",
        /// No credential says so.
        Wrong = "wrong",
        /// Used before.
        Spent = "spent",
        /// A right code, further ahead than the look-ahead window reaches.
        Ahead = "ahead",
        /// The kill code of a sheet: it is revoked.
        Killed = "killed",
        /// A code whose window is open elsewhere.
        Replay = "replay",
        /// Right, and too late.
        Expired = "expired",
        /// Right once; with `changed`: taken away now.
        Revoked = "revoked",
        /// Restored, and not looked at since.
        Suspended = "suspended",
        /// Right, and not for here.
        OutOfScope = "out-of-scope",
        /// A kind that the rule does not accept.
        NotAccepted = "not-accepted",
        /// An app password with a typing error.
        Mistyped = "mistyped",
        /// The user asked which code is due.
        Question = "question",
        /// A name or a secret that is refused unread.
        Malformed = "malformed",
        /// The account is locked or expired.
        Closed = "closed",
        /// The rule accepts nothing.
        Rule = "rule",
        /// No rule matches.
        NoRule = "no-rule",
        /// Too many wrong guesses.
        Budget = "budget",
        /// The clock is behind the newest event.
        Clock = "clock",
        /// The store failed or was too slow.
        Store = "store",
        /// The configuration or the key ring cannot be used.
        Configuration = "configuration",
        /// A change: a credential was made.
        Added = "added",
        /// A change: a credential became live.
        Confirmed = "confirmed",
        /// A change: a credential got another label.
        Renamed = "renamed",
        /// A change: a credential was given new codes in its place.
        Replaced = "replaced",
        /// A change: a PIN was set.
        PinSet = "pin-set",
        /// A change: a PIN was taken away.
        PinCleared = "pin-cleared",
        /// A change: the account has a rule of its own more.
        RuleAdded = "rule-added",
        /// A change: the account has a rule of its own less.
        RuleRemoved = "rule-removed",
        /// A dry login: the secret would let in, and nothing was spent.
        Verified = "verified",
        /// A change: the account has another name.
        AccountRenamed = "account-renamed",
        /// A change: an account was removed; its name goes with it.
        AccountRemoved = "account-removed",
        /// A change: windows were ended.
        GraceEnded = "grace-ended",
        /// A change: the account was locked.
        Locked = "locked",
        /// A change: the account was unlocked.
        Unlocked = "unlocked",
        /// A change: the guesses were given back.
        Forgiven = "forgiven",
        /// A change: another key seals.
        KeyChanged = "key-changed",
        /// A change: none, but somebody has a copy of everything.
        BackedUp = "backed-up",
        /// A change: the store has come back from a backup.
        Restored = "restored",
        /// A change: a database was promoted that lacks what was committed last. It is as after a restore.
        CommitsLost = "commits-lost",
        /// A change: the store is in another place.
        StoreMoved = "store-moved",
        /// A change: the clock is right again.
        ClockAccepted = "clock-accepted",
    }
}

/// As syslog gets it: `key=value` pairs on one line, in a fixed order, values quoted where they
/// hold anything but plain characters. Nothing in it can start a line or forge a field.
impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "result={} reason={}", self.result, self.reason)?;
        if let Some(would) = self.would {
            write!(f, " would={would}")?;
        }
        for (key, value) in [
            ("account", &self.account),
            ("service", &self.service),
            ("remote", &self.remote),
            ("rule", &self.rule),
            ("kind", &self.kind),
            ("credential", &self.credential),
            ("actor", &self.actor),
        ] {
            if let Some(value) = value {
                write!(f, " {key}={}", Quoted(value))?;
            }
        }
        Ok(())
    }
}

/// A value of a log line: bare where it is plain, else in quotes with everything else escaped.
pub struct Quoted<'a>(pub &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = |c: char| c.is_ascii_alphanumeric() || "@._-:/+*".contains(c);
        if !self.0.is_empty() && self.0.chars().all(plain) {
            return f.write_str(self.0);
        }
        write!(f, "\"{}\"", self.0.escape_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_read_back() {
        for verdict in Verdict::ALL {
            assert_eq!(Verdict::parse(verdict.as_str()), Some(*verdict));
        }
        for reason in Reason::ALL {
            assert_eq!(Reason::parse(reason.as_str()), Some(*reason));
        }
    }

    /// CVE-2008-1218 Dovecot: a TAB in a password put fields into a protocol.
    #[test]
    fn cve_2008_1218_no_value_can_forge_a_field_or_a_line() {
        assert_eq!(Quoted("alice@example.com").to_string(), "alice@example.com");
        assert_eq!(
            Quoted("a\tb result=accepted\n").to_string(),
            r#""a\tb result=accepted\n""#
        );
        assert_eq!(Quoted("\"").to_string(), r#""\"""#);
        assert_eq!(Quoted("").to_string(), r#""""#);
        assert!(Quoted("\u{202e}ü").to_string().is_ascii());
    }
}
