//! Hosts that are no well-behaved mail server: threaded, forking, careless with descriptors and items.

use std::collections::BTreeMap;

use harness::host::{Answer, Child, Endurance, Item, Phase, Reply, Request, Threads, Trait};
use harness::site::Site;

use crate::{HOME, PASSWORD_TOO, rounds};

/// Of threads in a host, and of logins at once.
const MANY: usize = 64;

const WHOLE: &[Phase] = &[Phase::Authenticate, Phase::Account, Phase::Credentials];

fn login(user: &str, secret: &str) -> Request {
    Request::new("imap", user)
        .from(HOME)
        .answer(secret)
        .phases(WHOLE)
}

#[track_caller]
fn all_well(replies: &[Reply]) {
    for reply in replies {
        for (phase, code) in &reply.phases {
            assert_eq!(code, "PAM_SUCCESS", "{phase:?}: {reply:?}");
        }
        assert!(reply.left_behind.is_empty(), "{:?}", reply.left_behind);
    }
}

/// rust-lang/rust#91979: a thread that ended after `pam_end` ran destructors in a library that was gone.
#[test]
fn sixty_four_threads_log_in_at_once_and_end_with_their_logins_or_with_the_host() {
    for threads in [Threads::End, Threads::Stay] {
        let site = Site::new("[limits]\nnetwork = 1000\naccount = 1000\n");
        let app = site.app_password("alice", &[]);
        let sheet = site.sheet("bob");
        let right = (0..MANY).map(|number| match number % 2 {
            0 => login("alice", &app.secret),
            // All at once, all from one place: one of them opens the window.
            _ => login("bob", &sheet.codes[0]),
        });
        let replies = site.ask_threads(right.collect(), threads);
        assert_eq!(replies.len(), MANY);
        all_well(&replies);
        assert_eq!(site.left("bob", &sheet.id), Some(9), "one code is spent");
    }
}

/// Every handle loads the module and unloads it: `pam_start` to `pam_end`, with nothing but `setcred`.
fn loaded_and_unloaded(times: usize, threads: usize) -> Endurance {
    let site = Site::new("");
    let mut request = login("alice", "nothing is asked").phases(&[Phase::Credentials]);
    request.service = "alone".to_owned();
    site.stack(
        "alone",
        &["auth optional MODULE", "auth required pam_permit.so"],
    );
    site.endure(vec![request], times, threads)
}

/// Nothing grows, but for what the heap of a threaded host keeps of its own.
#[track_caller]
fn no_growth(endurance: &Endurance) {
    let (early, late) = (endurance.early, endurance.late);
    assert_eq!(late.descriptors, early.descriptors, "{endurance:?}");
    assert_eq!(late.threads, early.threads, "{endurance:?}");
    assert!(
        late.mappings <= early.mappings + SLACK_MAPPINGS,
        "{endurance:?}"
    );
    assert!(late.resident <= early.resident + SLACK_KIB, "{endurance:?}");
}

/// A heap takes a new arena, or gives one back.
const SLACK_MAPPINGS: usize = 8;
/// Far less than a byte for each of the logins of the long form, were it lost with each.
const SLACK_KIB: usize = 512;

#[test]
fn the_module_is_loaded_and_unloaded_ten_thousand_times() {
    for threads in [1, 8] {
        let endurance = loaded_and_unloaded(10_000, threads);
        assert_eq!(
            endurance.verdicts,
            BTreeMap::from([("PAM_SUCCESS".to_owned(), 10_000)])
        );
        no_growth(&endurance);
    }
}

/// Whether a line of `while_asked` says no more than that the store is open.
fn is_the_store(site: &Site, line: &str) -> bool {
    let (before, after) = line.split_once(" became ").expect("a difference");
    let path = site.path("store/mailotp.db");
    let name = |end: &str| format!("\"{}{end}\", ", path.display());
    let open = ["", "-shm", "-wal"].map(name);
    let rest = open
        .iter()
        .fold(after.to_owned(), |rest, file| rest.replace(file, ""));
    rest == before
}

