//! What `doctor` has to say: findings, each with its remedy, and what was looked at and is in order.

use std::fmt;

use serde_json::{Value, json};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Somebody gets in who must not, or nobody gets in.
    Error,
    /// It works, and not as it is meant to.
    Warning,
    /// Good to know.
    Info,
}

impl Severity {
    /// For programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "info",
        }
    }
}

/// What a finding is about: the groups in which people read them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Area {
    /// Whose the site's files are, and who can read them.
    Files,
    /// What the configuration says.
    Rules,
    /// The store.
    Store,
    /// The time.
    Clock,
    /// PAM stacks and the module.
    Pam,
    /// Dovecot.
    Dovecot,
    /// saslauthd.
    Saslauthd,
    /// Postfix.
    Postfix,
    /// sshd.
    Sshd,
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Area::Files => "Files",
            Area::Rules => "Rules",
            Area::Store => "Store",
            Area::Clock => "Clock",
            Area::Pam => "PAM",
            Area::Dovecot => "Dovecot",
            Area::Saslauthd => "saslauthd",
            Area::Postfix => "Postfix",
            Area::Sshd => "sshd",
        })
    }
}

/// Declares the codes with their fixed words, and what each belongs to.
macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $word:literal in $area:ident,)*) => {
        /// What was found: a fixed word, for programs and for the manual.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code { $($(#[$doc])* $variant,)* }

        impl Code {
            /// Every one of them.
            #[cfg(test)]
            pub const ALL: &[Code] = &[$(Code::$variant,)*];

            /// Its word.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $word,)* }
            }

            /// What it is about.
            pub fn area(self) -> Area {
                match self { $(Code::$variant => Area::$area,)* }
            }
        }
    };
}

codes! {
    /// A file or folder of the site is missing, or cannot be trusted or read.
    File = "file" in Files,
    /// Not all could be looked at.
    NotRoot = "not-root" in Files,
    /// A copy of key or store that others can read.
    BackupReadable = "backup-readable" in Files,
    /// The configuration says nonsense.
    Configuration = "configuration" in Rules,
    /// A rule that can never match.
    RuleDead = "rule-dead" in Rules,
    /// Nothing is refused yet.
    Observe = "observe" in Rules,
    /// Accounts with nothing enrolled are let through.
    EnrolmentOptional = "enrolment-optional" in Rules,
    /// The store cannot be used.
    StoreUnusable = "store-unusable" in Store,
    /// It is of another version.
    StoreVersion = "store-version" in Store,
    /// It is an old copy.
    StoreOld = "store-old" in Store,
    /// SQLite finds damage in it.
    StoreDamaged = "store-damaged" in Store,
    /// The log in it is very long.
    StoreLog = "store-log" in Store,
    /// Its write-ahead log only grows.
    StoreWal = "store-wal" in Store,
    /// One-time user names that no server can use.
    AliasIgnored = "alias-ignored" in Store,
    /// Nobody keeps the clock.
    ClockUnsynchronised = "clock-unsynchronised" in Clock,
    /// It is behind the newest event.
    ClockBehind = "clock-behind" in Clock,
    /// The module is not there.
    ModuleMissing = "module-missing" in Pam,
    /// There are two.
    ModuleTwice = "module-twice" in Pam,
    /// No stack asks it.
    PamUnused = "pam-unused" in Pam,
    /// A stack that lets in after a refusal.
    PamOpen = "pam-open" in Pam,
    /// A stack that lets in what was left to the next module, and was not judged there.
    PamLeftOpen = "pam-left-open" in Pam,
    /// A line that leads past mailotp.
    PamBypass = "pam-bypass" in Pam,
    /// A stack that lets nobody in.
    PamShut = "pam-shut" in Pam,
    /// The next module asks for itself.
    PamFirstPass = "pam-first-pass" in Pam,
    /// An argument that the module does not know.
    PamArgument = "pam-argument" in Pam,
    /// mailotp is not asked about accounts.
    PamAccount = "pam-account" in Pam,
    /// The module of a stack reads another configuration.
    PamConfig = "pam-config" in Pam,
    /// A service without its file.
    PamMissing = "pam-missing" in Pam,
    /// A gate that sends on whom mailotp has stopped.
    GateOpen = "gate-open" in Pam,
    /// Something of PAM cannot be read.
    PamUnreadable = "pam-unreadable" in Pam,
    /// A cache in front of PAM.
    DovecotCache = "dovecot-cache" in Dovecot,
    /// Dovecot does not ask mailotp.
    DovecotUnused = "dovecot-unused" in Dovecot,
    /// Nobody sees which code is due.
    GateMissing = "gate-missing" in Dovecot,
    /// The gate comes first.
    GateOrder = "gate-order" in Dovecot,
    /// A gate that is none.
    GateArgument = "gate-argument" in Dovecot,
    /// The gate refuses mechanisms that are not its business.
    GateMechanisms = "gate-mechanisms" in Dovecot,
    /// A database that is asked without mailotp.
    PassdbUnguarded = "passdb-unguarded" in Dovecot,
    /// A database that takes other mechanisms past mailotp.
    PassdbMechanisms = "passdb-mechanisms" in Dovecot,
    /// The worker may not open key and store.
    WorkerUser = "worker-user" in Dovecot,
    /// A webmail listener, and nobody may forward an address.
    ForwardingMissing = "forwarding-missing" in Dovecot,
    /// Its configuration cannot be read.
    DovecotUnreadable = "dovecot-unreadable" in Dovecot,
    /// saslauthd's cache.
    SaslauthdCache = "saslauthd-cache" in Saslauthd,
    /// It does not ask PAM.
    SaslauthdMechanism = "saslauthd-mechanism" in Saslauthd,
    /// It tells PAM no address.
    NoAddress = "no-address" in Saslauthd,
    /// Its settings cannot be read.
    SaslauthdUnreadable = "saslauthd-unreadable" in Saslauthd,
    /// Postfix takes logins without name and secret.
    PostfixAnonymous = "postfix-anonymous" in Postfix,
    /// It takes secrets without TLS.
    PostfixClear = "postfix-clear" in Postfix,
    /// Dovecot's socket is not where it looks.
    PostfixSocket = "postfix-socket" in Postfix,
    /// Its SASL library does not ask saslauthd.
    PostfixLibrary = "postfix-library" in Postfix,
    /// Its SASL library knows mechanisms that pass saslauthd by.
    PostfixMechanisms = "postfix-mechanisms" in Postfix,
    /// Its settings cannot be read.
    PostfixUnreadable = "postfix-unreadable" in Postfix,
    /// sshd does not ask PAM.
    SshdPam = "sshd-pam" in Sshd,
    /// It does not show which code is due.
    SshdPrompt = "sshd-prompt" in Sshd,
    /// It takes passwords in a way that shows no challenge.
    SshdPassword = "sshd-password" in Sshd,
    /// It gives PAM names for addresses.
    SshdNames = "sshd-names" in Sshd,
    /// Credentials are established where mailotp knows of no login.
    SshdSetcred = "sshd-setcred" in Sshd,
    /// Its settings cannot be read.
    SshdUnreadable = "sshd-unreadable" in Sshd,
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What it is.
    pub code: Code,
    /// A file, with a line where one is to blame.
    pub place: String,
    /// What is wrong, and why it matters.
    pub message: String,
    /// What mends it.
    pub remedy: String,
}

