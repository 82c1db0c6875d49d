//! Somebody whose logins are measured.

use std::thread;

use harness::host::{Phase, Request};
use harness::site::Site;

use crate::{AWAY, login};

/// What is typed.
pub enum Typed {
    /// The same again and again.
    Same(String),
    /// Each once.
    InTurn(std::vec::IntoIter<String>),
}

/// Who logs in, in one of the processes.
pub struct Worker {
    pub user: String,
    pub typed: Typed,
}

/// So many logins that are good now: users, and what they type.
pub type Prepare = Box<dyn FnMut(usize) -> Vec<(String, String)>>;

/// A kind of login.
pub struct Contestant {
    pub name: String,
    pub service: &'static str,
    pub from: &'static str,
    /// In how many processes at once it is tried.
    pub processes: &'static [usize],
    /// What it must come to.
    pub verdict: &'static str,
    /// Whether it loses logins even where it is alone.
    pub loses: bool,
    /// The first of them where it is alone.
    pub workers: Vec<Worker>,
    /// Before each turn of a process: for codes that do not live long.
    pub prepare: Option<Prepare>,
}

/// What came of a turn.
pub struct Outcome {
    /// Microseconds, from the shortest to the longest.
    pub times: Vec<u64>,
    pub refused: usize,
    pub processes: usize,
}

impl Outcome {
    pub fn mean(&self) -> f64 {
        self.times.iter().sum::<u64>() as f64 / self.times.len() as f64
    }

    /// Logins a second, of all of the processes.
    pub fn rate(&self) -> f64 {
        self.processes as f64 * 1e6 / self.mean()
    }

    /// The time that so much of a hundred keep.
    pub fn at(&self, part: usize) -> u64 {
        self.times[(self.times.len() * part / 100).min(self.times.len() - 1)]
    }
}

impl Contestant {
    fn requests(&mut self, worker: usize, count: usize) -> Vec<Request> {
        let (service, from) = (self.service, self.from);
        let login = |user: &str, typed: &str| login(service, user, from, typed);
        if let Some(prepare) = &mut self.prepare {
            let prepared = prepare(count);
            return prepared
                .iter()
                .map(|(user, code)| login(user, code))
                .collect();
        }
        let Worker { user, typed } = &mut self.workers[worker];
        match typed {
            Typed::Same(secret) => vec![login(user, secret); count],
            Typed::InTurn(secrets) => {
                let requests: Vec<Request> = secrets
                    .take(count)
                    .map(|secret| login(user, &secret))
                    .collect();
                assert_eq!(requests.len(), count, "{}: too few codes", self.name);
                requests
            }
        }
    }

    /// So many logins of each of so many processes at once.
    pub fn turn(&mut self, site: &Site, processes: usize, logins: usize) -> Outcome {
        let work: Vec<Vec<Request>> = (0..processes).map(|at| self.requests(at, logins)).collect();
        // A process that has just begun has nothing in its caches.
        let nobody = site.here(Request::new("permit", "nobody").from(AWAY).answer(""));
        let hosts = work.into_iter().map(|requests| {
            let mut host = site.host();
            host.ask(&nobody);
            let _ = host.reply();
            (host, requests)
        });
        let hosts: Vec<_> = hosts.collect();
        let replies: Vec<_> = thread::scope(|scope| {
            let begun: Vec<_> = hosts
                .into_iter()
                .map(|(mut host, requests)| {
                    scope.spawn(move || {
                        for request in requests {
                            host.ask(&site.here(request));
                        }
                        host.finish()
                    })
                })
                .collect();
            let ended = begun.into_iter().map(|one| one.join().expect("a process"));
            ended.flatten().collect()
        });
        let mut outcome = Outcome {
            times: replies.iter().map(|reply| reply.microseconds).collect(),
            refused: 0,
            processes,
        };
        for reply in &replies {
            let verdict = reply.of(Phase::Authenticate);
            // Alone it is no matter of luck.
            if processes == 1 && !self.loses {
                assert_eq!(verdict, self.verdict, "{}", self.name);
            }
            outcome.refused += usize::from(verdict != self.verdict);
        }
        outcome.times.sort_unstable();
        outcome
    }
}
