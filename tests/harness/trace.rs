//! A debugger of one login: it sees each system call of a `pam-host`, and may end the process there, or
//! have the kernel answer with an error. ptrace(2)

use std::ffi::OsString;
use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use nix::sys::ptrace::{self, Options};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::host::{PamHost, Reply, Request};

/// `PTRACE_SYSCALL_INFO_ENTRY` of `<linux/ptrace.h>`.
const ENTRY: u8 = 1;

/// A system call, on its way in or out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// Which one, `SYS_…`.
    pub number: i64,
    /// The first four of its arguments.
    pub arguments: [u64; 4],
    /// Whether the kernel has yet to do it.
    pub enters: bool,
    process: Pid,
}

impl Call {
    /// Whether it is this one, done, of a pipe of this name.
    fn ends(&self, number: i64, pipe: &Path) -> bool {
        !self.enters && self.number == number && self.file().is_some_and(|file| file == pipe)
    }

    /// The file of the descriptor that is its first argument: proc_pid_fd(5)
    #[must_use]
    pub fn file(&self) -> Option<PathBuf> {
        let link = format!("/proc/{}/fd/{}", self.process, self.arguments[0]);
        fs::read_link(link).ok()
    }

    /// The bytes that a write has for its second argument, and how many they are for its third.
    ///
    /// # Panics
    /// Where the memory of the process cannot be read.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let [_, address, length, _] = self.arguments;
        let length = usize::try_from(length).expect("it fits into memory");
        self.memory(address, length)
    }

    /// The path that is its first argument.
    ///
    /// # Panics
    /// See [`Call::bytes`].
    #[must_use]
    pub fn path(&self) -> PathBuf {
        // Its page may be the last one that can be read.
        let bytes = (self.arguments[0]..).map(|address| self.memory(address, 1)[0]);
        OsString::from_vec(bytes.take_while(|byte| *byte != 0).collect()).into()
    }

    fn memory(&self, address: u64, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        let memory = fs::File::open(format!("/proc/{}/mem", self.process));
        memory
            .and_then(|memory| memory.read_exact_at(&mut bytes, address))
            .expect("whoever traces a process reads its memory");
        bytes
    }
}

/// What a pipe is called, from either of its ends: proc_pid_fd(5)
fn pipe(end: &impl AsRawFd) -> PathBuf {
    let link = format!("/proc/self/fd/{}", end.as_raw_fd());
    fs::read_link(link).expect("a pipe has a name")
}

/// What becomes of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It goes on.
    Lives,
    /// It ends here: before the call is done where it enters, after it otherwise.
    Dies,
    /// The call is not done, and has this number for an answer. Only where it enters.
    Fails(i32),
}

impl PamHost {
    /// One login, with `fate` deciding at each system call from the request to the reply; `None` where
    /// the host died.
    ///
    /// # Panics
    /// Where the host cannot be traced.
    #[track_caller]
    pub fn traced(
        mut self,
        request: &Request,
        mut fate: impl FnMut(Call) -> Fate,
    ) -> Option<Reply> {
        let pid = self.pid();
        // The host has its ends of them at numbers of its choice.
        let child = self.child();
        let hears = pipe(child.stdin.as_ref().expect("it reads requests"));
        let says = pipe(child.stdout.as_ref().expect("it replies"));
        ptrace::seize(pid, Options::PTRACE_O_TRACESYSGOOD).expect("a child can be traced");
        ptrace::interrupt(pid).expect("it is traced");
        // Not before it stands still: it might have read the request unseen.
        waitpid(pid, Some(WaitPidFlag::__WALL)).expect("it is traced");
        self.ask(request);
        ptrace::syscall(pid, None).expect("it stands still");
        let mut asked = false;
        let mut answer = None;
        loop {
            let status = waitpid(pid, Some(WaitPidFlag::__WALL)).expect("it is traced");
            let mut signal = None;
            match status {
                WaitStatus::PtraceSyscall(_) => {
                    let info = ptrace::syscall_info(pid).expect("Linux 5.3 says it");
                    let mut registers = ptrace::getregs(pid).expect("it stands still");
                    let call = Call {
                        number: registers.orig_rax.cast_signed(),
                        arguments: [registers.rdi, registers.rsi, registers.rdx, registers.r10],
                        enters: info.op == ENTRY,
                        process: pid,
                    };
                    if !call.enters
                        && let Some(error) = answer.take()
                    {
                        registers.rax = (-i64::from(error)).cast_unsigned();
                        ptrace::setregs(pid, registers).expect("it stands still");
                    } else if !asked {
                        // One that the tracer itself has interrupted is asked anew.
                        let heard = registers.rax.cast_signed() > 0;
                        asked = heard && call.ends(libc::SYS_read, &hears);
                    } else {
                        match fate(call) {
                            Fate::Lives => {}
                            Fate::Dies => return self.kill().pop(),
                            Fate::Fails(error) => {
                                // No call has this number: the kernel does nothing.
                                registers.orig_rax = u64::MAX;
                                ptrace::setregs(pid, registers).expect("it stands still");
                                answer = Some(error);
                            }
                        }
                        if call.ends(libc::SYS_write, &says) {
                            ptrace::detach(pid, None).expect("it stands still");
                            return self.finish().pop();
                        }
                    }
                }
                WaitStatus::Stopped(_, sent) => signal = Some(sent),
                WaitStatus::Exited(..) | WaitStatus::Signaled(..) => return self.gone(),
                _ => {}
            }
            ptrace::syscall(pid, signal).expect("it stands still");
        }
    }

    fn pid(&mut self) -> Pid {
        Pid::from_raw(self.child().id().cast_signed())
    }
}