#[test]
fn a_conversation_forks_and_whoever_goes_on_logs_in_while_nothing_but_the_store_is_open() {
    for child in [Child::Exits, Child::GoesOn, Child::Both] {
        let site = Site::new("");
        let sheet = site.sheet("alice");
        let request = Request {
            answers: vec![Answer::Forks(child, sheet.codes[0].clone().into_bytes())],
            ..login("alice", "")
        };
        let replies = site.ask_in_turn([request, login("alice", &sheet.codes[1])]);
        let (next, forked) = replies.split_last().expect("a reply to each");
        all_well(std::slice::from_ref(next));
        let codes: Vec<&str> = forked.iter().map(|reply| reply.of(WHOLE[0])).collect();
        let expected: &[&str] = match child {
            Child::Exits => &["PAM_SUCCESS"],
            Child::GoesOn => &["PAM_SUCCESS", "PAM_CONV_ERR"],
            // The one who is second is in the window that the first has opened.
            Child::Both => &["PAM_SUCCESS", "PAM_SUCCESS"],
        };
        assert_eq!(codes, expected, "{child:?}");
        for reply in forked {
            assert!(
                reply
                    .while_asked
                    .iter()
                    .all(|line| is_the_store(&site, line)),
                "{child:?}: {:?}",
                reply.while_asked
            );
            assert!(
                reply.left_behind.is_empty(),
                "{child:?}: {:?}",
                reply.left_behind
            );
        }
        assert_eq!(
            site.left("alice", &sheet.id),
            Some(8),
            "{child:?}: each once"
        );
    }
}

/// What a host prints goes to whatever has the numbers 0, 1 and 2 by then.
#[test]
fn a_host_without_standard_descriptors_prints_into_nothing_of_ours() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    let app = site.app_password("alice", &[]);
    let files = |site: &Site| {
        ["mailotp.toml", "mailotp.key"]
            .map(|name| std::fs::read(site.path(name)).expect("it is there"))
    };
    let before = files(&site);
    let mut host = site.host_that_is(&[Trait::ClosedStandardDescriptors]);
    for code in &sheet.codes {
        host.ask(&site.here(login("alice", code)));
        host.ask(&site.here(login("alice", &app.secret)));
    }
    let replies = host.finish();
    assert_eq!(replies.len(), 20);
    all_well(&replies);
    assert_eq!(files(&site), before);
    site.cli(["maintain"]).done();
    for file in std::fs::read_dir(site.path("store")).expect("it is there") {
        let path = file.expect("it can be read").path();
        let content = std::fs::read(&path).expect("it can be read");
        let printed = content
            .windows(19)
            .any(|bytes| bytes == b"printed by the host");
        assert!(!printed, "{}", path.display());
    }
}

#[test]
fn a_host_that_ignores_its_children_is_served_like_any_other() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    let mut host = site.host_that_is(&[Trait::IgnoresChildren]);
    for code in &sheet.codes[..2] {
        host.ask(&site.here(login("alice", code)));
    }
    all_well(&host.finish());
}

/// sshd, and Dovecot's worker: root authenticates, and the user's own process asks the rest.
#[test]
fn a_host_that_gives_up_root_after_auth_gets_its_account_and_its_credentials() {
    const USER: u32 = 65534;
    let site = Site::of_root("");
    let sheet = site.sheet("alice");
    let phases = [
        Phase::Authenticate,
        Phase::Become(USER),
        Phase::Account,
        Phase::Credentials,
        Phase::OpenSession,
        Phase::CloseSession,
    ];
    let right = login("alice", &sheet.codes[0]).phases(&phases);
    all_well(&[site.ask(right)]);
    let wrong = site.ask(login("alice", "wrzng-00001").phases(&phases));
    assert_eq!(wrong.of(Phase::Authenticate), "PAM_AUTH_ERR");
    assert_eq!(wrong.of(Phase::Account), "PAM_AUTH_ERR");
    assert_ne!(wrong.of(Phase::Credentials), "PAM_SUCCESS");
    assert!(wrong.left_behind.is_empty(), "{:?}", wrong.left_behind);
}

