//! A real server in a sandbox: the first process of a namespace of its own, ended with all that it started.

use std::fs::File;
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sched::{CloneFlags, setns, unshare};

/// A running server, ended when this is dropped.
pub struct Server {
    name: String,
    process: Child,
}

impl Server {
    /// Starts a program that stays in the foreground.
    ///
    /// # Panics
    /// Where it is not installed.
    #[must_use]
    pub fn start(program: &str, arguments: &[&str]) -> Server {
        let mut command = Command::new("setpriv");
        // It ends with the thread that started it, even where that has no time to say so.
        command
            .args(["--pdeathsig", "KILL", program])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        Server {
            name: program.to_owned(),
            process: first_of_a_namespace(&mut command),
        }
    }

    /// Waits until it is `ready`; its end before that is the test's, told with what `log` has to say.
    ///
    /// # Panics
    /// Where it ended, or takes half a minute.
    pub fn wait_until(&mut self, ready: impl Fn() -> bool, log: impl Fn() -> String) {
        let start = Instant::now();
        while !ready() {
            let ended = self
                .process
                .try_wait()
                .expect("ask after a child")
                .is_some();
            if ended || start.elapsed() > Duration::from_secs(30) {
                let complaint = self.end();
                panic!(
                    "{} does not answer: {complaint}{}\nIf it is not installed: \
                     tests/install-dependencies",
                    self.name,
                    log()
                );
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// The process that all of it hangs from.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// Ends it, and returns what it complained of.
    fn end(&mut self) -> String {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let mut complaint = String::new();
        if let Some(mut stderr) = self.process.stderr.take() {
            let _ = stderr.read_to_string(&mut complaint);
        }
        complaint
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

/// Starts the first process of a process namespace: when it ends, the kernel ends all others in it, and
/// whoever waits for it has waited for them.
fn first_of_a_namespace(command: &mut Command) -> Child {
    let mine = File::open("/proc/thread-self/ns/pid").expect("there is a /proc");
    unshare(CloneFlags::CLONE_NEWPID).expect("a process namespace");
    let child = command.spawn();
    // Else this thread could start no others: they would belong to another namespace than it does.
    setns(mine, CloneFlags::CLONE_NEWPID).expect("back to the process namespace of before");
    child.unwrap_or_else(|error| panic!("{command:?}: {error}: tests/install-dependencies"))
}
