//! The power goes while somebody logs in: what the disk did not have yet is lost, in part and in any order. The store
//! opens, no code comes back whose login had an answer, and none is lost that nobody has used.

use harness::disk::Disk;
use harness::host::Request;
use harness::site::Site;
use harness::trace::Fate;

use crate::crashes::{Saved, thorough, traced};
use crate::{ELSEWHERE, HOME};

/// How often what need not be on the disk is chosen anew, for a cut before the answer, and for one behind it.
const BEFORE: u64 = 2;
const BEHIND: u64 = 10;

/// A disk that has all of it, that has nothing, and those between; each is the same in every run.
fn chance(round: u64) -> impl FnMut() -> bool {
    let mut state = round.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    move || match round {
        0 => false,
        1 => true,
        _ => {
            // Marsaglia, "Xorshift RNGs" (2003)
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.is_multiple_of(2)
        }
    }
}

/// Logs in with what works once, and cuts the power at each change of the store's files, and behind all of them.
/// `unused` works after that, whatever has happened.
fn works_once_wherever_the_power_goes(site: &Site, typed: &str, unused: Option<&str>) {
    let login = |from: &str, typed: &str| Request::new("imap", "alice").from(from).answer(typed);
    let saved = Saved::new(site);
    let mut disk = Disk::of(&site.path("store"));
    let reply = traced(site, &login(HOME, typed), |call| {
        disk.note(call);
        Fate::Lives
    });
    assert_eq!(reply.expect("it lives").verdict(), "PAM_SUCCESS");
    let last = disk.changes();
    assert!(last > 8, "{last} changes");
    let (more, step) = if thorough() { (20, 1) } else { (1, 4) };
    let cuts = (0..last).step_by(step).map(|cut| (cut, BEFORE * more));
    for (cut, rounds) in cuts.chain([(last, BEHIND * more)]) {
        for round in 0..rounds {
            saved.restore();
            disk.cut(cut, &mut chance(round));
            let what = format!("cut before change {cut} of {last}, choice {round}");
            let again = [ELSEWHERE, "203.0.113.1"].map(|from| login(from, typed));
            let again = site.ask_in_turn(again);
            let accepted = again
                .iter()
                .filter(|reply| reply.verdict() == "PAM_SUCCESS")
                .count();
            let most = usize::from(cut < last);
            assert!(accepted <= most, "accepted {accepted} times: {what}");
            for reply in &again {
                let verdict = reply.verdict();
                assert!(
                    ["PAM_SUCCESS", "PAM_AUTH_ERR"].contains(&verdict),
                    "{verdict}: {what}"
                );
            }
            if let Some(unused) = unused {
                let verdict = site.verdict("imap", "alice", "203.0.113.2", unused);
                assert_eq!(verdict, "PAM_SUCCESS", "an unused one: {what}");
            }
            site.cli(["store", "check"]).done();
        }
    }
}

#[test]
fn a_code_of_a_sheet_works_once_wherever_the_power_goes() {
    let site = Site::new("[otp]\nsheet_accept = \"any\"\n");
    let sheet = site.sheet("alice");
    works_once_wherever_the_power_goes(&site, &sheet.codes[0], Some(&sheet.codes[1]));
}

#[test]
fn a_response_of_a_sequence_works_once_wherever_the_power_goes() {
    let site = Site::new("");
    let sequence = site.sequence("alice");
    let [response, next] = [99, 98].map(|count| site.response(&sequence, count).hex);
    works_once_wherever_the_power_goes(&site, &response, Some(&next));
}

#[test]
fn a_code_of_a_counter_works_once_wherever_the_power_goes() {
    let site = Site::new("");
    let token = site.hotp("alice");
    works_once_wherever_the_power_goes(&site, &token.code(0), Some(&token.code(1)));
}

#[test]
fn an_app_password_for_one_login_works_once_wherever_the_power_goes() {
    let site = Site::new("");
    let [once, other] = [0, 1].map(|_| site.app_password("alice", &["--max-logins", "1"]).secret);
    works_once_wherever_the_power_goes(&site, &once, Some(&other));
}

/// A store that another process has open: nobody brings the log into the file behind a login.
pub(crate) fn kept_open(site: &Site) -> rusqlite::Connection {
    let keeper = rusqlite::Connection::open(site.path("store/mailotp.db")).expect("it is there");
    let read = keeper.query_row("SELECT generation FROM store", [], |row| {
        row.get::<_, i64>(0)
    });
    assert!(read.expect("it is a store") > 0);
    keeper
}

#[test]
fn a_code_works_once_wherever_the_power_goes_while_the_store_is_kept_open() {
    let site = Site::new("");
    let token = site.hotp("alice");
    let _keeper = kept_open(&site);
    works_once_wherever_the_power_goes(&site, &token.code(0), Some(&token.code(1)));
}
