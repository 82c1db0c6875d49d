//! The language of `pam-host`, a PAM application without a mind of its own, and its client side.
//!
//! One request and one reply are one line of JSON each. Text travels as bytes: what a module makes
//! of bytes that are no UTF-8 is among the questions.

mod client;
mod errand;
mod trouble;

use std::fs;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

pub use client::PamHost;
pub use errand::{Endurance, Errand, Footprint, Threads};
pub use trouble::{Child, Finding, Item, MASK, Place, Trait, mask};

/// One PAM transaction, from `pam_start` to `pam_end`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Request {
    /// The folder of service files.
    pub confdir: PathBuf,
    /// A folder where the host may put what the next module found.
    pub scratch: PathBuf,
    /// `PAM_SERVICE`.
    pub service: String,
    /// `PAM_USER`.
    pub user: Option<Vec<u8>>,
    /// `PAM_RHOST`.
    pub rhost: Option<Vec<u8>>,
    /// `PAM_TTY`.
    pub tty: Option<Vec<u8>>,
    /// What each prompt is answered with in turn; the last one again and again, as mail servers do.
    pub answers: Vec<Answer>,
    /// What must not be found in the memory of the host: [masked](mask), lest it be found here.
    pub secrets: Vec<Vec<u8>>,
    /// What is called, in this order, whatever each one returns.
    pub phases: Vec<Phase>,
}

/// What the conversation does when it is asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Answer {
    /// It answers.
    Text(Vec<u8>),
    /// It makes the first file, waits for the second, and answers then.
    Between(PathBuf, PathBuf, Vec<u8>),
    /// It returns `PAM_CONV_ERR`.
    Fails,
    /// It returns success, and no array of responses.
    NoResponse,
    /// It returns success, and a response without a text.
    NullText,
    /// It answers, with what is written here [masked](mask).
    Masked(Vec<u8>),
    /// It returns `PAM_CONV_ERR`, and an array of responses that it has released.
    FailsAfter(Vec<u8>),
    /// It sets items of the handle, and answers.
    Sets(Vec<(Item, Vec<u8>)>, Vec<u8>),
    /// It forks; whoever of the two goes on answers.
    Forks(Child, Vec<u8>),
}

impl Answer {
    /// What is said where the time for it is waited for.
    ///
    /// # Panics
    /// Where it does not come within half a minute.
    #[must_use]
    pub fn when_it_is_time(self) -> Self {
        let Self::Between(asked, by_now, text) = self else {
            return self;
        };
        fs::write(asked, "").expect("its folder is ours");
        let start = Instant::now();
        while !by_now.exists() {
            assert!(start.elapsed() < Duration::from_secs(30), "nobody goes on");
            sleep(Duration::from_millis(5));
        }
        Self::Text(text)
    }
}

/// A call into the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// `pam_authenticate`
    Authenticate,
    /// `pam_acct_mgmt`
    Account,
    /// `pam_setcred` with `PAM_ESTABLISH_CRED`
    Credentials,
    /// `pam_open_session`
    OpenSession,
    /// `pam_close_session`
    CloseSession,
    /// No call: the host becomes this user for good.
    Become(u32),
}

/// How a message wants to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Style {
    /// `PAM_PROMPT_ECHO_OFF`
    Hidden,
    /// `PAM_PROMPT_ECHO_ON`
    Visible,
    /// `PAM_ERROR_MSG`
    Error,
    /// `PAM_TEXT_INFO`
    Info,
    /// Anything else.
    Other(i32),
}

/// One message of the conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prompt {
    /// How it wants to be shown.
    pub style: Style,
    /// What it says.
    pub text: Vec<u8>,
    /// How many messages came in the same call of the conversation.
    pub together: usize,
}

