//! The name of what is logged in to.

use std::fmt;

/// The longest service name, in bytes. libpam has no limit of its own.
const MAX_SERVICE: usize = 64;

/// A service as rules and scopes name it: `imap`, `submission`, `sshd`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Service(String);

/// Not a service name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a service name is 1 to {MAX_SERVICE} printable ASCII characters, without blanks or slashes"
)]
pub struct BadService;

impl Service {
    /// A service by its name.
    pub fn new(name: &str) -> Result<Service, BadService> {
        let fits = (1..=MAX_SERVICE).contains(&name.len());
        let clean = name
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'/');
        if fits && clean {
            Ok(Service(name.to_ascii_lowercase()))
        } else {
            Err(BadService)
        }
    }

    /// The service that a `PAM_SERVICE` is judged as: `mailotp-imap` and `mailotp-imap-challenge`
    /// are `imap`. Distributions own `/etc/pam.d/imap`, so the files of mailotp carry its name.
    pub fn of_pam(pam_service: &str) -> Result<Service, BadService> {
        let Some(own) = pam_service.strip_prefix("mailotp-") else {
            return Service::new(pam_service);
        };
        Service::new(own.strip_suffix("-challenge").unwrap_or(own))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_pam_files_are_judged_as_the_service_they_name() {
        for (pam, service) in [
            ("imap", "imap"),
            ("mailotp-imap", "imap"),
            ("mailotp-imap-challenge", "imap"),
            ("imap-challenge", "imap-challenge"),
        ] {
            assert_eq!(Service::of_pam(pam).unwrap().as_str(), service);
        }
    }

    #[test]
    fn a_service_name_is_short_and_printable() {
        for bad in ["", "mailotp-", "a b", "a/b", "a\n", "ä"] {
            assert!(Service::of_pam(bad).is_err(), "{bad:?} was let through");
        }
        assert!(Service::new(&"s".repeat(MAX_SERVICE + 1)).is_err());
    }
}
