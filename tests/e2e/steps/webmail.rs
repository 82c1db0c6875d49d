//! Step 9: a webmail host that forwards its users' addresses.

use std::net::Ipv4Addr;

use harness::dovecot::{self, WEBMAIL_HOST};
use harness::imap::{Imap, Reply};

use super::sheet;
use super::stage::{Shown, Stage};

/// Where erin sits.
const ERIN: &str = "203.0.113.7";
/// Her neighbour, at the same webmail.
const NEIGHBOUR: &str = "203.0.113.8";
/// A user in the office; its rule accepts the host's password.
const OFFICE: &str = "198.51.100.4";
/// A user where the rules accept nothing.
const NOWHERE: &str = "192.0.2.66";
/// A host that nobody trusts.
const STRANGER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 9);

/// Rules and windows go by the address that a trusted host names, and by no other's word.
pub fn the_forwarded_address_counts(stage: &Stage) {
    stage.step(
        9,
        "a trusted webmail host forwards its users' addresses by IMAP ID",
    );
    let password = "erins-system-password";
    stage.sandbox.set_system_password("erin", password);
    let sheet = sheet::add(stage, "erin");

    denied(stage, WEBMAIL_HOST, Some(NOWHERE), &sheet.codes[0]);
    stage.remember("erin", "webmail", NOWHERE, "denied");
    accepted(stage, OFFICE, password);
    stage.remember("erin", "webmail", OFFICE, "passed");
    stage.shows("the rules see the user's address, not the webmail host's");

    for _ in 0..4 {
        accepted(stage, ERIN, &sheet.codes[0]);
    }
    stage.remember("erin", "webmail", ERIN, "accepted");
    stage.remember("erin", "webmail", ERIN, "continued");
    denied(stage, WEBMAIL_HOST, Some(NEIGHBOUR), &sheet.codes[0]);
    stage.remember("erin", "webmail", NEIGHBOUR, "refused");
    denied(stage, WEBMAIL_HOST, None, &sheet.codes[0]);
    stage.remember("erin", "webmail", WEBMAIL_HOST, "refused");
    stage.shows("and the window is the user's, not everybody's behind that host");

    denied(stage, STRANGER, Some(ERIN), &sheet.codes[0]);
    stage.remember("erin", "webmail", STRANGER, "refused");
    stage.shows("a host that nobody trusts cannot borrow the address");
}

fn accepted(stage: &Stage, forwarded: &str, secret: &str) {
    let reply = login(WEBMAIL_HOST, Some(forwarded), secret);
    stage.expect(reply.is_ok(), "OK: the login is accepted", Shown(&reply));
}

fn denied(stage: &Stage, host: Ipv4Addr, forwarded: Option<&str>, secret: &str) {
    let reply = login(host, forwarded, secret);
    stage.expect(reply.is_no(), "NO: the login is refused", Shown(&reply));
}

fn login(host: Ipv4Addr, forwarded: Option<&str>, secret: &str) -> Reply {
    let mut imap = Imap::connect(host, dovecot::WEBMAIL);
    if let Some(address) = forwarded {
        imap.forward(address);
    }
    imap.login("erin", secret)
}
