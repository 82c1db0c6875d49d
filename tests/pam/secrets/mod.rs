//! What of secrets stays in the memory of a host: nothing, once the call is over.
//!
//! The host that looks (`pam-witness`) searches every block before it is given back, and all memory that can be
//! written to when the login is over. It searches for what was typed and for what it becomes on the way, for the
//! keys of the ring, and for all that is derived from them.

pub mod kinds;
mod needles;

use harness::host::{Phase, Place, Request, mask};
use harness::site::Site;

use crate::HOME;
use kinds::{Case, Stage, stage};

#[test]
fn no_secret_is_left_in_memory_after_a_login_of_any_kind() {
    let Stage { site, cases } = stage();
    let replies = site.witness(cases.iter().map(Case::request));
    assert_eq!(replies.len(), cases.len());
    let mut found = Vec::new();
    for (case, reply) in cases.iter().zip(replies) {
        assert_eq!(reply.of(Phase::Authenticate), case.code, "{}", case.name);
        found.extend(reply.found.iter().map(|finding| {
            let (name, by) = (case.needles.name(finding), finding.by.join("\n        "));
            let (place, times) = (finding.place, finding.times);
            format!(
                "{}: {name}, {place:?}, {times} times\n        {by}",
                case.name
            )
        }));
    }
    assert!(
        found.is_empty(),
        "addr2line says what these are:\n{}",
        found.join("\n")
    );
}

/// A witness that sees nothing would be content with anything.
#[test]
fn the_witness_sees_what_a_host_keeps() {
    let site = Site::new("");
    site.stack("imap", &["auth required pam_permit.so"]);
    let user = "a-name-like-any-other";
    let mut request = Request::new("imap", user).from(HOME);
    // libpam keeps the name until `pam_end`; the host itself gives it back before and after.
    request.secrets = vec![mask(user.as_bytes()), mask(b"nobody says this")];
    let found = &site.witness([request])[0].found;
    for place in [Place::Held, Place::GivenBack] {
        assert!(
            found
                .iter()
                .any(|one| (one.secret, one.place) == (0, place)),
            "{found:?}"
        );
    }
    assert!(found.iter().all(|one| one.secret == 0), "{found:?}");
}
