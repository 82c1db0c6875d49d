//! Where a login comes from. Addresses are literals; nothing is ever resolved.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// The other end of a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Remote {
    /// `PAM_RHOST` was an IP literal; IPv4-mapped IPv6 (RFC 4291, section 2.5.5.2) is IPv4.
    Address(IpAddr),
    /// No `PAM_RHOST`, and a terminal of this machine.
    Local,
    /// Everything else: no address, or a name.
    Unknown,
}

impl Remote {
    /// Reads `PAM_RHOST` and `PAM_TTY`. Empty is as good as missing: hosts differ in it.
    pub fn of_pam(rhost: Option<&[u8]>, tty: Option<&[u8]>) -> Remote {
        match rhost.filter(|rhost| !rhost.is_empty()) {
            Some(rhost) => std::str::from_utf8(rhost)
                .ok()
                .and_then(|text| text.parse::<IpAddr>().ok())
                .map_or(Remote::Unknown, Remote::of_address),
            None if tty.is_some_and(is_terminal) => Remote::Local,
            None => Remote::Unknown,
        }
    }

    /// The remote of an address.
    pub fn of_address(address: IpAddr) -> Remote {
        Remote::Address(address.to_canonical())
    }

    /// The network that shares a window and a budget with this remote: the address itself with
    /// IPv4, its /64 with IPv6, where one host has as many addresses as it likes.
    pub fn network(self) -> Network {
        match self {
            Remote::Address(IpAddr::V6(address)) => {
                let prefix = address.to_bits() & !u128::from(u64::MAX);
                Network(format!("{}/64", Ipv6Addr::from_bits(prefix)))
            }
            other => Network(other.to_string()),
        }
    }

    /// The remote that [`fmt::Display`] has written, or the one that a user typed.
    pub fn parse(text: &str) -> Option<Remote> {
        match text {
            "local" => Some(Remote::Local),
            "unknown" => Some(Remote::Unknown),
            literal => literal.parse().ok().map(Remote::of_address),
        }
    }
}

impl fmt::Display for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Remote::Address(address) => address.fmt(f),
            Remote::Local => f.write_str("local"),
            Remote::Unknown => f.write_str("unknown"),
        }
    }
}

/// What counts as one place: see [`Remote::network`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Network(String);

impl Network {
    /// As text: `192.0.2.1`, `2001:db8::/64`, `local`, `unknown`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A network that a store gives back.
    pub(crate) fn stored(text: String) -> Network {
        Network(text)
    }
}

fn is_terminal(tty: &[u8]) -> bool {
    let name = tty.strip_prefix(b"/dev/").unwrap_or(tty);
    let numbered = |prefix: &[u8]| {
        name.strip_prefix(prefix)
            .is_some_and(|rest| !rest.is_empty())
    };
    numbered(b"tty") || numbered(b"pts/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rhost: Option<&str>, tty: Option<&str>) -> String {
        Remote::of_pam(rhost.map(str::as_bytes), tty.map(str::as_bytes)).to_string()
    }

    #[test]
    fn a_mapped_address_is_an_ipv4_address() {
        assert_eq!(of(Some("::ffff:127.0.0.71"), None), "127.0.0.71");
        assert_eq!(of(Some("192.0.2.1"), Some("pts/1")), "192.0.2.1");
        assert_eq!(of(Some("2001:DB8::0005"), None), "2001:db8::5");
    }

    #[test]
    fn a_name_is_never_resolved_and_never_local() {
        for rhost in [
            "localhost",
            "192.0.2.1.example",
            "192.0.2",
            "::1%lo",
            "192.0.2.1 ",
            "0x7f.1",
        ] {
            assert_eq!(of(Some(rhost), Some("/dev/tty1")), "unknown", "{rhost}");
        }
        assert_eq!(Remote::of_pam(Some(b"\xff"), None), Remote::Unknown);
    }

    #[test]
    fn null_and_empty_are_local_on_a_terminal_and_unknown_elsewhere() {
        for rhost in [None, Some("")] {
            for tty in ["/dev/tty1", "tty1", "pts/0", "/dev/pts/12"] {
                assert_eq!(of(rhost, Some(tty)), "local", "{tty}");
            }
            for tty in [
                None,
                Some(""),
                Some("ssh"),
                Some("cron"),
                Some("dovecot"),
                Some("tty"),
                Some(":0"),
            ] {
                assert_eq!(of(rhost, tty), "unknown", "{tty:?}");
            }
        }
    }

    #[test]
    fn a_network_is_one_ipv4_address_or_an_ipv6_slash_64() {
        let network = |text: &str| Remote::parse(text).unwrap().network().as_str().to_owned();
        assert_eq!(network("192.0.2.7"), "192.0.2.7");
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        assert_eq!(network("local"), "local");
    }
}
