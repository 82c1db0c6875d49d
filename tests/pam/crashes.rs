//! A process that is killed at a system call of a login: the store opens, a code works once, no event
//! is lost, and what is charged stays charged.

use std::process::Command;

use harness::host::{Reply, Request};
use harness::site::Site;
use harness::trace::{Call, Fate};
use tempfile::TempDir;

use crate::unavailable::toml;
use crate::{BOTH, ELSEWHERE, HOME};

/// A site as it was once, for as many logins as one likes.
pub(crate) struct Saved<'a> {
    site: &'a Site,
    copy: TempDir,
}

impl<'a> Saved<'a> {
    pub(crate) fn new(site: &'a Site) -> Self {
        let copy = tempfile::tempdir().expect("a temporary folder");
        let saved = Self { site, copy };
        saved.shell("cp -a \"$1\"/. \"$2\"");
        saved
    }

    /// Makes it what it was.
    pub(crate) fn restore(&self) {
        self.shell("find \"$1\" -mindepth 1 -delete && cp -a \"$2\"/. \"$1\"");
    }

    fn shell(&self, script: &str) {
        let mut shell = Command::new("sh");
        shell.args(["-c", script, "sh"]);
        let ended = shell.args([self.site.folder(), self.copy.path()]).status();
        assert!(ended.expect("there is a shell").success(), "{script}");
    }
}

/// Whether every system call has its turn, and not only those that change a file or a lock.
pub(crate) fn thorough() -> bool {
    std::env::var_os("MAILOTP_PROOF").is_some()
}

/// Whether what is on the disk, or who may write there, changes by it.
fn changes(call: Call) -> bool {
    [
        libc::SYS_write,
        libc::SYS_pwrite64,
        libc::SYS_ftruncate,
        libc::SYS_fsync,
        libc::SYS_fdatasync,
        libc::SYS_unlink,
        libc::SYS_rename,
        libc::SYS_flock,
    ]
    .contains(&call.number)
}

/// One login with a host that has the module loaded already.
pub(crate) fn traced(
    site: &Site,
    login: &Request,
    fate: impl FnMut(Call) -> Fate,
) -> Option<Reply> {
    let mut host = site.host();
    // Nobody: what loading a module takes is libpam's.
    let nobody = Request::new("imap", "").from(HOME).answer("");
    host.ask(&site.here(nobody));
    let _ = host.reply();
    host.traced(&site.here(login.clone()), fate)
}

/// Runs the login again and again from the same start, and kills it one stop later each time, until it is
/// through; `after` is told of the reply, if one came.
fn killed_everywhere(site: &Site, login: &Request, mut after: impl FnMut(Option<&Reply>)) -> usize {
    let saved = Saved::new(site);
    let every = thorough();
    for last in 0.. {
        let mut stops = 0;
        let reply = traced(site, login, |call| {
            if !every && !changes(call) {
                return Fate::Lives;
            }
            stops += 1;
            if stops > last {
                Fate::Dies
            } else {
                Fate::Lives
            }
        });
        after(reply.as_ref());
        if stops <= last {
            return last;
        }
        saved.restore();
    }
    unreachable!("a login ends")
}

fn accepted(site: &Site, user: &str) -> usize {
    let events = site.events();
    let of_user = events
        .iter()
        .filter(|event| event["account"] == user && event["result"] == "accepted");
    of_user.count()
}

/// `name` is alice, or one of her aliases; `right` is the verdict on who comes first.
fn works_once_wherever_it_is_killed(site: &Site, name: &str, typed: &str, right: &str) {
    let login = |from: &str| Request::new("imap", name).from(from).answer(typed);
    let mut was_spent = false;
    let stops = killed_everywhere(site, &login(HOME), |reply| {
        let spent = accepted(site, "alice") == 1;
        assert!(
            spent || !was_spent,
            "a later death forgets what an earlier one kept"
        );
        was_spent = spent;
        let let_in = reply.is_some_and(|reply| reply.verdict() == right);
        assert!(spent || !let_in, "let in, and not written down");
        let again = site.ask_in_turn([ELSEWHERE, "203.0.113.1"].map(login));
        let verdicts: Vec<&str> = again.iter().map(Reply::verdict).collect();
        let first = if spent { "PAM_AUTH_ERR" } else { right };
        assert_eq!(verdicts, [first, "PAM_AUTH_ERR"], "spent: {spent}");
        assert_eq!(accepted(site, "alice"), 1, "one consumption");
    });
    assert!(was_spent && stops > 10, "{stops} stops");
}

#[test]
fn a_code_of_a_sheet_works_once_wherever_a_login_is_killed() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    works_once_wherever_it_is_killed(&site, "alice", &sheet.codes[0], "PAM_SUCCESS");
}

#[test]
fn a_response_of_a_sequence_works_once_wherever_a_login_is_killed() {
    let site = Site::new("");
    let sequence = site.sequence("alice");
    let response = site.response(&sequence, 99);
    works_once_wherever_it_is_killed(&site, "alice", &response.hex, "PAM_SUCCESS");
}

#[test]
fn a_code_of_a_counter_works_once_wherever_a_login_is_killed() {
    let site = Site::new("");
    let code = site.hotp("alice").code(0);
    works_once_wherever_it_is_killed(&site, "alice", &code, "PAM_SUCCESS");
}

#[test]
fn a_password_and_a_code_of_an_authenticator_work_once_wherever_a_login_is_killed() {
    let site = Site::new(BOTH);
    let hour = ["--no-confirm", "--period", "3600"];
    let code = site.totp_with("alice", &hour).code(0);
    works_once_wherever_it_is_killed(
        &site,
        "alice",
        &format!("correct horse!{code}"),
        "PAM_IGNORE",
    );
}

#[test]
fn an_alias_with_a_pin_and_a_code_works_once_wherever_a_login_is_killed() {
    let site = Site::new("");
    let code = site.sheet("alice").codes.remove(0);
    site.set_pin("alice", "4711");
    let alias = site.aliases("alice").names.remove(0);
    works_once_wherever_it_is_killed(&site, &alias, &format!("4711{code}"), "PAM_SUCCESS");
}

#[test]
fn an_app_password_for_one_login_works_once_wherever_it_is_killed() {
    let site = Site::new("");
    let phone = site.app_password("alice", &["--max-logins", "1"]);
    works_once_wherever_it_is_killed(&site, "alice", &phone.secret, "PAM_SUCCESS");
}

#[test]
fn a_guess_is_charged_wherever_the_login_is_killed_once_it_was_charged() {
    // Whoever is refused for a disk that stands still is not charged, and has died nowhere.
    let site = Site::new(&toml("60s"));
    let guess = site.hotp("alice").wrong_codes(0, 1).remove(0);
    let whole = site.guesses_left("alice");
    let login = Request::new("imap", "alice").from(HOME).answer(guess);
    let mut least = whole;
    killed_everywhere(&site, &login, |reply| {
        let left = site.guesses_left("alice");
        assert!(
            left <= least,
            "a later death gives {left} back, after {least}: {reply:?}"
        );
        least = left;
        assert!(
            reply.is_none() || left == whole - 1,
            "answered, and not charged"
        );
    });
    assert_eq!(least, whole - 1);
}
