//! Two mail hosts, each with a Dovecot of its own on a machine of its own, and one PostgreSQL.

use std::net::Ipv4Addr;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::scope;

use harness::dovecot;
use harness::enrol::Sheet;
use harness::imap::Imap;
use harness::postgres::{OWNER, Server, shared};
use harness::products::Build;

use crate::steps::stage::{CAFE, CONFIGURATION, KEY, LIBRARY, Stage, text};

/// The configuration of a mail host of a database there.
fn configuration(server: &Server, database: &str, more: &str) -> String {
    let url = server.url(database);
    format!("{CONFIGURATION}\n[store]\nurl = \"{url}\"\nowner = \"{OWNER}\"\n{more}\n")
}

/// What one of the hosts tells the other one.
enum Word {
    Key(Vec<u8>),
    Codes(Vec<String>),
    Ready,
    Done,
}

/// One end of what they talk by. Whoever fails takes the other one along.
struct Talk(Sender<Word>, Receiver<Word>);

impl Talk {
    fn two() -> [Talk; 2] {
        let ((to_one, of_other), (to_other, of_one)) = (channel(), channel());
        [Talk(to_other, of_other), Talk(to_one, of_one)]
    }

    fn say(&self, word: Word) {
        self.0.send(word).expect("the other host lives");
    }

    fn hear(&self) -> Word {
        self.1.recv().expect("the other host lives")
    }

    /// Goes on when the other one does.
    fn meet(&self) {
        self.say(Word::Ready);
        assert!(matches!(self.hear(), Word::Ready));
    }
}

/// Runs one play at each of two hosts.
fn on_two_hosts<T: Send>(
    first: impl FnOnce(&Stage, &Talk) -> T + Send,
    second: impl FnOnce(&Stage, &Talk) -> T + Send,
) -> [T; 2] {
    let configuration = configuration(shared(), &shared().database(), "accept_loss = true");
    let configuration = configuration.as_str();
    let [here, there] = Talk::two();
    scope(|scope| {
        let one = scope.spawn(move || {
            Stage::run_on(Build::WithPostgres, configuration, None, "", move |stage| {
                let key = std::fs::read(KEY).expect("init has made it");
                here.say(Word::Key(key));
                first(stage, &here)
            })
        });
        let other = scope.spawn(move || {
            let Word::Key(key) = there.hear() else {
                panic!("the key comes first");
            };
            let play = move |stage: &Stage<'_>| second(stage, &there);
            Stage::run_on(Build::WithPostgres, configuration, Some(&key), "", play)
        });
        [one, other].map(|host| match host.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    })
}

fn sheet(stage: &Stage, count: &str) -> Sheet {
    Sheet::of(&stage.ask("alice", &["--new", "add", "sheet", "--count", count]))
}

fn lets_in(from: Ipv4Addr, secret: &str) -> bool {
    Imap::connect(from, dovecot::IMAP)
        .login("alice", secret)
        .is_ok()
}

#[test]
fn of_two_dovecots_with_one_code_one_lets_it_in_every_time() {
    const ROUNDS: usize = 25;
    /// Logs in as soon as the other host does.
    fn race(codes: &[String], talk: &Talk, network: u8) -> Vec<bool> {
        let login = |(round, code): (usize, &String)| {
            let last = u8::try_from(round + 1).expect("not so many");
            let mut imap = Imap::connect(Ipv4Addr::new(127, 0, network, last), dovecot::IMAP);
            talk.meet();
            imap.login("alice", code).is_ok()
        };
        codes.iter().enumerate().map(login).collect()
    }
    let [first, second] = on_two_hosts(
        |stage, talk| {
            let sheet = sheet(stage, &ROUNDS.to_string());
            talk.say(Word::Codes(sheet.codes.clone()));
            race(&sheet.codes, talk, 30)
        },
        |_, talk| {
            let Word::Codes(codes) = talk.hear() else {
                panic!("the codes come next");
            };
            race(&codes, talk, 31)
        },
    );
    assert_eq!(first.len(), ROUNDS);
    for (round, (one, other)) in first.iter().zip(&second).enumerate() {
        assert!(one ^ other, "round {round}: {one} and {other}");
    }
    let won = first.iter().filter(|won| **won).count();
    println!("the first host was first {won} times");
}

#[test]
fn windows_and_revocation_hold_at_both_dovecots_at_once() {
    on_two_hosts(
        |stage, talk| {
            let sheet = sheet(stage, "4");
            let phone = stage.ask("alice", &["add", "app-password", "phone"]);
            let phone = text(&phone["secret"]);
            assert!(lets_in(CAFE, &sheet.codes[0]) && lets_in(CAFE, &phone));
            talk.say(Word::Codes(vec![
                sheet.codes[0].clone(),
                sheet.codes[1].clone(),
                phone.clone(),
            ]));
            assert!(matches!(talk.hear(), Word::Done));
            // What the other host has spent and revoked.
            assert!(lets_in(LIBRARY, &sheet.codes[1]), "its window");
            assert!(!lets_in(CAFE, &sheet.codes[1]), "somewhere else");
            assert!(!lets_in(CAFE, &phone));
            let reply = stage.refused(CAFE, "alice", "?");
            assert!(
                reply.text.contains(&format!("Code {} 3:", sheet.name)),
                "{}",
                reply.text
            );
            stage.ask("alice", &["grace", "end"]);
            talk.say(Word::Done);
        },
        |stage, talk| {
            let Word::Codes(secrets) = talk.hear() else {
                panic!("the secrets come next");
            };
            assert!(
                lets_in(CAFE, &secrets[0]),
                "the window that the other host has opened"
            );
            assert!(!lets_in(LIBRARY, &secrets[0]), "somewhere else");
            assert!(lets_in(LIBRARY, &secrets[1]));
            assert!(lets_in(CAFE, &secrets[2]));
            stage.ask("alice", &["revoke", "phone"]);
            talk.say(Word::Done);
            assert!(matches!(talk.hear(), Word::Done));
            assert!(
                !lets_in(CAFE, &secrets[0]) && !lets_in(LIBRARY, &secrets[1]),
                "they are closed"
            );
        },
    );
}

#[test]
fn where_nothing_may_be_spent_the_log_of_the_system_names_the_remedy() {
    let configuration = configuration(shared(), &shared().database(), "");
    let play = |stage: &Stage<'_>| {
        let sheet = sheet(stage, "2");
        stage.refused(CAFE, "alice", &sheet.codes[0]);
        let log = stage.sandbox.syslog();
        log.wait_for(&["synchronous_standby_names", "accept_loss"]);
        let phone = stage.ask("alice", &["add", "app-password"]);
        stage.accepted(CAFE, "alice", &text(&phone["secret"]));
    };
    Stage::run_on(Build::WithPostgres, &configuration, None, "", play);
}
