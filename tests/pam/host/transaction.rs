//! One transaction, from `pam_start` to `pam_end`.

use std::ffi::CString;
use std::path::Path;
use std::time::{Duration, Instant};

use harness::host::{Answer, Finding, Item, Place, Reply, Request};
use nix::time::ClockId;

use crate::ffi::{Conversation, Forked, Handle};
use crate::footprint::surroundings;

/// Whether somebody looks for secrets in memory.
pub trait Eyes {
    /// Looks for these from now on, which are masked.
    fn open(&self, secrets: Vec<Vec<u8>>);
    /// Looks at everything that is there, and calls it this.
    fn look(&self, place: Place);
    /// Looks no longer: what was found.
    fn close(&self) -> Vec<Finding>;
}

/// Nobody does.
pub struct Blind;

impl Eyes for Blind {
    fn open(&self, _: Vec<Vec<u8>>) {}
    fn look(&self, _: Place) {}
    fn close(&self) -> Vec<Finding> {
        Vec::new()
    }
}

/// What came of it, and the other one where the conversation has forked.
pub fn transact(request: Request, handed_on: &Path, eyes: &dyn Eyes) -> (Reply, Forked) {
    let (started, worked) = (Instant::now(), processor());
    let forks = |answer: &Answer| matches!(answer, Answer::Forks(..));
    let before = request.answers.iter().any(forks).then(surroundings);
    eyes.open(request.secrets);
    let mut handle = Handle::start(
        &text(request.confdir.to_str().expect("the folder is UTF-8")),
        &text(request.service),
        request.user.map(text).as_deref(),
        Conversation::new(request.answers, before.unwrap_or_default()),
    )
    .expect("pam_start_confdir");
    if let Some(rhost) = request.rhost {
        handle.set(Item::Rhost, &text(rhost));
    }
    if let Some(tty) = request.tty {
        handle.set(Item::Tty, &text(tty));
    }
    handle.put_env(&text(format!("HANDED_ON={}", handed_on.display())));
    // For a tracer: what lies between these two calls is the stack's.
    nix::unistd::getppid();
    let phases = request
        .phases
        .into_iter()
        .map(|phase| (phase, handle.call(phase)))
        .collect();
    nix::unistd::getppid();
    eyes.look(Place::Held);
    let user = handle.get(Item::User).map(CString::into_bytes);
    let conversation = handle.end();
    eyes.look(Place::Left);
    let whole = |time: Duration| time.as_micros().try_into().unwrap_or(u64::MAX);
    let reply = Reply {
        phases,
        prompts: conversation.prompts,
        user,
        handed_on: None,
        left_behind: Vec::new(),
        while_asked: conversation.while_asked,
        found: eyes.close(),
        microseconds: whole(started.elapsed()),
        cpu_microseconds: whole(processor() - worked),
    };
    (reply, conversation.forked)
}

/// How much time of processors this process has had.
fn processor() -> Duration {
    ClockId::CLOCK_PROCESS_CPUTIME_ID
        .now()
        .expect("Linux counts it")
        .into()
}

fn text(bytes: impl Into<Vec<u8>>) -> CString {
    CString::new(bytes).expect("a C string holds no NUL")
}
