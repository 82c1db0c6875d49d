//! PAM applications at a site: ordinary ones, and those of every other kind.

use std::path::Path;
use std::process::Command;

use crate::host::{Endurance, Errand, PamHost, Reply, Request, Threads, Trait};
use crate::products::{HOST, WITNESS};
use crate::site::Site;

/// Whether valgrind looks at every host of these tests: they are some fifty times slower then.
#[must_use]
pub fn all_under_memcheck() -> bool {
    std::env::var_os("MAILOTP_MEMCHECK").is_some()
}

impl Site {
    /// A PAM application as the site's owner.
    #[must_use]
    pub fn host(&self) -> PamHost {
        self.host_that_is(&[])
    }

    /// The same, of another kind.
    #[must_use]
    pub fn host_that_is(&self, traits: &[Trait]) -> PamHost {
        let mut host = if all_under_memcheck() {
            self.memcheck()
        } else {
            self.program(&self.product(HOST))
        };
        host.args(traits.iter().map(|one| one.argument()));
        PamHost::start(host)
    }

    /// A PAM application that a shell becomes after these commands, which may keep it short of something: ulimit in sh(1)
    #[must_use]
    pub fn host_after(&self, commands: &str) -> PamHost {
        let mut shell = self.program("/bin/sh".as_ref());
        shell.args(["-c", &format!("{commands}; exec \"$1\""), "sh"]);
        shell.arg(self.product(HOST));
        PamHost::start(shell)
    }

    /// A PAM application whose every access to memory valgrind looks at; it is silent, or the end of the host is
    /// the test's failure. With `MAILOTP_MEMCHECK` in the environment every host is such a one.
    #[must_use]
    pub fn host_under_memcheck(&self) -> PamHost {
        PamHost::start(self.memcheck())
    }

    /// A PAM application whose system calls strace writes down in this file.
    #[must_use]
    pub fn host_under_strace(&self, trace: &Path) -> PamHost {
        let mut strace = self.program("strace".as_ref());
        strace
            .args(["--quiet=all", "-o"])
            .arg(trace)
            .arg(self.product(HOST));
        PamHost::start(strace)
    }

    fn memcheck(&self) -> Command {
        let mut valgrind = self.program("valgrind".as_ref());
        valgrind
            .args(["--quiet", "--error-exitcode=99", "--vgdb=no"])
            .args(["--leak-check=full", "--errors-for-leak-kinds=definite"])
            .args([
                "--show-leak-kinds=definite",
                "--child-silent-after-fork=yes",
            ])
            .arg(self.product(HOST))
            // No login may take longer than a minute, but it may here.
            .arg("--patient");
        valgrind
    }

    /// One transaction in a process of its own that looks for the secrets of the request in its memory.
    ///
    /// # Panics
    /// Where the host dies of it.
    #[track_caller]
    #[must_use]
    pub fn witness(&self, requests: impl IntoIterator<Item = Request>) -> Vec<Reply> {
        let mut host = PamHost::start(self.program(&self.product(WITNESS)));
        for request in requests {
            host.ask(&self.here(request));
        }
        host.finish()
    }

    /// Transactions at the same time, each in a thread of one process.
    ///
    /// # Panics
    /// Where the host dies of one.
    #[track_caller]
    #[must_use]
    pub fn ask_threads(&self, requests: Vec<Request>, threads: Threads) -> Vec<Reply> {
        let mut host = self.host();
        let requests = requests.into_iter().map(|request| self.here(request));
        host.send(&Errand::AtOnce(requests.collect(), threads));
        host.finish()
    }

    /// These transactions in turn, until there were so many, by so many threads of one process.
    ///
    /// # Panics
    /// Where the host dies of one.
    #[track_caller]
    #[must_use]
    pub fn endure(&self, requests: Vec<Request>, times: usize, threads: usize) -> Endurance {
        let mut host = self.host();
        let requests = requests.into_iter().map(|request| self.here(request));
        host.send(&Errand::Again {
            requests: requests.collect(),
            times,
            threads,
        });
        host.endurance()
    }

    /// One transaction in a process of its own.
    ///
    /// # Panics
    /// Where the host dies of it.
    #[track_caller]
    #[must_use]
    pub fn ask(&self, request: Request) -> Reply {
        self.ask_in_turn([request]).remove(0)
    }

    /// Transactions one after the other in one process.
    ///
    /// # Panics
    /// Where the host dies of one.
    #[track_caller]
    #[must_use]
    pub fn ask_in_turn(&self, requests: impl IntoIterator<Item = Request>) -> Vec<Reply> {
        let mut host = self.host();
        for request in requests {
            host.ask(&self.here(request));
        }
        host.finish()
    }

    /// Transactions at the same time, each in a process of its own.
    ///
    /// # Panics
    /// Where a host dies of one.
    #[track_caller]
    #[must_use]
    pub fn ask_at_once(&self, requests: impl IntoIterator<Item = Request>) -> Vec<Reply> {
        let mut started: Vec<(PamHost, Request)> = requests
            .into_iter()
            .map(|request| (self.host(), self.here(request)))
            .collect();
        for (host, request) in &mut started {
            host.ask(request);
        }
        started
            .into_iter()
            .flat_map(|(host, _)| host.finish())
            .collect()
    }
}
