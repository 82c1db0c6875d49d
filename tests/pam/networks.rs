//! Where a login comes from: an address, here, or nobody knows.

use harness::host::Request;
use harness::site::Site;

/// A site where the verdict tells which rule decided.
fn site() -> Site {
    Site::new(
        "[[rule]]\nfrom = [\"192.0.2.0/24\", \"2001:db8::/32\"]\naccept = [\"password\"]\n\
         [[rule]]\nfrom = [\"local\"]\naccept = []\n\
         [[rule]]\nfrom = [\"unknown\"]\naccept = [\"app-password\"]\n",
    )
}

const NETWORK: &str = "PAM_IGNORE";
const LOCAL: &str = "PAM_PERM_DENIED";
const UNKNOWN: &str = "PAM_AUTH_ERR";

fn verdict(site: &Site, rhost: Option<&[u8]>, tty: Option<&str>) -> String {
    let mut request = Request::new("imap", "alice").answer("correct horse");
    request.rhost = rhost.map(<[u8]>::to_vec);
    request.tty = tty.map(Into::into);
    site.ask(request).verdict().to_owned()
}

#[test]
fn addresses_are_matched_by_number_and_mapped_ones_are_ipv4() {
    let site = site();
    for rhost in [
        "192.0.2.0",
        "192.0.2.255",
        "::ffff:192.0.2.1",
        "::ffff:c000:201",
        "2001:db8::",
        "2001:0DB8:0:0::1",
        "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
    ] {
        assert_eq!(
            verdict(&site, Some(rhost.as_bytes()), None),
            NETWORK,
            "{rhost}"
        );
    }
}

#[test]
fn no_address_on_a_terminal_is_local() {
    let site = site();
    for tty in ["/dev/tty1", "tty1", "/dev/pts/0", "pts/12"] {
        for rhost in [None, Some(&b""[..])] {
            assert_eq!(verdict(&site, rhost, Some(tty)), LOCAL, "{tty}");
        }
    }
}

#[test]
fn no_address_and_no_terminal_is_unknown() {
    let site = site();
    for tty in [
        None,
        Some(""),
        Some("dovecot"),
        Some("cron"),
        Some("ssh"),
        Some("/dev/null"),
    ] {
        for rhost in [None, Some(&b""[..])] {
            assert_eq!(verdict(&site, rhost, tty), UNKNOWN, "{tty:?}");
        }
    }
}

/// CVE-2024-10963 pam_access: a host name was taken for something else.
#[test]
fn cve_2024_10963_whatever_is_no_address_literal_is_unknown_also_on_a_terminal() {
    let site = site();
    for rhost in [
        &b"localhost"[..],
        b"host.example.com",
        b"local",
        b"unknown",
        b"192.0.2",
        b"192.0.2.1/32",
        b"192.0.2.1:143",
        b"[2001:db8::1]",
        b" 192.0.2.1",
        b"192.0.2.1 ",
        b"0300.0.2.1",
        b"3221225985",
        b"tty1",
        b"\xff\xfe",
        b"192.0.2.1\n",
    ] {
        for tty in [None, Some("/dev/tty1")] {
            assert_eq!(
                verdict(&site, Some(rhost), tty),
                UNKNOWN,
                "{:?}",
                rhost.escape_ascii()
            );
        }
    }
}

/// CVE-2022-28321 pam_access: a host that could not be resolved was let in.
#[test]
fn cve_2022_28321_unknown_matches_no_network_however_wide() {
    let site = Site::new("[[rule]]\nfrom = [\"0.0.0.0/0\", \"::/0\"]\naccept = [\"password\"]\n");
    for rhost in [None, Some(&b"host.example.com"[..])] {
        assert_eq!(verdict(&site, rhost, None), "PAM_PERM_DENIED");
    }
    for rhost in ["203.0.113.1", "2001:db8::1", "::ffff:203.0.113.1"] {
        assert_eq!(
            verdict(&site, Some(rhost.as_bytes()), None),
            "PAM_IGNORE",
            "{rhost}"
        );
    }
}

#[test]
fn a_rule_without_networks_matches_the_unknown_too() {
    let site = Site::new("[[rule]]\naccept = [\"password\"]\n");
    assert_eq!(verdict(&site, None, None), "PAM_IGNORE");
    assert_eq!(verdict(&site, None, Some("tty1")), "PAM_IGNORE");
}
