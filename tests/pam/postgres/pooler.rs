//! A pooler between the mail hosts and the server.

use harness::postgres::{Pooler, shared};
use harness::shared_site::ALONE;
use harness::site::Site;

use crate::{ELSEWHERE, HOME};

/// Each transaction comes on another connection: nothing that one of them has set holds for the next.
#[test]
fn logins_and_commands_go_through_a_pooler_that_gives_each_transaction_a_connection() {
    let pooler = Pooler::start(shared());
    let site = Site::of_database(&pooler.url(&shared().database()), ALONE, "");
    let other = site.another_host();
    let sheet = site.sheet("alice");
    for (at, code) in sheet.codes.iter().take(5).enumerate() {
        let [first, second] = if at % 2 == 0 {
            [&site, &other]
        } else {
            [&other, &site]
        };
        assert_eq!(first.verdict("imap", "alice", HOME, code), "PAM_SUCCESS");
        assert_eq!(
            second.verdict("imap", "alice", ELSEWHERE, code),
            "PAM_AUTH_ERR"
        );
        assert_eq!(second.verdict("imap", "alice", HOME, code), "PAM_SUCCESS");
    }
    site.cli(["store", "check"]).done();
    site.cli(["maintain"]).done();
}