/// All that was found, and all that was not.
#[derive(Debug, Default)]
pub struct Report {
    /// What was found, in the order of the looking.
    pub findings: Vec<Finding>,
    /// What is in order.
    pub checked: Vec<(Area, String)>,
}

impl Report {
    /// Something is wrong.
    pub fn find(
        &mut self,
        severity: Severity,
        code: Code,
        place: impl fmt::Display,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        let finding = Finding {
            severity,
            code,
            place: place.to_string(),
            message: message.into(),
            remedy: remedy.into(),
        };
        // Several ways may lead to the same one.
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }

    /// Whether this was found here.
    pub fn has(&self, code: Code, place: &str) -> bool {
        let mut findings = self.findings.iter();
        findings.any(|known| known.code == code && known.place == place)
    }

    /// An error.
    pub fn error(
        &mut self,
        code: Code,
        place: impl fmt::Display,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.find(Severity::Error, code, place, message, remedy);
    }

    /// A warning.
    pub fn warning(
        &mut self,
        code: Code,
        place: impl fmt::Display,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.find(Severity::Warning, code, place, message, remedy);
    }

    /// Good to know.
    pub fn info(
        &mut self,
        code: Code,
        place: impl fmt::Display,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.find(Severity::Info, code, place, message, remedy);
    }

    /// Something is in order, or is not there and need not be.
    pub fn checked(&mut self, area: Area, what: impl Into<String>) {
        let checked = (area, what.into());
        if !self.checked.contains(&checked) {
            self.checked.push(checked);
        }
    }

    /// How many findings of this severity there are.
    pub fn count(&self, severity: Severity) -> usize {
        let findings = self.findings.iter();
        findings
            .filter(|finding| finding.severity == severity)
            .count()
    }

    /// For programs.
    pub fn document(&self) -> Value {
        let findings: Vec<Value> = self.findings.iter().map(Finding::document).collect();
        let checked: Vec<String> = self
            .checked
            .iter()
            .map(|(area, what)| format!("{area}: {what}"))
            .collect();
        json!({ "findings": findings, "checked": checked })
    }
}

impl Finding {
    fn document(&self) -> Value {
        json!({
            "severity": self.severity.as_str(), "code": self.code.as_str(), "where": self.place,
            "message": self.message, "remedy": self.remedy,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manual_has_every_code_and_no_two_are_the_same() {
        let manual = include_str!("../../../packaging/man/mailotp-cli.8");
        let mut words: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        for word in &words {
            assert!(
                manual.contains(&format!("\n.It Cm {word}\n")),
                "{word} is not in mailotp-cli(8)"
            );
        }
        words.sort_unstable();
        let count = words.len();
        words.dedup();
        assert_eq!(words.len(), count);
    }
}
