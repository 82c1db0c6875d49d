//! The store of several machines, at a real PostgreSQL.

mod build;
mod hosts;
mod lines;
mod moves;
mod pooler;
mod roles;
mod servers;
mod standby;
mod tls;

use harness::host::{PamHost, Reply, Request};
use harness::site::Site;

/// One login at the same moment at each of two mail hosts.
fn at_both(hosts: [(&Site, &mut PamHost); 2], logins: [Request; 2]) -> [Reply; 2] {
    let [(site, first), (other, second)] = hosts;
    let [one, two] = logins;
    first.ask(&site.here(one));
    second.ask(&other.here(two));
    [first.reply(), second.reply()]
}

/// How many of these were let in; all others were refused for what was typed.
#[track_caller]
fn accepted<'a>(replies: impl IntoIterator<Item = &'a Reply>) -> usize {
    let verdict = |reply: &Reply| match reply.verdict() {
        "PAM_SUCCESS" => 1,
        "PAM_AUTH_ERR" => 0,
        _ => panic!("{reply:?}"),
    };
    replies.into_iter().map(verdict).sum()
}