/// What a transaction came to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reply {
    /// What each phase returned, by its name in `<security/_pam_types.h>`.
    pub phases: Vec<(Phase, String)>,
    /// Every message, in order.
    pub prompts: Vec<Prompt>,
    /// `PAM_USER` at the end.
    pub user: Option<Vec<u8>>,
    /// What the next module in the stack found in `PAM_AUTHTOK`, where the stack came so far.
    pub handed_on: Option<Vec<u8>>,
    /// What of the process was not as before: descriptors, threads, umask, folder, signals.
    pub left_behind: Vec<String>,
    /// What of it was not as before when the user was asked.
    pub while_asked: Vec<String>,
    /// Which of the secrets were found in its memory, where a host looks for them.
    pub found: Vec<Finding>,
    /// How long it took, from `pam_start` to `pam_end`, in microseconds.
    pub microseconds: u64,
    /// How much of that the host spent on a processor: a disk and a busy machine do not change it.
    pub cpu_microseconds: u64,
}

impl Request {
    /// A login that is authenticated only, with no address and no terminal.
    #[must_use]
    pub fn new(service: &str, user: impl AsRef<[u8]>) -> Self {
        Self {
            confdir: PathBuf::new(),
            scratch: PathBuf::new(),
            service: service.to_owned(),
            user: Some(user.as_ref().to_vec()),
            rhost: None,
            tty: None,
            answers: Vec::new(),
            secrets: Vec::new(),
            phases: vec![Phase::Authenticate],
        }
    }

    /// The same from this address, or whatever a server takes for one.
    #[must_use]
    pub fn from(mut self, rhost: impl AsRef<[u8]>) -> Self {
        self.rhost = Some(rhost.as_ref().to_vec());
        self
    }

    /// The same on this terminal.
    #[must_use]
    pub fn on(mut self, tty: &str) -> Self {
        self.tty = Some(tty.into());
        self
    }

    /// The same, and the next prompt is answered with this text.
    #[must_use]
    pub fn answer(self, text: impl AsRef<[u8]>) -> Self {
        self.converse(Answer::Text(text.as_ref().to_vec()))
    }

    /// The same, and the conversation does this at the next prompt.
    #[must_use]
    pub fn converse(mut self, answer: Answer) -> Self {
        self.answers.push(answer);
        self
    }

    /// The same, with these calls.
    #[must_use]
    pub fn phases(mut self, phases: &[Phase]) -> Self {
        self.phases = phases.to_vec();
        self
    }
}

impl Reply {
    /// What the last call of this phase returned.
    ///
    /// # Panics
    /// Where the request did not name the phase.
    #[track_caller]
    #[must_use]
    pub fn of(&self, phase: Phase) -> &str {
        let found = self.phases.iter().rfind(|(called, _)| *called == phase);
        &found.expect("the request names this phase").1
    }

    /// What the module under test returned from `pam_authenticate`, in a stack as
    /// [`crate::site::Site::guard`] writes it: there the next module is reached with `PAM_IGNORE` alone.
    ///
    /// # Panics
    /// Where the next module found nothing, and had to ask by itself.
    #[track_caller]
    #[must_use]
    pub fn verdict(&self) -> &str {
        if self.handed_on.is_some() {
            assert_eq!(self.prompts.len(), 1, "one question is asked: {self:?}");
            return "PAM_IGNORE";
        }
        self.of(Phase::Authenticate)
    }

    /// What the next module found in `PAM_AUTHTOK`, as text.
    #[must_use]
    pub fn handed_on(&self) -> Option<String> {
        let bytes = self.handed_on.as_ref()?;
        Some(String::from_utf8_lossy(bytes).into_owned())
    }

    /// The one message that was shown.
    ///
    /// # Panics
    /// Where there was another number of them.
    #[track_caller]
    #[must_use]
    pub fn prompt(&self) -> String {
        let [prompt] = &self.prompts[..] else {
            panic!("one message was expected: {:?}", self.prompts);
        };
        String::from_utf8_lossy(&prompt.text).into_owned()
    }
}