#[test]
fn an_answer_beside_an_error_of_the_conversation_is_no_answer() {
    let site = Site::new(PASSWORD_TOO);
    let sheet = site.sheet("alice");
    let code = harness::host::mask(sheet.codes[0].as_bytes());
    let request = login("alice", "");
    let reply = site.ask(Request {
        answers: vec![Answer::FailsAfter(code)],
        ..request
    });
    assert_eq!(reply.of(Phase::Authenticate), "PAM_CONV_ERR");
    assert_ne!(reply.of(Phase::Credentials), "PAM_SUCCESS");
    assert_eq!(site.left("alice", &sheet.id), Some(10), "nothing is spent");
}

/// pam-bindings hands out items that libpam frees when the conversation sets others: they are copied first.
#[test]
fn items_that_a_conversation_sets_change_nothing_of_what_is_judged() {
    const AT_HOME: &str = "[[rule]]\nfrom = [\"192.0.2.7\"]\naccept = [\"otp\"]\n";
    let long = "x".repeat(900);
    for (item, value) in [
        (Item::Rhost, "198.51.100.9"),
        (Item::Rhost, &*long),
        (Item::Tty, "tty1"),
        (Item::Authtok, "not what was typed"),
        (Item::User, "alice"),
    ] {
        let site = Site::new(AT_HOME);
        let sheet = site.sheet("alice");
        let set = vec![(item, value.as_bytes().to_vec())];
        let request = Request {
            answers: vec![Answer::Sets(set, sheet.codes[0].clone().into_bytes())],
            ..Request::new("imap", "alice").from(HOME)
        };
        let reply = site.ask(request);
        assert_eq!(reply.verdict(), "PAM_SUCCESS", "{item:?} = {value}");
        let event = site.last_login();
        assert_eq!(event["account"], "alice", "{item:?} = {value}");
        assert_eq!(event["remote"], HOME, "{item:?} = {value}");
    }
}

/// Or alice's code would open bob's mailbox.
#[test]
fn who_becomes_another_user_while_asked_is_refused_whatever_is_typed() {
    let site = Site::new(PASSWORD_TOO);
    let sheet = site.sheet("alice");
    site.sheet("bob");
    for typed in [sheet.codes[0].as_str(), "correct horse"] {
        let bob = vec![(Item::User, b"bob".to_vec())];
        let request = Request {
            answers: vec![Answer::Sets(bob, typed.as_bytes().to_vec())],
            ..login("alice", "")
        };
        let reply = site.ask(request);
        assert_eq!(reply.of(Phase::Authenticate), "PAM_AUTH_ERR", "{typed}");
        assert_eq!(reply.of(Phase::Account), "PAM_AUTH_ERR", "{typed}");
        assert_ne!(reply.of(Phase::Credentials), "PAM_SUCCESS", "{typed}");
        assert_eq!(reply.handed_on, None, "{typed}");
    }
    assert_eq!(site.left("alice", &sheet.id), Some(10), "nothing is spent");
}

/// What a mail server does in months.
#[test]
fn thousands_of_logins_leave_no_descriptor_mapping_or_memory_behind() {
    let site = Site::new("[limits]\nnetwork = 1000\naccount = 1000\n");
    let app = site.app_password("alice", &[]);
    let sheet = site.sheet("bob");
    let request = |user: &str, answer: Answer| Request {
        answers: vec![answer],
        ..login(user, "")
    };
    let text = |text: &str| Answer::Text(text.into());
    let usual = [
        request("alice", text(&app.secret)),
        request("alice", text("app-0000-0000-0000-0000-0000-0000")),
        request("alice", text("?")),
        request("alice", Answer::Fails),
        request("bob", text(&sheet.codes[0])),
        request("nobody", text("hunter2")),
    ];
    let mut requests = vec![usual; 4].concat();
    // It costs a hash: not with every one.
    requests.push(request("nobody", text("wrzng-00001")));
    let endurance = site.endure(requests, 2_000 * rounds(1), 1);
    no_growth(&endurance);
}
