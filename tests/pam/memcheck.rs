//! Valgrind looks on: nothing is read that was not written, nothing is used that was given back, nothing is lost.
//! `make valgrind` has it look at every other test of this suite.

use crate::secrets::kinds::{Case, Stage, stage};
use harness::host::Phase;
use harness::hosts::all_under_memcheck;

#[test]
fn valgrind_finds_nothing_wrong_in_a_login_of_any_kind() {
    let Stage { site, cases } = stage();
    // Those that cost a hash more than others of their kind wait for `make valgrind`.
    let is_short = |case: &&Case| {
        let dear = ["wrong code of", "behind a", "a password", "password and"];
        all_under_memcheck() || !dear.iter().any(|part| case.name.contains(part))
    };
    let cases: Vec<&Case> = cases.iter().filter(is_short).collect();
    let mut host = site.host_under_memcheck();
    for case in &cases {
        host.ask(&site.here(case.request()));
    }
    let replies = host.finish();
    for (case, reply) in cases.iter().zip(replies) {
        assert_eq!(reply.of(Phase::Authenticate), case.code, "{}", case.name);
    }
}
